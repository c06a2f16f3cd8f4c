import type { BufferPool } from '@millrace/api';
import type { Lease } from '@millrace/wire';
import { Tail } from './tail.ts';

const newline = 0x0a;
const newlineBytes = Buffer.from('\n');
const smallestBytes = 64 * 1024;

/** Takes the lines that a `LineSplitter` finds. */
export interface LineTaker {
  /** A line without its newline, at an offset of the content. `true`: go on; `false`: the line was not taken. */
  line(bytes: Buffer, offset: number): Promise<boolean> | boolean;
  /** A line is longer than allowed and was skipped. */
  tooLong(offset: number, sizeBytes: number): void;
}

/** Cuts content into lines, holding at most one line that is not complete. */
export class LineSplitter {
  readonly #pool: BufferPool;
  readonly #largestBytes: number;
  readonly #taker: LineTaker;
  #lease: Lease | undefined;
  #length = 0;
  #skipping = false;
  readonly #tail: Tail;
  /** Where the line that is not complete begins, and where the content that was seen ends. */
  #lineAt: number;
  #at: number;

  /** `tail`: the bytes before `from`. */
  constructor(pool: BufferPool, largestBytes: number, from: number, tail: Buffer, taker: LineTaker) {
    this.#pool = pool;
    this.#largestBytes = largestBytes;
    this.#taker = taker;
    this.#lineAt = this.#at = from;
    this.#tail = new Tail(tail);
  }

  /** Behind the last line that was taken: reading can go on from there. A line that is being skipped counts as taken only when it ends. */
  get offset(): number {
    return this.#lineAt;
  }

  /** The bytes before `offset`, as they were read. */
  get tail(): Buffer {
    return this.#tail.copy();
  }

  /** Whether there is something behind the last newline. */
  get hasRest(): boolean {
    return this.#at > this.#lineAt;
  }

  /** Takes a piece. False when a line was not taken: nothing more can be added then. */
  async add(piece: Buffer): Promise<boolean> {
    let start = 0;
    for (let end = piece.indexOf(newline); end >= 0; end = piece.indexOf(newline, start)) {
      const taken = this.#endLine(piece, start, end);
      if (!(typeof taken === 'boolean' ? taken : await taken)) return false;
      if (this.#skipping) this.#tail.clear();
      else if (this.#length > 0) this.#tail.push((this.#lease as Lease).buffer.subarray(0, this.#length));
      if (this.#length === 0 || this.#skipping) this.#tail.push(piece.subarray(start, end));
      this.#tail.push(newlineBytes);
      this.#length = 0;
      this.#skipping = false;
      this.#at += end + 1 - start;
      this.#lineAt = this.#at;
      start = end + 1;
    }
    this.#keep(piece, start, piece.length);
    this.#at += piece.length - start;
    return true;
  }

  /** Offers what stands behind the last newline, if there is anything. */
  async rest(): Promise<void> {
    if (this.#lease === undefined || this.#length === 0 || this.#skipping) return;
    const line = this.#lease.buffer.subarray(0, this.#length);
    if (!(await this.#taker.line(line, this.#lineAt))) return;
    this.#tail.push(line);
    this.#lineAt = this.#at;
  }

  release(): void {
    this.#lease?.release();
    this.#lease = undefined;
  }

  #endLine(piece: Buffer, start: number, end: number): Promise<boolean> | boolean {
    const sizeBytes = this.#at + end - start - this.#lineAt;
    if (sizeBytes > this.#largestBytes) this.#skipping = true;
    if (this.#skipping) {
      this.#taker.tooLong(this.#lineAt, sizeBytes);
      return true;
    }
    if (this.#length === 0) return this.#taker.line(piece.subarray(start, end), this.#lineAt);
    this.#keep(piece, start, end);
    return this.#taker.line((this.#lease as Lease).buffer.subarray(0, this.#length), this.#lineAt);
  }

  #keep(piece: Buffer, start: number, end: number): void {
    const length = this.#length + end - start;
    if (length > this.#largestBytes) this.#skipping = true;
    if (this.#skipping || start === end) return;
    this.#lease ??= this.#pool.lease(Math.max(smallestBytes, length));
    this.#lease.grow(length, this.#length);
    this.#lease.buffer.set(piece.subarray(start, end), this.#length);
    this.#length = length;
  }
}
