import type { ByteSink } from './byte-sink.ts';
import type { Exemplar, FamilyHeader, HistogramValue, SummaryValue } from './metric-family.ts';
import type { ExpositionFormat } from './negotiate.ts';
import type { EncodedLabels } from './labels.ts';
import { JsonWriter } from './json-writer.ts';
import { ProtobufWriter } from './protobuf-writer.ts';
import { TextWriter } from './text-writer.ts';

/** What a writer can do beyond the usual. */
export interface ExpositionOptions {
  /** Whether OpenMetrics text has `_created` samples, which servers that do not know them store as series. Default false. */
  readonly createdSamples?: boolean;
}

/** What a sample may have besides its value. Times are since the epoch; NaN when there is none. */
export interface SampleTimes {
  readonly timestampMs: number;
  readonly createdMs: number;
}

/**
 * Writes one exposition into its sink: families one after the other, in each its samples, `end` last. Labels are encoded text as
 * `encodeLabels` makes it, so that a series can keep them. Nothing is checked: names and label sets are to be different from each other.
 */
export interface ExpositionWriter {
  readonly sink: ByteSink;
  beginFamily(header: FamilyHeader): void;
  /** A counter, gauge, info, state or unknown. */
  number(labels: EncodedLabels, value: number, times: SampleTimes, exemplar?: Exemplar): void;
  histogram(labels: EncodedLabels, value: HistogramValue, times: SampleTimes): void;
  summary(labels: EncodedLabels, value: SummaryValue, times: SampleTimes): void;
  endFamily(): void;
  end(): void;
}

/** A writer of a format into a sink. */
export function createWriter(format: ExpositionFormat, sink: ByteSink, options: ExpositionOptions = {}): ExpositionWriter {
  switch (format.kind) {
    case 'protobuf':
      return new ProtobufWriter(sink, format.escaping);
    case 'json':
      return new JsonWriter(sink, format.escaping);
    default:
      return new TextWriter(sink, format, options.createdSamples ?? false);
  }
}
