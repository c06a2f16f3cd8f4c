import { crc32c } from './crc32c.ts';

/** Why a body was refused: `corrupt` bytes, or a decoded size beyond what `reserve` allows. */
export type DecodeFault = 'corrupt' | 'too large';

/** Where decoded bytes go. */
export interface DecodeTarget {
  /** The buffer to write into, with room for at least `sizeBytes`, of which the first `keepBytes` are already decoded; `undefined` refuses. */
  reserve(sizeBytes: number, keepBytes: number): Uint8Array | undefined;
}

/** No element of the format makes more than 64 bytes out of 3, so a larger claim is a lie that must not cost memory. */
const largestRatio = 22;
const streamIdentifier = Buffer.from([0xff, 0x06, 0x00, 0x00, 0x73, 0x4e, 0x61, 0x50, 0x70, 0x59]);
const largestChunkBytes = 65_536;

/** Decodes a snappy body, block or framed format (told apart by the stream identifier); returns the decoded size or the fault. */
export function decodeSnappy(input: Uint8Array, target: DecodeTarget): number | DecodeFault {
  const framed = input.length >= streamIdentifier.length && streamIdentifier.every((byte, i) => byte === input[i]);
  return framed ? decodeFramed(input, target) : decodeBlock(input, 0, input.length, target, 0);
}

/** Framing format of the snappy project (framing_format.txt): chunks of at most 64 KiB decoded, each with a masked CRC-32C. */
function decodeFramed(input: Uint8Array, target: DecodeTarget): number | DecodeFault {
  let length = 0;
  let at = 0;
  while (at < input.length) {
    if (input.length - at < 4) return 'corrupt';
    const type = input[at]!;
    const start = at + 4;
    at = start + (input[at + 1]! | (input[at + 2]! << 8) | (input[at + 3]! << 16));
    if (at > input.length) return 'corrupt';
    if (type >= 0x80) {
      if (type === 0xff && (at - start !== 6 || streamIdentifier.some((byte, i) => i >= 4 && byte !== input[start + i - 4])))
        return 'corrupt';
      continue;
    }
    if (type > 1 || at - start < 4) return 'corrupt';
    const decoded = type === 0 ? decodeBlock(input, start + 4, at, target, length) : copyLiteral(input, start + 4, at, target, length);
    if (typeof decoded === 'string') return decoded;
    if (decoded - length > largestChunkBytes) return 'corrupt';
    const output = target.reserve(decoded, decoded);
    if (output === undefined) return 'too large';
    const crc = crc32c(output, length, decoded);
    const masked = (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
    const expected = (input[start]! | (input[start + 1]! << 8) | (input[start + 2]! << 16) | (input[start + 3]! << 24)) >>> 0;
    if (masked !== expected) return 'corrupt';
    length = decoded;
  }
  return length;
}

function copyLiteral(input: Uint8Array, start: number, end: number, target: DecodeTarget, base: number): number | DecodeFault {
  const output = target.reserve(base + end - start, base);
  if (output === undefined) return 'too large';
  output.set(input.subarray(start, end), base);
  return base + end - start;
}

/** Decodes one block behind `base` decoded bytes; returns the decoded size including `base`. */
function decodeBlock(input: Uint8Array, start: number, end: number, target: DecodeTarget, base: number): number | DecodeFault {
  let size = 0;
  let at = start;
  for (let shift = 0; ; shift += 7) {
    if (at >= end || shift > 28) return 'corrupt';
    const byte = input[at++]!;
    size += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  if (size > 0xffffffff || size > (end - at) * largestRatio) return 'corrupt';
  const limit = base + size;
  const output = target.reserve(limit, base);
  if (output === undefined) return 'too large';
  let to = base;
  while (at < end) {
    const tag = input[at++]!;
    const kind = tag & 3;
    let length = (tag >>> 2) + 1;
    if (kind === 0) {
      if (length > 60) {
        const width = length - 60;
        if (at + width > end) return 'corrupt';
        length = 1;
        for (let i = 0; i < width; i++) length += input[at++]! * 256 ** i;
      }
      if (length > end - at || length > limit - to) return 'corrupt';
      if (length < 32) for (let i = 0; i < length; i++) output[to + i] = input[at + i]!;
      else output.set(input.subarray(at, at + length), to);
      at += length;
      to += length;
      continue;
    }
    let offset: number;
    const width = kind === 3 ? 4 : kind;
    if (at + width > end) return 'corrupt';
    if (kind === 1) {
      length = ((tag >>> 2) & 7) + 4;
      offset = ((tag >>> 5) << 8) | input[at]!;
    } else if (kind === 2) offset = input[at]! | (input[at + 1]! << 8);
    else offset = (input[at]! | (input[at + 1]! << 8) | (input[at + 2]! << 16) | (input[at + 3]! << 24)) >>> 0;
    at += width;
    if (offset === 0 || offset > to - base || length > limit - to) return 'corrupt';
    for (let i = 0; i < length; i++) output[to + i] = output[to + i - offset]!;
    to += length;
  }
  return to === limit ? to : 'corrupt';
}
