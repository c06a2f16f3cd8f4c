import { createSocket } from 'node:dgram';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type Batch,
  postSpans,
  postSpansRequest,
  protoProcess,
  protoSpan,
  thriftBatch,
} from '../../packages/trace-format/test/jaeger-model.ts';
import {
  binary,
  binaryCall,
  bool,
  compactCall,
  i16,
  i32,
  i64,
  list,
  string,
  struct,
  type ThriftValue,
} from '../../packages/trace-format/test/thrift-writer.ts';
import { type JsonSpan, protoSpans } from '../../packages/trace-format/test/zipkin-model.ts';
import { call } from '../../packages/receiver-jaeger/test/harness.ts';
import { freePorts, type Millrace, runConfig } from '../harness.ts';
import { type Otelcol, startOtelcol } from './otelcol.ts';
import { startWitness, type Witness } from './witness.ts';

/** A program with both receivers, and what it made of what it received. */
interface Program {
  readonly grpc: string;
  readonly http: string;
  readonly compact: number;
  readonly binary: number;
  readonly zipkin: string;
  readonly witness: Witness;
  /** Everything since the last call, once there are so many spans. */
  take(spans: number): Promise<unknown[]>;
}

async function prepare(): Promise<{ program: Program; config: object }> {
  const [grpc, http, compact, udpBinary, zipkin] = (await freePorts(5)) as [number, number, number, number, number];
  const witness = await startWitness();
  const at = (port: number): { endpoint: string } => ({ endpoint: `127.0.0.1:${port}` });
  let taken = new Map<string, number>();
  return {
    config: {
      receivers: {
        jaeger: { protocols: { grpc: at(grpc), thrift_http: at(http), thrift_compact: at(compact), thrift_binary: at(udpBinary) } },
        zipkin: { ...at(zipkin), parse_string_tags: true },
      },
      exporters: { otlphttp: { endpoint: witness.httpUrl, compression: 'none' } },
      service: {
        telemetry: { metrics: { level: 'none' } },
        pipelines: { traces: { receivers: ['jaeger', 'zipkin'], exporters: ['otlphttp'] } },
      },
    },
    program: {
      grpc: at(grpc).endpoint,
      http: `http://${at(http).endpoint}`,
      compact,
      binary: udpBinary,
      zipkin: `http://${at(zipkin).endpoint}`,
      witness,
      async take(spans) {
        const before = [...taken.values()].reduce((sum, count) => sum + count, 0);
        let all = witness.items('traces');
        for (const end = Date.now() + 10_000; all.length < before + spans && Date.now() < end; all = witness.items('traces'))
          await new Promise((resolve) => setTimeout(resolve, 10));
        const counts = new Map<string, number>();
        for (const item of all) counts.set(item, (counts.get(item) ?? 0) + 1);
        const fresh = [...counts].flatMap(([item, count]) => Array.from({ length: count - (taken.get(item) ?? 0) }, () => item));
        taken = counts;
        return fresh.map((item) => canonical(JSON.parse(item))).toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
      },
    },
  };
}

/** Attributes in the order of their keys, and nothing that is empty or the default: programs differ in both, and neither means anything. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) {
    const list = value.map(canonical);
    const isAttributes = list.every((one) => typeof one === 'object' && one !== null && 'key' in one);
    return isAttributes ? (list as { key: string }[]).toSorted((a, b) => (a.key < b.key ? -1 : 1)) : list;
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, canonical(inner)] as const);
  return Object.fromEntries(entries.filter(([, inner]) => !isEmpty(inner)).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function isEmpty(value: unknown): boolean {
  if (value === 0 || value === '' || value === '0n' || value === '0x') return true;
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function sendUdp(port: number, packet: Buffer): Promise<void> {
  const socket = createSocket('udp4');
  return new Promise((resolve) => socket.send(packet, port, '127.0.0.1', () => socket.close(resolve)));
}

async function post(url: string, body: Buffer | string, contentType: string): Promise<number> {
  const answer = await fetch(url, { method: 'POST', body, headers: { 'content-type': contentType } });
  await answer.arrayBuffer();
  return answer.status;
}

const startMicros = 1_790_000_000_123_456n;
const traceId = '0102030405060708090a0b0c0d0e0f10';

const jaegerBatch: Batch = {
  service: 'shop',
  tags: { hostname: 'web-1', 'jaeger.version': 'Go-2.30', pid: 4711n, ratio: 0.5, live: true, raw: Uint8Array.of(1, 2) },
  spans: [
    {
      traceId,
      spanId: '1111111111111111',
      parentSpanId: '2222222222222222',
      name: 'checkout',
      references: [
        { childOf: false, traceId: 'ff', spanId: '3333333333333333' },
        { childOf: true, traceId, spanId: '4444444444444444' },
      ],
      startMicros,
      durationMicros: 1500n,
      tags: { 'span.kind': 'server', text: 'äöü', long: -(2n ** 63n), double: -0.25, flag: false, bytes: Uint8Array.of(255) },
      logs: [
        { micros: startMicros + 1n, fields: { event: 'cache.miss', key: 'k' } },
        { micros: startMicros + 2n, fields: { message: 'no event', n: 1n } },
      ],
    },
    ...(
      [
        { error: true, 'http.status_message': 'gone', 'http.status_code': 404n },
        { error: true, 'otel.status_code': 'OK', 'otel.status_description': 'bad' },
        { error: 'true', 'span.kind': 'client', 'http.status_code': '404' },
        { error: false, 'span.kind': 'server', 'http.status_code': 404n },
        { 'otel.status_code': 'ERROR', 'otel.status_description': 'bad', 'span.kind': 'producer' },
        { 'otel.status_code': 'ok', 'span.kind': 'consumer' },
        { 'http.status_code': 503n, 'span.kind': 'internal' },
        { 'w3c.tracestate': 'a=b', 'span.kind': 'unknown' },
        {},
      ] as const
    ).map((tags, i) => ({
      traceId: 'f0f0f0f0f0f0f0f0',
      spanId: `00000000000000${(i + 16).toString(16)}`,
      name: `status ${i}`,
      references: i === 0 ? [{ childOf: false, traceId: 'f0f0f0f0f0f0f0f0', spanId: 'aaaaaaaaaaaaaaaa' }] : [],
      startMicros,
      durationMicros: BigInt(i),
      tags,
    })),
  ],
};
const spanCount = jaegerBatch.spans.length;

const zipkinSpans: JsonSpan[] = [
  {
    traceId,
    id: '1111111111111111',
    parentId: '2222222222222222',
    kind: 'SERVER',
    name: 'get /cart',
    timestamp: Number(startMicros),
    duration: 1500,
    localEndpoint: { serviceName: 'shop', ipv4: '10.0.0.1', port: 8080 },
    remoteEndpoint: { serviceName: 'browser', ipv6: '2001:0db8:0000:0000:0000:0000:0000:0001', port: 55_555 },
    annotations: [
      { timestamp: Number(startMicros) + 1, value: 'cache miss' },
      { timestamp: Number(startMicros) + 2, value: 'named|{"a":"b","n":5,"d":0.5,"t":true}|3' },
    ],
    tags: {
      'http.method': 'GET',
      'http.status_code': '200',
      ratio: '0.5',
      flag: 'true',
      big: '99999999999999999999',
      text: '1x',
      empty: '',
    },
    shared: true,
  },
  ...(
    [
      { error: 'true', 'otel.status_description': 'kept' },
      { error: 'card declined' },
      { 'otel.status_code': 'Ok' },
      { 'otel.status_code': 'STATUS_CODE_ERROR', 'otel.status_description': 'bad', error: '' },
      { 'span.kind': 'internal', 'w3c.tracestate': 'a=b' },
      { 'otlp.link.0': `${traceId}|2222222222222222|x=y|{"k":"v"}|1`, 'otlp.link.1': `${traceId}|3333333333333333||{}|0` },
    ] as const
  ).map((tags, i) => ({
    traceId: 'f0f0f0f0f0f0f0f0',
    id: `00000000000000${(i + 16).toString(16)}`,
    name: `status ${i}`,
    timestamp: Number(startMicros),
    localEndpoint: { serviceName: 'shop' },
    tags,
  })),
  {
    traceId: 'abc',
    id: 'a1',
    name: 'scoped',
    timestamp: Number(startMicros),
    duration: 3,
    kind: 'PRODUCER',
    localEndpoint: { serviceName: 'scoped' },
    tags: {
      'otel.library.name': 'lib',
      'otel.library.version': '2',
      'host.name': 'web-1',
      'otlp.service.name.source': 'faas.name',
      'process.pid': '5',
    },
  },
];

const endpoint = (name: string, ipv4 = 0x0a000001, port = 8080): ThriftValue => struct({ 1: i32(ipv4), 2: i16(port), 3: string(name) });
const annotation = (micros: bigint, value: string, host?: ThriftValue): ThriftValue =>
  struct({ 1: i64(micros), 2: string(value), 3: host });
const binaryAnnotation = (key: string, value: Uint8Array | string, type: number, host?: ThriftValue): ThriftValue =>
  struct({ 1: string(key), 2: string(value), 3: i32(type), 4: host });
const bigEndian = (size: number, value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes.subarray(8 - size);
};
const half = Buffer.alloc(8);
half.writeDoubleBE(0.5);

const v1Thrift = binary(
  list('struct', [
    struct({
      1: i64(5n),
      3: string('rpc'),
      4: i64(6n),
      5: i64(7n),
      6: list('struct', [
        annotation(startMicros, 'sr', endpoint('shop')),
        annotation(startMicros + 10n, 'ss', endpoint('shop')),
        annotation(startMicros + 5n, 'half way'),
      ]),
      8: list('struct', [
        binaryAnnotation('bool', Uint8Array.of(1), 0),
        binaryAnnotation('bytes', Uint8Array.of(1, 2), 1),
        binaryAnnotation('i16', bigEndian(2, 5n), 2),
        binaryAnnotation('i32', bigEndian(4, -5n), 3),
        binaryAnnotation('i64', bigEndian(8, -5n), 4),
        binaryAnnotation('double', half, 5),
        binaryAnnotation('short', Uint8Array.of(1), 5),
        binaryAnnotation('http.status_code', '500', 6),
        binaryAnnotation('odd', 'x', 9),
      ]),
      9: bool(true),
      10: i64(startMicros),
      11: i64(10n),
      12: i64(99n),
    }),
    struct({
      1: i64(5n),
      3: string('local'),
      4: i64(8n),
      6: list('struct', [annotation(startMicros, 'note')]),
      8: list('struct', [binaryAnnotation('lc', 'batcher', 6), binaryAnnotation('error', 'boom', 6)]),
    }),
  ]),
);

const v1Json = JSON.stringify([
  {
    traceId,
    id: '1111111111111111',
    parentId: '2222222222222222',
    name: 'rpc',
    timestamp: Number(startMicros),
    duration: 10,
    debug: true,
    annotations: [
      { timestamp: Number(startMicros), value: 'cs', endpoint: { serviceName: 'web', ipv4: '10.0.0.2', port: 1 } },
      { timestamp: Number(startMicros) + 10, value: 'cr', endpoint: { serviceName: 'web', ipv4: '10.0.0.2', port: 1 } },
      { timestamp: Number(startMicros) + 4, value: 'retry' },
    ],
    binaryAnnotations: [
      { key: 'http.status_code', value: '404' },
      { key: 'n', value: '5' },
      { key: 'sa', value: 'true', endpoint: { serviceName: 'db' } },
    ],
  },
  {
    traceId: '00000000000000ff',
    id: '3333333333333333',
    name: 'census',
    annotations: [{ timestamp: Number(startMicros), value: 'mr', endpoint: { serviceName: 'queue' } }],
    binaryAnnotations: [
      { key: 'census.status_code', value: '5' },
      { key: 'census.status_description', value: 'not found' },
      { key: 'lc', value: 'component' },
    ],
  },
]);

const args = struct({ 1: thriftBatch(jaegerBatch) });
const ownProcess = jaegerBatch.spans.map((span) => ({ ...protoSpan(span), process: protoProcess('own', { x: 'y' }) }));

/** What is sent to both programs: the number of spans, and how. */
const deliveries: Readonly<Record<string, readonly [spans: number, send: (to: Program) => Promise<unknown>, answer: unknown]>> = {
  'Jaeger over gRPC': [spanCount, ({ grpc }) => call(grpc, postSpans(jaegerBatch)), { code: 0, message: '' }],
  'Jaeger over gRPC, spans with processes': [
    spanCount,
    ({ grpc }) => call(grpc, postSpansRequest({ spans: ownProcess, process: protoProcess('shop') })),
    { code: 0, message: '' },
  ],
  'Jaeger over HTTP': [spanCount, ({ http }) => post(`${http}/api/traces`, binary(thriftBatch(jaegerBatch)), 'application/x-thrift'), 202],
  'Jaeger over UDP, compact': [spanCount, (to) => sendUdp(to.compact, compactCall('emitBatch', args)), undefined],
  'Jaeger over UDP, binary': [spanCount, (to) => sendUdp(to.binary, binaryCall('emitBatch', args)), undefined],
  'Zipkin v2 JSON': [
    zipkinSpans.length,
    ({ zipkin }) => post(`${zipkin}/api/v2/spans`, JSON.stringify(zipkinSpans), 'application/json'),
    202,
  ],
  'Zipkin v2 protobuf': [
    zipkinSpans.length,
    ({ zipkin }) => post(`${zipkin}/api/v2/spans`, protoSpans(zipkinSpans), 'application/x-protobuf'),
    202,
  ],
  'Zipkin v1 JSON': [2, ({ zipkin }) => post(`${zipkin}/api/v1/spans`, v1Json, 'application/json'), 202],
  'Zipkin v1 Thrift': [2, ({ zipkin }) => post(`${zipkin}/api/v1/spans`, v1Thrift, 'application/x-thrift'), 202],
};

describe('a real Collector makes the same OTLP of', () => {
  let ours: Program;
  let theirs: Program;
  let millrace: Millrace;
  let otelcol: Otelcol;

  beforeAll(async () => {
    const us = await prepare();
    const them = await prepare();
    ours = us.program;
    theirs = them.program;
    millrace = await runConfig(us.config);
    otelcol = await startOtelcol(them.config);
  });

  afterAll(async () => {
    await otelcol.stop();
    expect(await millrace.stop()).toBe(0);
    await ours.witness.close();
    await theirs.witness.close();
  });

  it.each(Object.entries(deliveries))('%s', async (_name, [spans, send, answer]) => {
    expect(await send(theirs)).toEqual(answer);
    expect(await send(ours)).toEqual(answer);
    const expected = await theirs.take(spans);
    expect(expected).toHaveLength(spans);
    expect(await ours.take(spans)).toEqual(expected);
  });
});
