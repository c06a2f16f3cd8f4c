import { BufferPool, MemoryLedger, walk } from '@millrace/wire';
import type { AttributesView, BucketsView, DataPointView } from '@millrace/wire';
import type { Registry } from '@millrace/instruments';
import type { CollectedMetric, CollectedPoint, HrTime } from '@millrace/receiver-sdk';
import type { MetricProducer } from './metric-hooks.ts';

/** Of the copies that readings make. */
const budgetBytes = 64 * 1024 * 1024;

/**
 * What is recorded, as a `MetricProducer` for a metric reader of the application's own. A summary becomes a histogram with one bucket, since
 * OpenTelemetry's SDK has no summaries: its count and sum are there, its quantiles are not.
 */
export function metricProducer(registry: Registry): MetricProducer {
  const pool = new BufferPool(new MemoryLedger(budgetBytes));
  return {
    collect: () => {
      const { resource = {}, scope = { name: '@millrace/instruments' } } = registry.options;
      using batch = registry.batch(pool);
      const metrics: CollectedMetric[] = [];
      let points: CollectedPoint[] = [];
      const errors: unknown[] = [];
      if (batch !== undefined) {
        const reading = walk(
          [
            {
              onMetric: ({ name, description, unit, type, temporality, isMonotonic }) => {
                points = [];
                metrics.push({
                  descriptor: { name, description, unit, valueType: 1 },
                  aggregationTemporality: temporality === 1 ? 0 : 1,
                  dataPointType: dataPointTypes[type as keyof typeof dataPointTypes],
                  isMonotonic,
                  dataPoints: points,
                });
              },
              onDataPoint: (point) => void points.push(pointOf(point)),
            },
          ],
          (_, error) => void errors.push(error),
        );
        reading.run(batch);
      }
      return Promise.resolve({ resourceMetrics: { resource: { attributes: resource }, scopeMetrics: [{ scope, metrics }] }, errors });
    },
  };
}

const dataPointTypes = { histogram: 0, summary: 0, exponentialHistogram: 1, gauge: 2, sum: 3 } as const;

function pointOf(point: DataPointView): CollectedPoint {
  return {
    startTime: timeOf(point.startTimeUnixNano),
    endTime: timeOf(point.timeUnixNano),
    attributes: attributesOf(point.attributes),
    value: valueOf(point),
  };
}

function valueOf(point: DataPointView): unknown {
  const { type } = point.metric;
  if (type === 'gauge' || type === 'sum') return point.number;
  const head = { count: Number(point.count), sum: point.sum ?? 0, min: point.min, max: point.max };
  if (type === 'summary') return { ...head, buckets: { boundaries: [], counts: [head.count] } };
  if (type === 'histogram') {
    const boundaries = Array.from({ length: point.bounds }, (_, i) => point.bound(i));
    const counts = Array.from({ length: point.bucketCounts }, (_, i) => Number(point.bucketCount(i)));
    return { ...head, buckets: { boundaries, counts } };
  }
  const { scale, zeroCount, positive, negative } = point;
  return { ...head, scale, zeroCount: Number(zeroCount), positive: bucketsOf(positive), negative: bucketsOf(negative) };
}

function bucketsOf(buckets: BucketsView): { offset: number; bucketCounts: number[] } {
  return { offset: buckets.offset, bucketCounts: Array.from({ length: buckets.size }, (_, i) => Number(buckets.at(i))) };
}

function attributesOf(attributes: AttributesView): Record<string, unknown> {
  const plain = Object.entries(attributes.toPlain());
  return Object.fromEntries(plain.map(([name, value]) => [name, typeof value === 'bigint' ? Number(value) : value]));
}

function timeOf(nanoseconds: bigint): HrTime {
  return [Number(nanoseconds / 1_000_000_000n), Number(nanoseconds % 1_000_000_000n)];
}
