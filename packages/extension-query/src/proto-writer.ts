/** Writes one protobuf message into a buffer that grows. */
export class ProtoWriter {
  #bytes = Buffer.allocUnsafe(64);
  #length = 0;

  /** What has been written; valid until more is. */
  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Begins anew, with the same buffer. */
  reset(): this {
    this.#length = 0;
    return this;
  }

  integer(field: number, value: number): this {
    this.#varint(field * 8);
    if (value >= 0) this.#varint(value);
    else this.#negative(value);
    return this;
  }

  /** A sint32. */
  signed(field: number, value: number): this {
    return this.integer(field, value < 0 ? -2 * value - 1 : 2 * value);
  }

  double(field: number, value: number): this {
    this.#varint(field * 8 + 1);
    this.#reserve(8);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
    return this;
  }

  /** A double by its bits. */
  fixed64(field: number, bits: bigint): this {
    this.#varint(field * 8 + 1);
    this.#reserve(8);
    this.#length = this.#bytes.writeBigUInt64LE(bits, this.#length);
    return this;
  }

  /** Packed doubles; nothing when there are none. */
  doubles(field: number, values: ArrayLike<number>): this {
    if (values.length === 0) return this;
    this.#varint(field * 8 + 2);
    this.#varint(values.length * 8);
    this.#reserve(values.length * 8);
    for (let i = 0; i < values.length; i++) this.#length = this.#bytes.writeDoubleLE(values[i]!, this.#length);
    return this;
  }

  text(field: number, value: string): this {
    return this.#lengthDelimited(field, Buffer.from(value));
  }

  message(field: number, message: ProtoWriter): this {
    return this.#lengthDelimited(field, message.bytes());
  }

  #lengthDelimited(field: number, value: Buffer): this {
    this.#varint(field * 8 + 2);
    this.#varint(value.length);
    this.#reserve(value.length);
    value.copy(this.#bytes, this.#length);
    this.#length += value.length;
    return this;
  }

  #varint(value: number): void {
    this.#reserve(10);
    let rest = value;
    for (; rest > 0x7f; rest = Math.floor(rest / 128)) this.#bytes[this.#length++] = (rest % 128) | 0x80;
    this.#bytes[this.#length++] = rest;
  }

  /** As all of a 64-bit integer: ten bytes. */
  #negative(value: number): void {
    this.#reserve(10);
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest > 0x7fn; rest >>= 7n) this.#bytes[this.#length++] = Number(rest & 0x7fn) | 0x80;
    this.#bytes[this.#length++] = Number(rest);
  }

  #reserve(sizeBytes: number): void {
    if (this.#length + sizeBytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + sizeBytes));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
