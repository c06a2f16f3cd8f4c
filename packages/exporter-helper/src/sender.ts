import { type Clock, type Context, isPermanent, isPipelineError, PipelineError, type Timer } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { type Batch, type Signal, split } from '@millrace/wire';
import { Backoff } from './backoff.ts';
import type { LogLimiter } from './log-limiter.ts';
import type { Push, PushResult } from './push-result.ts';
import type { ExporterSettings, RetryConfig } from './settings.ts';
import { tracedPush } from './traced-push.ts';

/**
 * Why sending was given up: `permanent`, sending them again is useless; `retries_exhausted`, `max_elapsed_time` was over; `retry_disabled`,
 * the failure was temporary but `retry_on_failure` is off; `shutdown`, the program ended first.
 */
export type FailureReason = 'permanent' | 'retries_exhausted' | 'retry_disabled' | 'shutdown';

/** A part of a batch that was not delivered. */
export interface Failure {
  /** The caller's to release. */
  readonly batch: Batch;
  readonly reason: FailureReason;
  readonly error: PipelineError;
  /** The error as it is logged. */
  readonly text: string;
}

/** How sending a batch ended, attempts and all: each of its items was delivered, rejected, or is in one of the failures. */
export interface Outcome {
  readonly delivered: number;
  /** Refused by the destination in a partial success. */
  readonly rejected: number;
  readonly failures: readonly Failure[];
}

const noFailures: readonly Failure[] = [];

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
  #running = 0;
  #stopping = false;
  #cut: PipelineError | undefined;

  constructor(push: Push, settings: ExporterSettings, context: Context, log: LogLimiter) {
    this.#push = tracedPush(push, context);
    this.#timeoutMs = durationMs(settings.timeout ?? '0s');
    this.#retry = settings.retry_on_failure?.enabled === true ? settings.retry_on_failure : undefined;
    this.#maxElapsedMs = durationMs(this.#retry?.max_elapsed_time ?? '0s');
    this.#clock = context.clock;
    this.#log = log;
  }

  /** Batches that are being sent, those that wait for a retry included. */
  get running(): number {
    return this.#running;
  }

  /** Never rejects. */
  async send(batch: Batch): Promise<Outcome> {
    this.#running++;
    try {
      return await new Sending(this, batch).run();
    } finally {
      this.#running--;
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

  /** One attempt, at most `timeout` long. */
  async attempt(batch: Batch): Promise<PushResult> {
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

  /** After a failure: waits until the next attempt is due, or says why there is none. */
  async pause(
    failure: unknown,
    startedAt: number,
    backoff: Backoff | undefined,
  ): Promise<{ reason: FailureReason; prefix: string } | Backoff> {
    if (isPermanent(failure)) return { reason: 'permanent', prefix: this.#retry === undefined ? '' : 'not retryable error: ' };
    if (this.#stopping) return interrupted;
    if (this.#retry === undefined) return { reason: 'retry_disabled', prefix: '' };
    const pauses = backoff ?? new Backoff(this.#retry);
    const pauseMs = Math.max(pauses.nextMs(), isPipelineError(failure) ? (failure.retryAfterMs ?? 0) : 0);
    if (this.#maxElapsedMs > 0 && this.#clock.now() + pauseMs > startedAt + this.#maxElapsedMs) {
      return { reason: 'retries_exhausted', prefix: 'no more retries left: ' };
    }
    this.#log.log('info', 'Exporting failed. Will retry the request after interval.', {
      error: messageOf(failure),
      interval: `${(pauseMs / 1000).toFixed(3)}s`,
    });
    await this.#wait(pauseMs);
    return this.#stopping ? interrupted : pauses;
  }

  now(): number {
    return this.#clock.now();
  }

  log(level: 'info' | 'warn', message: string, attributes: Readonly<Record<string, unknown>>): void {
    this.#log.log(level, message, attributes);
  }

  #wait(pauseMs: number): Promise<void> {
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

const interrupted = { reason: 'shutdown', prefix: 'interrupted due to shutdown: ' } as const;

/** The sending of one batch. */
class Sending {
  readonly #sender: Sender;
  /** What is being sent: the batch, what a destination left of it, or a part of it. */
  #now: Batch;
  /** Parts that come after it, last one first. */
  #later: Batch[] | undefined;
  #delivered = 0;
  #rejected = 0;
  #failures: Failure[] | undefined;

  constructor(sender: Sender, batch: Batch) {
    this.#sender = sender;
    this.#now = batch.hold();
  }

  async run(): Promise<Outcome> {
    const startedAt = this.#sender.now();
    let backoff: Backoff | undefined;
    sending: for (;;) {
      let failure: unknown;
      try {
        const result = await this.#sender.attempt(this.#now);
        if (result === undefined || 'rejectedItems' in result) {
          this.#taken(result);
          if (this.#next()) continue;
          return this.#outcome();
        }
        if ('tooLarge' in result) {
          failure = result.tooLarge;
          if (this.#halve(failure)) continue;
        } else {
          failure = result.error;
          this.#delivered += this.#now.items - result.remainder.items;
          this.#now.release();
          this.#now = result.remainder;
        }
      } catch (error) {
        failure = error;
      }
      const decision = await this.#sender.pause(failure, startedAt, backoff);
      if (decision instanceof Backoff) {
        backoff = decision;
        continue;
      }
      this.#fail(decision.reason, failure, decision.prefix);
      // What is refused for good says nothing about the other parts; what fails for now fails for all of them.
      while (this.#next()) {
        if (decision.reason === 'permanent') continue sending;
        this.#fail(decision.reason, failure, decision.prefix);
      }
      return this.#outcome();
    }
  }

  #taken(result: { readonly rejectedItems: number; readonly message: string } | undefined): void {
    const { items, signal } = this.#now;
    let rejected = 0;
    if (result !== undefined) {
      // A destination that claims to have rejected more than it was sent must not unbalance the accounts.
      rejected = Math.min(Math.max(0, Math.trunc(result.rejectedItems) || 0), items);
      this.#sender.log('warn', 'Partial success response', { message: result.message, [droppedNames[signal]]: result.rejectedItems });
    }
    this.#delivered += items - rejected;
    this.#rejected += rejected;
    this.#now.release();
  }

  /** Goes on with the next part; false when there is none. */
  #next(): boolean {
    const next = this.#later?.pop();
    if (next === undefined) return false;
    this.#now = next;
    return true;
  }

  /** Goes on with the first half of what is too large; false when it cannot be cut: then it is refused for good. */
  #halve(error: unknown): boolean {
    const { items, sizeBytes } = this.#now;
    if (items <= 1) return false;
    const parts = split(this.#now, { items: Math.ceil(items / 2) });
    if (parts.length === 1) {
      parts[0]!.release();
      return false;
    }
    this.#sender.log('info', 'The destination finds the request too large. Sending it in parts.', {
      error: messageOf(error),
      items,
      size_bytes: sizeBytes,
    });
    this.#now.release();
    (this.#later ??= []).push(...parts.reverse());
    return this.#next();
  }

  #fail(reason: FailureReason, failure: unknown, prefix: string): void {
    (this.#failures ??= []).push({ batch: this.#now, reason, error: wrap(prefix, failure), text: prefix + messageOf(failure) });
  }

  #outcome(): Outcome {
    return { delivered: this.#delivered, rejected: this.#rejected, failures: this.#failures ?? noFailures };
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
