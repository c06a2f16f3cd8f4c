import { Batch } from '../batch.ts';
import { messages, requestMessage } from '../schema.ts';
import type { Field } from '../schema.ts';
import type { Signal } from '../signal.ts';
import type { PlainField, PlainMessage } from './plain-message.ts';

/** Reads well-formed protobuf front to back. */
class Reader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const c = this.#bytes[this.#at++];
      value |= BigInt(c & 127) << shift;
      if (c < 128) return BigInt.asUintN(64, value);
    }
  }

  /** A varint that is a tag or a length. */
  #number(): number {
    const c = this.#bytes[this.#at];
    if (c >= 128) return Number(this.varint());
    this.#at++;
    return c;
  }

  message(name: string, end: number): PlainMessage {
    const { fields } = messages.get(name)!;
    const plain: Record<string, PlainField | PlainField[]> = {};
    for (const field of fields) if (field.repeated) plain[field.jsonName] = [];
    while (this.#at < end) {
      const tag = this.#number();
      const field = fields.find((each) => each.number === tag >>> 3);
      if (field === undefined) this.#skip(tag);
      else if (!field.repeated) plain[field.jsonName] = this.#value(field);
      else {
        const list = plain[field.jsonName] as PlainField[];
        const stop = (tag & 7) === 2 && !['string', 'bytes', 'id', 'message'].includes(field.type) ? this.#length() : this.#at + 1;
        while (this.#at < stop) list.push(this.#value(field));
      }
    }
    return plain;
  }

  /** Reads a length; where what it measures ends. */
  #length(): number {
    const length = this.#number();
    return this.#at + length;
  }

  #range(): Buffer {
    const end = this.#length();
    const range = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return range;
  }

  #fixed(sizeBytes: number): number {
    this.#at += sizeBytes;
    return this.#at - sizeBytes;
  }

  #value(field: Field): PlainField {
    switch (field.type) {
      case 'double':
        return this.#bytes.readDoubleLE(this.#fixed(8));
      case 'fixed64':
        return this.#bytes.readBigUInt64LE(this.#fixed(8));
      case 'sfixed64':
        return this.#bytes.readBigInt64LE(this.#fixed(8));
      case 'fixed32':
        return this.#bytes.readUInt32LE(this.#fixed(4));
      case 'int64':
        return BigInt.asIntN(64, this.varint());
      case 'uint64':
        return this.varint();
      case 'uint32':
        return Number(BigInt.asUintN(32, this.varint()));
      case 'sint32': {
        const zigzag = Number(BigInt.asUintN(32, this.varint()));
        return (zigzag >>> 1) ^ -(zigzag & 1);
      }
      case 'enum':
        return Number(BigInt.asIntN(32, this.varint()));
      case 'bool':
        return this.varint() !== 0n;
      case 'string':
        return this.#range().toString();
      case 'id':
        return this.#range().toString('hex');
      case 'bytes':
        return Uint8Array.from(this.#range());
      default:
        return this.message(field.message!, this.#length());
    }
  }

  #skip(tag: number): void {
    if ((tag & 7) === 0) this.varint();
    else if ((tag & 7) === 2) this.#range();
    else if ((tag & 7) !== 3) this.#fixed((tag & 7) === 1 ? 8 : 4);
    else
      for (let depth = 1; depth > 0;) {
        const inner = Number(this.varint());
        if ((inner & 7) === 3) depth++;
        else if ((inner & 7) === 4) depth--;
        else this.#skip(inner);
      }
  }
}

/**
 * The object form of a batch, or of the well-formed bytes of a request: lists are always there, singular fields only when they are in the
 * bytes. Unknown fields are left out. For tests, debug output and foreign formats: never on the data path, where it would cost more than
 * everything else together.
 */
export function toPlain(signal: Exclude<Signal, 'profiles'>, source: Uint8Array | Batch): PlainMessage {
  const bytes = source instanceof Batch ? source.bytes : Buffer.from(source.buffer, source.byteOffset, source.length);
  return new Reader(bytes, 0).message(requestMessage[signal], bytes.length);
}
