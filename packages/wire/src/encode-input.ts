import { messages } from './schema.ts';
import type { Field, FieldType } from './schema.ts';
import type { Plain } from './views.ts';
import type { ByteWriter } from './walk/byte-writer.ts';
import { writeAny, writeEntries, writeInt } from './walk/plain-value.ts';

const wireTypes: Readonly<Record<FieldType, number>> = {
  double: 1,
  fixed64: 1,
  sfixed64: 1,
  fixed32: 5,
  int64: 0,
  uint64: 0,
  uint32: 0,
  sint32: 0,
  enum: 0,
  bool: 0,
  string: 2,
  bytes: 2,
  id: 2,
  message: 2,
};

/**
 * Writes the fields of a message from a plain object with the names of OTLP/JSON: attributes as an object, an `AnyValue` as the value
 * itself, ids as bytes or hex. What is absent or has the default value is left out. Throws on integers that do not fit, ids of another length
 * and two members of one oneof.
 */
export function encodeInput(writer: ByteWriter, message: string, input: object): void {
  let chosen = '';
  for (const field of messages.get(message)?.fields ?? []) {
    const value = (input as Readonly<Record<string, unknown>>)[field.jsonName];
    if (value === undefined) continue;
    if (field.oneof !== undefined) {
      if (chosen !== '') throw new TypeError(`a ${message} takes only one of ${chosen} and ${field.jsonName}`);
      chosen = field.jsonName;
    } else if (!field.optional && isDefault(value) && field.message === undefined) continue;
    writeField(writer, field, value);
  }
}

function isDefault(value: unknown): boolean {
  return value === 0n || value === '' || value === false || Object.is(value, 0);
}

function writeField(writer: ByteWriter, field: Field, value: unknown): void {
  const tag = (field.number << 3) | wireTypes[field.type];
  if (field.message === 'KeyValue') writeEntries(writer, tag, value as { readonly [key: string]: Plain });
  else if (field.message !== undefined) {
    for (const one of field.repeated ? (value as Iterable<object>) : [value as object]) {
      const at = writer.begin(tag);
      if (field.message === 'AnyValue') writeAny(writer, one as Plain);
      else encodeInput(writer, field.message, one);
      writer.end(at);
    }
  } else if (field.repeated) writePacked(writer, field, value as Iterable<unknown>);
  else if (wireTypes[field.type] === 2) {
    const bytes = field.type === 'id' ? idBytes(field, value as string | Uint8Array) : (value as string | Uint8Array);
    const at = writer.begin(tag);
    if (typeof bytes === 'string') writer.text(bytes);
    else writer.bytes(bytes);
    writer.end(at);
  } else {
    writer.varint(tag);
    writeNumber(writer, field.type, value);
  }
}

function writePacked(writer: ByteWriter, field: Field, values: Iterable<unknown>): void {
  const before = writer.position;
  const at = writer.begin((field.number << 3) | 2);
  for (const value of values) writeNumber(writer, field.type, value);
  if (writer.position === at) writer.position = before;
  else writer.end(at);
}

function writeNumber(writer: ByteWriter, type: FieldType, value: unknown): void {
  switch (type) {
    case 'double':
      writer.double(Number(value));
      break;
    case 'fixed64':
    case 'sfixed64':
      writer.fixed64(whole(value, type === 'fixed64' ? 0n : -(2n ** 63n), type === 'fixed64' ? 2n ** 64n : 2n ** 63n));
      break;
    case 'uint64':
      writer.varint64(whole(value, 0n, 2n ** 64n));
      break;
    case 'fixed32':
      writer.fixed32(Number(whole(value, 0n, 2n ** 32n)));
      break;
    case 'uint32':
      writer.varint(Number(whole(value, 0n, 2n ** 32n)));
      break;
    case 'sint32': {
      const number = Number(whole(value, -(2n ** 31n), 2n ** 31n));
      writer.varint(((number << 1) ^ (number >> 31)) >>> 0);
      break;
    }
    case 'bool':
      writer.byte(value === true ? 1 : 0);
      break;
    default:
      writeInt(writer, value as number | bigint);
  }
}

function whole(value: unknown, min: bigint, limit: bigint): bigint {
  const exact = BigInt(value as bigint | number);
  if (exact < min || exact >= limit) throw new RangeError(`${exact} is not in the range of its field`);
  return exact;
}

function idBytes(field: Field, id: string | Uint8Array): Uint8Array {
  const bytes = typeof id === 'string' ? Buffer.from(id, 'hex') : id;
  const expected = field.name === 'trace_id' ? 16 : 8;
  const isHex = typeof id !== 'string' || bytes.length * 2 === id.length;
  if (!isHex || (bytes.length !== expected && bytes.length !== 0)) throw new RangeError(`${field.jsonName} takes ${expected} bytes`);
  return bytes;
}
