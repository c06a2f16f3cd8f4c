import type { HistogramPoint } from '@millrace/timeseries';

/** Whether two points cannot be compared bucket by bucket. */
export function bucketsDiffer(a: HistogramPoint, b: HistogramPoint): boolean {
  return a.counts.length !== b.counts.length || a.bounds.length !== b.bounds.length || a.bounds.some((bound, i) => bound !== b.bounds[i]);
}

/** What was added between two points with the same buckets. */
export function histogramDelta(value: HistogramPoint, before: HistogramPoint): HistogramPoint {
  const counts = value.counts.map((count, i) => count - before.counts[i]!);
  return { count: value.count - before.count, sum: value.sum - before.sum, counts, bounds: value.bounds };
}
