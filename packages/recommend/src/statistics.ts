import type { Saving } from './recommendation.ts';

const monthDays = 30;

/** Sums of rows by a key, in the order of the keys. */
export function grouped<T>(rows: Iterable<T>, keyOf: (row: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return new Map([...groups].sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function sum<T>(rows: Iterable<T>, of: (row: T) => number | undefined): number {
  let total = 0;
  for (const row of rows) total += of(row) ?? 0;
  return total;
}

export function mean(values: readonly number[]): number {
  return sum(values, (value) => value) / values.length;
}

/** The standard deviation of a sample by its mean; 0 for less than two values and for a mean of zero. */
export function variation(values: readonly number[]): number {
  const middle = mean(values);
  if (values.length < 2 || middle === 0) return 0;
  return Math.sqrt(sum(values, (value) => (value - middle) ** 2) / (values.length - 1)) / Math.abs(middle);
}

/** Laplace's rule of succession: the confidence after `held` of `tried` trials held. */
export function succession(held: number, tried: number): number {
  return (held + 1) / (tried + 2);
}

/** The share of trials in which it still holds when one of the rows is left out, by the rule of succession. */
export function withoutEach<T>(rows: readonly T[], holds: (rows: readonly T[]) => boolean): number {
  const held = rows.filter((_, left) => holds(rows.filter((__, i) => i !== left))).length;
  return succession(held, rows.length);
}

/**
 * What daily savings are in 30 days. The range is of two things: the 95 % interval of their mean, and from `lowest` to `highest` of the estimate, as nobody
 * knows how well the advice works.
 */
export function monthly(daily: readonly number[], lowest: number, highest: number): Saving {
  const middle = mean(daily);
  const margin = (1.96 * variation(daily) * Math.abs(middle)) / Math.sqrt(daily.length);
  return {
    estimate: middle * monthDays,
    low: Math.max(0, middle - margin) * monthDays * lowest,
    high: (middle + margin) * monthDays * highest,
  };
}
