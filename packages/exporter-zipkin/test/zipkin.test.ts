import { PipelineError } from '@millrace/api';
import { configOf, exampleBatch, exporterContract, itemNames, systemClock, testContext, testHost } from '@millrace/api/testing';
import { type Batch, BatchBuilder, type BufferPool, type PlainAttributes, type SpanInput } from '@millrace/wire';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { exampleTrace, traceId } from '../../trace-format/test/example-trace.ts';
import { zipkinProto } from '../../trace-format/test/zipkin-model.ts';
import { factory } from '../src/index.ts';
import { Destination, type Received } from '../../trace-format/test/http-destination.ts';

let destination: Destination;

beforeEach(async () => {
  destination = await new Destination().listen();
});

afterEach(() => destination.close());

const off = { enabled: false };
const direct = { sending_queue: off, retry_on_failure: off };

async function start(settings: object = {}) {
  const context = testContext({ id: 'zipkin', kind: 'exporter', signal: 'traces', clock: systemClock });
  const host = testHost();
  const stage = factory.create(configOf(factory, { endpoint: `${destination.url}/api/v2/spans`, ...direct, ...settings }), context);
  await stage.start!(host);
  const send = async (make: (pool: BufferPool) => Batch = exampleTrace): Promise<void> => {
    using batch = make(host.pool);
    await stage.consume(batch);
  };
  const stop = async (): Promise<void> => {
    await stage.shutdown!(new AbortController().signal);
    expect({ held: context.items.held, leased: host.memory.accounted }).toEqual({ held: 0, leased: 0 });
  };
  return { context, send, stop };
}

for (const format of ['json', 'proto']) {
  describe(`as ${format}`, () => {
    exporterContract({ describe, it, expect }, factory, async () => {
      const here = await new Destination().listen();
      return {
        config: configOf(factory, { endpoint: here.url, format }),
        receivedItems: () => itemNames(here.accepted.map(({ body }) => body)).length,
        close: () => here.close(),
      };
    });
  });
}

type Span = Record<string, unknown> & { tags: Record<string, string> };

const jsonSpans = ({ body }: Received): Span[] => JSON.parse(body.toString()) as Span[];

/** The spans of a ListOfSpans as protobufjs reads it, bytes as hex. */
function protoSpansOf({ body }: Received): Span[] {
  const type = zipkinProto.lookupType('ListOfSpans');
  const { spans } = type.toObject(type.decode(body), { longs: String, bytes: String }) as { spans: Span[] };
  return spans.map((span) =>
    Object.fromEntries(
      Object.entries(span).map(([key, value]) => [
        key,
        /^(trace|parent)?id$/i.test(key) ? Buffer.from(value as string, 'base64').toString('hex') : value,
      ]),
    ),
  ) as Span[];
}

/** Sends one span as JSON; what arrives. */
async function sent(span: SpanInput, resource: PlainAttributes = {}, settings: object = {}): Promise<Span> {
  const exporter = await start(settings);
  await exporter.send((pool) => {
    const builder = new BatchBuilder('traces', pool);
    builder
      .resource(resource)
      .scope()
      .span({ traceId, spanId: '1111111111111111', ...span });
    return builder.finish()!;
  });
  await exporter.stop();
  return jsonSpans(destination.accepted.at(-1)!)[0]!;
}

const sharedTags = { 'host.name': 'web-1', 'otel.library.name': 'lib', 'otel.library.version': '1.2', own: 'scope', pid: '4711' };
const firstTags = {
  ...sharedTags,
  bool: 'true',
  bytes: 'Af8=',
  double: '0.25',
  int: '-5',
  long: 'x'.repeat(100),
  map: '{"a":["x",0.5,null,"AQ==",null],"z":1}',
  no: 'false',
  nothing: '',
  odd: 'json: unsupported value: +Inf',
  text: 'äöü',
  'w3c.tracestate': 'a=b',
};
const secondTags = {
  ...sharedTags,
  error: 'true',
  'http.response.status_code': '402',
  'http.status_code': '402',
  'otel.status_code': 'STATUS_CODE_ERROR',
  'otel.status_description': 'declined',
  'otlp.link.0': `${'ff'.repeat(16)}|${'ee'.repeat(8)}|x=y|{"k":"v"}|1`,
  'otlp.link.1': `${traceId}|1111111111111111||{"opentracing.ref_type":"follows_from"}|0`,
  'otlp.link.2': `${'dd'.repeat(16)}|${'cc'.repeat(8)}||{"opentracing.ref_type":"child_of"}|0`,
};
const thirdTags = { 'otel.status_code': 'STATUS_CODE_OK', 'span.kind': 'internal' };

describe('exporter zipkin', () => {
  it('sends JSON with everything that Zipkin knows of a span', async () => {
    const exporter = await start();
    await exporter.send();
    await exporter.stop();
    const [request] = destination.accepted;
    expect(request).toMatchObject({ url: '/api/v2/spans', headers: { 'content-type': 'application/json' } });
    expect(jsonSpans(request!)).toEqual([
      {
        traceId,
        id: '1111111111111111',
        name: 'get /cart',
        kind: 'SERVER',
        timestamp: 1_790_000_000_123_457,
        duration: 2500,
        localEndpoint: { serviceName: 'shop', ipv4: '10.0.0.1', port: 8080 },
        annotations: [
          { timestamp: 1_790_000_000_123_458, value: 'cache miss|{"key":"k"}|2' },
          { timestamp: 1_790_000_000_123_459, value: 'bare' },
          { timestamp: 1_790_000_000_123_460, value: 'hidden|{"event":"shown"}|0' },
        ],
        tags: firstTags,
      },
      {
        traceId,
        id: '2222222222222222',
        parentId: '1111111111111111',
        name: 'charge',
        kind: 'CLIENT',
        timestamp: 1_790_000_000_123_457,
        duration: 1,
        localEndpoint: { serviceName: 'shop' },
        remoteEndpoint: { serviceName: 'bank', ipv6: '2001:db8::1', port: 443 },
        tags: secondTags,
      },
      {
        traceId,
        id: '3333333333333333',
        timestamp: 1_790_000_000_123_457,
        localEndpoint: { serviceName: '<missing service name>' },
        tags: thirdTags,
      },
    ]);
    expect(exporter.context.items).toMatchObject({ absorbed: 3, dropped: {} });
  });

  it('sends the same as protobuf', async () => {
    const exporter = await start({ format: 'proto', compression: 'gzip' });
    await exporter.send();
    await exporter.stop();
    const [request] = destination.accepted;
    expect(request!.headers['content-type']).toBe('application/x-protobuf');
    expect(protoSpansOf(request!)).toEqual([
      {
        traceId,
        id: '1111111111111111',
        name: 'GET /Cart',
        kind: 2,
        timestamp: '1790000000123457',
        duration: '2500',
        localEndpoint: { serviceName: 'shop', ipv4: 'CgAAAQ==', port: 8080 },
        annotations: [
          { timestamp: '1790000000123458', value: 'cache miss|{"key":"k"}|2' },
          { timestamp: '1790000000123459', value: 'bare' },
          { timestamp: '1790000000123460', value: 'hidden|{"event":"shown"}|0' },
        ],
        tags: firstTags,
      },
      {
        traceId,
        id: '2222222222222222',
        parentId: '1111111111111111',
        name: 'charge',
        kind: 1,
        timestamp: '1790000000123457',
        duration: '1',
        localEndpoint: { serviceName: 'shop' },
        remoteEndpoint: { serviceName: 'bank', ipv6: 'IAENuAAAAAAAAAAAAAAAAQ==', port: 443 },
        tags: secondTags,
      },
      {
        traceId,
        id: '3333333333333333',
        timestamp: '1790000000123457',
        localEndpoint: { serviceName: '<missing service name>' },
        tags: thirdTags,
      },
    ]);
  });

  it.each([
    ['service.name', { 'service.name': 'A', 'faas.name': 'f' }, 'a', { 'faas.name': 'f' }],
    [
      'faas.name',
      { 'faas.name': 'f', 'k8s.deployment.name': 'd' },
      'f',
      { 'k8s.deployment.name': 'd', 'otlp.service.name.source': 'faas.name' },
    ],
    ['k8s.deployment.name', { 'k8s.deployment.name': 'd' }, 'd', { 'otlp.service.name.source': 'k8s.deployment.name' }],
    ['process.executable.name', { 'process.executable.name': 'p' }, 'p', { 'otlp.service.name.source': 'process.executable.name' }],
  ])('finds the service in %s', async (_name, resource, serviceName, tags) => {
    expect(await sent({}, resource)).toMatchObject({ localEndpoint: { serviceName }, tags });
  });

  it('default_service_name', async () => {
    expect(await sent({}, { other: 'x' }, { default_service_name: 'nobody' })).toMatchObject({ localEndpoint: { serviceName: 'nobody' } });
    expect((await sent({}, {}, { default_service_name: '' }))['localEndpoint']).toBeUndefined();
  });

  it('format', async () => {
    expect(factory.validateConfig!(configOf(factory, { endpoint: 'http://localhost:9411', format: 'proto' }))).toEqual([]);
    expect(await sent({ name: 'JSON' }, {}, { format: 'json' })).toMatchObject({ name: 'json' });
  });

  it('keeps tags that no endpoint takes up', async () => {
    const attributes = {
      'network.peer.address': 'db.example',
      'net.peer.port': 5432n,
      'net.host.port': 'http',
      'peer.service': 'db',
      error: 'no',
    };
    const span = await sent({ attributes }, { 'service.name': 's', 'cloud.resource_id': 'arn' });
    expect(span).toMatchObject({
      remoteEndpoint: { serviceName: 'db', port: 5432 },
      tags: { 'network.peer.address': 'db.example', 'net.host.port': 'http', 'faas.id': 'arn' },
    });
    expect(Object.keys(span.tags)).not.toContain('error');
  });

  it('shortens trace ids of 64 bits, and leaves times out that are not known', async () => {
    const span = await sent({ traceId: '0000000000000000f0f0f0f0f0f0f0f0' });
    expect(span).toEqual({ traceId: 'f0f0f0f0f0f0f0f0', id: '1111111111111111', localEndpoint: { serviceName: '<missing service name>' } });
  });

  it('leaves out and counts spans without ids', async () => {
    const exporter = await start();
    const make =
      (spans: readonly SpanInput[]) =>
      (pool: BufferPool): Batch => {
        const builder = new BatchBuilder('traces', pool);
        const scope = builder.resource().scope();
        for (const span of spans) scope.span(span);
        return builder.finish()!;
      };
    await exporter.send(make([{ spanId: '1111111111111111' }, { traceId, spanId: '2222222222222222' }, { traceId }]));
    expect(jsonSpans(destination.accepted[0]!)).toHaveLength(1);
    expect(exporter.context.items).toMatchObject({ absorbed: 1, dropped: { partial_success: 2 } });
    await expect(exporter.send(make([{ traceId }]))).rejects.toMatchObject({ kind: 'permanent' });
    await exporter.stop();
  });

  it.each([
    [400, 'permanent'],
    [404, 'permanent'],
    [408, 'retryable'],
    [429, 'retryable'],
    [500, 'retryable'],
    [503, 'retryable'],
  ])('takes status %d for a %s error', async (status, kind) => {
    destination.refuse(status, { 'retry-after': '2' });
    const exporter = await start();
    const error: unknown = await exporter.send().catch((reason: unknown) => reason);
    await exporter.stop();
    expect(error).toBeInstanceOf(PipelineError);
    expect(error).toMatchObject({
      kind,
      message: `failed the request with status code ${status}`,
      retryAfterMs: kind === 'retryable' ? 2000 : undefined,
    });
  });

  it('halves what is too large', async () => {
    destination.behave = (request, response) =>
      request.body.length > 2000 ? response.writeHead(413).end() : destination.accept(request, response);
    const exporter = await start({ sending_queue: {} });
    await exporter.send((pool) => exampleBatch(pool, 'traces', 20));
    await exporter.stop();
    expect(destination.accepted.flatMap(jsonSpans)).toHaveLength(20);
  });

  it('takes a destination that cannot be reached for a temporary failure', async () => {
    const exporter = await start({ timeout: '1s' });
    await destination.close();
    await expect(exporter.send()).rejects.toMatchObject({
      kind: 'retryable',
      message: expect.stringMatching(/^failed to push trace data via Zipkin exporter: /),
    });
    await exporter.stop();
    destination = await new Destination().listen();
  });

  it('does not send before it is started', async () => {
    const context = testContext({ id: 'zipkin', kind: 'exporter', signal: 'traces', clock: systemClock });
    const stage = factory.create(configOf(factory, { endpoint: destination.url, ...direct }), context);
    using batch = exampleBatch(testHost().pool, 'traces', 1);
    await expect(stage.consume(batch)).rejects.toMatchObject({ kind: 'retryable', message: 'zipkin exporter not started' });
  });
});

describe('the configuration of exporter zipkin', () => {
  it("has the Collector's defaults", () => {
    expect(configOf(factory, {})).toMatchObject({
      format: 'json',
      compression: '',
      timeout: '5s',
      default_service_name: '<missing service name>',
    });
  });

  it.each([
    [{}, ['endpoint must be specified']],
    [{ endpoint: 'localhost:9411' }, ['endpoint must be a valid URL']],
    [{ endpoint: 'http://localhost:9411/api/v2/spans' }, []],
    [{ endpoint: 'http://localhost:9411', timeout: '-1s' }, [`'timeout' must be non-negative`]],
  ])('%j has the problems %j', (settings, problems) => {
    expect(factory.validateConfig!(configOf(factory, settings))).toEqual(problems);
  });
});
