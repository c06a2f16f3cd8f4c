import type { ProtoReader } from '@millrace/trace-format';
import { ByteWriter } from '@millrace/wire';
import { replaced } from './replaced.ts';
import type { Tags } from './span-status.ts';

/** Up to so many names are compared one by one. */
const fewNames = 16;
/** Where these are in the numbers of an entry. */
const keyAt = 1;
const keyEnd = 2;
const typeAt = 3;
const contentAt = 4;
const endAt = 5;
const entrySize = 6;

/** The tags of the members of an `AnyValue`. */
const any = { string: 0x0a, bool: 0x10, int: 0x18, double: 0x21, bytes: 0x3a } as const;
/** api_v2 ValueType. */
const valueType = { string: 0, bool: 1, int64: 2, float64: 3, binary: 4 } as const;

/**
 * Attributes as the bytes of OTLP's KeyValue, read from those of api_v2 without an object each. Every name is there once, at its first place and
 * with its last value.
 */
export class AttributeTable implements Tags {
  readonly #tag: number;
  #writer = new ByteWriter();
  /** By entry: start, key, end of the key, value, its content behind tag and length, end. A removed one ends where it starts. */
  readonly #entries: number[] = [];
  /** How many of these numbers are in use. */
  #used = 0;
  /** The entries by name, once there are many. */
  #names: Map<string, number> | undefined;
  /** Whether the entries are not all that was written. */
  #scattered = false;

  /** `tag` is that of the field which holds the attributes. */
  constructor(tag: number) {
    this.#tag = tag;
  }

  clear(): void {
    if (this.#names !== undefined) this.#names = undefined;
    this.#used = 0;
    this.#writer.position = 0;
    this.#scattered = false;
  }

  /** Reads the api_v2 KeyValue that is the value; `view` is one of the reader's bytes. */
  read(reader: ProtoReader, view: DataView): void {
    const { bytes } = reader;
    let nameAt = 0;
    let nameEnd = 0;
    let type = 0;
    let textAt = 0;
    let textEnd = 0;
    let flag = false;
    let integer = 0;
    let large: bigint | undefined;
    let number = 0;
    let binaryAt = 0;
    let binaryEnd = 0;
    const outer = reader.enter();
    while (reader.next()) {
      const { field } = reader;
      if (field === 1 || field === 3 || field === 7) {
        const inner = reader.enter();
        const { position, end } = reader;
        reader.leave(inner);
        if (field === 1) {
          nameAt = position;
          nameEnd = end;
        } else if (field === 3) {
          textAt = position;
          textEnd = end;
        } else {
          binaryAt = position;
          binaryEnd = end;
        }
      } else if (field === 2) type = reader.int32();
      else if (field === 4) flag = reader.bool();
      else if (field === 5) {
        const at = reader.position;
        integer = readSmall(reader);
        large = undefined;
        if (integer < 0) {
          reader.position = at;
          large = reader.uint64();
        }
      } else if (field === 6) number = reader.double();
      else reader.skip();
    }
    reader.leave(outer);
    const replacedName = replaced(bytes, nameAt, nameEnd);
    const nameLength = replacedName === undefined ? nameEnd - nameAt : replacedName.length;
    let content: Buffer | undefined;
    let length = 1;
    switch (type) {
      case valueType.string:
        content = replaced(bytes, textAt, textEnd);
        length = content === undefined ? textEnd - textAt : content.length;
        break;
      case valueType.bool:
        break;
      case valueType.int64:
        length = large === undefined ? varintSize(integer) : varint64Size(large);
        break;
      case valueType.float64:
        length = 8;
        break;
      case valueType.binary:
        length = binaryEnd - binaryAt;
        break;
      default:
        content = Buffer.from(`<Unknown Jaeger TagType "${type}">`);
        length = content.length;
    }
    const isDelimited = type !== valueType.bool && type !== valueType.int64 && type !== valueType.float64;
    const anySize = 1 + (isDelimited ? varintSize(length) : 0) + length;
    const w = this.#writer;
    const start = w.position;
    w.byte(this.#tag);
    w.varint(2 + varintSize(nameLength) + nameLength + varintSize(anySize) + anySize);
    w.byte(0x0a);
    w.varint(nameLength);
    const key = w.position;
    if (replacedName === undefined) w.copy(bytes, view, nameAt, nameEnd);
    else w.bytes(replacedName);
    const endOfKey = w.position;
    w.byte(0x12);
    w.varint(anySize);
    const typePosition = w.position;
    switch (type) {
      case valueType.bool:
        w.byte(any.bool);
        w.byte(flag ? 1 : 0);
        break;
      case valueType.int64:
        w.byte(any.int);
        if (large === undefined) w.varint(integer);
        else w.varint64(large);
        break;
      case valueType.float64:
        w.byte(any.double);
        w.double(number);
        break;
      case valueType.binary:
        w.byte(any.bytes);
        w.varint(length);
        w.copy(bytes, view, binaryAt, binaryEnd);
        break;
      default:
        w.byte(any.string);
        w.varint(length);
        if (content === undefined) w.copy(bytes, view, textAt, textEnd);
        else w.bytes(content);
    }
    this.#add(start, key, endOfKey, typePosition, w.position - length);
  }

  #add(start: number, key: number, endOfKey: number, type: number, content: number): void {
    const entries = this.#entries;
    const w = this.#writer;
    const found = this.#same(key, endOfKey);
    if (found === undefined) {
      const used = this.#used;
      this.#used = used + entrySize;
      entries[used] = start;
      entries[used + keyAt] = key;
      entries[used + keyEnd] = endOfKey;
      entries[used + typeAt] = type;
      entries[used + contentAt] = content;
      entries[used + endAt] = w.position;
      return;
    }
    let by = 0;
    const old = entries[found]!;
    const oldEnd = entries[found + endAt]!;
    if (oldEnd === start || oldEnd - old === w.position - start) {
      w.buffer.copyWithin(old, start, w.position);
      by = start - old;
    } else this.#scattered = true;
    entries[found] = start - by;
    entries[found + keyAt] = key - by;
    entries[found + keyEnd] = endOfKey - by;
    entries[found + typeAt] = type - by;
    entries[found + contentAt] = content - by;
    entries[found + endAt] = w.position - by;
    if (by > 0) w.position = oldEnd === start ? w.position - by : start;
  }

  /** The entry with the name that was just written; without one, it will be the next. */
  #same(key: number, endOfKey: number): number | undefined {
    const entries = this.#entries;
    const { buffer } = this.#writer;
    if (this.#used < fewNames * entrySize) {
      const length = endOfKey - key;
      for (let i = 0; i < this.#used; i += entrySize) {
        const other = entries[i + keyAt]!;
        if (entries[i + keyEnd]! - other !== length) continue;
        let j = 0;
        while (j < length && buffer[other + j] === buffer[key + j]) j++;
        if (j === length) return i;
      }
      return undefined;
    }
    if (this.#names === undefined) {
      this.#names = new Map();
      for (let i = 0; i < this.#used; i += entrySize) this.#names.set(buffer.latin1Slice(entries[i + keyAt], entries[i + keyEnd]), i);
    }
    const name = buffer.latin1Slice(key, endOfKey);
    const found = this.#names.get(name);
    if (found === undefined) this.#names.set(name, this.#used);
    return found;
  }

  /** The entry of an ASCII name, or -1. */
  #find(name: string): number {
    if (this.#names !== undefined) {
      const found = this.#names.get(name);
      return found === undefined || this.#entries[found] === this.#entries[found + endAt] ? -1 : found;
    }
    const entries = this.#entries;
    const { buffer } = this.#writer;
    const { length } = name;
    for (let i = 0; i < this.#used; i += entrySize) {
      const at = entries[i + keyAt]!;
      if (entries[i + keyEnd]! - at !== length || entries[i] === entries[i + endAt]) continue;
      let j = 0;
      while (j < length && buffer[at + j] === name.charCodeAt(j)) j++;
      if (j === length) return i;
    }
    return -1;
  }

  isTrue(name: string): boolean {
    const i = this.#find(name);
    if (i < 0) return false;
    const { buffer } = this.#writer;
    return buffer[this.#entries[i + typeAt]!] === any.bool && buffer[this.#entries[i + contentAt]!] === 1;
  }

  text(name: string): string | undefined {
    const i = this.#find(name);
    if (i < 0) return undefined;
    const { buffer } = this.#writer;
    if (buffer[this.#entries[i + typeAt]!] !== any.string) return '';
    return buffer.utf8Slice(this.#entries[i + contentAt], this.#entries[i + endAt]);
  }

  integer(name: string): number | undefined {
    const i = this.#find(name);
    if (i < 0) return undefined;
    const { buffer } = this.#writer;
    if (buffer[this.#entries[i + typeAt]!] !== any.int) return undefined;
    const end = this.#entries[i + endAt]!;
    let value = 0n;
    for (let p = end - 1; p >= this.#entries[i + contentAt]!; p--) value = (value << 7n) | BigInt(buffer[p]! & 0x7f);
    return Number(BigInt.asIntN(64, value));
  }

  remove(name: string): void {
    const i = this.#find(name);
    if (i < 0) return;
    this.#scattered = true;
    this.#entries[i + endAt] = this.#entries[i]!;
  }

  /** Appends the attributes as fields. */
  write(to: ByteWriter): void {
    const { buffer, view, position } = this.#writer;
    if (!this.#scattered) to.copy(buffer, view, 0, position);
    else {
      const entries = this.#entries;
      for (let i = 0; i < this.#used; i += entrySize) to.copy(buffer, view, entries[i]!, entries[i + endAt]!);
    }
  }

  /** Appends the bytes of a text as a field and removes it; says whether there was one that is not empty. */
  takeTo(to: ByteWriter, tag: number, name: string): void {
    const i = this.#find(name);
    if (i < 0) return;
    const { buffer, view } = this.#writer;
    const at = this.#entries[i + contentAt]!;
    const end = this.#entries[i + endAt]!;
    if (buffer[this.#entries[i + typeAt]!] === any.string && end > at) {
      to.byte(tag);
      to.varint(end - at);
      to.copy(buffer, view, at, end);
    }
    this.remove(name);
  }
}

/** An integer from 0 to 2^32 - 1, or -1 when the varint may be another. */
export function readSmall(reader: ProtoReader): number {
  const at = reader.position;
  const low = reader.int32();
  const width = reader.position - at;
  return width < 5 || (width === 5 && reader.bytes[at + 4]! <= 0x0f) ? low >>> 0 : -1;
}

function varintSize(value: number): number {
  return value < 128 ? 1 : value < 16_384 ? 2 : value < 2_097_152 ? 3 : value < 268_435_456 ? 4 : 5;
}

function varint64Size(value: bigint): number {
  let size = 1;
  for (let rest = value >> 7n; rest > 0n; rest >>= 7n) size++;
  return size;
}
