import { PipelineError } from '@millrace/api';
import { configOf, testHost } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { connectorFactory, factory } from '../src/index.ts';
import { epoch, lines, start } from './run.ts';
import type { Point } from './run.ts';

const gauge = (...points: (Point & { asDouble?: number })[]) => ({ points: points.map((point) => ({ asDouble: 1, ...point })) });
const sums = { metrics: [{ aggregations: ['sum'], dimensions: [] }] };

describe('A metric rule', () => {
  it('keeps resources and attributes apart unless it says which matter', async () => {
    const all = await start({ metrics: [{ aggregations: ['sum'] }] });
    const one = await start({ metrics: [{ aggregations: ['sum'], dimensions: ['route'], resource_attributes: ['service.name'] }] });
    for (const run of [all, one]) {
      for (const instance of ['i1', 'i2']) {
        const points = [
          { at: 0, asDouble: 1, attributes: { route: '/a', user: 'x' } },
          { at: 0, asDouble: 2, attributes: { user: 'y', route: '/a' } },
          { at: 0, asDouble: 4, attributes: { user: 'x', route: '/a' } },
        ];
        await run.metrics({ points, resource: { 'service.name': 'shop', 'service.instance.id': instance } });
      }
    }
    const ofAll = await all.stop();
    expect(ofAll.map(({ resource, attributes, value }) => [resource['service.instance.id'], attributes, value])).toEqual([
      ['i1', { route: '/a', user: 'x' }, 5],
      ['i1', { user: 'y', route: '/a' }, 2],
      ['i2', { route: '/a', user: 'x' }, 5],
      ['i2', { user: 'y', route: '/a' }, 2],
    ]);
    const [only, ...others] = await one.stop();
    expect(others).toEqual([]);
    expect(only).toMatchObject({
      resource: { 'service.name': 'shop' },
      attributes: { route: '/a' },
      value: 14,
      unit: 'By',
      metric: 'load.sum',
    });
  });

  it('takes the metrics that it names; the others pass, and with keep_input all do', async () => {
    const metrics = [
      { metrics: ['http.*'], aggregations: ['max'] },
      { metrics: ['*.size'], aggregations: ['count'] },
    ];
    const inputs = [
      { name: 'http.size', ...gauge({ at: 0 }) },
      { name: 'queue.size', ...gauge({ at: 0 }) },
      { name: 'other', ...gauge({ at: 0 }) },
    ];
    const run = await start({ metrics });
    await run.metrics(...inputs);
    expect((await run.take()).map(({ metric }) => metric)).toEqual(['other']);
    const out = await run.stop();
    expect(out.map(({ metric, unit, value }) => [metric, unit, value])).toEqual([
      ['http.size.max', 'By', 1],
      ['queue.size.count', '{item}', 1],
    ]);
    expect(run.context.items).toMatchObject({ absorbed: 2, created: 2 });
    const keeping = await start({ metrics, keep_input: true });
    await keeping.metrics(...inputs);
    expect((await keeping.take()).map(({ metric }) => metric)).toEqual(['http.size', 'queue.size', 'other']);
    expect((await keeping.stop()).map(({ metric }) => metric)).toEqual(['http.size.max', 'queue.size.count']);
    expect(keeping.context.items).toMatchObject({ absorbed: 0, created: 2 });
  });

  it('says what a failure is', async () => {
    const rate = async (failure?: object): Promise<number[]> => {
      const run = await start({
        metrics: [{ aggregations: ['success_rate', 'failure_rate'], dimensions: [], ...(failure && { failure }) }],
      });
      await run.metrics(
        gauge(
          { at: 0, attributes: { status: 500 } },
          { at: 0, attributes: { status: 503, 'error.type': 'x' } },
          { at: 0, attributes: { status: 200 } },
          { at: 0 },
        ),
      );
      return (await run.stop()).map(({ value }) => value);
    };
    expect(await rate()).toEqual([0.75, 0.25]);
    expect(await rate({ attribute: 'status', values: ['5*'] })).toEqual([0.5, 0.5]);
    expect(await rate({ attribute: 'status' })).toEqual([0.25, 0.75]);
  });

  it('counts what histograms count, by their least and greatest value where these are known', async () => {
    const run = await start({ metrics: [{ aggregations: ['count', 'sum', 'min', 'max', 'p50'], dimensions: [] }] });
    const explicit = { at: 0, count: 10, sum: 40, bucketCounts: [2, 6, 2], explicitBounds: [2, 6], min: 1, max: 9 };
    await run.metrics({ name: 'h', type: 'histogram', points: [explicit, { ...explicit, min: 0.5, max: 30 }] });
    const exponential = { at: 0, count: 5, sum: 21, scale: 0, zeroCount: 1, positive: { offset: 1, bucketCounts: [1, 3] } };
    await run.metrics({ name: 'e', type: 'exponentialHistogram', points: [exponential] });
    await run.metrics({
      name: 's',
      type: 'summary',
      points: [{ at: 0, start: 0, count: 4, sum: 10, quantileValues: [{ quantile: 0.5, value: 2 }] }],
    });
    const values = Object.fromEntries((await run.stop()).map(({ metric, value }) => [metric, +value.toPrecision(3)]));
    expect(values).toEqual({
      'h.count': 20,
      'h.sum': 80,
      'h.min': 0.5,
      'h.max': 30,
      'h.p50': 3.98,
      'e.count': 5,
      'e.sum': 21,
      'e.min': 0,
      'e.max': 5.33,
      'e.p50': 5.33,
      's.count': 4,
      's.sum': 10,
    });
  });

  it('adds up what cumulative histograms counted more than before', async () => {
    const run = await start({
      metrics: [{ aggregations: ['count', 'sum', 'histogram'], dimensions: [] }],
      windows: ['10s'],
      allowed_lateness: '0s',
    });
    const at = (seconds: number, startAt: number, bucketCounts: number[]) => {
      const count = bucketCounts.reduce((a, b) => a + b, 0);
      return run.metrics({
        type: 'histogram',
        temporality: 2,
        points: [
          {
            at: seconds * 1e3,
            start: startAt * 1e3,
            count,
            sum: count * 2,
            bucketCounts,
            explicitBounds: [3],
          },
        ],
      });
    };
    await at(1, -50, [100, 50]); // began before: says only where to begin
    await at(2, -50, [101, 52]);
    await at(3, -50, [101, 53]);
    await at(3, -50, [101, 53]);
    await at(12, 11, [2, 0]); // began anew
    await at(22, 11, [2, 0]);
    const out = await run.stop();
    expect(lines(out.filter(({ metric }) => metric !== 'load.histogram'))).toEqual([
      'load.count{} 10s@0 = 4',
      'load.count{} 10s@10 = 2',
      'load.sum{} 10s@0 = 8',
      'load.sum{} 10s@10 = 4',
    ]);
    expect(out.filter(({ metric }) => metric === 'load.histogram')).toMatchObject([
      { from: 0, to: 10_000, count: '4', sum: 8, scale: 6 },
      { from: 10_000, count: '2', sum: 4 },
    ]);
  });

  it('leaves out points without a value', async () => {
    const run = await start(sums);
    await run.metrics(gauge({ at: 0, flags: 1 }, { at: 0, asDouble: NaN }, { at: 0, asDouble: 3 }));
    expect((await run.stop()).map(({ value }) => value)).toEqual([3]);
  });
});

describe('A rule for spans', () => {
  it('makes metrics of durations, failures and attributes', async () => {
    const run = await start(
      {
        spans: [
          { dimensions: ['span.name', 'span.kind', 'status.code', 'route'], aggregations: ['count', 'failure_rate', 'max', 'avg'] },
          {
            name: 'tokens',
            value: 'gen_ai.usage.input_tokens',
            unit: '{token}',
            dimensions: [],
            resource_attributes: [],
            aggregations: ['sum'],
          },
          { name: 'all', value: '1', unit: '{span}', resource_attributes: ['region'], aggregations: ['sum'] },
        ],
      },
      { connector: 'traces' },
    );
    const span = { name: 'GET', kind: 2 };
    await run.items([
      { at: 100, seconds: 2, ...span, attributes: { route: '/a' } },
      { at: 200, seconds: 4, ...span, attributes: { route: '/a', 'gen_ai.usage.input_tokens': 30 } },
      { at: 300, seconds: 8, ...span, status: { code: 2 } },
    ]);
    await run.items([{ at: 300, seconds: 1, name: 'x', attributes: { 'gen_ai.usage.input_tokens': 12 } }], { region: 'eu' });
    const out = await run.stop();
    expect(lines(out)).toEqual([
      'all.sum{} 1m@0 = 1',
      'all.sum{} 1m@0 = 3',
      'span.duration.avg{"span.name":"GET","span.kind":"Server","status.code":"Error"} 1m@0 = 8',
      'span.duration.avg{"span.name":"GET","span.kind":"Server","status.code":"Unset","route":"/a"} 1m@0 = 3',
      'span.duration.avg{"span.name":"x","span.kind":"Unspecified","status.code":"Unset"} 1m@0 = 1',
      'span.duration.count{"span.name":"GET","span.kind":"Server","status.code":"Error"} 1m@0 = 1',
      'span.duration.count{"span.name":"GET","span.kind":"Server","status.code":"Unset","route":"/a"} 1m@0 = 2',
      'span.duration.count{"span.name":"x","span.kind":"Unspecified","status.code":"Unset"} 1m@0 = 1',
      'span.duration.failure_rate{"span.name":"GET","span.kind":"Server","status.code":"Error"} 1m@0 = 1',
      'span.duration.failure_rate{"span.name":"GET","span.kind":"Server","status.code":"Unset","route":"/a"} 1m@0 = 0',
      'span.duration.failure_rate{"span.name":"x","span.kind":"Unspecified","status.code":"Unset"} 1m@0 = 0',
      'span.duration.max{"span.name":"GET","span.kind":"Server","status.code":"Error"} 1m@0 = 8',
      'span.duration.max{"span.name":"GET","span.kind":"Server","status.code":"Unset","route":"/a"} 1m@0 = 4',
      'span.duration.max{"span.name":"x","span.kind":"Unspecified","status.code":"Unset"} 1m@0 = 1',
      'tokens.sum{} 1m@0 = 42',
    ]);
    expect(out.find(({ metric }) => metric === 'tokens.sum')).toMatchObject({ unit: '{token}', resource: {} });
    expect(out.find(({ metric, resource }) => metric === 'all.sum' && resource['region'] === 'eu')).toMatchObject({ value: 1 });
    expect(run.context.items).toMatchObject({ absorbed: 4, created: 15 });
  });

  it('gives the largest an exemplar with its trace, unless they are off', async () => {
    for (const exemplars of [true, false]) {
      const run = await start({ exemplars, spans: [{ aggregations: ['max', 'histogram'] }] }, { connector: 'traces' });
      await run.items([
        { at: 100, seconds: 2 },
        { at: 200, seconds: 4 },
        { at: 300, seconds: 3 },
      ]);
      const found = (await run.stop()).map(({ exemplars: list }) => list);
      const exemplar = { timeUnixNano: `${epoch + 200}000000`, asDouble: 4, traceId: expect.anything(), spanId: expect.anything() };
      expect(found).toEqual(exemplars ? [[expect.objectContaining(exemplar)], [expect.objectContaining(exemplar)]] : [[], []]);
    }
  });

  it('counts log records, those of severity ERROR and up as failures', async () => {
    const run = await start(
      {
        logs: [
          { dimensions: ['severity_text', 'event.name'], aggregations: ['count', 'failure_rate'] },
          { name: 'bytes', value: 'size', unit: 'By', aggregations: ['sum'] },
        ],
      },
      { connector: 'logs' },
    );
    await run.items([
      { at: 0, severityNumber: 9, severityText: 'INFO', attributes: { size: 5 } },
      { at: 0, severityNumber: 17, severityText: 'ERROR', attributes: { size: 7 } },
      { at: 0, severityNumber: 21, severityText: 'ERROR', eventName: 'crash' },
    ]);
    expect(lines(await run.stop())).toEqual([
      'bytes.sum{} 1m@0 = 12',
      'log.records.count{"severity_text":"ERROR","event.name":"crash"} 1m@0 = 1',
      'log.records.count{"severity_text":"ERROR"} 1m@0 = 1',
      'log.records.count{"severity_text":"INFO"} 1m@0 = 1',
      'log.records.failure_rate{"severity_text":"ERROR","event.name":"crash"} 1m@0 = 1',
      'log.records.failure_rate{"severity_text":"ERROR"} 1m@0 = 1',
      'log.records.failure_rate{"severity_text":"INFO"} 1m@0 = 0',
    ]);
  });
});

describe('Event time', () => {
  it('closes windows of several lengths, late by the allowed lateness', async () => {
    const run = await start({ ...sums, windows: ['1m', '5m'], allowed_lateness: '30s' });
    await run.metrics(gauge({ at: 0 }, { at: 59_999 }, { at: 89_999 }));
    expect(await run.take()).toEqual([]);
    expect(run.own()).toMatchObject({ open_windows: 3, series: 1, watermark_lag: 3600 - 89.999 + 30 });
    await run.metrics(gauge({ at: 90_000 }));
    expect(lines(await run.take())).toEqual(['load.sum{} 1m@0 = 2']);
    await run.metrics(gauge({ at: 330_000 }));
    expect(lines(await run.take())).toEqual(['load.sum{} 1m@60 = 2', 'load.sum{} 5m@0 = 4']);
    expect(lines(await run.stop())).toEqual(['load.sum{} 1m@300 = 1', 'load.sum{} 5m@300 = 1']);
  });

  it('drops late items and counts them, or counts them in the oldest open window', async () => {
    for (const late_data of ['drop', 'oldest_window']) {
      const run = await start({ ...sums, windows: ['10s'], allowed_lateness: '5s', late_data });
      await run.metrics(gauge({ at: 0 }, { at: 15_000 }, { at: 9_999 }, { at: 14_000 }, { at: 16_000 }));
      expect(run.own()).toMatchObject({ late_items: 1 });
      expect(run.context.items).toMatchObject(late_data === 'drop' ? { absorbed: 4, dropped: { late: 1 } } : { absorbed: 5, dropped: {} });
      expect(lines(await run.stop())).toEqual(['load.sum{} 10s@0 = 1', `load.sum{} 10s@10 = ${late_data === 'drop' ? 3 : 4}`]);
    }
  });

  it('is not moved by a clock that is far ahead', async () => {
    const run = await start({ ...sums, max_clock_skew: '2m' });
    await run.metrics(gauge({ at: 3_600_000 + 119_000 }));
    await run.metrics(gauge({ at: 86_400_000 }, { at: 3_600_000 + 60_000 }));
    expect(run.own()).toMatchObject({ skewed_items: 1, late_items: 1 });
    expect(lines(await run.stop())).toEqual(['load.sum{} 1m@3660 = 2']);
  });

  it('takes items without a time as of now', async () => {
    const run = await start(sums);
    await run.metrics(gauge({ at: -epoch }));
    expect(lines(await run.stop())).toEqual(['load.sum{} 1m@3600 = 1']);
  });

  it('goes on with the clock when live data pauses, but not in a replay', async () => {
    const live = await start({ ...sums, idle_timeout: '20s', windows: ['10s'], allowed_lateness: '5s' });
    await live.metrics(gauge({ at: 3_600_000 }));
    await live.clock.advance(19_000);
    expect(await live.take()).toEqual([]);
    await live.clock.advance(2_000);
    expect(lines(await live.take())).toEqual(['load.sum{} 10s@3600 = 1']);
    expect(live.clock.pending).toBe(0);
    for (const run of [
      await start({ ...sums, idle_timeout: '20s', windows: ['10s'] }, { now: 30_000 }),
      await start({ ...sums, idle_timeout: '0s', windows: ['10s'] }, { now: 0 }),
    ]) {
      await run.metrics(gauge({ at: 0 }));
      await run.clock.advance(600_000);
      expect(await run.take()).toEqual([]);
      expect(await run.stop()).toHaveLength(1);
    }
  });
});

describe('Under memory pressure', () => {
  const points = (from: number, count: number, at: number): Point[] =>
    Array.from({ length: count }, (_, i) => ({
      at,
      asDouble: 1 + (i % 100),
      attributes: { user: `u${from + i}` },
      exemplars: [
        {
          timeUnixNano: 5,
          asDouble: 1,
          traceId: '0123456789abcdef0123456789abcdef',
        },
      ],
    }));
  const config = {
    memory_limit_mib: 2,
    windows: ['10s'],
    allowed_lateness: '0s',
    metrics: [{ aggregations: ['count', 'sum', 'p50', 'histogram'] }],
  };

  it('gives detail up level by level, keeps all totals, and takes it back when the windows are gone', async () => {
    const run = await start(config);
    const levels: number[] = [0];
    let sent = 0;
    for (let batch = 0; batch < 80; batch++) {
      const group = points(batch * 100, 100, batch);
      sent += group.reduce((total, { asDouble }) => total + Number(asDouble), 0);
      await run.metrics({ points: group });
      const level = run.own()['detail_level']!;
      if (level !== levels.at(-1)) levels.push(level);
      expect(run.own()['memory']).toBeLessThan(2 * 2 ** 20);
    }
    expect(levels).toEqual([0, 1, 2, 3]);
    expect(run.context.lines.map(({ attributes }) => attributes!['level'])).toEqual(levels.slice(1));
    expect(run.context.reports.map(({ status, error }) => `${status}: ${error?.message}`)).toEqual(
      levels.slice(1).map((level) => `RecoverableError: detail of open windows is given up under memory pressure: level ${level} of 3`),
    );
    expect(run.own()['folded_items']).toBeGreaterThan(0);
    await run.metrics({ points: points(0, 1, 20_000), name: 'later', resource: { 'service.name': 'new' } });
    const out = (await run.take()).filter(({ to }) => to === 10_000);
    const of = (metric: string) => out.filter((point) => point.metric === metric);
    expect(of('load.count').reduce((total, { value }) => total + value, 0)).toBe(8000);
    expect(of('load.sum').reduce((total, { value }) => total + value, 0)).toBe(sent);
    const overflow = out.filter(({ attributes }) => attributes['otel.metric.overflow'] === true);
    expect(overflow.map(({ metric }) => metric)).toEqual(['load.count', 'load.sum', 'load.p50', 'load.histogram']);
    expect(Math.abs(overflow[2]!.value - 50)).toBeLessThan(50 * 0.044);
    for (const histogram of of('load.histogram')) expect(histogram).toMatchObject({ exemplars: [], scale: 3 });
    // A quarter of a window later the memory is free.
    await run.metrics({ points: points(0, 1, 30_000) });
    expect(run.own()['detail_level']).toBe(0);
    expect(run.context.reports.at(-1)).toEqual({ status: 'OK' });
    expect((await run.stop()).at(-1)!['exemplars']).toHaveLength(1);
  });

  it('of the whole process does the same', async () => {
    const host = testHost(1 << 20);
    const run = await start({ ...config, memory_limit_mib: 1000 }, { host });
    const account = host.memory.account();
    account.set(0.95 * 2 ** 20);
    await run.metrics({ points: points(0, 3, 0) });
    expect(run.own()).toMatchObject({ detail_level: 3, folded_items: 3 });
    account.set(0.75 * 2 ** 20);
    await run.metrics({ points: points(0, 3, 1000) });
    // Not before a window has closed.
    expect(run.own()['detail_level']).toBe(3);
    await run.metrics({ points: points(0, 1, 10_000) });
    await run.metrics({ points: points(0, 3, 11_000) });
    expect(run.own()['detail_level']).toBe(2);
    account.set(0);
    await run.metrics({ points: points(0, 1, 20_000) });
    await run.metrics({ points: points(0, 1, 21_000) });
    expect(run.own()['detail_level']).toBe(0);
    const counts = [...(await run.take()), ...(await run.stop())].filter(({ metric }) => metric === 'load.count');
    expect(counts.map(({ from, attributes, value }) => [from, attributes['user'] ?? 'overflow', value])).toEqual([
      [0, 'overflow', 6],
      [10_000, 'overflow', 1],
      [10_000, 'u0', 1],
      [10_000, 'u1', 1],
      [10_000, 'u2', 1],
      [20_000, 'u0', 2],
    ]);
  });

  it('does not remember cumulative series without bound', async () => {
    const run = await start({ ...config, memory_limit_mib: 1 });
    for (let i = 0; i < 30; i++) {
      const totals = Array.from({ length: 1000 }, (_, j) => ({ at: i, start: 1, asDouble: 1, attributes: { user: `u${i}-${j}` } }));
      await run.metrics({ type: 'sum', temporality: 2, points: totals });
    }
    expect(run.own()['memory']).toBeLessThan(1.2 * 2 ** 20);
    const { absorbed, dropped } = run.context.items;
    expect(dropped['memory_limit']).toBeGreaterThan(0);
    expect(absorbed + dropped['memory_limit']!).toBe(30_000);
    await run.stop();
  });

  it('drops and counts what not even the overflow has room for', async () => {
    const host = testHost(1 << 20);
    const run = await start({ ...config, memory_limit_mib: 1 }, { host });
    host.memory.account().set(0.99 * 2 ** 20);
    for (let i = 0; i < 3000; i++) await run.metrics({ name: `m${i}`, points: points(0, 1, 0) });
    expect(run.context.items.dropped['memory_limit']).toBeGreaterThan(0);
    expect(run.own()['memory']).toBeLessThan(1.2 * 2 ** 20);
    await run.stop();
  });
});

describe('A pipeline that refuses', () => {
  it('gets closed windows again; when too many wait, input is refused', async () => {
    const run = await start({ ...sums, windows: ['1s'], allowed_lateness: '0s' });
    run.sink.before = () => {
      throw new PipelineError('not now', { kind: 'retryable' });
    };
    for (let second = 0; second < 17; second++) await run.metrics(gauge({ at: second * 1000 }));
    await run.metrics(gauge({ at: 17_000 }));
    await expect(run.metrics(gauge({ at: 20_000 }))).rejects.toThrow('waits for the next component');
    expect(run.stage.refusing!()).toBeInstanceOf(PipelineError);
    run.sink.before = undefined;
    await run.clock.advance(1000);
    expect(await run.take()).toHaveLength(17);
    expect(run.context.items).toMatchObject({ absorbed: 18, created: 17, held: 0 });
    await run.stop();
  });

  it('of what passes does not count a batch twice', async () => {
    const run = await start({ metrics: [{ metrics: ['a'], aggregations: ['sum'] }] });
    run.sink.before = () => Promise.reject(new PipelineError('not now', { kind: 'retryable' }));
    const send = () => run.metrics({ name: 'a', ...gauge({ at: 0 }) }, { name: 'b', ...gauge({ at: 0 }) });
    await expect(send()).rejects.toThrow('not now');
    run.sink.before = () => Promise.resolve();
    await send();
    expect((await run.take()).map(({ metric }) => metric)).toEqual(['b']);
    expect((await run.stop()).map(({ value }) => value)).toEqual([1]);
  });
});

it('Many series come out in several batches', async () => {
  const run = await start({ metrics: [{ aggregations: ['sum', 'count', 'max'] }] });
  await run.metrics(gauge(...Array.from({ length: 6000 }, (_, i) => ({ at: 0, attributes: { i: `${i}` } }))));
  const stopped = run.stage.shutdown!(new AbortController().signal);
  await run.clock.advance(10);
  await stopped;
  expect(run.sink.requests.length).toBeGreaterThan(2);
  expect(new Set((await run.take()).map(({ metric, attributes }) => `${metric} ${String(attributes['i'])}`)).size).toBe(18_000);
});

describe('A bad configuration', () => {
  const metrics = (aggregations: string[]) => ({ metrics: [{ aggregations }] });
  it.each<[object, string[]]>([
    [{ windows: [] }, ['windows: must have at least one length']],
    [
      { windows: ['1m', '500ms', 'x'] },
      ['windows::1: must be a whole number of seconds, such as 1m: 500ms', 'windows::2: must be a whole number of seconds, such as 1m: x'],
    ],
    [{ windows: ['1m', '60s'] }, []],
    [{ windows: ['1m', '1m'] }, ['windows: must not repeat a length']],
    [{ windows: ['1s', '48h'] }, ['windows: must have a longer common divisor']],
    [metrics([]), ['metrics::0::aggregations: must name at least one']],
    [
      metrics(['p101', 'median', 'p99.9', 'p']),
      [
        'metrics::0::aggregations: unknown aggregation: p101',
        'metrics::0::aggregations: unknown aggregation: median',
        'metrics::0::aggregations: unknown aggregation: p',
      ],
    ],
    [{ logs: [{ value: 'duration' }] }, ['logs::0::value: a log record has no duration']],
    [{ checkpoint_interval: '1ms' }, ['checkpoint_interval: must be at least 1s']],
  ])('is refused: %j', (config, problems) => {
    expect(factory.validateConfig!(configOf(factory, config))).toEqual(problems);
    expect(connectorFactory.validateConfig!(configOf(connectorFactory, config))).toEqual(problems);
  });
});
