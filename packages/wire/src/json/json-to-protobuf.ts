import type { BufferPool, Lease } from '../buffer-pool.ts';
import { base64Size, decodeBase64, decodeHex } from './json-bytes.ts';
import { jsonMessage } from './json-fields.ts';
import type { JsonField, JsonMessage } from './json-fields.ts';
import { JsonInteger, readDouble } from './json-number.ts';
import { JsonReader, plainInString } from './json-reader.ts';

/** Bytes that were written to the start of a lease. Whoever holds it releases the lease. */
export interface Encoded {
  readonly lease: Lease;
  readonly length: number;
}

/** Nesting of `AnyValue` in `AnyValue` that is accepted, as `admit` does. */
const maxValueDepth = 64;

/** Room that is left after every write check: the longest number with its tag and the longest length prefix. */
const slack = 32;

const quote = 0x22;
const backslash = 0x5c;
const lowerN = 0x6e;

const nothing = Buffer.alloc(0);

/** JSON in, protobuf out, in one pass and without a tree: lengths are written behind a guessed gap, which is moved when the guess was wrong. */
class Transcoder extends JsonReader {
  readonly #integer = new JsonInteger();
  readonly #path: (JsonField | undefined)[] = [];
  #depth = 0;
  #valueDepth = 0;
  #lease!: Lease;
  #out: Buffer = nothing;
  #view!: DataView;
  #at = 0;

  run(message: JsonMessage, json: Buffer, start: number, end: number, pool: BufferPool): Encoded {
    const lease = pool.lease(end - start + slack);
    this.open(json, start, end);
    this.#lease = lease;
    this.#use(lease.buffer);
    this.#at = this.#depth = this.#valueDepth = 0;
    this.#path.length = 0;
    try {
      if (this.peek() !== 0x7b) this.fail('expected an object');
      this.#object(message);
      if (this.peek() !== -1) this.fail('text after the end of the message');
      return { lease, length: this.#at };
    } catch (error) {
      lease.release();
      throw error;
    } finally {
      this.close();
    }
  }

  override fieldPath(): string {
    const names = this.#path.slice(0, this.#depth + 1).map((field) => field?.name);
    return names.filter((name) => name !== undefined).join('.');
  }

  #use(out: Buffer): void {
    this.#out = out;
    this.#view = new DataView(out.buffer, out.byteOffset, out.byteLength);
  }

  override close(): void {
    super.close();
    this.#use(nothing);
  }

  /** Keeps room for `sizeBytes` and the slack. */
  #reserve(sizeBytes: number): void {
    if (this.#at + sizeBytes + slack <= this.#out.length) return;
    this.#lease.grow(this.#at + sizeBytes + slack, this.#at);
    this.#use(this.#lease.buffer);
  }

  /** Reads the members of an object whose brace is next. */
  #object(message: JsonMessage): void {
    const depth = this.#depth;
    const path = this.#path;
    let seen = 0;
    this.position++;
    path[depth] = undefined;
    if (this.peek() === 0x7d) {
      this.position++;
      return;
    }
    let previous: JsonField | undefined;
    for (;;) {
      const field = this.#name(message, previous);
      previous = field;
      path[depth] = field;
      const c = this.peek();
      if (field === undefined) this.skipValue();
      else if (c === lowerN) this.literal('null');
      else if (field.repeated) this.#list(field);
      else {
        this.#field(field, (seen & field.bit) === 0 && field.implicit);
        seen |= field.bit;
      }
      path[depth] = undefined;
      const separator = this.peek();
      if (separator !== 0x2c && separator !== 0x7d) this.fail("expected ',' or '}'");
      this.position++;
      if (separator === 0x7d) return;
    }
  }

  /** Reads a name and its colon. Writers keep their order of members, so the member that followed the previous one last time is tried first. */
  #name(message: JsonMessage, previous: JsonField | undefined): JsonField | undefined {
    const guess = previous === undefined ? message.first : previous.follower;
    this.peek();
    if (guess !== undefined) {
      const { bytes, position } = this;
      const { member } = guess;
      let i = 0;
      while (i < member.length && bytes[position + i] === member[i]) i++;
      if (i === member.length && position + i <= this.end) {
        this.position = position + i;
        return guess;
      }
    }
    this.string();
    const field = message.find(this.token, this.tokenStart, this.tokenEnd);
    this.colon();
    if (previous === undefined) message.first = field;
    else previous.follower = field;
    return field;
  }

  #list(field: JsonField): void {
    if (this.bytes[this.position] !== 0x5b) this.fail('expected an array');
    this.position++;
    if (this.peek() === 0x5d) {
      this.position++;
      return;
    }
    this.#reserve(0);
    if (field.packed) this.#tag(field.tag);
    const gap = field.packed ? field.lengthWidth : 0;
    const bodyAt = (this.#at += gap);
    for (;;) {
      if (field.packed) this.#number(field);
      else this.#field(field, false);
      const separator = this.peek();
      if (separator !== 0x2c && separator !== 0x5d) this.fail("expected ',' or ']'");
      this.position++;
      if (separator === 0x5d) break;
    }
    if (field.packed) this.#closeLength(field, bodyAt, gap);
  }

  /** Reads one value with its tag; a default value is left out where `omitDefault`. */
  #field(field: JsonField, omitDefault: boolean): void {
    this.#reserve(0);
    const tagAt = this.#at;
    switch (field.type) {
      case 'message':
        this.#message(field);
        return;
      case 'string':
        this.#string(field.tag, omitDefault);
        return;
      case 'id':
        this.#id(field);
        break;
      case 'bytes':
        this.#base64(field.tag);
        break;
      default:
        this.#tag(field.tag);
        if (this.#number(field) && omitDefault) this.#at = tagAt;
        return;
    }
    if (omitDefault && this.tokenStart === this.tokenEnd) this.#at = tagAt;
  }

  #tag(tag: number): void {
    if (tag > 127) {
      this.#out[this.#at++] = (tag & 127) | 128;
      tag >>>= 7;
    }
    this.#out[this.#at++] = tag;
  }

  /** Writes the length of what began at `bodyAt` into the gap of `gap` bytes before it. */
  #closeLength(field: JsonField, bodyAt: number, gap: number): void {
    const length = this.#at - bodyAt;
    const width = varintWidth(length);
    if (width !== gap) {
      this.#reserve(0);
      this.#out.copyWithin(bodyAt - gap + width, bodyAt, this.#at);
      field.lengthWidth = width;
    }
    this.#at = bodyAt - gap;
    this.#varint(length, 0);
    this.#at += length;
  }

  #varint(low: number, high: number): void {
    const out = this.#out;
    let at = this.#at;
    while (high !== 0 || low > 127) {
      out[at++] = (low & 127) | 128;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    out[at++] = low;
    this.#at = at;
  }

  /** Reads an object, or null as an empty one where it stands in a list. */
  #message(field: JsonField): void {
    const message = field.message as JsonMessage;
    const c = this.peek();
    this.#tag(field.tag);
    const gap = field.lengthWidth;
    const bodyAt = (this.#at += gap);
    if (c === lowerN) this.literal('null');
    else {
      if (c !== 0x7b) this.fail('expected an object');
      if (message.isValue && ++this.#valueDepth > maxValueDepth) this.fail(`values nested deeper than ${maxValueDepth} levels`);
      this.#depth++;
      this.#object(message);
      this.#depth--;
      if (message.isValue) this.#valueDepth--;
    }
    this.#closeLength(field, bodyAt, gap);
  }

  #string(tag: number, omitDefault: boolean): void {
    if (this.peek() !== quote) this.fail('expected a string');
    // The text is at least as long as what it becomes: with this room the loop needs no check.
    this.#reserve(this.end - this.position);
    const tagAt = this.#at;
    this.#tag(tag);
    const bodyAt = this.#at + 1;
    const { bytes, end } = this;
    const out = this.#out;
    let at = bodyAt;
    let p = this.position + 1;
    for (;;) {
      while (p < end) {
        const c = bytes[p];
        if (plainInString[c] === 0) break;
        out[at++] = c;
        p++;
      }
      this.position = p;
      if (p >= end || bytes[p] < 0x20) this.fail('control character in a string');
      if (bytes[p] !== backslash) break;
      at = this.unescape(out, at);
      p = this.position;
    }
    this.position++;
    const length = at - bodyAt;
    if (length === 0 && omitDefault) {
      this.#at = tagAt;
      return;
    }
    if (length > 127) {
      const width = varintWidth(length);
      out.copyWithin(bodyAt + width - 1, bodyAt, at);
    }
    this.#at = bodyAt - 1;
    this.#varint(length, 0);
    this.#at += length;
  }

  #id(field: JsonField): void {
    this.peek();
    const at = this.position;
    this.string();
    const { token, tokenStart, tokenEnd } = this;
    const size = (tokenEnd - tokenStart) / 2;
    this.#tag(field.tag);
    this.#out[this.#at++] = size;
    if ((size !== 0 && size !== field.idBytes) || !decodeHex(token, tokenStart, tokenEnd, this.#out, this.#at)) {
      this.fail(`expected ${field.idBytes * 2} hexadecimal digits`, at);
    }
    this.#at += size;
  }

  #base64(tag: number): void {
    this.peek();
    const at = this.position;
    this.string();
    const { token, tokenStart, tokenEnd } = this;
    const size = base64Size(token, tokenStart, tokenEnd);
    if (size < 0) this.fail('expected base64', at);
    this.#reserve(size);
    this.#tag(tag);
    this.#varint(size, 0);
    if (!decodeBase64(token, tokenStart, tokenEnd, this.#out, this.#at)) this.fail('expected base64', at);
    this.#at += size;
  }

  /** Reads and writes a number, enum or bool without its tag; whether it is the default value. */
  #number(field: JsonField): boolean {
    this.#reserve(0);
    this.peek();
    const at = this.position;
    switch (field.type) {
      case 'double': {
        const value = readDouble(this);
        this.#view.setFloat64(this.#at, value, true);
        this.#at += 8;
        return Object.is(value, 0);
      }
      case 'bool':
        return this.#bool();
      case 'enum':
        if (this.bytes[at] === quote && at < this.end) return this.#enumName(field, at);
    }
    const integer = this.#integer;
    integer.read(this);
    let { high, low } = integer;
    const { negative } = integer;
    if (!inRange(field, integer)) this.fail(`integer out of range of ${field.type === 'enum' ? 'an enum' : field.type}`, at);
    if (field.type === 'sint32') {
      low = negative ? low * 2 - 1 : low * 2;
    } else if (negative) {
      low = (~low + 1) >>> 0;
      high = (~high + (low === 0 ? 1 : 0)) >>> 0;
    }
    if (field.type === 'fixed64' || field.type === 'sfixed64') {
      this.#view.setUint32(this.#at, low, true);
      this.#view.setUint32(this.#at + 4, high, true);
      this.#at += 8;
    } else if (field.type === 'fixed32') {
      this.#view.setUint32(this.#at, low, true);
      this.#at += 4;
    } else this.#varint(low, high);
    return low === 0 && high === 0;
  }

  #bool(): boolean {
    const c = this.peek();
    if (c !== 0x74 && c !== 0x66) this.fail('expected true or false');
    this.literal(c === 0x74 ? 'true' : 'false');
    this.#out[this.#at++] = c === 0x74 ? 1 : 0;
    return c === 0x66;
  }

  #enumName(field: JsonField, at: number): boolean {
    this.string();
    const name = this.token.latin1Slice(this.tokenStart, this.tokenEnd);
    const number = field.enumNumbers?.get(name);
    if (number === undefined) this.fail(`unknown enum value ${JSON.stringify(name.slice(0, 64))}`, at);
    this.#out[this.#at++] = number;
    return number === 0;
  }
}

function inRange(field: JsonField, { negative, high, low }: JsonInteger): boolean {
  switch (field.type) {
    case 'fixed64':
    case 'uint64':
      return !negative;
    case 'fixed32':
    case 'uint32':
      return !negative && high === 0;
    case 'sint32':
    case 'enum':
      return high === 0 && low <= (negative ? 0x80000000 : 0x7fffffff);
    default:
      return high < 0x80000000 || (negative && high === 0x80000000 && low === 0);
  }
}

function varintWidth(length: number): number {
  return length < 0x80 ? 1 : length < 0x4000 ? 2 : length < 0x200000 ? 3 : length < 0x10000000 ? 4 : 5;
}

const transcoder = new Transcoder();

/**
 * Turns the OTLP/JSON text `[start, end)` of a message into protobuf in a lease of `pool`. Reads lowerCamelCase and snake_case names, exact 64-bit
 * integers as digits or strings, enums as numbers or names, hex ids, base64 in both alphabets, null as absent; skips unknown members. Fields keep the
 * order of the text, so the result may need `admit`'s normalising (repeated members, headers after children). A default value of a field
 * without presence is left out unless it overrides an earlier member of the same name; bytes of strings are not checked for UTF-8.
 * Malformed JSON and values of the wrong kind throw a `WireError` with the offset in the text and a path of JSON names.
 */
export function jsonToProtobuf(messageName: string, json: Buffer, start: number, end: number, pool: BufferPool): Encoded {
  return transcoder.run(jsonMessage(messageName), json, start, end, pool);
}
