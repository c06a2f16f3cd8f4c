import type { ByteRange } from '../views.ts';
import { Attributes } from './attributes.ts';
import { textAt } from './fields.ts';
import { Fields } from './fields-edit.ts';
import type { ListEntry } from './list.ts';
import { Range } from './range.ts';
import { skipField } from './scan.ts';
import { readVarint, varintSize } from '../varint.ts';
import { Tape } from './tape.ts';

/** An entry of an item's list that can be edited: its name-like field, when it has one, is in the first slot. */
export abstract class EditablePart implements ListEntry {
  readonly tape: Tape;
  readonly attributes: Attributes;
  readonly fields: Fields;
  readonly #range = new Range();
  readonly #fieldTag: number;

  constructor(owner: Tape, attributeTag: number, fieldTag?: number) {
    this.tape = new Tape(owner.memory, attributeTag, fieldTag === undefined ? [] : [fieldTag], owner);
    this.attributes = new Attributes(this.tape);
    this.fields = new Fields(() => this.tape);
    this.#fieldTag = fieldTag ?? 0;
  }

  bind(start: number, end: number): void {
    const { tape } = this;
    tape.begin(start, end);
    const base = tape.memory.base(start);
    const b = tape.memory.buffer(start);
    for (let p = start - base; p < end - base;) {
      const next = skipField(b, p);
      const tag = b[p];
      if (tag === tape.attributeTag) tape.attribute(p + base, p + 1 + varintSize(readVarint(b, p + 1)) + base, next + base);
      else if (tag === this.#fieldTag) tape.field(0, p + base, p + 1 + varintSize(readVarint(b, p + 1)) + base, next + base);
      p = next;
    }
  }

  protected address(tag: number): number {
    return this.tape.address(tag);
  }

  protected varint(tag: number): number {
    const address = this.tape.address(tag);
    return address === 0 ? 0 : this.tape.memory.varintNumber(address);
  }

  protected text(tag: number): string {
    return textAt(this.tape.memory, this.tape.address(tag));
  }

  protected uint64(tag: number): bigint {
    const address = this.address(tag);
    return address === 0 ? 0n : this.tape.memory.uint64(address);
  }

  protected id(tag: number): ByteRange {
    const { memory } = this.tape;
    const address = this.address(tag);
    if (address === 0) return this.#range.set(memory, 0, 0);
    return this.#range.set(memory, address + 1, readVarint(memory.buffer(address), address - memory.base(address)));
  }

  protected idHex(tag: number): string {
    const { buffer, start, end } = this.id(tag);
    return buffer.hexSlice(start, end);
  }
}
