import protobuf from 'protobufjs';
import { uncompress } from 'snappyjs';

/**
 * The messages of remote write, from the .proto files of Prometheus. Doubles are read as their bits, so that the NaN that marks the end of a
 * series can be told from others.
 */
const schema = `
syntax = "proto3";
message WriteRequest { repeated TimeSeries timeseries = 1; repeated MetricMetadata metadata = 3; }
message TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; repeated Exemplar exemplars = 3; repeated Histogram histograms = 4; }
message Label { string name = 1; string value = 2; }
message Sample { fixed64 value = 1; int64 timestamp = 2; int64 start_timestamp = 3; }
message Exemplar { repeated Label labels = 1; fixed64 value = 2; int64 timestamp = 3; }
message MetricMetadata { int32 type = 1; string metric_family_name = 2; string help = 4; string unit = 5; }
message BucketSpan { sint32 offset = 1; uint32 length = 2; }
message Histogram {
  uint64 count_int = 1; fixed64 sum = 3; sint32 schema = 4; fixed64 zero_threshold = 5; uint64 zero_count_int = 6;
  repeated BucketSpan negative_spans = 8; repeated sint64 negative_deltas = 9;
  repeated BucketSpan positive_spans = 11; repeated sint64 positive_deltas = 12;
  int32 reset_hint = 14; int64 timestamp = 15; repeated double custom_values = 16; int64 start_timestamp = 17;
}
message Request { repeated string symbols = 4; repeated TimeSeries2 timeseries = 5; }
message TimeSeries2 {
  repeated uint32 labels_refs = 1; repeated Sample samples = 2; repeated Histogram histograms = 3; repeated Exemplar2 exemplars = 4;
  Metadata metadata = 5;
}
message Exemplar2 { repeated uint32 labels_refs = 1; fixed64 value = 2; int64 timestamp = 3; }
message Metadata { int32 type = 1; uint32 help_ref = 3; uint32 unit_ref = 4; }
`;

const { root } = protobuf.parse(schema, { keepCase: true });

type Bits = { toString(): string };
type Labels = Record<string, string>;
interface RawSpan {
  readonly offset: number;
  readonly length: number;
}
interface RawHistogram {
  readonly count_int: Bits;
  readonly sum: Bits;
  readonly schema: number;
  readonly zero_threshold: Bits;
  readonly zero_count_int: Bits;
  readonly negative_spans: RawSpan[];
  readonly negative_deltas: Bits[];
  readonly positive_spans: RawSpan[];
  readonly positive_deltas: Bits[];
  readonly timestamp: Bits;
  readonly custom_values: number[];
  readonly start_timestamp: Bits;
}
interface RawSeries {
  readonly labels?: { name: string; value: string }[];
  readonly labels_refs?: number[];
  readonly samples: { value: Bits; timestamp: Bits; start_timestamp: Bits }[];
  readonly histograms: RawHistogram[];
  readonly exemplars: { labels?: { name: string; value: string }[]; labels_refs?: number[]; value: Bits; timestamp: Bits }[];
  readonly metadata?: { type: number; help_ref: number; unit_ref: number };
}
interface RawRequest {
  readonly timeseries: RawSeries[];
  readonly symbols?: string[];
  readonly metadata?: { type: number; metric_family_name: string; help: string; unit: string }[];
}

/** A value of a series; `stale` for the NaN that ends it. */
export type Value = number | 'stale';

/** A native histogram, with its counts by bucket. */
export interface ReadHistogram {
  readonly count: number;
  readonly sum: Value;
  readonly schema: number;
  readonly zeroThreshold: Value;
  readonly zeroCount: number;
  readonly positive: Record<number, number>;
  readonly negative: Record<number, number>;
  readonly bounds: number[];
  readonly timestamp: number;
  readonly start: number;
}

/** A series as it came. */
export interface ReadSeries {
  readonly labels: Labels;
  /** The names of the labels as they came. */
  readonly names: string[];
  readonly samples: { value: Value; timestamp: number; start: number }[];
  readonly histograms: ReadHistogram[];
  readonly exemplars: { labels: Labels; value: Value; timestamp: number }[];
  /** Only in version 2. */
  readonly metadata?: { type: number; help: string; unit: string };
}

/** A request as it came. */
export interface ReadRequest {
  readonly series: ReadSeries[];
  /** Only in version 1. */
  readonly metadata: { type: number; family: string; help: string; unit: string }[];
  readonly sizeBytes: number;
}

const staleBits = 0x7ff0_0000_0000_0002n;

function valueOf(bits: Bits): Value {
  const whole = BigInt.asUintN(64, BigInt(bits.toString()));
  if (whole === staleBits) return 'stale';
  return new Float64Array(new BigUint64Array([whole]).buffer)[0]!;
}

const numberOf = (bits: Bits): number => Number(bits.toString());

function byBucket(spans: readonly RawSpan[], deltas: readonly Bits[]): Record<number, number> {
  const counts: Record<number, number> = {};
  let index = 0;
  let next = 0;
  let count = 0;
  for (const { offset, length } of spans) {
    index += offset;
    for (let i = 0; i < length; i++, index++) {
      count += numberOf(deltas[next++]!);
      if (count !== 0) counts[index] = count;
    }
  }
  if (next !== deltas.length) throw new Error('spans and deltas do not agree');
  return counts;
}

/** Decodes a body of either version. */
export function decode(body: Uint8Array, version: 'v1' | 'v2'): ReadRequest {
  const bytes = Buffer.from(uncompress(body));
  const raw = root.lookupType(version === 'v1' ? 'WriteRequest' : 'Request').decode(bytes) as unknown as RawRequest;
  const { symbols = [] } = raw;
  const pairs = (labels: RawSeries['exemplars'][number] | RawSeries): [string, string][] => {
    if (version === 'v1') return labels.labels!.map(({ name, value }) => [name, value]);
    const refs = labels.labels_refs!;
    return Array.from({ length: refs.length / 2 }, (_, index) => [symbols[refs[index * 2]!]!, symbols[refs[index * 2 + 1]!]!]);
  };
  const series = raw.timeseries.map((one): ReadSeries => {
    const labels = pairs(one);
    return {
      labels: Object.fromEntries(labels),
      names: labels.map(([name]) => name),
      samples: one.samples.map(({ value, timestamp, start_timestamp: start }) => ({
        value: valueOf(value),
        timestamp: numberOf(timestamp),
        start: numberOf(start),
      })),
      histograms: one.histograms.map((histogram) => ({
        count: numberOf(histogram.count_int),
        sum: valueOf(histogram.sum),
        schema: histogram.schema,
        zeroThreshold: valueOf(histogram.zero_threshold),
        zeroCount: numberOf(histogram.zero_count_int),
        positive: byBucket(histogram.positive_spans, histogram.positive_deltas),
        negative: byBucket(histogram.negative_spans, histogram.negative_deltas),
        bounds: histogram.custom_values,
        timestamp: numberOf(histogram.timestamp),
        start: numberOf(histogram.start_timestamp),
      })),
      exemplars: one.exemplars.map((exemplar) => ({
        labels: Object.fromEntries(pairs(exemplar)),
        value: valueOf(exemplar.value),
        timestamp: numberOf(exemplar.timestamp),
      })),
      ...(one.metadata && {
        metadata: { type: one.metadata.type, help: symbols[one.metadata.help_ref]!, unit: symbols[one.metadata.unit_ref]! },
      }),
    };
  });
  const metadata = version === 'v2' ? [] : raw.metadata!;
  return {
    series,
    metadata: metadata.map(({ type, metric_family_name: family, help, unit }) => ({ type, family, help, unit })),
    sizeBytes: bytes.length,
  };
}

/** What a series is called: its name and labels. */
export function nameOf({ labels }: ReadSeries): string {
  const { __name__: name, ...rest } = labels;
  const pairs = Object.entries(rest).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return `${name}{${pairs.toSorted().join(',')}}`;
}
