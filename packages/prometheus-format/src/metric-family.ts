/** The types of metrics that the formats know. What a format lacks is written as its nearest type. */
export type FamilyType = 'counter' | 'gauge' | 'histogram' | 'gaugehistogram' | 'summary' | 'info' | 'stateset' | 'unknown';

/** A label, unescaped. */
export type Label = readonly [name: string, value: string];

/** An example of what a counter or bucket counted. Without labels it is not written in text. */
export interface Exemplar {
  readonly labels: readonly Label[];
  readonly value: number;
  /** Since the epoch; absent when unknown. */
  readonly timestampMs?: number;
}

/** The buckets of one sign of a native histogram. */
export interface NativeBuckets {
  /** Runs of consecutive buckets: offset and length by turns, the offset being the gap to the run before (of the first run: its index). */
  readonly spans: ArrayLike<number>;
  /** The count of each bucket, in the order of the runs. */
  readonly counts: ArrayLike<number>;
}

/** A histogram with exponential buckets, `schema` of them to each doubling, as `2 ** schema`. */
export interface NativeHistogram {
  /** From -4 to 8. */
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly positive: NativeBuckets;
  readonly negative: NativeBuckets;
  readonly exemplars?: readonly Exemplar[];
}

/** A classic histogram, a native one (of which text formats show the count and sum), or both. */
export interface HistogramValue {
  readonly count: number;
  readonly sum: number;
  /** Upper, inclusive bounds in ascending order, without +Inf. */
  readonly bounds: ArrayLike<number>;
  /** For each bound, the observations up to it: cumulative. */
  readonly counts: ArrayLike<number>;
  /** By bucket; that of the bucket +Inf comes last. */
  readonly exemplars?: readonly (Exemplar | undefined)[];
  readonly native?: NativeHistogram;
}

/** A summary: values by quantile. */
export interface SummaryValue {
  readonly count: number;
  readonly sum: number;
  readonly quantiles: ArrayLike<number>;
  readonly values: ArrayLike<number>;
}

/** One series of a family. */
export interface Sample {
  /** In any order; two of the same name are joined with `;`. Empty values are written. */
  readonly labels: readonly Label[];
  /** A number, or a histogram or summary when that is the family's type. */
  readonly value: number | HistogramValue | SummaryValue;
  /** Of counters. */
  readonly exemplar?: Exemplar;
  /** When the value was taken, since the epoch; absent for now. */
  readonly timestampMs?: number;
  /** When the counter, histogram or summary began, since the epoch; may be fractional. */
  readonly createdMs?: number;
}

/** What samples of one name share. */
export interface FamilyHeader {
  /**
   * The name as it is exposed: with the suffixes `_total` of counters and `_info` of infos (OpenMetrics' `# TYPE` leaves them out by itself),
   * without `_bucket`, `_sum` and `_count`.
   */
  readonly name: string;
  readonly type: FamilyType;
  /** Written also when it is empty; left out when it is absent. */
  readonly help?: string;
  /** In words, as in `unitName`. Written only where the formats allow it: when the name ends with it. */
  readonly unit?: string;
}

/** A metric with all its series, as plain objects: for few of them, as a program's own. */
export interface MetricFamily extends FamilyHeader {
  readonly samples: readonly Sample[];
}
