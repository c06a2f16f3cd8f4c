import type { Extension } from './factory.ts';

/** What one label of a series must be, as in a PromQL selector. An absent label is the empty text. */
export interface LabelMatcher {
  /** `__name__` for the name of the metric. */
  readonly name: string;
  /** `=~` and `!~` match a regular expression (RE2) against the whole value. */
  readonly operator: '=' | '!=' | '=~' | '!~';
  readonly value: string;
}

/** The buckets of one sign of a `HistogramSample`. */
export interface SampleBuckets {
  /** Runs of consecutive buckets: offset and length by turns, the offset being the gap to the run before (of the first run: its index). */
  readonly spans: ArrayLike<number>;
  /** The count of each bucket by itself, in the order of the runs. */
  readonly counts: ArrayLike<number>;
}

/** A native histogram at one time, cumulative unless `gauge`, as Prometheus's `FloatHistogram`. */
export interface HistogramSample {
  /** From -4 to 8, or -53 for `customBounds`. */
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly count: number;
  readonly sum: number;
  readonly positive: SampleBuckets;
  readonly negative: SampleBuckets;
  /** Of schema -53: the upper, inclusive bounds in ascending order, without +Inf. */
  readonly customBounds?: ArrayLike<number>;
  /** True: it may fall, and its falling is no reset. */
  readonly gauge?: boolean;
}

/** The samples of one series, oldest first, one for each time. */
export interface SeriesSamples {
  /** Sorted by name (UTF-16 code units), `__name__` among them, none empty. */
  readonly labels: readonly (readonly [name: string, value: string])[];
  /** Since the epoch. */
  readonly timestampsMs: Float64Array;
  /** A staleness marker is the NaN of the bits 0x7ff0000000000002; it is told from other NaNs by its bits only. */
  readonly values: Float64Array;
  /** By index: where one is defined it is the sample, and the value of that index means nothing. Absent: all are numbers. */
  readonly histograms?: readonly (HistogramSample | undefined)[];
}

/** Which series, and when. */
export interface SeriesSelection {
  /** All must hold. At least one of them does not match the empty text. */
  readonly matchers: readonly LabelMatcher[];
  /** Inclusive, since the epoch. */
  readonly startMs: number;
  /** Inclusive, since the epoch. */
  readonly endMs: number;
  /** The resolution that suffices: a source with rollups may answer from one that is at most as coarse. Absent: raw samples. */
  readonly stepMs?: number;
  /** Aborts the reading. */
  readonly signal?: AbortSignal;
}

/** What is known of a metric by its name. */
export interface MetricMetadata {
  readonly type: 'counter' | 'gauge' | 'histogram' | 'gaugehistogram' | 'summary' | 'info' | 'stateset' | 'unknown';
  readonly help: string;
  readonly unit: string;
}

/** The exemplars of one series, oldest first. */
export interface SeriesExemplars {
  readonly labels: SeriesSamples['labels'];
  readonly exemplars: readonly { readonly labels: SeriesSamples['labels']; readonly value: number; readonly timestampMs: number }[];
}

/** Stored metrics, by the names and labels that exporter `prometheus` gives them. Rejects with a `PipelineError`; its readers never block its writers. */
export interface MetricSource {
  /** Series by series, in the order of their labels; those without a sample in the range are left out. */
  select(selection: SeriesSelection): AsyncIterable<SeriesSamples>;
  /** The labels of the series that match any of `selectors` (all series when it is empty) and may have samples in the range. */
  series(selectors: readonly (readonly LabelMatcher[])[], startMs: number, endMs: number): Promise<readonly SeriesSamples['labels'][]>;
  /** By the name of the metric; of `metric` alone when it is given. */
  metadata(metric?: string): Promise<ReadonlyMap<string, MetricMetadata>>;
  exemplars(selection: SeriesSelection): Promise<readonly SeriesExemplars[]>;
}

/** An extension whose metrics can be asked for, such as `history`. */
export interface MetricSourceExtension extends Extension {
  /** After its start. */
  readonly metrics: MetricSource;
}

/** Whether an extension has metrics that can be asked for. For `Host.extension`. */
export function isMetricSource(extension: unknown): extension is MetricSourceExtension {
  return typeof (extension as Partial<MetricSourceExtension> | undefined)?.metrics?.select === 'function';
}
