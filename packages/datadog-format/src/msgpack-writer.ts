/** A growing buffer that MessagePack values are written to, as github.com/tinylib/msgp writes them. */
export class MsgpackWriter {
  #bytes = Buffer.allocUnsafe(4096);
  #length = 0;

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** The header of a map; keys and values follow in turn. */
  map(size: number): void {
    if (size < 16) this.#head(0x80 | size);
    else this.#head(0xde, size, 2);
  }

  /** The header of an array; its elements follow. */
  array(size: number): void {
    if (size < 16) this.#head(0x90 | size);
    else if (size < 0x1_0000) this.#head(0xdc, size, 2);
    else this.#head(0xdd, size, 4);
  }

  string(value: string): void {
    const length = Buffer.byteLength(value);
    if (length < 32) this.#head(0xa0 | length);
    else if (length < 0x100) this.#head(0xd9, length, 1);
    else if (length < 0x1_0000) this.#head(0xda, length, 2);
    else this.#head(0xdb, length, 4);
    this.#reserve(length);
    this.#bytes.utf8Write(value, this.#length);
    this.#length += length;
  }

  binary(value: Uint8Array): void {
    const { length } = value;
    if (length < 0x100) this.#head(0xc4, length, 1);
    else if (length < 0x1_0000) this.#head(0xc5, length, 2);
    else this.#head(0xc6, length, 4);
    this.#reserve(length);
    this.#bytes.set(value, this.#length);
    this.#length += length;
  }

  boolean(value: boolean): void {
    this.#head(value ? 0xc3 : 0xc2);
  }

  /** A whole number that is not negative, at most 2^53. */
  unsigned(value: number): void {
    if (value < 128) this.#head(value);
    else if (value < 0x1_0000_0000) this.#head(0xce, value, 4);
    else this.bigint(BigInt(value));
  }

  /** An unsigned 64-bit number. */
  bigint(value: bigint): void {
    this.#head(0xcf);
    this.#reserve(8);
    this.#length = this.#bytes.writeBigUInt64BE(BigInt.asUintN(64, value), this.#length);
  }

  #head(first: number, value = 0, width = 0): void {
    this.#reserve(1 + width);
    this.#bytes[this.#length++] = first;
    if (width > 0) this.#length = this.#bytes.writeUIntBE(value, this.#length, width);
  }

  #reserve(sizeBytes: number): void {
    if (this.#length + sizeBytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + sizeBytes));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
