import { isPipelineError, lend, PipelineError } from '@millrace/api';
import type { Batch, Context } from '@millrace/api';
import type { Backend } from './backends.ts';

/** The part of a batch that a backend is to have. */
export interface Part {
  /** As the resolver names it. */
  readonly endpoint: string;
  /** `undefined` when there is no exporter for the endpoint. */
  readonly backend: Backend | undefined;
  /** Who hands it over releases it. */
  readonly batch: Batch;
}

/** A part that was not taken; the caller releases its batch. */
export interface FailedPart {
  readonly batch: Batch;
  readonly error: PipelineError;
}

/** Bounds of the buckets of the latency, in milliseconds. */
const latencyBuckets = [0, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];

/** Hands parts to backends, and measures how they take them. */
export class Handing {
  readonly #context: Context;
  readonly #latency;
  readonly #outcome;
  readonly #running = new Set<Promise<unknown>>();

  constructor(context: Context) {
    this.#context = context;
    this.#latency = context.meter.createHistogram('loadbalancer_backend_latency', {
      unit: 'ms',
      description: 'Response latency in ms for the backends.',
      advice: { explicitBucketBoundaries: latencyBuckets },
    });
    this.#outcome = context.meter.createCounter('loadbalancer_backend_outcome', {
      unit: '{outcomes}',
      description: 'Number of successes and failures for each endpoint.',
    });
  }

  /** Hands over all parts at once and releases those that were taken. A part that is still being taken when `signal` aborts has failed. */
  async handAll(parts: readonly Part[], signal: AbortSignal): Promise<FailedPart[]> {
    const failed: FailedPart[] = [];
    const pending: Promise<void>[] = [];
    for (const part of parts) {
      const handed = this.#hand(part, signal, failed);
      if (handed !== undefined) pending.push(handed);
    }
    if (pending.length > 0) await Promise.all(pending);
    return failed;
  }

  /** Resolves when no backend has to answer any more. */
  async idle(): Promise<void> {
    await Promise.all(this.#running);
  }

  #hand({ endpoint, backend, batch }: Part, signal: AbortSignal, failed: FailedPart[]): Promise<void> | undefined {
    if (backend === undefined) {
      failed.push({ batch, error: noExporter(endpoint) });
      return undefined;
    }
    const { clock } = this.#context;
    const startedAt = clock.now();
    const conclude = (success: boolean): void => {
      const attributes = { exporter: this.#context.id, endpoint: backend.endpoint };
      this.#latency.record(clock.now() - startedAt, attributes);
      this.#outcome.add(1, { ...attributes, success });
    };
    const fail = (error: unknown): void => {
      this.#context.logger.debug('failed to export', { endpoint: backend.endpoint, error: (error as Error).message });
      failed.push({
        batch,
        error: isPipelineError(error) ? error : new PipelineError((error as Error).message, { kind: 'retryable', cause: error }),
      });
    };
    let taken;
    try {
      taken = lend(backend.exporter, batch.hold());
    } catch (error) {
      conclude(false);
      fail(error);
      return undefined;
    }
    if (taken === undefined) {
      conclude(true);
      batch.release();
      return undefined;
    }
    const { items } = batch;
    let abandoned = false;
    const done = taken.then(
      () => {
        conclude(true);
        // It counts as failed already, and is offered again by whoever has it: it went out twice.
        if (abandoned) this.#context.items.create(items);
        else batch.release();
      },
      (error: unknown) => {
        conclude(false);
        if (!abandoned) fail(error);
      },
    );
    this.#running.add(done);
    void done.then(() => this.#running.delete(done));
    if (signal.aborted) {
      abandoned = true;
      fail(signal.reason);
      return undefined;
    }
    return new Promise((resolve) => {
      const abandon = (): void => {
        abandoned = true;
        fail(signal.reason);
        resolve();
      };
      signal.addEventListener('abort', abandon, { once: true });
      void done.then(() => {
        signal.removeEventListener('abort', abandon);
        resolve();
      });
    });
  }
}

/** The ring names an endpoint that has no exporter. */
export function noExporter(endpoint: string): PipelineError {
  return new PipelineError(`couldn't find the exporter for the endpoint ${JSON.stringify(endpoint)}`, { kind: 'retryable' });
}
