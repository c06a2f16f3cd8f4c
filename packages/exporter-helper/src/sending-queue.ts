import {
  type BatchLog,
  type Consumed,
  type Context,
  type Host,
  PipelineError,
  type StoredBatch,
  type Tally,
  type Timer,
} from '@millrace/api';
import type { Batch, MemoryLedger } from '@millrace/wire';
import { Batching } from './batching.ts';
import { openStorage } from './open-storage.ts';
import type { Job, JobResult, Part, Queued } from './queued-batch.ts';
import { QueueLine } from './queue-line.ts';
import { Ring } from './ring.ts';
import type { QueueConfig } from './settings.ts';

/** A sender that waits for room. Its batch stays its own until then. */
interface Waiter {
  readonly batch: Batch;
  readonly sizeUnits: number;
  readonly admit: (taken: Consumed) => void;
  readonly refuse: (error: PipelineError) => void;
}

const queueFull: PipelineError = new PipelineError('sending queue is full', { kind: 'retryable' });
const queueStopped: PipelineError = new PipelineError('sending queue is stopped', { kind: 'retryable' });
/** How soon those who wait look again for room that another thread may have left. */
const lookAgainMs = 10;
const tooLarge: PipelineError = new PipelineError('element size too large', { kind: 'permanent' });

/**
 * Holds batches until one of `num_consumers` sends them, merged and split by `batch`. `queue_size` and the byte budget of the process bound
 * it: when the budget is spent, only a batch that can be sent at once is taken, which frees memory sooner than refusing it. With `storage`
 * a batch is taken when the storage has it, and leaves the storage when it is through.
 */
export class SendingQueue {
  readonly #config: QueueConfig;
  readonly #context: Context;
  readonly #export: (batch: Batch) => Promise<JobResult>;
  readonly #line: QueueLine;
  readonly #waiters = new Ring<Waiter>();
  readonly #jobs = new Ring<Job>();
  #batching: Batching | undefined;
  #memory: MemoryLedger | undefined;
  #log: BatchLog | undefined;
  /** What the queues of this exporter in all threads hold together. */
  #tally: Tally | undefined;
  #lookAgain: Timer | undefined;
  #usedUnits = 0;
  #usedBytes = 0;
  #sending = 0;
  #appending = 0;
  #stopped = false;
  #drained: (() => void) | undefined;

  /** `export_` sends one batch, accounts for its items and never rejects. */
  constructor(config: QueueConfig, context: Context, export_: (batch: Batch) => Promise<JobResult>) {
    this.#config = config;
    this.#context = context;
    this.#export = export_;
    this.#line = new QueueLine(context, () => (this.#stopped ? this.clear(() => {}) : this.#pump()));
  }

  /** Bytes of what is held, batches being sent included. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** What this thread holds, batches being sent included, in units of the sizer. */
  get usedUnits(): number {
    return this.#usedUnits;
  }

  /** From here on the byte budget counts; what an earlier run left in the storage is queued. */
  async start(host: Host): Promise<void> {
    const { batch, storage } = this.#config;
    const { clock, signal = 'traces' } = this.#context;
    this.#memory = host.memory;
    this.#tally = host.tally(`${this.#context.id} ${signal} sending_queue`);
    if (batch?.enabled === true) {
      this.#batching = new Batching({
        config: batch,
        sizer: batch.sizer === 'bytes' || (batch.sizer === undefined && this.#config.sizer === 'bytes') ? 'bytes' : 'items',
        signal,
        pool: host.pool,
        clock,
        emit: (job) => this.#jobs.push(job),
        wake: () => this.#pump(),
      });
    }
    if (storage === undefined) return;
    const { id, kind } = this.#context;
    this.#log = await openStorage(host, storage).openLog({ kind, id, name: signal, signal, pool: host.pool });
    for (const stored of this.#log.recovered) {
      this.#context.items.create(stored.items);
      this.#admitStored(undefined, stored);
    }
    if (this.#log.recovered.length > 0) {
      this.#context.logger.info('Queued what an earlier run left in the storage.', { batches: this.#log.recovered.length });
    }
    this.#pump();
  }

  /** The error that a batch of one unit would be refused with now. */
  refusing(): PipelineError | undefined {
    if (this.#stopped) return queueStopped;
    return this.#config.block_on_overflow && !this.#overBudget() ? undefined : this.#hasRoom(1) ? undefined : queueFull;
  }

  /** Takes a handle of its own to the batch; throws or rejects when there is no room, or waits for it with `block_on_overflow`. */
  offer(batch: Batch): Consumed {
    const sizeUnits = this.#sizeOf(batch);
    if (sizeUnits === 0) return undefined;
    if (sizeUnits > this.#config.queue_size) throw tooLarge;
    if (this.#stopped || (this.#config.storage !== undefined && this.#log === undefined)) throw queueStopped;
    if (this.#waiters.length === 0 && this.#hasRoom(sizeUnits)) return this.#take(batch, sizeUnits);
    // Those who wait hold memory, so their number is bounded by the byte budget.
    if (!this.#config.block_on_overflow || this.#overBudget()) throw queueFull;
    return new Promise((resolve, reject) => {
      this.#waiters.push({ batch, sizeUnits, admit: resolve, refuse: reject });
      this.#watchOthers();
    });
  }

  /**
   * Takes nothing more from outside; resolves when everything queued, and everyone who waited, is through. With storage only what is being
   * sent is waited for: the rest is there for the next run.
   */
  async drain(): Promise<void> {
    this.#stopped = true;
    if (this.#log !== undefined) this.clear(() => {});
    else this.#pump();
    if (!this.#idle()) await new Promise<void>((resolve) => (this.#drained = resolve));
    await this.#log?.close();
  }

  /** Refuses everyone who waits and gives up what is queued: `drop` counts it, unless the storage keeps it or somebody waits for it. */
  clear(drop: (items: number) => void): void {
    for (let waiter = this.#waiters.shift(); waiter !== undefined; waiter = this.#waiters.shift()) waiter.refuse(queueStopped);
    this.#lookAgain?.cancel();
    const giveUp = ({ queued, items }: Part): void => {
      queued.left -= items;
      queued.batch?.release();
      queued.batch = undefined;
      if (queued.stored !== undefined) {
        if (queued.error === undefined) queued.kept = true;
      } else {
        this.#context.items.hold(-items);
        if (queued.settle === undefined) drop(items);
        else queued.error = queueStopped;
      }
      if (queued.left === 0) void this.#finish(queued);
    };
    for (let job = this.#jobs.shift(); job !== undefined; job = this.#jobs.shift()) {
      job.parts.forEach(giveUp);
      job.batch.release();
    }
    this.#batching?.discard().forEach(giveUp);
    for (let queued = this.#line.shift(); queued !== undefined; queued = this.#line.shift()) giveUp({ queued, items: queued.left });
    if (this.#idle()) this.#drained?.();
  }

  #sizeOf({ items, sizeBytes }: { readonly items: number; readonly sizeBytes: number }): number {
    const { sizer } = this.#config;
    return sizer === 'items' ? items : sizer === 'bytes' ? sizeBytes : 1;
  }

  #use(units: number): void {
    this.#usedUnits += units;
    this.#tally?.add(units);
  }

  /** Nothing of this thread wakes those who wait while it holds nothing itself. */
  #watchOthers(): void {
    if (this.#usedUnits > 0 || this.#lookAgain !== undefined || this.#waiters.length === 0) return;
    this.#lookAgain = this.#context.clock.setTimeout(() => {
      this.#lookAgain = undefined;
      this.#admitWaiters();
    }, lookAgainMs);
  }

  #hasRoom(sizeUnits: number): boolean {
    return (this.#tally?.total ?? this.#usedUnits) + sizeUnits <= this.#config.queue_size && !this.#overBudget();
  }

  /** What the storage has taken needs no memory; what it is about to take does. */
  #overBudget(): boolean {
    if (this.#memory?.available !== 0) return false;
    return this.#log === undefined ? this.#sending >= this.#config.num_consumers : this.#appending > 0;
  }

  #take(batch: Batch, sizeUnits: number): Consumed {
    if (this.#log !== undefined) return this.#store(this.#log, batch, sizeUnits);
    let result: Promise<void> | undefined;
    let settle: Queued['settle'];
    if (this.#config.wait_for_result === true) {
      result = new Promise((resolve, reject) => {
        settle = (error) => (error === undefined ? resolve() : reject(error));
      });
    }
    this.#admit(batch.hold(), batch, sizeUnits, undefined, settle);
    this.#pump();
    return result;
  }

  async #store(log: BatchLog, batch: Batch, sizeUnits: number): Promise<void> {
    this.#use(sizeUnits);
    this.#appending++;
    let stored: StoredBatch;
    try {
      stored = await log.append(batch);
    } catch (error) {
      this.#appending--;
      this.#use(-sizeUnits);
      this.#admitWaiters();
      if (this.#idle()) this.#drained?.();
      throw error;
    }
    this.#appending--;
    this.#use(-sizeUnits);
    this.#admitStored(!this.#stopped && this.#line.keeps(batch, this.#memory!) ? batch.hold() : undefined, stored);
    if (this.#stopped) this.clear(() => {});
    else this.#pump();
  }

  #admitStored(batch: Batch | undefined, stored: StoredBatch): void {
    this.#admit(batch, stored, this.#sizeOf(stored), stored, undefined);
  }

  #admit(
    batch: Batch | undefined,
    { items, sizeBytes }: { readonly items: number; readonly sizeBytes: number },
    sizeUnits: number,
    stored: StoredBatch | undefined,
    settle: Queued['settle'],
  ): void {
    this.#use(sizeUnits);
    this.#usedBytes += sizeBytes;
    this.#context.items.hold(items);
    this.#line.push({ items, sizeBytes, sizeUnits, stored, batch, left: items, kept: false, settle, error: undefined, through: 0 });
  }

  #pump(): void {
    while (this.#sending < this.#config.num_consumers) {
      if (this.#jobs.length === 0) this.#prepare();
      const job = this.#jobs.shift();
      if (job === undefined) return;
      this.#sending++;
      void this.#run(job);
    }
    // The next batch is collected while all workers are busy.
    if (this.#batching !== undefined && this.#jobs.length === 0) this.#prepare();
  }

  /** Makes jobs of what is first in line, until there is one. */
  #prepare(): void {
    while (this.#jobs.length === 0) {
      const queued = this.#line.peek(this.#log);
      if (queued === undefined) break;
      this.#line.shift();
      const { batch, items } = queued;
      queued.batch = undefined;
      if (batch !== undefined && this.#batching === undefined) {
        this.#jobs.push({ batch, parts: [{ queued, items }] });
      } else if (batch !== undefined && items > 0) {
        this.#batching!.add(queued, batch);
        // Memory that waits for company is memory nobody else has.
        if (this.#memory!.available === 0) this.#batching!.flush();
      } else {
        batch?.release();
        void this.#finish(queued);
      }
    }
    if (this.#stopped && this.#line.length === 0) this.#batching?.flush();
  }

  async #run({ batch, parts }: Job): Promise<void> {
    const result = await this.#export(batch);
    batch.release();
    await Promise.all(this.#account(parts, result));
    this.#sending--;
    this.#pump();
    this.#admitWaiters();
    if (this.#idle()) this.#drained?.();
  }

  #account(parts: readonly Part[], { accounted, error, kept }: JobResult): Promise<void>[] {
    const acknowledged: Promise<void>[] = [];
    const { items } = this.#context;
    let all = 0;
    for (const { queued, items: share } of parts) {
      all += share;
      queued.left -= share;
      if (kept === true) queued.kept = true;
      if (error === undefined) queued.through += share;
      else queued.error ??= error;
      if (queued.left > 0) continue;
      const done = this.#finish(queued);
      if (done !== undefined) acknowledged.push(done);
    }
    items.hold(kept === true ? -accounted : -all);
    // Its sender offers all of it again: what is through all the same came in addition.
    if (error !== undefined) items.create(accounted);
    return acknowledged;
  }

  /** All items of a batch are through, or given up. */
  #finish(queued: Queued): Promise<void> | undefined {
    this.#use(-queued.sizeUnits);
    this.#usedBytes -= queued.sizeBytes;
    if (queued.error !== undefined && queued.through > 0) this.#context.items.create(queued.through);
    queued.settle?.(queued.error);
    return queued.stored === undefined || queued.kept ? undefined : this.#log!.acknowledge(queued.stored);
  }

  #admitWaiters(): void {
    for (let next = this.#waiters.peek(); next !== undefined && this.#hasRoom(next.sizeUnits); next = this.#waiters.peek()) {
      this.#waiters.shift();
      next.admit(this.#take(next.batch, next.sizeUnits));
    }
    this.#watchOthers();
  }

  #idle(): boolean {
    const waiting = this.#line.length + this.#waiters.length + this.#jobs.length + (this.#batching?.items ?? 0);
    return waiting === 0 && this.#sending === 0 && this.#appending === 0 && !this.#line.reading;
  }
}
