import { emptyBuffer } from './buffer-methods.ts';
import { ByteWriter } from './byte-writer.ts';

/** Scratch memory beyond this size is given back after a walk. */
const retainedScratchBytes = 1 << 20;

/**
 * What the views of one walk read from: the batch's bytes and, for edited values, a scratch buffer behind them. An address below `length`
 * is an offset in `body`; from `length` on it is an offset in the scratch buffer plus `length`.
 */
export class Memory {
  body: Buffer = emptyBuffer;
  length = 0;
  scratch: ByteWriter = new ByteWriter();
  #bodyView: DataView | undefined;

  attach(body: Buffer): void {
    this.body = body;
    this.length = body.length;
    this.scratch.position = 0;
    this.#bodyView = undefined;
  }

  detach(): void {
    this.attach(emptyBuffer);
    if (this.scratch.buffer.length > retainedScratchBytes) this.scratch = new ByteWriter();
  }

  /** The buffer that an address lies in; its offset there is `address - base(address)`. */
  buffer(address: number): Buffer {
    return address < this.length ? this.body : this.scratch.buffer;
  }

  base(address: number): number {
    return address < this.length ? 0 : this.length;
  }

  view(address: number): DataView {
    if (address >= this.length) return this.scratch.view;
    return (this.#bodyView ??= new DataView(this.body.buffer, this.body.byteOffset, this.length));
  }

  /** The view of the body or of the scratch buffer. */
  viewOf(buffer: Buffer): DataView {
    return buffer === this.body ? this.view(0) : this.scratch.view;
  }

  /** Copies the bytes at an address to a writer. */
  copy(writer: ByteWriter, address: number, length: number): void {
    if (address < this.length) writer.copy(this.body, this.view(address), address, address + length);
    else writer.copy(this.scratch.buffer, this.scratch.view, address - this.length, address - this.length + length);
  }

  text(address: number, length: number): string {
    const p = address - this.base(address);
    return this.buffer(address).utf8Slice(p, p + length);
  }

  hex(address: number, length: number): string {
    const p = address - this.base(address);
    return this.buffer(address).hexSlice(p, p + length);
  }

  double(address: number): number {
    return this.view(address).getFloat64(address - this.base(address), true);
  }

  uint64(address: number): bigint {
    return this.view(address).getBigUint64(address - this.base(address), true);
  }

  /** The unsigned fixed64 as a number, rounded beyond 2^53. */
  uint64Number(address: number): number {
    const view = this.view(address);
    const p = address - this.base(address);
    return view.getUint32(p + 4, true) * 0x1_0000_0000 + view.getUint32(p, true);
  }

  int64(address: number): bigint {
    return this.view(address).getBigInt64(address - this.base(address), true);
  }

  /** The signed fixed64 as a number, rounded beyond 2^53. */
  int64Number(address: number): number {
    const view = this.view(address);
    const p = address - this.base(address);
    return view.getInt32(p + 4, true) * 0x1_0000_0000 + view.getUint32(p, true);
  }

  uint32(address: number): number {
    return this.view(address).getUint32(address - this.base(address), true);
  }

  /** The varint as an int64, rounded beyond 2^53. */
  varintNumber(address: number): number {
    const b = this.buffer(address);
    let p = address - this.base(address);
    const first = b[p];
    if (first < 0x80) return first;
    let low = 0;
    let high = 0;
    let shift = 0;
    let byte;
    do {
      byte = b[p++];
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >> 4;
      } else high |= bits << (shift - 32);
      shift += 7;
    } while (byte > 0x7f);
    return high * 0x1_0000_0000 + (low >>> 0);
  }

  /** The varint as an exact int64. */
  varintBigint(address: number): bigint {
    const rounded = this.varintNumber(address);
    if (Number.isSafeInteger(rounded)) return BigInt(rounded);
    return BigInt.asIntN(64, this.varintUnsigned(address));
  }

  /** The varint as an exact uint64. */
  varintUnsigned(address: number): bigint {
    const b = this.buffer(address);
    let p = address - this.base(address);
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = b[p++];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
  }
}
