import type { DataPointView } from '@millrace/wire';
import type { SummaryValue } from './metric-family.ts';

/** A summary: one value for each quantile, in order. */
export class SummaryState {
  readonly summary: SummaryValue;

  /** Bytes of memory, roughly. */
  get sizeBytes(): number {
    return 200 + this.summary.quantiles.length * 16;
  }

  constructor(point: DataPointView) {
    const values = new Map<number, number>();
    for (let i = 0; i < point.quantiles.size; i++) {
      const { quantile, value } = point.quantiles.at(i);
      values.set(quantile, value);
    }
    const sorted = [...values].toSorted(([a], [b]) => a - b);
    this.summary = {
      count: Number(point.count),
      sum: point.sum ?? 0,
      quantiles: sorted.map(([quantile]) => quantile),
      values: sorted.map(([, value]) => value),
    };
  }
}
