import type { BucketsView, DataPointView, MetricType } from '@millrace/wire';
import { OttlError } from '../ottl-error.ts';
import type { TransformContext } from '../transform-context.ts';
import { Opaque, isList, typeName } from '../value.ts';
import type { Value } from '../value.ts';
import { entry, expectFloat, expectInt, intEntry, timeEntries } from './access.ts';
import type { PathEntry, PathOwner } from './access.ts';
import { attributesEntry } from './map-entry.ts';
import { encodeBuckets, encodeCounts, encodeDoubles } from './point-lists.ts';

const pointTypes: Readonly<Record<MetricType, string>> = {
  empty: '<nil>',
  gauge: 'pmetric.NumberDataPoint',
  sum: 'pmetric.NumberDataPoint',
  histogram: 'pmetric.HistogramDataPoint',
  exponentialHistogram: 'pmetric.ExponentialHistogramDataPoint',
  summary: 'pmetric.SummaryDataPoint',
};

const isNumber = (type: MetricType): boolean => type === 'gauge' || type === 'sum';
const isHistogram = (type: MetricType): boolean => type === 'histogram';
const isExponential = (type: MetricType): boolean => type === 'exponentialHistogram';
const isSummary = (type: MetricType): boolean => type === 'summary';
const hasCount = (type: MetricType): boolean => !isNumber(type);
const hasExemplars = (type: MetricType): boolean => !isSummary(type);

/** A path that some kinds of points have; it is nil for the others. `wanted` names the kind in the error of setting it there. */
function pointEntry(
  has: (type: MetricType) => boolean,
  get: (point: DataPointView) => Value,
  set: (point: DataPointView, value: Value) => void,
  wanted?: string,
): PathEntry {
  return entry({
    get: ({ metric, point }) => (has(metric.type) ? get(point) : undefined),
    set({ metric: { type }, point }, value) {
      if (has(type)) set(point, value);
      else
        throw new OttlError(
          wanted === undefined ? `unsupported data point type: ${pointTypes[type]}` : `expects ${wanted} but got ${pointTypes[type]}`,
        );
    },
  });
}

const exponential = 'pmetric.ExponentialHistogramDataPoint';
const buckets = 'pmetric.ExponentialHistogramDataPointBuckets';

function bucketEntries(
  of: (point: DataPointView) => BucketsView,
  field: number,
): { whole: PathEntry; offset: PathEntry; counts: PathEntry } {
  const counts = (view: BucketsView): bigint[] => Array.from({ length: view.size }, (_, i) => BigInt.asIntN(64, view.at(i)));
  return {
    whole: pointEntry(
      isExponential,
      (point) => new Opaque(buckets, undefined, encodeBuckets(of(point).offset, counts(of(point)))),
      (point, value) => {
        if (!(value instanceof Opaque) || value.type !== buckets) throw new OttlError(`expects ${buckets} but got ${typeName(value)}`);
        point.fields.setBytes(field, value.message!);
      },
      exponential,
    ),
    offset: pointEntry(
      isExponential,
      (point) => BigInt(of(point).offset),
      (point, value) => point.fields.setBytes(field, encodeBuckets(Number(BigInt.asIntN(32, expectInt(value))), counts(of(point)))),
      exponential,
    ),
    counts: pointEntry(
      isExponential,
      (point) => counts(of(point)),
      (point, value) => point.fields.setBytes(field, encodeBuckets(of(point).offset, expectCounts(value))),
      exponential,
    ),
  };
}

function expectCounts(value: Value): readonly bigint[] {
  if (!isList(value)) throw new OttlError(`cannot set a slice of uint64 from a value type: ${typeName(value)}`);
  return value.map((count) => {
    if (typeof count !== 'bigint')
      throw new OttlError(`invalid value type provided for a slice of uint64: ${typeName(count)}, expected int64`);
    return count;
  });
}

function expectDoubles(value: Value): readonly number[] {
  if (!isList(value)) throw new OttlError(`invalid type provided for setting a slice of ${typeName(value)}: float64`);
  return value.map((bound) => {
    if (typeof bound !== 'number') throw new OttlError(`invalid value type provided for a slice of float64: ${typeName(bound)}`);
    return bound;
  });
}

const startTime = timeEntries(
  ({ point }) => point.startTimeUnixNano,
  ({ point }, nanos) => point.fields.setFixed64(2, nanos),
);
const time = timeEntries(
  ({ point }) => point.timeUnixNano,
  ({ point }, nanos) => point.fields.setFixed64(3, nanos),
);
const positive = bucketEntries((point) => point.positive, 8);
const negative = bucketEntries((point) => point.negative, 9);
const flagsField = ({ metric: { type } }: TransformContext): number => (isHistogram(type) || isExponential(type) ? 10 : 8);

/** `datapoint.value_int` and its like. */
export const dataPointPaths: PathOwner = {
  name: 'datapoint',
  paths: {
    attributes: attributesEntry(({ point }) => point.attributes),
    start_time_unix_nano: startTime.int,
    start_time: startTime.time,
    time_unix_nano: time.int,
    time: time.time,
    value_double: pointEntry(
      isNumber,
      (point) => (point.isInt ? 0 : point.number),
      (point, value) => point.setDouble(expectFloat(value)),
      'pmetric.NumberDataPoint',
    ),
    value_int: pointEntry(
      isNumber,
      (point) => point.int,
      (point, value) => point.setInt(expectInt(value)),
      'pmetric.NumberDataPoint',
    ),
    exemplars: pointEntry(
      hasExemplars,
      (point) => new Opaque('pmetric.ExemplarSlice', point.exemplars.size),
      // There are no other exemplars than the point's own to set.
      (_, value) => {
        if (!(value instanceof Opaque)) throw new OttlError(`expects pmetric.ExemplarSlice but got ${typeName(value)}`);
      },
    ),
    flags: intEntry(
      ({ point }) => BigInt(point.flags),
      (context, value) => context.point.fields.setVarint(flagsField(context), BigInt.asUintN(32, value)),
    ),
    count: pointEntry(
      hasCount,
      (point) => BigInt.asIntN(64, point.count),
      (point, value) => point.fields.setFixed64(4, expectInt(value)),
    ),
    sum: pointEntry(
      hasCount,
      (point) => point.sum ?? 0,
      (point, value) => point.fields.setDouble(5, expectFloat(value)),
    ),
    bucket_counts: pointEntry(
      isHistogram,
      (point) => Array.from({ length: point.bucketCounts }, (_, i) => BigInt.asIntN(64, point.bucketCount(i))),
      (point, value) => point.fields.setBytes(6, encodeCounts(expectCounts(value))),
      'pmetric.HistogramDataPoint',
    ),
    explicit_bounds: pointEntry(
      isHistogram,
      (point) => Array.from({ length: point.bounds }, (_, i) => point.bound(i)),
      (point, value) => point.fields.setBytes(7, encodeDoubles(expectDoubles(value))),
      'pmetric.HistogramDataPoint',
    ),
    scale: pointEntry(
      isExponential,
      (point) => BigInt(point.scale),
      (point, value) => {
        const scale = Number(BigInt.asIntN(32, expectInt(value)));
        point.fields.setVarint(6, ((scale << 1) ^ (scale >> 31)) >>> 0);
      },
      exponential,
    ),
    zero_count: pointEntry(
      isExponential,
      (point) => BigInt.asIntN(64, point.zeroCount),
      (point, value) => point.fields.setFixed64(7, expectInt(value)),
      exponential,
    ),
    positive: positive.whole,
    'positive.offset': positive.offset,
    'positive.bucket_counts': positive.counts,
    negative: negative.whole,
    'negative.offset': negative.offset,
    'negative.bucket_counts': negative.counts,
    quantile_values: pointEntry(
      isSummary,
      (point) => new Opaque('pmetric.SummaryDataPointValueAtQuantileSlice', point.quantiles.size),
      // There are no other quantiles than the point's own to set.
      (_, value) => {
        if (!(value instanceof Opaque))
          throw new OttlError(`expects pmetric.SummaryDataPointValueAtQuantileSlice but got ${typeName(value)}`);
      },
      'pmetric.SummaryDataPoint',
    ),
  },
};
