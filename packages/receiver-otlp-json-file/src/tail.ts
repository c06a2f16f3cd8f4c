const mostBytes = 64;

/** The last bytes of what was read, at most 64. */
export class Tail {
  readonly #bytes = Buffer.alloc(mostBytes);
  #length = 0;

  constructor(bytes: Buffer) {
    this.push(bytes);
  }

  /** More was read. */
  push(bytes: Buffer): void {
    if (bytes.length >= mostBytes) {
      bytes.copy(this.#bytes, 0, bytes.length - mostBytes);
      this.#length = mostBytes;
      return;
    }
    const kept = Math.min(this.#length, mostBytes - bytes.length);
    this.#bytes.copyWithin(0, this.#length - kept, this.#length);
    bytes.copy(this.#bytes, kept);
    this.#length = kept + bytes.length;
  }

  /** What was read before is not known. */
  clear(): void {
    this.#length = 0;
  }

  copy(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#length));
  }
}
