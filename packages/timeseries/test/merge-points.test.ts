import { describe, expect, it } from '@jest/globals';
import { aggregations, dataOf, decodeMetric, encodeMetric, kindOf, mergeEqualPoints, truncatedProduct } from '@millrace/timeseries';
import type { PlainMetric, PlainPoint } from '@millrace/timeseries';

const gauge = (...dataPoints: PlainPoint[]): PlainMetric => ({ name: 'g', gauge: { dataPoints }, metadata: [] });
const int = (asInt: bigint): PlainPoint => ({ attributes: [], timeUnixNano: 5n, asInt });
const double = (asDouble: number): PlainPoint => ({ attributes: [], timeUnixNano: 5n, asDouble });

describe('mergeEqualPoints', () => {
  it.each([
    ['sum', 10n, 4],
    ['mean', 3n, 2],
    ['min', 1n, 0.5],
    ['max', 6n, 3.5],
    ['median', 3n, 2],
    ['count', 3n, 2],
    [undefined, 3n, 3.5],
  ] as const)('merges numbers by %s', (aggregation, ofInts, ofDoubles) => {
    expect(dataOf(mergeEqualPoints(gauge(int(3n), int(6n), int(1n)), aggregation))!.dataPoints).toMatchObject([{ asInt: ofInts }]);
    expect(dataOf(mergeEqualPoints(gauge(double(3.5), double(0.5)), aggregation))!.dataPoints).toMatchObject([{ asDouble: ofDoubles }]);
  });

  it('keeps points apart that differ in time or attributes, whatever the order of these', () => {
    const a = { key: 'a', value: { stringValue: '1' } };
    const b = { key: 'b', value: { intValue: 2n } };
    const merged = mergeEqualPoints(
      gauge(
        { ...int(1n), attributes: [a, b] },
        { ...int(2n), attributes: [b, a] },
        { ...int(4n), attributes: [a] },
        { ...int(8n), timeUnixNano: 6n },
      ),
      'sum',
    );
    expect(merged.gauge!.dataPoints.map(({ asInt }) => asInt)).toEqual([3n, 4n, 8n]);
  });

  it('adds up histograms by their bounds, whatever the aggregation', () => {
    const point = (bounds: number[], ...bucketCounts: bigint[]): PlainPoint => ({
      attributes: [],
      count: bucketCounts.reduce((sum, count) => sum + count, 0n),
      sum: 1,
      bucketCounts,
      explicitBounds: bounds,
    });
    const dataPoints = [point([1], 1n, 2n), point([2], 5n, 5n), point([1], 3n, 4n), point([1], 0n, 0n)];
    const merged = mergeEqualPoints({ histogram: { dataPoints, aggregationTemporality: 2 }, metadata: [] }, 'min');
    expect(merged.histogram!.dataPoints).toMatchObject([
      { count: 10n, sum: 2, bucketCounts: [4n, 6n] },
      { count: 10n, sum: 1, bucketCounts: [5n, 5n] },
    ]);
  });

  it('adds up exponential histograms by the places of their buckets', () => {
    const point = (offset: number, ...bucketCounts: bigint[]): PlainPoint => ({
      attributes: [],
      count: 1n,
      scale: 1,
      positive: { offset, bucketCounts },
      startTimeUnixNano: BigInt(offset),
    });
    const dataPoints = [point(4, 1n, 2n), point(2, 1n, 0n, 7n), point(9)];
    const merged = mergeEqualPoints({ exponentialHistogram: { dataPoints, aggregationTemporality: 2 }, metadata: [] }, 'sum');
    expect(merged.exponentialHistogram!.dataPoints).toMatchObject([
      { count: 3n, positive: { offset: 2, bucketCounts: [1n, 0n, 8n, 2n] }, startTimeUnixNano: 2n },
    ]);
  });

  it('leaves nothing of the points of a summary, and a metric without data as it is', () => {
    expect(mergeEqualPoints({ summary: { dataPoints: [{ attributes: [], count: 1n }] }, metadata: [] }, 'sum').summary).toEqual({
      dataPoints: [],
    });
    expect(mergeEqualPoints({ name: 'm', metadata: [] }, 'sum')).toEqual({ name: 'm', metadata: [] });
  });

  it('knows the aggregations of the Collector', () => {
    expect(aggregations).toEqual(['sum', 'mean', 'min', 'max', 'median', 'count']);
  });
});

describe('The object form of a metric', () => {
  it('is decoded and encoded', () => {
    const metric = gauge({ ...int(-5n), attributes: [{ key: 'a', value: { stringValue: '1' } }] });
    const decoded = decodeMetric(encodeMetric(metric));
    expect(kindOf(decoded)).toBe('gauge');
    expect(decoded.gauge!.dataPoints).toMatchObject(metric.gauge!.dataPoints);
  });
});

describe('truncatedProduct', () => {
  it.each([
    [7n, 1.5, 10n],
    [-7n, 1.5, -10n],
    [1n, 1e30, -(2n ** 63n)],
    [1n, NaN, -(2n ** 63n)],
  ])('of %s and %s is %s', (value, factor, product) => {
    expect(truncatedProduct(value, factor)).toBe(product);
  });
});
