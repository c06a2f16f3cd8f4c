import { afterEach, describe, expect, it } from '@jest/globals';
import { type Batch, postSpans, postSpansRequest, protoProcess, protoSpan, thriftBatch } from '../../trace-format/test/jaeger-model.ts';
import { binary, binaryCall, compactCall, struct } from '../../trace-format/test/thrift-writer.ts';
import { call, eventually, post, sendUdp, start, stopAll } from './harness.ts';
import { spansOf } from '../../trace-format/test/flat-spans.ts';

afterEach(stopAll);

const traceId = '0102030405060708090a0b0c0d0e0f10';
const startMicros = 1_790_000_000_123_456n;

/** Sends the batch with one protocol; what arrives. */
async function received(protocol: string, batch: Batch): Promise<Record<string, unknown>[]> {
  const { sink, endpoints } = await start({ [protocol]: {} });
  const endpoint = endpoints[protocol]!;
  const args = struct({ 1: thriftBatch(batch) });
  if (protocol === 'grpc') expect(await call(endpoint, postSpans(batch))).toEqual({ code: 0, message: '' });
  else if (protocol === 'thrift_http') expect((await post(endpoint, binary(thriftBatch(batch)))).status).toBe(202);
  else await sendUdp(endpoint, protocol === 'thrift_binary' ? binaryCall('emitBatch', args) : compactCall('emitBatch', args));
  await eventually(() => sink.requests.length === 1);
  return spansOf(sink.requests[0]!);
}

const protocols = ['grpc', 'thrift_http', 'thrift_compact', 'thrift_binary'];

describe.each(protocols)('over %s', (protocol) => {
  it('a span arrives with everything that Jaeger knows', async () => {
    const batch: Batch = {
      service: 'shop',
      tags: { hostname: 'web-1', 'jaeger.version': 'Go-2.30', pid: 4711n, ratio: 0.5, live: true, raw: Uint8Array.of(1, 2) },
      spans: [
        {
          traceId,
          spanId: '1111111111111111',
          parentSpanId: '2222222222222222',
          name: 'checkout',
          references: [{ childOf: false, traceId: 'ff', spanId: '3333333333333333' }],
          startMicros,
          durationMicros: 1500n,
          tags: { 'span.kind': 'server', text: 'äöü', long: -(2n ** 63n), double: -0.25, flag: false, bytes: Uint8Array.of(255) },
          logs: [
            { micros: startMicros + 1n, fields: { event: 'cache.miss', key: 'k' } },
            { micros: startMicros + 2n, fields: {} },
          ],
        },
      ],
    };
    expect(await received(protocol, batch)).toEqual([
      {
        resource: {
          'host.name': 'web-1',
          live: true,
          'opencensus.exporterversion': 'Jaeger-Go-2.30',
          pid: 4711n,
          ratio: 0.5,
          raw: '0102',
          'service.name': 'shop',
        },
        traceId,
        spanId: '1111111111111111',
        parentSpanId: '2222222222222222',
        name: 'checkout',
        kind: 2,
        startTimeUnixNano: startMicros * 1000n,
        endTimeUnixNano: (startMicros + 1500n) * 1000n,
        attributes: { bytes: 'ff', double: -0.25, flag: false, long: -(2n ** 63n), text: 'äöü' },
        events: [
          { timeUnixNano: (startMicros + 1n) * 1000n, name: 'cache.miss', attributes: { key: 'k' } },
          { timeUnixNano: (startMicros + 2n) * 1000n },
        ],
        links: [
          {
            traceId: 'ff'.padStart(32, '0'),
            spanId: '3333333333333333',
            attributes: { 'opentracing.ref_type': 'follows_from' },
          },
        ],
      },
    ]);
  });

  it.each([
    ['client', 3],
    ['server', 2],
    ['producer', 4],
    ['consumer', 5],
    ['internal', 1],
    ['constructor', undefined],
  ])('span.kind %s is kind %s', async (kind, expected) => {
    const [span] = await received(protocol, oneSpan({ 'span.kind': kind }));
    expect([span!['kind'], span!['attributes']]).toEqual([expected, undefined]);
  });

  it.each([
    ['an error without words', { error: true }, { code: 2 }, undefined],
    ['an error with a description', { error: true, 'otel.status_description': 'bad' }, { code: 2, message: 'bad' }, undefined],
    [
      'an error that HTTP explains',
      { error: true, 'http.status_message': 'gone' },
      { code: 2, message: 'gone' },
      { 'http.status_message': 'gone' },
    ],
    ['no error', { error: false }, undefined, { error: false }],
    ['an error as text', { error: 'true' }, undefined, { error: 'true' }],
    ['a code', { 'otel.status_code': 'ok' }, { code: 1 }, undefined],
    [
      'a code with a description',
      { 'otel.status_code': 'ERROR', 'otel.status_description': 'bad' },
      { code: 2, message: 'bad' },
      undefined,
    ],
    ['an error beside a code', { error: true, 'otel.status_code': 'OK' }, { code: 2 }, undefined],
    [
      'a client’s 404',
      { 'span.kind': 'client', 'http.status_code': 404n, 'http.status_message': 'none' },
      { code: 2, message: 'none' },
      { 'http.status_code': 404n, 'http.status_message': 'none' },
    ],
    ['a server’s 404', { 'span.kind': 'server', 'http.status_code': '404' }, undefined, { 'http.status_code': '404' }],
    ['a server’s 500', { 'span.kind': 'server', 'http.status_code': '500' }, { code: 2 }, { 'http.status_code': '500' }],
    ['a 200', { 'http.status_code': 200n }, undefined, { 'http.status_code': 200n }],
    ['an HTTP status that is none', { 'http.status_code': 'OK' }, undefined, { 'http.status_code': 'OK' }],
  ])('%s makes the status', async (_name, tags, status, attributes) => {
    const [span] = await received(protocol, oneSpan(tags));
    expect([span!['status'], span!['attributes']]).toEqual([status, attributes]);
  });

  it.each([
    ['a child-of reference', [{ childOf: true, traceId, spanId: 'aaaaaaaaaaaaaaaa' }], 'aaaaaaaaaaaaaaaa', undefined],
    [
      'a follows-from reference, as a last resort',
      [{ childOf: false, traceId, spanId: 'aaaaaaaaaaaaaaaa' }],
      'aaaaaaaaaaaaaaaa',
      [['aaaaaaaaaaaaaaaa', 'follows_from']],
    ],
    [
      'the child-of one of several',
      [
        { childOf: false, traceId, spanId: 'bbbbbbbbbbbbbbbb' },
        { childOf: true, traceId, spanId: 'aaaaaaaaaaaaaaaa' },
        { childOf: true, traceId, spanId: 'cccccccccccccccc' },
      ],
      'aaaaaaaaaaaaaaaa',
      [
        ['bbbbbbbbbbbbbbbb', 'follows_from'],
        ['cccccccccccccccc', 'child_of'],
      ],
    ],
    [
      'no reference to another trace',
      [{ childOf: true, traceId: 'ff', spanId: 'aaaaaaaaaaaaaaaa' }],
      undefined,
      [['aaaaaaaaaaaaaaaa', 'child_of']],
    ],
  ])('%s gives the parent', async (_name, references, parent, links) => {
    const [span] = await received(protocol, {
      service: 's',
      spans: [{ traceId, spanId: '01', name: 'n', references, startMicros, durationMicros: 1n }].map((one) => ({
        ...one,
        spanId: '0000000000000001',
      })),
    });
    const found = (span!['links'] as { spanId: string; attributes: Record<string, unknown> }[] | undefined)?.map(
      ({ spanId, attributes }) => [spanId, attributes['opentracing.ref_type']],
    );
    expect([span!['parentSpanId'], found]).toEqual([parent, links]);
  });

  it('ids of 64 bits are the lower half', async () => {
    const [span] = await received(protocol, {
      service: 's',
      spans: [{ traceId: 'f0f0f0f0f0f0f0f0', spanId: 'ffffffffffffffff', name: 'n', startMicros, durationMicros: 1n }],
    });
    expect(span).toMatchObject({ traceId: '0000000000000000f0f0f0f0f0f0f0f0', spanId: 'ffffffffffffffff' });
  });

  it('a batch without spans is taken without troubling the pipeline', async () => {
    const { sink, endpoints } = await start({ [protocol]: {} });
    sink.before = () => {
      throw new Error('called');
    };
    const empty: Batch = { service: 's', spans: [] };
    if (protocol === 'grpc') expect((await call(endpoints['grpc']!, postSpans(empty))).code).toBe(0);
    else if (protocol === 'thrift_http') expect((await post(endpoints['thrift_http']!, binary(thriftBatch(empty)))).status).toBe(202);
  });
});

function oneSpan(tags: NonNullable<Batch['spans'][number]['tags']>): Batch {
  return { service: 's', spans: [{ traceId, spanId: '0000000000000001', name: 'n', startMicros, durationMicros: 1n, tags }] };
}

describe('PostSpans', () => {
  it('takes scope and trace state out of the tags', async () => {
    const tags = { 'otel.scope.name': 'http', 'otel.scope.version': '1.2', 'w3c.tracestate': 'a=b' };
    const [span] = await received('grpc', oneSpan(tags));
    expect(span).toMatchObject({ scope: { name: 'http', version: '1.2' }, traceState: 'a=b' });
    expect(span!['attributes']).toBeUndefined();
  });

  it('groups spans by their own process, which goes before that of the batch', async () => {
    const { sink, endpoints } = await start({ grpc: {} });
    const spans = ['a', 'b', 'c', 'd'].map((name) => protoSpan({ ...oneSpan({}).spans[0]!, name }));
    spans[1]!['process'] = protoProcess('other', { x: 'y' });
    spans[3]!['process'] = protoProcess('other', { x: 'y' });
    await call(endpoints['grpc']!, postSpansRequest({ spans, process: protoProcess('shop') }));
    expect(spansOf(sink.requests[0]!).map(({ name, resource }) => [name, resource])).toEqual([
      ['a', { 'service.name': 'shop' }],
      ['c', { 'service.name': 'shop' }],
      ['b', { 'service.name': 'other', x: 'y' }],
      ['d', { 'service.name': 'other', x: 'y' }],
    ]);
  });

  it('leaves out what stands for no service, and empty spans', async () => {
    const { sink, endpoints } = await start({ grpc: {} });
    const spans = [{}, protoSpan(oneSpan({}).spans[0]!)];
    await call(endpoints['grpc']!, postSpansRequest({ spans, process: protoProcess('OTLPResourceNoServiceName', { x: 'y' }) }));
    const found = spansOf(sink.requests[0]!);
    expect(found).toHaveLength(1);
    expect(found[0]!['resource']).toBeUndefined();
  });

  it.each([2, 40])('keeps the last value of a tag that comes again, among %d tags', async (count) => {
    const { sink, endpoints } = await start({ grpc: {} });
    const tags = Array.from({ length: count }, (_, i) => ({ key: `k${i}`, vStr: 'first' }));
    const again = [
      { key: 'k0', vStr: 'again' },
      { key: `k${count - 1}`, vStr: 'a longer text' },
      { key: 'k0', vType: 1, vBool: true },
    ];
    await call(endpoints['grpc']!, postSpansRequest({ spans: [{ ...protoSpan(oneSpan({}).spans[0]!), tags: [...tags, ...again] }] }));
    const found = spansOf(sink.requests[0]!)[0]!['attributes'] as Record<string, unknown>;
    expect([Object.keys(found).length, found['k0'], found[`k${count - 1}`]]).toEqual([count, true, 'a longer text']);
  });

  it('keeps integers of every size, long texts and times of every second', async () => {
    const tags = { zero: 0n, least: -(2n ** 63n), wide: 2n ** 32n, most: 2n ** 63n - 1n, minus: -1n, text: 'ü'.repeat(10_000) };
    const span = {
      ...protoSpan(oneSpan(tags).spans[0]!),
      startTime: { seconds: 2 ** 33, nanos: -1 },
      duration: { seconds: 5, nanos: 999_999_999 },
    };
    const { sink, endpoints } = await start({ grpc: {} });
    await call(endpoints['grpc']!, postSpansRequest({ spans: [span] }));
    expect(spansOf(sink.requests[0]!)[0]).toMatchObject({
      attributes: tags,
      startTimeUnixNano: 2n ** 33n * 1_000_000_000n - 1n,
      endTimeUnixNano: (2n ** 33n + 6n) * 1_000_000_000n - 2n,
    });
  });

  it('names a type of tags that it does not know, and writes U+FFFD for what is not UTF-8', async () => {
    const { sink, endpoints } = await start({ grpc: {} });
    const tags = [
      { key: 'what', vType: 9 },
      { key: 'key!', vStr: 'text' },
    ];
    const span = { ...protoSpan(oneSpan({}).spans[0]!), operationName: 'name', tags };
    const message = postSpansRequest({ spans: [span] });
    for (const text of ['name', 'key!', 'text']) message[message.indexOf(text)] = 0xff;
    expect((await call(endpoints['grpc']!, message)).code).toBe(0);
    expect(spansOf(sink.requests[0]!)[0]).toMatchObject({
      name: '\ufffdame',
      attributes: { what: '<Unknown Jaeger TagType "9">', '\ufffdey!': '\ufffdext' },
    });
  });

  it('passes over empty logs and references', async () => {
    const { sink, endpoints } = await start({ grpc: {} });
    const spans = [{ ...protoSpan(oneSpan({}).spans[0]!), logs: [{}, {}], references: [{}, {}] }];
    expect((await call(endpoints['grpc']!, postSpansRequest({ spans }))).code).toBe(0);
    const [span] = spansOf(sink.requests[0]!);
    expect([span!['events'], span!['links']]).toEqual([undefined, undefined]);
  });

  it.each([
    ['a trace id of 3 bytes', postSpansRequest({ spans: [{ traceId: Buffer.alloc(3) }] }), 'invalid length for TraceID at byte 5'],
    ['a span id of 3 bytes', postSpansRequest({ spans: [{ spanId: Buffer.alloc(3) }] }), 'invalid length for SpanID at byte 5'],
    ['a message that ends early', Buffer.from([0x0a, 5, 0x0a]), 'unexpected end of data at byte 3'],
    ['a number where a message belongs', Buffer.from([0x08, 5]), 'field 1 has wire type 0 instead of 2 at byte 1'],
  ])('refuses %s with the place', async (_name, message, reason) => {
    const { endpoints } = await start({ grpc: {} });
    expect(await call(endpoints['grpc']!, message)).toEqual({ code: 3, message: reason });
  });
});
