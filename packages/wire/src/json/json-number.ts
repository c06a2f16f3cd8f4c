import '../walk/buffer-methods.ts';
import type { FieldType } from '../schema.ts';
import type { JsonReader } from './json-reader.ts';

const quote = 0x22;
const minus = 0x2d;
const plus = 0x2b;
const zero = 0x30;
const two32 = 2 ** 32;

/** One integer read from JSON: a number, or a string of decimal digits. Exact up to 64 bits; reused for every integer. */
export class JsonInteger {
  /** Upper and lower 32 bits, in two's complement. */
  high = 0;
  low = 0;
  #negative = false;

  /** Reads the next value. `1.0` and `1e3` are integers, as in protobuf's JSON mapping; more than 64 bits and real fractions are refused. */
  read(reader: JsonReader): void {
    const c = reader.peek();
    const at = reader.position;
    const quoted = c === quote;
    if (quoted) reader.string();
    else if (c !== minus && (c < zero || c > 0x39)) reader.fail('expected a number or a string of digits');
    const text = quoted ? reader.token : reader.bytes;
    const start = quoted ? reader.tokenStart : at;
    const limit = quoted ? reader.tokenEnd : reader.end;
    const signed = start < limit && (text[start] === minus || (quoted && text[start] === plus));
    const first = signed ? start + 1 : start;
    const end = this.#digits(text, first, limit);
    if (quoted ? end < limit || end === first : end < limit && isFractionOrExponent(text[end])) {
      if (!quoted) reader.number();
      this.#readGeneral(reader, text.latin1Slice(first, quoted ? limit : reader.position), at);
    } else if (!quoted) {
      if (end === first || (text[first] === zero && end > first + 1)) reader.number();
      reader.position = end;
    }
    if (this.high === Infinity) reader.fail('integer out of range', at);
    this.#negative = signed && text[start] === minus && (this.high !== 0 || this.low !== 0);
    if (this.#negative) this.#negate(reader, at);
  }

  #negate(reader: JsonReader, at: number): void {
    if (this.high > 0x80000000 || (this.high === 0x80000000 && this.low !== 0)) reader.fail('integer out of range', at);
    this.low = (~this.low + 1) >>> 0;
    this.high = (~this.high + (this.low === 0 ? 1 : 0)) >>> 0;
  }

  /** Whether the type has this value. */
  fits(type: FieldType): boolean {
    const { high, low } = this;
    switch (type) {
      case 'fixed64':
      case 'uint64':
        return !this.#negative;
      case 'fixed32':
      case 'uint32':
        return high === 0;
      case 'sint32':
      case 'enum':
        return this.#negative ? high === 0xffffffff && low >= 0x80000000 : high === 0 && low < 0x80000000;
      default:
        return this.#negative || high < 0x80000000;
    }
  }

  /** Reads decimal digits into `high` and `low` (`high` is infinite beyond 64 bits); the offset after them. */
  #digits(text: Uint8Array, start: number, limit: number): number {
    let value = 0;
    let rest = 0;
    let scale = 1;
    let p = start;
    for (; p < limit; p++) {
      const digit = text[p] - zero;
      if (digit < 0 || digit > 9) break;
      if (value < 1e14) value = value * 10 + digit;
      else if (scale < 1e6) {
        rest = rest * 10 + digit;
        scale *= 10;
      } else scale = Infinity;
    }
    if (scale === 1) {
      this.low = value >>> 0;
      this.high = (value - this.low) / two32;
    } else {
      const valueLow = value >>> 0;
      const low = valueLow * scale + rest;
      const carry = Math.floor(low / two32);
      const high = ((value - valueLow) / two32) * scale + carry;
      this.low = low >>> 0;
      this.high = high < two32 ? high : Infinity;
    }
    return p;
  }

  #readGeneral(reader: JsonReader, text: string, at: number): void {
    const [, whole, fraction = '', exponent = '0'] = /^(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
    if (whole === undefined) reader.fail('expected a decimal integer', at);
    const digits = (whole + fraction).replace(/^0+/, '');
    const point = digits.length - fraction.length + Number(exponent);
    if (digits !== '' && point > 20) reader.fail('integer out of range', at);
    if (/[1-9]/.test(digits.slice(Math.max(0, point)))) reader.fail('expected an integer, not a fraction', at);
    const integer = Buffer.from(digits.slice(0, Math.max(0, point)).padEnd(Math.min(point, 20), '0'), 'latin1');
    this.#digits(integer, 0, integer.length);
  }
}

function isFractionOrExponent(c: number): boolean {
  return c === 0x2e || c === 0x65 || c === 0x45;
}

const special: Readonly<Record<string, number>> = { nan: NaN, inf: Infinity, infinity: Infinity };
const powersOf10 = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/** Reads the next value as a double: a number, or a string with a number, `NaN`, `Infinity` or `-Infinity`. What overflows a double is refused. */
export function readDouble(reader: JsonReader): number {
  const c = reader.peek();
  const at = reader.position;
  if (c === quote) return doubleOfString(reader, at);
  if (c !== minus && (c < zero || c > 0x39)) reader.fail('expected a number');
  const end = reader.number();
  const value = shortDecimal(reader.bytes, at, end) ?? Number(reader.bytes.latin1Slice(at, end));
  if (value === Infinity || value === -Infinity) reader.fail('number out of range', at);
  return value;
}

/** The double of a plain decimal of up to 15 digits, where one division rounds correctly; `undefined` for any other. */
function shortDecimal(text: Uint8Array, start: number, end: number): number | undefined {
  let digits = 0;
  let point = end;
  const first = text[start] === minus ? start + 1 : start;
  if (end - first > 16) return undefined;
  for (let p = first; p < end; p++) {
    const c = text[p];
    if (c === 0x2e) point = p + 1;
    else if (c > 0x39 || c < zero) return undefined;
    else digits = digits * 10 + (c - zero);
  }
  if (point === end && end - first > 15) return undefined;
  const value = point === end ? digits : digits / powersOf10[end - point];
  return first === start ? value : -value;
}

function doubleOfString(reader: JsonReader, at: number): number {
  reader.string();
  const text = reader.token.latin1Slice(reader.tokenStart, reader.tokenEnd);
  if (/^[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?$|^[+-]?\.\d+(?:[eE][+-]?\d+)?$/.test(text)) {
    const value = Number(text);
    if (value === Infinity || value === -Infinity) reader.fail('number out of range', at);
    return value;
  }
  const [, sign, name = ''] = /^([+-]?)(nan|inf|infinity)$/i.exec(text) ?? [];
  const value = special[name.toLowerCase()];
  if (value === undefined) reader.fail('expected a number, NaN, Infinity or -Infinity', at);
  return sign === '-' ? -value : value;
}
