import { createServer, type Http2Server, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { PipelineError } from '@millrace/api';
import { configOf, exampleBatch, exporterContract, itemNames, systemClock, testContext, testHost } from '@millrace/api/testing';
import { encodeStatus } from '@millrace/transport';
import { type Batch, BatchBuilder, type BufferPool } from '@millrace/wire';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { exampleTrace, startNano, traceId } from '../../trace-format/test/example-trace.ts';
import { jaegerProto } from '../../trace-format/test/jaeger-model.ts';
import { factory } from '../src/index.ts';

interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly message: Buffer;
}

/** A collector on a local port that keeps what it accepts. */
class Collector {
  readonly accepted: Received[] = [];
  behave: (request: Received, stream: ServerHttp2Stream) => void = (request, stream) => this.accept(request, stream);
  readonly #server: Http2Server = createServer();

  constructor() {
    this.#server.on('session', (session) => session.on('error', () => {}));
    this.#server.on('stream', (stream: ServerHttp2Stream, headers) => {
      const chunks: Buffer[] = [];
      stream.on('error', () => {});
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const frame = Buffer.concat(chunks);
        const message = headers['grpc-encoding'] === 'gzip' ? gunzipSync(frame.subarray(5)) : frame.subarray(5);
        this.behave({ path: headers[':path']!, headers, message }, stream);
      });
    });
  }

  accept(request: Received, stream: ServerHttp2Stream): void {
    this.accepted.push(request);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(Buffer.alloc(5));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => void this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

const refuse =
  (code: number, message = 'no', more: Record<string, string> = {}) =>
  (_request: unknown, stream: ServerHttp2Stream): void =>
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': String(code), 'grpc-message': message, ...more },
      { endStream: true },
    );

/** A request as protobufjs reads it: 64-bit numbers as text, bytes as hex, defaults left out. */
function decoded({ message }: Received): { batch: { spans: Record<string, unknown>[]; process: Record<string, unknown> } } {
  const type = jaegerProto.lookupType('PostSpansRequest');
  const plain = type.toObject(type.decode(message), { longs: String, bytes: Buffer });
  const hex = (value: unknown): unknown => {
    if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
    if (Array.isArray(value)) return value.map(hex);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, hex(inner)]));
  };
  return hex(plain) as never;
}

let collector: Collector;

beforeEach(async () => {
  collector = await new Collector().listen();
});

afterEach(() => collector.close());

const off = { enabled: false };
const direct = { sending_queue: off, retry_on_failure: off };

async function start(settings: object = {}) {
  const context = testContext({ id: 'jaeger', kind: 'exporter', signal: 'traces', clock: systemClock });
  const host = testHost();
  const stage = factory.create(
    configOf(factory, { endpoint: `127.0.0.1:${collector.port}`, tls: { insecure: true }, ...direct, ...settings }),
    context,
  );
  await stage.start!(host);
  const send = async (make: (pool: BufferPool) => Batch = exampleTrace): Promise<void> => {
    using batch = make(host.pool);
    await stage.consume(batch);
  };
  const stop = async (): Promise<void> => {
    await stage.shutdown!(new AbortController().signal);
    expect({ held: context.items.held, leased: host.memory.accounted }).toEqual({ held: 0, leased: 0 });
  };
  return { context, host, send, stop };
}

exporterContract({ describe, it, expect }, factory, async () => {
  const here = await new Collector().listen();
  return {
    config: configOf(factory, { endpoint: `http://127.0.0.1:${here.port}` }),
    receivedItems: () => itemNames(here.accepted.map(({ message }) => message)).length,
    close: () => here.close(),
  };
});

/** Spans of so many services in turn, each with a name of its own. */
const services =
  (count: number, spans: number, sizeBytes = 0) =>
  (pool: BufferPool): Batch => {
    const builder = new BatchBuilder('traces', pool);
    for (let i = 0; i < spans; i++) {
      builder
        .resource({ 'service.name': `service-${i % count}` })
        .scope()
        .span({ traceId, spanId: '1111111111111111', name: `span-${i}`, attributes: { filler: 'x'.repeat(sizeBytes) } });
    }
    return builder.finish()!;
  };

const spanNames = (requests: readonly Received[]): string[] =>
  requests.flatMap((request) => decoded(request).batch.spans.map(({ operationName }) => operationName as string));

const text = (key: string, vStr: string): object => (vStr === '' ? { key } : { key, vStr });

describe('exporter jaeger', () => {
  it('sends each process in a request of its own, with everything that Jaeger knows of a span', async () => {
    const exporter = await start();
    await exporter.send();
    await exporter.stop();
    const start_ = { seconds: '1790000000', nanos: 123_456_789 };
    expect(collector.accepted.map(({ path }) => path)).toEqual(
      Array.from({ length: 2 }, () => '/jaeger.api_v2.CollectorService/PostSpans'),
    );
    expect(collector.accepted.map(decoded)).toEqual([
      {
        batch: {
          process: { serviceName: 'shop', tags: [text('host.name', 'web-1'), { key: 'pid', vType: 2, vInt64: '4711' }] },
          spans: [
            {
              traceId,
              spanId: '1111111111111111',
              operationName: 'GET /Cart',
              startTime: start_,
              duration: { nanos: 2_500_000 },
              tags: [
                text('otel.scope.name', 'lib'),
                text('otel.scope.version', '1.2'),
                text('text', 'äöü'),
                text('long', 'x'.repeat(100)),
                { key: 'int', vType: 2, vInt64: '-5' },
                { key: 'double', vType: 3, vFloat64: 0.25 },
                { key: 'bool', vType: 1, vBool: true },
                { key: 'no', vType: 1 },
                { key: 'bytes', vType: 4, vBinary: '01ff' },
                text('map', '{"a":["x",0.5,null,"AQ==",null],"z":1}'),
                text('nothing', ''),
                { key: 'odd', vType: 3, vFloat64: Number.POSITIVE_INFINITY },
                text('network.local.address', '10.0.0.1'),
                { key: 'net.host.port', vType: 2, vInt64: '8080' },
                text('span.kind', 'server'),
                text('w3c.tracestate', 'a=b'),
              ],
              logs: [
                { timestamp: { seconds: '1790000000', nanos: 123_457_789 }, fields: [text('event', 'cache miss'), text('key', 'k')] },
                { timestamp: { seconds: '1790000000', nanos: 123_458_789 }, fields: [text('event', 'bare')] },
                { timestamp: { seconds: '1790000000', nanos: 123_459_789 }, fields: [text('event', 'shown')] },
              ],
            },
            {
              traceId,
              spanId: '2222222222222222',
              operationName: 'charge',
              references: [
                { traceId, spanId: '1111111111111111', refType: 1 },
                { traceId: 'ff'.repeat(16), spanId: 'ee'.repeat(8), refType: 1 },
                { traceId: 'dd'.repeat(16), spanId: 'cc'.repeat(8) },
              ],
              startTime: start_,
              duration: { nanos: 1 },
              tags: [
                text('otel.scope.name', 'lib'),
                text('otel.scope.version', '1.2'),
                text('service.peer.name', 'bank'),
                text('network.peer.address', '2001:db8::1'),
                { key: 'net.peer.port', vType: 2, vInt64: '443' },
                { key: 'http.response.status_code', vType: 2, vInt64: '402' },
                text('span.kind', 'client'),
                text('otel.status_code', 'ERROR'),
                { key: 'error', vType: 1, vBool: true },
                text('otel.status_description', 'declined'),
              ],
            },
          ],
        },
      },
      {
        batch: {
          process: { serviceName: 'OTLPResourceNoServiceName' },
          spans: [
            {
              traceId,
              spanId: '3333333333333333',
              startTime: start_,
              duration: { nanos: -1 },
              tags: [text('span.kind', 'internal'), text('otel.status_code', 'OK')],
            },
          ],
        },
      },
    ]);
    expect(startNano).toBe(1_790_000_000_123_456_789n);
    expect(exporter.context.items).toMatchObject({ absorbed: 3, dropped: {} });
  });

  it('sends ids of zeros where there are none', async () => {
    const exporter = await start();
    await exporter.send((pool) => {
      const builder = new BatchBuilder('traces', pool);
      builder
        .resource({ 'service.name': 's' })
        .scope()
        .span({ name: 'n', links: [{}] });
      return builder.finish()!;
    });
    await exporter.stop();
    const [span] = decoded(collector.accepted[0]!).batch.spans;
    const none = { traceId: '0'.repeat(32), spanId: '0'.repeat(16) };
    expect(span).toMatchObject({ ...none, references: [{ ...none, refType: 1 }] });
  });

  it('sends spans of equal resources together, wherever they stand', async () => {
    const exporter = await start();
    await exporter.send(services(3, 9));
    await exporter.stop();
    expect(collector.accepted).toHaveLength(3);
    expect(spanNames(collector.accepted)).toEqual([0, 3, 6, 1, 4, 7, 2, 5, 8].map((i) => `span-${i}`));
  });

  it('keeps requests below the largest that Jaeger takes', async () => {
    const exporter = await start({ compression: 'gzip' });
    await exporter.send(services(1, 20, 500_000));
    await exporter.stop();
    expect(collector.accepted.map(({ message }) => message.length < 4 * 1024 * 1024)).toEqual([true, true, true]);
    expect(spanNames(collector.accepted)).toEqual(Array.from({ length: 20 }, (_, i) => `span-${i}`));
  });

  it.each([
    [1, 'retryable'],
    [2, 'retryable'],
    [3, 'permanent'],
    [4, 'retryable'],
    [7, 'permanent'],
    [8, 'retryable'],
    [12, 'permanent'],
    [13, 'retryable'],
    [14, 'retryable'],
    [16, 'permanent'],
  ])('takes code %d for a %s error', async (code, kind) => {
    collector.behave = refuse(code);
    const exporter = await start();
    const error: unknown = await exporter.send().catch((reason: unknown) => reason);
    await exporter.stop();
    expect(error).toBeInstanceOf(PipelineError);
    expect(error).toMatchObject({
      kind,
      grpcCode: code,
      message: expect.stringMatching(/^failed to push trace data via Jaeger exporter: rpc error: .*no$/),
    });
  });

  it('waits as long as Jaeger says, and gives up after its timeout', async () => {
    collector.behave = refuse(14, 'no', {
      'grpc-status-details-bin': encodeStatus({ code: 14, message: 'no', retryAfterMs: 1500 }).toString('base64'),
    });
    const exporter = await start({ timeout: '50ms' });
    await expect(exporter.send()).rejects.toMatchObject({ kind: 'retryable', retryAfterMs: 1500 });
    collector.behave = () => {};
    await expect(exporter.send()).rejects.toMatchObject({ kind: 'retryable', grpcCode: 4 });
    await exporter.stop();
  });

  it('sends again only what was not taken', async () => {
    let calls = 0;
    collector.behave = (request, stream) => (++calls === 2 ? refuse(14)(request, stream) : collector.accept(request, stream));
    const exporter = await start({ retry_on_failure: { initial_interval: '1ms', max_interval: '2ms' } });
    await exporter.send(services(3, 9));
    await exporter.stop();
    expect(spanNames(collector.accepted).toSorted()).toEqual(Array.from({ length: 9 }, (_, i) => `span-${i}`));
    expect(exporter.context.items).toMatchObject({ absorbed: 9, dropped: {} });
  });

  it('loses only the process that is refused for good', async () => {
    collector.behave = (request, stream) =>
      request.message.includes('service-1') ? refuse(3)(request, stream) : collector.accept(request, stream);
    const exporter = await start({ sending_queue: {} });
    await exporter.send(services(3, 9));
    await exporter.stop();
    expect(spanNames(collector.accepted)).toEqual([0, 3, 6, 2, 5, 8].map((i) => `span-${i}`));
    expect(exporter.context.items).toMatchObject({ absorbed: 6, dropped: { permanent: 3 } });
  });

  it('halves what is too large, down to the span that is', async () => {
    const tooLarge = (request: Received, stream: ServerHttp2Stream): void =>
      refuse(8, `grpc: received message larger than max (${request.message.length} vs. 1000)`)(request, stream);
    collector.behave = (request, stream) => (request.message.length > 1000 ? tooLarge(request, stream) : collector.accept(request, stream));
    const exporter = await start({ sending_queue: {}, retry_on_failure: { initial_interval: '1ms', max_interval: '2ms' } });
    await exporter.send((pool) => {
      const builder = new BatchBuilder('traces', pool);
      for (let i = 0; i < 8; i++) {
        builder
          .resource({ 'service.name': i < 4 ? 'a' : 'b' })
          .scope()
          .span({
            traceId,
            spanId: '1111111111111111',
            name: `span-${i}`,
            attributes: { filler: 'x'.repeat(i === 2 ? 2000 : i < 4 ? 400 : 0) },
          });
      }
      return builder.finish()!;
    });
    while (exporter.context.items.held > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await exporter.stop();
    expect(spanNames(collector.accepted).toSorted()).toEqual([0, 1, 3, 4, 5, 6, 7].map((i) => `span-${i}`));
    expect(exporter.context.items).toMatchObject({ absorbed: 7, dropped: { permanent: 1 } });
  });

  it('takes batches of the contract’s example', async () => {
    const exporter = await start();
    await exporter.send((pool) => exampleBatch(pool, 'traces', 5));
    await exporter.stop();
    expect(spanNames(collector.accepted)).toHaveLength(5);
  });

  it('does not send before it is started', async () => {
    const context = testContext({ id: 'jaeger', kind: 'exporter', signal: 'traces', clock: systemClock });
    const stage = factory.create(configOf(factory, { endpoint: 'localhost:14250', ...direct }), context);
    using batch = exampleBatch(testHost().pool, 'traces', 1);
    await expect(stage.consume(batch)).rejects.toMatchObject({ kind: 'retryable', message: 'jaeger exporter not started' });
  });
});
