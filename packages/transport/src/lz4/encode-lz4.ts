import { xxh32 } from './xxh32.ts';

const blockBytes = 4 * 1024 * 1024;
const hashBits = 14;
const farthest = 65_535;
/** The last five bytes are literals, and no match begins in the last twelve (lz4_Block_format.md, "End of block conditions"). */
const lastLiterals = 5;
const matchLimit = 12;

/** Where four bytes with a hash were seen last, plus one; shared by all, since compressing never waits. */
const table: Int32Array = new Int32Array(1 << hashBits);

/** Compresses into one LZ4 frame of independent blocks of up to 4 MiB, without checksums of the content: HTTP and TLS have their own. */
export function encodeLz4(body: Buffer): Buffer {
  const blocks = Math.ceil(body.length / blockBytes);
  const output = Buffer.allocUnsafe(15 + body.length + Math.ceil(body.length / 255) + blocks * 20);
  // Magic; version 01 with independent blocks; blocks of 4 MiB.
  output.writeUInt32LE(0x184d2204, 0);
  output[4] = 0x60;
  output[5] = 0x70;
  output[6] = (xxh32(output, 4, 6) >>> 8) & 0xff;
  let to = 7;
  for (let start = 0; start < body.length; start += blockBytes) {
    const end = Math.min(start + blockBytes, body.length);
    const size = encodeBlock(body, start, end, output, to + 4) - to - 4;
    if (size < end - start) {
      output.writeUInt32LE(size, to);
      to += 4 + size;
    } else {
      output.writeUInt32LE((0x8000_0000 | (end - start)) >>> 0, to);
      body.copy(output, to + 4, start, end);
      to += 4 + end - start;
    }
  }
  output.writeUInt32LE(0, to);
  return output.subarray(0, to + 4);
}

function encodeBlock(input: Buffer, start: number, end: number, output: Buffer, begin: number): number {
  table.fill(0);
  let to = begin;
  let anchor = start;
  const lastMatch = end - matchLimit;
  const matchEnd = end - lastLiterals;
  let misses = 0;
  for (let at = start; at <= lastMatch;) {
    const word = input[at]! | (input[at + 1]! << 8) | (input[at + 2]! << 16) | (input[at + 3]! << 24);
    const slot = Math.imul(word, 0x9e3779b1) >>> (32 - hashBits);
    let from = table[slot]! - 1 + start;
    table[slot] = at - start + 1;
    const known =
      from >= start &&
      at - from <= farthest &&
      input[from] === input[at] &&
      input[from + 1] === input[at + 1] &&
      input[from + 2] === input[at + 2] &&
      input[from + 3] === input[at + 3];
    if (!known) {
      // What does not compress is passed over faster and faster.
      at += 1 + (misses++ >>> 6);
      continue;
    }
    misses = 0;
    while (at > anchor && from > start && input[at - 1] === input[from - 1]) {
      at--;
      from--;
    }
    let length = 4;
    while (at + length < matchEnd && input[at + length] === input[from + length]) length++;
    to = writeSequence(input, anchor, at, at - from, length, output, to);
    at += length;
    anchor = at;
  }
  return writeLiterals(input, anchor, end, 0, output, to);
}

function writeSequence(input: Buffer, anchor: number, at: number, offset: number, match: number, output: Buffer, begin: number): number {
  let to = writeLiterals(input, anchor, at, Math.min(match - 4, 15), output, begin);
  output[to++] = offset & 0xff;
  output[to++] = offset >>> 8;
  if (match - 4 >= 15) to = writeLength(match - 4 - 15, output, to);
  return to;
}

function writeLiterals(input: Buffer, start: number, end: number, low: number, output: Buffer, begin: number): number {
  const length = end - start;
  let to = begin;
  output[to++] = (Math.min(length, 15) << 4) | low;
  if (length >= 15) to = writeLength(length - 15, output, to);
  input.copy(output, to, start, end);
  return to + length;
}

function writeLength(rest: number, output: Buffer, begin: number): number {
  let to = begin;
  let left = rest;
  for (; left >= 255; left -= 255) output[to++] = 255;
  output[to++] = left;
  return to;
}
