import { copyBytes } from './copy-bytes.ts';
import { childOf, kinds, requestRow, table } from './schema-table.ts';
import type { Signal } from './signal.ts';
import { skipValue, skipVarint, varintSize, writeVarint } from './varint.ts';

const viewOf = (buffer: Buffer): DataView => new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);

/** Makes the one shortener; closed over for the reason that `createValidator` gives. */
function createShortener(): (row: number, from: Buffer, start: number, end: number, into: Buffer) => number {
  const { message, packedVarint } = kinds;
  const entries = table;
  const childRow = childOf;
  const nothing = Buffer.alloc(0);
  const noView = viewOf(nothing);
  let source: Buffer = nothing;
  let target: Buffer = nothing;
  let sourceView = noView;
  let targetView = noView;
  /** Where the varint that was read last ended. */
  let next = 0;

  /** Copies `[at, end)` to `to` and returns where it ends; so do the others. */
  function copy(at: number, end: number, to: number): number {
    copyBytes(target, targetView, to, source, sourceView, at, end);
    return to + end - at;
  }

  function shortenVarint(at: number, to: number): number {
    let last = skipVarint(source, at) - 1;
    // Ten bytes hold 70 bits; the upper six mean nothing.
    const bits = (p: number): number => source[p]! & (p === at + 9 ? 1 : 127);
    while (last > at && bits(last) === 0) last--;
    for (let p = at; p < last; p++) target[to++] = bits(p) | 128;
    target[to++] = bits(last);
    return to;
  }

  function shortenContent(row: number, at: number, end: number, to: number): number {
    if (row >= 0) return shortenMessage(row, at, end, to);
    for (; at < end; at = skipVarint(source, at)) to = shortenVarint(at, to);
    return to;
  }

  /** The message of a row, the range `[at, end)`. Whatever takes the fewest bytes already is copied in runs. */
  function shortenMessage(row: number, at: number, end: number, to: number): number {
    let run = at;
    while (at < end) {
      const tagAt = at;
      let tag = source[at++]!;
      if (tag > 127) {
        if (source[at] === 1) at++;
        else {
          tag = readLow(tagAt);
          at = next;
          if (source[at - 1] === 0) {
            to = writeVarint(target, copy(run, tagAt, to), tag);
            run = at;
          }
        }
      }
      const entry = tag < 256 ? entries[(row << 8) | tag]! : 0;
      const wireType = tag & 7;
      if (wireType === 2) {
        const lengthAt = at;
        let length = source[at++]!;
        if (length > 127) {
          length = readLow(lengthAt);
          at = next;
        }
        const kind = entry & 15;
        if (kind === message || kind === packedVarint) {
          to = copy(run, lengthAt, to);
          const expected = varintSize(length);
          const contentAt = to + expected;
          const contentEnd = shortenContent(kind === message ? childRow(entry) : -1, at, at + length, contentAt);
          const size = contentEnd - contentAt;
          const width = varintSize(size);
          if (width < expected) target.copyWithin(to + width, contentAt, contentEnd);
          writeVarint(target, to, size);
          to += width + size;
          run = at + length;
        } else if (source[at - 1] === 0 && at > lengthAt + 1) {
          to = writeVarint(target, copy(run, lengthAt, to), length);
          run = at;
        }
        at += length;
      } else if (wireType === 0) {
        const valueAt = at;
        at = skipVarint(source, at);
        if (at > valueAt + 1 && (source[at - 1] === 0 || at === valueAt + 10)) {
          to = shortenVarint(valueAt, copy(run, valueAt, to));
          run = at;
        }
      } else at = skipValue(source, at, wireType);
    }
    return copy(run, end, to);
  }

  /** The lower 32 bits of the varint at `at`, which ends at `next`. */
  function readLow(at: number): number {
    let byte = source[at++]!;
    let value = byte & 127;
    for (let shift = 7; byte > 127; shift += 7) {
      byte = source[at++]!;
      if (shift < 32) value |= (byte & 127) << shift;
    }
    next = at;
    return value >>> 0;
  }

  return (row, from, start, end, into) => {
    source = from;
    target = into;
    sourceView = viewOf(from);
    targetView = viewOf(into);
    const size = shortenMessage(row, start, end, 0);
    source = target = nothing;
    sourceView = targetView = noView;
    return size;
  };
}

const shortenBody = createShortener();

/**
 * Rewrites a body in which nothing is odd but superfluous varint bytes (`validate` calls it padded) without them, into a buffer of at least
 * the same size. Returns the new size.
 */
export function shorten(signal: Exclude<Signal, 'profiles'>, from: Buffer, start: number, end: number, into: Buffer): number {
  return shortenBody(requestRow[signal], from, start, end, into);
}
