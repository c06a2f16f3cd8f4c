import type { Exemplar, FamilyType, Label, NativeHistogram } from '@millrace/prometheus-format';
import type { ByteWriter } from '@millrace/wire';

/** Where names that are put in later belong among encoded labels, which are sorted by name; in bytes from their start. */
export interface LabelSplits {
  name: number;
  le: number;
  quantile: number;
}

/** Encoded labels: a range of bytes, and where the name and one more label belong in it. Reused. */
export interface LabelRange {
  source: ByteWriter;
  start: number;
  end: number;
  /** Positions in `source`. */
  nameAt: number;
  leAt: number;
  quantileAt: number;
}

/** What a histogram is sent as: a native histogram with exponential or, when there are bounds, custom buckets. */
export interface EncodedHistogram extends NativeHistogram {
  readonly count: number;
  readonly sum: number;
  readonly bounds?: ArrayLike<number>;
  readonly isStale: boolean;
}

/** What the samples of a metric share. `N` is how the encoder keeps a name. */
export interface MetricHeader<N> {
  readonly name: N;
  readonly type: FamilyType;
  readonly help: N;
  readonly unit: N;
}

/** Which of the labels that vary within a point is meant. */
export type ExtraLabel = 'le' | 'quantile';

/**
 * Writes the series of one version of remote write. Names and labels are encoded once and put together for every sample; `N` is an encoded
 * name, `E` an encoded label.
 */
export interface Encoder<N, E> {
  /** The name of a metric. */
  name(text: string): N;
  /** A text of a metric's metadata. */
  text(text: string): N;
  /** The label of a bucket or quantile. */
  extra(label: ExtraLabel, value: string): E;
  /** Appends labels, sorted by name, which are without those that are put in later. */
  labels(labels: readonly Label[], into: ByteWriter): LabelSplits;
  /** Starts a batch, whose series go into `writer`. */
  begin(writer: ByteWriter): void;
  /** Adds an exemplar to the next series. */
  exemplar(exemplar: Exemplar): void;
  /** Adds a native histogram to the next series. */
  histogram(histogram: EncodedHistogram, timeMs: number, startMs: number): void;
  /** Writes a series with one sample. */
  sample(
    metric: MetricHeader<N>,
    name: N,
    labels: LabelRange,
    extra: E | undefined,
    extraAt: number,
    value: number,
    isStale: boolean,
    timeMs: number,
    startMs: number,
  ): void;
  /** Writes a series with the histogram that was added. */
  histogramSeries(metric: MetricHeader<N>, labels: LabelRange): void;
  /** What every request of the batch needs besides series. */
  shared(): Buffer;
  /** The metadata of a metric, as it is sent beside series; undefined when it is in the series. */
  metadata(family: string, type: FamilyType, help: string, unit: string): Buffer | undefined;
  /** Bytes of what is kept; forgotten by making a new encoder. */
  readonly keptBytes: number;
}
