import type { Batch } from '../batch.ts';
import type { BufferPool } from '../buffer-pool.ts';
import { messages, requestMessage } from '../schema.ts';
import type { FieldType } from '../schema.ts';
import { JsonWriter } from './json-writer.ts';
import type { Encoded } from './protobuf-writer.ts';

interface OutField {
  /** `,"name":` */
  readonly member: Uint8Array;
  readonly type: FieldType;
  readonly repeated: boolean;
  /** A list of numbers in one length-delimited field. */
  readonly packed: boolean;
  /** A bit that no other field of the message has. */
  readonly bit: number;
  /** Whether a default value is left out. */
  readonly implicit: boolean;
  readonly message: OutMessage | undefined;
}

/** The fields of a message by their numbers. */
type OutMessage = (OutField | undefined)[];

const nothing = Buffer.alloc(0);
const trueText = Buffer.from('true');
const falseText = Buffer.from('false');

const compiled = new Map<string, OutMessage>();

function outMessage(name: string): OutMessage {
  const known = compiled.get(name);
  if (known !== undefined) return known;
  const schema = messages.get(name);
  if (schema === undefined) throw new Error(`unknown message ${name}`);
  const fields: OutMessage = [];
  compiled.set(name, fields);
  schema.fields.forEach((field, index) => {
    fields[field.number] = {
      member: Buffer.from(`,"${field.jsonName}":`),
      type: field.type,
      repeated: field.repeated,
      packed: field.repeated && !['string', 'bytes', 'id', 'message'].includes(field.type),
      bit: 1 << index,
      implicit: !field.optional && field.oneof === undefined,
      message: field.message === undefined ? undefined : outMessage(field.message),
    };
  });
  return fields;
}

/** Protobuf in, JSON out, in one pass over well-formed bytes. */
class Encoder extends JsonWriter {
  #in: Buffer = nothing;
  #view = viewOf(nothing);
  /** The last varint. */
  #low = 0;
  #high = 0;

  run(message: OutMessage, bytes: Buffer, pool: BufferPool): Encoded {
    this.open(pool, bytes.length * 2);
    this.#in = bytes;
    this.#view = viewOf(bytes);
    this.#message(message, 0, bytes.length);
    this.#in = nothing;
    this.#view = viewOf(nothing);
    return { lease: this.close(), length: this.at };
  }

  /** Every member is written with a comma before it; the brace then takes the place of the first comma. */
  #message(message: OutMessage, start: number, end: number): void {
    const openAt = this.at;
    let seen = 0;
    for (let p = start; p < end;) {
      const tagAt = p;
      p = this.#varint(p);
      const tag = this.#low;
      const field = message[tag >>> 3];
      if (field === undefined || (seen & field.bit) !== 0) {
        p = this.#skip(tag, p);
        continue;
      }
      this.reserve(0);
      const memberAt = this.at;
      this.raw(field.member);
      if (field.repeated) {
        seen |= field.bit;
        p = this.#list(field, tag, tagAt, end);
        if (this.at === memberAt + field.member.length) this.at = memberAt;
      } else {
        const valueAt = p;
        p = this.#value(field, p);
        if (field.implicit && this.#wasDefault(field.type, valueAt, p)) this.at = memberAt;
      }
    }
    this.reserve(0);
    if (this.at === openAt) this.byte(0x7b);
    else this.out[openAt] = 0x7b;
    this.byte(0x7d);
  }

  /** Writes all elements of a list of which the first stands at `tagAt`; where the first unbroken run of them ends. */
  #list(field: OutField, tag: number, tagAt: number, end: number): number {
    const openAt = this.at;
    let runEnd = -1;
    for (let p = tagAt; p < end;) {
      const valueAt = this.#varint(p);
      if (this.#low !== tag) {
        if (runEnd < 0) runEnd = p;
        p = this.#skip(this.#low, valueAt);
      } else if (field.packed) p = this.#packed(field, valueAt);
      else {
        this.reserve(0);
        this.byte(0x2c);
        p = this.#value(field, valueAt);
      }
    }
    if (this.at > openAt) {
      this.out[openAt] = 0x5b;
      this.reserve(0);
      this.byte(0x5d);
    }
    return runEnd < 0 ? end : runEnd;
  }

  #packed(field: OutField, at: number): number {
    let p = this.#varint(at);
    const end = p + this.#low;
    while (p < end) {
      this.reserve(0);
      this.byte(0x2c);
      p = this.#value(field, p);
    }
    return end;
  }

  /** Writes one value; the offset after it. */
  #value(field: OutField, at: number): number {
    const { type } = field;
    switch (type) {
      case 'double':
        this.double(this.#view.getFloat64(at, true));
        return at + 8;
      case 'fixed64':
      case 'sfixed64':
        this.integer64(this.#view.getUint32(at, true), this.#view.getUint32(at + 4, true), type === 'sfixed64');
        return at + 8;
      case 'fixed32':
        this.integer(this.#view.getUint32(at, true));
        return at + 4;
    }
    const p = this.#varint(at);
    const low = this.#low;
    switch (type) {
      case 'int64':
      case 'uint64':
        this.integer64(low, this.#high, type === 'int64');
        return p;
      case 'uint32':
        this.integer(low);
        return p;
      case 'sint32':
        this.integer((low >>> 1) ^ -(low & 1));
        return p;
      case 'enum':
        this.integer(low | 0);
        return p;
      case 'bool':
        this.raw(low === 0 && this.#high === 0 ? falseText : trueText);
        return p;
      case 'string':
        this.string(this.#in, p, p + low);
        break;
      case 'id':
        this.hex(this.#in, p, p + low);
        break;
      case 'bytes':
        this.base64(this.#in, p, p + low);
        break;
      case 'message':
        this.#message(field.message as OutMessage, p, p + low);
    }
    return p + low;
  }

  /** Whether the value `[start, end)` of a field without presence says nothing. */
  #wasDefault(type: FieldType, start: number, end: number): boolean {
    if (type === 'message') return false;
    for (let p = start; p < end; p++) if (this.#in[p] !== 0) return false;
    return true;
  }

  /** Reads a varint into `low` and `high`; the offset after it. */
  #varint(at: number): number {
    const bytes = this.#in;
    let c = bytes[at++];
    if (c < 0x80) {
      this.#high = 0;
      this.#low = c;
      return at;
    }
    let low = c & 0x7f;
    let high = 0;
    for (let shift = 7; ; shift += 7) {
      c = bytes[at++];
      if (shift < 28) low |= (c & 0x7f) << shift;
      else if (shift === 28) {
        low |= (c & 0x0f) << 28;
        high = (c & 0x7f) >> 4;
      } else high |= (c & 0x7f) << (shift - 32);
      if (c < 0x80) break;
    }
    this.#low = low >>> 0;
    this.#high = high >>> 0;
    return at;
  }

  /** The offset after the value of a field that is not written. */
  #skip(tag: number, at: number): number {
    switch (tag & 7) {
      case 0:
        return this.#varint(at);
      case 1:
        return at + 8;
      case 2: {
        const p = this.#varint(at);
        return p + this.#low;
      }
      case 3: {
        let p = at;
        for (let depth = 1; depth > 0;) {
          p = this.#varint(p);
          const wireType = this.#low & 7;
          if (wireType === 3) depth++;
          else if (wireType === 4) depth--;
          else p = this.#skip(this.#low, p);
        }
        return p;
      }
      default:
        return at + 4;
    }
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const encoder = new Encoder();

/**
 * Writes a batch as OTLP/JSON into a lease of the batch's pool, as pdata does: lowerCamelCase, 64-bit integers as strings of digits, enums as
 * numbers, ids in lower-case hex, bytes in base64, NaN and infinities as strings; default values of fields without presence and unknown
 * fields are left out. Text that is not UTF-8 gets U+FFFD. Unlike pdata it leaves out messages that are not there (`"status":{}`).
 */
export function encodeJson(batch: Batch): Encoded {
  if (batch.signal === 'profiles') throw new Error('profiles have no JSON form here');
  return encoder.run(outMessage(requestMessage[batch.signal]), batch.bytes, batch.pool);
}

/** Writes well-formed bytes of any message as JSON, as `encodeJson` does. */
export function protobufToJson(messageName: string, bytes: Buffer, pool: BufferPool): Encoded {
  return encoder.run(outMessage(messageName), bytes, pool);
}
