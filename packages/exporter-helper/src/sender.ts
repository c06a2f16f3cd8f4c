import { type Clock, type Context, isPermanent, isPipelineError, PipelineError, type Timer } from '@millrace/api';
import { durationMs } from '@millrace/config';
import type { Batch, Signal } from '@millrace/wire';
import { Backoff } from './backoff.ts';
import type { LogLimiter } from './log-limiter.ts';
import type { Push, PushResult } from './push-result.ts';
import type { ExporterSettings, RetryConfig } from './settings.ts';

/**
 * Why items are dropped: `permanent`, sending them again is useless; `retries_exhausted`, `max_elapsed_time` was over; `retry_disabled`,
 * the failure was temporary but `retry_on_failure` is off; `shutdown`, the program ended first.
 */
export type DropReason = 'permanent' | 'retries_exhausted' | 'retry_disabled' | 'shutdown';

/** How sending a batch ended, attempts and all. Items that are neither delivered nor rejected failed, with `error` and `reason`. */
export interface Outcome {
  readonly delivered: number;
  /** Refused by the destination in a partial success. */
  readonly rejected: number;
  readonly error?: PipelineError;
  /** The error as it is logged. */
  readonly errorText?: string;
  readonly reason?: DropReason;
}

/** What a partial success calls the rejected items in the log. */
const droppedNames: Readonly<Record<Signal, string>> = {
  traces: 'dropped_spans',
  metrics: 'dropped_data_points',
  logs: 'dropped_log_records',
  profiles: 'dropped_profiles',
};

/** Sends a batch until it is taken, refused for good, or given up. */
export class Sender {
  readonly #push: Push;
  readonly #timeoutMs: number;
  readonly #retry: RetryConfig | undefined;
  readonly #maxElapsedMs: number;
  readonly #clock: Clock;
  readonly #log: LogLimiter;
  readonly #attempts = new Set<AbortController>();
  readonly #pauses = new Set<() => void>();
  #stopping = false;
  #cut: PipelineError | undefined;

  constructor(push: Push, settings: ExporterSettings, context: Context, log: LogLimiter) {
    this.#push = push;
    this.#timeoutMs = durationMs(settings.timeout ?? '0s');
    this.#retry = settings.retry_on_failure?.enabled === true ? settings.retry_on_failure : undefined;
    this.#maxElapsedMs = durationMs(this.#retry?.max_elapsed_time ?? '0s');
    this.#clock = context.clock;
    this.#log = log;
  }

  /** Never rejects. */
  async send(batch: Batch): Promise<Outcome> {
    const startedAt = this.#clock.now();
    let backoff: Backoff | undefined;
    let rest = batch;
    let delivered = 0;
    try {
      for (;;) {
        let failure: unknown;
        try {
          const result = await this.#attempt(rest);
          if (result === undefined) return { delivered: delivered + rest.items, rejected: 0 };
          if ('rejectedItems' in result) return this.#partialSuccess(rest, delivered, result);
          delivered += rest.items - result.remainder.items;
          if (rest !== batch) rest.release();
          rest = result.remainder;
          failure = result.error;
        } catch (error) {
          failure = error;
        }
        const end = (reason: DropReason, prefix: string): Outcome => ({
          delivered,
          rejected: 0,
          reason,
          error: wrap(prefix, failure),
          errorText: prefix + messageOf(failure),
        });
        if (isPermanent(failure)) return end('permanent', this.#retry === undefined ? '' : 'not retryable error: ');
        if (this.#stopping) return end('shutdown', 'interrupted due to shutdown: ');
        if (this.#retry === undefined) return end('retry_disabled', '');
        backoff ??= new Backoff(this.#retry);
        const pauseMs = Math.max(backoff.nextMs(), isPipelineError(failure) ? (failure.retryAfterMs ?? 0) : 0);
        if (this.#maxElapsedMs > 0 && this.#clock.now() + pauseMs > startedAt + this.#maxElapsedMs) {
          return end('retries_exhausted', 'no more retries left: ');
        }
        this.#log.log('info', 'Exporting failed. Will retry the request after interval.', {
          error: messageOf(failure),
          interval: `${(pauseMs / 1000).toFixed(3)}s`,
        });
        await this.#pause(pauseMs);
        if (this.#stopping) return end('shutdown', 'interrupted due to shutdown: ');
      }
    } finally {
      if (rest !== batch) rest.release();
    }
  }

  /** From now on nothing waits for a retry: what fails is given up. */
  stopRetrying(): void {
    this.#stopping = true;
    for (const wake of this.#pauses) wake();
  }

  /** Ends the running attempts, and every later one at once. */
  cut(): void {
    this.stopRetrying();
    this.#cut ??= new PipelineError('shutdown deadline exceeded', { kind: 'retryable' });
    for (const attempt of this.#attempts) attempt.abort(this.#cut);
  }

  async #attempt(batch: Batch): Promise<PushResult> {
    if (this.#cut !== undefined) throw this.#cut;
    const controller = new AbortController();
    let timer: Timer | undefined;
    if (this.#timeoutMs > 0) timer = this.#clock.setTimeout(() => controller.abort(deadlineExceeded()), this.#timeoutMs);
    this.#attempts.add(controller);
    try {
      return await this.#push(batch, controller.signal);
    } finally {
      timer?.cancel();
      this.#attempts.delete(controller);
    }
  }

  #partialSuccess(batch: Batch, delivered: number, result: { rejectedItems: number; message: string }): Outcome {
    // A destination that claims to have rejected more than it was sent must not unbalance the accounts.
    const rejected = Math.min(Math.max(0, Math.trunc(result.rejectedItems) || 0), batch.items);
    this.#log.log('warn', 'Partial success response', {
      message: result.message,
      [droppedNames[batch.signal]]: result.rejectedItems,
    });
    return { delivered: delivered + batch.items - rejected, rejected };
  }

  #pause(pauseMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        timer.cancel();
        this.#pauses.delete(wake);
        resolve();
      };
      const timer = this.#clock.setTimeout(wake, pauseMs);
      this.#pauses.add(wake);
    });
  }
}

function deadlineExceeded(): PipelineError {
  return new PipelineError('context deadline exceeded', { kind: 'retryable', grpcCode: 4 });
}

/** The text of an error as the Collector logs it. */
export function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return isPermanent(error) ? `Permanent error: ${message}` : message;
}

function wrap(prefix: string, error: unknown): PipelineError {
  if (prefix === '' && isPipelineError(error)) return error;
  const { kind, retryAfterMs, grpcCode } = isPipelineError(error) ? error : ({ kind: 'retryable' } as PipelineError);
  return new PipelineError(prefix + (error instanceof Error ? error.message : String(error)), {
    kind,
    cause: error,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(grpcCode === undefined ? {} : { grpcCode }),
  });
}
