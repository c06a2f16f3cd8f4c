import { copyAll } from './copy-bytes.ts';
import type { MemoryLedger } from './memory-ledger.ts';

/** Buffers come in sizes of 2^n and 1.5 * 2^n bytes from 4 KiB on, so a lease wastes at most a third. */
const smallestShift = 12;
/** Offsets into a buffer stay within 31 bits. */
const largestBytes = 2 ** 31 - 1;

function classOf(sizeBytes: number): number {
  const needed = Math.max(sizeBytes, 1 << smallestShift);
  const shift = 31 - Math.clz32(needed - 1);
  const half = 1 << shift;
  if (needed <= 1 << smallestShift) return 0;
  return (shift - smallestShift) * 2 + (needed > half + half / 2 ? 2 : 1);
}

function capacityOf(sizeClass: number): number {
  const base = 2 ** (smallestShift + (sizeClass >> 1));
  return sizeClass % 2 === 0 ? base : base * 1.5;
}

/** Settings of a `BufferPool`. */
export interface BufferPoolOptions {
  /** Bytes of free buffers that the pool keeps for the next lease; more are left to the garbage collector. Default 8 MiB. */
  readonly retainBytes?: number;
  /** Overwrite released buffers with 0xAA, so that a read after release is seen. For tests. Default false. */
  readonly poison?: boolean;
}

/**
 * Lends buffers of shared memory and takes them back. Leased memory is not referenced by the pool: a lease that is lost is garbage,
 * never a leak and never handed out twice, and its bytes leave the ledger when it is collected. One pool a thread. Copy between its
 * buffers with `copyAll` or `copyBytes`: `set`, `copy` and `copyWithin` move shared memory byte by byte.
 */
export class BufferPool {
  readonly ledger: MemoryLedger;
  readonly #free: Buffer[][] = [];
  readonly #retainBytes: number;
  readonly #poison: boolean;
  #freeBytes = 0;
  readonly #lost = new FinalizationRegistry<number>((capacity) => this.ledger.add(-capacity));

  readonly #lostAdopted = new FinalizationRegistry<() => void>((released) => released());

  constructor(ledger: MemoryLedger, options: BufferPoolOptions = {}) {
    this.ledger = ledger;
    this.#retainBytes = options.retainBytes ?? 8 * 1024 * 1024;
    this.#poison = options.poison ?? false;
  }

  /** Lends a buffer of at least `sizeBytes` bytes with undefined content. Throws a RangeError for 2 GiB or more. */
  lease(sizeBytes: number): Lease {
    const buffer = this.take(sizeBytes);
    const lease = new Lease(this, buffer);
    this.#lost.register(lease, buffer.length, lease);
    return lease;
  }

  /**
   * A lease over shared memory that another thread leased. That thread accounts for it and waits for `released`, which is called once: on
   * release, or when the lease is lost and collected.
   */
  adopt(memory: SharedArrayBuffer, released: () => void): Lease {
    const lease = new Lease(this, Buffer.from(memory), released);
    this.#lostAdopted.register(lease, released, lease);
    return lease;
  }

  /** Free bytes that are kept for the next lease. */
  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** Forgets every free buffer. */
  trim(): void {
    this.#free.length = 0;
    this.#freeBytes = 0;
  }

  /** For `Lease` only: a buffer that the ledger counts. */
  take(sizeBytes: number): Buffer {
    if (!(sizeBytes >= 0 && sizeBytes <= largestBytes)) throw new RangeError(`no buffer of ${sizeBytes} bytes`);
    const sizeClass = classOf(sizeBytes);
    let buffer = this.#free[sizeClass]?.pop();
    if (buffer === undefined) buffer = Buffer.from(new SharedArrayBuffer(capacityOf(sizeClass)));
    else this.#freeBytes -= buffer.length;
    this.ledger.add(buffer.length);
    return buffer;
  }

  /** For `Lease` only: takes a buffer back. */
  give(buffer: Buffer): void {
    this.ledger.add(-buffer.length);
    if (this.#poison) buffer.fill(0xaa);
    if (this.#freeBytes + buffer.length > this.#retainBytes) return;
    (this.#free[classOf(buffer.length)] ??= []).push(buffer);
    this.#freeBytes += buffer.length;
  }

  /** For `Lease` only: an adopted lease was released. */
  disown(lease: Lease): void {
    this.#lostAdopted.unregister(lease);
  }

  /** For `Lease` only: the lease was released or its buffer changed size. */
  track(lease: Lease, capacity: number | undefined): void {
    this.#lost.unregister(lease);
    if (capacity !== undefined) this.#lost.register(lease, capacity, lease);
  }
}

/** A buffer on loan. Write into it freely until it becomes a batch; release it exactly once or pass it on. */
export class Lease implements Disposable {
  readonly pool: BufferPool;
  readonly #released: (() => void) | undefined;
  #buffer: Buffer | undefined;

  /** For `BufferPool` only. */
  constructor(pool: BufferPool, buffer: Buffer, released?: () => void) {
    this.pool = pool;
    this.#buffer = buffer;
    this.#released = released;
  }

  /** The whole buffer. Throws after release. */
  get buffer(): Buffer {
    if (this.#buffer === undefined) throw new Error('using a buffer after its release');
    return this.#buffer;
  }

  /** Makes room for at least `sizeBytes`; the first `keepBytes` bytes are kept. `buffer` is another object afterwards. */
  grow(sizeBytes: number, keepBytes: number): void {
    const old = this.buffer;
    if (sizeBytes <= old.length) return;
    if (this.#released !== undefined) throw new Error('memory of another thread cannot grow');
    const larger = this.pool.take(Math.max(sizeBytes, Math.min(old.length * 2, largestBytes)));
    copyAll(larger, 0, old.subarray(0, keepBytes));
    this.#buffer = larger;
    this.pool.give(old);
    this.pool.track(this, larger.length);
  }

  /** Gives the buffer back; a second call does nothing. */
  release(): void {
    const buffer = this.#buffer;
    if (buffer === undefined) return;
    this.#buffer = undefined;
    if (this.#released !== undefined) {
      this.pool.disown(this);
      this.#released();
      return;
    }
    this.pool.track(this, undefined);
    this.pool.give(buffer);
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
