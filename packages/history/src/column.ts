import type { ByteInput, ByteOutput } from './byte-output.ts';

/** How a column of numbers is written: all the same, whole numbers (times a power of ten) by difference, or the bits that changed. */
const constant = 0;
const changedBits = 1;
const byDifference = 16;
const bySecondDifference = 32;

/** Digits behind the decimal point that are tried. */
const maxDigits = 6;
const powers = [1, 10, 100, 1e3, 1e4, 1e5, 1e6];

/** Beyond it, differences of differences are not exact. */
const maxWhole = 2 ** 50;

let whole = new Float64Array(512);

/** Writes whole numbers below 2^50, oldest first: differences of differences, runs of zeros in one. */
export function writeTimes(out: ByteOutput, times: Float64Array, size: number): void {
  writeResiduals(out, times, size, true);
}

export function readTimes(input: ByteInput, size: number): Float64Array<ArrayBuffer> {
  const times = new Float64Array(size);
  readResiduals(input, times, true);
  return times;
}

/** Writes any numbers so that they come back bit by bit, in the form that takes the fewest bytes of those that fit. */
export function writeNumbers(out: ByteOutput, values: Float64Array<ArrayBuffer>, size: number): void {
  const words = new Uint32Array(values.buffer, values.byteOffset, size * 2);
  if (isConstant(words)) {
    out.byte(constant);
    if (size === 0) return;
    out.word(words[0]!);
    return out.word(words[1]!);
  }
  const digits = decimalDigits(values, size);
  if (digits < 0) {
    out.byte(changedBits);
    return writeChangedBits(out, words);
  }
  const second = residualBytes(whole, size, true) < residualBytes(whole, size, false);
  out.byte((second ? bySecondDifference : byDifference) + digits);
  writeResiduals(out, whole, size, second);
}

/** Reads into a new array whose bits are those that were written. */
export function readNumbers(input: ByteInput, size: number): Float64Array<ArrayBuffer> {
  const values = new Float64Array(size);
  const form = input.byte();
  if (form === constant) {
    if (size === 0) return values;
    const words = new Uint32Array(values.buffer);
    const low = input.word();
    const high = input.word();
    for (let i = 0; i < words.length; i += 2) {
      words[i] = low;
      words[i + 1] = high;
    }
  } else if (form === changedBits) readChangedBits(input, new Uint32Array(values.buffer));
  else {
    const second = form >= bySecondDifference;
    readResiduals(input, values, second);
    const scale = powers[form & 15]!;
    if (scale !== 1) for (let i = 0; i < size; i++) values[i]! /= scale;
  }
  return values;
}

function isConstant(words: Uint32Array): boolean {
  for (let i = 2; i < words.length; i++) if (words[i] !== words[i - 2]) return false;
  return true;
}

/** How many decimal digits all values have at most, and in `whole` the values times that power of ten; -1 when there is no such number. */
function decimalDigits(values: Float64Array, size: number): number {
  if (whole.length < size) whole = new Float64Array(size * 2);
  let digits = 0;
  let scale = 1;
  for (let i = 0; i < size; i++) {
    const value = values[i]!;
    for (;;) {
      const scaled = Math.round(value * scale);
      if (scaled / scale === value && Math.abs(scaled) <= maxWhole && (scaled !== 0 || !Object.is(value, -0))) {
        whole[i] = scaled;
        break;
      }
      if (++digits > maxDigits || !Number.isFinite(value)) return -1;
      scale = powers[digits]!;
      // The values so far have another scale now.
      i = -1;
      break;
    }
  }
  return digits;
}

function varintBytes(value: number): number {
  const unsigned = value < 0 ? value * -2 - 1 : value * 2;
  return unsigned < 128 ? 1 : unsigned < 16_384 ? 2 : unsigned < 2_097_152 ? 3 : unsigned < 268_435_456 ? 4 : 7;
}

function residualBytes(values: Float64Array, size: number, second: boolean): number {
  let bytes = 0;
  let difference = 0;
  for (let i = 1; i < size; i++) {
    const next = values[i]! - values[i - 1]!;
    bytes += varintBytes(second ? next - difference : next);
    difference = next;
  }
  return bytes;
}

function writeResiduals(out: ByteOutput, values: Float64Array, size: number, second: boolean): void {
  let zeros = 0;
  let before = 0;
  let difference = 0;
  for (let i = 0; i < size; i++) {
    const next = values[i]! - before;
    const residual = second && i > 0 ? next - difference : next;
    before = values[i]!;
    if (i > 0) difference = next;
    if (residual === 0) {
      zeros++;
      continue;
    }
    if (zeros > 0) {
      out.byte(0);
      out.varint(zeros);
      zeros = 0;
    }
    out.signed(residual);
  }
  if (zeros === 0) return;
  out.byte(0);
  out.varint(zeros);
}

function readResiduals(input: ByteInput, values: Float64Array, second: boolean): void {
  const { bytes } = input;
  const size = values.length;
  let p = input.position;
  let before = 0;
  let difference = 0;
  for (let i = 0; i < size;) {
    // The varint is read here: a call for each would take longer than all the rest.
    let unsigned = bytes[p++]!;
    if (unsigned >= 128) {
      unsigned &= 127;
      for (let scale = 128; ; scale *= 128) {
        const byte = bytes[p++]!;
        unsigned += (byte & 127) * scale;
        if (byte < 128) break;
        if (p > bytes.length) throw new RangeError('the bytes end too soon');
      }
    }
    if (unsigned === 0) {
      input.position = p;
      const end = Math.min(size, i + input.varint());
      p = input.position;
      if (end === i) throw new RangeError('a run of nothing');
      if (!second) difference = 0;
      for (; i < end; i++) values[i] = before += difference;
      continue;
    }
    const residual = unsigned % 2 === 0 ? unsigned / 2 : -(unsigned + 1) / 2;
    difference = second && i > 0 ? difference + residual : residual;
    before += difference;
    values[i++] = before;
    // The first value is no difference.
    if (i === 1) difference = 0;
  }
  if (p > bytes.length) throw new RangeError('the bytes end too soon');
  input.position = p;
}

/**
 * Each value as the bytes in which it differs from the one before: a byte of which the high half counts the equal bytes at the high end and the
 * low half those at the low end, and the bytes between.
 */
function writeChangedBits(out: ByteOutput, words: Uint32Array): void {
  let low = 0;
  let high = 0;
  for (let i = 0; i < words.length; i += 2) {
    const changedLow = (words[i]! ^ low) >>> 0;
    const changedHigh = (words[i + 1]! ^ high) >>> 0;
    low = words[i]!;
    high = words[i + 1]!;
    if ((changedLow | changedHigh) === 0) {
      out.byte(0x80);
      continue;
    }
    const leading = changedHigh !== 0 ? Math.clz32(changedHigh) >>> 3 : 4 + (Math.clz32(changedLow) >>> 3);
    const trailing = changedLow !== 0 ? trailingBytes(changedLow) : 4 + trailingBytes(changedHigh);
    out.byte((leading << 4) | trailing);
    for (let byte = trailing; byte < 8 - leading; byte++) {
      out.byte(byte < 4 ? (changedLow >>> (byte * 8)) & 255 : (changedHigh >>> ((byte - 4) * 8)) & 255);
    }
  }
}

function trailingBytes(word: number): number {
  return (31 - Math.clz32(word & -word)) >>> 3;
}

function readChangedBits(input: ByteInput, words: Uint32Array): void {
  let low = 0;
  let high = 0;
  for (let i = 0; i < words.length; i += 2) {
    const control = input.byte();
    const end = 8 - (control >>> 4);
    for (let byte = control & 15; byte < end; byte++) {
      if (byte < 4) low ^= input.byte() << (byte * 8);
      else high ^= input.byte() << ((byte - 4) * 8);
    }
    words[i] = low;
    words[i + 1] = high;
  }
}
