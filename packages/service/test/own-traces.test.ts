import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { trace } from '@opentelemetry/api';
import { createGrpcClient, createHttpClient, parseGrpcTarget } from '@millrace/transport';
import { FakeClock } from '@millrace/api/testing';
import { refused, startLab, startOtlpDestination } from './telemetry-lab.ts';
import type { Json } from './telemetry-lab.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const withTraceparent = { metadata: new Map([['traceparent', [`00-${traceId}-b7ad6b7169203331-01`]]]) };

const tracing = (processors: object[], more: object = {}): object => ({
  metrics: { level: 'none' },
  traces: { level: 'basic', processors, ...more },
});

interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly kind: number;
  readonly attributes: { key: string; value: Record<string, unknown> }[];
  readonly status?: { code?: number; message?: string };
}

const spansOf = (received: readonly { path: string; body: Json }[]): Span[] =>
  received.filter(({ path }) => path === '/v1/traces').flatMap(({ body }) => body['resourceSpans'][0].scopeSpans[0].spans as Span[]);

/** Starts a traced service, works with it and returns the spans that it sent. */
async function spans(
  more: object,
  work: (lab: Awaited<ReturnType<typeof startLab>>) => Promise<void>,
  otlp: object = {},
  kind: 'batch' | 'simple' = 'batch',
): Promise<Span[]> {
  const destination = await startOtlpDestination();
  const lab = await startLab(tracing([{ [kind]: { exporter: { otlp: { endpoint: destination.url, ...otlp } } } }], more));
  await lab.service.start();
  try {
    await work(lab);
  } finally {
    await lab.service.shutdown();
    await destination.close();
  }
  return spansOf(destination.received);
}

const attributesOf = (span: Span | undefined): Record<string, unknown> =>
  Object.fromEntries((span?.attributes ?? []).map(({ key, value }) => [key, Object.values(value)[0]]));

afterEach(() => {
  expect(trace.getTracer('x').startSpan('y').isRecording()).toBe(false);
});

describe('Own spans (IMS-3)', () => {
  it.each(['http/protobuf', 'http/json'])('tell of each accepted request and each push, by %s', async (protocol) => {
    const found = await spans({}, (lab) => lab.send(3, 'http'), { protocol });
    const [push, receive] = ['exporter/out/traces', 'receiver/in/TraceDataReceived'].map((name) =>
      found.find((span) => span.name === name)!,
    );
    expect(found).toHaveLength(2);
    expect(push).toMatchObject({ traceId: receive.traceId, parentSpanId: receive.spanId, kind: 3 });
    expect(receive.kind).toBe(2);
    expect(attributesOf(receive)).toMatchObject({ receiver: 'in', transport: 'http' });
    expect(Number(attributesOf(receive)['accepted_spans'])).toBe(3);
    expect(Number(attributesOf(push)['items.sent'])).toBe(3);
  });

  it('tell of failures', async () => {
    const found = await spans({}, async (lab) => {
      lab.push = () => Promise.reject(refused('permanent'));
      await lab.send(2).catch(() => {});
    });
    expect(found.map(({ status }) => status?.code)).toEqual([2, 2]);
    expect(Number(attributesOf(found.find(({ name }) => name.startsWith('receiver')))['refused_spans'])).toBe(2);
    expect(Number(attributesOf(found.find(({ name }) => name.startsWith('exporter')))['items.failed'])).toBe(2);
  });

  it.each([
    [['tracecontext'], true],
    [['b3'], false],
    [[], false],
  ])('with the propagators %j continue a W3C trace of the request: %j', async (propagators, continues) => {
    const found = await spans({ propagators }, (lab) => lab.send(1, 'grpc', withTraceparent));
    expect(found.map((span) => span.traceId === traceId)).toEqual([continues, continues]);
  });

  it('travel on in the headers of what is sent, by the propagators', async () => {
    const next = await startOtlpDestination();
    const http = createHttpClient({
      url: new URL(`${next.url}/v1/logs`),
      headers: { 'content-type': 'application/x-protobuf' },
      compression: 'none',
    });
    const found = await spans({ propagators: ['tracecontext', 'b3'] }, async (lab) => {
      lab.push = async () => {
        await http.send(Buffer.alloc(0), AbortSignal.timeout(5_000));
        return undefined;
      };
      await lab.send(1, 'http', withTraceparent);
    });
    await http.close();
    await next.close();
    const { headers } = next.received[0];
    const push = found.find(({ name }) => name.startsWith('exporter'))!;
    expect(headers['traceparent']).toBe(`00-${traceId}-${push.spanId}-01`);
    expect([headers['x-b3-traceid'], headers['x-b3-spanid']]).toEqual([traceId, push.spanId]);
  });

  it('travel on in the metadata of gRPC', async () => {
    const client = createGrpcClient({
      target: parseGrpcTarget('127.0.0.1:1'),
      compression: 'none',
      headers: {},
      userAgent: 'x',
      clock: new FakeClock(),
    });
    const found = await spans({ propagators: ['tracecontext'] }, async (lab) => {
      lab.push = async () => {
        await client.unary('/x', Buffer.alloc(0), 0, AbortSignal.timeout(50));
        return undefined;
      };
      await lab.send(1).catch(() => {});
    });
    client.close();
    expect(found).toHaveLength(2);
  });

  it.each([
    [{ always_on: {} }, 2],
    [{ always_off: {} }, 0],
    [{ trace_id_ratio_based: { ratio: 0 } }, 0],
    [{ trace_id_ratio_based: {} }, 2],
    [{ parent_based: { root: { always_off: {} } } }, 0],
    [
      {
        parent_based: {
          remote_parent_sampled: { always_on: {} },
          remote_parent_not_sampled: { always_off: {} },
          local_parent_sampled: { always_off: {} },
          local_parent_not_sampled: { always_off: {} },
        },
      },
      1,
    ],
  ])('are sampled by %j: %d of 2', async (sampler, count) => {
    expect(await spans({ sampler }, (lab) => lab.send(1))).toHaveLength(count);
  });

  it('keep to the limits', async () => {
    const limits = {
      attribute_value_length_limit: 2,
      attribute_count_limit: 1,
      event_count_limit: 1,
      link_count_limit: 1,
      event_attribute_count_limit: 1,
      link_attribute_count_limit: 1,
    };
    const found = await spans({ limits }, async (lab) => {
      const { tracer } = lab.contexts[0];
      const context = { traceId, spanId: 'b7ad6b7169203331', traceFlags: 1 };
      const span = tracer!.startSpan('own', {
        attributes: { a: 'long text', b: 'c' },
        links: [
          { context, attributes: { a: 1, b: 2 } },
          { context, attributes: { a: 1, b: 2 } },
        ],
      });
      span.addEvent('one', { a: 1, b: [1, 2] });
      span.addEvent('two', { list: ['x'] });
      span.end();
    });
    const [own] = found as unknown as Json[];
    expect(own['attributes']).toEqual([{ key: 'a', value: { stringValue: 'lo' } }]);
    expect(own['droppedAttributesCount']).toBe(1);
    expect(own['events']).toHaveLength(1);
    expect(own['links']).toHaveLength(1);
    expect(own['links'][0].attributes).toHaveLength(1);
    expect(own['events'][0].attributes).toHaveLength(1);
  });

  it('give their ids to the log lines that are written inside of them', async () => {
    const lines: string[] = [];
    const found = await spans({}, async (lab) => {
      lab.push = async () => {
        lab.contexts[0].logger.info('Inside.');
        return undefined;
      };
      await lab.send(1);
      lines.push(...lab.lines);
    });
    const line = lines.find((text) => text.includes('Inside.'))!;
    const push = found.find(({ name }) => name.startsWith('exporter'))!;
    expect(JSON.parse(line.slice(line.indexOf('{')))).toMatchObject({ trace_id: push.traceId, span_id: push.spanId });
  });

  it('are sent one by one with simple, printed with console, and their loss is logged', async () => {
    expect(await spans({}, (lab) => lab.send(1), {}, 'simple')).toHaveLength(2);
    const dir = jest.spyOn(console, 'dir').mockImplementation(() => {});
    const lost = (protocol: string): object => ({
      simple: { exporter: { otlp: { endpoint: 'http://127.0.0.1:9', protocol, timeout: 500 } } },
    });
    const lab = await startLab(
      tracing([{ simple: { exporter: { console: null } } }, lost('http/protobuf'), lost('http/json'), lost('grpc')]),
    );
    await lab.service.start();
    await lab.send(1);
    await lab.service.shutdown();
    expect(dir.mock.calls.length).toBe(2);
    dir.mockRestore();
    expect(lab.lines.filter((line) => line.includes('failed to export own spans'))).toHaveLength(6);
  });

  it('are sent in batches of the given size, after the given delay', async () => {
    const destination = await startOtlpDestination();
    const batch = { schedule_delay: 5, max_queue_size: 100, max_export_batch_size: 1, exporter: { otlp: { endpoint: destination.url } } };
    const lab = await startLab(tracing([{ batch }]));
    await lab.service.start();
    await lab.send(1);
    await destination.until(() => destination.received.length > 1);
    for (const one of destination.received) expect(spansOf([one])).toHaveLength(1);
    await lab.service.shutdown();
    await destination.close();
  });

  it('are not made without level or processors', async () => {
    for (const traces of [{ level: 'none', processors: [{ simple: { exporter: { console: null } } }] }, { level: 'basic' }]) {
      const lab = await startLab({ metrics: { level: 'none' }, traces });
      expect(lab.contexts[0].tracer).toBeUndefined();
    }
  });
});
