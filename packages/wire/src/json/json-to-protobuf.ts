import type { BufferPool } from '../buffer-pool.ts';
import { maxValueDepth } from '../validate.ts';
import { base64Size, decodeBase64, decodeHex } from './json-bytes.ts';
import { jsonMessage } from './json-fields.ts';
import type { JsonField, JsonMessage } from './json-fields.ts';
import { JsonInteger, readDouble } from './json-number.ts';
import { JsonReader } from './json-reader.ts';
import { ProtobufWriter } from './protobuf-writer.ts';
import type { Encoded } from './protobuf-writer.ts';

const quote = 0x22;
const backslash = 0x5c;
const lowerN = 0x6e;

/** JSON in, protobuf out, in one pass and without a tree: a length is written behind a gap of guessed width, and moved when the guess was wrong. */
class Transcoder extends JsonReader {
  readonly #integer = new JsonInteger();
  readonly #to = new ProtobufWriter();
  readonly #path: (JsonField | undefined)[] = [];
  #depth = 0;
  #valueDepth = 0;

  run(message: JsonMessage, json: Buffer, start: number, end: number, pool: BufferPool): Encoded {
    this.open(json, start, end);
    this.#to.open(pool, end - start);
    this.#depth = this.#valueDepth = this.#path.length = 0;
    try {
      if (this.peek() !== 0x7b) this.fail('expected an object');
      this.#object(message);
      if (this.peek() !== -1) this.fail('text after the end of the message');
      return this.#to.finish();
    } finally {
      this.#to.abandon();
      this.close();
    }
  }

  override fieldPath(): string {
    return this.#path
      .slice(0, this.#depth + 1)
      .flatMap((field) => field?.name ?? [])
      .join('.');
  }

  /** Reads the members of an object whose brace is next. */
  #object(message: JsonMessage): void {
    const depth = this.#depth;
    const path = this.#path;
    let seen = 0;
    let previous: JsonField | undefined;
    this.position++;
    path[depth] = undefined;
    if (this.peek() === 0x7d) {
      this.position++;
      return;
    }
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

  /** Reads a name and its colon. Writers keep their order of members, so the one that followed the previous member last time is tried first. */
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
    if (this.bytes[this.position] !== 0x5b || this.position >= this.end) this.fail('expected an array');
    this.position++;
    if (this.peek() === 0x5d) {
      this.position++;
      return;
    }
    const to = this.#to;
    to.reserve(0);
    if (field.packed) to.tag(field.tag);
    const gap = field.packed ? field.lengthWidth : 0;
    const bodyAt = (to.at += gap);
    for (;;) {
      if (field.packed) this.#number(field);
      else this.#field(field, false);
      const separator = this.peek();
      if (separator !== 0x2c && separator !== 0x5d) this.fail("expected ',' or ']'");
      this.position++;
      if (separator === 0x5d) break;
    }
    if (field.packed) field.lengthWidth = to.closeLength(bodyAt, gap);
  }

  /** Reads one value and writes it with its tag; a default value is left out where `omitDefault`. */
  #field(field: JsonField, omitDefault: boolean): void {
    const to = this.#to;
    to.reserve(0);
    const tagAt = to.at;
    let isDefault = false;
    switch (field.type) {
      case 'message':
        this.#message(field);
        break;
      case 'string':
        isDefault = this.#string(field);
        break;
      case 'id':
        isDefault = this.#id(field);
        break;
      case 'bytes':
        isDefault = this.#base64(field);
        break;
      default:
        to.tag(field.tag);
        isDefault = this.#number(field);
    }
    if (isDefault && omitDefault) to.at = tagAt;
  }

  /** Reads an object, or null as an empty one where it stands in a list. */
  #message(field: JsonField): void {
    const message = field.message as JsonMessage;
    const to = this.#to;
    const c = this.peek();
    to.tag(field.tag);
    const gap = field.lengthWidth;
    const bodyAt = (to.at += gap);
    if (c === lowerN) this.literal('null');
    else {
      if (c !== 0x7b) this.fail('expected an object');
      if (message.isValue && ++this.#valueDepth > maxValueDepth) this.fail(`values nested deeper than ${maxValueDepth} levels`);
      this.#depth++;
      this.#object(message);
      this.#depth--;
      if (message.isValue) this.#valueDepth--;
    }
    field.lengthWidth = to.closeLength(bodyAt, gap);
  }

  /** Reads a string, unescaping while it copies; whether it is empty. */
  #string(field: JsonField): boolean {
    if (this.peek() !== quote) this.fail('expected a string');
    const { bytes, end } = this;
    const to = this.#to;
    // No text becomes longer by reading it: with this room the loop needs no check.
    to.reserve(end - this.position);
    to.tag(field.tag);
    const { out } = to;
    const bodyAt = to.at + 1;
    let at = bodyAt;
    let p = this.position + 1;
    for (;;) {
      for (; p < end; p++) {
        const c = bytes[p];
        if (c === quote || c === backslash || c < 0x20) break;
        out[at++] = c;
      }
      this.position = p;
      if (p >= end || bytes[p] < 0x20) this.fail('control character in a string');
      if (bytes[p] === quote) break;
      at = this.unescape(out, at);
      p = this.position;
    }
    this.position++;
    to.at = at;
    to.closeLength(bodyAt, 1);
    return at === bodyAt;
  }

  #id(field: JsonField): boolean {
    this.peek();
    const at = this.position;
    this.string();
    const { token, tokenStart, tokenEnd } = this;
    const to = this.#to;
    const size = (tokenEnd - tokenStart) / 2;
    to.tag(field.tag);
    to.out[to.at++] = size;
    if ((size !== 0 && size !== field.idBytes) || !decodeHex(token, tokenStart, tokenEnd, to.out, to.at)) {
      this.fail(`expected ${field.idBytes * 2} hexadecimal digits`, at);
    }
    to.at += size;
    return size === 0;
  }

  #base64(field: JsonField): boolean {
    this.peek();
    const at = this.position;
    this.string();
    const { token, tokenStart, tokenEnd } = this;
    const to = this.#to;
    const size = base64Size(token, tokenStart, tokenEnd);
    if (size < 0) this.fail('expected base64', at);
    to.reserve(size);
    to.tag(field.tag);
    to.varint(size, 0);
    if (!decodeBase64(token, tokenStart, tokenEnd, to.out, to.at)) this.fail('expected base64', at);
    to.at += size;
    return size === 0;
  }

  /** Reads a number, enum or bool and writes it without a tag; whether it is the default value. */
  #number(field: JsonField): boolean {
    const to = this.#to;
    to.reserve(0);
    const { type } = field;
    if (type === 'double') {
      const value = readDouble(this);
      to.double(value);
      return Object.is(value, 0);
    }
    const c = this.peek();
    if (type === 'bool') {
      if (c !== 0x74 && c !== 0x66) this.fail('expected true or false');
      this.literal(c === 0x74 ? 'true' : 'false');
      to.varint(c === 0x74 ? 1 : 0, 0);
      return c === 0x66;
    }
    if (type === 'enum' && c === quote) return this.#enumName(field);
    const at = this.position;
    const integer = this.#integer;
    integer.read(this);
    if (!integer.fits(type)) this.fail(type === 'enum' ? 'enum value out of range' : `integer out of range of ${type}`, at);
    if (type === 'fixed64' || type === 'sfixed64') to.fixed64(integer.low, integer.high);
    else if (type === 'fixed32') to.fixed32(integer.low);
    else if (type === 'sint32') to.varint(((integer.low << 1) ^ (integer.low >> 31)) >>> 0, 0);
    else to.varint(integer.low, integer.high);
    return integer.low === 0 && integer.high === 0;
  }

  #enumName(field: JsonField): boolean {
    const at = this.position;
    this.string();
    const name = this.token.latin1Slice(this.tokenStart, this.tokenEnd);
    const number = field.enumNumbers?.get(name);
    if (number === undefined) this.fail(`unknown enum value ${JSON.stringify(name.slice(0, 64))}`, at);
    this.#to.varint(number, 0);
    return number === 0;
  }
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
