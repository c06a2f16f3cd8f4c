/** Reads what a `ByteWriter` wrote, in the same order. */
export class ByteReader {
  readonly #bytes: Buffer;
  #position = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isDone(): boolean {
    return this.#position >= this.#bytes.length;
  }

  byte(): number {
    return this.#bytes[this.#position++] ?? 0;
  }

  /** Up to 32 bits. */
  varint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  }

  int32(): number {
    this.#position += 4;
    return this.#bytes.readInt32LE(this.#position - 4);
  }

  double(): number {
    this.#position += 8;
    return this.#bytes.readDoubleLE(this.#position - 8);
  }

  fixed64(): bigint {
    this.#position += 8;
    return this.#bytes.readBigUInt64LE(this.#position - 8);
  }

  /** The next bytes, not copied. */
  bytes(length: number): Buffer {
    this.#position += length;
    return this.#bytes.subarray(this.#position - length, this.#position);
  }

  text(length: number): string {
    return this.bytes(length).toString();
  }
}
