import { type Consumed, type Context, PipelineError } from '@millrace/api';
import type { Batch, MemoryLedger } from '@millrace/wire';
import { Ring } from './ring.ts';
import type { QueueConfig } from './settings.ts';

/** A sender that waits for room. Its batch stays its own until then. */
interface Waiter {
  readonly batch: Batch;
  readonly sizeUnits: number;
  readonly admit: () => void;
  readonly refuse: (error: PipelineError) => void;
}

const queueFull: PipelineError = new PipelineError('sending queue is full', { kind: 'retryable' });
const queueStopped: PipelineError = new PipelineError('sending queue is stopped', { kind: 'retryable' });
const tooLarge: PipelineError = new PipelineError('element size too large', { kind: 'permanent' });

/**
 * Holds batches until one of `num_consumers` sends them. `queue_size` and the byte budget of the process bound it: when the budget is spent,
 * only a batch that can be sent at once is taken, which frees memory sooner than refusing it.
 */
export class SendingQueue {
  readonly #config: QueueConfig;
  readonly #context: Context;
  readonly #export: (batch: Batch) => Promise<void>;
  readonly #queued = new Ring<Batch>();
  readonly #waiters = new Ring<Waiter>();
  #memory: MemoryLedger | undefined;
  #usedUnits = 0;
  #sending = 0;
  #stopped = false;
  #drained: (() => void) | undefined;

  /** `export_` sends one batch, accounts for its items and never rejects. */
  constructor(config: QueueConfig, context: Context, export_: (batch: Batch) => Promise<void>) {
    this.#config = config;
    this.#context = context;
    this.#export = export_;
  }

  /** From here on the byte budget counts. */
  start(memory: MemoryLedger): void {
    this.#memory = memory;
  }

  /** The error that a batch of one unit would be refused with now. */
  refusing(): PipelineError | undefined {
    if (this.#stopped) return queueStopped;
    return this.#config.block_on_overflow && !this.#overBudget() ? undefined : this.#hasRoom(1) ? undefined : queueFull;
  }

  /** Takes a handle of its own to the batch; throws when there is no room, or waits for it with `block_on_overflow`. */
  offer(batch: Batch): Consumed {
    const sizeUnits = this.#sizeOf(batch);
    if (sizeUnits === 0) return undefined;
    if (sizeUnits > this.#config.queue_size) throw tooLarge;
    if (this.#stopped) throw queueStopped;
    if (this.#waiters.length === 0 && this.#hasRoom(sizeUnits)) {
      this.#take(batch, sizeUnits);
      return undefined;
    }
    // Those who wait hold memory, so their number is bounded by the byte budget.
    if (!this.#config.block_on_overflow || this.#overBudget()) throw queueFull;
    return new Promise((resolve, reject) => this.#waiters.push({ batch, sizeUnits, admit: resolve, refuse: reject }));
  }

  /** Takes nothing more from outside; resolves when everything queued, and everyone who waited, is through. */
  drain(): Promise<void> {
    this.#stopped = true;
    if (this.#idle()) return Promise.resolve();
    return new Promise((resolve) => (this.#drained = resolve));
  }

  /** Refuses everyone who waits and hands out everything that is queued, instead of sending it. */
  clear(give: (batch: Batch) => void): void {
    for (let waiter = this.#waiters.shift(); waiter !== undefined; waiter = this.#waiters.shift()) waiter.refuse(queueStopped);
    for (let batch = this.#queued.shift(); batch !== undefined; batch = this.#queued.shift()) {
      give(batch);
      this.#forget(batch);
    }
  }

  #sizeOf(batch: Batch): number {
    const { sizer } = this.#config;
    return sizer === 'requests' ? 1 : sizer === 'items' ? batch.items : batch.sizeBytes;
  }

  #hasRoom(sizeUnits: number): boolean {
    return this.#usedUnits + sizeUnits <= this.#config.queue_size && !this.#overBudget();
  }

  #overBudget(): boolean {
    return this.#memory?.available === 0 && this.#sending >= this.#config.num_consumers;
  }

  #take(batch: Batch, sizeUnits: number): void {
    this.#usedUnits += sizeUnits;
    this.#context.items.hold(batch.items);
    this.#queued.push(batch.hold());
    this.#sendMore();
  }

  #sendMore(): void {
    while (this.#sending < this.#config.num_consumers) {
      const batch = this.#queued.shift();
      if (batch === undefined) return;
      this.#sending++;
      void this.#send(batch);
    }
  }

  async #send(batch: Batch): Promise<void> {
    await this.#export(batch);
    this.#sending--;
    this.#forget(batch);
    this.#sendMore();
    this.#admitWaiters();
    if (this.#idle()) this.#drained?.();
  }

  #forget(batch: Batch): void {
    this.#usedUnits -= this.#sizeOf(batch);
    this.#context.items.hold(-batch.items);
    batch.release();
  }

  #admitWaiters(): void {
    for (let next = this.#waiters.peek(); next !== undefined && this.#hasRoom(next.sizeUnits); next = this.#waiters.peek()) {
      this.#waiters.shift();
      this.#take(next.batch, next.sizeUnits);
      next.admit();
    }
  }

  #idle(): boolean {
    return this.#sending === 0 && this.#queued.length === 0 && this.#waiters.length === 0;
  }
}
