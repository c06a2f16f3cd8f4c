import { describe, expect, it } from '@jest/globals';
import { Registry } from '@millrace/instruments';
import { Clock, metric, pool, samples } from './read.ts';

describe('The limit of series', () => {
  it('puts what is beyond it into the overflow, and the sum stays', () => {
    const registry = new Registry({ limit: 10 });
    const counter = registry.counter('c', { labels: ['user'] });
    const histogram = registry.histogram('h', { labels: ['user'], boundaries: [1] });
    for (let i = 0; i < 100; i++) {
      counter.add(i, { user: `u${i}` });
      histogram.record(i, { user: `u${i}` });
    }
    const found = samples(registry.text());
    const counts = Object.entries(found).filter(([name]) => name.startsWith('c_total'));
    expect(counts).toHaveLength(10);
    expect(counts.reduce((sum, [, value]) => sum + value, 0)).toBe(4950);
    expect(found['c_total{otel_metric_overflow="true"}']).toBe(4950 - 36);
    expect(found['h_count{otel_metric_overflow="true"}']).toBe(91);
    expect(metric(registry.batch(pool), 'c')!.dataPoints.at(-1)!.attributes).toEqual([
      { key: 'otel.metric.overflow', value: { boolValue: true } },
    ]);
  });

  it('holds for kept series, and with texts that are longer than a label may be', () => {
    const registry = new Registry({ limit: 3 });
    const counter = registry.counter('c', { labels: ['a'] });
    for (let i = 0; i < 10; i++) counter.seriesOf(`${i}`).add(1);
    expect(samples(registry.text())).toEqual({ 'c_total{a="0"}': 1, 'c_total{a="1"}': 1, 'c_total{otel_metric_overflow="true"}': 8 });
    const long = new Registry();
    const text = 'x'.repeat(5000);
    for (let i = 0; i < 3; i++) long.counter('c', { labels: ['a'] }).add(1, { a: `${text}${i}` });
    expect(samples(long.text())).toEqual({ [`c_total{a="${'x'.repeat(1024)}"}`]: 3 });
  });

  it('is at least 2', () => {
    expect(() => new Registry({ limit: 1 })).toThrow('the limit of series must be at least 2, but is 1');
  });
});

describe('A series that is not used', () => {
  it('ends, and what it counted stays in the overflow', () => {
    const clock = new Clock();
    const registry = new Registry({ now: clock.now, expireAfterMs: 60_000 });
    const counter = registry.counter('c', { labels: ['a'] });
    const gauge = registry.gauge('g', { labels: ['a'] });
    const kept = counter.seriesOf('old');
    kept.add(5);
    gauge.set(5, { a: 'old' });
    registry.text();
    clock.ms += 40_000;
    counter.add(1, { a: 'new' });
    registry.text();
    clock.ms += 40_000;
    expect(samples(registry.text())).toEqual({ 'c_total{a="new"}': 1, 'c_total{otel_metric_overflow="true"}': 5 });
    kept.add(2);
    gauge.set(1, { a: 'old' });
    expect(samples(registry.text())).toEqual({
      'c_total{a="new"}': 1,
      'c_total{a="old"}': 2,
      'c_total{otel_metric_overflow="true"}': 5,
      'g{a="old"}': 1,
    });
  });

  it('of a distribution or an up-down counter stays in the overflow too', () => {
    const clock = new Clock();
    const registry = new Registry({ now: clock.now, expireAfterMs: 1000 });
    const summary = registry.summary('s', { labels: ['a'], quantiles: [1] });
    const exponential = registry.histogram('e', { labels: ['a'], exponential: true });
    const active = registry.upDownCounter('u', { labels: ['a'] });
    for (const a of ['x', 'y']) {
      summary.record(2, { a });
      exponential.record(2, { a });
      active.add(-2, { a });
    }
    registry.text();
    clock.ms += 1000;
    expect(samples(registry.text())).toMatchObject({
      's{otel_metric_overflow="true",quantile="1"}': expect.closeTo(2, 1),
      's_count{otel_metric_overflow="true"}': 2,
      'e_sum{otel_metric_overflow="true"}': 4,
      'u{otel_metric_overflow="true"}': -4,
    });
  });

  it('gives what its holder adds later to the series that has its place', () => {
    const clock = new Clock();
    const registry = new Registry({ now: clock.now, expireAfterMs: 1000 });
    const counter = registry.counter('c', { labels: ['a'] });
    const gauge = registry.gauge('g');
    const kept = counter.seriesOf('x');
    const keptGauge = gauge.series({});
    kept.add(1);
    keptGauge.set(1);
    registry.text();
    clock.ms += 1000;
    registry.text();
    counter.add(10, { a: 'x' });
    gauge.set(2);
    kept.add(100);
    keptGauge.set(3);
    expect(samples(registry.text())).toEqual({ 'c_total{a="x"}': 110, 'c_total{otel_metric_overflow="true"}': 1, g: 3 });
    kept.add(1000);
    expect(samples(registry.text())).toMatchObject({ 'c_total{a="x"}': 1110 });
  });

  it('is told to every reader of differences exactly once', () => {
    const clock = new Clock();
    const registry = new Registry({ now: clock.now, expireAfterMs: 1000 });
    const counter = registry.counter('c', { labels: ['a'] });
    const histogram = registry.histogram('h', { labels: ['a'], boundaries: [1] });
    const reader = registry.reader({ temporality: 'delta' });
    const told = (): number[] => {
      const batch = reader.batch(pool);
      return (metric(batch, 'c')?.dataPoints ?? []).map(({ asDouble }) => asDouble!);
    };
    counter.add(1, { a: 'x' });
    histogram.record(1, { a: 'x' });
    expect(told()).toEqual([1]);
    counter.add(2, { a: 'x' });
    registry.text();
    clock.ms += 1000;
    expect(told()).toEqual([2]);
    counter.add(4, { a: 'x' });
    expect(told()).toEqual([4]);
    expect(told()).toEqual([]);
  });
});

describe('A series of a gauge that is ended', () => {
  it('is in no reading until it is set again, and makes room for others', () => {
    const registry = new Registry({ limit: 3 });
    const gauge = registry.gauge('g', { labels: ['a'] });
    const kept = gauge.seriesOf('0');
    kept.set(1);
    kept.end();
    kept.end();
    expect(samples(registry.text())).toEqual({});
    expect(registry.batch(pool)).toBeUndefined();
    for (let i = 1; i <= 100; i++) {
      gauge.set(i, { a: `${i}` });
      expect(samples(registry.text())).toEqual({ [`g{a="${i}"}`]: i });
      expect(registry.size).toBe(1);
      gauge.series({ a: `${i}` }).end();
    }
    kept.set(2);
    gauge.add(1, { a: '0' });
    expect(samples(registry.text())).toEqual({ 'g{a="0"}': 3 });
  });

  it('ends in every view', () => {
    const registry = new Registry({ views: [{ instrument: 'g' }, { instrument: 'g', name: 'other' }] });
    const gauge = registry.gauge('g');
    gauge.set(1);
    expect(samples(registry.text())).toEqual({ g: 1, other: 1 });
    gauge.seriesOf().end();
    expect(samples(registry.text())).toEqual({});
    gauge.set(2);
    expect(samples(registry.text())).toEqual({ g: 2, other: 2 });
  });
});
