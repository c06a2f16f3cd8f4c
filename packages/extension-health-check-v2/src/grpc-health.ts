import type { Clock, ServiceInfo } from '@millrace/api';
import { grpcCode, protoFields } from '@millrace/transport';
import type { GrpcCall, GrpcMethod } from '@millrace/transport';
import type { Lease } from '@millrace/wire';
import { isHealthy, scopeStatus } from './health-report.ts';
import type { HealthRules } from './health-report.ts';

const serving = 1;
const notServing = 2;
const serviceUnknown = 3;

/** HealthCheckResponse{status}. */
const responseOf = (status: number): Uint8Array => Uint8Array.of(0x08, status);

/** A client that is told whenever the state of what it asked about changes. */
interface Watcher {
  readonly call: GrpcCall;
  readonly scope: string;
  /** Undefined before the first one. */
  sent: number | undefined;
}

/**
 * The methods `Check` and `Watch` of grpc.health.v1.Health (grpc/health/v1/health.proto). What a client calls a service is a pipeline, such as
 * `traces/in`, or `extensions`; the empty name is everything.
 */
export class GrpcHealth {
  readonly methods: ReadonlyMap<string, GrpcMethod> = new Map([
    ['/grpc.health.v1.Health/Check', { receive: (call, message, length) => this.#receive(call, message, length, this.#check) }],
    ['/grpc.health.v1.Health/Watch', { receive: (call, message, length) => this.#receive(call, message, length, this.#watch) }],
  ]);
  readonly #service: ServiceInfo;
  readonly #rules: HealthRules;
  readonly #clock: Clock;
  readonly #watchers = new Set<Watcher>();
  readonly #unwatch: () => void;
  #timer: ReturnType<Clock['setTimeout']> | undefined;
  #closed = false;

  constructor(service: ServiceInfo, rules: HealthRules, clock: Clock) {
    this.#service = service;
    this.#rules = rules;
    this.#clock = clock;
    this.#unwatch = service.watchStatus(() => this.#tellAll());
  }

  /** Ends all watches; further ones end at once. */
  close(): void {
    this.#closed = true;
    this.#unwatch();
    this.#timer?.cancel();
    for (const { call } of this.#watchers) endForShutdown(call);
    this.#watchers.clear();
  }

  #receive(call: GrpcCall, message: Lease, length: number, answer: (call: GrpcCall, scope: string) => void): void {
    let scope: string;
    try {
      scope = serviceOf(message.buffer.subarray(0, length));
    } catch (error) {
      return call.fail({ code: grpcCode.internal, message: `grpc: error unmarshalling request: ${(error as Error).message}` });
    } finally {
      message.release();
    }
    answer(call, scope);
  }

  readonly #check = (call: GrpcCall, scope: string): void => {
    const status = this.#statusOf(scope);
    if (status === serviceUnknown) return call.fail({ code: grpcCode.notFound, message: 'Service not found.' });
    call.send(responseOf(status));
    call.succeed();
  };

  readonly #watch = (call: GrpcCall, scope: string): void => {
    if (this.#closed) return endForShutdown(call);
    const watcher: Watcher = { call, scope, sent: undefined };
    this.#watchers.add(watcher);
    call.onClose = () => void this.#watchers.delete(watcher);
    this.#tell(watcher);
    this.#wait();
  };

  #tellAll(): void {
    for (const watcher of this.#watchers) this.#tell(watcher);
    this.#wait();
  }

  #tell(watcher: Watcher): void {
    const status = this.#statusOf(watcher.scope);
    if (status === watcher.sent) return;
    watcher.sent = status;
    if (watcher.call.send(responseOf(status))) return;
    this.#watchers.delete(watcher);
    watcher.call.fail({ code: grpcCode.cancelled, message: 'Error sending; stream terminated.' });
  }

  /** Looks again when the next temporary error has lasted too long. */
  #wait(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const { recoveryMs } = this.#rules;
    if (recoveryMs === undefined || this.#watchers.size === 0) return;
    const nowMs = this.#clock.now();
    let delayMs = Infinity;
    for (const { report } of this.#service.components()) {
      const leftMs = report.atMs + recoveryMs - nowMs;
      if (report.status === 'RecoverableError' && leftMs >= 0) delayMs = Math.min(delayMs, leftMs);
    }
    // Too long is longer than the time that it may last.
    if (delayMs < Infinity) this.#timer = this.#clock.setTimeout(() => this.#tellAll(), delayMs + 1);
  }

  #statusOf(scope: string): number {
    const report = scopeStatus(this.#service, this.#rules, scope);
    if (report === undefined) return serviceUnknown;
    return isHealthy(report, this.#rules, this.#clock.now()) ? serving : notServing;
  }
}

function endForShutdown(call: GrpcCall): void {
  call.fail({ code: grpcCode.cancelled, message: 'Server shutting down.' });
}

/** The name in HealthCheckRequest{service}. Throws when the bytes are not such a message. */
function serviceOf(request: Buffer): string {
  let service = '';
  for (const { number, value } of protoFields(request)) {
    if (number === 1 && value instanceof Buffer) service = value.toString();
  }
  return service;
}
