import { admit } from '../admit.ts';
import type { Batch } from '../batch.ts';
import type { BufferPool } from '../buffer-pool.ts';
import { noClient } from '../client.ts';
import type { Client } from '../client.ts';
import { ProtobufWriter } from '../json/protobuf-writer.ts';
import { messages, requestMessage } from '../schema.ts';
import type { Field, FieldType } from '../schema.ts';
import type { Signal } from '../signal.ts';
import type { PlainField, PlainMessage } from './plain-message.ts';

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

const signedTypes: readonly FieldType[] = ['int64', 'sfixed64', 'sint32', 'enum'];

class Writer extends ProtobufWriter {
  message(name: string, plain: PlainMessage, path: string): void {
    const { fields } = messages.get(name)!;
    for (const known of Object.keys(plain))
      if (!fields.some((field) => field.jsonName === known)) throw new TypeError(`unknown field ${path}${known}`);
    for (const field of fields) {
      const value = plain[field.jsonName];
      const here = path + field.jsonName;
      if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
      if (field.repeated !== Array.isArray(value)) throw new TypeError(`${here} ${field.repeated ? 'must' : 'must not'} be a list`);
      const wireType = wireTypes[field.type] ?? 0;
      this.reserve(0);
      if (field.repeated && wireType !== 2)
        this.#nested((field.number << 3) | 2, () => (value as PlainField[]).forEach((each) => this.#value(field, each, here)));
      else
        for (const each of (field.repeated ? value : [value]) as PlainField[]) {
          this.reserve(0);
          const tag = (field.number << 3) | wireType;
          if (wireType !== 2) this.tag(tag);
          if (wireType === 2) this.#nested(tag, () => this.#value(field, each, here));
          else this.#value(field, each, here);
        }
    }
  }

  #nested(tag: number, content: () => void): void {
    this.tag(tag);
    const bodyAt = (this.at += 1);
    content();
    this.closeLength(bodyAt, 1);
  }

  #value(field: Field, value: PlainField, path: string): void {
    this.reserve(0);
    switch (field.type) {
      case 'message':
        if (typeof value !== 'object' || value instanceof Uint8Array) throw new TypeError(`${path} must be an object`);
        this.message(field.message!, value as PlainMessage, `${path}.`);
        return;
      case 'string':
        if (typeof value !== 'string') throw new TypeError(`${path} must be a string`);
        this.#bytes(Buffer.from(value));
        return;
      case 'id':
        if (typeof value !== 'string' || !/^(?:[0-9a-f]{2})*$/i.test(value)) throw new TypeError(`${path} must be hexadecimal`);
        this.#bytes(Buffer.from(value, 'hex'));
        return;
      case 'bytes':
        if (!(value instanceof Uint8Array)) throw new TypeError(`${path} must be bytes`);
        this.#bytes(value);
        return;
      case 'double':
        if (typeof value !== 'number') throw new TypeError(`${path} must be a number`);
        this.double(value);
        return;
      case 'bool':
        if (typeof value !== 'boolean') throw new TypeError(`${path} must be a boolean`);
        this.varint(value ? 1 : 0, 0);
        return;
      default:
        this.#integer(field.type, value, path);
    }
  }

  #bytes(content: Uint8Array): void {
    this.reserve(content.length);
    this.out.set(content, this.at);
    this.at += content.length;
  }

  #integer(type: FieldType, value: PlainField, path: string): void {
    if (typeof value !== 'bigint' && !Number.isInteger(value)) throw new TypeError(`${path} must be an integer`);
    const exact = BigInt(value as bigint | number);
    const bits = type.endsWith('64') ? 64 : 32;
    if ((signedTypes.includes(type) ? BigInt.asIntN(bits, exact) : BigInt.asUintN(bits, exact)) !== exact)
      throw new RangeError(`${path} is out of range of ${type}`);
    const wire = BigInt.asUintN(64, type === 'sint32' ? (exact << 1n) ^ (exact >> 31n) : exact);
    const low = Number(wire & 0xffffffffn);
    const high = Number(wire >> 32n);
    if (type === 'fixed64' || type === 'sfixed64') this.fixed64(low, high);
    else if (type === 'fixed32') this.fixed32(low);
    else this.varint(low, high);
  }
}

/**
 * Makes a batch of the object form (see `toPlain`); absent fields and empty lists are not written, 64-bit integers may be given as whole numbers.
 * Throws a `TypeError` or `RangeError` that names the field on values of the wrong kind and unknown fields, and `admit`'s `WireError`. For tests and
 * foreign formats: never on the data path.
 */
export function fromPlain(signal: Exclude<Signal, 'profiles'>, plain: PlainMessage, pool: BufferPool, client: Client = noClient): Batch {
  const writer = new Writer();
  writer.open(pool, 4096);
  try {
    writer.message(requestMessage[signal], plain, '');
    const { lease, length } = writer.finish();
    return admit(signal, lease, 0, length, client);
  } finally {
    writer.abandon();
  }
}
