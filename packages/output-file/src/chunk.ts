import type { FileHandle } from 'node:fs/promises';
import type { BufferPool, ItemLedger } from '@millrace/api';
import type { Lease } from '@millrace/wire';

const smallestBytes = 4 * 1024;

/** Bytes on their way to a file, and the items in them by the ledger of their exporter. */
export class Chunk {
  /** The file is rotated before the chunk is written; set to false when that is done. */
  rotatesFirst: boolean;
  readonly #pool: BufferPool;
  #lease: Lease | undefined;
  #length = 0;
  #writtenBytes = 0;
  #busy = false;
  readonly #items = new Map<ItemLedger, number>();

  constructor(pool: BufferPool, rotatesFirst: boolean) {
    this.#pool = pool;
    this.rotatesFirst = rotatesFirst;
  }

  get length(): number {
    return this.#length;
  }

  /** How much of it is in the file. */
  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  /** Copies two ranges to the end. The ledger holds their items from now on. */
  append(first: Uint8Array, second: Uint8Array, items: number, ledger: ItemLedger): void {
    const length = this.#length + first.length + second.length;
    this.#lease ??= this.#pool.lease(Math.max(smallestBytes, length));
    this.#lease.grow(length, this.#length);
    const { buffer } = this.#lease;
    copy(buffer, this.#length, first);
    copy(buffer, this.#length + first.length, second);
    this.#length = length;
    this.#items.set(ledger, (this.#items.get(ledger) ?? 0) + items);
    ledger.hold(items);
  }

  /** Writes what is not written yet; can be tried again when it rejects. In the end the items are absorbed. */
  async writeTo(file: FileHandle): Promise<void> {
    while (this.#lease !== undefined && this.#writtenBytes < this.#length) {
      const lease = this.#lease;
      this.#busy = true;
      try {
        const { bytesWritten } = await file.write(lease.buffer, this.#writtenBytes, this.#length - this.#writtenBytes);
        this.#writtenBytes += bytesWritten;
      } finally {
        this.#busy = false;
        if (this.#lease === undefined) lease.release();
      }
    }
    this.#end((ledger, items) => ledger.absorb(items));
  }

  /** Gives up what is not written and counts it. */
  drop(reason: string): void {
    this.#end((ledger, items) => ledger.drop(items, reason));
  }

  #end(account: (ledger: ItemLedger, items: number) => void): void {
    for (const [ledger, items] of this.#items) {
      ledger.hold(-items);
      account(ledger, items);
    }
    this.#items.clear();
    // The system may still read what it was given to write.
    if (!this.#busy) this.#lease?.release();
    this.#lease = undefined;
    this.#length = 0;
  }
}

/** In shared memory `fill` copies several times faster than `set`. */
function copy(target: Buffer, at: number, bytes: Uint8Array): void {
  // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- a buffer takes the bytes
  if (bytes.length > 0) target.fill(bytes, at, at + bytes.length);
}
