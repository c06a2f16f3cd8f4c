import { isPermanent } from '@millrace/api';
import type { Consumer, Context, Timer } from '@millrace/api';
import type { Batch } from '@millrace/wire';

/** Pause before a refused batch is offered again, and while the program ends. */
const retryMs = 1000;
const lastRetryMs = 100;
/** Batches that may wait; then input is refused. */
const maxWaiting = 256;

/** Sends what the component makes, in order, until it is taken. */
export class Outbox {
  readonly #next: Consumer;
  readonly #context: Context;
  readonly #waiting: Batch[] = [];
  #sending: Promise<void> | undefined;
  #retryTimer: Timer | undefined;
  #isStopping = false;

  constructor(next: Consumer, context: Context) {
    this.#next = next;
    this.#context = context;
  }

  /** Whether too much waits. */
  get isFull(): boolean {
    return this.#waiting.length >= maxWaiting;
  }

  /** Takes over a batch. */
  add(batch: Batch | undefined): void {
    if (batch === undefined) return;
    this.#context.items.create(batch.items);
    this.#context.items.hold(batch.items);
    this.#waiting.push(batch);
    this.#send();
  }

  #send(): void {
    this.#sending ??= this.#sendAll().finally(() => (this.#sending = undefined));
  }

  async #sendAll(): Promise<void> {
    const { items, logger, clock } = this.#context;
    for (let batch = this.#waiting[0]; batch !== undefined; [batch] = this.#waiting) {
      try {
        await this.#next.consume(batch);
      } catch (error) {
        if (!isPermanent(error)) {
          if (!this.#isStopping) this.#retryTimer ??= clock.setTimeout(() => this.#retry(), retryMs);
          return;
        }
        logger.error('What is reported of anomalies was refused for good.', { error: String(error), items: batch.items });
        items.drop(batch.items, 'permanent');
      }
      this.#leave();
    }
  }

  #leave(): void {
    const batch = this.#waiting.shift()!;
    this.#context.items.hold(-batch.items);
    batch.release();
  }

  #retry(): void {
    this.#retryTimer = undefined;
    this.#send();
  }

  /** Sends what waits; drops and counts it when the time is up. */
  async close(signal: AbortSignal): Promise<void> {
    this.#isStopping = true;
    this.#retryTimer?.cancel();
    this.#send();
    await this.#sending;
    while (this.#waiting.length > 0 && !signal.aborted) {
      await new Promise<void>((resolve) => void this.#context.clock.setTimeout(resolve, lastRetryMs));
      this.#send();
      await this.#sending;
    }
    while (this.#waiting.length > 0) {
      this.#context.items.drop(this.#waiting[0]!.items, 'shutdown');
      this.#leave();
    }
  }
}
