import { kindOf } from './plain-metric.ts';
import type { PlainAttribute, PlainBuckets, PlainKind, PlainMetric, PlainPoint } from './plain-metric.ts';

/** The ways in which numbers are merged, in the Collector's order. */
export const aggregations = ['sum', 'mean', 'min', 'max', 'median', 'count'] as const;

/** How numbers are merged; histograms are always added up. */
export type Aggregation = (typeof aggregations)[number];

/**
 * A metric whose points that have the same attributes and time (and start, for deltas; and bounds or scale, for histograms) are one. Without an
 * aggregation the first number of them stays. Metadata, and all points of a summary, are lost, as in the Collector.
 */
export function mergeEqualPoints(from: PlainMetric, aggregation: Aggregation | undefined): PlainMetric {
  const metric: PlainMetric = { ...from, metadata: [] };
  const kind = kindOf(metric);
  if (kind === undefined) return metric;
  const data = metric[kind]!;
  const dataPoints = kind === 'summary' ? [] : mergePoints(data.dataPoints, kind, data.aggregationTemporality === 1, aggregation);
  metric[kind] = { ...data, dataPoints };
  return metric;
}

function mergePoints(points: readonly PlainPoint[], kind: PlainKind, isDelta: boolean, aggregation: Aggregation | undefined): PlainPoint[] {
  const groups = new Map<string, PlainPoint[]>();
  for (const point of points) {
    const key = groupKey(point, kind, isDelta && kind !== 'gauge');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [point]);
    else group.push(point);
  }
  return [...groups.values()].map((group) => {
    if (kind === 'gauge' || kind === 'sum') return mergeNumbers(group, aggregation);
    return kind === 'histogram' ? mergeHistograms(group) : mergeExponential(group);
  });
}

function groupKey(point: PlainPoint, kind: PlainKind, byStart: boolean): string {
  const parts: unknown[] = [sorted(point.attributes), point.timeUnixNano ?? 0n];
  if (byStart) parts.push(point.startTimeUnixNano ?? 0n);
  if (kind === 'histogram') parts.push(point.explicitBounds);
  if (kind === 'exponentialHistogram') parts.push(point.scale ?? 0);
  if (kind !== 'gauge' && kind !== 'sum') parts.push(point.min !== undefined, point.max !== undefined, point.flags ?? 0);
  return JSON.stringify(parts, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
}

function sorted(attributes: readonly PlainAttribute[]): unknown {
  return attributes.map(({ key = '', value = {} }) => [key, value] as const).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function earliest(group: readonly PlainPoint[]): bigint {
  return group.map(({ startTimeUnixNano = 0n }) => startTimeUnixNano).reduce((a, b) => (b < a ? b : a));
}

/** The first point decides whether the result is an int or a float. */
function mergeNumbers(group: readonly PlainPoint[], aggregation: Aggregation | undefined): PlainPoint {
  const [first] = group as [PlainPoint];
  const merged: PlainPoint = { ...first, startTimeUnixNano: earliest(group) };
  if (aggregation === undefined) return merged;
  if (first.asDouble !== undefined) {
    const values = group.map(({ asDouble, asInt = 0n }) => asDouble ?? Number(asInt));
    merged.asDouble = mergeDoubles(values, aggregation);
  } else if (first.asInt !== undefined) {
    // A float adds nothing to a sum of ints.
    const sum = group.reduce((total, { asInt = 0n }) => total + asInt, 0n);
    const values = group.map(({ asInt, asDouble = 0 }) => asInt ?? BigInt(Math.trunc(asDouble)));
    merged.asInt = BigInt.asIntN(64, mergeInts(values, sum, aggregation));
  }
  return merged;
}

function mergeDoubles(values: readonly number[], aggregation: Aggregation): number {
  const sum = values.reduce((total, value) => total + value, 0);
  if (aggregation === 'sum') return sum;
  if (aggregation === 'mean') return sum / values.length;
  if (aggregation === 'min') return Math.min(...values);
  if (aggregation === 'max') return Math.max(...values);
  if (aggregation === 'count') return values.length === 1 ? values[0]! : values.length;
  const order = values.toSorted((a, b) => a - b);
  const middle = order.length >> 1;
  return order.length % 2 === 1 ? order[middle]! : (order[middle - 1]! + order[middle]!) / 2;
}

function mergeInts(values: readonly bigint[], sum: bigint, aggregation: Aggregation): bigint {
  if (aggregation === 'sum') return sum;
  if (aggregation === 'mean') return sum / BigInt(values.length);
  if (aggregation === 'count') return values.length === 1 ? values[0]! : BigInt(values.length);
  const order = values.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  if (aggregation === 'min') return order[0]!;
  if (aggregation === 'max') return order.at(-1)!;
  const middle = order.length >> 1;
  return order.length % 2 === 1 ? order[middle]! : (order[middle - 1]! + order[middle]!) / 2n;
}

/** Adds what histograms of both kinds have. Points without a count add nothing. */
function addCommon(to: PlainPoint, other: PlainPoint): void {
  to.count = (to.count ?? 0n) + (other.count ?? 0n);
  to.sum = (to.sum ?? 0) + (other.sum ?? 0);
  if (to.min !== undefined && to.min > (other.min ?? 0)) to.min = other.min ?? 0;
  if (to.max !== undefined && to.max < (other.max ?? 0)) to.max = other.max ?? 0;
  if (other.exemplars !== undefined) to.exemplars = [...(to.exemplars ?? []), ...other.exemplars];
  if ((other.startTimeUnixNano ?? 0n) < (to.startTimeUnixNano ?? 0n)) to.startTimeUnixNano = other.startTimeUnixNano ?? 0n;
}

function mergeHistograms([first, ...others]: PlainPoint[]): PlainPoint {
  const merged: PlainPoint = { ...first!, bucketCounts: [...(first!.bucketCounts ?? [])] };
  for (const other of others) {
    if ((other.count ?? 0n) === 0n) continue;
    addCommon(merged, other);
    for (const [i, count] of (other.bucketCounts ?? []).entries()) merged.bucketCounts![i] = (merged.bucketCounts![i] ?? 0n) + count;
  }
  return merged;
}

function mergeExponential([first, ...others]: PlainPoint[]): PlainPoint {
  const merged: PlainPoint = { ...first! };
  for (const other of others) {
    if ((other.count ?? 0n) === 0n) continue;
    addCommon(merged, other);
    merged.zeroCount = (merged.zeroCount ?? 0n) + (other.zeroCount ?? 0n);
    merged.positive = mergeBuckets(merged.positive, other.positive);
    merged.negative = mergeBuckets(merged.negative, other.negative);
  }
  return merged;
}

/** Adds buckets of one scale by their places. */
function mergeBuckets(a: PlainBuckets = { bucketCounts: [] }, b: PlainBuckets = { bucketCounts: [] }): PlainBuckets {
  if (b.bucketCounts.length === 0) return a;
  if (a.bucketCounts.length === 0) return b;
  const { offset: aOffset = 0 } = a;
  const { offset: bOffset = 0 } = b;
  const offset = Math.min(aOffset, bOffset);
  const end = Math.max(aOffset + a.bucketCounts.length, bOffset + b.bucketCounts.length);
  const bucketCounts = Array.from({ length: end - offset }, (_, i) => {
    return (a.bucketCounts[i + offset - aOffset] ?? 0n) + (b.bucketCounts[i + offset - bOffset] ?? 0n);
  });
  return { offset, bucketCounts };
}
