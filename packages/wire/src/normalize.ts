import type { BufferPool, Lease } from './buffer-pool.ts';
import { copyAll } from './copy-bytes.ts';
import { childOf, flags, kinds, requestRow, rowFields, table } from './schema-table.ts';
import { shorten } from './shorten.ts';
import type { Signal } from './signal.ts';
import { skipValue, skipVarint, varintSize, writeVarint } from './varint.ts';

/**
 * Writes a message field by field in the order of the field numbers, unknown fields last. A field that occurs once but has come in pieces is
 * put together by reading its pieces one after the other: that is what merging means in protobuf. Each field is sought by a scan of its
 * own, so memory is needed only for the list of pieces, at most half the size of the body.
 */
class Rewriter {
  readonly #lease: Lease;
  readonly #source: Uint8Array;
  #out: Buffer;
  #at = 0;
  /** Start and end of every range whose concatenation is the message being written, for all open messages. */
  #pieces = new Int32Array(64);
  #top = 0;
  // The field that `#read` has read.
  #tag = 0;
  #valueAt = 0;
  #fieldEnd = 0;

  constructor(source: Uint8Array, lease: Lease) {
    this.#source = source;
    this.#lease = lease;
    this.#out = lease.buffer;
  }

  get sizeBytes(): number {
    return this.#at;
  }

  #room(sizeBytes: number): void {
    if (this.#at + sizeBytes <= this.#out.length) return;
    this.#lease.grow(this.#at + sizeBytes, this.#at);
    this.#out = this.#lease.buffer;
  }

  push(start: number, end: number): void {
    if (this.#top + 2 > this.#pieces.length) {
      const larger = new Int32Array(this.#pieces.length * 2);
      larger.set(this.#pieces);
      this.#pieces = larger;
    }
    this.#pieces[this.#top++] = start;
    this.#pieces[this.#top++] = end;
  }

  /** Reads the field at `at`; for wire type 2 the value is the content. Returns the end of the field. */
  #read(at: number): number {
    const valueAt = skipVarint(this.#source, at);
    let tag = 0;
    let scale = 1;
    for (let p = at; p < valueAt; p++, scale *= 128) tag += (this.#source[p]! & 127) * scale;
    this.#tag = tag;
    this.#valueAt = (tag & 7) === 2 ? skipVarint(this.#source, valueAt) : valueAt;
    return (this.#fieldEnd = skipValue(this.#source, valueAt, tag & 7));
  }

  #raw(start: number, end: number): void {
    this.#room(end - start);
    copyAll(this.#out, this.#at, this.#source.subarray(start, end));
    this.#at += end - start;
  }

  #number(value: number): void {
    this.#room(5);
    this.#at = writeVarint(this.#out, this.#at, value);
  }

  /** The varint at `at` in its shortest form. */
  #varint(at: number): void {
    this.#room(10);
    let last = skipVarint(this.#source, at) - 1;
    // Ten bytes hold 70 bits; the upper six mean nothing.
    const mask = (p: number): number => this.#source[p]! & (p === at + 9 ? 1 : 127);
    while (last > at && mask(last) === 0) last--;
    for (let p = at; p < last; p++) this.#out[this.#at++] = mask(p) | 128;
    this.#out[this.#at++] = mask(last);
  }

  /** Leaves room for the length of a value of about `sizeBytes` bytes; `#close` writes it. */
  #open(tag: number, sizeBytes: number): number {
    this.#number(tag);
    this.#room(5);
    return (this.#at += varintSize(sizeBytes));
  }

  #close(contentAt: number, expectedBytes: number): void {
    const size = this.#at - contentAt;
    const reserved = varintSize(expectedBytes);
    const width = varintSize(size);
    if (width !== reserved) {
      this.#room(width);
      this.#out.copyWithin(contentAt - reserved + width, contentAt, this.#at);
      this.#at += width - reserved;
    }
    writeVarint(this.#out, contentAt - reserved, size);
  }

  /** Writes the value that `#read` has found, with its tag. */
  #field(): void {
    const wireType = this.#tag & 7;
    this.#number(this.#tag);
    if (wireType === 0) {
      this.#varint(this.#valueAt);
      return;
    }
    if (wireType === 2) this.#number(this.#fieldEnd - this.#valueAt);
    this.#raw(this.#valueAt, this.#fieldEnd);
  }

  /** Writes the message of a row whose content is the pieces from `from` to the top of the stack. */
  message(row: number, from: number): void {
    const to = this.#top;
    let present = 0;
    let unknown = false;
    let member = 0;
    let memberFrom = 0;
    for (let i = from; i < to; i += 2)
      for (let at = this.#pieces[i]!; at < this.#pieces[i + 1]!; at = this.#fieldEnd) {
        this.#read(at);
        const entry = this.#tag < 256 ? table[(row << 8) | this.#tag]! : kinds.unknown;
        if (entry === kinds.unknown) {
          unknown = true;
          continue;
        }
        const number = this.#tag >> 3;
        present |= 1 << number;
        if ((entry & flags.member) === 0 || number === member) continue;
        // Another member of the oneof clears the ones before it.
        member = number;
        memberFrom = at;
      }
    for (const { number, oneof } of rowFields[row]!) {
      if ((present & (1 << number)) === 0 || (oneof !== undefined && number !== member)) continue;
      this.#known(row, number, from, to, oneof === undefined ? 0 : memberFrom);
    }
    if (unknown)
      for (let i = from; i < to; i += 2)
        for (let at = this.#pieces[i]!; at < this.#pieces[i + 1]!; at = this.#fieldEnd) {
          this.#read(at);
          if (this.#tag >= 256 || table[(row << 8) | this.#tag] === kinds.unknown) this.#field();
        }
  }

  /** Writes every occurrence at or after `since` of one field of the pieces `[from, to)`, or what they amount to. */
  #known(row: number, number: number, from: number, to: number, since: number): void {
    const whole = table[(row << 8) | (number << 3) | 2]!;
    const kind = whole & 15;
    const repeated = (whole & flags.repeated) !== 0;
    const packs = kind === kinds.packedFixed64 || kind === kinds.packedVarint;
    const expectedBytes = packs || (kind === kinds.message && !repeated) ? this.#sizeOf(number, from, to, since) : 0;
    const contentAt = packs ? this.#open((number << 3) | 2, expectedBytes) : 0;
    const inner = this.#top;
    let last = -1;
    for (let i = from; i < to; i += 2)
      for (let at = this.#pieces[i]!, end = this.#pieces[i + 1]!; at < end;) {
        const next = this.#read(at);
        if (this.#tag >> 3 === number && at >= since) {
          last = at;
          if (packs) this.#elements(kind);
          else if (kind === kinds.message) {
            this.push(this.#valueAt, next);
            if (repeated) this.#nested(whole, number, inner, next - this.#valueAt);
          } else if (repeated) this.#field();
        }
        at = next;
      }
    if (packs) this.#close(contentAt, expectedBytes);
    else if (repeated) return;
    else if (kind === kinds.message) this.#nested(whole, number, inner, expectedBytes);
    else {
      this.#read(last);
      this.#field();
    }
  }

  /** Writes the message whose pieces start at `inner`, and takes them off the stack. */
  #nested(entry: number, number: number, inner: number, expectedBytes: number): void {
    const contentAt = this.#open((number << 3) | 2, expectedBytes);
    this.message(childOf(entry), inner);
    this.#top = inner;
    this.#close(contentAt, expectedBytes);
  }

  /** Bytes of all values of one field. */
  #sizeOf(number: number, from: number, to: number, since: number): number {
    let size = 0;
    for (let i = from; i < to; i += 2)
      for (let at = this.#pieces[i]!; at < this.#pieces[i + 1]!; at = this.#fieldEnd) {
        this.#read(at);
        if (this.#tag >> 3 === number && at >= since) size += this.#fieldEnd - this.#valueAt;
      }
    return size;
  }

  /** Writes the numbers that `#read` has found, one or a packed run, without tags. */
  #elements(kind: number): void {
    if (kind === kinds.packedFixed64) this.#raw(this.#valueAt, this.#fieldEnd);
    else for (let at = this.#valueAt, end = this.#fieldEnd; at < end; at = skipVarint(this.#source, at)) this.#varint(at);
  }
}

/**
 * Rewrites a legal body that `validate` called odd into the well-formed one that means the same: equal for every protobuf decoder, unknown
 * fields included. Superfluous varint bytes go, submessages that came in pieces are merged, of repeated singular fields and oneofs the
 * last one stays, numbers are packed; unless the body was only padded, fields are put in the order of their numbers, unknown ones last.
 *
 * @returns a new lease whose first `sizeBytes` bytes are the body. A misplaced one may hold fewer items: those in members that a oneof loses are gone.
 */
export function normalize(
  signal: Exclude<Signal, 'profiles'>,
  odd: 'padded' | 'misplaced',
  buffer: Buffer,
  start: number,
  end: number,
  pool: BufferPool,
): { lease: Lease; sizeBytes: number } {
  const lease = pool.lease(end - start);
  try {
    if (odd === 'padded') return { lease, sizeBytes: shorten(signal, buffer, start, end, lease.buffer) };
    const rewriter = new Rewriter(buffer, lease);
    rewriter.push(start, end);
    rewriter.message(requestRow[signal], 0);
    return { lease, sizeBytes: rewriter.sizeBytes };
  } catch (error) {
    lease.release();
    throw error;
  }
}
