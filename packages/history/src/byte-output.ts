/** Bytes that are written one after the other, in memory that grows and is used again. */
export class ByteOutput {
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(4096);
  length = 0;
  #view: DataView = new DataView(this.bytes.buffer);

  clear(): void {
    this.length = 0;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.bytes[this.length++] = value;
  }

  /** A whole number from 0 to 2^53. */
  varint(value: number): void {
    this.#reserve(8);
    const { bytes } = this;
    let rest = value;
    while (rest > 0x7fff_ffff) {
      bytes[this.length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest > 127) {
      bytes[this.length++] = (rest & 127) | 0x80;
      rest >>>= 7;
    }
    bytes[this.length++] = rest;
  }

  /** A whole number from -2^52 to 2^52. */
  signed(value: number): void {
    this.varint(value < 0 ? value * -2 - 1 : value * 2);
  }

  word(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.length, value, true);
    this.length += 4;
  }

  double(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** A copy of what was written since `from`. */
  take(from = 0): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(from, this.length);
  }

  #reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(this.bytes.length * 2, this.length + more));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** Reads what a `ByteOutput` wrote. Reading beyond the end throws a RangeError. */
export class ByteInput {
  readonly bytes: Uint8Array;
  position: number;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, position = 0) {
    this.bytes = bytes;
    this.position = position;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  byte(): number {
    const byte = this.bytes[this.position++];
    if (byte === undefined) throw new RangeError('the bytes end too soon');
    return byte;
  }

  varint(): number {
    const { bytes } = this;
    let byte = bytes[this.position++]!;
    if (byte < 128) return byte;
    let value = byte & 127;
    for (let scale = 128; ; scale *= 128) {
      byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }

  signed(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  word(): number {
    this.position += 4;
    return this.#view.getUint32(this.position - 4, true);
  }

  double(): number {
    this.position += 8;
    return this.#view.getFloat64(this.position - 8, true);
  }

  /** The next bytes, which are not copied. */
  take(length: number): Uint8Array {
    if (this.position + length > this.bytes.length) throw new RangeError('the bytes end too soon');
    this.position += length;
    return this.bytes.subarray(this.position - length, this.position);
  }
}
