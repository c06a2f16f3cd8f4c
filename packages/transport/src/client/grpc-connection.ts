import type { Clock, Timer } from '@millrace/api';
import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { grpcCode } from '../server/rpc-status.ts';
import { GrpcCall } from './grpc-call.ts';
import type { ClientTls } from '../tls/client-tls.ts';
import { GrpcError } from './grpc-error.ts';
import type { GrpcTarget } from './grpc-target.ts';
import { openTunnel } from './proxy.ts';

/** When to ask an HTTP/2 connection whether it still lives (configgrpc `keepalive`). */
export interface KeepaliveOptions {
  /** A ping is sent after each such time. */
  readonly timeMs: number;
  /** The connection is given up when the answer takes longer. */
  readonly timeoutMs: number;
  /** Also ask while no call runs. */
  readonly permitWithoutStream: boolean;
}

/** What a connection needs to know. */
export interface GrpcConnectionOptions {
  readonly target: GrpcTarget;
  readonly tls: ClientTls | undefined;
  readonly proxy: URL | undefined;
  readonly keepalive: KeepaliveOptions | undefined;
  readonly clock: Clock;
}

/** gRPC gives a connection attempt, up to the destination's HTTP/2 settings, this long. */
const connectTimeoutMs = 20_000;

/** A connection that does not answer a ping within this time after a call went wrong is given up. */
const probeTimeoutMs = 2000;

/** Room for responses: the connection's and each stream's receive window. */
const windowBytes = 1024 * 1024;

/** One HTTP/2 connection to a gRPC server. */
export class GrpcConnection {
  readonly #socket: Socket | TLSSocket;
  readonly #session: ClientHttp2Session;
  readonly #clock: Clock;
  #lastProcessedStream = Number.MAX_SAFE_INTEGER;
  #calls = 0;
  #keepaliveTimer: Timer | undefined;

  private constructor(socket: Socket | TLSSocket, session: ClientHttp2Session, clock: Clock) {
    this.#socket = socket;
    this.#session = session;
    this.#clock = clock;
    session.on('goaway', (_code: number, lastStreamId: number) => {
      this.#lastProcessedStream = lastStreamId;
    });
    session.on('close', () => this.#keepaliveTimer?.cancel());
  }

  /** Connects; resolves when the destination has shown that it speaks HTTP/2. */
  static async open({ target, tls, keepalive, clock, proxy }: GrpcConnectionOptions): Promise<GrpcConnection> {
    const tunnel = proxy === undefined ? undefined : await openTunnel(proxy, target.authority, connectTimeoutMs);
    return new Promise((resolve, reject) => {
      const socket = openSocket(target, tls, tunnel);
      let connection: GrpcConnection | undefined;
      const fail = (error: Error): void => {
        timer.cancel();
        connection?.destroy();
        socket.destroy();
        reject(error);
      };
      const timer = clock.setTimeout(() => fail(new Error('i/o timeout')), connectTimeoutMs);
      socket.on('error', fail);
      socket.once('close', () => fail(new Error('connection closed before the server preface was received')));
      // The session is made on a connection that stands: one that is destroyed while it waits for that would crash the process.
      const connected = (): void => {
        if ('alpnProtocol' in socket && socket.alpnProtocol !== 'h2') {
          return fail(new Error('credentials: cannot check peer: missing selected ALPN property'));
        }
        const session = connectHttp2(`${tls === undefined ? 'http' : 'https'}://millrace.invalid`, {
          createConnection: () => socket,
          settings: { enablePush: false, initialWindowSize: windowBytes },
          maxSessionMemory: 1000,
          maxOutstandingPings: 1000,
        });
        const opened = new GrpcConnection(socket, session, clock);
        connection = opened;
        session.on('error', fail);
        session.once('remoteSettings', () => {
          timer.cancel();
          session.setLocalWindowSize(windowBytes);
          if (keepalive !== undefined) opened.#keepAlive(keepalive);
          resolve(opened);
        });
      };
      if (tls === undefined && tunnel !== undefined) connected();
      else socket.once(tls === undefined ? 'connect' : 'secureConnect', connected);
    });
  }

  /** Whether new calls can be made: neither broken nor told to go away. */
  get usable(): boolean {
    return !this.#session.closed && !this.#session.destroyed;
  }

  /** Makes one call; see `GrpcClient.unary`. */
  async call(headers: Record<string, string>, content: Buffer, compressed: boolean, signal: AbortSignal): Promise<Buffer> {
    const call = new GrpcCall(this.#request(headers), signal);
    const abort = (): void => {
      call.cancel();
      // When the connection is stuck, the cancelling is stuck too, until the probe gives it up.
      void this.#probe();
    };
    this.#calls++;
    signal.addEventListener('abort', abort, { once: true });
    try {
      await call.run(content, compressed);
      // Bytes that were not written yet are given up, but the connection may still refer to them.
      if (!call.written) await this.#probe();
      return call.result((id) => id > this.#lastProcessedStream);
    } finally {
      signal.removeEventListener('abort', abort);
      this.#calls--;
    }
  }

  #request(headers: Record<string, string>): ClientHttp2Stream {
    try {
      return this.#session.request(headers, { endStream: false });
    } catch (error) {
      throw new GrpcError(grpcCode.unavailable, (error as Error).message, { unprocessed: true, cause: error });
    }
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.#keepaliveTimer?.cancel();
    this.#session.destroy();
    this.#socket.destroy();
  }

  /** Asks for a sign of life. Afterwards nothing that was written before is referred to any more: it has left, or the connection is gone. */
  #probe(timeoutMs: number = probeTimeoutMs): Promise<void> {
    return new Promise((resolve) => {
      let timer: Timer | undefined;
      const answered = (error: Error | null): void => {
        timer?.cancel();
        if (error !== null) this.destroy();
        resolve();
      };
      const silent = new Error('no answer to a ping');
      if (this.#session.destroyed || !this.#session.ping(answered)) answered(silent);
      else timer = this.#clock.setTimeout(() => answered(silent), timeoutMs);
    });
  }

  #keepAlive(options: KeepaliveOptions): void {
    this.#keepaliveTimer = this.#clock.setTimeout(() => {
      const asked = this.#calls > 0 || options.permitWithoutStream ? this.#probe(options.timeoutMs) : Promise.resolve();
      void asked.then(() => {
        if (!this.#session.destroyed) this.#keepAlive(options);
      });
    }, options.timeMs);
  }
}

function openSocket(target: GrpcTarget, tls: ClientTls | undefined, tunnel: Socket | undefined): Socket | TLSSocket {
  const address = target.address;
  if (tls === undefined) return tunnel ?? ('path' in address ? connectTcp(address) : connectTcp({ ...address, noDelay: true }));
  const name = 'host' in address && isIP(address.host) === 0 ? { servername: address.host } : {};
  const below = tunnel === undefined ? address : { ...address, socket: tunnel };
  return connectTls({ ...below, ...name, ...tls.connectionOptions(), ALPNProtocols: ['h2'] }).setNoDelay(true);
}
