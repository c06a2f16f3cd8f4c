import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BatchBuilder, BufferPool, MemoryLedger, type PlainAttributes } from '@millrace/wire';
import { freePorts, type Millrace, post, runConfig } from '../harness.ts';
import { type Jaeger, type JaegerTag, type JaegerTrace, startJaeger } from './jaeger.ts';

const pool = new BufferPool(new MemoryLedger(64 * 1024 * 1024));
const startNano = 1_790_000_000_123_456_000n;

/** A trace with everything that Jaeger can show, as an OTLP request. The first byte of its trace id makes it one of its own. */
function exampleTrace(service: string, mark: string): Buffer {
  const traceId = `${mark}112233445566778899aabbccddeeff`;
  const builder = new BatchBuilder('traces', pool);
  const resource: PlainAttributes = { 'service.name': service, 'host.name': 'web-1', pid: 4711n, list: ['a', 1n, true] };
  const scope = builder.resource(resource).scope('checkout', '1.2.3');
  scope.span({
    traceId,
    spanId: '1111111111111111',
    name: 'GET /cart',
    kind: 2,
    startTimeUnixNano: startNano,
    endTimeUnixNano: startNano + 2_500_000n,
    traceState: 'a=b',
    attributes: {
      text: 'äöü',
      int: -5n,
      double: 0.25,
      bool: true,
      bytes: Uint8Array.of(1, 2, 255),
      map: { z: 1n, a: ['x', 0.5] },
      empty: '',
    },
    events: [
      { timeUnixNano: startNano + 1_000_000n, name: 'cache miss', attributes: { key: 'k', hit: false } },
      { timeUnixNano: startNano + 2_000_000n, attributes: { event: 'named by attribute' } },
    ],
  });
  scope.span({
    traceId,
    spanId: '2222222222222222',
    parentSpanId: '1111111111111111',
    name: 'charge',
    kind: 3,
    startTimeUnixNano: startNano + 10_000n,
    endTimeUnixNano: startNano + 20_000n,
    status: { code: 2, message: 'card declined' },
    links: [
      { traceId: 'ff'.repeat(16), spanId: 'ee'.repeat(8) },
      { traceId: 'dd'.repeat(16), spanId: 'cc'.repeat(8), attributes: { 'opentracing.ref_type': 'child_of' } },
    ],
  });
  builder
    .resource({ ...resource, 'host.name': 'web-2' })
    .scope()
    .span({
      traceId,
      spanId: '3333333333333333',
      name: 'other host',
      kind: 1,
      startTimeUnixNano: startNano,
      endTimeUnixNano: startNano,
      status: { code: 1 },
    });
  builder
    .resource(resource)
    .scope()
    .span({
      traceId,
      spanId: '4444444444444444',
      name: 'same resource again',
      startTimeUnixNano: startNano,
      endTimeUnixNano: startNano + 1n,
    });
  const batch = builder.finish()!;
  const bytes = Buffer.from(batch.bytes);
  batch.release();
  return bytes;
}

const byKey = (tags: readonly JaegerTag[]): JaegerTag[] =>
  tags.filter(({ key }) => key !== 'internal.span.format').toSorted((a, b) => (a.key < b.key ? -1 : 1));

/** What Jaeger shows of a service, in an order of its own and without what differs by how it came. */
function shown(traces: readonly JaegerTrace[], service: string, mark: string): unknown {
  expect(traces).toHaveLength(1);
  const [{ traceID, spans, processes }] = traces as [JaegerTrace];
  expect(traceID.startsWith(mark)).toBe(true);
  const withoutMark = (id: string): string => (id === traceID ? 'this trace' : id);
  return spans
    .map((span) => {
      const { serviceName, tags } = processes[span.processID]!;
      expect(serviceName).toBe(service);
      return {
        process: byKey(tags),
        span: span.spanID,
        name: span.operationName,
        startTime: span.startTime,
        duration: span.duration,
        references: span.references.map((reference) => ({ ...reference, traceID: withoutMark(reference.traceID) })),
        tags: byKey(span.tags),
        logs: span.logs.map(({ timestamp, fields }) => ({ timestamp, fields: byKey(fields) })),
      };
    })
    .toSorted((a, b) => (a.span < b.span ? -1 : 1));
}

/** How a trace gets from millrace to Jaeger: the name of the exporter, and its settings for a given Jaeger. */
const ways: Readonly<Record<string, (jaeger: Jaeger) => object>> = {
  otlp: ({ otlpGrpc }) => ({ endpoint: otlpGrpc, tls: { insecure: true } }),
  otlphttp: ({ otlpHttp }) => ({ endpoint: otlpHttp }),
  jaeger: ({ grpc }) => ({ endpoint: grpc, tls: { insecure: true } }),
  'jaeger/gzip': ({ grpc }) => ({ endpoint: `http://${grpc}`, compression: 'gzip' }),
  zipkin: ({ zipkin }) => ({ endpoint: `${zipkin}/api/v2/spans` }),
  'zipkin/proto': ({ zipkin }) => ({ endpoint: `${zipkin}/api/v2/spans`, format: 'proto' }),
};
const names = Object.keys(ways);

describe('a real Jaeger', () => {
  let jaeger: Jaeger;
  let millrace: Millrace;
  let ports: number[];

  beforeAll(async () => {
    ports = await freePorts(names.length);
    jaeger = await startJaeger();
    millrace = await runConfig({
      receivers: Object.fromEntries(names.map((_, i) => [`otlp/${i}`, { protocols: { http: { endpoint: `127.0.0.1:${ports[i]}` } } }])),
      exporters: Object.fromEntries(names.map((name) => [name, ways[name]!(jaeger)])),
      service: {
        telemetry: { metrics: { level: 'none' } },
        pipelines: Object.fromEntries(names.map((name, i) => [`traces/${i}`, { receivers: [`otlp/${i}`], exporters: [name] }])),
      },
    });
  });

  afterAll(async () => {
    try {
      expect(await millrace.stop()).toBe(0);
    } finally {
      await jaeger.stop();
    }
  });

  const memory = new Map<string, Promise<readonly JaegerTrace[]>>();

  /** Sends the example through one exporter, once; what Jaeger has then. */
  async function sent(name: string): Promise<{ traces: readonly JaegerTrace[]; shown: unknown }> {
    const i = names.indexOf(name);
    const service = `shop-${i}`;
    const mark = `a${i}`;
    const send = async (): Promise<readonly JaegerTrace[]> => {
      expect((await post(ports[i]!, 'traces', exampleTrace(service, mark))).status).toBe(200);
      return jaeger.traces(service, 4);
    };
    if (!memory.has(name)) memory.set(name, send());
    const traces = await memory.get(name)!;
    return { traces, shown: name.startsWith('zipkin') ? undefined : shown(traces, service, mark) };
  }

  it('shows what came over OTLP', async () => {
    const { shown: overGrpc } = await sent('otlp');
    const { shown: overHttp } = await sent('otlphttp');
    expect(overHttp).toEqual(overGrpc);
    expect(overGrpc).toMatchObject([
      {
        span: '1111111111111111',
        name: 'GET /cart',
        startTime: Number(startNano / 1000n),
        duration: 2500,
        process: expect.arrayContaining([{ key: 'host.name', type: 'string', value: 'web-1' }]),
        tags: expect.arrayContaining([
          { key: 'text', type: 'string', value: 'äöü' },
          { key: 'span.kind', type: 'string', value: 'server' },
        ]),
      },
      {
        span: '2222222222222222',
        tags: expect.arrayContaining([
          { key: 'error', type: 'bool', value: true },
          { key: 'otel.status_description', type: 'string', value: 'card declined' },
        ]),
      },
      { span: '3333333333333333' },
      { span: '4444444444444444' },
    ]);
  });

  it.each(['jaeger', 'jaeger/gzip'])('shows the same, field by field, for what came from exporter %s', async (name) => {
    const { shown: expected } = await sent('otlp');
    const { shown: found } = await sent(name);
    expect(found).toEqual(expected);
  });

  it.each(['zipkin', 'zipkin/proto'])('finds what came from exporter %s', async (name) => {
    const { traces } = await sent(name);
    const [{ spans }] = traces as [JaegerTrace];
    const span = spans.find(({ spanID }) => spanID === '2222222222222222')!;
    expect(span).toMatchObject({
      operationName: 'charge',
      startTime: Number((startNano + 10_000n) / 1000n),
      duration: 10,
      references: [
        { refType: 'CHILD_OF', spanID: '1111111111111111' },
        { refType: 'FOLLOWS_FROM', traceID: 'ff'.repeat(16), spanID: 'ee'.repeat(8) },
        { refType: 'CHILD_OF', traceID: 'dd'.repeat(16), spanID: 'cc'.repeat(8) },
      ],
    });
    const tags = Object.fromEntries(span.tags.map(({ key, value }) => [key, value]));
    expect(tags).toMatchObject({
      'otel.status_description': 'card declined',
      'otel.status_code': 'ERROR',
      'span.kind': 'client',
    });
    expect(spans).toHaveLength(4);
  });
});
