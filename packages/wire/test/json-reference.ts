import { decode, encode, type } from './reference.ts';
import type { PlainMessage, ReferenceField } from './reference.ts';

/**
 * A second, naive reader of OTLP/JSON: text to a tree, tree to a message by the reference's schema. It shares nothing with the one under test
 * and sets no limits.
 */

/** A JSON value; members keep their order and repeat, numbers keep their text. */
type Json =
  | null
  | boolean
  | string
  | { readonly number: string }
  | readonly Json[]
  | ReadonlyMap<symbol, readonly (readonly [string, Json])[]>;

const members = Symbol('members');

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): Json {
    const value = this.#value();
    this.#match(/[ \t\r\n]*/y);
    if (this.#at !== this.#text.length) throw new SyntaxError('more text');
    return value;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #is(punctuation: string): boolean {
    this.#match(/[ \t\r\n]*/y);
    if (this.#text[this.#at] !== punctuation) return false;
    this.#at++;
    return true;
  }

  #need(punctuation: string): void {
    if (!this.#is(punctuation)) throw new SyntaxError(`no ${punctuation}`);
  }

  #value(): Json {
    if (this.#is('{')) return new Map([[members, this.#list('}', () => this.#member())]]);
    if (this.#is('[')) return this.#list(']', () => this.#value());
    if (this.#text[this.#at] === '"') return this.#string();
    const word = this.#match(/true|false|null/y);
    if (word !== undefined) return word === 'null' ? null : word === 'true';
    const number = this.#match(/-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y);
    if (number === undefined) throw new SyntaxError('no value');
    return { number };
  }

  #list<T>(close: string, element: () => T): T[] {
    const list: T[] = [];
    if (this.#is(close)) return list;
    do list.push(element());
    while (this.#is(','));
    this.#need(close);
    return list;
  }

  #member(): readonly [string, Json] {
    this.#match(/[ \t\r\n]*/y);
    const name = this.#string();
    this.#need(':');
    return [name, this.#value()];
  }

  #string(): string {
    // eslint-disable-next-line no-control-regex
    const text = this.#match(/"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y);
    if (text === undefined) throw new SyntaxError('no string');
    return (JSON.parse(text) as string).toWellFormed();
  }
}

const ranges: Record<string, readonly [bigint, bigint]> = {
  fixed64: [0n, 2n ** 64n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
  sfixed64: [-(2n ** 63n), 2n ** 63n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  fixed32: [0n, 2n ** 32n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  sint32: [-(2n ** 31n), 2n ** 31n - 1n],
  enum: [-(2n ** 31n), 2n ** 31n - 1n],
};

function integer(field: ReferenceField, text: string): bigint | number {
  const parts = /^([-+]?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([-+]?[0-9]+))?$/.exec(text);
  if (parts === null) throw new TypeError(`no integer: ${text}`);
  const [, sign, whole = '', fraction = '', exponent = '0'] = parts;
  const shift = Number(exponent) - fraction.length;
  const digits = BigInt(whole + fraction);
  let value = digits;
  if (digits !== 0n && shift > 0) value = shift > 40 ? 2n ** 70n : digits * 10n ** BigInt(shift);
  if (digits !== 0n && shift < 0) {
    if (-shift > whole.length + fraction.length || digits % 10n ** BigInt(-shift) !== 0n) throw new TypeError('a fraction');
    value = digits / 10n ** BigInt(-shift);
  }
  if (sign === '-') value = -value;
  const [least, most] = ranges[field.type]!;
  if (value < least || value > most) throw new RangeError('out of range');
  return field.type.endsWith('64') ? value : Number(value);
}

function double(text: string): number {
  const name = /^([-+]?)(?:(nan)|inf(?:inity)?)$/i.exec(text);
  if (name !== null) return name[2] === undefined ? Number(`${name[1]}Infinity`) : NaN;
  if (!/^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$/.test(text) || !Number.isFinite(Number(text)))
    throw new TypeError(`no double: ${text}`);
  return Number(text);
}

function bytes(field: ReferenceField, text: string): Uint8Array {
  if (/(?:^t|T)raceId$|(?:^s|S)panId$/.test(field.name)) {
    const digits = field.name === 'traceId' ? 32 : 16;
    if (text !== '' && !new RegExp(`^[0-9a-fA-F]{${digits}}$`).test(text)) throw new TypeError('no id');
    return Uint8Array.from(Buffer.from(text, 'hex'));
  }
  if (!/^(?:[-_+/0-9A-Za-z]{4})*(?:[-_+/0-9A-Za-z]{2}(?:==)?|[-_+/0-9A-Za-z]{3}=?)?$/.test(text)) throw new TypeError('no base64');
  return Uint8Array.from(Buffer.from(text, 'base64'));
}

function isObject(json: Json): json is ReadonlyMap<symbol, readonly (readonly [string, Json])[]> {
  return json instanceof Map;
}

function scalar(field: ReferenceField, json: Json): unknown {
  const text = typeof json === 'string' ? json : typeof json === 'object' && json !== null && 'number' in json ? json.number : undefined;
  if (field.message !== undefined) return message(field.message, json ?? new Map([[members, []]]));
  if (field.type === 'bool' && typeof json === 'boolean') return json;
  if (text === undefined) throw new TypeError(`wrong type for ${field.name}`);
  if (field.type === 'string' || field.type === 'bytes') {
    if (typeof json !== 'string') throw new TypeError('no string');
    return field.type === 'string' ? json : bytes(field, json);
  }
  if (field.type === 'bool') throw new TypeError('no bool');
  if (field.type === 'double') return double(text);
  if (field.type !== 'enum' || typeof json !== 'string') return integer(field, text);
  const number = (field.values ?? []).indexOf(json);
  if (number < 0) throw new TypeError('no such enum value');
  return number;
}

function message(name: string, json: Json): PlainMessage {
  if (!isObject(json)) throw new TypeError('no object');
  const plain: PlainMessage = {};
  for (const [key, value] of json.get(members)!) {
    const field = type(name)!.find(
      (each) => each.name === key || each.name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) === key,
    );
    if (field === undefined || value === null) continue;
    const before = plain[field.name];
    if (field.oneof !== undefined) for (const other of type(name)!) if (other.oneof === field.oneof) delete plain[other.name];
    if (field.repeated) {
      if (!Array.isArray(value)) throw new TypeError('no list');
      plain[field.name] = [...((before as unknown[] | undefined) ?? []), ...(value as Json[]).map((each) => scalar(field, each))];
    } else if (field.message !== undefined && before !== undefined) {
      const both = [before as PlainMessage, scalar(field, value) as PlainMessage].map((each) => encode(field.message!, each));
      plain[field.name] = decode(field.message, Buffer.concat(both));
    } else plain[field.name] = scalar(field, value);
  }
  return plain;
}

/** Reads OTLP/JSON; what it returns is in the form of the reference's `decode`. Throws on anything illegal. */
export function decodeJson(messageName: string, text: Uint8Array): PlainMessage {
  const plain = message(messageName, new Reader(Buffer.from(text).toString()).document());
  return decode(messageName, encode(messageName, plain));
}
