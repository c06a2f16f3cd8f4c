import type { ServerHttp2Session } from 'node:http2';
import type { Client } from '@millrace/wire';
import type { GrpcCall } from './grpc-call.ts';
import { clientAt } from './peer.ts';

/** How long connections live: `keepalive` of the Collector's gRPC servers. A time of 0 means no limit. */
export interface GrpcKeepalive {
  /** A connection without calls for this long is closed. */
  readonly maxConnectionIdleMs: number;
  /** A connection this old (give or take 10 %) takes no further calls. */
  readonly maxConnectionAgeMs: number;
  /** Calls that still run this long after `maxConnectionAgeMs` are cut off. */
  readonly maxConnectionAgeGraceMs: number;
  /** A connection from which nothing came for this long is pinged. */
  readonly timeMs: number;
  /** A ping that is not answered for this long ends the connection. */
  readonly timeoutMs: number;
  /** Which pings of clients are taken for abuse; absent: none. */
  readonly enforcement?: { readonly minTimeMs: number; readonly permitWithoutStream: boolean } | undefined;
}

const enhanceYourCalm = 11;
const maxPingStrikes = 2;
const twoHoursMs = 7_200_000;

/** One HTTP/2 connection of a gRPC client: its open calls and its keepalive. */
export class GrpcConnection {
  readonly client: Client;
  readonly calls: Set<GrpcCall> = new Set();
  readonly #session: ServerHttp2Session;
  readonly #keepalive: GrpcKeepalive;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #open = 0;
  #idleSince = performance.now();
  #heardAt = performance.now();
  #repliedSincePing = false;
  #pingedAt = -Infinity;
  #strikes = 0;

  constructor(session: ServerHttp2Session, keepalive: GrpcKeepalive) {
    this.#session = session;
    this.#keepalive = keepalive;
    this.client = clientAt(session.socket.remoteAddress);
    if (keepalive.maxConnectionIdleMs > 0) this.#after('idle', keepalive.maxConnectionIdleMs, () => this.#checkIdle());
    if (keepalive.maxConnectionAgeMs > 0)
      this.#after('age', keepalive.maxConnectionAgeMs * (0.9 + Math.random() * 0.2), () => this.#expire());
    if (keepalive.timeMs > 0) this.#after('time', keepalive.timeMs, () => this.#checkAlive());
    if (keepalive.enforcement !== undefined) session.on('ping', () => this.#countPing(keepalive.enforcement!));
    session.on('close', () => {
      for (const timer of this.#timers.values()) clearTimeout(timer);
    });
  }

  /** A call has begun. */
  opened(): void {
    this.#open++;
    this.#heardAt = performance.now();
  }

  /** Something was sent to the client, which may answer it with a ping of its own. */
  replied(): void {
    this.#repliedSincePing = true;
  }

  /** A call is over. */
  closed(call: GrpcCall): void {
    this.calls.delete(call);
    this.#heardAt = performance.now();
    if (--this.#open === 0) this.#idleSince = this.#heardAt;
  }

  /** Tells the client to take its calls elsewhere and closes when the last one is answered. */
  drain(): void {
    if (!this.#session.destroyed) this.#session.close();
  }

  /** Cuts the connection off. */
  destroy(): void {
    this.#session.destroy();
  }

  #after(name: string, delayMs: number, callback: () => void): void {
    clearTimeout(this.#timers.get(name));
    this.#timers.set(name, setTimeout(callback, Math.min(delayMs, 2 ** 31 - 1)).unref());
  }

  #checkIdle(): void {
    const { maxConnectionIdleMs } = this.#keepalive;
    const left = this.#open > 0 ? maxConnectionIdleMs : this.#idleSince + maxConnectionIdleMs - performance.now();
    if (left <= 0) this.drain();
    else this.#after('idle', left, () => this.#checkIdle());
  }

  #expire(): void {
    this.drain();
    const { maxConnectionAgeGraceMs } = this.#keepalive;
    if (maxConnectionAgeGraceMs > 0) this.#after('age', maxConnectionAgeGraceMs, () => this.destroy());
  }

  #checkAlive(): void {
    const { timeMs, timeoutMs } = this.#keepalive;
    const left = this.#heardAt + timeMs - performance.now();
    if (left > 0) return this.#after('time', left, () => this.#checkAlive());
    if (this.#session.destroyed) return;
    this.#after('time', timeoutMs, () => this.destroy());
    this.#session.ping(() => {
      if (this.#session.destroyed) return;
      this.#heardAt = performance.now();
      this.#after('time', timeMs, () => this.#checkAlive());
    });
  }

  /** More than two pings too early in a row are abuse; one that follows a reply is not (clients measure bandwidth that way). As grpc-go. */
  #countPing(policy: { readonly minTimeMs: number; readonly permitWithoutStream: boolean }): void {
    const now = performance.now();
    const interval = this.#open === 0 && !policy.permitWithoutStream ? twoHoursMs : policy.minTimeMs;
    const early = now < this.#pingedAt + interval;
    this.#pingedAt = now;
    this.#heardAt = now;
    if (this.#repliedSincePing) this.#strikes = 0;
    else if (early) this.#strikes++;
    this.#repliedSincePing = false;
    if (this.#strikes <= maxPingStrikes || this.#session.destroyed) return;
    this.#session.goaway(enhanceYourCalm, 0, Buffer.from('too_many_pings'));
    setImmediate(() => this.destroy());
  }
}
