import type { Lease } from '../buffer-pool.ts';
import { copyBytes } from '../copy-bytes.ts';
import type { Key } from '../key.ts';
import { varintSize, writeVarint } from '../varint.ts';

/** Up to this length a loop copies faster than a call. */
const longKeyBytes = 48;

/** Bytes that are appended to a buffer which grows: a lease of the pool, or private memory when there is none. */
export class ByteWriter {
  buffer: Buffer;
  view: DataView;
  position = 0;
  readonly lease: Lease | undefined;

  constructor(lease?: Lease) {
    this.lease = lease;
    this.buffer = lease === undefined ? Buffer.allocUnsafeSlow(1 << 14) : lease.buffer;
    this.view = new DataView(this.buffer.buffer, this.buffer.byteOffset, this.buffer.length);
  }

  /** Makes sure that `sizeBytes` more fit. `buffer` may be another object afterwards. */
  room(sizeBytes: number): void {
    if (this.position + sizeBytes > this.buffer.length) this.#grow(sizeBytes);
  }

  #grow(sizeBytes: number): void {
    const needed = this.position + sizeBytes;
    if (this.lease === undefined) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.buffer.length * 2));
      this.buffer.copy(larger, 0, 0, this.position);
      this.buffer = larger;
    } else {
      this.lease.grow(needed, this.position);
      this.buffer = this.lease.buffer;
    }
    this.view = new DataView(this.buffer.buffer, this.buffer.byteOffset, this.buffer.length);
  }

  byte(value: number): void {
    if (this.position === this.buffer.length) this.#grow(1);
    this.buffer[this.position++] = value;
  }

  /** A varint of up to 32 bits. */
  varint(value: number): void {
    this.room(5);
    this.position = writeVarint(this.buffer, this.position, value);
  }

  /** A varint of 64 bits; negative numbers take ten bytes. */
  varint64(value: bigint): void {
    this.room(10);
    let high = Number(BigInt.asUintN(32, value >> 32n));
    let low = Number(BigInt.asUintN(32, value));
    const b = this.buffer;
    while (high !== 0) {
      b[this.position++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    this.varint(low);
  }

  fixed64(value: bigint): void {
    this.room(8);
    this.view.setBigUint64(this.position, BigInt.asUintN(64, value), true);
    this.position += 8;
  }

  fixed32(value: number): void {
    this.room(4);
    this.view.setUint32(this.position, value, true);
    this.position += 4;
  }

  double(value: number): void {
    this.room(8);
    this.view.setFloat64(this.position, value, true);
    this.position += 8;
  }

  /** The text's UTF-8 bytes, without a length. */
  text(value: string | Key): void {
    if (typeof value === 'string') {
      this.room(value.length * 3);
      this.position += this.buffer.utf8Write(value, this.position);
    } else this.bytes(value.bytes);
  }

  /** The bytes `[start, end)` of a buffer; `view` is a view of the whole buffer. */
  copy(source: Buffer, view: DataView, start: number, end: number): void {
    const length = end - start;
    if (length <= 0) return;
    if (this.position + length > this.buffer.length) this.#grow(length);
    copyBytes(this.buffer, this.view, this.position, source, view, start, end);
    this.position += length;
  }

  /** All bytes of an array. */
  bytes(source: Uint8Array): void {
    const { length } = source;
    this.room(length);
    const b = this.buffer;
    let p = this.position;
    this.position = p + length;
    if (length > longKeyBytes) b.set(source, p);
    else for (let i = 0; i < length; i++) b[p++] = source[i];
  }

  /** Replaces `length` bytes at `at`, which are written already, by the bytes `[start, end)` of another buffer. */
  replace(at: number, length: number, source: Uint8Array, start: number, end: number): void {
    const added = end - start - length;
    if (added > 0) this.room(added);
    this.buffer.copyWithin(at + length + added, at + length, this.position);
    this.buffer.set(source.subarray(start, end), at);
    this.position += added;
  }

  /** Starts a length-delimited field; `end` with the returned place completes it. */
  begin(tag: number): number {
    this.varint(tag);
    this.byte(0);
    return this.position;
  }

  /** Completes the length-delimited field whose content starts at `contentAt`. */
  end(contentAt: number): void {
    this.patchLength(contentAt - 1, 1);
  }

  /** Writes the length of the message that starts behind the length at `lengthAt` and reaches up to here; moves it when its length takes another width. */
  patchLength(lengthAt: number, oldWidth: number): void {
    const length = this.position - lengthAt - oldWidth;
    const width = varintSize(length);
    if (width !== oldWidth) this.#shift(lengthAt + oldWidth, width - oldWidth);
    writeVarint(this.buffer, lengthAt, length);
  }

  #shift(from: number, by: number): void {
    this.room(by);
    this.buffer.copyWithin(from + by, from, this.position);
    this.position += by;
  }
}
