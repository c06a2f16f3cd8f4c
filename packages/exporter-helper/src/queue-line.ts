import { type BatchLog, type Context, isPermanent, type PipelineError } from '@millrace/api';
import type { Batch, MemoryLedger } from '@millrace/wire';
import type { Queued } from './queued-batch.ts';
import { Ring } from './ring.ts';
import { messageOf } from './sender.ts';

/** Stored batches that are next in line stay in memory up to so many bytes; others are read again when it is their turn. */
const keptBytes = 16 * 1024 * 1024;
/** So many batches are read from the storage at a time. */
const readAhead = 16;

/** The batches that wait for their turn, in order. Of those in a storage, only the first ones are in memory. */
export class QueueLine {
  readonly #context: Context;
  readonly #ready: () => void;
  readonly #queued = new Ring<Queued>();
  #keptBytes = 0;
  /** Batches that are only in the storage. */
  #unread = 0;
  #reading = false;

  /** `ready` is called when batches were read from the storage. */
  constructor(context: Context, ready: () => void) {
    this.#context = context;
    this.#ready = ready;
  }

  get length(): number {
    return this.#queued.length;
  }

  get reading(): boolean {
    return this.#reading;
  }

  push(queued: Queued): void {
    this.#queued.push(queued);
    if (queued.stored === undefined) return;
    if (queued.batch === undefined) this.#unread++;
    else this.#keptBytes += queued.sizeBytes;
  }

  /** Whether a batch that the storage has should stay in memory too: as long as there is plenty, which spares reading it again. */
  keeps(batch: Batch, memory: MemoryLedger): boolean {
    return this.#unread === 0 && memory.available > 0 && this.#keptBytes + batch.sizeBytes <= keptBytes;
  }

  /** The first one, if it is in memory or cannot be read (it has an `error` then, and is accounted for); otherwise it is read from the log. */
  peek(log: BatchLog | undefined): Queued | undefined {
    const first = this.#queued.peek();
    if (first === undefined || first.batch !== undefined || first.error !== undefined) return first;
    if (!this.#reading) void this.#readMore(log!);
    return undefined;
  }

  /** Takes the first one out. */
  shift(): Queued | undefined {
    const first = this.#queued.shift();
    if (first?.stored !== undefined && first.batch !== undefined) this.#keptBytes -= first.sizeBytes;
    return first;
  }

  async #readMore(log: BatchLog): Promise<void> {
    this.#reading = true;
    const reads: Promise<void>[] = [];
    for (let i = 0; i < readAhead && (i === 0 || this.#keptBytes < keptBytes); i++) {
      const queued = this.#queued.at(i);
      if (queued === undefined) break;
      if (queued.batch === undefined && queued.error === undefined) reads.push(this.#read(log, queued));
    }
    await Promise.all(reads);
    this.#reading = false;
    this.#ready();
  }

  async #read(log: BatchLog, queued: Queued): Promise<void> {
    const { items, sizeBytes, stored } = queued;
    this.#unread--;
    this.#keptBytes += sizeBytes;
    try {
      queued.batch = await log.read(stored!);
    } catch (error) {
      this.#keptBytes -= sizeBytes;
      queued.error = error as PipelineError;
      queued.left = 0;
      // What is damaged is lost; what cannot be read for now is offered by the next run.
      queued.kept = !isPermanent(error);
      if (!queued.kept) {
        this.#context.items.drop(items, 'storage_damaged');
        this.#context.items.hold(-items);
      }
      this.#context.logger.error('A stored batch cannot be read.', {
        error: messageOf(error),
        [queued.kept ? 'kept_items' : 'dropped_items']: items,
      });
    }
  }
}
