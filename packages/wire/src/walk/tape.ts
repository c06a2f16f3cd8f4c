import type { Key, KeyPrefixes, KeySet } from '../key.ts';
import { fieldAddress } from './fields.ts';
import { KeyIndex } from './key-index.ts';
import { larger } from './larger.ts';
import type { Memory } from './memory.ts';
import { skipField } from './scan.ts';
import type { Patches } from './splice.ts';
import { readVarint, varintSize } from '../varint.ts';
import { stringType } from './value-types.ts';

/** The integers of a slot, by their place in it. Slots are named by the index of their first integer. */
export const slotStart = 0;
export const slotEnd = 1;
/** Attributes: address of the key (before `expand`: of the KeyValue). Fields: the tag. */
export const slotKey = 2;
/** -1 for what is not an attribute. */
export const slotKeyLength = 3;
export const slotType = 4;
/** Address of the value's bytes; 0 when a field is absent. */
export const slotValue = 5;
export const slotValueLength = 6;
export const slotFlags = 7;
export const slotSize = 8;

export const deleted = 1;
export const edited = 2;
/** Not in the original message: an attribute, or a marker for the place of a field, whose slot `slotValue` names. */
export const added = 4;
export const marker = 8;
/** The KeyValue has fields that we do not know. */
export const extended = 16;
/** With `marker`: a field without a slot of its own in front. The value includes its length, when the field has one. */
export const single = 32;

/** No slot is as far. */
const maxAddress = 0x7fff_ffff;

const undoSize = 6;

/** With more slots than these, searches for keys may use an index. */
const indexedFrom = 256 * slotSize;

/** Writes the slot of an attribute that is not taken apart yet. Numbers instead of names in the hot loops: imported constants are loads there. */
export function noteAttribute(slots: Int32Array, o: number, start: number, value: number, end: number): void {
  slots[o] = start;
  slots[o + 1] = end;
  slots[o + 2] = value;
  slots[o + 7] = 0;
}

/** A part of the message that has its own encoding, such as its events. */
export interface TapePart {
  /** Adds every entry that differs from the original. */
  patches(to: Patches): void;
}

/**
 * Where the editable parts of one message are: a few single fields in the first slots, then its attributes, in reused integers. Attributes
 * are noted as ranges while the message is indexed and taken apart at the first access. An edit writes the value to scratch and overwrites the slot,
 * so every later read sees it; `splice` writes the message with its edits. What is new goes to the end in the order in which it was added,
 * so many edits in one pass and in many give the same bytes.
 */
export class Tape {
  readonly memory: Memory;
  /** Counts the edits of the parent too. */
  readonly parent: Tape | undefined;
  slots: Int32Array<ArrayBuffer>;
  /** End of the slots in use. */
  count = 0;
  /** Attributes of the original message in slots below are taken apart. What is new always is. */
  expanded = 0;
  /** Where attribute slots begin. */
  readonly head: number;
  attributeTag: number;
  /** Range of the message's bytes. */
  start = 0;
  end = 0;
  /** Counts the messages that were begun. */
  message = 0;
  /** Edits made since `begin`; the message is written again when it is not 0. */
  edits = 0;
  /** Whether there were edits of parts, and of what the original message has. */
  hasPartEdits = false;
  hasReplaced = false;
  /** Where slots of what is new begin. */
  addedFrom = 0;
  readonly parts: TapePart[] = [];
  #index: KeyIndex | undefined;
  /** Upper bound of the slots with the flag `single`. */
  #fields = 0;
  #undo = new Int32Array(undoSize * 8);
  #undoTop = 0;

  constructor(memory: Memory, attributeTag: number, fieldTags: readonly number[] = [], parent?: Tape) {
    this.memory = memory;
    this.attributeTag = attributeTag;
    this.parent = parent;
    this.head = fieldTags.length * slotSize;
    this.slots = new Int32Array(Math.max(this.head * 2, slotSize * 32));
    for (let i = 0; i < fieldTags.length; i++) {
      this.slots[i * slotSize + slotKey] = fieldTags[i];
      this.slots[i * slotSize + slotKeyLength] = -1;
    }
  }

  /** Starts with the message in `[start, end)`; `field` and `attribute` follow in the order of the bytes. */
  begin(start: number, end: number): void {
    this.start = start;
    this.end = end;
    this.message++;
    this.edits = 0;
    this.hasPartEdits = false;
    this.hasReplaced = false;
    this.addedFrom = maxAddress;
    this.#undoTop = 0;
    this.#fields = 0;
    this.#index?.reset();
    const { slots, head } = this;
    for (let o = 0; o < head; o += slotSize) {
      slots[o + slotValue] = 0;
      slots[o + slotFlags] = 0;
    }
    this.count = this.expanded = head;
  }

  /** Notes a single field: `start` is the address of its tag, `value` that of its content. */
  field(o: number, start: number, value: number, end: number): void {
    const { slots } = this;
    slots[o + slotStart] = start;
    slots[o + slotEnd] = end;
    slots[o + slotValue] = value;
    slots[o + slotValueLength] = end - value;
  }

  /** Notes an attribute: `start` is the address of its tag, `value` that of the KeyValue. */
  attribute(start: number, value: number, end: number): void {
    const o = this.count;
    noteAttribute(o + slotSize > this.slots.length ? this.grow() : this.slots, o, start, value, end);
    this.count = o + slotSize;
  }

  /** Makes room for more slots. */
  grow(): Int32Array<ArrayBuffer> {
    this.slots = larger(this.slots);
    return this.slots;
  }

  /** Takes the noted attributes apart. */
  expand(): void {
    const { slots, memory } = this;
    const count = Math.min(this.count, this.addedFrom);
    if (this.expanded >= count) return;
    const b = memory.buffer(this.start) as Uint8Array;
    const base = memory.base(this.start);
    for (let o = this.expanded; o < count; o += 8) {
      // What every encoder writes: a key of less than 128 bytes, then a value of which the first field is its only one.
      let p = slots[o + 2] - base;
      const end = slots[o + 1] - base;
      const keyLength = b[p + 1];
      const keyAt = p + 2;
      p = keyAt + keyLength;
      if (p + 2 < end && b[keyAt - 2] === 0x0a && keyLength < 0x80 && b[p] === 0x12) {
        let length = b[++p];
        if (length > 0x7f) {
          length = readVarint(b, p);
          p += varintSize(length);
        } else p++;
        const tag = b[p++];
        if (p - 1 + length === end && length > 0 && tag > 0x07 && tag < 0x40) {
          length--;
          if ((tag & 7) === 2) {
            length = b[p++];
            if (length > 0x7f) {
              length = readVarint(b, p - 1);
              p += varintSize(length) - 1;
            }
          }
          slots[o + 2] = keyAt + base;
          slots[o + 3] = keyLength;
          slots[o + 4] = tag >> 3;
          slots[o + 5] = p + base;
          slots[o + 6] = length;
          continue;
        }
      }
      this.#expandAny(o, b, base);
    }
    this.expanded = count;
  }

  /** Takes an attribute apart whose fields stand in any order, with others between them. */
  #expandAny(o: number, b: Uint8Array, base: number): void {
    const { slots } = this;
    let p = slots[o + slotKey] - base;
    const end = slots[o + slotEnd] - base;
    slots[o + slotKeyLength] = slots[o + slotType] = slots[o + slotValueLength] = 0;
    slots[o + slotValue] = p + base;
    while (p < end) {
      const next = skipField(b, p);
      const content = p + 1 + varintSize(readVarint(b, p + 1));
      if (b[p] === 0x0a) {
        slots[o + slotKey] = content + base;
        slots[o + slotKeyLength] = next - content;
      } else if (b[p] === 0x12) this.#expandValue(o, b, content, next, base);
      else slots[o + slotFlags] |= extended;
      p = next;
    }
  }

  #expandValue(o: number, b: Uint8Array, start: number, end: number, base: number): void {
    const { slots } = this;
    for (let p = start; p < end; p = skipField(b, p)) {
      const tag = b[p];
      if (tag < 0x08 || tag > 0x3f) continue;
      const content = (tag & 7) === 2 ? p + 1 + varintSize(readVarint(b, p + 1)) : p + 1;
      slots[o + slotType] = tag >> 3;
      slots[o + slotValue] = content + base;
      slots[o + slotValueLength] = skipField(b, p) - content;
      return;
    }
  }

  /** The slot of an attribute, -1 when there is none. */
  find(key: Key): number {
    if (this.count > indexedFrom && (this.#index ??= new KeyIndex(this)).isWorthwhile()) {
      this.expand();
      return this.#index.find(key);
    }
    let from = this.head;
    const noted = Math.min(this.count, this.addedFrom);
    if (this.expanded < noted) {
      if (this.#mayHave(key, noted)) this.expand();
      else from = noted;
    }
    const { slots, count, memory } = this;
    const wanted = key.bytes;
    const length = wanted.length;
    const last = wanted[length - 1];
    for (let o = from; o < count; o += 8) {
      if (slots[o + 3] !== length) continue;
      let p = slots[o + 2];
      let b: Uint8Array = memory.body;
      if (p >= memory.length) {
        b = memory.scratch.buffer;
        p -= memory.length;
      }
      if ((length > 0 && b[p + length - 1] !== last) || (slots[o + 7] & deleted) !== 0) continue;
      let i = 0;
      while (i < length && b[p + i] === wanted[i]) i++;
      if (i === length) return o;
    }
    return -1;
  }

  /** Whether an attribute in the slots below `end`, none of which is taken apart, has the key. True when its key is not where every encoder puts it. */
  #mayHave(key: Key, end: number): boolean {
    const { slots, memory } = this;
    const b = memory.buffer(this.start) as Uint8Array;
    const base = memory.base(this.start);
    const wanted = key.bytes;
    const length = wanted.length;
    const last = wanted[length - 1];
    if (length > 0x7f) return true;
    for (let o = this.head; o < end; o += 8) {
      const p = slots[o + 2] - base + 2;
      const keyLength = b[p - 1];
      if (b[p - 2] !== 0x0a || keyLength > 0x7f || p + keyLength > slots[o + 1] - base) return true;
      if (keyLength !== length || (length > 0 && b[p + length - 1] !== last)) continue;
      let i = 0;
      while (i < length && b[p + i] === wanted[i]) i++;
      if (i === length) return true;
    }
    return false;
  }

  /** Whether a live attribute's key begins with one of the prefixes. Attributes that are not taken apart stay so. */
  hasPrefix(prefixes: KeyPrefixes): boolean {
    const { slots, count, memory } = this;
    const noted = Math.min(count, this.addedFrom);
    const b = memory.buffer(this.start) as Uint8Array;
    const base = memory.base(this.start);
    for (let o = this.expanded; o < noted; o += 8) {
      const p = slots[o + 2] - base + 2;
      const keyLength = b[p - 1];
      if (b[p - 2] !== 0x0a || keyLength > 0x7f || p + keyLength > slots[o + 1] - base) {
        this.expand();
        break;
      }
      if (prefixes.begins(b, p, p + keyLength)) return true;
    }
    for (let o = this.head; o < count; o += 8) {
      if (o >= this.expanded && o < noted) o = noted;
      if (o >= count) break;
      if ((slots[o + slotFlags] & (deleted | marker)) !== 0) continue;
      const address = slots[o + slotKey];
      const p = address - memory.base(address);
      if (prefixes.begins(memory.buffer(address), p, p + slots[o + slotKeyLength])) return true;
    }
    return false;
  }

  /** Whether the slot's value is a string of exactly these bytes. */
  valueEquals(o: number, wanted: Uint8Array): boolean {
    const { slots, memory } = this;
    const length = wanted.length;
    let p = slots[o + slotValue];
    if (p === 0) return length === 0;
    if (slots[o + slotValueLength] !== length) return false;
    let b: Uint8Array = memory.body;
    if (p >= memory.length) {
      b = memory.scratch.buffer;
      p -= memory.length;
    }
    for (let i = 0; i < length; i++) if (b[p + i] !== wanted[i]) return false;
    return true;
  }

  /** Whether the slot's value is one of the texts; an absent field is the empty text. */
  valueIn(o: number, texts: KeySet): boolean {
    const { slots, memory } = this;
    const address = slots[o + slotValue];
    const p = address - memory.base(address);
    return texts.has(memory.buffer(address), p, address === 0 ? p : p + slots[o + slotValueLength]);
  }

  /** The slot's value as text. */
  text(o: number): string {
    const address = this.slots[o + slotValue];
    return address === 0 ? '' : this.memory.text(address, this.slots[o + slotValueLength]);
  }

  /** Makes the slot ready for a new value: remembers the old one, and gives a field that the message lacks its place. */
  change(o: number): void {
    this.#remember(o);
    const { slots } = this;
    if (o < this.head && slots[o + slotValue] === 0) {
      const place = this.#append();
      this.slots[place + slotKeyLength] = -1;
      this.slots[place + slotValue] = o;
      this.slots[place + slotFlags] = added | marker;
      this.slots[o + slotFlags] = added;
      this.slots[o + slotValueLength] = 0;
    }
    this.slots[o + slotFlags] |= edited;
  }

  /** Points a changed slot at the value that was just written to scratch from `position` on. */
  setWritten(o: number, type: number, position: number): void {
    const { slots, memory } = this;
    slots[o + slotType] = type;
    slots[o + slotValue] = memory.length + position;
    slots[o + slotValueLength] = memory.scratch.position - position;
  }

  setText(o: number, value: string | Key): void {
    this.change(o);
    this.writeText(o, value);
  }

  /** Sets the value of a slot that is ready for it. */
  writeText(o: number, value: string | Key): void {
    const { scratch } = this.memory;
    const { position } = scratch;
    scratch.text(value);
    this.setWritten(o, stringType, position);
  }

  /** A slot for a new attribute, without a value. */
  insert(key: Key): number {
    const o = this.#append();
    const { slots, memory } = this;
    slots[o + slotKey] = memory.length + memory.scratch.position;
    slots[o + slotKeyLength] = key.bytes.length;
    slots[o + slotType] = 0;
    slots[o + slotFlags] = added;
    memory.scratch.text(key);
    return o;
  }

  /** Whether a field without a slot in front was set since `begin`. */
  get hasFields(): boolean {
    return this.#fields > 0;
  }

  /** The slot of a field that was set by `setField`, -1 when it was not. */
  #fieldSlot(tag: number): number {
    const { slots, count } = this;
    if (this.#fields === 0) return -1;
    for (let o = this.addedFrom; o < count; o += slotSize)
      if ((slots[o + slotFlags] & single) !== 0 && slots[o + slotKey] === tag) return o;
    return -1;
  }

  /** Address of the value (with its length, when it has one) of a field that has no slot in front; 0 when it is absent. */
  address(tag: number): number {
    const o = this.#fieldSlot(tag);
    if (o < 0) return fieldAddress(this.memory, this.start, this.end, tag);
    return (this.slots[o + slotFlags] & deleted) === 0 ? this.slots[o + slotValue] : 0;
  }

  /** Sets a field that has no slot in front to the value that was written to scratch from `position` on; removes it when nothing was. */
  setField(tag: number, position: number): void {
    const { memory } = this;
    const length = memory.scratch.position - position;
    let o = this.#fieldSlot(tag);
    if (o < 0) {
      const address = fieldAddress(memory, this.start, this.end, tag);
      if (address === 0 && length === 0) return;
      o = this.#append();
      this.#fields++;
      this.hasReplaced = true;
      const { slots } = this;
      slots[o + slotStart] = address === 0 ? 0 : address - varintSize(tag);
      slots[o + slotEnd] =
        address === 0 ? 0 : skipField(memory.buffer(address), slots[o + slotStart] - memory.base(address)) + memory.base(address);
      slots[o + slotKey] = tag;
      slots[o + slotKeyLength] = -1;
      slots[o + slotType] = 0;
    } else this.#remember(o);
    const { slots } = this;
    slots[o + slotFlags] = marker | single | (length === 0 ? deleted : 0);
    slots[o + slotValue] = memory.length + position;
    slots[o + slotValueLength] = length;
  }

  /** Removes an attribute. */
  remove(o: number): void {
    this.#remember(o);
    this.slots[o + slotFlags] |= deleted;
  }

  #append(): number {
    const o = this.count;
    if (o + slotSize > this.slots.length) this.grow();
    this.#touch(~o);
    if (o < this.addedFrom) this.addedFrom = o;
    this.count = o + slotSize;
    return o;
  }

  #remember(o: number): void {
    this.hasReplaced = true;
    const top = this.#touch(o);
    const { slots } = this;
    const undo = this.#undo;
    undo[top + 1] = slots[o + slotKey];
    undo[top + 2] = slots[o + slotType];
    undo[top + 3] = slots[o + slotValue];
    undo[top + 4] = slots[o + slotValueLength];
    undo[top + 5] = slots[o + slotFlags];
  }

  #touch(o: number): number {
    const top = this.#undoTop;
    if (top === this.#undo.length) this.#undo = larger(this.#undo);
    this.#undo[top] = o;
    this.#undoTop = top + undoSize;
    this.edits++;
    const { parent } = this;
    if (parent !== undefined) {
      parent.edits++;
      parent.hasPartEdits = true;
    }
    return top;
  }

  /** Makes the edits so far final: a later `rollback` keeps them. */
  commit(): void {
    this.#undoTop = 0;
  }

  /** Takes back the edits since the last `commit`; `edits` is the count from then. */
  rollback(edits: number): void {
    const { slots } = this;
    const undo = this.#undo;
    for (let top = this.#undoTop - undoSize; top >= 0; top -= undoSize) {
      const o = undo[top];
      if (o < 0) {
        this.count = ~o;
        if (this.count <= this.addedFrom) this.addedFrom = maxAddress;
      } else {
        slots[o + slotKey] = undo[top + 1];
        slots[o + slotType] = undo[top + 2];
        slots[o + slotValue] = undo[top + 3];
        slots[o + slotValueLength] = undo[top + 4];
        slots[o + slotFlags] = undo[top + 5];
      }
    }
    this.#undoTop = 0;
    this.edits = edits;
    this.#index?.cut(this.count);
  }

  /** Becomes a copy of another tape of the same kind of message. */
  copyFrom(other: Tape): void {
    other.expand();
    while (this.slots.length < other.count) this.grow();
    const { slots } = this;
    const from = other.slots;
    for (let i = 0; i < other.count; i++) slots[i] = from[i];
    this.count = other.count;
    this.expanded = other.expanded;
    this.start = other.start;
    this.end = other.end;
    this.message++;
    this.edits = other.edits;
    this.attributeTag = other.attributeTag;
    this.hasReplaced = other.hasReplaced;
    this.addedFrom = other.addedFrom;
    this.#fields = other.#fields;
    this.#undoTop = 0;
    this.#index?.reset();
  }
}
