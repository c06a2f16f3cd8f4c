import type { HistogramSample } from '@millrace/api';

/** What matters of a histogram in a test. */
export interface NativeOptions {
  readonly schema?: number;
  /** Of the positive buckets from `offset` on, which is 1: from 1 to 2 in schema 0. */
  readonly counts?: readonly number[];
  readonly offset?: number;
  readonly negative?: readonly number[];
  readonly zeroCount?: number;
  readonly zeroThreshold?: number;
  readonly sum?: number;
  /** More than are in the buckets: the others were NaN. */
  readonly count?: number;
  readonly bounds?: readonly number[];
  readonly gauge?: boolean;
}

/** A native histogram. */
export function native({
  schema = 0,
  counts = [],
  offset = 1,
  negative = [],
  zeroCount = 0,
  zeroThreshold = 0.001,
  sum = 0,
  count,
  bounds,
  gauge = false,
}: NativeOptions): HistogramSample {
  const total = [...counts, ...negative, zeroCount].reduce((a, b) => a + b, 0);
  return {
    schema: bounds === undefined ? schema : -53,
    zeroThreshold: bounds === undefined ? zeroThreshold : 0,
    zeroCount,
    count: count ?? total,
    sum,
    positive: { spans: [bounds === undefined ? offset : 0, counts.length], counts },
    negative: { spans: [1, negative.length], counts: negative },
    ...(bounds === undefined ? {} : { customBounds: bounds }),
    ...(gauge ? { gauge } : {}),
  };
}
