import type { DecodeFault, DecodeTarget } from '../server/snappy.ts';
import { xxh32 } from './xxh32.ts';

const frameMagic = 0x184d2204;
const skippableMagic = 0x184d2a50;
const blockSizes: Readonly<Record<number, number>> = { 4: 64 * 1024, 5: 256 * 1024, 6: 1024 * 1024, 7: 4 * 1024 * 1024 };

/** Decodes LZ4 frames (lz4_Frame_format.md), one after the other, checksums included; returns the decoded size or the fault. No dictionaries. */
export function decodeLz4(input: Uint8Array, target: DecodeTarget): number | DecodeFault {
  const decoder = new Lz4Decoder(input, target);
  while (decoder.at < input.length) {
    const fault = decoder.frame();
    if (fault !== undefined) return fault;
  }
  return input.length === 0 ? 'corrupt' : decoder.length;
}

class Lz4Decoder {
  at = 0;
  length = 0;
  readonly #input: Uint8Array;
  readonly #target: DecodeTarget;
  #output: Uint8Array = new Uint8Array(0);

  constructor(input: Uint8Array, target: DecodeTarget) {
    this.#input = input;
    this.#target = target;
  }

  frame(): DecodeFault | undefined {
    const input = this.#input;
    if (!this.#has(7)) return 'corrupt';
    const magic = this.#word();
    if (magic >>> 4 === skippableMagic >>> 4) {
      const size = this.#word();
      if (!this.#has(size)) return 'corrupt';
      this.at += size;
      return undefined;
    }
    if (magic !== frameMagic) return 'corrupt';
    const descriptor = this.at;
    const flags = input[this.at++]!;
    const blockSize = blockSizes[(input[this.at++]! >>> 4) & 7];
    const hasContentSize = (flags & 0x08) !== 0;
    // Version 01, no dictionary.
    if (flags >>> 6 !== 1 || (flags & 0x01) !== 0 || blockSize === undefined) return 'corrupt';
    if (!this.#has((hasContentSize ? 8 : 0) + 1)) return 'corrupt';
    if (hasContentSize) this.at += 8;
    if (((xxh32(input, descriptor, this.at) >>> 8) & 0xff) !== input[this.at++]) return 'corrupt';
    return this.#blocks(blockSize, (flags & 0x20) !== 0, (flags & 0x10) !== 0, (flags & 0x04) !== 0);
  }

  #blocks(blockSize: number, independent: boolean, blockChecksum: boolean, contentChecksum: boolean): DecodeFault | undefined {
    const frameStart = this.length;
    for (;;) {
      if (!this.#has(4)) return 'corrupt';
      const header = this.#word();
      if (header === 0) break;
      const size = header & 0x7fff_ffff;
      const start = this.at;
      if (size > blockSize || !this.#has(size + (blockChecksum ? 4 : 0))) return 'corrupt';
      this.at += size;
      const base = this.length;
      const fault =
        header < 0x8000_0000
          ? this.#block(start, this.at, independent ? base : frameStart, base + blockSize)
          : this.#stored(start, this.at);
      if (fault !== undefined) return fault;
      if (blockChecksum && this.#word() !== xxh32(this.#input, start, start + size)) return 'corrupt';
    }
    if (!contentChecksum) return undefined;
    if (!this.#has(4)) return 'corrupt';
    return this.#word() === xxh32(this.#output, frameStart, this.length) ? undefined : 'corrupt';
  }

  #stored(start: number, end: number): DecodeFault | undefined {
    if (!this.#room(end - start, this.length + end - start)) return 'too large';
    this.#output.set(this.#input.subarray(start, end), this.length);
    this.length += end - start;
    return undefined;
  }

  /** One block (lz4_Block_format.md): sequences of literals and matches; the last one has literals only. */
  #block(start: number, end: number, oldest: number, limit: number): DecodeFault | undefined {
    const input = this.#input;
    let at = start;
    while (at < end) {
      const token = input[at++]!;
      let literals = token >>> 4;
      if (literals === 15) {
        for (let more = 255; more === 255; literals += more) {
          if (at >= end) return 'corrupt';
          more = input[at++]!;
        }
      }
      if (literals > end - at || literals > limit - this.length) return 'corrupt';
      if (!this.#room(literals, limit)) return 'too large';
      this.#output.set(input.subarray(at, at + literals), this.length);
      at += literals;
      this.length += literals;
      if (at === end) return undefined;
      if (end - at < 2) return 'corrupt';
      const offset = input[at]! | (input[at + 1]! << 8);
      at += 2;
      let match = (token & 15) + 4;
      if (match === 19) {
        for (let more = 255; more === 255; match += more) {
          if (at >= end) return 'corrupt';
          more = input[at++]!;
        }
      }
      if (offset === 0 || offset > this.length - oldest || match > limit - this.length) return 'corrupt';
      if (!this.#room(match, limit)) return 'too large';
      const output = this.#output;
      const to = this.length;
      if (offset >= match) output.copyWithin(to, to - offset, to - offset + match);
      else for (let i = 0; i < match; i++) output[to + i] = output[to + i - offset]!;
      this.length += match;
    }
    // A block that ends behind a match is cut off.
    return 'corrupt';
  }

  /** Whether there is room for so many bytes more; grows by doubling, but not beyond what the block can hold. */
  #room(sizeBytes: number, limit: number): boolean {
    const needed = this.length + sizeBytes;
    if (needed <= this.#output.length) return true;
    const wanted = Math.max(needed, Math.min(limit, this.length * 2));
    const output = this.#target.reserve(wanted, this.length) ?? (wanted > needed ? this.#target.reserve(needed, this.length) : undefined);
    if (output === undefined) return false;
    this.#output = output;
    return true;
  }

  #has(sizeBytes: number): boolean {
    return this.#input.length - this.at >= sizeBytes;
  }

  #word(): number {
    const input = this.#input;
    const at = this.at;
    this.at += 4;
    return (input[at]! | (input[at + 1]! << 8) | (input[at + 2]! << 16) | (input[at + 3]! << 24)) >>> 0;
  }
}
