import type { PlainInput } from '../views.ts';
import type { ByteWriter } from './byte-writer.ts';
import { arrayType, boolType, bytesType, doubleType, intType, kvlistType, stringType } from './value-types.ts';

/** Arrays and kvlists may hold each other this deep; it keeps what we write readable by every strict reader. */
const maxDepth = 60;

/** Writes an integer as the varint of an `int_value`. Throws when it is not a 64-bit integer. */
export function writeInt(writer: ByteWriter, value: number | bigint): void {
  if (typeof value === 'number' && value >= 0 && value <= 0x7fff_ffff && Number.isInteger(value)) {
    writer.varint(value);
    return;
  }
  const exact = BigInt(value);
  if (BigInt.asIntN(64, exact) !== exact) throw new RangeError(`${value} is not a 64-bit integer`);
  writer.varint64(exact);
}

/** Writes the bytes of a value without its tag and length and returns its type. Throws on integers beyond 64 bits and on deeper nesting than 60. */
export function writePlain(writer: ByteWriter, value: PlainInput, depth = 0): number {
  switch (typeof value) {
    case 'string':
      writer.text(value);
      return stringType;
    case 'boolean':
      writer.byte(value ? 1 : 0);
      return boolType;
    case 'bigint':
      writeInt(writer, value);
      return intType;
    case 'number':
      writer.double(value);
      return doubleType;
    case 'undefined':
      return 0;
    default:
  }
  if (value instanceof Uint8Array) {
    writer.bytes(value);
    return bytesType;
  }
  if (depth === maxDepth) throw new RangeError(`a value is nested deeper than ${maxDepth}`);
  if (Array.isArray(value)) {
    for (const element of value as readonly PlainInput[]) {
      const at = writer.begin(0x0a);
      writeAny(writer, element, depth + 1);
      writer.end(at);
    }
    return arrayType;
  }
  if (value instanceof Map)
    for (const [name, entry] of value as ReadonlyMap<string, PlainInput>) writeEntry(writer, 0x0a, name, entry, depth + 1);
  else writeEntries(writer, 0x0a, value as { readonly [key: string]: PlainInput }, depth + 1);
  return kvlistType;
}

/** Writes the content of an `AnyValue`. */
export function writeAny(writer: ByteWriter, value: PlainInput, depth = 0): void {
  if (value === undefined) return;
  const at = writer.position;
  writer.byte(0);
  const type = writePlain(writer, value, depth);
  const delimited = type === stringType || type >= arrayType;
  writer.buffer[at] = (type << 3) | (delimited ? 2 : type === doubleType ? 1 : 0);
  if (!delimited) return;
  // The length goes between the tag and the content, which is already there.
  writer.room(1);
  writer.buffer.copyWithin(at + 2, at + 1, writer.position);
  writer.position++;
  writer.patchLength(at + 1, 1);
}

/** Writes one `KeyValue` field with the given tag for every entry of an object. */
export function writeEntries(writer: ByteWriter, tag: number, entries: { readonly [key: string]: PlainInput }, depth = 0): void {
  for (const name of Object.keys(entries)) writeEntry(writer, tag, name, entries[name], depth);
}

/** Writes one `KeyValue` field. */
export function writeEntry(writer: ByteWriter, tag: number, name: string, value: PlainInput, depth: number): void {
  const at = writer.begin(tag);
  const keyAt = writer.begin(0x0a);
  writer.text(name);
  writer.end(keyAt);
  const valueAt = writer.begin(0x12);
  writeAny(writer, value, depth);
  writer.end(valueAt);
  writer.end(at);
}
