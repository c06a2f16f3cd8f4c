import { Key } from '@millrace/wire';
import type { ValueView } from '@millrace/wire';
import type { Getter } from '../getter.ts';
import { OttlError } from '../ottl-error.ts';
import type { TransformContext } from '../transform-context.ts';
import { isList, isMap, typeName } from '../value.ts';
import type { Value, ValueMap } from '../value.ts';
import { fromView } from './from-view.ts';

/** A key in brackets: a text or a number as it was written, or what an expression yields. */
export class IndexKey {
  readonly text: string | undefined;
  readonly index: number | undefined;
  readonly #getter: Getter<Value> | undefined;
  #last: Key;

  constructor(key: Getter<Value>) {
    const constant = key.literal?.value;
    this.text = typeof constant === 'string' ? constant : undefined;
    this.index = typeof constant === 'bigint' ? Number(constant) : undefined;
    this.#getter = this.text === undefined && this.index === undefined ? key : undefined;
    this.#last = new Key(this.text ?? '');
  }

  /** The key of a map. */
  key(context: TransformContext): Key {
    if (this.text !== undefined) return this.#last;
    if (this.#getter === undefined) throw new OttlError('unable to resolve a string index in map: invalid key type');
    const value = this.#getter(context);
    if (typeof value !== 'string') throw new OttlError(`unable to resolve a string index in map: ${mismatch('string', value)}`);
    return this.#last.text === value ? this.#last : (this.#last = new Key(value));
  }

  /** The place in a list of a size. */
  place(context: TransformContext, size: number): number {
    const index = this.index ?? this.#number(context);
    if (index >= size || index < 0) throw new OttlError(`index ${index} out of bounds`);
    return index;
  }

  #number(context: TransformContext): number {
    if (this.#getter === undefined) throw new OttlError('unable to resolve an integer index in slice: invalid key type');
    const value = this.#getter(context);
    if (typeof value !== 'bigint') throw new OttlError(`unable to resolve an integer index in slice: ${mismatch('int64', value)}`);
    return Number(value);
  }

  /** What it is, whatever it indexes. */
  value(context: TransformContext): string | number {
    const value = this.text ?? this.index ?? this.#getter!(context);
    if (value === undefined) throw new OttlError('key expression returned nil, expected an int or string');
    if (typeof value === 'bigint') return Number(value);
    if (typeof value === 'string' || (typeof value === 'number' && this.index !== undefined)) return value;
    throw new OttlError(`key expression must evaluate to string or int, got ${typeName(value)}`);
  }
}

function mismatch(wanted: string, value: Value): string {
  return `could not resolve key for map/slice, expecting '${wanted}' but got '${typeName(value)}'`;
}

const kinds: Readonly<Record<string, string>> = {
  string: 'Str',
  bool: 'Bool',
  int: 'Int',
  double: 'Double',
  bytes: 'Bytes',
  empty: 'Empty',
};

function kindOf(value: Value): string {
  if (value === undefined) return 'Empty';
  if (typeof value === 'string') return 'Str';
  if (typeof value === 'boolean') return 'Bool';
  if (typeof value === 'bigint') return 'Int';
  return typeof value === 'number' ? 'Double' : 'Bytes';
}

/** The value that keys from `at` on lead to; undefined where a map lacks one. */
export function indexView(view: ValueView, keys: readonly IndexKey[], at: number, context: TransformContext): Value {
  if (at === keys.length) return fromView(view);
  const key = keys[at]!;
  if (view.type === 'array') return indexView(view.at(key.place(context, view.size)), keys, at + 1, context);
  if (view.type !== 'kvlist') throw new OttlError(`type ${kinds[view.type]} does not support string indexing`);
  const slot = view.entries.find(key.key(context));
  return slot < 0 ? undefined : indexView(view.entries.valueAt(slot), keys, at + 1, context);
}

/** `indexView` for a value of the language. */
export function indexValue(value: Value, keys: readonly IndexKey[], at: number, context: TransformContext): Value {
  let found = value;
  for (let i = at; i < keys.length; i++) {
    if (isMap(found)) {
      const { text } = keys[i]!.key(context);
      if (!found.has(text)) return undefined;
      found = found.get(text);
    } else if (isList(found)) found = found[keys[i]!.place(context, found.length)];
    else throw new OttlError(`type ${kindOf(found)} does not support string indexing`);
  }
  return found;
}

/** Indexes the result of a converter, where a key that is not there is an error. */
export function indexResult(value: Value, keys: readonly IndexKey[], context: TransformContext): Value {
  let found = value;
  for (const key of keys) {
    const index = key.value(context);
    if (typeof index === 'string') {
      if (!isMap(found)) throw new OttlError(`type ${typeName(found)} does not support string indexing`);
      if (!found.has(index)) throw new OttlError('key not found in map');
      found = found.get(index);
    } else {
      if (!isList(found) && !(found instanceof Uint8Array)) throw new OttlError(`type ${typeName(found)} does not support int indexing`);
      if (index >= found.length || index < 0) throw new OttlError(`index ${index} out of bounds`);
      const element: Value | number = found[index];
      found = found instanceof Uint8Array ? BigInt(element as number) : element;
    }
  }
  return found;
}

/** The value with the place that keys from `at` on lead to set; what the keys need is made. The value itself stays as it was. */
export function withIndexed(value: Value, keys: readonly IndexKey[], at: number, context: TransformContext, inner: Value): Value {
  if (at === keys.length) return inner ?? value;
  const key = keys[at]!;
  if (isMap(value)) return withEntry(value, key.key(context).text, keys, at, context, inner);
  if (isList(value)) {
    const place = key.place(context, value.length);
    return value.with(place, withIndexed(value[place], keys, at + 1, context, inner));
  }
  if (value !== undefined) throw new OttlError(`type ${kindOf(value)} does not support string indexing`);
  const index = key.value(context);
  if (typeof index === 'string') return withEntry(new Map(), index, keys, at, context, inner);
  const list: Value[] = Array.from({ length: Math.max(0, index) }, () => undefined);
  return [...list, withIndexed(undefined, keys, at + 1, context, inner)];
}

function withEntry(map: ValueMap, name: string, keys: readonly IndexKey[], at: number, context: TransformContext, inner: Value): ValueMap {
  return new Map(map).set(name, withIndexed(map.get(name), keys, at + 1, context, inner));
}
