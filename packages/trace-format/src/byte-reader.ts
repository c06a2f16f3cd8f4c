import { WireError } from '@millrace/wire';

const two32 = 2 ** 32;

/** Reads numbers and ranges of a payload front to back; never beyond its end, and every error is a `WireError` with the byte's offset in it. */
export class ByteReader {
  readonly bytes: Buffer;
  readonly start: number;
  /** Where the next byte is read. */
  position: number;
  /** Nothing is read from here on. */
  end: number;
  #high = 0;
  #low = 0;

  constructor(bytes: Buffer, start = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.start = start;
    this.position = start;
    this.end = end;
  }

  /** Refuses the payload. */
  fail(reason: string, at: number = this.position): never {
    throw new WireError(reason, at - this.start, '');
  }

  get remaining(): number {
    return this.end - this.position;
  }

  /** Moves over `sizeBytes` bytes and returns where they start. */
  advance(sizeBytes: number): number {
    const at = this.position;
    if (sizeBytes > this.end - at) this.fail('unexpected end of data', this.end);
    this.position = at + sizeBytes;
    return at;
  }

  byte(): number {
    return this.bytes[this.advance(1)]!;
  }

  /** The next `sizeBytes` bytes, as a view of the payload. */
  range(sizeBytes: number): Buffer {
    const at = this.advance(sizeBytes);
    return this.bytes.subarray(at, at + sizeBytes);
  }

  /** The next `sizeBytes` bytes as text; what is not UTF-8 becomes U+FFFD. */
  text(sizeBytes: number): string {
    const at = this.advance(sizeBytes);
    return this.bytes.toString('utf8', at, at + sizeBytes);
  }

  /** A base-128 varint, rounded beyond 2^53: for lengths, tags and small numbers. */
  varint(): number {
    this.#varint();
    return this.#high * two32 + this.#low;
  }

  /** The lower 32 bits of a base-128 varint, without a sign. */
  varint32(): number {
    this.#varint();
    return this.#low;
  }

  /** A base-128 varint, exact, below 2^64. */
  varint64(): bigint {
    this.#varint();
    return (BigInt(this.#high) << 32n) | BigInt(this.#low);
  }

  #varint(): void {
    let low = 0;
    let high = 0;
    const first = this.position;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.byte();
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else if (shift < 63) high |= bits << (shift - 32);
      else high |= (bits & 1) << 31;
      if (byte < 0x80) {
        this.#low = low >>> 0;
        this.#high = high >>> 0;
        return;
      }
    }
    this.fail('a varint longer than 10 bytes', first);
  }
}
