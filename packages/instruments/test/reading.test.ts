import { describe, expect, it } from '@jest/globals';
import { Registry } from '@millrace/instruments';
import { expositionFormat } from '@millrace/prometheus-format';
import { Clock, metric, pool, read, samples } from './read.ts';

function everything(clock: Clock): Registry {
  const registry = new Registry({
    now: clock.now,
    resource: { 'service.name': 'shop', 'service.instance.id': 7 },
    scope: { name: 'app', version: '1.2' },
  });
  registry
    .counter('calls', { unit: '{call}', description: 'Calls', labels: ['port', 'ok', 'share'] })
    .add(2, { port: 443, ok: true, share: 0.5 });
  registry.upDownCounter('active').add(-1);
  registry.gauge('share', { unit: '1' }).set(0.25);
  const histogram = registry.histogram('latency', { unit: 's', boundaries: [1, 2] });
  histogram.record(1);
  histogram.record(3);
  const exponential = registry.histogram('wide', { exponential: true });
  exponential.record(2);
  exponential.record(0);
  registry.summary('size', { quantiles: [0.5] }).record(1);
  return registry;
}

describe('A registry', () => {
  it('writes Prometheus text with names, units, help and the resource', () => {
    expect(everything(new Clock()).text()).toBe(`# TYPE active gauge
active -1
# HELP calls_total Calls
# TYPE calls_total counter
calls_total{ok="true",port="443",share="0.5"} 2
# TYPE latency_seconds histogram
latency_seconds_bucket{le="1"} 1
latency_seconds_bucket{le="2"} 1
latency_seconds_bucket{le="+Inf"} 2
latency_seconds_sum 4
latency_seconds_count 2
# TYPE share_ratio gauge
share_ratio 0.25
# TYPE size summary
size{quantile="0.5"} 0.9945848405840976
size_sum 1
size_count 1
# TYPE wide histogram
wide_bucket{le="+Inf"} 2
wide_sum 2
wide_count 2
# HELP target_info Target metadata
# TYPE target_info gauge
target_info{service_instance_id="7",service_name="shop"} 1
`);
  });

  it('writes OpenMetrics', () => {
    const text = everything(new Clock()).reader().text(expositionFormat('openmetrics'));
    expect(text).toContain('# TYPE calls counter\n');
    expect(text).toContain('# UNIT latency_seconds seconds\n');
    expect(text.endsWith('# EOF\n')).toBe(true);
  });

  it('writes OTLP', () => {
    const clock = new Clock();
    const registry = everything(clock);
    clock.ms += 1000;
    const { resource, scope, metrics } = read(registry.batch(pool));
    expect(resource).toEqual({
      attributes: [
        { key: 'service.name', value: { stringValue: 'shop' } },
        { key: 'service.instance.id', value: { intValue: '7' } },
      ],
    });
    expect(scope).toEqual({ name: 'app', version: '1.2' });
    const times = { startTimeUnixNano: '1700000000000000000', timeUnixNano: '1700000001000000000' };
    expect(metrics).toEqual([
      {
        name: 'calls',
        unit: '{call}',
        description: 'Calls',
        kind: 'sum',
        aggregationTemporality: 2,
        isMonotonic: true,
        dataPoints: [
          {
            ...times,
            attributes: [
              { key: 'port', value: { intValue: '443' } },
              { key: 'ok', value: { boolValue: true } },
              { key: 'share', value: { doubleValue: 0.5 } },
            ],
            asDouble: 2,
          },
        ],
      },
      { name: 'active', kind: 'sum', aggregationTemporality: 2, dataPoints: [{ ...times, asDouble: -1 }] },
      { name: 'share', unit: '1', kind: 'gauge', dataPoints: [{ timeUnixNano: times.timeUnixNano, asDouble: 0.25 }] },
      {
        name: 'latency',
        unit: 's',
        kind: 'histogram',
        aggregationTemporality: 2,
        dataPoints: [{ ...times, count: '2', sum: 4, min: 1, max: 3, bucketCounts: ['1', '0', '1'], explicitBounds: [1, 2] }],
      },
      {
        name: 'wide',
        kind: 'exponentialHistogram',
        aggregationTemporality: 2,
        dataPoints: [
          { ...times, count: '2', sum: 2, min: 0, max: 2, scale: 6, zeroCount: '1', positive: { offset: 63, bucketCounts: ['1'] } },
        ],
      },
      {
        name: 'size',
        kind: 'summary',
        dataPoints: [{ ...times, count: '1', sum: 1, quantileValues: [{ quantile: 0.5, value: expect.closeTo(1, 1) }] }],
      },
    ]);
  });

  it('has nothing to say before the first measurement, and releases what it leased', () => {
    const registry = new Registry();
    registry.counter('c');
    const before = pool.ledger.accounted;
    expect(registry.batch(pool)).toBeUndefined();
    expect(registry.text()).toBe('');
    expect(pool.ledger.accounted).toBe(before);
  });
});

describe('Readers', () => {
  it('have their own temporality, and each one of differences sees every change once', () => {
    const clock = new Clock();
    const registry = new Registry({ now: clock.now });
    const counter = registry.counter('c', { labels: ['a'] });
    const histogram = registry.histogram('h', { boundaries: [10] });
    const exponential = registry.histogram('e', { exponential: true });
    const first = registry.reader({ temporality: 'delta' });
    const second = registry.reader({ temporality: 'delta' });
    const values = (reader: typeof first): unknown =>
      Object.fromEntries(
        read(reader.batch(pool)).metrics.map(({ name, dataPoints }) => [
          name,
          dataPoints.map((point) => point.asDouble ?? [point.count, point.sum]),
        ]),
      );
    counter.add(1, { a: 'x' });
    histogram.record(3);
    exponential.record(5);
    expect(values(first)).toEqual({ c: [1], h: [['1', 3]], e: [['1', 5]] });
    counter.add(2, { a: 'y' });
    counter.add(4, { a: 'x' });
    histogram.record(30);
    exponential.record(1e30);
    exponential.record(-5);
    expect(values(first)).toEqual({ c: [4, 2], h: [['1', 30]], e: [['2', 1e30]] });
    expect(values(first)).toEqual({});
    expect(values(second)).toEqual({ c: [5, 2], h: [['2', 33]], e: [['3', 1e30]] });
    expect(values(registry.reader())).toEqual({ c: [5, 2], h: [['2', 33]], e: [['3', 1e30]] });
    expect(samples(registry.text())).toMatchObject({ 'c_total{a="x"}': 5 });
    first.close();
    counter.add(8, { a: 'x' });
    expect(values(second)).toEqual({ c: [8] });
  });

  it('of differences count from one reading to the next', () => {
    const clock = new Clock();
    const registry = new Registry({ now: clock.now });
    const counter = registry.counter('c');
    const histogram = registry.histogram('h', { boundaries: [1] });
    const active = registry.upDownCounter('u');
    const reader = registry.reader({ temporality: 'delta' });
    counter.add(1);
    active.add(2);
    clock.ms += 1000;
    reader.batch(pool)!.release();
    clock.ms += 500;
    counter.add(1);
    histogram.record(5);
    clock.ms += 500;
    const { metrics } = read(reader.batch(pool));
    expect(metrics.map(({ name, aggregationTemporality }) => [name, aggregationTemporality])).toEqual([
      ['c', 1],
      ['h', 1],
      ['u', 2],
    ]);
    expect(metrics[0]!.dataPoints[0]).toMatchObject({ startTimeUnixNano: '1700000001000000000', timeUnixNano: '1700000002000000000' });
    expect(metrics[1]!.dataPoints[0]).toMatchObject({ min: 5, max: 5 });
    histogram.record(2);
    expect(metric(reader.batch(pool), 'h')!.dataPoints[0]).not.toHaveProperty('min');
  });
});
