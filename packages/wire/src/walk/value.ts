import type { AttributesView, ByteRange, Plain, ValueType, ValueView } from '../views.ts';
import { Attributes } from './attributes.ts';
import type { Memory } from './memory.ts';
import { Range } from './range.ts';
import { skipField } from './scan.ts';
import { readVarint, varintSize } from '../varint.ts';
import { Tape } from './tape.ts';
import { arrayType, boolType, bytesType, doubleType, intType, kvlistType, stringType, typeNames } from './value-types.ts';

/** The reused view of one `AnyValue`. Views of elements and entries are made at the first access, one per depth. */
export class Value implements ValueView {
  readonly #memory: Memory;
  readonly #range = new Range();
  #type = 0;
  #address = 0;
  #length = 0;
  #element: Value | undefined;
  #entries: Attributes | undefined;
  #entriesBound = false;
  #size = -1;
  /** The element that was found last, so that reading forward is one pass. */
  #foundIndex = -1;
  #foundAt = 0;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  /** Shows a value that was taken apart already. */
  bind(type: number, address: number, length: number): this {
    this.#type = type;
    this.#address = address;
    this.#length = length;
    this.#entriesBound = false;
    this.#size = -1;
    this.#foundIndex = -1;
    return this;
  }

  /** Shows the `AnyValue` message in a range. */
  bindMessage(address: number, length: number): this {
    const base = this.#memory.base(address);
    const b = this.#memory.buffer(address);
    let p = address - base;
    const end = p + length;
    while (p < end) {
      const tag = b[p];
      if (tag < 0x08 || tag > 0x3f) {
        p = skipField(b, p);
        continue;
      }
      p++;
      if ((tag & 7) !== 2) return this.bind(tag >> 3, p + base, end - p);
      const valueLength = readVarint(b, p);
      return this.bind(tag >> 3, p + varintSize(valueLength) + base, valueLength);
    }
    return this.bind(0, 0, 0);
  }

  get type(): ValueType {
    return typeNames[this.#type];
  }

  string(): string {
    return this.#type === stringType && this.#length > 0 ? this.#memory.text(this.#address, this.#length) : '';
  }

  number(): number {
    if (this.#type === intType) return this.#memory.varintNumber(this.#address);
    return this.#type === doubleType ? this.#memory.double(this.#address) : Number.NaN;
  }

  bigint(): bigint {
    return this.#type === intType ? this.#memory.varintBigint(this.#address) : 0n;
  }

  boolean(): boolean {
    return this.#type === boolType && this.#memory.buffer(this.#address)[this.#address - this.#memory.base(this.#address)] !== 0;
  }

  range(): ByteRange {
    const hasRange = this.#type === stringType || this.#type >= arrayType;
    return this.#range.set(this.#memory, this.#address, hasRange ? this.#length : 0);
  }

  get size(): number {
    if (this.#type === kvlistType) return this.entries.size;
    if (this.#type !== arrayType) return 0;
    if (this.#size < 0) {
      this.#size = 0;
      for (let p = this.#element0(); p >= 0; p = this.#elementAfter(p)) this.#size++;
    }
    return this.#size;
  }

  at(index: number): ValueView {
    if (this.#type !== arrayType || !(index >= 0)) throw new RangeError(`no element ${index} in this value`);
    if (this.#foundIndex < 0 || index < this.#foundIndex) {
      this.#foundIndex = 0;
      this.#foundAt = this.#element0();
    }
    while (this.#foundIndex < index && this.#foundAt >= 0) {
      this.#foundIndex++;
      this.#foundAt = this.#elementAfter(this.#foundAt);
    }
    if (this.#foundAt < 0) {
      this.#foundIndex = -1;
      throw new RangeError(`no element ${index} in this value`);
    }
    const base = this.#memory.base(this.#address);
    const b = this.#memory.buffer(this.#address);
    const length = readVarint(b, this.#foundAt - base + 1);
    this.#element ??= new Value(this.#memory);
    return this.#element.bindMessage(this.#foundAt + 1 + varintSize(length), length);
  }

  get entries(): AttributesView {
    const entries = (this.#entries ??= new Attributes(new Tape(this.#memory, 0x0a)));
    if (!this.#entriesBound) {
      const { tape } = entries;
      tape.begin(this.#address, this.#type === kvlistType ? this.#address + this.#length : this.#address);
      for (let p = this.#element0(); this.#type === kvlistType && p >= 0; p = this.#elementAfter(p)) {
        const base = this.#memory.base(p);
        const length = readVarint(this.#memory.buffer(p), p - base + 1);
        const at = p + 1 + varintSize(length);
        tape.attribute(p, at, at + length);
      }
      this.#entriesBound = true;
    }
    return entries;
  }

  toPlain(): Plain {
    switch (this.#type) {
      case stringType:
        return this.string();
      case boolType:
        return this.boolean();
      case intType:
        return this.bigint();
      case doubleType:
        return this.number();
      case bytesType: {
        const { buffer, start, end } = this.range();
        return Uint8Array.prototype.slice.call(buffer, start, end);
      }
      case arrayType: {
        const elements: Plain[] = [];
        for (let i = 0; i < this.size; i++) elements.push(this.at(i).toPlain());
        return elements;
      }
      case kvlistType:
        return this.entries.toPlain();
      default:
        return undefined;
    }
  }

  /** Address of the first repeated field 1 (an array's elements, a kvlist's entries), -1 when there is none. */
  #element0(): number {
    return this.#elementFrom(this.#address);
  }

  #elementAfter(address: number): number {
    const base = this.#memory.base(address);
    return this.#elementFrom(skipField(this.#memory.buffer(address), address - base) + base);
  }

  #elementFrom(address: number): number {
    const base = this.#memory.base(this.#address);
    const b = this.#memory.buffer(this.#address);
    const end = this.#address + this.#length - base;
    for (let p = address - base; p < end; p = skipField(b, p)) if (b[p] === 0x0a) return p + base;
    return -1;
  }
}
