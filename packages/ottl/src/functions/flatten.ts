import { boolLiteral, editor, intLiteral, mapTarget, optional, stringLiteral } from '../function.ts';
import type { FunctionDefinition } from '../function.ts';
import { isList, isMap } from '../value.ts';
import type { Value, ValueMap } from '../value.ts';

/**
 * `flatten(target, prefix?, depth?, resolve_conflicts?)`: what is in maps and lists moves up under keys joined by dots (`a.b`, `a.0`), so many
 * levels deep. Of two with the same key the last stays, or with `resolve_conflicts` the others get numbers.
 */
export const flatten: FunctionDefinition = editor(
  'flatten',
  { target: mapTarget, prefix: optional(stringLiteral), depth: optional(intLiteral), resolve_conflicts: optional(boolLiteral) },
  ({ target, prefix = '', depth, resolve_conflicts: resolves = false }) => {
    if (depth !== undefined && depth < 1n) throw new Error(`invalid depth '${depth}' for flatten function, must be greater than 0`);
    const maxDepth = depth === undefined ? Infinity : Number(depth);
    return (context) => {
      const entries = target.get(context);
      const flat = new Flattening(maxDepth, resolves);
      const start = prefix === '' ? '' : `${prefix}.`;
      for (let slot = entries.first(); slot !== -1; slot = entries.next(slot))
        flat.add(start, entries.keyAt(slot), entries.valueAt(slot), 0);
      entries.replace(flat.result);
      target.set(context, entries);
    };
  },
);

class Flattening {
  readonly result = new Map<string, Value>();
  readonly #conflicts = new Map<string, number>();
  readonly #maxDepth: number;
  readonly #resolves: boolean;

  constructor(maxDepth: number, resolves: boolean) {
    this.#maxDepth = maxDepth;
    this.#resolves = resolves;
  }

  add(prefix: string, key: string, value: Value, depth: number): void {
    const path = prefix + key;
    if (isMap(value) && depth < this.#maxDepth) return this.#addMap(path, value, depth + 1);
    if (!isList(value) || depth >= this.#maxDepth) return this.#put(path, value);
    for (const [i, element] of value.entries()) {
      const isDeeper = depth + 1 < this.#maxDepth;
      if (isMap(element) && isDeeper) this.#addMap(`${path}.${i}`, element, depth + 2);
      // The numbers of a list in a list follow the key without a dot, as in the Collector.
      else if (isList(element) && isDeeper)
        for (const [j, inner] of element.entries()) this.add(`${path}.${i}`, String(j), inner, depth + 3);
      else if (this.#resolves) this.#put(path, element);
      else this.result.set(`${path}.${i}`, element);
    }
  }

  #addMap(path: string, map: ValueMap, depth: number): void {
    for (const [key, value] of map) this.add(path === '' ? '' : `${path}.`, key, value, depth);
  }

  #put(key: string, value: Value): void {
    if (!this.#resolves) return void this.result.set(key, value);
    const conflicts = this.#conflicts.get(key);
    if (!this.result.has(key)) {
      this.#conflicts.set(key, 0);
      this.result.set(key, value);
    } else {
      this.#conflicts.set(key, (conflicts ?? 0) + 1);
      this.result.set(`${key}.${conflicts ?? 0}`, value);
    }
  }
}
