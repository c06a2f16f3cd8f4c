import { afterEach, describe, expect, it } from '@jest/globals';
import { spansOf } from '../../trace-format/test/flat-spans.ts';
import { binary, bool, double, i16, i32, i64, list, string, struct, type ThriftValue } from '../../trace-format/test/thrift-writer.ts';
import { post, start, stopAll } from './harness.ts';

afterEach(stopAll);

const traceId = '0102030405060708090a0b0c0d0e0f10';
const id = '1111111111111111';
const micros = 1_790_000_000_123_456;
const nanos = BigInt(micros) * 1000n;

async function received(
  body: Buffer | string,
  contentType = 'application/json',
  settings: object = {},
): Promise<Record<string, unknown>[]> {
  const { url, sink } = await start(settings);
  expect(await post(`${url}/api/v1/spans`, body, contentType)).toEqual({ status: 202, text: '' });
  return spansOf(sink.requests[0]!);
}

const one = async (span: object, settings: object = {}): Promise<Record<string, unknown>> =>
  (await received(JSON.stringify([{ traceId, id, timestamp: micros, ...span }]), 'application/json', settings))[0]!;

describe('v1 as JSON', () => {
  it('a span arrives with everything that Zipkin knows', async () => {
    const endpoint = { serviceName: 'web', ipv4: '10.0.0.2', ipv6: '::1', port: 80 };
    const span = await one({
      parentId: '2222222222222222',
      name: 'rpc',
      duration: 10,
      annotations: [
        { timestamp: micros, value: 'cs', endpoint },
        { timestamp: micros + 4, value: 'retry' },
        { timestamp: micros + 5, value: '' },
        { timestamp: micros + 10, value: 'cr', endpoint },
      ],
      binaryAnnotations: [
        { key: 'k', value: 'v' },
        { key: 'sa', value: true, endpoint: { serviceName: 'db' } },
        { key: 'lc', value: 'component' },
      ],
    });
    expect(span).toEqual({
      resource: { ipv4: '10.0.0.2', ipv6: '::1', port: '80', 'service.name': 'web' },
      traceId,
      spanId: id,
      parentSpanId: '2222222222222222',
      name: 'rpc',
      kind: 3,
      startTimeUnixNano: nanos,
      endTimeUnixNano: nanos + 10_000n,
      attributes: { component: 'component', k: 'v', sa: 'true' },
      events: [{ timeUnixNano: nanos + 4000n, name: 'retry' }],
    });
  });

  it.each([
    ['ss', 2],
    ['sr', 2],
    ['cr', 3],
    ['ms', 4],
    ['mr', 5],
    ['constructor', undefined],
  ])('annotation %s tells kind %s', async (value, kind) => {
    expect((await one({ annotations: [{ timestamp: micros, value }] }))['kind']).toBe(kind);
  });

  it.each([
    ['the endpoint of a binary annotation', [{ key: 'k', value: 'v', endpoint: { serviceName: 'db' } }], 'db'],
    ['the local component', [{ key: 'lc', value: 'batcher' }], 'batcher'],
    ['nothing', [], 'unknown-service'],
  ])('the service is told by %s', async (_name, binaryAnnotations, service) => {
    expect((await one({ binaryAnnotations }))['resource']).toEqual({ 'service.name': service });
  });

  it.each([
    [{ 'census.status_code': '0' }, undefined, undefined],
    [{ 'census.status_code': '5', 'census.status_description': 'gone', 'otel.status_code': '1' }, { code: 2, message: 'gone' }, undefined],
    [{ 'otel.status_code': '2', 'otel.status_description': 'bad' }, { code: 2, message: 'bad' }, undefined],
    [{ error: 'x', 'opencensus.status_description': 'bad' }, { code: 2, message: 'bad' }, undefined],
    [{ error: '', 'otel.status_description': 'worse' }, { code: 2, message: 'worse' }, undefined],
    [
      { 'http.status_code': '500', 'http.status_message': 'oops' },
      { code: 2, message: 'oops' },
      { 'http.status_code': '500', 'http.status_message': 'oops' },
    ],
    [{ 'http.response.status_code': '200' }, undefined, { 'http.response.status_code': '200' }],
    [{ 'census.status_code': 'x', 'http.status_code': '99999999999' }, undefined, { 'http.status_code': '99999999999' }],
  ])('tags %j make the status %j', async (tags, status, attributes) => {
    const span = await one({ binaryAnnotations: Object.entries(tags).map(([key, value]) => ({ key, value })) });
    const expected = 'census.status_code' in tags && tags['census.status_code'] === '0' ? { code: 1 } : status;
    expect([span['status'], span['attributes']]).toEqual([expected, attributes]);
  });

  it('a span without times has those of its annotations, or that of its arrival', async () => {
    const annotations = [5, 9, 2].map((offset) => ({ timestamp: micros + offset, value: 'x' }));
    const noted = await one({ timestamp: 0, annotations });
    expect([noted['startTimeUnixNano'], noted['endTimeUnixNano']]).toEqual([nanos + 2000n, nanos + 9000n]);
    const before = BigInt(Date.now()) * 1_000_000n;
    const arrived = await one({ timestamp: undefined });
    expect(arrived['startTimeUnixNano']).toBeGreaterThanOrEqual(before);
    expect(arrived['attributes']).toEqual({ 'otel.zipkin.absentField.startTime': true });
  });

  it('parse_string_tags', async () => {
    const binaryAnnotations = [{ key: 'n', value: '5' }];
    expect((await one({ binaryAnnotations }))['attributes']).toEqual({ n: '5' });
    expect((await one({ binaryAnnotations }, { parse_string_tags: true }))['attributes']).toEqual({ n: 5n });
  });

  it('ids of 64 bits are the lower half; null and unknown members are passed over', async () => {
    const [span] = await received(
      JSON.stringify([
        null,
        {
          traceId: id,
          id,
          parentId: '',
          timestamp: micros,
          annotations: null,
          binaryAnnotations: [{ key: 'k', value: null, endpoint: null, x: 1 }],
          debug: true,
          y: [],
        },
      ]),
    );
    expect(span).toMatchObject({ traceId: id.padStart(32, '0'), attributes: { k: '' } });
  });

  it.each([
    ['[{"traceId":"abc"}]', 'zipkinV1 span traceId: hex traceId span has wrong length (expected 16 or 32) at byte 12'],
    [`[{"traceId":"${'0'.repeat(16)}","id":"${id}"}]`, 'zipkinV1 span traceId: traceId is zero at byte 1'],
    [`[{"traceId":"${traceId}"}]`, 'zipkinV1 span id: ID is zero at byte 1'],
    ['[{"id":"abc"}]', 'zipkinV1 span id: hex Id has wrong length (expected 16) at byte 7'],
    ['[{"parentId":"abc"}]', 'zipkinV1 span parentId: hex Id has wrong length (expected 16) at byte 13'],
    ['[{"id":"xxxxxxxxxxxxxxxx"}]', 'an id that is not hexadecimal at byte 7'],
    ['[{"annotations":[{"timestamp":"x"}]}]', 'expected an integer at byte 30'],
  ])('refuses %s with the place', async (body, message) => {
    const { url } = await start();
    expect(await post(`${url}/api/v1/spans`, body)).toEqual({ status: 400, text: `${message}\n` });
  });
});

const host = (name: string, ipv6?: Uint8Array): ThriftValue =>
  struct({ 1: i32(0x0a000001), 2: i16(80), 3: string(name), 4: ipv6 === undefined ? undefined : string(ipv6) });
const annotation = (offset: number, value: string, endpoint?: ThriftValue): ThriftValue =>
  struct({ 1: i64(BigInt(micros + offset)), 2: string(value), 3: endpoint });
const binaryAnnotation = (key: string, type: number, value: Uint8Array | string, endpoint?: ThriftValue): ThriftValue =>
  struct({ 1: string(key), 2: string(value), 3: i32(type), 4: endpoint });

describe('v1 as Thrift', () => {
  it('a span arrives with everything that Zipkin knows', async () => {
    const ipv6 = Buffer.alloc(16);
    ipv6[15] = 1;
    const half = Buffer.alloc(8);
    half.writeDoubleBE(0.5);
    const span = struct({
      1: i64(-1n),
      3: string('rpc'),
      4: i64(2n),
      5: i64(3n),
      6: list('struct', [annotation(0, 'sr', host('web', ipv6)), annotation(4, 'note')]),
      8: list('struct', [
        binaryAnnotation('yes', 0, Uint8Array.of(1)),
        binaryAnnotation('no', 0, Uint8Array.of(0)),
        binaryAnnotation('bytes', 1, Uint8Array.of(1, 2)),
        binaryAnnotation('i16', 2, Uint8Array.of(0xff, 0xff)),
        binaryAnnotation('i32', 3, Uint8Array.of(0, 0, 1, 0)),
        binaryAnnotation('i64', 4, Buffer.alloc(8, 0xff)),
        binaryAnnotation('double', 5, half),
        binaryAnnotation('text', 6, 'v'),
        ...[2, 3, 4, 5].map((type) => binaryAnnotation(`short ${type}`, type, Uint8Array.of(1), host('db'))),
        binaryAnnotation('odd', 9, 'x'),
      ]),
      9: bool(true),
      10: i64(BigInt(micros)),
      11: i64(10n),
      12: i64(1n),
      13: double(0),
    });
    const short = '<not enough bytes representing the number>';
    expect(await received(binary(list('struct', [span])), 'application/x-thrift')).toEqual([
      {
        resource: { ipv4: '10.0.0.1', ipv6: '::1', port: '80', 'service.name': 'web' },
        traceId: '0000000000000001ffffffffffffffff',
        spanId: '0000000000000002',
        parentSpanId: '0000000000000003',
        name: 'rpc',
        kind: 2,
        startTimeUnixNano: nanos,
        endTimeUnixNano: nanos + 10_000n,
        attributes: {
          bytes: 'AQI=',
          double: 0.5,
          i16: 65_535n,
          i32: 256n,
          i64: -1n,
          no: false,
          odd: '<unknown zipkin v1 binary annotation type (9)>',
          'short 2': short,
          'short 3': short,
          'short 4': short,
          'short 5': short,
          text: 'v',
          yes: true,
        },
        events: [{ timeUnixNano: nanos + 4000n, name: 'note' }],
      },
    ]);
  });

  it.each([
    ['spans without ids', binary(list('struct', [struct({ 3: string('nameless') })])), 'zipkinV1 span traceId: traceId is zero at byte 5'],
    ['spans without an id', binary(list('struct', [struct({ 1: i64(1n) })])), 'zipkinV1 span id: ID is zero at byte 5'],
    [
      'a heap of empty spans',
      Buffer.concat([Buffer.from([12, 0, 1, 0, 0]), Buffer.alloc(65_536)]),
      'a list of 65536 structs with 65536 bytes left at byte 0',
    ],
    ['nothing', Buffer.alloc(0), 'unexpected end of data at byte 0'],
    ['a list of texts', binary(list('string', [string('x')])), 'expected a list of structs at byte 0'],
    ['a list of a billion spans', Buffer.from([12, 0x3b, 0x9a, 0xca, 0]), 'a size of 1000000000 with 0 bytes left at byte 1'],
  ])('refuses %s with the place', async (_name, body, message) => {
    const { url } = await start();
    expect(await post(`${url}/api/v1/spans`, body, 'application/x-thrift')).toEqual({ status: 400, text: `${message}\n` });
  });
});
