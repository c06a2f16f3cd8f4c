import {
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from 'node:http2';
import type { Socket } from 'node:net';
import type { AuthData, ServerAuthenticator } from '@millrace/api';
import type { BufferPool } from '@millrace/wire';
import type { ServerTls } from '../tls/server-tls.ts';
import { listen, type Transport } from './endpoint.ts';
import { GrpcCall, type GrpcCallSettings, type GrpcMethod } from './grpc-call.ts';
import { GrpcConnection, type GrpcKeepalive } from './grpc-connection.ts';
import type { Server } from './http-server.ts';
import type { Refusals } from './refusals.ts';
import { grpcCode, type RpcStatus } from './rpc-status.ts';
import { countTlsFaults } from './tls-faults.ts';

/** How a gRPC server listens and what it accepts: `configgrpc` of the Collector. */
export interface GrpcServerSettings {
  /** `host:port`, or the path of a Unix socket. */
  readonly endpoint: string;
  readonly transport: Transport;
  /** Largest message, compressed and decompressed. */
  readonly maxReceiveMessageBytes: number;
  /** Calls that a connection may have open at a time. */
  readonly maxConcurrentStreams: number;
  /** Whether request metadata becomes client metadata. */
  readonly includeMetadata: boolean;
  readonly keepalive: GrpcKeepalive;
  /** Absent: plaintext. The server closes it when it stops. */
  readonly tls?: ServerTls | undefined;
  /** Who checks the callers. Absent: nobody does. */
  readonly authenticator?: ServerAuthenticator | undefined;
  /** Where clients that are turned away are counted. Absent: nowhere. */
  readonly refusals?: Refusals | undefined;
}

/** Bytes that a client may send ahead, per connection and per call: 64 KiB, the default, would make it wait for us within a request. */
const receiveWindowBytes = 16 * 1024 * 1024;
/** What the settings of HTTP/2 announce by default; node:http2 does not hold clients to it. */
const maxHeaderBytes = 65_535;
/** Deadlines are looked at this often while calls that have one are open; a timer each would cost more than it is worth. */
const deadlineTickMs = 20;
/** A client that has not shown by then that it speaks HTTP/2 is disconnected, as in gRPC. */
const prefaceTimeoutMs = 120_000;
const connectionOf: unique symbol = Symbol('connection');
type TrackedSession = ServerHttp2Session & { [connectionOf]?: GrpcConnection };
const ignore = (): void => undefined;

/** A gRPC server over HTTP/2 for calls with one message from the client; the key of a method is its path, such as `/package.Service/Method`. */
export function createGrpcServer(settings: GrpcServerSettings, methods: ReadonlyMap<string, GrpcMethod>, pool: BufferPool): Server {
  return new NodeGrpcServer(settings, methods, pool);
}

class NodeGrpcServer implements Server {
  readonly #settings: GrpcServerSettings;
  readonly #methods: ReadonlyMap<string, GrpcMethod>;
  readonly #call: GrpcCallSettings;
  readonly #services: ReadonlySet<string>;
  readonly #connections = new Set<GrpcConnection>();
  /** Every connection, including those that have not become HTTP/2. */
  readonly #sockets = new Set<Socket>();
  readonly #server: Http2Server;
  #ticking = false;
  #stopped: Promise<void> | undefined;

  constructor(settings: GrpcServerSettings, methods: ReadonlyMap<string, GrpcMethod>, pool: BufferPool) {
    this.#settings = settings;
    this.#methods = methods;
    this.#services = new Set([...methods.keys()].map((path) => path.slice(1, path.lastIndexOf('/'))));
    this.#call = { pool, maxMessageBytes: settings.maxReceiveMessageBytes, includeMetadata: settings.includeMetadata };
    const { tls, refusals } = settings;
    const options: ServerOptions = {
      maxSessionMemory: 64,
      settings: { initialWindowSize: receiveWindowBytes, maxConcurrentStreams: settings.maxConcurrentStreams, enablePush: false },
    };
    if (tls === undefined) this.#server = createServer(options);
    else {
      const server = createSecureServer({ ...options, ...tls.options, ALPNProtocols: ['h2'] });
      countTlsFaults(server, refusals);
      server.on('connection', (socket: Socket) => {
        this.#sockets.add(socket);
        socket.on('close', () => this.#sockets.delete(socket));
      });
      server.on('unknownProtocol', (socket: Socket) => {
        refusals?.count('malformed', socket.remoteAddress, 'the client did not ask for h2 in the TLS handshake');
        socket.destroy();
      });
      this.#server = server as unknown as Http2Server;
    }
    this.#server.on('session', (session) => this.#connected(session));
    this.#server.on('stream', (stream, headers, _flags, rawHeaders) => {
      this.#called(stream as ServerHttp2Stream, headers, rawHeaders as unknown as string[]);
    });
    // What a session reports here (not HTTP/2, broken frames) node:http2 has answered with GOAWAY already.
    this.#server.on('sessionError', (error: NodeJS.ErrnoException, session: ServerHttp2Session) => {
      if (error.code !== 'ECONNRESET') refusals?.count('malformed', addressOf(session), error.message);
    });
  }

  async start(): Promise<string> {
    const { endpoint, transport, tls } = this.#settings;
    try {
      const bound = await listen(this.#server, endpoint, transport);
      tls?.keepUpToDate(this.#server);
      return bound;
    } catch (error) {
      tls?.close();
      throw error;
    }
  }

  stop(signal: AbortSignal): Promise<void> {
    this.#stopped ??= this.#stop(signal);
    return this.#stopped;
  }

  async #stop(signal: AbortSignal): Promise<void> {
    this.#settings.tls?.close();
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const connection of this.#connections) connection.drain();
    const cutOff = (): void => {
      for (const connection of this.#connections) connection.destroy();
      for (const socket of this.#sockets) socket.destroy();
    };
    if (signal.aborted) cutOff();
    signal.addEventListener('abort', cutOff, { once: true });
    await closed;
    signal.removeEventListener('abort', cutOff);
  }

  #connected(session: TrackedSession): void {
    session.setLocalWindowSize(receiveWindowBytes);
    const connection = new GrpcConnection(session, this.#settings.keepalive);
    session[connectionOf] = connection;
    this.#connections.add(connection);
    const preface = setTimeout(() => {
      this.#settings.refusals?.count('timeout', connection.client.address, 'no HTTP/2 settings in time');
      connection.destroy();
    }, prefaceTimeoutMs).unref();
    session.once('remoteSettings', () => clearTimeout(preface));
    session.on('close', () => {
      clearTimeout(preface);
      this.#connections.delete(connection);
    });
  }

  #called(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: readonly string[]): void {
    stream.on('error', ignore);
    const connection = (stream.session as TrackedSession | undefined)?.[connectionOf];
    if (connection === undefined) return;
    const path = headers[':path'] ?? '';
    const method = this.#methods.get(path);
    const timeout = headers['grpc-timeout'];
    const timeoutMs = timeout === undefined ? Infinity : parseTimeout(timeout as string);
    const encoding = headers['grpc-encoding'] as string | undefined;
    const deadline = timeoutMs === Infinity ? Infinity : performance.now() + (timeoutMs ?? 0);
    const call = new GrpcCall(this.#call, connection, method ?? nowhere, stream, rawHeaders, encoding, deadline);
    if (sizeOf(rawHeaders) > maxHeaderBytes) {
      this.#settings.refusals?.count('headers_too_large', connection.client.address, `more than ${maxHeaderBytes} bytes`);
      call.fail({ code: grpcCode.resourceExhausted, message: `header list size exceeds the maximum size (${maxHeaderBytes} bytes)` });
    } else if (headers[':method'] !== 'POST') {
      call.fail(
        { code: grpcCode.internal, message: `Received a HEADERS frame with :method "${headers[':method']}" which should be POST` },
        405,
      );
    } else if (!/^application\/grpc(\+proto)?($|;)/.test(headers['content-type'] ?? '')) {
      call.fail({ code: grpcCode.internal, message: `invalid gRPC request content-type "${headers['content-type'] ?? ''}"` }, 415);
    } else if (method === undefined) call.fail(this.#unimplemented(path));
    else if (timeoutMs === undefined) call.fail({ code: grpcCode.internal, message: `malformed grpc-timeout: "${timeout as string}"` });
    else {
      if (deadline !== Infinity) this.#watch(connection, call);
      if (this.#settings.authenticator === undefined) call.read();
      else this.#authenticate(this.#settings.authenticator, call, headers);
    }
  }

  #authenticate(authenticator: ServerAuthenticator, call: GrpcCall, headers: IncomingHttpHeaders): void {
    const refused = (error: unknown): void => {
      const message = error instanceof Error ? error.message : String(error);
      this.#settings.refusals?.count('unauthenticated', call.client.address, message);
      call.fail({ code: grpcCode.unauthenticated, message });
    };
    let data: AuthData | Promise<AuthData>;
    try {
      data = authenticator.authenticate(headers);
    } catch (error) {
      return refused(error);
    }
    if (data instanceof Promise) data.then((found) => call.read(found), refused);
    else call.read(data);
  }

  #unimplemented(path: string): RpcStatus {
    const slash = path.lastIndexOf('/');
    const service = path.slice(1, Math.max(slash, 1));
    const message =
      slash < 1
        ? `malformed method name: "${path}"`
        : this.#services.has(service)
          ? `unknown method ${path.slice(slash + 1)} for service ${service}`
          : `unknown service ${service}`;
    return { code: grpcCode.unimplemented, message };
  }

  #watch(connection: GrpcConnection, call: GrpcCall): void {
    connection.calls.add(call);
    if (this.#ticking) return;
    this.#ticking = true;
    setTimeout(() => this.#tick(), deadlineTickMs).unref();
  }

  #tick(): void {
    const now = performance.now();
    let open = 0;
    for (const connection of this.#connections) {
      for (const call of connection.calls) {
        if (call.deadline <= now) {
          connection.calls.delete(call);
          call.fail({ code: grpcCode.deadlineExceeded, message: 'context deadline exceeded' });
        } else open++;
      }
    }
    this.#ticking = open > 0;
    if (this.#ticking) setTimeout(() => this.#tick(), deadlineTickMs).unref();
  }
}

function sizeOf(rawHeaders: readonly string[]): number {
  let size = 0;
  for (let i = 0; i < rawHeaders.length; i++) size += rawHeaders[i]!.length;
  return size;
}

function addressOf(session: ServerHttp2Session): string | undefined {
  return (session as TrackedSession)[connectionOf]?.client.address;
}

const nowhere: GrpcMethod = { receive: (_call, message) => message.release() };

const unitMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** `grpc-timeout`: up to eight digits and a unit; `undefined` when malformed. */
function parseTimeout(text: string): number | undefined {
  const unit = unitMs[text[text.length - 1] ?? ''];
  const amount = text.slice(0, -1);
  return unit === undefined || !/^\d{1,8}$/.test(amount) ? undefined : Number(amount) * unit;
}
