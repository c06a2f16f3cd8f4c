import { describe, expect, it } from '@jest/globals';
import { LogMapper } from '../src/index.ts';
import { anyValue, attributes, type Value, withBatch } from './map.ts';

const traceId = '0123456789abcdef00000000000000a1';

function map(
  record: object,
  resource: Record<string, Value> = {},
): { readonly [field: string]: unknown; readonly item: Record<string, unknown> } {
  const mapper = new LogMapper({ hostname: 'fallback', nowMs: () => 42 });
  const scopeLogs = [{ scope: { attributes: attributes({ scoped: 1 }) }, logRecords: [record] }];
  const request = { resourceLogs: [{ resource: { attributes: attributes(resource) }, scopeLogs }] };
  const [payload] = withBatch('logs', request, (batch) => mapper.map(batch));
  const [sent] = JSON.parse(payload!.bytes.toString()) as [{ message: string }];
  return { ...sent, item: JSON.parse(sent.message) as Record<string, unknown> };
}

describe('A log record', () => {
  it('has its body, attributes, resource and scope', () => {
    const sent = map(
      {
        timeUnixNano: '1790000000123456789',
        body: anyValue('hello'),
        attributes: attributes({ n: 7, r: 0.5, on: true, deep: { a: { b: 1 } }, list: [1, { x: 'y' }, [2]], raw: new Uint8Array([1]) }),
        eventName: 'login',
      },
      { 'service.name': 'shop', 'host.name': 'web-1', hostname: 'other', service: 'also', n: 3, 'deployment.environment': 'prod' },
    );
    expect(sent).toMatchObject({ timestamp: 42, hostname: 'web-1', service: 'shop', status: 'info', ddsource: 'otlp_log_ingestion' });
    expect(sent['ddtags']).toBe('service:shop,service:also,env:prod,otel_source:datadog_exporter');
    expect(sent.item).toEqual({
      message: 'hello',
      hostname: 'web-1',
      service: 'shop',
      status: '',
      n: '3',
      r: 0.5,
      on: true,
      'deep.a.b': 1,
      list: [1, { x: 'y' }, [2]],
      raw: 'AQ==',
      scoped: '1',
      'service.name': 'shop',
      'host.name': 'web-1',
      'otel.hostname': 'other',
      'otel.service': 'also',
      'deployment.environment': 'prod',
      'otel.timestamp': '1790000000123456789',
      '@timestamp': '2026-09-21T14:13:20.123Z',
      'otel.event_name': 'login',
    });
  });

  it.each<[object, string, object]>([
    [{ severityNumber: 3 }, 'trace', { 'otel.severity_number': '3' }],
    [{ severityNumber: 5 }, 'debug', {}],
    [{ severityNumber: 9 }, 'info', {}],
    [{ severityNumber: 16 }, 'warn', {}],
    [{ severityNumber: 17 }, 'error', {}],
    [{ severityNumber: 24 }, 'fatal', {}],
    [{ severityNumber: 25 }, 'error', {}],
    [{ severityNumber: 9, severityText: 'NOTICE' }, 'NOTICE', { 'otel.severity_text': 'NOTICE' }],
    [{ severityText: 'NOTICE', attributes: attributes({ Level: 'crit' }) }, 'crit', { 'otel.severity_text': 'NOTICE' }],
  ])('with %j has the status %s', (record, status, more) => {
    const sent = map(record);
    expect(sent['status']).toBe(status);
    expect(sent.item).toMatchObject({ status, ...more });
  });

  it('has ids as Datadog and as OTLP write them', () => {
    const expected = { 'dd.trace_id': '161', 'otel.trace_id': traceId, 'dd.span_id': '255', 'otel.span_id': '00000000000000ff' };
    expect(map({ traceId, spanId: '00000000000000ff' }).item).toMatchObject(expected);
    expect(map({ attributes: attributes({ trace_id: traceId, SpanId: '00000000000000ff' }) }).item).toMatchObject(expected);
    expect(map({ attributes: attributes({ traceid: 'no id' }) }).item).not.toHaveProperty('dd.trace_id');
    expect(map({ traceId, attributes: attributes({ trace_id: '0'.repeat(31) + '1' }) }).item).toMatchObject({ 'dd.trace_id': '161' });
  });

  it('takes message, tags, source, host and service from attributes', () => {
    const sent = map({
      body: anyValue({ a: 1 }),
      observedTimeUnixNano: '1000000',
      attributes: attributes({
        msg: 'from msg',
        ddtags: 'a:b',
        'datadog.log.source': 'nginx',
        'host.name': 'log-host',
        'service.name': 'log-service',
      }),
    });
    expect(sent).toMatchObject({
      hostname: 'log-host',
      service: 'log-service',
      ddsource: 'nginx',
      ddtags: 'a:b,otel_source:datadog_exporter',
    });
    expect(sent.item).toMatchObject({ message: 'from msg', '@timestamp': '1970-01-01T00:00:00.001Z' });
  });

  it('without a text has its body as JSON, and the fallback host', () => {
    const sent = map({ body: anyValue({ b: [1, 2.5], a: '<x>' }) });
    expect(sent.item['message']).toBe('{"a":"<x>","b":[1,2.5]}');
    expect(sent['hostname']).toBe('fallback');
    expect(sent.item).not.toHaveProperty('hostname');
  });

  it('nests maps down to ten levels', () => {
    let deep: Value = 'end';
    for (let i = 0; i < 12; i++) deep = { l: deep };
    expect(map({ attributes: attributes({ deep }) }).item['deep.l.l.l.l.l.l.l.l.l']).toBe('{"l":{"l":{"l":"end"}}}');
  });
});
