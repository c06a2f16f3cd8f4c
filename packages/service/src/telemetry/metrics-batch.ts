import type { Batch, BufferPool } from '@millrace/api';
import { BatchBuilder } from '@millrace/wire';
import type { NewScope } from '@millrace/wire';
import { scopeName } from './own-resource.ts';
import type { OwnResource } from './own-resource.ts';
import type { MetricSnapshot, PointSnapshot, TelemetrySnapshot } from './snapshot.ts';

const cumulative = 2;

/** Own metrics as an OTLP request; undefined without points. */
export function metricsBatch(snapshot: TelemetrySnapshot, resource: OwnResource, pool: BufferPool): Batch | undefined {
  using builder = new BatchBuilder('metrics', pool);
  const scope = builder.resource(resource.attributes, resource.schemaUrl).scope(scopeName, resource.version);
  for (const metric of snapshot.metrics) for (const point of metric.points) addPoint(scope, metric, point);
  return builder.finish();
}

function addPoint(scope: NewScope, { name, description, unit, type, isInt }: MetricSnapshot, point: PointSnapshot): void {
  const { value } = point;
  const head = { name, description, unit };
  const times = { startTimeUnixNano: nanoseconds(point.startMs), timeUnixNano: nanoseconds(point.timeMs) };
  const attributes = Object.fromEntries(
    Object.entries(point.attributes).map(([key, text]) => [
      key,
      typeof text === 'number' && Number.isSafeInteger(text) ? BigInt(text) : text,
    ]),
  );
  if (typeof value === 'number') {
    const number = { ...times, attributes, ...(isInt ? { asInt: BigInt(value) } : { asDouble: value }) };
    if (type === 'gauge') scope.metric({ ...head, type: 'gauge' }).point(number);
    else scope.metric({ ...head, type: 'sum', temporality: cumulative, isMonotonic: type === 'counter' }).point(number);
    return;
  }
  const { count, sum, min, max } = value;
  const distribution = { ...times, attributes, count: BigInt(count), sum, ...(min !== undefined && max !== undefined && { min, max }) };
  if ('bounds' in value) {
    const histogram = scope.metric({ ...head, type: 'histogram', temporality: cumulative });
    histogram.point({ ...distribution, explicitBounds: value.bounds, bucketCounts: value.counts.map(BigInt) });
    return;
  }
  const { scale, zeroCount, positive, negative } = value;
  const exponential = scope.metric({ ...head, type: 'exponentialHistogram', temporality: cumulative });
  const buckets = ({ offset, counts }: typeof positive): { offset: number; bucketCounts: bigint[] } => ({
    offset,
    bucketCounts: counts.map(BigInt),
  });
  exponential.point({
    ...distribution,
    scale,
    zeroCount: BigInt(zeroCount),
    positive: buckets(positive),
    negative: buckets(negative),
  });
}

function nanoseconds(milliseconds: number): bigint {
  return BigInt(Math.round(milliseconds * 1e3)) * 1_000n;
}
