import { randomBytes } from 'node:crypto';

/** Makes hashes different in every process, so that nobody can send keys that collide. */
const seed = randomBytes(4).readInt32LE(0);

/** Bytes that something is looked up by, in reused memory that is aligned to words of four bytes; behind the last byte there are zeros. */
export class ByteKey {
  bytes: Buffer;
  words: Int32Array;
  /** In bytes. */
  length = 0;

  constructor() {
    [this.bytes, this.words] = aligned(1024);
  }

  clear(): void {
    this.length = 0;
  }

  /** Appends the range `[from, to)`. */
  append(buffer: Buffer, from: number, to: number): void {
    this.#reserve(to - from);
    buffer.copy(this.bytes, this.length, from, to);
    this.length += to - from;
  }

  /** Appends a whole number below 2^32. */
  appendWord(value: number): void {
    this.#reserve(4);
    this.bytes.writeUInt32LE(value, this.length);
    this.length += 4;
  }

  /** Becomes a text, in UTF-8. */
  setText(text: string): void {
    this.length = 0;
    this.#reserve(text.length * 3);
    this.length = this.bytes.write(text, 0);
  }

  /** The hash of the bytes, in 32 bits; to be called before the words are compared. */
  hash(): number {
    const { words, bytes, length } = this;
    for (let p = length; (p & 3) !== 0; p++) bytes[p] = 0;
    let hash = seed ^ length;
    for (let i = 0, end = (length + 3) >>> 2; i < end; i++) {
      hash = Math.imul(hash ^ Math.imul(words[i]!, 0x85eb_ca77 | 0), 0x9e37_79b1 | 0);
      hash ^= hash >>> 15;
    }
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae3d | 0);
    return (hash ^ (hash >>> 16)) >>> 0;
  }

  #reserve(more: number): void {
    const needed = this.length + more + 4;
    if (needed <= this.bytes.length) return;
    const { bytes } = this;
    [this.bytes, this.words] = aligned(needed * 2);
    bytes.copy(this.bytes, 0, 0, this.length);
  }
}

/** Memory as bytes and as words. */
export function aligned(sizeBytes: number): [Buffer, Int32Array] {
  const memory = new ArrayBuffer((sizeBytes + 3) & ~3);
  return [Buffer.from(memory), new Int32Array(memory)];
}
