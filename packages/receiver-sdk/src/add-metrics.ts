import type { BatchBuilder, NewScope, Plain } from '@millrace/wire';
import type { Attributes, HrTime, Resource, Scope } from './write-attributes.ts';

/** A data point of @opentelemetry/sdk-metrics. */
export interface CollectedPoint {
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly attributes: Attributes;
  readonly value: unknown;
}

/** A metric of @opentelemetry/sdk-metrics. */
export interface CollectedMetric {
  readonly descriptor: { readonly name: string; readonly description: string; readonly unit: string; readonly valueType: number };
  /** 0 delta, 1 cumulative. */
  readonly aggregationTemporality: number;
  /** 0 histogram, 1 exponential histogram, 2 gauge, 3 sum. */
  readonly dataPointType: number;
  readonly isMonotonic?: boolean | undefined;
  readonly dataPoints: readonly CollectedPoint[];
}

/** What one collection gave: `ResourceMetrics` of @opentelemetry/sdk-metrics. */
export interface CollectedMetrics {
  readonly resource: Resource;
  readonly scopeMetrics: readonly { readonly scope: Scope; readonly metrics: readonly CollectedMetric[] }[];
}

const [histogramType, exponentialType, gaugeType] = [0, 1, 2];

interface Distribution {
  readonly count: number;
  readonly sum?: number | undefined;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  readonly buckets?: { readonly boundaries: readonly number[]; readonly counts: readonly number[] };
  readonly scale?: number;
  readonly zeroCount?: number;
  readonly positive?: { readonly offset: number; readonly bucketCounts: readonly number[] };
  readonly negative?: { readonly offset: number; readonly bucketCounts: readonly number[] };
}

/** Adds what a metric reader collected to a batch. Throws on what no field can hold. */
export function addMetrics(builder: BatchBuilder, { resource, scopeMetrics }: CollectedMetrics): void {
  const to = builder.resource(plainAttributes(resource.attributes), resource.schemaUrl);
  for (const { scope, metrics } of scopeMetrics) {
    const scopeTo = to.scope(scope.name, scope.version, plainAttributes(scope.attributes ?? {}), scope.schemaUrl);
    for (const metric of metrics) for (const point of metric.dataPoints) addPoint(scopeTo, metric, point);
  }
}

function addPoint(scope: NewScope, metric: CollectedMetric, point: CollectedPoint): void {
  const { name, description, unit, valueType } = metric.descriptor;
  const head = { name, description, unit };
  const temporality = metric.aggregationTemporality === 0 ? 1 : 2;
  const common = {
    startTimeUnixNano: nanoseconds(point.startTime),
    timeUnixNano: nanoseconds(point.endTime),
    attributes: plainAttributes(point.attributes),
  };
  if (metric.dataPointType === histogramType || metric.dataPointType === exponentialType) {
    const { count, sum, min, max, buckets, scale, zeroCount, positive, negative } = point.value as Distribution;
    const distribution = {
      ...common,
      count: BigInt(count),
      ...(sum !== undefined && { sum }),
      ...(count > 0 && min !== undefined && { min }),
      ...(count > 0 && max !== undefined && { max }),
    };
    if (buckets !== undefined) {
      const { boundaries, counts } = buckets;
      const histogram = scope.metric({ ...head, type: 'histogram', temporality });
      return histogram.point({ ...distribution, explicitBounds: boundaries, bucketCounts: counts.map(BigInt) });
    }
    const exponential = scope.metric({ ...head, type: 'exponentialHistogram', temporality });
    return exponential.point({
      ...distribution,
      scale: scale ?? 0,
      zeroCount: BigInt(zeroCount ?? 0),
      positive: bucketsOf(positive),
      negative: bucketsOf(negative),
    });
  }
  const value = point.value as number;
  const isInt = valueType === 0 && Number.isSafeInteger(value);
  const number = { ...common, ...(isInt ? { asInt: BigInt(value) } : { asDouble: value }) };
  if (metric.dataPointType === gaugeType) return scope.metric({ ...head, type: 'gauge' }).point(number);
  return scope.metric({ ...head, type: 'sum', temporality, isMonotonic: metric.isMonotonic === true }).point(number);
}

function bucketsOf(buckets: Distribution['positive']): { offset: number; bucketCounts: bigint[] } {
  return { offset: buckets?.offset ?? 0, bucketCounts: (buckets?.bucketCounts ?? []).map(BigInt) };
}

function nanoseconds([seconds, nanos]: HrTime): bigint {
  return BigInt(seconds) * 1_000_000_000n + BigInt(Math.round(nanos));
}

/** Attributes as the wire's builder takes them: integers as bigint, nothing that telemetry cannot hold. */
export function plainAttributes(attributes: Attributes): Record<string, Plain> {
  const result: Record<string, Plain> = {};
  for (const name of Object.keys(attributes)) {
    const value = plainValue(attributes[name]);
    if (value !== undefined) result[name] = value;
  }
  return result;
}

function plainValue(value: unknown): Plain | undefined {
  switch (typeof value) {
    case 'number':
      return Number.isSafeInteger(value) ? BigInt(value) : value;
    case 'string':
    case 'boolean':
    case 'bigint':
      return value;
    case 'object':
      if (value === null) return undefined;
      if (value instanceof Uint8Array) return value;
      if (Array.isArray(value)) return value.map(plainValue).filter((inner) => inner !== undefined);
      return plainAttributes(value as Attributes);
    default:
      return undefined;
  }
}
