/** Where an open message began. */
export type Mark = number;

/** A growing buffer that protobuf fields are written to, in any order. Defaults are left out, as proto3 does; `text` and `raw` never are. */
export class ProtoWriter {
  #bytes: Buffer;
  #length = 0;

  constructor(sizeBytes = 4096) {
    this.#bytes = Buffer.allocUnsafe(sizeBytes);
  }

  get length(): number {
    return this.#length;
  }

  /** What was written so far: a view that the next write may outdate. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Forgets everything from a length on. */
  truncate(length: number): void {
    this.#length = length;
  }

  /** Opens a message; close it with `end`. */
  begin(field: number): Mark {
    this.#varint(field * 8 + 2);
    this.#reserve(1);
    return this.#length++;
  }

  end(mark: Mark): void {
    const length = this.#length - mark - 1;
    let width = 1;
    for (let rest = length; rest > 127; rest = Math.floor(rest / 128)) width++;
    if (width > 1) {
      this.#reserve(width - 1);
      this.#bytes.copyWithin(mark + width, mark + 1, this.#length);
    }
    this.#length = mark;
    this.#varint(length);
    this.#length += length;
  }

  /** A string that is written even when it is empty: elements of lists. */
  text(field: number, value: string): void {
    this.#varint(field * 8 + 2);
    const length = Buffer.byteLength(value);
    this.#varint(length);
    this.#reserve(length);
    this.#bytes.utf8Write(value, this.#length);
    this.#length += length;
  }

  string(field: number, value: string): void {
    if (value !== '') this.text(field, value);
  }

  /** Bytes that are written even when there are none. */
  raw(field: number, value: Uint8Array): void {
    this.#varint(field * 8 + 2);
    this.#varint(value.length);
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  /** int32, int64, uint32, uint64, enums: a whole number from -2^53 to 2^53. */
  integer(field: number, value: number): void {
    if (value === 0) return;
    if (value < 0) this.bigint(field, BigInt(value));
    else {
      this.#varint(field * 8);
      this.#varint(value);
    }
  }

  /** int64 and uint64. */
  bigint(field: number, value: bigint): void {
    if (value === 0n) return;
    this.#varint(field * 8);
    let rest = BigInt.asUintN(64, value);
    for (; rest > 0xfff_ffffn; rest >>= 7n) this.#byte(Number(rest & 127n) | 128);
    this.#varint(Number(rest));
  }

  boolean(field: number, value: boolean): void {
    if (value) this.integer(field, 1);
  }

  double(field: number, value: number): void {
    if (!Object.is(value, 0)) this.#taggedDouble(field, value);
  }

  /** Packed sint32 (zigzag). */
  packedSint32(field: number, values: readonly number[]): void {
    if (values.length === 0) return;
    const mark = this.begin(field);
    for (const value of values) this.#varint(value < 0 ? -2 * value - 1 : 2 * value);
    this.end(mark);
  }

  /** Packed uint32. */
  packedUint32(field: number, values: readonly number[]): void {
    if (values.length === 0) return;
    const mark = this.begin(field);
    for (const value of values) this.#varint(value);
    this.end(mark);
  }

  /** Packed double. */
  packedDouble(field: number, values: Iterable<number>): void {
    const mark = this.begin(field);
    for (const value of values) {
      this.#reserve(8);
      this.#length = this.#bytes.writeDoubleLE(value, this.#length);
    }
    this.end(mark);
  }

  /** sint32 (zigzag). */
  sint32(field: number, value: number): void {
    this.integer(field, value < 0 ? -2 * value - 1 : 2 * value);
  }

  /** map<string, string> */
  textMap(field: number, entries: Iterable<readonly [string, string]>): void {
    for (const [key, value] of entries) {
      const mark = this.begin(field);
      this.string(1, key);
      this.string(2, value);
      this.end(mark);
    }
  }

  /** map<string, double> */
  numberMap(field: number, entries: Iterable<readonly [string, number]>): void {
    for (const [key, value] of entries) {
      const mark = this.begin(field);
      this.string(1, key);
      this.double(2, value);
      this.end(mark);
    }
  }

  #taggedDouble(field: number, value: number): void {
    this.#varint(field * 8 + 1);
    this.#reserve(8);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
  }

  #varint(value: number): void {
    let rest = value;
    while (rest > 127) {
      this.#byte((rest % 128) | 128);
      rest = Math.floor(rest / 128);
    }
    this.#byte(rest);
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  #reserve(sizeBytes: number): void {
    if (this.#length + sizeBytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + sizeBytes));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
