import type { DataPointView } from '@millrace/wire';
import { DogSketch } from './dog-sketch.ts';

/** What is known of the values that a histogram counted since the point before. */
export interface HistogramTotals {
  /** Whether count and sum are known. */
  readonly isOk: boolean;
  readonly count: number;
  readonly sum: number;
  /** Whether the point's minimum is one of these values. */
  readonly hasMin: boolean;
  readonly hasMax: boolean;
}

interface Bucket {
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
}

/**
 * Converts a histogram with explicit bounds: each bucket's count is spread over the keys between its bounds. `countOf` gives what bucket i
 * counted since the point before, if that is known. `undefined` when nothing was counted; throws a `RangeError` on bounds that fall.
 */
export function histogramSketch(
  point: DataPointView,
  totals: HistogramTotals,
  countOf: (index: number) => number | undefined,
): DogSketch | undefined {
  const sketch = new DogSketch();
  let lowest: number | undefined;
  let highest = 0;
  for (const { lower, upper, count } of point.bucketCounts === 0 ? wholeRange(point, totals) : buckets(point, countOf)) {
    if (count <= 0) continue;
    const end = upper === Infinity ? lower : upper;
    // What counts values above zero must not begin at zero, nor at infinity.
    const begin = lower === -Infinity || (lower === 0 && upper > 0) ? end : lower;
    sketch.addBetween(begin, end, count);
    lowest ??= lower;
    highest = upper;
  }
  if (lowest === undefined) return undefined;
  if (totals.isOk && totals.count > 0) {
    sketch.count = totals.count;
    sketch.sum = totals.sum;
    sketch.average = totals.sum / totals.count;
  }
  if (Number.isFinite(lowest)) sketch.min = lowest;
  if (Number.isFinite(highest)) sketch.max = highest;
  const { min, max } = point;
  if (min !== undefined) sketch.min = totals.hasMin ? min : Math.max(min, sketch.min);
  if (max !== undefined) sketch.max = totals.hasMax ? max : Math.min(max, sketch.max);
  return sketch;
}

function* buckets(point: DataPointView, countOf: (index: number) => number | undefined): Iterable<Bucket> {
  for (let i = 0; i < point.bucketCounts; i++) {
    const lower = i === 0 ? -Infinity : point.bound(i - 1);
    const upper = i === point.bounds ? Infinity : point.bound(i);
    yield { lower, upper, count: countOf(i) ?? 0 };
  }
}

/** A histogram without buckets is one between its extreme values. */
function wholeRange(point: DataPointView, { isOk, count, hasMin, hasMax }: HistogramTotals): Bucket[] {
  if (!isOk) return [];
  return [{ lower: hasMin ? point.min! : -Infinity, upper: hasMax ? point.max! : Infinity, count }];
}
