import type { BufferPool, Lease } from './buffer-pool.ts';
import type { Client } from './client.ts';
import type { Signal } from './signal.ts';

/** A lease that several handles share; it is released with the last of them. */
interface SharedLease {
  readonly lease: Lease;
  handles: number;
}

/**
 * One well-formed Export*ServiceRequest in one contiguous range of pooled memory. Its bytes are never written. A batch is yours until the
 * `consume` that gave it to you settles; `hold()` keeps it longer; pass on a batch you made with `lend`.
 */
export class Batch implements Disposable {
  readonly signal: Signal;
  /** Spans, data points or log records (profiles: resource entries): counted once by `admit`, then carried. */
  readonly items: number;
  readonly client: Client;
  /** Length of `bytes`. */
  readonly sizeBytes: number;
  readonly #shared: SharedLease;
  #bytes: Buffer | undefined;

  /** For `createBatch` only. */
  constructor(signal: Signal, shared: SharedLease, bytes: Buffer, items: number, client: Client) {
    this.signal = signal;
    this.items = items;
    this.client = client;
    this.sizeBytes = bytes.length;
    this.#shared = shared;
    this.#bytes = bytes;
  }

  /** The encoded request. Throws after `release`. */
  get bytes(): Buffer {
    if (this.#bytes === undefined) throw new Error('reading a batch after its release');
    return this.#bytes;
  }

  /** Where the bytes were leased. */
  get pool(): BufferPool {
    return this.#shared.lease.pool;
  }

  /** A second handle to the same bytes that stays valid until its own `release`. */
  hold(client: Client = this.client): Batch {
    const bytes = this.bytes;
    this.#shared.handles++;
    return new Batch(this.signal, this.#shared, bytes, this.items, client);
  }

  /** Gives this handle up; a second call does nothing. */
  release(): void {
    if (this.#bytes === undefined) return;
    this.#bytes = undefined;
    if (--this.#shared.handles === 0) this.#shared.lease.release();
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

/**
 * A batch over the range `[start, end)` of a lease, which it takes over. For bytes that are well formed by construction (`admit`, merge,
 * walks, builders); bytes from outside go through `admit`.
 */
export function createBatch(signal: Signal, lease: Lease, start: number, end: number, items: number, client: Client): Batch {
  return new Batch(signal, { lease, handles: 1 }, lease.buffer.subarray(start, end), items, client);
}
