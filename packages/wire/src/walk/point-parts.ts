import type { BucketsView, ByteRange, ExemplarView, QuantileView } from '../views.ts';
import { fieldAddress } from './fields.ts';
import { EditablePart } from './item-part.ts';
import type { ListEntry } from './list.ts';
import type { Memory } from './memory.ts';
import { skipField } from './scan.ts';
import { readVarint, varintSize } from '../varint.ts';
import type { Tape } from './tape.ts';

const asDoubleTag = 0x19;
const asIntTag = 0x31;

/** The reused view of a data point's exemplar. */
export class Exemplar extends EditablePart implements ExemplarView {
  constructor(owner: Tape) {
    super(owner, 0x3a);
  }

  get timeUnixNano(): bigint {
    return this.uint64(0x11);
  }

  get isInt(): boolean {
    return this.address(asIntTag) !== 0;
  }

  get number(): number {
    const asDouble = this.address(asDoubleTag);
    if (asDouble !== 0) return this.tape.memory.double(asDouble);
    const asInt = this.address(asIntTag);
    return asInt === 0 ? 0 : this.tape.memory.int64Number(asInt);
  }

  get int(): bigint {
    const asInt = this.address(asIntTag);
    return asInt === 0 ? 0n : this.tape.memory.int64(asInt);
  }

  traceId(): ByteRange {
    return this.id(0x2a);
  }

  spanId(): ByteRange {
    return this.id(0x22);
  }

  get traceIdHex(): string {
    return this.idHex(0x2a);
  }

  get spanIdHex(): string {
    return this.idHex(0x22);
  }
}

/** The reused view of a summary's quantile. */
export class Quantile implements QuantileView, ListEntry {
  readonly #memory: Memory;
  #start = 0;
  #end = 0;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  bind(start: number, end: number): void {
    this.#start = start;
    this.#end = end;
  }

  get quantile(): number {
    return this.#double(0x09);
  }

  get value(): number {
    return this.#double(0x11);
  }

  #double(tag: number): number {
    const address = fieldAddress(this.#memory, this.#start, this.#end, tag);
    return address === 0 ? 0 : this.#memory.double(address);
  }
}

/** The reused view of one sign's buckets. The counts are varints, so reading forward is one pass. */
export class Buckets implements BucketsView {
  readonly #memory: Memory;
  #offset = 0;
  #counts = 0;
  #countsEnd = 0;
  #foundIndex = 0;
  #foundAt = 0;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  /** Shows the Buckets message whose length stands at an address; 0 for none. */
  bind(address: number): this {
    const memory = this.#memory;
    this.#offset = this.#counts = this.#countsEnd = 0;
    this.#foundIndex = this.#foundAt = 0;
    if (address === 0) return this;
    const base = memory.base(address);
    const b = memory.buffer(address);
    const length = readVarint(b, address - base);
    let p = address - base + varintSize(length);
    const end = p + length;
    while (p < end) {
      if (b[p] === 0x08) this.#offset = p + 1 + base;
      else if (b[p] === 0x12) {
        this.#counts = p + 1 + varintSize(readVarint(b, p + 1)) + base;
        this.#countsEnd = this.#counts + readVarint(b, p + 1);
      }
      p = skipField(b, p);
    }
    this.#foundAt = this.#counts;
    return this;
  }

  get offset(): number {
    return this.#offset === 0 ? 0 : zigzag(this.#memory.varintNumber(this.#offset));
  }

  get size(): number {
    const base = this.#memory.base(this.#counts);
    const b = this.#memory.buffer(this.#counts);
    let size = 0;
    for (let p = this.#counts - base; p < this.#countsEnd - base; p++) if (b[p] < 0x80) size++;
    return size;
  }

  at(index: number): bigint {
    if (index < this.#foundIndex) {
      this.#foundIndex = 0;
      this.#foundAt = this.#counts;
    }
    const base = this.#memory.base(this.#counts);
    const b = this.#memory.buffer(this.#counts);
    while (this.#foundIndex < index && this.#foundAt < this.#countsEnd) {
      while (b[this.#foundAt++ - base] > 0x7f);
      this.#foundIndex++;
    }
    if (!(index >= 0) || this.#foundAt >= this.#countsEnd) throw new RangeError(`no bucket ${index}`);
    return this.#memory.varintUnsigned(this.#foundAt);
  }
}

/** The number that a sint32 varint means. */
export function zigzag(value: number): number {
  return (value >>> 1) ^ -(value & 1);
}
