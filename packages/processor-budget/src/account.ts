import type { Money } from '@millrace/genai';
import type { Spend } from './spend.ts';

/** What one combination of values of `by` may spend, and what it spent. */
export class Account {
  /** By the names in `by`, in their order; hashed where that is set. '' stands for a value that is not there. */
  readonly values: readonly string[];
  /** Undefined for the one account of all combinations beyond `max_keys`. */
  readonly limit: Money | undefined;
  /** What it takes to reach each threshold, ascending; none without a limit. */
  readonly at: readonly Money[];
  /** The windows that can still be booked into: one of a rolling window, a few of a calendar. */
  readonly spends: Spend[] = [];
  /** Whether the storage does not have it as it is. */
  dirty = false;
  /** What the metrics said last; undefined: nothing yet. */
  emitted: Money | undefined;

  constructor(values: readonly string[], limit: Money | undefined, thresholds: readonly number[]) {
    this.values = values;
    this.limit = limit;
    this.at = limit === undefined ? [] : thresholds.map((percent) => partOf(limit, percent));
  }

  /** How much of the limit a spend is: 1 for all of it; NaN without a limit. */
  usedRatio(spend: Spend | undefined): number {
    return this.limit === undefined ? Number.NaN : Number(spend?.amount ?? 0n) / Number(this.limit);
  }

  /** How many thresholds a spend reaches. */
  reached(spend: Spend): number {
    let count = 0;
    while (count < this.at.length && spend.amount >= this.at[count]!) count++;
    return count;
  }
}

const percentUnits = 1e6;

/** A percentage of an amount, with six digits of the percentage after the point, rounded up. */
function partOf(limit: Money, percent: number): Money {
  const divisor = 100n * BigInt(percentUnits);
  return (limit * BigInt(Math.round(percent * percentUnits)) + divisor - 1n) / divisor;
}
