import { messages } from '../schema.ts';
import type { Field, FieldType } from '../schema.ts';

/** A field as the JSON reader wants it. */
export interface JsonField {
  readonly name: string;
  readonly type: FieldType;
  /** Number and wire type; packed lists have wire type 2. */
  readonly tag: number;
  readonly repeated: boolean;
  /** A list of numbers, written as one length-delimited field. */
  readonly packed: boolean;
  /** Absent and default mean the same, so a default value need not be written. */
  readonly implicit: boolean;
  /** A bit that no other field of the message has. */
  readonly bit: number;
  /** Bytes of an `id`: 16 for trace ids, 8 for span ids. */
  readonly idBytes: number;
  readonly enumNumbers: ReadonlyMap<string, number> | undefined;
  /** The message of a `message` field. */
  readonly message: JsonMessage | undefined;
  /** Bytes that the length of the last message or list needed: the guess for the next one. */
  lengthWidth: number;
  /** `"name":` as most writers put it. */
  readonly member: Uint8Array;
  /** The field that last followed this one. */
  follower: JsonField | undefined;
}

interface NamedField {
  readonly name: Uint8Array;
  readonly field: JsonField;
  readonly next: NamedField | undefined;
}

const buckets = 64;

function bucketOf(text: Uint8Array, start: number, end: number): number {
  const length = end - start;
  return (text[start] * 7 + text[end - 1] * 31 + text[start + (length >> 1)] * 3 + length * 11) & (buckets - 1);
}

const wireTypes: Partial<Record<FieldType, number>> = {
  double: 1,
  fixed64: 1,
  sfixed64: 1,
  fixed32: 5,
  string: 2,
  bytes: 2,
  id: 2,
  message: 2,
};

/** One message's fields by their JSON names, lowerCamelCase and snake_case, compared as bytes. */
export class JsonMessage {
  /** Whether it is `AnyValue`, the only message that can nest without end. */
  readonly isValue: boolean;
  /** The field that last came first. */
  first: JsonField | undefined;
  readonly #table: (NamedField | undefined)[] = Array.from({ length: buckets }, () => undefined);

  constructor(isValue: boolean) {
    this.isValue = isValue;
  }

  /** Makes a field known under a name. */
  add(text: string, field: JsonField): void {
    const name = Buffer.from(text);
    const bucket = bucketOf(name, 0, name.length);
    this.#table[bucket] = { name, field, next: this.#table[bucket] };
  }

  /** The field whose name is the bytes `[start, end)`. */
  find(text: Uint8Array, start: number, end: number): JsonField | undefined {
    const length = end - start;
    if (length === 0) return undefined;
    for (let named = this.#table[bucketOf(text, start, end)]; named !== undefined; named = named.next) {
      const { name } = named;
      if (name.length !== length) continue;
      let i = 0;
      while (i < length && name[i] === text[start + i]) i++;
      if (i === length) return named.field;
    }
    return undefined;
  }
}

const compiled = new Map<string, JsonMessage>();

/** The fields of a message of `messages` (schema.ts). */
export function jsonMessage(name: string): JsonMessage {
  const known = compiled.get(name);
  if (known !== undefined) return known;
  const schema = messages.get(name);
  if (schema === undefined) throw new Error(`unknown message ${name}`);
  const message = new JsonMessage(name === 'AnyValue');
  compiled.set(name, message);
  schema.fields.forEach((field, index) => {
    const jsonField = compile(field, index);
    for (const text of new Set([field.name, field.jsonName])) message.add(text, jsonField);
  });
  return message;
}

function compile(field: Field, index: number): JsonField {
  const packed = field.repeated && wireTypes[field.type] !== 2;
  return {
    name: field.jsonName,
    type: field.type,
    tag: (field.number << 3) | (packed ? 2 : (wireTypes[field.type] ?? 0)),
    repeated: field.repeated,
    packed,
    implicit: !field.repeated && !field.optional && field.oneof === undefined,
    bit: 1 << index,
    idBytes: field.name === 'trace_id' ? 16 : 8,
    enumNumbers: field.values && new Map(field.values.map((value, number) => [value, number])),
    message: field.message === undefined ? undefined : jsonMessage(field.message),
    lengthWidth: 1,
    member: Buffer.from(`"${field.jsonName}":`),
    follower: undefined,
  };
}
