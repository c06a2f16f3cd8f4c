import type { ClientAuthenticator, Clock } from '@millrace/api';
import { type Client, noClient } from '@millrace/wire';
import { grpcCode } from '../server/rpc-status.ts';
import type { ClientTls } from '../tls/client-tls.ts';
import { abortable } from './abortable.ts';
import { type Compressor, createCompressor } from './compressor.ts';
import { GrpcConnection, type GrpcConnectionOptions, type KeepaliveOptions } from './grpc-connection.ts';
import { GrpcError } from './grpc-error.ts';
import type { GrpcTarget } from './grpc-target.ts';
import { plainError } from './plain-error.ts';
import { traceHeaders } from './trace-headers.ts';

/** Makes unary calls to one destination, over one connection that is made anew when it breaks. */
export interface GrpcClient {
  /**
   * Sends a message and resolves with the response's message. Rejects with a `GrpcError`, or with the reason of `signal` when that aborts.
   * `timeoutMs` only tells the destination how long the caller waits (0: nothing); cutting the call off is the signal's business. The
   * message is read until the promise settles, and not a moment longer. `client` is who sent the data, for the authenticator.
   */
  unary(path: string, message: Buffer, timeoutMs: number, signal: AbortSignal, client?: Client): Promise<Buffer>;
  /** Closes the connection, and `tls`; calls that still run fail. Safe twice. */
  close(): void;
}

/** Settings of a `GrpcClient`, named after the Collector's configgrpc. */
export interface GrpcClientOptions {
  readonly target: GrpcTarget;
  /** Absent: plaintext. */
  readonly tls?: ClientTls | undefined;
  /** Adds credentials to each call. */
  readonly authenticator?: ClientAuthenticator | undefined;
  /** An HTTP proxy to connect through; its URL may carry a user and password. */
  readonly proxy?: URL | undefined;
  readonly compression: 'none' | 'gzip' | 'snappy' | 'zstd';
  /** Sent with every call unless the client sets the header itself; values of names that end in `-bin` are bytes. */
  readonly headers: Readonly<Record<string, string>>;
  readonly userAgent: string;
  /** `:authority`, instead of the target's. */
  readonly authority?: string;
  readonly keepalive?: KeepaliveOptions;
  readonly clock: Clock;
}

/** As in gRPC's connection backoff, but never longer than 20 s: a destination that is back should not wait for minutes. */
const backoff = { firstMs: 1000, factor: 1.6, longestMs: 20_000, jitter: 0.2 };

/** A request that the destination has certainly not looked at is offered this many times. */
const offers = 3;

class Http2GrpcClient implements GrpcClient {
  readonly #options: GrpcConnectionOptions;
  readonly #headers: Record<string, string>;
  readonly #authenticator: ClientAuthenticator | undefined;
  readonly #compress: Compressor | undefined;
  #connection: GrpcConnection | undefined;
  #connecting: Promise<GrpcConnection> | undefined;
  #failure: GrpcError | undefined;
  #failures = 0;
  #nextAttemptAt = 0;
  #closed = false;

  constructor(options: GrpcClientOptions) {
    const { target, tls, keepalive, clock, proxy } = options;
    this.#options = { target, keepalive, clock, proxy, tls };
    this.#authenticator = options.authenticator;
    // In gRPC, "snappy" is the framing format.
    this.#compress = createCompressor(options.compression === 'snappy' ? 'x-snappy-framed' : options.compression);
    this.#headers = {
      ':method': 'POST',
      ':scheme': tls === undefined ? 'http' : 'https',
      ':authority': options.authority ?? target.authority,
      'content-type': 'application/grpc',
      te: 'trailers',
      'user-agent': options.userAgent,
      ...(options.compression === 'none' ? {} : { 'grpc-encoding': options.compression }),
    };
    for (const [name, value] of Object.entries(options.headers)) {
      const key = name.toLowerCase();
      if (!key.startsWith(':')) this.#headers[key] ??= key.endsWith('-bin') ? Buffer.from(value).toString('base64') : value;
    }
  }

  async unary(path: string, message: Buffer, timeoutMs: number, signal: AbortSignal, client: Client = noClient): Promise<Buffer> {
    const compressed = this.#compress?.(message);
    const content = compressed === undefined ? message : compressed instanceof Buffer ? compressed : await compressed;
    const headers: Record<string, string> = { ...this.#headers, ':path': path, ...traceHeaders() };
    if (timeoutMs > 0) headers['grpc-timeout'] = grpcTimeout(timeoutMs);
    const authenticator = this.#authenticator;
    if (authenticator === undefined) return this.#call(headers, content, compressed !== undefined, signal);
    for (let first = true; ; first = false) {
      const authorized = await abortable(authorize(authenticator, headers, client), signal);
      try {
        return await this.#call(Object.fromEntries(authorized), content, compressed !== undefined, signal);
      } catch (error) {
        const refused = error instanceof GrpcError && error.code === grpcCode.unauthenticated;
        if (!first || !refused || authenticator.rejected?.(authorized) !== true) throw error;
      }
    }
  }

  async #call(headers: Record<string, string>, content: Buffer, compressed: boolean, signal: AbortSignal): Promise<Buffer> {
    for (let offer = 1; ; offer++) {
      const connection = await this.#connected(signal);
      try {
        return await connection.call(headers, content, compressed, signal);
      } catch (error) {
        if (!(error instanceof GrpcError && error.unprocessed) || offer === offers || signal.aborted) throw error;
      }
    }
  }

  close(): void {
    this.#closed = true;
    this.#options.tls?.close();
    this.#connection?.destroy();
    // One that is still being made is destroyed as soon as it stands.
    this.#connecting?.then(
      (connection) => connection.destroy(),
      () => {},
    );
  }

  /** The connection, made now when there is none; fails at once while the pause after a failed attempt lasts. */
  #connected(signal: AbortSignal): GrpcConnection | Promise<GrpcConnection> {
    signal.throwIfAborted();
    if (this.#closed) throw new GrpcError(grpcCode.cancelled, 'grpc: the client connection is closing');
    if (this.#connection?.usable === true) return this.#connection;
    if (this.#connecting === undefined) {
      if (this.#failure !== undefined && this.#options.clock.now() < this.#nextAttemptAt) throw this.#failure;
      this.#connecting = this.#connect();
    }
    return abortable(this.#connecting, signal);
  }

  async #connect(): Promise<GrpcConnection> {
    try {
      this.#connection = await GrpcConnection.open(this.#options);
      this.#failure = undefined;
      this.#failures = 0;
      return this.#connection;
    } catch (error) {
      const reason = plainError(error as Error).message;
      const jitter = 1 + backoff.jitter * (2 * Math.random() - 1);
      const pauseMs = Math.min(backoff.firstMs * backoff.factor ** this.#failures++, backoff.longestMs) * jitter;
      this.#nextAttemptAt = this.#options.clock.now() + pauseMs;
      this.#failure = new GrpcError(
        grpcCode.unavailable,
        `connection error: desc = "transport: Error while dialing: dial ${this.#options.target.authority}: ${reason}"`,
        { cause: error },
      );
      throw this.#failure;
    } finally {
      this.#connecting = undefined;
    }
  }
}

/** The headers of one call with its credentials. Without credentials there is nothing to send: that may pass. */
async function authorize(
  authenticator: ClientAuthenticator,
  headers: Readonly<Record<string, string>>,
  client: Client,
): Promise<Map<string, string>> {
  const map = new Map(Object.entries(headers));
  try {
    await authenticator.authorize(map, client);
    return map;
  } catch (error) {
    throw new GrpcError(grpcCode.unavailable, `transport: per-RPC creds failed due to error: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** At most 8 digits and a unit (gRPC over HTTP2, "Timeout"). */
function grpcTimeout(timeoutMs: number): string {
  const whole = Math.ceil(timeoutMs);
  return whole < 1e8 ? `${whole}m` : `${Math.min(Math.ceil(whole / 1000), 99_999_999)}S`;
}

/** Makes the client on `node:http2`. Connects with the first call. */
export function createGrpcClient(options: GrpcClientOptions): GrpcClient {
  return new Http2GrpcClient(options);
}
