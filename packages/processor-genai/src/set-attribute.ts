import { Key } from '@millrace/wire';
import type { AttributesEdit, PlainInput } from '@millrace/wire';

/** Sets attributes: texts, whole numbers of at most 2^53, doubles. */
export interface Setters {
  text(attributes: AttributesEdit, key: Key, value: string): void;
  int(attributes: AttributesEdit, key: Key, value: number): void;
  double(attributes: AttributesEdit, key: Key, value: number): void;
  flag(attributes: AttributesEdit, key: Key): void;
}

/** For attributes that are hardly there yet. */
export const setNew: Setters = {
  text: (attributes, key, value) => attributes.setString(key, literal(value)),
  int: (attributes, key, value) => attributes.setInt(key, value),
  double: (attributes, key, value) => attributes.setDouble(key, value),
  flag: (attributes, key) => attributes.setBoolean(key, true),
};

/** For attributes that may have the value already: what changes nothing costs no copy of the item. */
export const setChanged: Setters = {
  text(attributes, key, value) {
    const wanted = literal(value);
    if (!attributes.equals(key, wanted)) attributes.setString(key, wanted);
  },
  int(attributes, key, value) {
    if (!has(attributes, key, 'int', value)) attributes.setInt(key, value);
  },
  double(attributes, key, value) {
    if (!has(attributes, key, 'double', value)) attributes.setDouble(key, value);
  },
  flag(attributes, key) {
    if (attributes.boolean(key) !== true) attributes.setBoolean(key, true);
  },
};

const mostLiterals = 1024;
const longestLiteral = 128;
const literals = new Map<string, Key>();

/** A text with its bytes: names of models and providers are few. */
function literal(value: string): Key {
  let known = literals.get(value);
  if (known !== undefined) return known;
  known = new Key(value);
  if (literals.size >= mostLiterals) literals.clear();
  if (value.length <= longestLiteral) literals.set(value, known);
  return known;
}

function has(attributes: AttributesEdit, key: Key, type: 'int' | 'double', value: number): boolean {
  const slot = attributes.find(key);
  return slot >= 0 && attributes.typeAt(slot) === type && attributes.valueAt(slot).number() === value;
}

/** A value of JSON as an attribute holds it: whole numbers are integers. */
export function plainOf(value: unknown): PlainInput {
  if (value === null || value === undefined) return undefined;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(plainOf);
  if (typeof value !== 'object') return value as PlainInput;
  return new Map(Object.entries(value).map(([name, member]) => [name, plainOf(member)]));
}

/** The other way: a value of an attribute as JSON holds it. */
export function jsonOf(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(jsonOf);
  if (typeof value !== 'object' || value === null) return value ?? null;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, jsonOf(member)]));
}
