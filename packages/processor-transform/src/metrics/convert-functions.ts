import { boolLiteral, editor, floatLiteral, listOf, OttlError, optional, string, stringLiteral } from '@millrace/ottl';
import type { FunctionDefinition } from '@millrace/ottl';
import { bucketCountsOf, distributions } from './distribute-buckets.ts';
import type { MetricRewriter } from './metric-rewriter.ts';
import { truncatedProduct } from '@millrace/timeseries';
import type { PlainData, PlainMetric, PlainPoint } from '@millrace/timeseries';

/** The number of a temporality by its name in functions. */
export function temporalityOf(name: string): number {
  if (name === 'delta') return 1;
  if (name === 'cumulative') return 2;
  throw new Error(`unknown aggregation temporality: ${name}`);
}

/** A data point of another metric with the attributes and times of this one. */
export function pointLike({ attributes, startTimeUnixNano = 0n, timeUnixNano = 0n }: PlainPoint, value: Partial<PlainPoint>): PlainPoint {
  return { attributes: structuredClone(attributes), startTimeUnixNano, timeUnixNano, ...value };
}

/** A sum with the description of another metric. */
export function sumLike({ name = '', description = '', unit = '' }: PlainMetric, suffix: string, sum: PlainData): PlainMetric {
  return { name: name + suffix, description, unit, sum, metadata: [] };
}

/** Functions that make another metric of a metric. */
export function convertFunctions(rewriter: MetricRewriter): readonly FunctionDefinition[] {
  const used = (): MetricRewriter => {
    rewriter.isUsed = true;
    return rewriter;
  };
  return [
    editor(
      'convert_gauge_to_sum',
      { string_agg_temp: stringLiteral, monotonic: boolLiteral },
      ({ string_agg_temp: name, monotonic }) => {
        const aggregationTemporality = temporalityOf(name);
        const own = used();
        return (shown) => {
          if (shown.metric.type !== 'gauge') return;
          const { gauge, ...metric } = own.metricOf(shown);
          own.become(shown, { ...metric, sum: { dataPoints: gauge!.dataPoints, aggregationTemporality, isMonotonic: monotonic } });
        };
      },
      ['metric'],
    ),
    editor(
      'convert_sum_to_gauge',
      {},
      () => {
        const own = used();
        return (shown) => {
          if (shown.metric.type !== 'sum') return;
          const { sum, ...metric } = own.metricOf(shown);
          own.become(shown, { ...metric, gauge: { dataPoints: sum!.dataPoints } });
        };
      },
      ['metric'],
    ),
    editor(
      'copy_metric',
      { name: optional(string), description: optional(string), unit: optional(string) },
      ({ name, description, unit }) => {
        const own = used();
        return (shown) => {
          const copy = structuredClone(own.metricOf(shown));
          if (name !== undefined) copy.name = name(shown);
          if (description !== undefined) copy.description = description(shown);
          if (unit !== undefined) copy.unit = unit(shown);
          own.make(copy);
        };
      },
      ['metric'],
    ),
    editor(
      'scale_metric',
      { multiplier: floatLiteral, unit: optional(string) },
      ({ multiplier, unit }) => {
        const own = used();
        return (shown) => {
          const newUnit = unit?.(shown);
          const { type } = shown.metric;
          if (type === 'exponentialHistogram')
            throw new OttlError("exponential histograms are not supported by the 'scale_metric' function");
          if (type === 'empty') throw new OttlError("unsupported metric type: 'Empty'");
          const metric = own.metricOf(shown);
          for (const point of metric[type]!.dataPoints) scalePoint(point, multiplier);
          if (newUnit !== undefined) metric.unit = newUnit;
          own.become(shown, metric);
        };
      },
      ['metric'],
    ),
    editor(
      'convert_exponential_histogram_to_histogram',
      { distribution_fn: stringLiteral, explicit_bounds: listOf(floatLiteral) },
      ({ distribution_fn: name, explicit_bounds: bounds }) => {
        const distribute = distributions[name === '' ? 'random' : name];
        if (distribute === undefined)
          throw new Error(`invalid conversion function: ${name}, must be one of [upper, midpoint, random, uniform]`);
        if (bounds.length === 0) throw new Error('explicit bounds cannot be empty: []');
        const own = used();
        return (shown) => {
          if (shown.metric.type !== 'exponentialHistogram') return;
          const { name: ownName = '', description = '', unit = '', exponentialHistogram } = own.metricOf(shown);
          const { dataPoints, aggregationTemporality = 0 } = exponentialHistogram!;
          const converted = dataPoints.map((point) =>
            pointLike(point, {
              count: point.count ?? 0n,
              sum: point.sum ?? 0,
              min: point.min ?? 0,
              max: point.max ?? 0,
              exemplars: point.exemplars ?? [],
              explicitBounds: [...bounds],
              bucketCounts: bucketCountsOf(point, bounds, distribute),
            }),
          );
          own.become(shown, {
            name: ownName,
            description,
            unit,
            histogram: { dataPoints: converted, aggregationTemporality },
            metadata: [],
          });
        };
      },
      ['metric'],
    ),
  ];
}

function scalePoint(point: PlainPoint, multiplier: number): void {
  if (point.asInt !== undefined) point.asInt = truncatedProduct(point.asInt, multiplier);
  if (point.asDouble !== undefined) point.asDouble *= multiplier;
  if (point.sum !== undefined) point.sum *= multiplier;
  if (point.min !== undefined) point.min *= multiplier;
  if (point.max !== undefined) point.max *= multiplier;
  if (point.explicitBounds !== undefined) point.explicitBounds = point.explicitBounds.map((bound) => bound * multiplier);
  for (const quantile of point.quantileValues ?? []) quantile.value = (quantile.value ?? 0) * multiplier;
  if (point.bucketCounts === undefined) return;
  for (const exemplar of point.exemplars ?? []) {
    if (exemplar.asInt !== undefined) exemplar.asInt = truncatedProduct(exemplar.asInt, multiplier);
    if (exemplar.asDouble !== undefined) exemplar.asDouble *= multiplier;
  }
}
