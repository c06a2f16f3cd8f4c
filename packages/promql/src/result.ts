import type { Histogram } from './histogram/histogram.ts';
import type { Labels } from './labels.ts';

/** A series of a result: its numbers and its native histograms, each with their times since the epoch. */
export interface ResultSeries {
  readonly labels: Labels;
  readonly timesMs: Float64Array;
  readonly values: Float64Array;
  readonly histogramTimesMs: readonly number[];
  readonly histograms: readonly Histogram[];
}

/** One sample of an instant vector. */
export interface ResultSample {
  readonly labels: Labels;
  readonly value: number | Histogram;
}

/** What a query gives. */
export type QueryData =
  | { readonly type: 'matrix'; readonly series: readonly ResultSeries[] }
  | { readonly type: 'vector'; readonly timeMs: number; readonly samples: readonly ResultSample[] }
  | { readonly type: 'scalar'; readonly timeMs: number; readonly value: number }
  | { readonly type: 'string'; readonly timeMs: number; readonly value: string };

/** What a query gives, and what there is to say about it. */
export interface QueryResult {
  readonly data: QueryData;
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
}
