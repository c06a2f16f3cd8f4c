import { PipelineError } from '@millrace/api';
import { configOf } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';
import { start } from './run.ts';
import type { Metric, OutPoint, Point } from './run.ts';

const point = (user: string, more: object = {}): Point => ({ attributes: { user }, asInt: '1', timeUnixNano: 1000, ...more });
const users = (points: readonly OutPoint[]) =>
  points.map(({ attributes, isOverflow, asInt, asDouble }) => [isOverflow ? 'overflow' : attributes['user'], Number(asInt ?? asDouble)]);
const gauge = (...points: Point[]): Metric => ({ type: 'gauge', points });
const cumulative = (...points: Point[]): Metric => ({ temporality: 2, points });

describe('The limit', () => {
  it('holds for each metric of each resource, and marks what is folded', () => {
    const run = start({ limit: 2 });
    const points = ['a', 'b', 'c', 'd'].map((user) => point(user));
    const out = run.send(
      { points },
      { points, resource: 'other' },
      { points: points.slice(1), name: 'errors' },
      { points: points.slice(2) },
    );
    expect(out.map(({ resource, metric, attributes, isOverflow, asInt }) => [resource, metric, attributes, isOverflow, asInt])).toEqual([
      ['shop', 'requests', { user: 'a' }, false, '1'],
      ['shop', 'requests', { user: 'b' }, false, '1'],
      ['shop', 'requests', {}, true, '2'],
      ['other', 'requests', { user: 'a' }, false, '1'],
      ['other', 'requests', { user: 'b' }, false, '1'],
      ['other', 'requests', {}, true, '2'],
      ['shop', 'errors', { user: 'b' }, false, '1'],
      ['shop', 'errors', { user: 'c' }, false, '1'],
      ['shop', 'errors', {}, true, '1'],
      ['shop', 'requests', {}, true, '2'],
    ]);
    expect(run.context.items).toMatchObject({ absorbed: 7, created: 4, dropped: {} });
    run.stop();
    expect(run.host.memory.accounted).toBe(0);
  });

  it('leaves a batch below it alone, byte for byte', () => {
    const run = start();
    run.send({ points: [point('a'), point('b')] });
    const [first] = run.sink.requests;
    run.send({ points: [point('a'), point('b')] });
    expect(run.sink.requests[0]).toEqual(first);
    expect(run.context.items).toMatchObject({ absorbed: 0, created: 0 });
  });

  it('does not depend on the order of attributes', () => {
    const run = start({ limit: 1 });
    run.send({ points: [{ ...point(''), attributes: { a: 'x', b: 2 } }] });
    const out = run.send({
      points: [
        { ...point(''), attributes: { b: 2, a: 'x' } },
        { ...point(''), attributes: { b: '2', a: 'x' } },
      ],
    });
    expect(out.map(({ isOverflow }) => isOverflow)).toEqual([false, true]);
  });

  it('can be another one for some metrics; the first entry that names one counts', () => {
    const run = start({
      limit: 1,
      overrides: [
        { metrics: ['http.*.duration', 'exact'], limit: 3 },
        { metrics: ['http.*'], key_limits: { user: 2 } },
        { metrics: ['free'], limit: 100, key_limits: { user: 50 } },
      ],
    });
    const points = ['a', 'b', 'c', 'd'].map((user) => point(user));
    const kept = (name: string): number => run.send({ name, points }).filter(({ isOverflow }) => !isOverflow).length;
    expect(['http.server.duration', 'exact', 'exactly', 'http.size', 'free', 'requests'].map(kept)).toEqual([3, 3, 1, 1, 4, 1]);
  });

  it('of a key takes the attribute off beyond its limit and keeps the others', () => {
    const run = start({ limit: 4, key_limits: { user: 2 } });
    const at = (user: string, route: string): Point => ({ ...point(user), attributes: { route, user } });
    const out = run.send({
      points: [at('a', '/x'), at('b', '/x'), at('c', '/x'), at('d', '/x'), at('a', '/y'), at('c', '/y'), at('d', '/z')],
    });
    expect(out.map(({ attributes, isOverflow, asInt }) => [attributes, isOverflow, asInt])).toEqual(
      [
        [{ route: '/x', user: 'a' }, false, '1'],
        [{ route: '/x', user: 'b' }, false, '1'],
        [{ route: '/y', user: 'a' }, false, '1'],
        [{ route: '/x' }, true, '2'],
        // These would be more than four series.
        [{}, true, '2'],
      ].map(([attributes, isOverflow, asInt]) => [attributes, isOverflow, asInt]),
    );
  });

  it("folds somebody else's overflow series into its own", () => {
    const run = start({ limit: 5 });
    const theirs: Point = { ...point(''), attributes: { 'otel.metric.overflow': true }, asInt: '7' };
    expect(run.send({ points: [theirs, point('a')] }).map(({ isOverflow, asInt }) => [isOverflow, asInt])).toEqual([
      [false, '1'],
      [true, '7'],
    ]);
  });
});

describe('What is folded', () => {
  it('keeps its times: of deltas the whole span, of totals where the first one started', () => {
    const run = start({ limit: 0 });
    const times = (points: readonly OutPoint[]) => points.map((out) => [out['startTimeUnixNano'], out['timeUnixNano']]);
    const both = [point('a', { startTimeUnixNano: 20, timeUnixNano: 30 }), point('b', { startTimeUnixNano: 10, timeUnixNano: 25 })];
    expect(times(run.send({ points: both }))).toEqual([['10', '30']]);
    expect(times(run.send({ points: [point('a', { startTimeUnixNano: 30, timeUnixNano: 40 })] }))).toEqual([['30', '40']]);
    expect(times(run.send({ ...cumulative(...both), name: 'total' }))).toEqual([['20', '30']]);
    const later = cumulative(point('b', { startTimeUnixNano: 10, timeUnixNano: 45 }));
    expect(times(run.send({ ...later, name: 'total' }))).toEqual([['20', '45']]);
  });

  it('stays an exact integer, and becomes a double when one of them is', () => {
    const run = start({ limit: 0 });
    const big = (2n ** 60n).toString();
    expect(run.send({ points: [point('a', { asInt: big }), point('b')] })[0]!['asInt']).toBe((2n ** 60n + 1n).toString());
    const half = { attributes: { user: 'c' }, asDouble: 0.5, timeUnixNano: 1 };
    expect(run.send({ points: [point('a'), half] })[0]!['asDouble']).toBe(1.5);
    const most = (2n ** 63n - 1n).toString();
    expect(run.send({ points: [point('a', { asInt: most }), point('b', { asInt: most })] })[0]!['asDouble']).toBe(2 ** 64);
    const tiny = Array.from({ length: 10 }, (_, i) => ({ attributes: { i }, asDouble: i === 0 ? 1e16 : 1, timeUnixNano: 1 }));
    expect(run.send({ points: tiny })[0]!['asDouble']).toBe(1e16 + 9 - 1);
  });

  it('leaves out points without a value or with one that is no number', () => {
    const run = start({ limit: 0 });
    const odd = [
      { attributes: { user: 'a' }, flags: 1, timeUnixNano: 1 },
      { attributes: { user: 'b' }, asDouble: 'NaN', timeUnixNano: 1 },
      { attributes: { user: 'c' }, asDouble: 'Infinity', timeUnixNano: 1 },
    ];
    expect(run.send({ points: odd })).toEqual([]);
    expect(run.send({ points: [...odd, point('d')] }).map(({ asInt }) => asInt)).toEqual(['1']);
    expect(run.context.items).toMatchObject({ absorbed: 7, created: 1 });
  });

  it('takes no notice of a total that is older than the last one', () => {
    const run = start({ limit: 0 });
    const at = (asInt: number, timeUnixNano: number) => run.send(cumulative(point('a', { asInt: `${asInt}`, timeUnixNano })))[0]!['asInt'];
    expect([at(5, 100), at(3, 90), at(6, 110), at(2, 120)]).toEqual(['5', '5', '6', '8']);
  });

  it('is the same when a batch is refused and sent again', () => {
    const run = start({ limit: 1 });
    run.sink.before = () => {
      throw new PipelineError('not now', { kind: 'retryable' });
    };
    const metrics = [cumulative(point('a'), point('b', { asInt: '3' }), point('c')), { ...gauge(point('a'), point('b')), name: 'queue' }];
    expect(() => run.send(...metrics)).toThrow('not now');
    expect(run.context.items).toMatchObject({ absorbed: 0, created: 0 });
    run.sink.before = undefined;
    expect(users(run.send(...metrics))).toEqual([
      ['a', 1],
      ['overflow', 4],
      ['a', 1],
      ['overflow', 1],
    ]);
    expect(run.context.items).toMatchObject({ absorbed: 3, created: 2 });
  });

  it('of histograms has the bounds that all have, and minimum and maximum of all', () => {
    const run = start({ limit: 0 });
    const of = (user: string, explicitBounds: number[], bucketCounts: number[], more: object = {}): Point => ({
      attributes: { user },
      timeUnixNano: 5,
      explicitBounds,
      bucketCounts,
      count: bucketCounts.reduce((a, b) => a + b, 0),
      ...more,
    });
    const histogram = (...points: Point[]) => run.send({ type: 'histogram', points })[0]!;
    expect(
      histogram(
        of('a', [1, 2, 5], [1, 2, 3, 4], { sum: 20, min: 0.5, max: 9 }),
        of('b', [2, 3, 5], [1, 1, 1, 1], { sum: 8, min: 1, max: 6 }),
      ),
    ).toMatchObject({ count: '14', sum: 28, min: 0.5, max: 9, explicitBounds: [2, 5], bucketCounts: ['4', '5', '5'] });
    expect(histogram(of('a', [1], [1, 1], { sum: 2, min: 0, max: 2 }), of('b', [1], [1, 0]))).not.toHaveProperty('sum');
    expect(histogram(of('a', [1], [1, 1]), of('b', [], [], { count: 3, sum: 3 }))).toMatchObject({ count: '5', bucketCounts: [] });
  });

  it('of exponential histograms has the coarser scale', () => {
    const run = start({ limit: 0 });
    const of = (user: string, scale: number, offset: number, bucketCounts: number[], more: object = {}): Point => ({
      attributes: { user },
      timeUnixNano: 5,
      scale,
      positive: {
        offset,
        bucketCounts,
      },
      count: bucketCounts.reduce((a, b) => a + b, 0),
      ...more,
    });
    const points = [
      of('a', 2, 3, [1, 2, 3], { sum: 9, zeroCount: 1, count: 7 }),
      of('b', 1, -1, [5, 0, 1], { sum: 2, negative: { offset: 2, bucketCounts: [4] }, count: 10, min: -4, max: 3 }),
    ];
    for (const temporality of [1, 2] as const) {
      for (const batch of [1, 2]) {
        const out = run.send({ type: 'exponentialHistogram', temporality, points })[0]!;
        expect(out).toMatchObject({ count: '17', sum: 11, scale: 1, zeroCount: '1', negative: { offset: 2, bucketCounts: ['4'] } });
        expect(out['positive']).toEqual({ offset: -1, bucketCounts: ['5', '0', '2', '5'] });
        expect([batch, out['min']]).toEqual([batch, undefined]);
      }
    }
  });

  it('of summaries has count and sum', () => {
    const run = start({ limit: 0 });
    const of = (user: string, count: number): Point => ({
      attributes: { user },
      timeUnixNano: 5,
      count,
      sum: count * 1.5,
      quantileValues: [
        {
          quantile: 0.5,
          value: 1,
        },
      ],
    });
    expect(run.send({ type: 'summary', points: [of('a', 2), of('b', 4)] })[0]).toMatchObject({ count: '6', sum: 9, quantileValues: [] });
    expect(run.send({ type: 'summary', points: [of('a', 3), of('b', 1)] })[0]).toMatchObject({ count: '8', sum: 12 });
  });
});

describe('What is remembered', () => {
  it('expires: places become free, and the state of a gauge goes out of the sum', async () => {
    const run = start({ limit: 1, expiry: '60s' });
    const out = run.send(gauge(point('a'), point('b', { asInt: '5' }), point('c', { asInt: '2' })));
    expect(users(out)).toEqual([
      ['a', 1],
      ['overflow', 7],
    ]);
    await run.clock.advance(40_000);
    expect(users(run.send(gauge(point('b', { asInt: '5' }))))).toEqual([['overflow', 7]]);
    await run.clock.advance(30_000);
    expect(users(run.send(gauge(point('b', { asInt: '5' }), point('d'), point('a'))))).toEqual([
      ['d', 1],
      ['overflow', 6],
    ]);
    for (let minute = 0; minute < 4; minute++) {
      await run.clock.advance(61_000);
      run.send({ points: [point('x')], name: 'other' });
    }
    expect(run.metrics()).toMatchObject({ series: [{ value: 1 }], folded_series: [{ value: 0 }] });
  });

  it('lets the values of a key expire', async () => {
    const run = start({ key_limits: { user: 1 }, expiry: '10s' });
    expect(users(run.send({ points: [point('a'), point('b')] }))).toEqual([
      ['a', 1],
      ['overflow', 1],
    ]);
    await run.clock.advance(6_000);
    run.send({ points: [point('a')] });
    await run.clock.advance(6_000);
    expect(users(run.send({ points: [point('b')] }))).toEqual([['overflow', 1]]);
    await run.clock.advance(6_000);
    expect(users(run.send({ points: [point('b')] }))).toEqual([['b', 1]]);
  });

  it('is bounded: further series are folded, and totals that cannot be remembered are dropped and counted', () => {
    const run = start({ limit: 1_000_000, memory_limit_mib: 1 });
    let kept = 0;
    for (let batch = 0; batch < 40; batch++) {
      const points = Array.from({ length: 1000 }, (_, i) => point(`${batch}-${i}`));
      const out = run.send({ points });
      kept += out.filter(({ isOverflow }) => !isOverflow).length;
      expect(out.reduce((sum, { asInt }) => sum + Number(asInt), 0)).toBe(1000);
      run.send({ ...cumulative(...points), name: 'total' });
      for (let resource = 0; resource < 50; resource++) run.send({ points: [point('a')], resource: `r${batch}-${resource}` });
    }
    expect(kept).toBeGreaterThan(1000);
    expect(run.metrics()).toMatchObject({ memory: [{ value: expect.any(Number) }] });
    expect(run.metrics()['memory']![0]!.value).toBeLessThanOrEqual(2 ** 20);
    expect(run.host.memory.accounted).toBeLessThanOrEqual(2 ** 20);
    expect(run.context.items.dropped['memory_limit']).toBeGreaterThan(0);
  });
});

describe('An exploding key', () => {
  it('is named with some of its values, without secrets, once a minute', async () => {
    const run = start({ limit: 10 });
    const points = (batch: number): Point[] =>
      Array.from({ length: 100 }, (_, i) => ({
        ...point(''),
        attributes: { 'session.id': `${batch}-${i}`, password: `pw${i % 40}`, long: 'x'.repeat(200), n: i % 3 },
      }));
    run.send({ points: points(0) });
    run.send({ points: points(1) });
    expect(run.context.lines).toHaveLength(1);
    const [line] = run.context.lines;
    expect(line).toMatchObject({
      level: 'warn',
      message: 'A metric has more series than its limit; the others are folded.',
      attributes: { metric: 'requests', limit: 10, points: 90, key: 'session.id', samples: ['0-5', '0-6', '0-7'] },
    });
    expect(line!.attributes!['values']).toBeGreaterThan(80);
    expect(line!.attributes!['values']).toBeLessThan(115);
    expect(JSON.stringify(run.context.lines)).not.toContain('pw');
    const { key_values, folded_points } = run.metrics();
    expect(key_values).toMatchObject([{ attributes: { metric: 'requests', key: 'session.id', samples: '0-5, 0-6, 0-7' } }]);
    expect(folded_points).toEqual([{ value: 190, attributes: { processor: 'cardinality_limit' } }]);
    await run.clock.advance(60_000);
    run.send({ points: points(2) });
    expect(run.context.lines).toHaveLength(2);
    expect(run.context.lines[1]!.attributes).toMatchObject({ points: 200 });
  });

  it('hides the values of secrets and shortens long ones', () => {
    const run = start({ limit: 0 });
    run.send({ points: [0, 1, 2].map((i) => ({ ...point(''), attributes: { api_key: `sk-${i}` } })) });
    expect(run.context.lines[0]!.attributes).toMatchObject({ key: 'api_key' });
    expect(JSON.stringify(run.context.lines)).not.toContain('sk-');
    run.send({ name: 'other', points: [{ ...point(''), attributes: { path: 'x'.repeat(100) } }] });
    expect(run.context.lines[1]!.attributes).toMatchObject({ samples: [`${'x'.repeat(64)}...`] });
  });

  it('hides secrets and personal data in the middle of values', () => {
    const run = start({ limit: 0 });
    run.send({ points: [{ ...point(''), attributes: { path: '/users/jane.doe@example.com/cart' } }] });
    expect(run.context.lines[0]!.attributes).toMatchObject({ key: 'path', samples: ['/users/[REDACTED]/cart'] });
  });

  it('is looked for in at most 1000 points a second and reported for at most ten metrics a minute', () => {
    const run = start({ limit: 0 });
    for (let metric = 0; metric < 30; metric++) run.send({ name: `m${metric}`, points: [point('a')] });
    expect(run.context.lines).toHaveLength(10);
    expect(run.metrics()['key_values']).toHaveLength(10);
    run.send({ name: 'm0', points: Array.from({ length: 5000 }, (_, i) => point(`u${i}`)) });
    expect(run.metrics()['key_values']![0]!.value).toBeLessThan(1200);
  });
});

describe('A bad configuration', () => {
  it.each([
    [{ expiry: '10ms' }, ['expiry: must be at least 1s']],
    [{ overrides: [{ metrics: [], limit: 1 }] }, ['overrides::0::metrics: must name a metric']],
    [{ overrides: [{ metrics: ['a'] }] }, ['overrides::0: must have a limit or key_limits']],
    [{ key_limits: Object.fromEntries(Array.from({ length: 32 }, (_, i) => [`k${i}`, 1])) }, ['key_limits: must have at most 31 keys']],
    [{}, []],
  ])('is refused: %j', (config, problems) => {
    expect(factory.validateConfig!(configOf(factory, config))).toEqual(problems);
  });
});
