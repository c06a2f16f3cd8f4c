import { boolLiteral, editor, floatLiteral, OttlError, optional, stringLiteral } from '@millrace/ottl';
import type { FunctionDefinition } from '@millrace/ottl';
import { pointLike, sumLike, temporalityOf } from './convert-functions.ts';
import type { MetricRewriter } from './metric-rewriter.ts';
import { percentileOf } from './percentile.ts';
import { dataOf, kindOf } from '@millrace/timeseries';
import type { PlainAttribute, PlainMetric, PlainPoint } from '@millrace/timeseries';

const goKinds = { gauge: 'Gauge', sum: 'Sum', histogram: 'Histogram', exponentialHistogram: 'ExponentialHistogram', summary: 'Summary' };

/** The temporality of what is extracted from a metric. */
function extractedTemporality(name: string, metric: PlainMetric): number {
  const kind = kindOf(metric);
  const temporality = kind === 'summary' ? 2 : kind === 'gauge' || kind === 'sum' ? 0 : (dataOf(metric)?.aggregationTemporality ?? 0);
  if (temporality !== 0) return temporality;
  throw new OttlError(
    `${name} requires an input metric of type Histogram, ExponentialHistogram or Summary, got ${kind === undefined ? 'Empty' : goKinds[kind]}`,
  );
}

const sumPoint = (point: PlainPoint): PlainPoint => pointLike(point, { asDouble: point.sum ?? 0 });
const countPoint = (point: PlainPoint): PlainPoint => pointLike(point, { asInt: BigInt.asIntN(64, point.count ?? 0n) });

/** Functions that put new metrics beside a metric. */
export function extractFunctions(rewriter: MetricRewriter): readonly FunctionDefinition[] {
  const used = (): MetricRewriter => {
    rewriter.isUsed = true;
    return rewriter;
  };
  const extract = (
    name: string,
    defaultSuffix: string,
    unit: string | undefined,
    pointOf: (point: PlainPoint) => PlainPoint | undefined,
  ): FunctionDefinition =>
    editor(
      name,
      { monotonic: boolLiteral, suffix: optional(stringLiteral) },
      ({ monotonic, suffix = defaultSuffix }) => {
        const own = used();
        return (shown) => {
          const metric = own.metricOf(shown);
          const aggregationTemporality = extractedTemporality(name, metric);
          const dataPoints = dataOf(metric)!.dataPoints.flatMap((point) => pointOf(point) ?? []);
          if (dataPoints.length === 0) return;
          const made = sumLike(metric, suffix, { dataPoints, aggregationTemporality, isMonotonic: monotonic });
          if (unit !== undefined) made.unit = unit;
          own.make(made);
        };
      },
      ['metric'],
    );
  const ofSummary = (name: string, defaultSuffix: string, pointOf: (point: PlainPoint) => PlainPoint): FunctionDefinition =>
    editor(
      name,
      { string_agg_temp: stringLiteral, monotonic: boolLiteral, suffix: optional(stringLiteral) },
      ({ string_agg_temp: temporality, monotonic, suffix = defaultSuffix }) => {
        const aggregationTemporality = temporalityOf(temporality);
        const own = used();
        return (shown) => {
          if (shown.metric.type !== 'summary') return;
          const metric = own.metricOf(shown);
          own.make(
            sumLike(metric, suffix, {
              dataPoints: metric.summary!.dataPoints.map(pointOf),
              aggregationTemporality,
              isMonotonic: monotonic,
            }),
          );
        };
      },
      ['datapoint'],
    );
  return [
    extract('extract_sum_metric', '_sum', undefined, (point) =>
      // The sum of a summary is always there.
      point.sum === undefined && point.quantileValues === undefined ? undefined : sumPoint(point),
    ),
    extract('extract_count_metric', '_count', '1', countPoint),
    ofSummary('convert_summary_sum_val_to_sum', '_sum', sumPoint),
    ofSummary('convert_summary_count_val_to_sum', '_count', countPoint),
    editor(
      'convert_summary_quantile_val_to_gauge',
      { attribute_key: optional(stringLiteral), suffix: optional(stringLiteral) },
      ({ attribute_key: key = 'quantile', suffix = '.quantiles' }) => {
        const own = used();
        return (shown) => {
          if (shown.metric.type !== 'summary') return;
          const { name = '', description = '', unit = '', summary } = own.metricOf(shown);
          const dataPoints = summary!.dataPoints.flatMap((point) =>
            (point.quantileValues ?? []).map(({ quantile = 0, value = 0 }) => {
              const made = pointLike(point, { asDouble: value });
              setDouble(made.attributes, key, quantile);
              return made;
            }),
          );
          own.make({ name: name + suffix, description, unit, gauge: { dataPoints }, metadata: [] });
        };
      },
      ['metric'],
    ),
    editor(
      'extract_percentile_metric',
      { percentile: floatLiteral, suffix: optional(stringLiteral) },
      ({ percentile, suffix = '' }) => {
        if (!(percentile > 0 && percentile < 100))
          throw new Error(`percentile must be greater than 0 and less than 100, got ${percentile.toFixed(6)}`);
        const own = used();
        return (shown) => {
          const { type } = shown.metric;
          if ((type !== 'histogram' && type !== 'exponentialHistogram') || shown.metric.size === 0) return;
          const { name = '', description = '', unit = '', ...data } = own.metricOf(shown);
          const dataPoints = data[type]!.dataPoints.flatMap((point) => {
            const value = percentileOf(point, type, percentile);
            return value === undefined ? [] : [pointLike(point, { asDouble: value })];
          });
          if (dataPoints.length === 0) return;
          own.make({
            name: name + (suffix === '' ? `_p${percentile}` : suffix),
            description: description === '' ? `p${percentile}` : `${description} (p${percentile})`,
            unit,
            gauge: { dataPoints },
            metadata: [],
          });
        };
      },
      ['metric'],
    ),
  ];
}

function setDouble(attributes: PlainAttribute[], key: string, value: number): void {
  const found = attributes.find((attribute) => attribute.key === key);
  if (found === undefined) attributes.push({ key, value: { doubleValue: value } });
  else found.value = { doubleValue: value };
}
