import {
  FakeClock,
  configOf,
  exampleRequest,
  exampleBatch,
  exporterContract,
  itemNames,
  settle,
  systemClock,
  testContext,
  testHost,
} from '@millrace/api/testing';
import { encodeStatus } from '@millrace/transport';
import type { Signal } from '@millrace/wire';
import * as grpc from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type Http2Server, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, connect as connectTcp, createServer as createTcpServer } from 'node:net';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { factory } from '../src/index.ts';

interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The frame as it was sent: 5 bytes and the message. */
  readonly frame: Buffer;
}

/** A gRPC destination on a local port that keeps what it accepts. */
class Destination {
  readonly accepted: Received[] = [];
  readonly sessions = new Set<ServerHttp2Session>();
  behave: (request: Received, stream: ServerHttp2Stream) => void = (request, stream) => this.accept(request, stream);
  readonly #server: Http2Server = createServer();

  constructor() {
    this.#server.on('session', (session) => {
      this.sessions.add(session.on('error', () => {}));
      session.on('close', () => this.sessions.delete(session));
    });
    this.#server.on('stream', (stream: ServerHttp2Stream, headers) => {
      const chunks: Buffer[] = [];
      stream.on('error', () => {});
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        // A stream that was lost ends, too.
        if (!stream.destroyed && stream.session !== undefined)
          this.behave({ path: headers[':path']!, headers, frame: Buffer.concat(chunks) }, stream);
      });
    });
  }

  accept(request: Received, stream: ServerHttp2Stream, response: Buffer = Buffer.alloc(0)): void {
    this.accepted.push(request);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(response.length, 1);
    stream.end(Buffer.concat([prefix, response]));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async listen(port = 0): Promise<this> {
    await new Promise<void>((resolve) => void this.#server.listen(port, '127.0.0.1', resolve));
    return this;
  }

  async close(): Promise<void> {
    for (const session of this.sessions) session.destroy();
    await new Promise((resolve) => void this.#server.close(resolve));
  }
}

const plain = ({ headers, frame }: Received): Buffer =>
  headers['grpc-encoding'] === 'gzip' ? gunzipSync(frame.subarray(5)) : frame.subarray(5);
/** What arrived, once each: an attempt whose answer was lost is made again. */
const names = (requests: readonly Received[]): string[] => [...new Set(itemNames(requests.map(plain)))].sort();
const refuse =
  (code: number, more: Record<string, string> = {}) =>
  (_request: unknown, stream: ServerHttp2Stream): void =>
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': String(code), 'grpc-message': 'no', ...more },
      { endStream: true },
    );

let destination: Destination;

beforeEach(async () => {
  destination = await new Destination().listen();
});

afterEach(() => destination.close());

const off = { enabled: false };
const direct = { sending_queue: off, retry_on_failure: off };
const quick = { initial_interval: '1ms', max_interval: '5ms' };

async function start(
  settings: object,
  { signal = 'traces' as Signal, clock = systemClock as FakeClock | typeof systemClock, extensions = new Map<string, unknown>() } = {},
) {
  const context = testContext({ id: 'otlp_grpc', kind: 'exporter', signal, clock, program: { name: 'millrace', version: '1.2.3' } });
  const host = testHost(undefined, extensions);
  const stage = factory.create(
    configOf(factory, { endpoint: `127.0.0.1:${destination.port}`, tls: { insecure: true }, ...settings }),
    context,
  );
  await stage.start!(host);
  const offer = async (items = 10, first = 0): Promise<void> => {
    const batch = exampleBatch(host.pool, signal, items, first);
    try {
      await stage.consume(batch);
    } finally {
      batch.release();
    }
  };
  const stop = async (): Promise<void> => {
    await stage.shutdown!(new AbortController().signal);
    expect({ held: context.items.held, leased: host.memory.accounted }).toEqual({ held: 0, leased: 0 });
  };
  return { context, host, stage, offer, stop };
}

async function outcomeOf(behave: Destination['behave'], settings: object = {}) {
  destination.behave = behave;
  const exporter = await start({ ...direct, ...settings });
  const error: unknown = await exporter.offer().catch((reason: unknown) => reason);
  await exporter.stop();
  return { error, context: exporter.context };
}

describe('auth of otlp_grpc', () => {
  const badge = (requiresTls: boolean) => ({
    requiresTls,
    authorize: (headers: Map<string, string>) => void headers.set('authorization', 'Bearer good'),
  });
  const auth = { authenticator: 'badge' };

  it('adds the credentials of the extension to each request', async () => {
    const exporter = await start({ ...direct, auth }, { extensions: new Map([['badge', badge(false)]]) });
    await exporter.offer();
    await exporter.stop();
    expect(destination.accepted.map((request) => request.headers['authorization'])).toEqual(['Bearer good']);
  });

  it('does not start when secrets would travel in plaintext, or without the extension', async () => {
    await expect(start({ auth }, { extensions: new Map([['badge', badge(true)]]) })).rejects.toThrow(
      'the credentials require transport level security',
    );
    await expect(start({ auth })).rejects.toThrow('failed to resolve authenticator "badge": authenticator not found');
  });
});

exporterContract({ describe, it, expect }, factory, async () => {
  const here = await new Destination().listen();
  return {
    config: configOf(factory, { endpoint: `http://127.0.0.1:${here.port}` }),
    receivedItems: () => itemNames(here.accepted.map(plain)).length,
    close: () => here.close(),
  };
});

/** A server of @grpc/grpc-js that keeps the requests for logs. */
async function grpcServer(options: grpc.ServerOptions = {}): Promise<{ port: number; received: Buffer[]; server: grpc.Server }> {
  const server = new grpc.Server(options);
  const bytes = (value: Buffer): Buffer => value;
  const path = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
  const received: Buffer[] = [];
  const method = { path, requestStream: false, responseStream: false } as const;
  server.addService(
    { Export: { ...method, requestDeserialize: bytes, requestSerialize: bytes, responseDeserialize: bytes, responseSerialize: bytes } },
    {
      Export: (call: grpc.ServerUnaryCall<Buffer, Buffer>, callback: grpc.sendUnaryData<Buffer>) => {
        received.push(call.request);
        callback(null, Buffer.alloc(0));
      },
    } as grpc.UntypedServiceImplementation,
  );
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  return { port, received, server };
}

describe('exporter otlp_grpc', () => {
  it.each([
    ['traces', '/opentelemetry.proto.collector.trace.v1.TraceService/Export'],
    ['metrics', '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export'],
    ['logs', '/opentelemetry.proto.collector.logs.v1.LogsService/Export'],
    ['profiles', '/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export'],
  ] as const)('calls the service of %s with the batch as it is', async (signal, path) => {
    const exporter = await start({ ...direct, compression: 'none' }, { signal });
    await exporter.offer();
    await exporter.stop();
    const [request] = destination.accepted;
    expect(request).toMatchObject({ path });
    expect(request!.frame.subarray(5)).toEqual(exampleRequest(signal, 10));
    expect(request!.headers).toMatchObject({
      ':scheme': 'http',
      ':authority': `127.0.0.1:${destination.port}`,
      'user-agent': expect.stringMatching(/^millrace\/1\.2\.3 \(\w+\/\w+\)$/),
      'grpc-timeout': '5000m',
    });
    expect(exporter.context.items).toMatchObject({ absorbed: 10, dropped: {} });
  });

  it.each(['http://', 'dns:///', 'passthrough:///'])('understands an endpoint with %s', async (prefix) => {
    const exporter = await start({ ...direct, endpoint: `${prefix}127.0.0.1:${destination.port}` });
    await exporter.offer();
    await exporter.stop();
    expect(destination.accepted).toHaveLength(1);
  });

  it('sends headers, authority and user agent as configured', async () => {
    const exporter = await start({ ...direct, headers: { 'X-Tenant': 'a', te: 'gzip' }, authority: 'shop.example', user_agent: 'mine' });
    await exporter.offer();
    await exporter.stop();
    expect(destination.accepted[0]!.headers).toMatchObject({
      'x-tenant': 'a',
      te: 'trailers',
      ':authority': 'shop.example',
      'user-agent': 'mine',
    });
  });

  it.each([
    ['gzip', gunzipSync],
    ['zstd', zstdDecompressSync],
    ['none', (bytes: Buffer) => bytes],
    ['', (bytes: Buffer) => bytes],
  ] as const)('compresses with "%s"', async (compression, unpack) => {
    const exporter = await start({ ...direct, compression });
    await exporter.offer();
    await exporter.stop();
    const [request] = destination.accepted;
    expect(request!.frame[0]).toBe(compression === 'none' || compression === '' ? 0 : 1);
    expect(unpack(request!.frame.subarray(5))).toEqual(exampleRequest('traces', 10));
  });

  it('sends snappy', async () => {
    const exporter = await start({ ...direct, compression: 'snappy' });
    await exporter.offer(1000);
    await exporter.stop();
    const [request] = destination.accepted;
    expect(request!.headers['grpc-encoding']).toBe('snappy');
    expect(request!.frame.subarray(9, 15).toString()).toBe('sNaPpY');
    expect(request!.frame.length).toBeLessThan(exampleRequest('traces', 1000).length / 2);
  });

  it.each([
    ['127.0.0.1', false],
    ['https://127.0.0.1', true],
  ])('speaks TLS to %s with insecure %s', async (host, insecure) => {
    const greetings: number[] = [];
    const server = createTcpServer((socket) =>
      socket
        .on('error', () => {})
        .once('data', (bytes) => {
          greetings.push(bytes[0] as number);
          socket.destroy();
        }),
    );
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const exporter = await start({ ...direct, endpoint: `${host}:${(server.address() as AddressInfo).port}`, tls: { insecure } });
    await expect(exporter.offer()).rejects.toMatchObject({ kind: 'retryable', grpcCode: 14 });
    await exporter.stop();
    server.close();
    const tlsHandshake = 0x16;
    expect(greetings).toEqual([tlsHandshake]);
  });

  it('does not start with an authority file that cannot be read', async () => {
    await expect(start({ tls: { ca_file: '/nowhere/ca.pem' } })).rejects.toThrow(/^failed to load TLS config: .*\/nowhere\/ca\.pem/);
  });

  it('delivers to a server of @grpc/grpc-js', async () => {
    const { port, received, server } = await grpcServer();
    const exporter = await start({ endpoint: `127.0.0.1:${port}` }, { signal: 'logs' });
    for (let i = 0; i < 20; i++) await exporter.offer(10, i * 10);
    await exporter.stop();
    server.forceShutdown();
    expect(itemNames(received).sort()).toEqual(itemNames([exampleRequest('logs', 200)]));
  });

  it('sends in parts what a server finds too large', async () => {
    const { port, received, server } = await grpcServer({ 'grpc.max_receive_message_length': 1000 });
    const exporter = await start({ endpoint: `127.0.0.1:${port}`, compression: 'none' }, { signal: 'logs' });
    await exporter.offer(100);
    await exporter.stop();
    server.forceShutdown();
    expect(received.length).toBeGreaterThan(1);
    expect(itemNames(received)).toEqual(itemNames([exampleRequest('logs', 100)]));
    expect(exporter.context.items).toMatchObject({ absorbed: 100, dropped: {} });
  });

  it.each([
    [1, 'retryable'],
    [2, 'permanent'],
    [3, 'permanent'],
    [4, 'retryable'],
    [5, 'permanent'],
    [7, 'permanent'],
    [8, 'permanent'],
    [10, 'retryable'],
    [11, 'retryable'],
    [12, 'permanent'],
    [13, 'permanent'],
    [14, 'retryable'],
    [15, 'retryable'],
    [16, 'permanent'],
    [99, 'permanent'],
  ])('takes code %d for a %s error', async (code, kind) => {
    const { error } = await outcomeOf(refuse(code));
    expect(error).toMatchObject({
      kind,
      grpcCode: code,
      retryAfterMs: undefined,
      message: expect.stringMatching(/^rpc error: code = .* desc = no$/),
    });
  });

  it('retries ResourceExhausted when the destination says when', async () => {
    const details = (retryAfterMs: number): Record<string, string> => ({
      'grpc-status-details-bin': encodeStatus({ code: 8, message: 'no', retryAfterMs }).toString('base64'),
    });
    expect((await outcomeOf(refuse(8, details(1500)))).error).toMatchObject({ kind: 'retryable', retryAfterMs: 1500 });
    expect((await outcomeOf(refuse(8, details(0)))).error).toMatchObject({ kind: 'retryable', retryAfterMs: undefined });
    expect((await outcomeOf(refuse(14, details(2000)))).error).toMatchObject({ kind: 'retryable', retryAfterMs: 2000 });
  });

  it('counts what a partial success rejects', async () => {
    const response = Buffer.from([0x0a, 9, 0x08, 3, 0x12, 5, ...Buffer.from('stale')]);
    const { error, context } = await outcomeOf((request, stream) => destination.accept(request, stream, response));
    expect(error).toBeUndefined();
    expect(context.items).toMatchObject({ absorbed: 7, dropped: { partial_success: 3 } });
    expect(context.lines).toEqual([
      { level: 'warn', message: 'Partial success response', attributes: { message: 'stale', dropped_spans: 3 } },
    ]);
  });

  it('takes a response that cannot be read for a permanent error', async () => {
    const { error } = await outcomeOf((request, stream) => destination.accept(request, stream, Buffer.from([0x0a, 99])));
    expect(error).toMatchObject({ kind: 'permanent', grpcCode: 13 });
  });

  it('ends a call after its timeout', async () => {
    const { error } = await outcomeOf(() => {}, { timeout: '20ms' });
    expect(error).toMatchObject({
      kind: 'retryable',
      grpcCode: 4,
      message: 'rpc error: code = DeadlineExceeded desc = context deadline exceeded',
    });
  });

  it.each([
    [{ time: '12s', timeout: '3s', permit_without_stream: true }, 15_000, true],
    [{ time: '1s', timeout: '3s', permit_without_stream: true }, 12_900, false],
    [{ time: '12s', timeout: '3s', permit_without_stream: false }, 60_000, false],
    [{ time: '12s', timeout: '30s', permit_without_stream: true }, 41_900, false],
  ])('with keepalive %j gives up a silent connection within %d ms: %s', async (keepalive, waitMs, givesUp) => {
    let closed = false;
    let fallSilent = (): void => {};
    const proxy = createTcpServer((socket) => {
      const upstream = connectTcp(destination.port, '127.0.0.1').on('error', () => {});
      socket
        .on('error', () => {})
        .pipe(upstream)
        .pipe(socket);
      socket.on('close', () => ((closed = true), upstream.destroy()));
      fallSilent = () => void socket.unpipe().resume();
    });
    await new Promise<void>((resolve) => void proxy.listen(0, '127.0.0.1', resolve));
    const clock = new FakeClock();
    const exporter = await start({ ...direct, endpoint: `127.0.0.1:${(proxy.address() as AddressInfo).port}`, keepalive }, { clock });
    await exporter.offer();
    fallSilent();
    await clock.advance(waitMs);
    expect(closed).toBe(givesUp);
    await exporter.stop();
    proxy.close();
  });
});

describe('a destination of otlp_grpc', () => {
  const misbehaviours: [string, Destination['behave']][] = [
    ['is unavailable', refuse(14)],
    ['resets streams', (_request, stream) => stream.close(2)],
    ['refuses streams', (_request, stream) => stream.close(7)],
    ['loses connections', (_request, stream) => stream.session!.destroy()],
    [
      'goes away gracefully',
      (_request, stream) => {
        stream.session!.close();
        refuse(14)(undefined, stream);
      },
    ],
    ['goes away with an error', (_request, stream) => stream.session!.goaway(2)],
    ['hangs', () => {}],
    ['forgets its trailers', (_request, stream) => stream.respond({ ':status': 200 }, { endStream: true })],
    [
      'breaks off in the middle of a response',
      (_request, stream) => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
        stream.write(Buffer.alloc(3), () => stream.session?.destroy());
      },
    ],
  ];

  it.each(misbehaviours)('that %s for a while gets every item in the end', async (_name, misbehave) => {
    let calls = 0;
    destination.behave = (request, stream) => {
      if (calls++ % 5 < 3) misbehave(request, stream);
      else destination.accept(request, stream);
    };
    const exporter = await start({ timeout: '100ms', retry_on_failure: quick, sending_queue: { num_consumers: 3 } });
    for (let i = 0; i < 30; i++) await exporter.offer(10, i * 10);
    while (exporter.context.items.held > 0) await settle();
    await exporter.stop();
    expect(names(destination.accepted)).toEqual(itemNames([exampleRequest('traces', 300)]));
    expect(exporter.context.items).toMatchObject({ absorbed: 300, dropped: {} });
  });

  it('that comes up later gets every item', async () => {
    const { port } = destination;
    const clock = new FakeClock();
    const exporter = await start({}, { clock });
    await destination.close();
    for (let i = 0; i < 20; i++) await exporter.offer(10, i * 10);
    await clock.advance(3000);
    expect(exporter.context.lines[0]!.attributes!['error']).toMatch(/code = Unavailable desc = connection error: .*ECONNREFUSED/);
    destination = await new Destination().listen(port);
    await clock.advance(30_000);
    while (exporter.context.items.held > 0) await clock.advance(1000);
    await exporter.stop();
    expect(names(destination.accepted)).toEqual(itemNames([exampleRequest('traces', 200)]));
  });

  it('that refuses for good costs a counted drop', async () => {
    destination.behave = refuse(3);
    const exporter = await start({});
    await exporter.offer();
    await exporter.stop();
    expect(exporter.context.items).toMatchObject({ absorbed: 0, dropped: { permanent: 10 } });
  });
});
