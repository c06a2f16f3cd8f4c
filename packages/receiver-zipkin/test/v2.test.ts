import { afterEach, describe, expect, it } from '@jest/globals';
import { spansOf } from '../../trace-format/test/flat-spans.ts';
import { type JsonSpan, protoSpans } from '../../trace-format/test/zipkin-model.ts';
import { post, start, stopAll } from './harness.ts';

afterEach(stopAll);

const traceId = '0102030405060708090a0b0c0d0e0f10';
const id = '1111111111111111';
const micros = 1_790_000_000_123_456;
const nanos = BigInt(micros) * 1000n;

const encodings: Readonly<Record<string, (spans: readonly JsonSpan[]) => readonly [body: Buffer | string, contentType: string]>> = {
  JSON: (spans) => [JSON.stringify(spans), 'application/json'],
  protobuf: (spans) => [protoSpans(spans), 'application/x-protobuf'],
};

describe.each(Object.entries(encodings))('v2 as %s', (_name, encode) => {
  async function received(spans: readonly JsonSpan[], settings: object = {}): Promise<Record<string, unknown>[]> {
    const { url, sink } = await start(settings);
    expect(await post(`${url}/api/v2/spans`, ...encode(spans))).toEqual({ status: 202, text: '' });
    return spansOf(sink.requests[0]!);
  }

  const one = async (span: Partial<JsonSpan>, settings: object = {}): Promise<Record<string, unknown>> =>
    (await received([{ traceId, id, timestamp: micros, ...span }], settings))[0]!;

  it('a span arrives with everything that Zipkin knows', async () => {
    const span = await one({
      parentId: '2222222222222222',
      kind: 'CLIENT',
      name: 'get /cart',
      duration: 1500,
      localEndpoint: { serviceName: 'shop', ipv4: '10.0.0.1', port: 8080 },
      remoteEndpoint: { serviceName: 'db', ipv6: '2001:0db8:0000:0000:0000:0000:0000:0001', port: 5432 },
      annotations: [
        { timestamp: micros + 1, value: 'cache miss' },
        { timestamp: micros + 2, value: 'named|{"a":"b","n":5,"list":[1,{"x":true}]}|3' },
        { timestamp: micros + 3, value: 'a|b|c' },
        { timestamp: micros + 4, value: 'x|{broken|1' },
      ],
      tags: { 'http.method': 'GET', 'w3c.tracestate': 'a=b' },
    });
    expect(span).toEqual({
      resource: { 'service.name': 'shop' },
      traceId,
      spanId: id,
      parentSpanId: '2222222222222222',
      traceState: 'a=b',
      name: 'get /cart',
      kind: 3,
      startTimeUnixNano: nanos,
      endTimeUnixNano: nanos + 1_500_000n,
      attributes: {
        'http.method': 'GET',
        'net.host.port': 8080n,
        'net.peer.port': 5432n,
        'network.local.address': '10.0.0.1',
        'network.peer.address': '2001:db8::1',
        'service.peer.name': 'db',
      },
      events: [
        { timeUnixNano: nanos + 1000n, name: 'cache miss' },
        {
          timeUnixNano: nanos + 2000n,
          name: 'named',
          attributes: {
            a: 'b',
            list: { values: [{ intValue: 1n }, { kvlistValue: { values: [{ key: 'x', value: { boolValue: true } }] } }] },
            n: 5n,
          },
          droppedAttributesCount: 3,
        },
        { timeUnixNano: nanos + 3000n, name: 'a|b|c' },
        { timeUnixNano: nanos + 4000n, name: 'x|{broken|1' },
      ],
    });
  });

  it.each([
    ['SERVER', {}, 2],
    ['CLIENT', {}, 3],
    ['PRODUCER', {}, 4],
    ['CONSUMER', {}, 5],
    [undefined, { 'span.kind': 'internal' }, 1],
    [undefined, { 'span.kind': 'constructor' }, undefined],
  ])('kind %s with tags %j is %s', async (kind, tags, expected) => {
    const span = await one({ ...(kind !== undefined && { kind }), tags });
    expect([span['kind'], span['attributes']]).toEqual([expected, undefined]);
  });

  it.each([
    [{ error: 'true' }, { code: 2 }, undefined],
    [{ error: 'declined' }, { code: 2 }, { error: 'declined' }],
    [{ 'otel.status_code': 'STATUS_CODE_OK' }, { code: 1 }, undefined],
    [{ 'otel.status_code': 'Error', 'otel.status_description': 'bad' }, { code: 2, message: 'bad' }, undefined],
    [{ 'otel.status_description': 'alone' }, undefined, { 'otel.status_description': 'alone' }],
  ])('tags %j make the status %j', async (tags, status, attributes) => {
    const span = await one({ tags });
    expect([span['status'], span['attributes']]).toEqual([status, attributes]);
  });

  it('tags of links become links, unless they are none', async () => {
    const span = await one({
      tags: { 'otlp.link.0': `${traceId}|${id}|x=y|{"k":"v|w"}|1`, 'otlp.link.1': 'broken', 'otlp.link.2': `${traceId}|${id}||{}|0` },
    });
    expect(span['links']).toEqual([
      { traceId, spanId: id, traceState: 'x=y', attributes: { k: 'v|w' }, droppedAttributesCount: 1 },
      { traceId, spanId: id },
    ]);
    expect(span['attributes']).toEqual({ 'otlp.link.1': 'broken' });
  });

  it('tags of resource and scope go there, each span with its own', async () => {
    const localEndpoint = { serviceName: 'shop' };
    const scope = { 'otel.library.name': 'lib', 'otel.library.version': '2' };
    const spans = await received([
      { traceId, id, timestamp: micros, localEndpoint, tags: { 'host.name': 'web-1', ...scope, k: 'v' } },
      { traceId, id, timestamp: micros, localEndpoint, tags: { 'host.name': 'web-2', 'otel.scope.name': 'new' } },
      { traceId, id, timestamp: micros, localEndpoint, tags: { 'otlp.service.name.source': 'faas.name' } },
      { traceId, id, timestamp: micros, tags: { 'process.pid': '5' } },
    ]);
    expect(spans.map(({ resource, scope: found, attributes }) => [resource, found, attributes])).toEqual([
      [{ 'host.name': 'web-1', 'service.name': 'shop' }, { name: 'lib', version: '2' }, { k: 'v' }],
      [{ 'host.name': 'web-2', 'service.name': 'shop' }, { name: 'new' }, undefined],
      [{ 'faas.name': 'shop' }, undefined, undefined],
      [{ 'process.pid': '5' }, undefined, undefined],
    ]);
  });

  it('parse_string_tags reads a number of a million digits at once', async () => {
    const digits = '9'.repeat(1_000_000);
    const tags = { large: digits, small: `-${digits}`, padded: `${'0'.repeat(1_000_000)}5` };
    expect((await one({ tags }, { parse_string_tags: true }))['attributes']).toEqual({
      large: 2n ** 63n - 1n,
      small: -(2n ** 63n),
      padded: 5n,
    });
  });

  it('parse_string_tags', async () => {
    const tags = {
      int: '-5',
      big: '99999999999999999999',
      small: '-99999999999999999999',
      double: '0.5',
      bool: 'false',
      yes: 'true',
      text: '1x',
      empty: '',
      version: '1.2.3',
    };
    expect((await one({ tags }))['attributes']).toEqual(tags);
    expect((await one({ tags }, { parse_string_tags: true }))['attributes']).toEqual({
      ...tags,
      int: -5n,
      big: 2n ** 63n - 1n,
      small: -(2n ** 63n),
      double: 0.5,
      bool: false,
      yes: true,
    });
  });

  it('a span that is its own parent has none', async () => {
    expect((await one({ parentId: id }))['parentSpanId']).toBeUndefined();
  });

  it('no spans are taken without troubling the pipeline', async () => {
    const { url, sink } = await start();
    sink.before = () => {
      throw new Error('called');
    };
    expect((await post(`${url}/api/v2/spans`, ...encode([]))).status).toBe(202);
  });
});

describe('v2 as JSON', () => {
  it('takes short ids, missing members, null and unknown members', async () => {
    const { url, sink } = await start();
    const spans = [
      {
        traceId: 'abc',
        id: 'f',
        parentId: null,
        name: null,
        timestamp: null,
        duration: '7',
        tags: { a: null, b: 1, c: true },
        new: { deep: [1, {}] },
      },
      null,
      { traceId: '0000000000000000000000000000000f', id: '1', annotations: null, localEndpoint: {}, remoteEndpoint: null, tags: null },
    ];
    expect((await post(`${url}/api/v2/spans`, JSON.stringify(spans), 'text/plain')).status).toBe(202);
    expect(spansOf(sink.requests[0]!)).toEqual([
      {
        traceId: '00000000000000000000000000000abc',
        spanId: '000000000000000f',
        endTimeUnixNano: 7000n,
        attributes: { a: '', b: '1', c: 'true', 'otel.zipkin.absentField.startTime': true },
      },
      {
        traceId: '0000000000000000000000000000000f',
        spanId: '0000000000000001',
        attributes: { 'otel.zipkin.absentField.startTime': true },
      },
    ]);
  });

  it.each([
    ['', 'unexpected end of JSON at byte 0'],
    ['{}', 'expected an array at byte 0'],
    ['[1]', 'expected an object at byte 1'],
    ['[{}]', 'valid span id required at byte 1'],
    ['[{"traceId":"1","id":"0"}]', 'valid span id required at byte 1'],
    ['[{"traceId":""}]', 'valid traceId required at byte 14'],
    ['[{"traceId":"xyz"}]', 'valid traceId required at byte 12'],
    ['[{"id":"11111111111111111"}]', 'valid span id required at byte 7'],
    ['[{"timestamp":1.5}]', 'expected an integer at byte 14'],
    ['[{"timestamp":-1}]', 'expected a number that is not negative at byte 14'],
    ['[{"tags":{"a":{}}}]', 'expected a string at byte 14'],
    ['[{"annotations":[{"value":"x"}]}]', 'valid annotation timestamp required at byte 17'],
    ['[{"localEndpoint":{"ipv4":"1.2.3"}}]', 'invalid IP address at byte 26'],
    ['[{"localEndpoint":{"port":65536}}]', 'invalid port at byte 26'],
    ['[{"id":"1"} x]', "expected ',' or ']' at byte 12"],
    ['[{"id":"1" "x":1}]', "expected ',' or '}' at byte 11"],
    ['[] []', 'text after the end of the value at byte 3'],
  ])('refuses %s with the place', async (body, message) => {
    const { url } = await start();
    expect(await post(`${url}/api/v2/spans`, body)).toEqual({ status: 400, text: `${message}\n` });
  });
});

describe('v2 as protobuf', () => {
  it.each([
    [
      'a trace id of 8 bytes',
      Buffer.from([0x0a, 10, 0x0a, 8, 0, 0, 0, 0, 0, 0, 0, 1]),
      'invalid TraceID: has length 8 yet wanted length 16 at byte 3',
    ],
    ['no trace id', Buffer.from([0x0a, 0]), 'invalid TraceID: has length 0 yet wanted length 16 at byte 1'],
    [
      'no span id',
      protoSpans([{ traceId, id: '' }])
        .fill(0x20, 20, 21)
        .subarray(0, 22),
      '',
    ],
    ['half a message', protoSpans([{ traceId, id }]).subarray(0, 12), 'unexpected end of data at byte 12'],
    ['no protobuf', Buffer.from('hello'), 'at byte'],
  ])('refuses %s with the place', async (_name, body, message) => {
    const { url } = await start();
    const { status, text } = await post(`${url}/api/v2/spans`, body, 'application/x-protobuf');
    expect(status).toBe(400);
    expect(text).toContain(message);
  });

  it('passes over what it does not know', async () => {
    const { url, sink } = await start();
    const known = protoSpans([{ traceId, id, timestamp: micros, debug: true, shared: true }]);
    const unknown = Buffer.from([0x10, 1, 0x19, 0, 0, 0, 0, 0, 0, 0, 0, 0x25, 0, 0, 0, 0, 0x2b, 0x30, 1, 0x2c, 0x32, 1, 0]);
    expect((await post(`${url}/api/v2/spans`, Buffer.concat([unknown, known]), 'application/x-protobuf')).status).toBe(202);
    expect(sink.items).toBe(1);
  });
});
