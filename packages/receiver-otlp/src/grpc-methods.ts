import { type Consumer, over, type Signal } from '@millrace/api';
import { type GrpcCall, type GrpcMethod, type RpcStatus, statusOfError } from '@millrace/transport';
import { admit, type Batch, type Lease } from '@millrace/wire';
import { type Answer, deliver } from './deliver.ts';

const services: Readonly<Record<Signal, string>> = {
  traces: 'trace.v1.TraceService',
  metrics: 'metrics.v1.MetricsService',
  logs: 'logs.v1.LogsService',
  profiles: 'profiles.v1development.ProfilesService',
};

/** `Export` of the collector service of each signal that has a pipeline. */
export function grpcMethods(next: ReadonlyMap<Signal, Consumer>): ReadonlyMap<string, GrpcMethod> {
  return new Map(
    [...next].map(([signal, consumer]) => [
      `/opentelemetry.proto.collector.${services[signal]}/Export`,
      new ExportMethod(signal, over(consumer, 'grpc')),
    ]),
  );
}

class ExportMethod implements GrpcMethod, Answer<GrpcCall> {
  readonly #signal: Signal;
  readonly #next: Consumer;

  constructor(signal: Signal, next: Consumer) {
    this.#signal = signal;
    this.#next = next;
  }

  refusing(): RpcStatus | undefined {
    const refusal = this.#next.refusing?.();
    return refusal === undefined ? undefined : statusOfError(refusal);
  }

  receive(call: GrpcCall, message: Lease, length: number): void {
    let batch: Batch;
    try {
      batch = admit(this.#signal, message, 0, length, call.client);
    } catch (error) {
      return this.refused(call, error);
    }
    deliver(this.#next, batch, call, this);
  }

  accepted(call: GrpcCall): void {
    call.succeed();
  }

  refused(call: GrpcCall, error: unknown): void {
    call.fail(statusOfError(error));
  }
}
