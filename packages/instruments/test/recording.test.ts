import { describe, expect, it } from '@jest/globals';
import { Registry } from '@millrace/instruments';
import { samples } from './read.ts';

describe('A counter', () => {
  it('adds up by labels, in whatever order they are written', () => {
    const registry = new Registry();
    const counter = registry.counter('requests', { labels: ['model', 'tier'] });
    counter.add(1, { model: 'a', tier: '1' });
    counter.add(2, { tier: '1', model: 'a' });
    counter.add(4, { model: 'a', tier: '2' });
    expect(samples(registry.text())).toEqual({ 'requests_total{model="a",tier="1"}': 3, 'requests_total{model="a",tier="2"}': 4 });
  });

  it('takes a text, its number and its boolean for one series, and an empty or missing label for none', () => {
    const registry = new Registry();
    const counter = registry.counter('c', { labels: ['x', 'y'] });
    counter.add(1, { x: 1, y: undefined });
    counter.add(1, { x: '1', y: '' });
    counter.add(1, { x: true, y: undefined });
    counter.add(1, { x: 'true', y: undefined });
    counter.add(1, { x: undefined, y: undefined });
    counter.add(1, undefined as never);
    expect(samples(registry.text())).toEqual({ 'c_total{x="1"}': 2, 'c_total{x="true"}': 2, c_total: 2 });
  });

  it('adds without labels', () => {
    const registry = new Registry();
    const counter = registry.counter('plain');
    for (let i = 0; i < 1000; i++) counter.add(1);
    expect(samples(registry.text())).toEqual({ plain_total: 1000 });
  });

  it('does not round: a million times 0.1, and small amounts beside large ones', () => {
    const registry = new Registry();
    const tenths = registry.counter('tenths');
    for (let i = 0; i < 1_000_000; i++) tenths.add(0.1);
    const mixed = registry.counter('mixed');
    mixed.add(1e16);
    for (let i = 0; i < 1000; i++) mixed.add(1);
    expect(samples(registry.text())).toEqual({ tenths_total: 100_000, mixed_total: 1e16 + 1000 });
  });

  it.each([
    ['NaN', Number.NaN, 'not_finite'],
    ['infinity', Infinity, 'not_finite'],
    ['what is below 0', -1, 'negative'],
    ['a text', '5' as unknown as number, 'not_finite'],
    ['a bigint', 5n as unknown as number, 'not_finite'],
  ])('drops and counts %s without throwing', (_, value, reason) => {
    const registry = new Registry();
    const counter = registry.counter('c');
    counter.add(1);
    counter.add(value);
    counter.series({}).add(value);
    expect(samples(registry.text())).toEqual({
      c_total: 1,
      [`millrace_instruments_refused_total{instrument="c",reason="${reason}"}`]: 2,
    });
  });
});

describe('An up-down counter', () => {
  it('takes what is below 0', () => {
    const registry = new Registry();
    const active = registry.upDownCounter('active', { labels: ['route'] });
    active.add(3, { route: '/' });
    active.add(-2, { route: '/' });
    active.add(Number.NaN, { route: '/' });
    expect(samples(registry.text())).toMatchObject({ 'active{route="/"}': 1 });
  });
});

describe('A gauge', () => {
  it('is set, and changed by differences', () => {
    const registry = new Registry();
    const gauge = registry.gauge('depth', { labels: ['queue'], unit: '{item}' });
    gauge.set(7, { queue: 'a' });
    gauge.set(5, { queue: 'a' });
    gauge.add(3, { queue: 'a' });
    gauge.subtract(1, { queue: 'a' });
    gauge.subtract(2, { queue: 'b' });
    gauge.set(Infinity, { queue: 'a' });
    gauge.add(Number.NaN, { queue: 'a' });
    expect(samples(registry.text())).toMatchObject({ 'depth{queue="a"}': 7, 'depth{queue="b"}': -2 });
  });

  it('can be brought up to date before it is read', () => {
    const registry = new Registry();
    const gauge = registry.gauge('lag');
    let lag = 1;
    const stop = registry.observe(() => gauge.set(lag++));
    expect(samples(registry.text())).toEqual({ lag: 1 });
    expect(samples(registry.text())).toEqual({ lag: 2 });
    stop();
    expect(samples(registry.text())).toEqual({ lag: 2 });
  });
});

describe('A histogram', () => {
  it('puts a value that is a bound into the bucket below it', () => {
    const registry = new Registry();
    const histogram = registry.histogram('latency', { unit: 's', boundaries: [1, 2, 5] });
    for (const value of [-3, 1, 1.5, 2, 5, 5.1]) histogram.record(value);
    histogram.record(Number.NaN);
    expect(samples(registry.text())).toMatchObject({
      'latency_seconds_bucket{le="1"}': 2,
      'latency_seconds_bucket{le="2"}': 4,
      'latency_seconds_bucket{le="5"}': 5,
      'latency_seconds_bucket{le="+Inf"}': 6,
      latency_seconds_count: 6,
      latency_seconds_sum: 11.6,
    });
  });

  it('has the boundaries of OpenTelemetry unless it says others', () => {
    const registry = new Registry();
    registry.histogram('h').record(30);
    const bounds = Object.keys(samples(registry.text())).flatMap((name) => /le="(\d+)"/.exec(name)?.[1] ?? []);
    expect(bounds.map(Number)).toEqual([0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000]);
  });
});

describe('A summary', () => {
  it('has quantiles of a window that moves on, and count and sum of everything', () => {
    let ms = 1_700_000_000_000;
    const registry = new Registry({ now: () => ms });
    const summary = registry.summary('size', { quantiles: [0.5, 1], windowMs: 60_000, labels: ['kind'] });
    for (let value = 1; value <= 100; value++) summary.record(value, { kind: 'a' });
    const first = samples(registry.text());
    expect(first['size{kind="a",quantile="0.5"}']! / 50).toBeCloseTo(1, 1);
    expect(first['size{kind="a",quantile="1"}']! / 100).toBeCloseTo(1, 1);
    ms += 30_000;
    summary.record(1000, { kind: 'a' });
    ms += 48_000;
    const second = samples(registry.text());
    expect(second['size{kind="a",quantile="0.5"}']! / 1000).toBeCloseTo(1, 1);
    expect(second).toMatchObject({ 'size_count{kind="a"}': 101, 'size_sum{kind="a"}': 6050 });
    ms += 600_000;
    summary.record(Number.NaN, { kind: 'a' });
    expect(samples(registry.text())['size{kind="a",quantile="0.5"}']).toBeNaN();
  });
});

describe('A series that is kept', () => {
  it('is the same as the one that is looked up', () => {
    const registry = new Registry();
    const counter = registry.counter('c', { labels: ['a', 'b'] });
    counter.series({ b: 'y', a: 'x' }).add(1);
    counter.seriesOf('x', 'y').add(2);
    counter.add(4, { a: 'x', b: 'y' });
    registry
      .histogram('h', { boundaries: [1], labels: ['a'] })
      .seriesOf('x')
      .record(1);
    registry
      .gauge('g', { labels: ['a'] })
      .seriesOf('x')
      .set(1);
    expect(samples(registry.text())).toMatchObject({ 'c_total{a="x",b="y"}': 7, 'h_count{a="x"}': 1, 'g{a="x"}': 1 });
  });
});
