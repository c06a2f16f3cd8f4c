import { isPermanent, isPipelineError, lend } from '@millrace/api';
import type { Batch, Clock, Component, Consumed, Consumer, Host, Logger, PipelineError, Timer } from '@millrace/api';
import type { LedgerEntry } from './item-ledger.ts';

const firstRetryMs = 100;
const longestRetryMs = 5_000;

/** One destination of a fan-out, with the batches that wait for it. */
class Branch {
  readonly #next: Consumer;
  readonly #entry: LedgerEntry;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #waiting: Batch[] = [];
  #timer: Timer | undefined;
  #offering: Promise<void> | undefined;
  #delayMs = firstRetryMs;
  #lastError: unknown;
  #stopping = false;

  constructor(next: Consumer, entry: LedgerEntry, logger: Logger, clock: Clock) {
    this.#next = next;
    this.#entry = entry;
    this.#logger = logger;
    this.#clock = clock;
  }

  /** Offers a batch; while older ones wait the branch refuses, which keeps its order. */
  offer(batch: Batch): Consumed {
    if (this.#waiting.length > 0) throw this.#lastError;
    return this.#next.consume(batch);
  }

  refusing(): PipelineError | undefined {
    if (this.#waiting.length > 0 && isPipelineError(this.#lastError)) return this.#lastError;
    return this.#next.refusing?.();
  }

  took(items: number): void {
    this.#entry.in += items;
    this.#entry.out += items;
  }

  /** Keeps a refused batch that other branches took: it waits within the byte budget, or is dropped. */
  keep(batch: Batch, error: unknown, availableBytes: number): void {
    const { items } = batch;
    this.#entry.in += items;
    if (isPermanent(error)) {
      this.#drop(items, 'permanent', error);
    } else if (availableBytes === 0 || this.#stopping) {
      this.#drop(items, this.#stopping ? 'shutdown' : 'queue_full', error);
    } else {
      this.#waiting.push(batch.hold());
      this.#entry.hold(items);
      this.#lastError = error;
      this.#schedule(error);
    }
  }

  /** Offers what waits once more, then drops it. */
  async shutdown(signal: AbortSignal): Promise<void> {
    this.#stopping = true;
    this.#timer?.cancel();
    await this.#offering;
    if (!signal.aborted) await this.#offerWaiting();
    for (const batch of this.#waiting.splice(0)) {
      this.#entry.hold(-batch.items);
      this.#drop(batch.items, 'shutdown', this.#lastError);
      batch.release();
    }
  }

  #schedule(error: unknown): void {
    if (this.#timer !== undefined || this.#offering !== undefined || this.#stopping) return;
    const throttleMs = isPipelineError(error) ? (error.retryAfterMs ?? 0) : 0;
    this.#timer = this.#clock.setTimeout(
      () => {
        this.#timer = undefined;
        this.#offering = this.#offerWaiting().finally(() => {
          this.#offering = undefined;
          if (this.#waiting.length > 0) this.#schedule(this.#lastError);
        });
      },
      Math.max(this.#delayMs, throttleMs),
    );
    this.#delayMs = Math.min(this.#delayMs * 2, longestRetryMs);
  }

  async #offerWaiting(): Promise<void> {
    for (;;) {
      const batch = this.#waiting[0];
      if (batch === undefined) break;
      const { items } = batch;
      try {
        await lend(this.#next, batch.hold());
        this.#entry.out += items;
        this.#delayMs = firstRetryMs;
      } catch (error) {
        this.#lastError = error;
        if (!isPermanent(error)) return;
        this.#drop(items, 'permanent', error);
      }
      this.#entry.hold(-items);
      this.#waiting.shift();
      batch.release();
    }
  }

  #drop(items: number, reason: string, error: unknown): void {
    this.#entry.drop(items, reason);
    this.#logger.error('Dropping data that one of several destinations refuses.', {
      branch: this.#entry.name,
      reason,
      dropped_items: items,
      error: error instanceof Error ? error.message : String(error),
    });
  }
}

/** Where a fan-out's branch leads and how it is booked. */
export interface BranchTarget {
  readonly next: Consumer;
  readonly entry: LedgerEntry;
}

/**
 * Lends the same batch to every branch. A branch that refuses affects only itself: the batch waits for it within the byte budget, then is
 * dropped and counted as `queue_full`. The sender is refused only when no branch took the batch; a branch that blocks (returns a pending
 * promise) makes the sender wait.
 */
export class FanOut implements Component, Consumer {
  readonly #branches: readonly Branch[];
  #host: Host | undefined;

  constructor(targets: readonly BranchTarget[], logger: Logger, clock: Clock) {
    this.#branches = targets.map(({ next, entry }) => new Branch(next, entry, logger, clock));
  }

  start(host: Host): void {
    this.#host = host;
  }

  consume(batch: Batch): Consumed {
    const outcomes: unknown[] = [];
    let pending: Promise<void>[] | undefined;
    for (let i = 0; i < this.#branches.length; i++) {
      try {
        const consumed = this.#branches[i].offer(batch);
        if (consumed !== undefined) {
          (pending ??= []).push(
            consumed.catch((error: unknown) => {
              outcomes[i] = error;
            }),
          );
        }
      } catch (error) {
        outcomes[i] = error;
      }
    }
    if (pending === undefined) {
      this.#conclude(batch, outcomes);
      return undefined;
    }
    return Promise.all(pending).then(() => this.#conclude(batch, outcomes));
  }

  refusing(): PipelineError | undefined {
    let error: PipelineError | undefined;
    for (const branch of this.#branches) {
      error = branch.refusing();
      if (error === undefined) return undefined;
    }
    return error;
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#branches.map((branch) => branch.shutdown(signal)));
  }

  #conclude(batch: Batch, outcomes: readonly unknown[]): void {
    const branches = this.#branches;
    let taken = 0;
    for (let i = 0; i < branches.length; i++) if (outcomes[i] === undefined) taken++;
    if (taken === 0) throw outcomes.find((error) => !isPermanent(error)) ?? outcomes[0];
    for (let i = 0; i < branches.length; i++) {
      const error = outcomes[i];
      if (error === undefined) branches[i].took(batch.items);
      else branches[i].keep(batch, error, this.#host?.memory.available ?? 0);
    }
  }
}
