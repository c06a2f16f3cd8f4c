import type { ByteRange, EventView, LinkView } from '../views.ts';
import { Attributes } from './attributes.ts';
import { fieldAddress, textField, varintField } from './fields.ts';
import type { ListEntry } from './list.ts';
import { Range } from './range.ts';
import { skipField, varintAt, varintWidth } from './scan.ts';
import { Tape } from './tape.ts';

/** An entry of an item's list that can be edited: its name-like field, when it has one, is in the first slot. */
abstract class EditablePart implements ListEntry {
  readonly tape: Tape;
  readonly attributes: Attributes;
  readonly #range = new Range();
  readonly #fieldTag: number;

  constructor(owner: Tape, attributeTag: number, fieldTag?: number) {
    this.tape = new Tape(owner.memory, attributeTag, fieldTag === undefined ? [] : [fieldTag], owner);
    this.attributes = new Attributes(this.tape);
    this.#fieldTag = fieldTag ?? 0;
  }

  bind(start: number, end: number): void {
    const { tape } = this;
    tape.begin(start, end);
    const base = tape.memory.base(start);
    const b = tape.memory.buffer(start);
    for (let p = start - base; p < end - base; ) {
      const next = skipField(b, p);
      const tag = b[p];
      if (tag === tape.attributeTag) tape.attribute(p + base, p + 1 + varintWidth(varintAt(b, p + 1)) + base, next + base);
      else if (tag === this.#fieldTag) tape.field(0, p + base, p + 1 + varintWidth(varintAt(b, p + 1)) + base, next + base);
      p = next;
    }
  }

  protected address(tag: number): number {
    return fieldAddress(this.tape.memory, this.tape.start, this.tape.end, tag);
  }

  protected varint(tag: number): number {
    return varintField(this.tape.memory, this.tape.start, this.tape.end, tag);
  }

  protected text(tag: number): string {
    return textField(this.tape.memory, this.tape.start, this.tape.end, tag);
  }

  protected uint64(tag: number): bigint {
    const address = this.address(tag);
    return address === 0 ? 0n : this.tape.memory.uint64(address);
  }

  protected id(tag: number): ByteRange {
    const { memory } = this.tape;
    const address = this.address(tag);
    if (address === 0) return this.#range.set(memory, 0, 0);
    return this.#range.set(memory, address + 1, varintAt(memory.buffer(address), address - memory.base(address)));
  }

  protected idHex(tag: number): string {
    const { buffer, start, end } = this.id(tag);
    return buffer.hexSlice(start, end);
  }
}

/** The reused view of a span's event. */
export class Event extends EditablePart implements EventView {
  constructor(owner: Tape) {
    super(owner, 0x1a, 0x12);
  }

  get name(): string {
    return this.tape.text(0);
  }

  setName(value: string): void {
    this.tape.setText(0, value);
  }

  get timeUnixNano(): bigint {
    return this.uint64(0x09);
  }

  get droppedAttributesCount(): number {
    return this.varint(0x20);
  }
}

/** The reused view of a span's link. */
export class Link extends EditablePart implements LinkView {
  constructor(owner: Tape) {
    super(owner, 0x22);
  }

  traceId(): ByteRange {
    return this.id(0x0a);
  }

  spanId(): ByteRange {
    return this.id(0x12);
  }

  get traceIdHex(): string {
    return this.idHex(0x0a);
  }

  get spanIdHex(): string {
    return this.idHex(0x12);
  }

  get traceState(): string {
    return this.text(0x1a);
  }

  get flags(): number {
    const address = this.address(0x35);
    return address === 0 ? 0 : this.tape.memory.uint32(address);
  }

  get droppedAttributesCount(): number {
    return this.varint(0x28);
  }
}
