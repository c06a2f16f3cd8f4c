import type { Key, KeyPrefixes, KeySet } from '../key.ts';
import type { AttributesEdit, ByteRange, Plain, PlainInput, ValueType, ValueView } from '../views.ts';
import type { ByteWriter } from './byte-writer.ts';
import { addHash, addKeyedHash } from './hash.ts';
import { writeInt, writePlain } from './plain-value.ts';
import { Range } from './range.ts';
import { readVarint, varintSize } from '../varint.ts';
import { writeAttribute } from './splice.ts';
import type { Tape } from './tape.ts';
import {
  added,
  deleted,
  edited,
  marker,
  slotEnd,
  slotFlags,
  slotKey,
  slotKeyLength,
  slotSize,
  slotStart,
  slotType,
  slotValue,
  slotValueLength,
} from './tape.ts';
import { boolType, doubleType, intType, stringType, typeNames } from './value-types.ts';
import { Value } from './value.ts';

/** The reused view of the attributes on a tape. Attributes that are inserted during an iteration with `next` are visited by it. */
export class Attributes implements AttributesEdit {
  tape: Tape;
  #value: Value | undefined;
  readonly #range = new Range();
  readonly #keyRange = new Range();

  constructor(tape: Tape) {
    this.tape = tape;
  }

  /** The tape to write to. */
  protected edit(): Tape {
    return this.tape;
  }

  get size(): number {
    let size = 0;
    for (let o = this.first(); o >= 0; o = this.next(o)) size++;
    return size;
  }

  find(key: Key): number {
    return this.tape.find(key);
  }

  first(): number {
    return this.next(this.tape.head - slotSize);
  }

  next(slot: number): number {
    const { tape } = this;
    tape.expand();
    const { slots, count } = tape;
    for (let o = slot + slotSize; o < count; o += slotSize) if ((slots[o + slotFlags] & (deleted | marker)) === 0) return o;
    return -1;
  }

  keyAt(slot: number): string {
    const { slots, memory } = this.tape;
    return memory.text(slots[slot + slotKey], slots[slot + slotKeyLength]);
  }

  keyRangeAt(slot: number): ByteRange {
    const { slots, memory } = this.tape;
    return this.#keyRange.set(memory, slots[slot + slotKey], slots[slot + slotKeyLength]);
  }

  keyIn(slot: number, keys: KeySet): boolean {
    const { slots, memory } = this.tape;
    const address = slots[slot + slotKey];
    const p = address - memory.base(address);
    return keys.has(memory.buffer(address), p, p + slots[slot + slotKeyLength]);
  }

  typeAt(slot: number): ValueType {
    return typeNames[this.tape.slots[slot + slotType]];
  }

  rangeAt(slot: number): ByteRange {
    const { slots, memory } = this.tape;
    return this.#range.set(memory, slots[slot + slotValue], slots[slot + slotValueLength]);
  }

  valueAt(slot: number): ValueView {
    const { slots, memory } = this.tape;
    this.#value ??= new Value(memory);
    return this.#value.bind(slots[slot + slotType], slots[slot + slotValue], slots[slot + slotValueLength]);
  }

  copyAt(slot: number, to: ByteWriter, tag: number): void {
    const { position } = to;
    writeAttribute(this.tape, to, slot);
    to.buffer[position] = tag;
  }

  has(key: Key): boolean {
    return this.tape.find(key) >= 0;
  }

  hasPrefix(prefixes: KeyPrefixes): boolean {
    return this.tape.hasPrefix(prefixes);
  }

  string(key: Key): string | undefined {
    const { tape } = this;
    const o = tape.find(key);
    return o >= 0 && tape.slots[o + slotType] === stringType ? tape.text(o) : undefined;
  }

  number(key: Key): number | undefined {
    const { tape } = this;
    const o = tape.find(key);
    if (o < 0) return undefined;
    const type = tape.slots[o + slotType];
    if (type === intType) return tape.memory.varintNumber(tape.slots[o + slotValue]);
    return type === doubleType ? tape.memory.double(tape.slots[o + slotValue]) : undefined;
  }

  bigint(key: Key): bigint | undefined {
    const { tape } = this;
    const o = tape.find(key);
    return o >= 0 && tape.slots[o + slotType] === intType ? tape.memory.varintBigint(tape.slots[o + slotValue]) : undefined;
  }

  boolean(key: Key): boolean | undefined {
    const o = this.tape.find(key);
    return o >= 0 && this.tape.slots[o + slotType] === boolType ? this.valueAt(o).boolean() : undefined;
  }

  value(key: Key): ValueView | undefined {
    const o = this.tape.find(key);
    return o < 0 ? undefined : this.valueAt(o);
  }

  equals(key: Key, literal: Key): boolean {
    const { tape } = this;
    const o = tape.find(key);
    return o >= 0 && tape.slots[o + slotType] === stringType && tape.valueEquals(o, literal.bytes);
  }

  hash64(into: Uint32Array): void {
    into[0] = 0;
    into[1] = 0;
    const { tape } = this;
    const { slots, memory, head } = tape;
    const base = memory.base(tape.start);
    const b = memory.buffer(tape.start);
    const view = memory.view(tape.start);
    for (let o = head; o < tape.count; o += slotSize) {
      const flags = slots[o + slotFlags];
      if ((flags & (deleted | marker)) !== 0) continue;
      if ((flags & (added | edited)) !== 0) this.#addEditedHash(o, into);
      else {
        const p = slots[o + slotStart] - base + 1;
        addHash(view, p + varintSize(readVarint(b, p)), slots[o + slotEnd] - base, into);
      }
    }
  }

  /** The hash of an attribute as it will be written. */
  #addEditedHash(o: number, into: Uint32Array): void {
    const { scratch } = this.tape.memory;
    const { position } = scratch;
    writeAttribute(this.tape, scratch, o);
    const p = position + 1;
    addHash(scratch.view, p + varintSize(readVarint(scratch.buffer, p)), scratch.position, into);
    scratch.position = position;
  }

  addHash128(key: Int32Array, place: number, into: Int32Array): void {
    const { tape } = this;
    const { slots, memory, head } = tape;
    const base = memory.base(tape.start);
    const b = memory.buffer(tape.start);
    const view = memory.view(tape.start);
    for (let o = head; o < tape.count; o += slotSize) {
      const flags = slots[o + slotFlags];
      if ((flags & (deleted | marker)) !== 0) continue;
      if ((flags & (added | edited)) === 0) {
        let p = slots[o + slotStart] - base + 1;
        p += b[p] < 0x80 ? 1 : varintSize(readVarint(b, p));
        addKeyedHash(view, p, slots[o + slotEnd] - base, key, place, into);
        continue;
      }
      const { scratch } = memory;
      const { position } = scratch;
      writeAttribute(tape, scratch, o);
      const p = position + 1;
      addKeyedHash(scratch.view, p + varintSize(readVarint(scratch.buffer, p)), scratch.position, key, place, into);
      scratch.position = position;
    }
  }

  toPlain(): { readonly [key: string]: Plain } {
    const entries: [string, Plain][] = [];
    for (let o = this.first(); o >= 0; o = this.next(o)) entries.push([this.keyAt(o), this.valueAt(o).toPlain()]);
    return Object.fromEntries(entries);
  }

  setString(key: Key, value: string | Key): void {
    const tape = this.edit();
    tape.writeText(this.#slotFor(tape, key), value);
  }

  setInt(key: Key, value: number | bigint): void {
    const tape = this.edit();
    const { scratch } = tape.memory;
    const { position } = scratch;
    writeInt(scratch, value);
    this.#set(tape, key, intType, position);
  }

  setDouble(key: Key, value: number): void {
    const tape = this.edit();
    const { scratch } = tape.memory;
    const { position } = scratch;
    scratch.double(value);
    this.#set(tape, key, doubleType, position);
  }

  setBoolean(key: Key, value: boolean): void {
    const tape = this.edit();
    const { scratch } = tape.memory;
    const { position } = scratch;
    scratch.byte(value ? 1 : 0);
    this.#set(tape, key, boolType, position);
  }

  setPlain(key: Key, value: PlainInput): void {
    const tape = this.edit();
    const { scratch } = tape.memory;
    const { position } = scratch;
    this.#set(tape, key, writePlain(scratch, value), position);
  }

  setStringAt(slot: number, value: string | Key): void {
    this.edit().setText(slot, value);
  }

  setPlainAt(slot: number, value: PlainInput): void {
    const tape = this.edit();
    const { scratch } = tape.memory;
    const { position } = scratch;
    const type = writePlain(scratch, value);
    tape.change(slot);
    tape.setWritten(slot, type, position);
  }

  setFrom(key: Key, slot: number): void {
    const tape = this.edit();
    const o = this.#slotFor(tape, key);
    const { slots } = tape;
    slots[o + slotType] = slots[slot + slotType];
    slots[o + slotValue] = slots[slot + slotValue];
    slots[o + slotValueLength] = slots[slot + slotValueLength];
  }

  deleteAt(slot: number): void {
    this.edit().remove(slot);
  }

  delete(key: Key): boolean {
    if (this.tape.find(key) < 0) return false;
    const tape = this.edit();
    tape.remove(tape.find(key));
    return true;
  }

  /** The key's slot, ready for a new value. */
  #slotFor(tape: Tape, key: Key): number {
    const found = tape.find(key);
    if (found < 0) return tape.insert(key);
    tape.change(found);
    return found;
  }

  /** Sets the value that was written to scratch from `position` on; a new key's bytes are written behind it. */
  #set(tape: Tape, key: Key, type: number, position: number): void {
    const end = tape.memory.scratch.position;
    const o = this.#slotFor(tape, key);
    tape.slots[o + slotType] = type;
    tape.slots[o + slotValue] = tape.memory.length + position;
    tape.slots[o + slotValueLength] = end - position;
  }
}
