const names: string[] = [];
const numbers = new Map<string, number>();
const lists: FieldList[] = [];

/** Attributes that say the same thing, best first. Made by `fields`. */
export interface FieldList {
  /** The place among all lists. */
  readonly index: number;
  readonly fields: readonly number[];
}

/** The number of an attribute that some dialect reads: the same for the same key. For constants, at module level. */
export function field(key: string): number {
  let number = numbers.get(key);
  if (number === undefined) {
    number = names.push(key) - 1;
    numbers.set(key, number);
  }
  return number;
}

/** Several attributes that say the same thing, best first. For constants, at module level. */
export function fields(...keys: readonly string[]): FieldList {
  const list = { index: lists.length, fields: keys.map(field) };
  lists.push(list);
  return list;
}

/** The keys by number: all that were asked for until now. */
export function fieldNames(): readonly string[] {
  return names;
}

/** All lists by their index. */
export function fieldLists(): readonly FieldList[] {
  return lists;
}

/** The number of a key, -1 when no dialect reads it. */
export function fieldNumber(key: string): number {
  return numbers.get(key) ?? -1;
}
