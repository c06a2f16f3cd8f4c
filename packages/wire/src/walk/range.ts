import type { ByteRange } from '../views.ts';
import { emptyBuffer } from './buffer-methods.ts';
import type { Memory } from './memory.ts';

/** The reused `ByteRange` of a view. */
export class Range implements ByteRange {
  buffer: Buffer = emptyBuffer;
  start = 0;
  end = 0;

  /** Shows the bytes at an address. */
  set(memory: Memory, address: number, length: number): this {
    this.buffer = memory.buffer(address);
    this.start = address - memory.base(address);
    this.end = this.start + length;
    return this;
  }
}
