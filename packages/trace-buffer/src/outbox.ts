import { isPermanent, isPipelineError } from '@millrace/api';
import type { Batch, Consumed, Consumer, Context, Timer } from '@millrace/api';

const firstRetryMs = 20;
const longestRetryMs = 1_000;
/** With so many batches that wait, input should be refused. */
const fullSize = 256;

/**
 * What a processor made and has to pass on: batches go to the next component in order, one at a time. One that is refused for now is offered
 * again until it is taken, one that is refused for good is dropped and counted. Their items count as held by the component until then.
 */
export class Outbox {
  readonly #next: Consumer;
  readonly #context: Context;
  readonly #batches: Batch[] = [];
  /** The first batch is with the next component, which has not decided. */
  #isBlocked = false;
  #retry: Timer | undefined;
  #retryMs = firstRetryMs;
  #isOver = false;
  #drained: (() => void) | undefined;

  constructor(next: Consumer, context: Context) {
    this.#next = next;
    this.#context = context;
  }

  /** Batches that wait. */
  get size(): number {
    return this.#batches.length;
  }

  /** Whether so many batches wait (256) that who makes them should refuse its input. */
  get isFull(): boolean {
    return this.#batches.length >= fullSize;
  }

  /** Takes over a batch that the component made, if there is one: its items are booked as created and held. */
  sendNew(batch: Batch | undefined): void {
    if (batch === undefined) return;
    this.#context.items.create(batch.items);
    this.#context.items.hold(batch.items);
    this.send(batch);
  }

  /** Takes a batch over. Its items are booked as held already. */
  send(batch: Batch): void {
    this.#batches.push(batch);
    this.#pump();
  }

  /** Resolves when nothing waits any more; when the signal aborts, what waits is dropped and counted. */
  drain(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const giveUp = (): void => this.#giveUp();
    this.#drained = () => {
      signal.removeEventListener('abort', giveUp);
      resolve();
    };
    signal.addEventListener('abort', giveUp);
    if (signal.aborted) giveUp();
    else this.#pump();
    return promise;
  }

  #pump(): void {
    while (this.#batches.length > 0 && !this.#isBlocked && this.#retry === undefined) this.#offer(this.#batches[0]);
    if (this.#batches.length === 0) this.#drained?.();
  }

  #offer(batch: Batch): void {
    let consumed: Consumed;
    try {
      consumed = this.#next.consume(batch);
    } catch (error) {
      this.#refused(batch, error);
      return;
    }
    if (consumed === undefined) {
      this.#taken();
      return;
    }
    this.#isBlocked = true;
    void consumed.then(
      () => this.#decided(() => this.#taken()),
      (error: unknown) => this.#decided(() => this.#refused(batch, error)),
    );
  }

  #decided(conclude: () => void): void {
    this.#isBlocked = false;
    conclude();
    this.#pump();
  }

  #taken(): void {
    this.#retryMs = firstRetryMs;
    this.#remove();
  }

  #refused(batch: Batch, error: unknown): void {
    const { logger, clock } = this.#context;
    if (isPermanent(error)) {
      logger.warn('The next component refused data for good.', { error: String(error), dropped_items: batch.items });
      this.#drop('permanent');
    } else if (this.#isOver) this.#drop('shutdown');
    else {
      const throttleMs = isPipelineError(error) ? (error.retryAfterMs ?? 0) : 0;
      this.#retry = clock.setTimeout(
        () => {
          this.#retry = undefined;
          this.#pump();
        },
        Math.max(this.#retryMs, throttleMs),
      );
      this.#retryMs = Math.min(2 * this.#retryMs, longestRetryMs);
    }
  }

  #drop(reason: string): void {
    this.#context.items.drop(this.#batches[0].items, reason);
    this.#remove();
  }

  #remove(): void {
    const batch = this.#batches.shift()!;
    this.#context.items.hold(-batch.items);
    batch.release();
  }

  #giveUp(): void {
    this.#isOver = true;
    this.#retry?.cancel();
    this.#retry = undefined;
    // What is with the next component is its own to decide: it may be taken yet.
    const kept = this.#isBlocked ? 1 : 0;
    for (const batch of this.#batches.splice(kept)) {
      this.#context.items.drop(batch.items, 'shutdown');
      this.#context.items.hold(-batch.items);
      batch.release();
    }
    this.#drained?.();
  }
}
