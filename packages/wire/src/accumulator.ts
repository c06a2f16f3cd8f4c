import { copyAll } from './copy-bytes.ts';
import { type Batch, createBatch } from './batch.ts';
import type { BufferPool, Lease } from './buffer-pool.ts';
import type { Client } from './client.ts';
import type { Signal } from './signal.ts';

/** Collects batches of one signal into one, for stages that batch. It copies at once, so the batches it is given need not be held. */
export class Accumulator {
  readonly #signal: Signal;
  readonly #pool: BufferPool;
  #lease: Lease | undefined;
  #items = 0;
  #sizeBytes = 0;
  /** Size of the next lease: the largest recent `take`; it fades by an eighth with each smaller one. */
  #expectedBytes = 0;

  /** @throws Error for profiles, which cannot be merged. */
  constructor(signal: Signal, pool: BufferPool) {
    if (signal === 'profiles') throw new Error('profiles cannot be merged');
    this.#signal = signal;
    this.#pool = pool;
  }

  /** Items appended since the last `take`. */
  get items(): number {
    return this.#items;
  }

  /** Bytes appended since the last `take`. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Copies a batch to the end; the batch stays the caller's. Throws for another signal. */
  append(batch: Batch): void {
    if (batch.signal !== this.#signal) throw new Error(`appending ${batch.signal} to ${this.#signal}`);
    const bytes = batch.bytes;
    if (bytes.length === 0) return;
    const size = this.#sizeBytes + bytes.length;
    this.#lease ??= this.#pool.lease(Math.max(size, this.#expectedBytes));
    this.#lease.grow(size, this.#sizeBytes);
    copyAll(this.#lease.buffer, this.#sizeBytes, bytes);
    this.#sizeBytes = size;
    this.#items += batch.items;
  }

  /** Everything appended since the last `take` as one batch, which is the caller's; undefined when there are no bytes. */
  take(client: Client): Batch | undefined {
    const lease = this.#lease;
    if (lease === undefined) return undefined;
    this.#expectedBytes = Math.max(this.#sizeBytes, this.#expectedBytes - (this.#expectedBytes >>> 3));
    const batch = createBatch(this.#signal, lease, 0, this.#sizeBytes, this.#items, client);
    this.#reset();
    return batch;
  }

  /** Forgets and releases everything appended since the last `take`. */
  discard(): void {
    this.#lease?.release();
    this.#reset();
  }

  #reset(): void {
    this.#lease = undefined;
    this.#items = 0;
    this.#sizeBytes = 0;
  }
}
