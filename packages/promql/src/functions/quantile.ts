import { goNumber } from '@millrace/prometheus-format';
import type { Annotations } from '../annotations.ts';

/**
 * The quantile of `size` numbers in ascending order that come after `nans` times NaN: between two of them by their distance. NaN for none or a
 * quantile that is NaN, infinite for one that is not from 0 to 1.
 */
export function quantileOfSorted(q: number, sorted: ArrayLike<number>, size: number, nans: number): number {
  const count = size + nans;
  if (count === 0 || Number.isNaN(q)) return Number.NaN;
  if (q < 0) return -Infinity;
  if (q > 1) return Infinity;
  const rank = q * (count - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(count - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  const at = (index: number): number => (index < nans ? Number.NaN : sorted[index - nans]!);
  return at(lower) * (1 - weight) + at(upper) * weight;
}

/** Says that a quantile is not from 0 to 1. */
export function warnQuantile(annotations: Annotations, q: number, index: number): void {
  annotations.warn(`quantile value should be between 0 and 1, got ${goNumber(q)}`, index);
}
