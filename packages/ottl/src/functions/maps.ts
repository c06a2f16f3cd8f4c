import { Key } from '@millrace/wire';
import { boolLiteral, converter, editor, intLiteral, listOf, map, mapTarget, optional, string, stringLiteral } from '../function.ts';
import type { FunctionDefinition } from '../function.ts';
import { keyOf } from '../getter.ts';
import { firstBytes } from '../text/byte-index.ts';
import { valueText } from '../values/value-text.ts';
import { regexOf } from './regex-of.ts';

/** `delete_key(target, key)`: removes an entry. */
const deleteKey = editor('delete_key', { target: mapTarget, key: string }, ({ target, key }) => {
  const keyGetter = keyOf(key);
  return (context) => {
    const entries = target.get(context);
    if (entries.delete(keyGetter(context))) target.set(context, entries);
  };
});

/** `delete_matching_keys(target, pattern)`: removes the entries whose keys match an expression. */
const deleteMatchingKeys = keyFilter('delete_matching_keys', true);

/** `keep_matching_keys(target, pattern)`: removes the entries whose keys do not match an expression. */
const keepMatchingKeys = keyFilter('keep_matching_keys', false);

function keyFilter(name: string, deletesMatches: boolean): FunctionDefinition {
  return editor(name, { target: mapTarget, pattern: string }, ({ target, pattern }) => {
    const regex = regexOf(name, pattern);
    return (context) => {
      const expression = regex(context);
      const entries = target.get(context);
      for (let slot = entries.first(); slot !== -1; slot = entries.next(slot)) {
        if (expression.test(entries.keyAt(slot)) === deletesMatches) entries.deleteAt(slot);
      }
      target.set(context, entries);
    };
  });
}

/** `keep_keys(target, keys)`: removes every other entry. */
const keepKeys = editor('keep_keys', { target: mapTarget, keys: listOf(string) }, ({ target, keys }) => {
  const constant = keys.every((key) => key.literal !== undefined) ? new Set(keys.map((key) => key.literal!.value)) : undefined;
  return (context) => {
    const entries = target.get(context);
    const kept = constant ?? new Set(keys.map((key) => key(context)));
    for (let slot = entries.first(); slot !== -1; slot = entries.next(slot)) if (!kept.has(entries.keyAt(slot))) entries.deleteAt(slot);
    target.set(context, entries);
  };
});

/** `limit(target, limit, priority_keys)`: removes what is beyond so many entries; the priority keys stay. */
const limit = editor(
  'limit',
  { target: mapTarget, limit: intLiteral, priority_keys: listOf(stringLiteral) },
  ({ target, limit, priority_keys: priorityKeys }) => {
    if (limit < 0n) throw new Error(`invalid limit for limit function, ${limit} cannot be negative`);
    if (limit < priorityKeys.length) {
      throw new Error(
        `invalid limit for limit function, ${limit} cannot be less than number of priority attributes ${priorityKeys.length}`,
      );
    }
    const max = Number(limit);
    const prepared = priorityKeys.map((key) => new Key(key));
    const priority = new Set(priorityKeys);
    return (context) => {
      const entries = target.get(context);
      if (entries.size <= max) return;
      let count = 0;
      for (const key of prepared) if (entries.has(key)) count++;
      for (let slot = entries.first(); slot !== -1; slot = entries.next(slot)) {
        if (priority.has(entries.keyAt(slot))) continue;
        if (count < max) count++;
        else entries.deleteAt(slot);
      }
      target.set(context, entries);
    };
  },
);

/** `merge_maps(target, source, strategy)`: sets the source's entries: `insert` those that are not there, `update` those that are, `upsert` all. */
const mergeMaps = editor('merge_maps', { target: mapTarget, source: map, strategy: stringLiteral }, ({ target, source, strategy }) => {
  if (strategy !== 'insert' && strategy !== 'update' && strategy !== 'upsert') {
    throw new Error(`invalid value for strategy, ${strategy}, must be 'insert', 'update' or 'upsert'`);
  }
  const keyFor = keyCache();
  return (context) => {
    const entries = target.get(context);
    for (const [name, value] of source(context)) {
      const key = keyFor(name);
      if (strategy === 'upsert' || entries.has(key) === (strategy === 'update')) entries.set(key, value);
    }
    target.set(context, entries);
  };
});

const maxCachedKeys = 1000;

/** Makes keys of texts, of which the same ones come again and again. */
function keyCache(): (text: string) => Key {
  const known = new Map<string, Key>();
  return (text) => {
    let key = known.get(text);
    if (key === undefined) {
      if (known.size >= maxCachedKeys) known.clear();
      known.set(text, (key = new Key(text)));
    }
    return key;
  };
}

/** `Keys(map)`: the keys in order. */
const keys = converter('Keys', { target: map }, ({ target }) => (context) => [...target(context).keys()]);

/** `Values(map)`: the values in the order of their keys. */
const values = converter('Values', { target: map }, ({ target }) => (context) => [...target(context).values()]);

/** `stringify_all(target)`: makes every value a text. */
const stringifyAll = editor('stringify_all', { target: mapTarget }, ({ target }) => (context) => {
  const entries = target.get(context);
  for (let slot = entries.first(); slot !== -1; slot = entries.next(slot)) {
    const value = entries.valueAt(slot);
    if (typeof value !== 'string') entries.setAt(slot, valueText(value));
  }
  target.set(context, entries);
});

/** `truncate_all(target, limit, utf8_safe?)`: cuts texts to so many bytes; with `utf8_safe`, the default, at the end of a character. */
const truncateAll = editor(
  'truncate_all',
  { target: mapTarget, limit: intLiteral, utf8_safe: optional(boolLiteral) },
  ({ target, limit, utf8_safe: whole = true }) => {
    if (limit < 0n) throw new Error(`invalid limit for truncate_all function, ${limit} cannot be negative`);
    const maxBytes = Number(limit);
    return (context) => {
      const entries = target.get(context);
      for (let slot = entries.first(); slot !== -1; slot = entries.next(slot)) {
        const text = entries.stringAt(slot);
        if (text === undefined) continue;
        const cut = firstBytes(text, maxBytes, whole);
        if (cut !== text) entries.setAt(slot, cut);
      }
      target.set(context, entries);
    };
  },
);

/** Functions of maps. */
export const mapFunctions: readonly FunctionDefinition[] = [
  deleteKey,
  deleteMatchingKeys,
  keepKeys,
  keepMatchingKeys,
  keys,
  limit,
  mergeMaps,
  stringifyAll,
  truncateAll,
  values,
];
