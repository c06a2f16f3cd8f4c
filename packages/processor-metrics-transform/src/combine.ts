import { dataOf, kindOf, mergeEqualPoints } from '@millrace/timeseries';
import type { Aggregation, PlainMetric } from '@millrace/timeseries';
import type { TransformConfig } from './config.ts';
import type { MetricFilter } from './metric-filter.ts';

const typeNames = {
  gauge: 'Gauge',
  sum: 'Sum',
  histogram: 'Histogram',
  exponentialHistogram: 'ExponentialHistogram',
  summary: 'Summary',
} as const;
const temporalityNames = ['Unspecified', 'Delta', 'Cumulative'];

const typeOf = (metric: PlainMetric): string => {
  const kind = kindOf(metric);
  return kind === undefined ? 'Empty' : typeNames[kind];
};
const temporalityOf = (metric: PlainMetric): string => temporalityNames[dataOf(metric)?.aggregationTemporality ?? 0] ?? '';
const keysOf = (metric: PlainMetric): string => {
  const keys = new Set(dataOf(metric)?.dataPoints.flatMap(({ attributes }) => attributes.map(({ key = '' }) => key)));
  return `map[${[...keys]
    .toSorted()
    .map((key) => `${key}:{}`)
    .join(' ')}]`;
};

/** In the order in which the Collector looks at them. */
const properties: readonly (readonly [string, (metric: PlainMetric) => string])[] = [
  ['are of different types', typeOf],
  ['have different units', ({ unit = '' }) => unit],
  ['have different attributes', keysOf],
  ['have different aggregation temporalities', temporalityOf],
  ['have different monotonicity', (metric) => String(dataOf(metric)?.isMonotonic ?? false)],
];

/** Why metrics cannot become one, in the Collector's words; undefined when they can. */
export function whyNotCombined(metrics: readonly PlainMetric[]): string | undefined {
  if (metrics.length <= 1) return undefined;
  const [first] = metrics as [PlainMetric];
  for (const metric of metrics) {
    if (metric.summary !== undefined) return `Summary metrics cannot be combined: ${metric.name}`;
    for (const [how, propertyOf] of properties) {
      const [one, other] = [propertyOf(first), propertyOf(metric)];
      if (one !== other) return `metrics cannot be combined as they ${how}: ${first.name} (${one}) and ${metric.name} (${other})`;
    }
  }
  return undefined;
}

/** One metric with the points of all, for which `whyNotCombined` has no reason. What groups match in their names becomes attributes. */
export function combine(metrics: readonly PlainMetric[], transform: TransformConfig, filter: MetricFilter): PlainMetric {
  const [first] = metrics as [PlainMetric];
  const kind = kindOf(first);
  for (const metric of metrics) {
    for (const [key, text] of filter.submatches(metric.name)) {
      const value = { stringValue: inCase(text, transform.submatch_case) };
      for (const point of dataOf(metric)?.dataPoints ?? [])
        point.attributes = [...point.attributes.filter((attribute) => (attribute.key ?? '') !== key), { key, value }];
    }
  }
  const combined = { ...first, name: transform.new_name };
  if (kind !== undefined) combined[kind] = { ...first[kind]!, dataPoints: metrics.flatMap((metric) => metric[kind]!.dataPoints) };
  return mergeEqualPoints(combined, transform.aggregation_type as Aggregation);
}

function inCase(text: string, wanted: string): string {
  if (wanted === 'lower') return text.toLowerCase();
  return wanted === 'upper' ? text.toUpperCase() : text;
}
