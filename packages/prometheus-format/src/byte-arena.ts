import { aligned } from './byte-key.ts';
import type { ByteKey } from './byte-key.ts';

const pageShift = 18;
/** Words of four bytes. */
const pageWords = 2 ** pageShift;

interface Page {
  readonly buffer: Buffer;
  readonly words: Int32Array;
  usedWords: number;
  liveWords: number;
}

/**
 * Keeps many small pieces of bytes outside of the garbage collector's sight, which a million strings would keep busy. Pieces are never
 * written again: a page goes when its last piece is freed, and pieces of a page that is mostly empty can be moved. An address is the number of
 * a word.
 */
export class ByteArena {
  readonly #pages: (Page | undefined)[] = [];
  readonly #freeNumbers: number[] = [];
  #filling = -1;
  #liveWords = 0;
  #snapshot: readonly (Buffer | undefined)[] | undefined;

  /** Bytes of what is stored. */
  get liveBytes(): number {
    return this.#liveWords * 4;
  }

  /** Stores the bytes of a key and returns their address. */
  store(key: ByteKey): number {
    const { page, address } = this.#place(wordsOf(key.length));
    key.bytes.copy(page.buffer, (address % pageWords) * 4, 0, key.length);
    return address;
  }

  free(address: number, sizeBytes: number): void {
    const number = Math.floor(address / pageWords);
    const page = this.#pages[number]!;
    page.liveWords -= wordsOf(sizeBytes);
    this.#liveWords -= wordsOf(sizeBytes);
    if (page.liveWords === 0 && number !== this.#filling) this.#drop(number);
  }

  /** Whether the piece holds the bytes of a key that was hashed. */
  equals(address: number, sizeBytes: number, key: ByteKey): boolean {
    if (sizeBytes !== key.length) return false;
    const { words } = this.#pages[Math.floor(address / pageWords)]!;
    const mine = key.words;
    for (let i = 0, p = address % pageWords, end = (sizeBytes + 3) >>> 2; i < end; i++, p++) if (words[p] !== mine[i]) return false;
    return true;
  }

  /** Moves a piece out of a page that is mostly empty, so that the page can go; returns where it is then. */
  settle(address: number, sizeBytes: number): number {
    const number = Math.floor(address / pageWords);
    const page = this.#pages[number]!;
    if (number === this.#filling || page.liveWords * 2 > page.usedWords) return address;
    const sizeWords = wordsOf(sizeBytes);
    const to = this.#place(sizeWords);
    const from = address % pageWords;
    to.page.words.set(page.words.subarray(from, from + sizeWords), to.address % pageWords);
    this.free(address, sizeBytes);
    return to.address;
  }

  /** The pages as they are now, in which everything that is stored now stays readable: see `pageOf` and `offsetOf`. */
  pages(): readonly (Buffer | undefined)[] {
    this.#snapshot ??= this.#pages.map((page) => page?.buffer);
    return this.#snapshot;
  }

  #drop(number: number): void {
    this.#snapshot = undefined;
    this.#pages[number] = undefined;
    this.#freeNumbers.push(number);
  }

  #place(sizeWords: number): { page: Page; address: number } {
    let page = this.#pages[this.#filling];
    if (page === undefined || page.usedWords + sizeWords > page.words.length) {
      const before = this.#filling;
      const [buffer, words] = aligned(Math.max(pageWords, sizeWords) * 4);
      page = { buffer, words, usedWords: 0, liveWords: 0 };
      this.#filling = this.#freeNumbers.pop() ?? this.#pages.length;
      this.#pages[this.#filling] = page;
      this.#snapshot = undefined;
      if (before >= 0 && this.#pages[before]!.liveWords === 0) this.#drop(before);
    }
    const address = this.#filling * pageWords + page.usedWords;
    page.usedWords += sizeWords;
    page.liveWords += sizeWords;
    this.#liveWords += sizeWords;
    return { page, address };
  }
}

/** Words that a piece takes: one at least, so that every piece is in a page. */
function wordsOf(sizeBytes: number): number {
  return Math.max(1, (sizeBytes + 3) >>> 2);
}

/** The number of the page that an address is in. */
export function pageOf(address: number): number {
  return Math.floor(address / pageWords);
}

/** The offset in its page, in bytes, that an address stands for. */
export function offsetOf(address: number): number {
  return (address % pageWords) * 4;
}
