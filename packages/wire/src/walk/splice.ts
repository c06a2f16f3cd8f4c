import { readVarint, varintSize, writeVarint } from '../varint.ts';
import type { Key } from '../key.ts';
import type { Attributes } from './attributes.ts';
import type { ByteWriter } from './byte-writer.ts';
import { larger } from './larger.ts';
import { skipField } from './scan.ts';
import {
  added,
  deleted,
  edited,
  extended,
  marker,
  single,
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
import type { Tape } from './tape.ts';
import { arrayType, doubleType, stringType } from './value-types.ts';

/** Integers of a patch: the range it replaces, the tag, address and length of what replaces it, the attribute slot (or -2 minus that of a single field; -1: neither). */
const patchSize = 6;

/** Ranges of a message that are written differently. */
export class Patches {
  entries = new Int32Array(patchSize * 8);
  end = 0;
  #isOrdered = true;

  clear(): void {
    this.end = 0;
    this.#isOrdered = true;
  }

  /** `[start, end)` is replaced by the field `tag` with the content at `address`, or by the attribute in a slot; tag 0 removes it. */
  add(start: number, end: number, tag: number, address: number, length: number, slot = -1): void {
    if (this.end === this.entries.length) this.entries = larger(this.entries);
    const { entries } = this;
    const at = this.end;
    if (at > 0 && entries[at - patchSize] > start) this.#isOrdered = false;
    entries[at] = start;
    entries[at + 1] = end;
    entries[at + 2] = tag;
    entries[at + 3] = address;
    entries[at + 4] = length;
    entries[at + 5] = slot;
    this.end += patchSize;
  }

  /** Puts them into the order of the message. */
  order(): void {
    if (this.#isOrdered) return;
    const { entries, end } = this;
    const places = Array.from({ length: end / patchSize }, (_, i) => i * patchSize);
    places.sort((a, b) => entries[a] - entries[b]);
    const ordered = new Int32Array(entries.length);
    for (const [i, place] of places.entries()) ordered.set(entries.subarray(place, place + patchSize), i * patchSize);
    this.entries = ordered;
    this.#isOrdered = true;
  }
}

/** One splice ends before the next begins. */
const patches = new Patches();

/** Writes a message with its edits, without a tag and a length of its own: unchanged ranges whole, then what is new in the order in which it was added. */
export function splice(tape: Tape, writer: ByteWriter): void {
  const { memory, start, slots, count } = tape;
  const base = memory.base(start);
  const source = memory.buffer(start);
  const view = memory.view(start);
  let p = start - base;
  if (tape.hasReplaced || tape.hasPartEdits) {
    collectPatches(tape);
    const { entries, end } = patches;
    for (let i = 0; i < end; i += patchSize) {
      writer.copy(source, view, p, entries[i] - base);
      p = entries[i + 1] - base;
      if (entries[i + 5] >= 0) writeAttribute(tape, writer, entries[i + 5]);
      else if (entries[i + 5] < -1) writeSingle(tape, writer, -2 - entries[i + 5]);
      else if (entries[i + 2] !== 0) writeField(tape, writer, entries[i + 2], entries[i + 3], entries[i + 4]);
    }
  }
  writer.copy(source, view, p, tape.end - base);
  for (let o = tape.addedFrom; o < count; o += slotSize) {
    const flags = slots[o + slotFlags];
    if ((flags & single) !== 0) {
      if ((flags & deleted) === 0 && slots[o + slotEnd] === 0) writeSingle(tape, writer, o);
    } else if ((flags & marker) !== 0) {
      const field = slots[o + slotValue];
      writeField(tape, writer, slots[field + slotKey], slots[field + slotValue], slots[field + slotValueLength]);
    } else if ((flags & deleted) === 0) writeAttribute(tape, writer, o);
  }
}

function collectPatches(tape: Tape): void {
  patches.clear();
  const { slots, head } = tape;
  const count = Math.min(tape.count, tape.addedFrom);
  for (let o = 0; o < count; o += slotSize) {
    const flags = slots[o + slotFlags];
    if ((flags & (edited | deleted)) === 0 || (flags & added) !== 0) continue;
    const start = slots[o + slotStart];
    const end = slots[o + slotEnd];
    if (o < head) patches.add(start, end, slots[o + slotKey], slots[o + slotValue], slots[o + slotValueLength]);
    else patches.add(start, end, 0, 0, 0, (flags & deleted) === 0 ? o : -1);
  }
  if (tape.hasFields) {
    for (let o = tape.addedFrom; o < tape.count; o += slotSize) {
      const flags = slots[o + slotFlags];
      if ((flags & single) === 0 || slots[o + slotEnd] === 0) continue;
      patches.add(slots[o + slotStart], slots[o + slotEnd], 0, 0, 0, (flags & deleted) === 0 ? -2 - o : -1);
    }
  }
  if (tape.hasPartEdits) for (const part of tape.parts) part.patches(patches);
  patches.order();
}

function writeSingle(tape: Tape, writer: ByteWriter, o: number): void {
  writer.varint(tape.slots[o + slotKey]);
  tape.memory.copy(writer, tape.slots[o + slotValue], tape.slots[o + slotValueLength]);
}

function writeField(tape: Tape, writer: ByteWriter, tag: number, address: number, length: number): void {
  writer.varint(tag);
  if ((tag & 7) === 2) writer.varint(length);
  tape.memory.copy(writer, address, length);
}

/** Writes one attribute as a field of its message. */
export function writeAttribute(tape: Tape, writer: ByteWriter, o: number, tag: number = tape.attributeTag): void {
  const { slots, memory } = tape;
  const keyLength = slots[o + slotKeyLength];
  const valueLength = slots[o + slotValueLength];
  const type = slots[o + slotType];
  const delimited = type === stringType || type >= arrayType;
  const anyLength = type === 0 ? 0 : 1 + (delimited ? varintSize(valueLength) : 0) + valueLength;
  const length = 2 + varintSize(keyLength) + keyLength + varintSize(anyLength) + anyLength;
  writer.room(length + 10);
  const b = writer.buffer;
  let p = writer.position;
  b[p++] = tag;
  const lengthAt = p;
  p = writeVarint(b, p, length);
  const width = p - lengthAt;
  b[p++] = 0x0a;
  writer.position = writeVarint(b, p, keyLength);
  memory.copy(writer, slots[o + slotKey], keyLength);
  p = writer.position;
  b[p++] = 0x12;
  p = writeVarint(b, p, anyLength);
  if (type !== 0) {
    b[p++] = (type << 3) | (delimited ? 2 : type === doubleType ? 1 : 0);
    if (delimited) p = writeVarint(b, p, valueLength);
    writer.position = p;
    memory.copy(writer, slots[o + slotValue], valueLength);
  } else writer.position = p;
  if ((slots[o + slotFlags] & extended) !== 0) {
    writeUnknown(tape, writer, o);
    writer.patchLength(lengthAt, width);
  }
}

/** Writes the attributes of one thing, those of `keys` as another thing has them, as fields of the first one's message. */
export function copyAttributes(writer: ByteWriter, from: Attributes, other: Attributes, keys: readonly Key[]): void {
  const { tape } = from;
  for (let o = from.first(); o >= 0; o = from.next(o)) {
    const isReplaced = keys.some((key) => other.find(key) >= 0 && from.find(key) === o);
    if (!isReplaced) writeAttribute(tape, writer, o);
  }
  for (const key of keys) {
    const o = other.find(key);
    if (o >= 0) writeAttribute(other.tape, writer, o, tape.attributeTag);
  }
}

/** Fields of the KeyValue that we do not know stay with it. */
function writeUnknown(tape: Tape, writer: ByteWriter, o: number): void {
  const base = tape.memory.base(tape.start);
  const b = tape.memory.buffer(tape.start);
  const view = tape.memory.view(tape.start);
  const end = tape.slots[o + slotEnd] - base;
  let p = tape.slots[o + slotStart] - base + 1;
  p += varintSize(readVarint(b, p));
  while (p < end) {
    const next = skipField(b, p);
    if (b[p] !== 0x0a && b[p] !== 0x12) writer.copy(b, view, p, next);
    p = next;
  }
}
