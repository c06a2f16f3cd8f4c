import { converter, editor, getter, int, list, listOf, listTarget, optional, stringLiteral, target } from '../function.ts';
import type { FunctionDefinition } from '../function.ts';
import { OttlError } from '../ottl-error.ts';
import { byteIndexOf } from '../text/byte-index.ts';
import { isList, isMap, Opaque, typeName } from '../value.ts';
import type { Value, ValueMap } from '../value.ts';
import { byBytes } from '../values/value-json.ts';
import { valueText } from '../values/value-text.ts';
import { valuesEqual } from '../values/values-equal.ts';

/** `append(target, value?, values?)`: adds to the end of a list; a single value becomes the first of a list. */
const append = editor('append', { target, value: optional(getter), values: optional(listOf(getter)) }, ({ target, value, values }) => {
  if (value === undefined && values === undefined) {
    throw new Error("at least one of the optional arguments ('value' or 'values') must be provided");
  }
  return (context) => {
    const before = target.get(context);
    const all: Value[] = before === undefined ? [] : isList(before) ? [...before] : [before];
    if (value !== undefined) all.push(value(context));
    for (const each of values ?? []) all.push(each(context));
    target.set(context, all);
  };
});

/** `delete_index(target, start, end?)`: removes the elements from a place up to, not including, another; default one. */
const deleteIndex = editor(
  'delete_index',
  { target: listTarget, start_index: int, end_index: optional(int) },
  ({ target, start_index: startIndex, end_index: endIndex }) =>
    (context) => {
      const all = target.get(context);
      const start = startIndex(context);
      const end = endIndex?.(context) ?? start + 1n;
      const size = BigInt(all.length);
      if (start === 0n && end === size) return target.set(context, []);
      if (start < 0n || start >= size) throw new OttlError(`startIndex ${start} out of bounds for slice of length ${size}`);
      if (end < start) throw new OttlError(`endIndex ${end} cannot be less than startIndex ${start}`);
      if (end > size) throw new OttlError(`deletion range [${start}:${end}] out of bounds for slice of length ${size}`);
      target.set(context, all.toSpliced(Number(start), Number(end - start)));
    },
);

/** `ContainsValue(list, item)`: whether an element equals the item. */
const containsValue = converter('ContainsValue', { target: list, item: getter }, ({ target, item }) => (context) => {
  const all = target(context);
  const wanted = item(context);
  return all.some((each) => valuesEqual(each, wanted));
});

/** `Index(target, value)`: where the value is first: the byte in a text, the element in a list; -1 when nowhere. */
const index = converter('Index', { target: getter, value: getter }, ({ target, value }) => (context) => {
  const whole = target(context);
  const wanted = value(context);
  if (typeof whole === 'string') {
    if (typeof wanted !== 'string') throw new OttlError('invalid value type for Index function, value must be a string');
    return BigInt(byteIndexOf(whole, wanted));
  }
  if (!isList(whole)) throw new OttlError(`expected pcommon.Slice but got ${whole === undefined ? 'nil' : typeName(whole)}`);
  return BigInt(whole.findIndex((each) => valuesEqual(each, wanted)));
});

const countable =
  'target arg must be of type string, []any, map[string]any, pcommon.Map, pcommon.Slice, pcommon.Value (of type String, Map, Slice) or a supported slice type from the plog, pmetric or ptrace packages';

/** `Len(value)`: the bytes of a text, the elements of a list, the entries of a map. */
const len = converter('Len', { target: getter }, ({ target }) => (context) => {
  const value = target(context);
  if (typeof value === 'string') return BigInt(Buffer.byteLength(value));
  if (isList(value) || value instanceof Uint8Array) return BigInt(value.length);
  if (isMap(value)) return BigInt(value.size);
  if (value instanceof Opaque && value.size !== undefined) return BigInt(value.size);
  throw new OttlError(`Len: unsupported target type ${typeName(value)}. ${countable}`);
});

/** `Sort(list, order?)`: `asc` or `desc`; numbers as numbers, anything with a text or bool in it by text. Lists with other values stay as they are. */
const sort = converter('Sort', { target: getter, order: optional(stringLiteral) }, ({ target, order = 'asc' }) => {
  if (order !== 'asc' && order !== 'desc') throw new Error(`invalid arguments: ${order}. Order should be either "asc" or "desc"`);
  const sign = order === 'asc' ? 1 : -1;
  return (context) => {
    const all = target(context);
    if (!isList(all)) throw new OttlError(`sort with unsupported type: '${typeName(all)}'. Target is not a list`);
    const compare = comparison(all);
    if (compare === undefined) return all;
    // Wrapped, since JavaScript sorts undefined last whatever the order.
    return all
      .map((value) => ({ value }))
      .sort((a, b) => sign * compare(a.value, b.value))
      .map(({ value }) => value);
  };
});

function comparison(all: readonly Value[]): ((a: Value, b: Value) => number) | undefined {
  let hasText = false;
  for (const { type } of all.map((value) => ({ type: typeof value }))) {
    if (type === 'object') return undefined;
    hasText ||= type !== 'bigint' && type !== 'number';
  }
  if (hasText) return (a, b) => byBytes(valueText(a), valueText(b));
  return all.every((value) => typeof value === 'bigint') ? byIntegers : byNumbers;
}

function byIntegers(a: Value, b: Value): number {
  return a! < b! ? -1 : a! > b! ? 1 : 0;
}

/** Not-a-number comes first. */
function byNumbers(a: Value, b: Value): number {
  const [left, right] = [Number(a), Number(b)];
  if (Number.isNaN(left)) return Number.isNaN(right) ? 0 : -1;
  return Number.isNaN(right) ? 1 : left - right || 0;
}

/** `SliceToMap(list, key_path?, value_path?)`: the elements, or what is in them at a path, under their numbers or what is in them at another path. */
const sliceToMap = converter(
  'SliceToMap',
  { target: list, key_path: optional(listOf(stringLiteral)), value_path: optional(listOf(stringLiteral)) },
  ({ target, key_path: keyPath, value_path: valuePath }) =>
    (context) => {
      const result = new Map<string, Value>();
      for (const [i, element] of target(context).entries()) {
        if ((keyPath !== undefined || valuePath !== undefined) && !isMap(element)) {
          throw new OttlError(
            `slice elements must be maps when using \`key_path\` or \`value_path\`, but could not cast element of type \`${valueKind(element)}\` to a map`,
          );
        }
        const key = keyPath === undefined ? String(i) : at(element as ValueMap, keyPath, `could not extract key from element ${i}`);
        if (typeof key !== 'string') {
          throw new OttlError(`element ${i}: extracted key attribute is not of type string, got ${JSON.stringify(valueKind(key))}`);
        }
        result.set(
          key,
          valuePath === undefined ? element : at(element as ValueMap, valuePath, `could not extract value from element ${i}`),
        );
      }
      return result;
    },
);

function at(map: ValueMap, path: readonly string[], problem: string): Value {
  if (path.length === 0) throw new OttlError(`${problem}: must provide at least one path item`);
  let value: Value = map;
  for (const [i, key] of path.entries()) {
    if (!isMap(value) || !value.has(key)) {
      throw new OttlError(`${problem}: provided object does not contain the path [${path.slice(isMap(value) ? i : i - 1).join(' ')}]`);
    }
    value = value.get(key);
  }
  return value;
}

/** What `pcommon.ValueType` calls it. */
function valueKind(value: Value): string {
  if (value === undefined) return 'Empty';
  if (value instanceof Uint8Array) return 'Bytes';
  if (isList(value)) return 'Slice';
  if (isMap(value)) return 'Map';
  return { string: 'Str', bigint: 'Int', number: 'Double', boolean: 'Bool' }[typeof value as string] ?? typeName(value);
}

/** Functions of lists. */
export const listFunctions: readonly FunctionDefinition[] = [append, deleteIndex, containsValue, index, len, sort, sliceToMap];
