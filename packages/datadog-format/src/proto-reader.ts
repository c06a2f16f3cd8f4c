/** Reads the fields of one protobuf message. Throws a `RangeError` on bytes that are none. */
export class ProtoReader {
  readonly #bytes: Buffer;
  #at: number;
  readonly #end: number;
  /** Number of the current field. */
  field = 0;
  #wireType = 0;

  constructor(bytes: Buffer, start = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** Moves to the next field; false at the end. Each field is read once, or skipped. */
  next(): boolean {
    if (this.#at >= this.#end) return false;
    const tag = Number(this.#varint());
    this.field = Math.floor(tag / 8);
    this.#wireType = tag % 8;
    return true;
  }

  bigint(): bigint {
    this.#expect(0);
    return this.#varint();
  }

  /** A whole number; those beyond 2^53 are rounded. */
  integer(): number {
    return Number(BigInt.asIntN(64, this.bigint()));
  }

  boolean(): boolean {
    return this.bigint() !== 0n;
  }

  bytes(): Buffer {
    const { start, end } = this.#range();
    return this.#bytes.subarray(start, end);
  }

  string(): string {
    return this.bytes().toString();
  }

  message(): ProtoReader {
    const { start, end } = this.#range();
    return new ProtoReader(this.#bytes, start, end);
  }

  skip(): void {
    if (this.#wireType === 0) this.#varint();
    else if (this.#wireType === 1) this.#move(8);
    else if (this.#wireType === 5) this.#move(4);
    else this.#range();
  }

  #range(): { start: number; end: number } {
    this.#expect(2);
    const length = Number(this.#varint());
    const start = this.#at;
    this.#move(length);
    return { start, end: this.#at };
  }

  #move(length: number): void {
    if (this.#at + length > this.#end) throw new RangeError(`the message is cut off at byte ${this.#at}`);
    this.#at += length;
  }

  #varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined || this.#at >= this.#end) throw new RangeError(`the message is cut off at byte ${this.#at}`);
      this.#at++;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asUintN(64, value);
    }
    throw new RangeError(`a varint before byte ${this.#at} is too long`);
  }

  #expect(wireType: number): void {
    if (this.#wireType !== wireType) throw new RangeError(`field ${this.field} has wire type ${this.#wireType}, not ${wireType}`);
  }
}
