import '../walk/buffer-methods.ts';
import type { BufferPool, Lease } from '../buffer-pool.ts';

/** Room that `reserve` leaves beyond what was asked for: the longest name or number with its punctuation. */
const slack = 64;

const nothing = Buffer.alloc(0);

/** 1 for ASCII that stands for itself in a JSON string. */
const plainAscii = Uint8Array.from({ length: 256 }, (_, c) => (c >= 0x20 && c < 0x80 && c !== 0x22 && c !== 0x5c ? 1 : 0));

const hexDigits = Buffer.from('0123456789abcdef');

/** Writes JSON tokens into a lease that grows. Numbers and names need a `reserve` before them; strings make their own room. */
export class JsonWriter {
  out: Buffer = nothing;
  at = 0;
  #lease!: Lease;

  /** Begins a text of about `sizeBytes` bytes. */
  open(pool: BufferPool, sizeBytes: number): void {
    this.#lease = pool.lease(sizeBytes + slack);
    this.out = this.#lease.buffer;
    this.at = 0;
  }

  /** Ends the text, which begins at the start of the returned lease and is `at` bytes long. */
  close(): Lease {
    this.out = nothing;
    return this.#lease;
  }

  /** Keeps room for `sizeBytes` and the slack. */
  reserve(sizeBytes: number): void {
    if (this.at + sizeBytes + slack <= this.out.length) return;
    this.#lease.grow(this.at + sizeBytes + slack, this.at);
    this.out = this.#lease.buffer;
  }

  /** Writes bytes as they are. */
  raw(bytes: Uint8Array): void {
    const { out } = this;
    let at = this.at;
    for (let i = 0; i < bytes.length; i++) out[at++] = bytes[i];
    this.at = at;
  }

  byte(c: number): void {
    this.out[this.at++] = c;
  }

  /** Writes the UTF-8 text `[start, end)`; what is not UTF-8 becomes U+FFFD. */
  string(bytes: Buffer, start: number, end: number): void {
    this.reserve(end - start);
    const { out } = this;
    let at = this.at;
    out[at++] = 0x22;
    let p = start;
    for (; p < end; p++) {
      const c = bytes[p];
      if (plainAscii[c] === 0) break;
      out[at++] = c;
    }
    if (p < end) {
      this.#text(JSON.stringify(bytes.utf8Slice(start, end)));
      return;
    }
    out[at++] = 0x22;
    this.at = at;
  }

  #text(text: string): void {
    this.reserve(text.length * 3);
    this.at += this.out.utf8Write(text, this.at);
  }

  /** Writes bytes as lower-case hexadecimal digits. */
  hex(bytes: Uint8Array, start: number, end: number): void {
    this.reserve((end - start) * 2);
    const { out } = this;
    let at = this.at;
    out[at++] = 0x22;
    for (let p = start; p < end; p++) {
      out[at++] = hexDigits[bytes[p] >> 4];
      out[at++] = hexDigits[bytes[p] & 15];
    }
    out[at++] = 0x22;
    this.at = at;
  }

  /** Writes bytes in padded base64 of the standard alphabet. */
  base64(bytes: Buffer, start: number, end: number): void {
    this.#text(`"${bytes.toString('base64', start, end)}"`);
  }

  /** Writes a double; NaN and the infinities as strings. */
  double(value: number): void {
    if (Number.isInteger(value) && value >= 0 && value < 1e15 && !Object.is(value, -0)) this.#digits(value);
    else this.#text(Number.isFinite(value) ? (Object.is(value, -0) ? '-0' : String(value)) : `"${value}"`);
  }

  /** Writes an integer of up to 32 bits with a sign. */
  integer(value: number): void {
    if (value < 0) this.byte(0x2d);
    this.#digits(Math.abs(value));
  }

  /** Writes a 64-bit integer as a string of digits. */
  integer64(low: number, high: number, signed: boolean): void {
    this.byte(0x22);
    if (signed && high >= 0x80000000) {
      this.byte(0x2d);
      low = (~low + 1) >>> 0;
      high = (~high + (low === 0 ? 1 : 0)) >>> 0;
    }
    if (high < 0x200000) this.#digits(high * 0x100000000 + low);
    else {
      // Long division by 10^9 in three steps of at most 16 bits, each exact in a double.
      const first = Math.floor(high / 1e9);
      const middle = (high % 1e9) * 0x10000 + (low >>> 16);
      const last = (middle % 1e9) * 0x10000 + (low & 0xffff);
      this.#digits(first * 0x100000000 + Math.floor(middle / 1e9) * 0x10000 + Math.floor(last / 1e9));
      this.#padded(last % 1e9, 9);
    }
    this.byte(0x22);
  }

  /** Writes a number below 2^53. */
  #digits(value: number): void {
    if (value >= 1e9) {
      const high = Math.floor(value / 1e9);
      this.#digits(high);
      this.#padded(value - high * 1e9, 9);
      return;
    }
    let width = 1;
    for (let limit = 10; limit <= value; limit *= 10) width++;
    this.#padded(value, width);
  }

  #padded(value: number, width: number): void {
    let rest = value | 0;
    for (let at = this.at + width - 1; at >= this.at; at--) {
      const quotient = (rest / 10) | 0;
      this.out[at] = 0x30 + rest - quotient * 10;
      rest = quotient;
    }
    this.at += width;
  }
}
