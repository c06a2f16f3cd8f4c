import './buffer-methods.ts';
import { ExpositionError } from './parsed-sample.ts';

/** Reads the fields of one protobuf message from front to back. Everything is checked: a bad byte is an `ExpositionError` with its offset. */
export class ProtobufReader {
  /** Number of the current field. */
  field = 0;
  at: number;
  #wireType = 0;
  /** Where the current field ends: behind its value, when that is of a known length. */
  #fieldEnd: number;
  readonly #bytes: Buffer;
  readonly #end: number;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.at = this.#fieldEnd = start;
    this.#end = end;
  }

  /** Goes to the next field, whether or not the current one was read; false at the end of the message. */
  next(): boolean {
    this.at = this.#fieldEnd;
    if (this.at >= this.#end) return false;
    const tag = this.#varint();
    this.field = Math.floor(tag / 8);
    this.#wireType = tag % 8;
    if (this.#wireType === 2) {
      const length = this.#varint();
      this.#fieldEnd = this.at + length;
    } else if (this.#wireType === 1) this.#fieldEnd = this.at + 8;
    else if (this.#wireType === 5) this.#fieldEnd = this.at + 4;
    else if (this.#wireType === 0) {
      const start = this.at;
      this.#varint();
      this.#fieldEnd = this.at;
      this.at = start;
    } else throw this.#error(`wire type ${this.#wireType}`);
    if (this.#fieldEnd > this.#end) throw this.#error('a field is longer than its message');
    return true;
  }

  /** The value of a field of type string. */
  text(): string {
    this.#expect(2);
    return this.#bytes.utf8Slice(this.at, this.#fieldEnd);
  }

  /** The reader of a field that is a message. */
  message(): ProtobufReader {
    const [start, end] = this.range();
    return new ProtobufReader(this.#bytes, start, end);
  }

  /** Where the content of a field is that is a message. */
  range(): [start: number, end: number] {
    this.#expect(2);
    return [this.at, this.#fieldEnd];
  }

  /** Calls `read` for each value of a repeated number, packed or not. */
  each(read: () => void): void {
    if (this.#wireType !== 2) return read();
    const end = this.#fieldEnd;
    while (this.at < end) {
      this.#wireType = packed;
      read();
    }
    this.#fieldEnd = end;
  }

  /** An unsigned number; rounded beyond 2^53. */
  varint(): number {
    this.#expect(0);
    return this.#varint();
  }

  /** As `varint`; undefined when the bytes end before it does. */
  tryVarint(): number | undefined {
    let p = this.at;
    while (p < this.#end && this.#bytes[p]! > 0x7f) p++;
    return p < this.#end || p - this.at > 9 ? this.#varint() : undefined;
  }

  /** A number of type int64. */
  signed(): number {
    const start = this.at;
    const value = this.varint();
    if (value < 2 ** 63) return value;
    // Negative: too close to 2^64 for a number.
    let exact = 0n;
    for (let p = this.at - 1; p >= start; p--) exact = (exact << 7n) | BigInt(this.#bytes[p]! & 0x7f);
    return Number(BigInt.asIntN(64, exact));
  }

  /** A number of type sint32 or sint64. */
  zigzag(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  double(): number {
    this.#expect(1);
    if (this.at + 8 > this.#end) throw this.#error('a number is cut off');
    const value = this.#bytes.readDoubleLE(this.at);
    this.at += 8;
    return value;
  }

  #expect(wireType: number): void {
    if (this.#wireType !== wireType && this.#wireType !== packed) throw this.#error(`field ${this.field} has wire type ${this.#wireType}`);
  }

  #varint(): number {
    let value = 0;
    for (let scale = 1, bytes = 0; bytes < 10; scale *= 128, bytes++) {
      if (this.at >= this.#end) throw this.#error('a number is cut off');
      const byte = this.#bytes[this.at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw this.#error('a number of more than ten bytes');
  }

  #error(message: string): ExpositionError {
    return new ExpositionError(`offset ${this.at}: ${message}`, 0);
  }
}

/** Stands for the wire type of a number within a packed field. */
const packed = -1;
