import { Duration, Time } from '../time.ts';
import type { Value } from '../value.ts';
import type { Comparator } from '../syntax/syntax-tree.ts';
import { identical } from '../values/values-equal.ts';

/** Compares two values by the rules of the language: different types are unequal and have no order, numbers compare as numbers, nil equals nil alone. */
export function compare(a: Value, b: Value, operator: Comparator): boolean {
  const order = orderOf(a, b);
  switch (operator) {
    case '==':
      return order === 0;
    case '!=':
      return order !== 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    default:
      return order >= 0;
  }
}

/** Negative, 0 or positive; NaN where there is no order (and the values are not equal). */
function orderOf(a: Value, b: Value): number {
  if (typeof a !== 'object' || typeof b !== 'object') return orderOfPrimitives(a, b);
  if (a instanceof Uint8Array) return b instanceof Uint8Array ? Buffer.compare(a, b) : Number.NaN;
  if (a instanceof Time) return b instanceof Time ? orderOfNumbers(a.unixNanos, b.unixNanos) : Number.NaN;
  if (a instanceof Duration) return b instanceof Duration ? orderOfNumbers(a.nanos, b.nanos) : Number.NaN;
  return identical(a, b) ? 0 : Number.NaN;
}

function orderOfPrimitives(a: Value, b: Value): number {
  if (typeof a === 'string') return typeof b === 'string' ? (a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b))) : Number.NaN;
  if (typeof a === 'bigint') {
    if (typeof b === 'bigint') return orderOfNumbers(a, b);
    return typeof b === 'number' ? orderOfNumbers(Number(a), b) : Number.NaN;
  }
  if (typeof a === 'number') return typeof b === 'number' || typeof b === 'bigint' ? orderOfNumbers(a, Number(b)) : Number.NaN;
  if (typeof a === 'boolean') return typeof b === 'boolean' ? Number(a) - Number(b) : Number.NaN;
  return a === b ? 0 : Number.NaN;
}

function orderOfNumbers(a: number | bigint, b: number | bigint): number {
  return a < b ? -1 : a > b ? 1 : a === b ? 0 : Number.NaN;
}
