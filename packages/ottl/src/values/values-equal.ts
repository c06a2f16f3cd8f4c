import { Duration, Time } from '../time.ts';
import { Id, isList, isMap } from '../value.ts';
import type { Value } from '../value.ts';

/** Whether `==` holds: ints and floats are compared as floats, values of other types are never equal to each other. */
export function valuesEqual(a: Value, b: Value): boolean {
  if (typeof a === 'bigint' && typeof b === 'number') return Number(a) === b;
  if (typeof a === 'number' && typeof b === 'bigint') return a === Number(b);
  return identical(a, b);
}

/** Whether two values, lists and maps at any depth, are of one type and equal: an int is no float. */
export function identical(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object') return false;
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  if (isList(a)) return isList(b) && a.length === b.length && a.every((item, i) => identical(item, b[i]));
  if (isMap(a)) {
    if (!isMap(b) || a.size !== b.size) return false;
    for (const [key, value] of a) if (!b.has(key) || !identical(value, b.get(key))) return false;
    return true;
  }
  if (a instanceof Time) return b instanceof Time && a.unixNanos === b.unixNanos;
  if (a instanceof Duration) return b instanceof Duration && a.nanos === b.nanos;
  return a instanceof Id && b instanceof Id && a.kind === b.kind && a.hex === b.hex;
}
