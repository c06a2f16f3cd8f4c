/** Log2 of the bytes of a block: small enough that a block seldom reaches beyond the field next to the one that is meant. */
const blockShift = 6;

/** Notes about blocks of 64 bytes of a buffer: which of 31 kinds of find may begin in each. */
export class BlockMarks {
  #blocks = new Int32Array(1024);
  #used = 0;
  /** Every kind that was noted. */
  all = 0;

  /** Forgets everything and covers a buffer of `length` bytes. */
  reset(length: number): void {
    const needed = (length >> blockShift) + 1;
    if (needed > this.#blocks.length) this.#blocks = new Int32Array(needed * 2);
    else if (this.all !== 0) this.#blocks.fill(0, 0, this.#used);
    this.#used = needed;
    this.all = 0;
  }

  /** Notes that the kinds in `bits` may begin at `at`. */
  mark(at: number, bits: number): void {
    this.#blocks[at >> blockShift] |= bits;
    this.all |= bits;
  }

  /** The first byte of the block behind the one of `at`. */
  nextBlock(at: number): number {
    return ((at >> blockShift) + 1) << blockShift;
  }

  /** The kinds that may begin in `[start, end)`: all that do, and perhaps some of the bytes around. */
  in(start: number, end: number): number {
    let bits = 0;
    const last = (end - 1) >> blockShift;
    for (let block = start >> blockShift; block <= last; block++) bits |= this.#blocks[block]!;
    return bits;
  }
}
