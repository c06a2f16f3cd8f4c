import type { DataPointView } from '@millrace/wire';

/** The numbers of a histogram data point. */
export interface HistogramPoint {
  readonly count: bigint;
  sum: number;
  readonly counts: BigUint64Array;
  readonly bounds: Float64Array;
}

/** Numbers of fields of `HistogramDataPoint`. */
const fields = { count: 4, sum: 5, bucketCounts: 6, explicitBounds: 7, min: 11, max: 12 } as const;

/** Reads a histogram point. Without a sum it is 0. */
export function readHistogram(point: DataPointView): HistogramPoint {
  const counts = new BigUint64Array(point.bucketCounts);
  for (let i = 0; i < counts.length; i++) counts[i] = point.bucketCount(i);
  const bounds = new Float64Array(point.bounds);
  for (let i = 0; i < bounds.length; i++) bounds[i] = point.bound(i);
  return { count: point.count, sum: point.sum ?? 0, counts, bounds };
}

/** Puts the numbers into a point. A sum only where it has one; minimum and maximum go. */
export function writeHistogram(point: DataPointView, { count, sum, counts }: HistogramPoint): void {
  const edit = point.fields;
  const had = point.sum;
  edit.setFixed64(fields.count, count);
  if (had !== undefined && !Number.isNaN(had)) edit.setDouble(fields.sum, sum);
  if (counts.length > 0) edit.setBytes(fields.bucketCounts, new Uint8Array(counts.buffer, counts.byteOffset, counts.byteLength));
  edit.remove(fields.min, 1);
  edit.remove(fields.max, 1);
}
