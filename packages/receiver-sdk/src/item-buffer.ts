import { isPermanent, isPipelineError, lend } from '@millrace/api';
import type { Batch, Consumer, Context, Host, Timer } from '@millrace/api';
import { ItemBatch } from './item-batch.ts';

const firstRetryMs = 100;
const longestRetryMs = 5_000;
/** How long a flush that the application asked for waits for pipelines that do not take. */
const flushTimeoutMs = 5_000;
/** Items are encoded so many at a time, which takes a fraction of the time of one now and then. */
const encodedAtOnce = 64;

/** How much a buffer holds, and for how long. */
export interface BufferLimits {
  readonly flushMs: number;
  readonly maxItems: number;
  readonly maxBytes: number;
}

/**
 * Gathers the spans or log records of an application, which come one by one and cannot wait, into batches, and holds them while the pipeline
 * refuses. What does not fit is dropped and counted: `queue_full`, `malformed`, `permanent`, `shutdown`.
 */
export class ItemBuffer {
  readonly #next: Consumer;
  readonly #context: Context;
  readonly #host: Host;
  readonly #limits: BufferLimits;
  readonly #batch: ItemBatch;
  /** Items that are not in the batch so far. */
  #waiting: ((batch: ItemBatch) => void)[] = [];
  /** Bytes of the batch on its way. */
  #sendingBytes = 0;
  #sending: Promise<void> | undefined;
  #timer: Timer | undefined;
  #wake: (() => void) | undefined;
  #deadline: AbortSignal | undefined;
  #closed = false;

  constructor(signal: 'traces' | 'logs', next: Consumer, context: Context, host: Host, limits: BufferLimits) {
    this.#next = next;
    this.#context = context;
    this.#host = host;
    this.#limits = limits;
    this.#batch = new ItemBatch(signal, host.pool);
  }

  /** Takes an item; `add`, which is called some time, throws when it cannot be encoded. Never throws, never waits. */
  take(add: (batch: ItemBatch) => void): void {
    if (this.#closed) return this.#drop(1, 'shutdown');
    if (this.#isFull) return this.#drop(1, 'queue_full');
    this.#waiting.push(add);
    const items = this.#items;
    if (this.#waiting.length >= encodedAtOnce) this.#encode();
    if (items === this.#limits.maxItems) this.#schedule(0);
    else if (this.#timer === undefined) this.#schedule(this.#limits.flushMs);
  }

  get #isFull(): boolean {
    return this.#batch.sizeBytes + this.#sendingBytes >= this.#limits.maxBytes || this.#host.memory.available === 0;
  }

  get #items(): number {
    return this.#batch.items + this.#waiting.length;
  }

  #encode(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    for (const add of waiting) {
      try {
        if (this.#isFull) this.#drop(1, 'queue_full');
        else add(this.#batch);
      } catch (error) {
        this.#drop(1, 'malformed');
        this.#context.logger.warn('An item of the application could not be encoded.', { error: (error as Error).message });
      }
    }
  }

  /** Passes on what is there now. Resolves when it was taken or dropped, or after five seconds. */
  async flush(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#context.clock.setTimeout(resolve, flushTimeoutMs);
    await Promise.race([this.#drain(), promise]);
    timer.cancel();
  }

  /** Takes nothing more and passes on what is there; when `signal` aborts, the rest is dropped. */
  async close(signal: AbortSignal): Promise<void> {
    this.#closed = true;
    this.#deadline = signal;
    const wake = (): void => this.#wake?.();
    signal.addEventListener('abort', wake);
    wake();
    await this.#drain();
    signal.removeEventListener('abort', wake);
  }

  async #drain(): Promise<void> {
    await this.#sending;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#send();
    await this.#sending;
  }

  #schedule(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#context.clock.setTimeout(() => {
      this.#timer = undefined;
      this.#send();
    }, delayMs);
  }

  #send(): void {
    // Also while the pipeline refuses: only what is encoded counts against the limit.
    this.#encode();
    if (this.#sending !== undefined) return;
    const batch = this.#batch.finish();
    if (batch === undefined) return;
    this.#sendingBytes = batch.sizeBytes;
    this.#sending = this.#deliver(batch).finally(() => {
      batch.release();
      this.#sendingBytes = 0;
      this.#sending = undefined;
      if (this.#items > 0 && this.#timer === undefined) {
        this.#schedule(this.#items < this.#limits.maxItems ? this.#limits.flushMs : 0);
      }
    });
  }

  async #deliver(batch: Batch): Promise<void> {
    for (let delayMs = firstRetryMs; ; delayMs = Math.min(delayMs * 2, longestRetryMs)) {
      try {
        return await lend(this.#next, batch.hold());
      } catch (error) {
        if (isPermanent(error) || this.#deadline?.aborted === true) {
          const reason = isPermanent(error) ? 'permanent' : 'shutdown';
          this.#drop(batch.items, reason);
          const { message } = error as Error;
          this.#context.logger.error('Telemetry of the application was refused.', { dropped_items: batch.items, reason, error: message });
          return;
        }
        await this.#wait(Math.max(delayMs, isPipelineError(error) ? (error.retryAfterMs ?? 0) : 0));
      }
    }
  }

  /** Waits, not longer than until the shutdown or its deadline. */
  async #wait(delayMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = this.#context.clock.setTimeout(resolve, delayMs);
    await promise;
    timer.cancel();
    this.#wake = undefined;
  }

  #drop(items: number, reason: string): void {
    this.#context.items.create(items);
    this.#context.items.drop(items, reason);
  }
}
