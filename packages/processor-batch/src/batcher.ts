import { isPermanent, isPipelineError, PipelineError } from '@millrace/api';
import type { Batch, Client, Consumed, Consumer, Context, Host, Signal, Timer } from '@millrace/api';
import { Accumulator, split } from '@millrace/wire';
import type { BatchMetrics } from './batch-metrics.ts';

/** What waits while the next component does not accept data: at least this many bytes, ... */
const leastBoundBytes = 4 * 1024 * 1024;
/** ... or this many times the last batch. */
const boundInBatches = 2;
const firstRetryMs = 20;
const longestRetryMs = 1_000;

const full = new PipelineError('batch is full: the next component does not accept data', { kind: 'retryable' });

/** What a `Batcher` is made of. */
export interface BatcherOptions {
  readonly next: Consumer;
  readonly context: Context;
  readonly host: Host;
  readonly signal: Signal;
  /** The client of the batches that are sent. */
  readonly client: Client;
  /** Items after which a batch is sent; 0: at once. */
  readonly batchItems: number;
  /** Largest number of items in a batch; 0: no limit. */
  readonly maxItems: number;
  /** Milliseconds after which a batch is sent whatever its size; 0: at once. */
  readonly timeoutMs: number;
  readonly metrics: BatchMetrics;
}

/** A batch whose sender waits for admission. */
interface Waiter {
  readonly batch: Batch;
  readonly resolve: () => void;
  readonly reject: (error: PipelineError) => void;
}

/**
 * Collects items and sends them on in batches, in order, one at a time. Admitting is taking responsibility: a batch that the next component
 * refuses for now is offered again until it is taken; one that it refuses for good is dropped and counted. The next component may *block*
 * (its consume is pending) or *refuse*: what waits then is bounded in bytes. In a full buffer, senders wait for admission, in order, while
 * the next component blocks, as far as the bound for waiting goes; beyond that, and while it refuses, they are refused.
 */
export class Batcher {
  readonly #options: BatcherOptions;
  readonly #filling: Accumulator;
  /** Complete batches in order; the first one may be on offer. */
  readonly #ready: Batch[] = [];
  #readyBytes = 0;
  /** The first of `#ready` is with the next component, which has not decided. */
  #blocked = false;
  /** The next component refused the first of `#ready`; runs until the next offer. */
  #retry: Timer | undefined;
  #retryMs = firstRetryMs;
  readonly #waiters: Waiter[] = [];
  #waitingBytes = 0;
  #boundBytes = leastBoundBytes;
  #timer: Timer | undefined;
  #timeUp = false;
  #lastUse = 0;
  #stopping: (() => void) | undefined;
  #over = false;

  constructor(options: BatcherOptions) {
    this.#options = options;
    this.#filling = new Accumulator(options.signal, options.host.pool);
  }

  /** Takes responsibility for a batch, or waits, or refuses it. */
  consume(batch: Batch): Consumed {
    if (this.#stalled && this.#full) {
      if (!this.#blocked || this.#waitingBytes >= this.#boundBytes / 4) throw full;
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      this.#waiters.push({ batch: batch.hold(), resolve, reject });
      this.#waitingBytes += batch.sizeBytes;
      return promise;
    }
    this.#admit(batch);
    this.#pump();
    return undefined;
  }

  /** The refusal that every batch would get now. */
  refusing(): PipelineError | undefined {
    if (!this.#stalled || !this.#full) return undefined;
    return this.#blocked && this.#waitingBytes < this.#boundBytes / 4 ? undefined : full;
  }

  /** Whether nothing is held and nothing came since a time (milliseconds since the epoch). */
  idleSince(timeMs: number): boolean {
    return this.#lastUse <= timeMs && this.#empty;
  }

  /**
   * Sends everything on; when the signal aborts, drops and counts the rest. A batch that the next component has not decided on then is held
   * until it has.
   */
  shutdown(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const giveUp = (): void => this.#giveUp();
    this.#stopping = () => {
      signal.removeEventListener('abort', giveUp);
      resolve();
    };
    signal.addEventListener('abort', giveUp);
    this.#timeUp = true;
    if (signal.aborted) giveUp();
    else this.#pump();
    return promise;
  }

  get #stalled(): boolean {
    return this.#blocked || this.#retry !== undefined;
  }

  get #full(): boolean {
    return this.#readyBytes + this.#filling.sizeBytes >= this.#boundBytes || this.#options.host.memory.available === 0;
  }

  get #empty(): boolean {
    return this.#filling.items === 0 && this.#ready.length === 0 && this.#waiters.length === 0;
  }

  get #atOnce(): boolean {
    return this.#options.timeoutMs === 0 || this.#options.batchItems === 0;
  }

  #admit(batch: Batch): void {
    const { client, context, batchItems } = this.#options;
    const { items } = batch;
    if (items === 0) return;
    context.items.hold(items);
    if (this.#filling.items === 0 && (this.#atOnce || items >= batchItems)) {
      // Large enough by itself: passed on without a copy.
      this.#seal(batch.hold(client));
    } else {
      this.#filling.append(batch);
      if (this.#atOnce || this.#filling.items >= batchItems) this.#sealFilling();
      else this.#arm();
    }
  }

  #arm(): void {
    if (this.#timer !== undefined || this.#timeUp) return;
    const { clock } = this.#options.context;
    this.#timer = clock.setTimeout(() => {
      this.#timer = undefined;
      this.#timeUp = true;
      this.#pump();
    }, this.#options.timeoutMs);
  }

  #sealFilling(byTimeout = false): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timeUp = this.#stopping !== undefined;
    const batch = this.#filling.take(this.#options.client);
    if (batch !== undefined) this.#seal(batch, byTimeout);
  }

  /** Puts a batch in line, in pieces of at most `maxItems`; a last piece that is no batch yet goes on filling. */
  #seal(batch: Batch, byTimeout = false): void {
    const { maxItems, batchItems } = this.#options;
    if (maxItems === 0 || batch.items <= maxItems) {
      this.#queue(batch, byTimeout);
      return;
    }
    for (const piece of split(batch, { items: maxItems })) {
      if (piece.items >= batchItems || this.#atOnce || this.#stopping !== undefined) {
        this.#queue(piece, byTimeout);
      } else {
        this.#filling.append(piece);
        piece.release();
        this.#arm();
      }
    }
    batch.release();
  }

  #queue(batch: Batch, byTimeout: boolean): void {
    if (byTimeout) this.#options.metrics.byTimeout++;
    else this.#options.metrics.bySize++;
    this.#ready.push(batch);
    this.#readyBytes += batch.sizeBytes;
    this.#boundBytes = Math.max(leastBoundBytes, boundInBatches * batch.sizeBytes);
  }

  /** Sends what is due, then admits those who wait, until there is nothing to do or the next component stalls. */
  #pump(): void {
    for (;;) {
      while (!this.#stalled && this.#due()) this.#offer(this.#ready[0]);
      if (this.#waiters.length === 0 || (this.#stalled && this.#full)) break;
      const { batch, resolve } = this.#waiters.shift()!;
      this.#waitingBytes -= batch.sizeBytes;
      this.#admit(batch);
      batch.release();
      resolve();
    }
    if (this.#stopping !== undefined && this.#empty) this.#stopping();
  }

  #due(): boolean {
    const spent = this.#options.host.memory.available === 0;
    if (this.#ready.length === 0 && this.#filling.items > 0 && (this.#timeUp || spent)) this.#sealFilling(true);
    return this.#ready.length > 0;
  }

  #offer(batch: Batch): void {
    let consumed: Consumed;
    try {
      consumed = this.#options.next.consume(batch);
    } catch (error) {
      this.#refused(batch, error);
      return;
    }
    if (consumed === undefined) {
      this.#taken(batch);
      return;
    }
    this.#blocked = true;
    void consumed.then(
      () => this.#decided(() => this.#taken(batch)),
      (error: unknown) => this.#decided(() => this.#refused(batch, error)),
    );
  }

  #decided(conclude: () => void): void {
    this.#blocked = false;
    conclude();
    this.#pump();
  }

  #taken(batch: Batch): void {
    this.#options.metrics.sent(batch.items, batch.sizeBytes);
    this.#retryMs = firstRetryMs;
    this.#remove(batch);
  }

  #refused(batch: Batch, error: unknown): void {
    const { context } = this.#options;
    if (isPermanent(error)) {
      context.logger.warn('Sender failed', { error: String(error), dropped_items: batch.items });
      context.items.drop(batch.items, 'permanent');
      this.#remove(batch);
      return;
    }
    if (this.#over) {
      context.items.drop(batch.items, 'shutdown');
      this.#remove(batch);
      return;
    }
    const retryAfterMs = isPipelineError(error) ? (error.retryAfterMs ?? 0) : 0;
    this.#retry = context.clock.setTimeout(
      () => {
        this.#retry = undefined;
        this.#pump();
      },
      Math.max(this.#retryMs, retryAfterMs),
    );
    this.#retryMs = Math.min(this.#retryMs * 2, longestRetryMs);
    if (this.#full) this.#refuseWaiters();
  }

  #remove(batch: Batch): void {
    this.#ready.shift();
    this.#readyBytes -= batch.sizeBytes;
    this.#options.context.items.hold(-batch.items);
    this.#lastUse = this.#options.context.clock.now();
    batch.release();
  }

  #refuseWaiters(): void {
    for (const { batch, reject } of this.#waiters.splice(0)) {
      batch.release();
      reject(full);
    }
    this.#waitingBytes = 0;
  }

  #giveUp(): void {
    this.#over = true;
    this.#retry?.cancel();
    this.#retry = undefined;
    this.#refuseWaiters();
    this.#sealFilling();
    const { items } = this.#options.context;
    // What is with the next component is its own to decide: it may be taken yet.
    for (const batch of this.#ready.splice(this.#blocked ? 1 : 0)) {
      items.drop(batch.items, 'shutdown');
      items.hold(-batch.items);
      this.#readyBytes -= batch.sizeBytes;
      batch.release();
    }
    this.#stopping?.();
  }
}
