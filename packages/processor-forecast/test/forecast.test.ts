import { describe, expect, it } from '@jest/globals';
import { day, hour, hourly, minute, noisy, of, Run, t0, usual } from './run.ts';
import type { Point, Said } from './run.ts';

const shop = { 'service.name': 'shop' };
const cost = { name: 'millrace.cost.amount', unit: '{currency}', resource: shop } as const;
const everyDay = { interval: '24h' };
const sumOf = (from: number, until: number): number => hourly(from, until, usual).reduce((sum, { at }) => sum + usual(at), 0);
const valueOf = (said: readonly Said[], horizon: string, quantile: string): number =>
  of(said, 'forecast.value', { horizon, quantile }).at(-1)?.value ?? NaN;

/** Three weeks of a counter, and what was said of it. */
async function weeks(settings: object, value = noisy, count = 3): Promise<Said[]> {
  const run = await Run.start({ ...everyDay, ...settings });
  await run.sendAll(cost, hourly(t0, t0 + count * 7 * day + hour, value, { model: 'm' }));
  const said = await run.take();
  await run.stop();
  return said;
}

describe('Forecasts of a counter (SHM-10, ASA-5)', () => {
  it('are the sum over each horizon with a 95 % interval, as gauges at the watermark with the attributes of the series', async () => {
    const said = await weeks({});
    const now = t0 + 21 * day;
    const latest = said.filter(({ at }) => at === now);
    const truth = sumOf(now, now + 7 * day);
    const values = of(latest, 'forecast.value', { horizon: '7d' });
    expect(values.map(({ attributes: { quantile } }) => quantile)).toEqual(['0.5', '0.025', '0.975']);
    expect(values[0]).toMatchObject({
      unit: '{currency}',
      resource: shop,
      attributes: { model: 'm', 'forecast.metric': 'millrace.cost.amount' },
    });
    const [value, lower, upper] = values.map((one) => one.value) as [number, number, number];
    expect(Math.abs(value / truth - 1)).toBeLessThan(0.05);
    expect(lower).toBeLessThan(value);
    expect(upper).toBeGreaterThan(value);
    expect(Math.abs(valueOf(latest, '30d', '0.5') / sumOf(now, now + 30 * day) - 1)).toBeLessThan(0.05);
    expect(of(latest, 'forecast.trend').map((one) => one.value)).toEqual([0]);
    expect(said.every(({ at }) => at <= now)).toBe(true);
  });

  it('look as far ahead as horizons say, with the intervals that are asked for', async () => {
    const said = await weeks({ horizons: ['24h', '36h'], intervals: [80, 95] });
    const quantiles = of(said, 'forecast.value', { horizon: '1d' }).slice(-5);
    const byQuantile = quantiles.sort((a, b) => Number(a.attributes['quantile']) - Number(b.attributes['quantile']));
    expect(byQuantile.map(({ attributes }) => attributes['quantile'])).toEqual(['0.025', '0.1', '0.5', '0.9', '0.975']);
    const values = byQuantile.map(({ value }) => value);
    expect([...values].sort((a, b) => a - b)).toEqual(values);
    expect(valueOf(said, '36h', '0.5')).toBeGreaterThan(valueOf(said, '1d', '0.5'));
    expect(of(said, 'forecast.value', { horizon: '7d' })).toEqual([]);
  });

  it('say where it is going', async () => {
    const trendOf = async (slope: number): Promise<number | undefined> =>
      of(await weeks({}, (at) => noisy(at) * (1 + (slope * (at - t0)) / (21 * day))), 'forecast.trend').at(-1)?.value;
    expect(await trendOf(1)).toBe(1);
    expect(await trendOf(-0.3)).toBe(-1);
  });

  it('come once per interval of event time', async () => {
    const run = await Run.start({ interval: '2h', allowed_lateness: '0s', horizons: ['24h'] });
    await run.sendAll(cost, hourly(t0, t0 + 3 * day, usual));
    const times = of(await run.take(), 'forecast.trend').map(({ at }) => at);
    expect(times[0]).toBe(t0 + 2 * day);
    expect(new Set(times.slice(1).map((at, i) => at - times[i]!))).toEqual(new Set([2 * hour]));
    await run.stop();
  });

  it('are the same at any batch size, and when everything comes at once', async () => {
    const points = hourly(t0, t0 + 10 * day, usual);
    const outputs: string[] = [];
    for (const batchPoints of [1, 7, 1000]) {
      const run = await Run.start({ interval: '6h' });
      await run.sendAll(cost, points, batchPoints);
      outputs.push(JSON.stringify(await run.stop()));
    }
    expect(outputs[0]!.length).toBeGreaterThan(1000);
    expect(new Set(outputs).size).toBe(1);
  });
});

describe('Too little history', () => {
  it('is said, with what is missing, and how much of it in the value', async () => {
    const run = await Run.start({ ...everyDay, allowed_lateness: '0s' });
    await run.sendAll(cost, hourly(t0, t0 + 8 * day, usual));
    const said = await run.take();
    const missing = of(said, 'forecast.insufficient_data', { horizon: '7d' });
    expect(missing[0]).toMatchObject({ at: t0 + day, value: 144, unit: 'h', attributes: { 'forecast.missing': 'history' } });
    expect(missing.map(({ value }) => value)).toEqual([144, 120, 96, 72, 48, 24]);
    expect(of(said, 'forecast.value', { horizon: '7d', quantile: '0.5' }).map(({ at }) => at)).toEqual([t0 + 7 * day]);
    expect(of(said, 'forecast.insufficient_data', { horizon: '30d' }).at(-1)?.value).toBe(168);
    await run.stop();
  });

  it('is also too few observations', async () => {
    const run = await Run.start({ ...everyDay, horizons: ['168h'], metrics: [{ name: 'load' }] });
    const points: Point[] = [];
    for (let at = t0; at < t0 + 8 * day; at += 8 * hour) points.push({ at, asDouble: 1 });
    await run.sendAll({ name: 'load', type: 'gauge' }, points);
    expect(of(await run.take(), 'forecast.insufficient_data').at(-1)).toMatchObject({ attributes: { 'forecast.missing': 'observations' } });
    await run.stop();
  });
});

describe('Forecasts of a gauge', () => {
  const rate = (at: number): number => 0.6 + 0.2 * Math.sin(((at % day) / day) * 2 * Math.PI);

  it('are the mean over the horizon', async () => {
    const run = await Run.start({ ...everyDay, horizons: ['168h'] });
    await run.sendAll({ name: 'millrace.cache.hit_rate', type: 'gauge' }, hourly(t0, t0 + 15 * day, rate));
    const said = await run.take();
    expect(valueOf(said, '7d', '0.5')).toBeCloseTo(0.6, 1);
    expect(valueOf(said, '7d', '0.025')).toBeLessThanOrEqual(valueOf(said, '7d', '0.5'));
    await run.stop();
  });

  it('hold hours that are missing now and then', async () => {
    const run = await Run.start({ ...everyDay, horizons: ['168h'], metrics: [{ name: 'load' }] });
    const points = hourly(t0, t0 + 15 * day, rate).filter((_, i) => i % 2 === 0);
    await run.sendAll({ name: 'load', type: 'gauge' }, points);
    expect(valueOf(await run.take(), '7d', '0.5')).toBeCloseTo(0.6, 1);
    await run.stop();
  });

  it('say when a threshold will be reached', async () => {
    const run = await Run.start({
      ...everyDay,
      allowed_lateness: '0s',
      thresholds: [
        { metric: 'millrace.capacity.*', value: 0.8 },
        { metric: 'millrace.capacity.*', value: 0.1, direction: 'below' },
        { metric: 'other', value: 0 },
      ],
    });
    const filling = (at: number): number => 0.3 + (0.02 * (at - t0)) / day;
    await run.sendAll({ name: 'millrace.capacity.utilization', type: 'gauge' }, hourly(t0, t0 + 15 * day, filling));
    const reached = of(await run.take(), 'forecast.time_to_threshold');
    expect(reached.every(({ attributes }) => attributes['forecast.threshold'] === 0.8)).toBe(true);
    expect(reached.at(-1)).toMatchObject({ unit: 's', attributes: { 'forecast.threshold.direction': 'above' } });
    // From 0.58 to 0.8 in eleven days.
    const days = reached.at(-1)!.value / 86_400;
    expect(days).toBeGreaterThan(8);
    expect(days).toBeLessThan(16);
    await run.stop();
  });
});

describe('Budgets', () => {
  it('are said to be on pace to exceed their amount, with the date', async () => {
    const month = (sumOf(t0, t0 + 28 * day) / 28) * 30;
    const budgets = [
      { metric: 'millrace.cost.*', amount: 0.9 * month },
      { name: 'wide', metric: 'millrace.cost.*', amount: 3 * month, attributes: { model: 'm' } },
      { name: 'nothing', metric: 'millrace.cost.*', amount: 1, attributes: { model: 'other' } },
      { metric: 'millrace.cost.*', amount: 1e9, period: 'week' },
      { metric: 'millrace.cost.*', amount: 1, period: 'day' },
    ];
    const said = await weeks({ budgets }, noisy, 2);
    const names = new Set(of(said, 'forecast.budget.risk').map(({ attributes }) => attributes['forecast.budget']));
    expect(names).toEqual(new Set(['millrace.cost.* month', 'millrace.cost.* week', 'millrace.cost.* day', 'wide']));
    const last = (gauge: string, name: string): number | undefined => of(said, gauge, { 'forecast.budget': name }).at(-1)?.value;
    expect(last('forecast.budget.risk', 'millrace.cost.* month')).toBe(2);
    expect(last('forecast.budget.risk', 'wide')).toBe(0);
    expect(last('forecast.budget.exceeded_at', 'wide')).toBeUndefined();
    let sum = 0;
    const truth = hourly(t0, t0 + 30 * day, usual).find(({ at }) => (sum += usual(at)) > 0.9 * month)!.at;
    const date = last('forecast.budget.exceeded_at', 'millrace.cost.* month')! * 1000;
    expect(Math.abs(date - truth)).toBeLessThan(1.5 * day);
    // November began the day before.
    expect(last('forecast.budget.expected', 'wide')).toBeGreaterThan(0.8 * month);
    // Exceeded in the first hour of every day.
    expect(of(said, 'forecast.budget.exceeded_at', { 'forecast.budget': 'millrace.cost.* day' }).at(-1)!.value % 86_400).toBe(3600);
  });

  it('are not known at first', async () => {
    const run = await Run.start({ ...everyDay, metrics: [{ name: 'none' }], budgets: [{ metric: 'millrace.cost.amount', amount: 100 }] });
    await run.sendAll(cost, hourly(t0, t0 + 3 * day, usual));
    const said = await run.take();
    expect(of(said, 'forecast.insufficient_data').at(-1)).toMatchObject({ attributes: { 'forecast.missing': 'history' } });
    // What is spent already is known.
    expect(of(said, 'forecast.budget.exceeded_at').at(-1)!.value * 1000).toBe(t0 + 2 * hour);
    await run.stop();
  });
});

describe('What is watched', () => {
  const lastValues = async (settings: object, send: (run: Run) => Promise<void>): Promise<Said[]> => {
    const run = await Run.start({ interval: '24h', horizons: ['24h'], allowed_lateness: '0s', ...settings });
    await send(run);
    const said = await run.stop();
    const at = said.at(-1)?.at;
    return said.filter((one) => one.at === at && one.metric === 'forecast.value' && one.attributes['quantile'] === '0.5');
  };
  const days = 3 * day + hour;

  it('is by default what matters of an AI service', async () => {
    const said = await lastValues({}, async (run) => {
      for (const name of ['millrace.tokens', 'millrace.requests', 'millrace.cost.amount', 'something.else'])
        await run.sendAll(
          { name },
          hourly(t0, t0 + days, () => 5),
        );
    });
    // The time of the others had come when the second one began.
    expect(new Set(said.map(({ attributes }) => attributes['forecast.metric']))).toEqual(new Set(['millrace.tokens']));
  });

  it('is what metrics name, of the kind that is said', async () => {
    const said = await lastValues({ metrics: [{ name: 'a.*', kind: 'counter' }, { name: '*' }] }, async (run) => {
      for (let at = t0; at < t0 + days; at += 30 * minute)
        await run.send(
          { name: 'a.b', type: 'gauge', points: [{ at, asDouble: 2 }] },
          { name: 'c', type: 'gauge', points: [{ at, asDouble: 2 }] },
          { name: 'd', type: 'sum', monotonic: false, points: [{ at, asInt: '7' }] },
        );
    });
    expect(said.map(({ attributes, value }) => [attributes['forecast.metric'], Math.round(value)])).toEqual([
      ['a.b', 96],
      ['c', 2],
      ['d', 7],
    ]);
  });

  it('is the mean of histograms, or their sum as a counter', async () => {
    const histogram = { type: 'histogram', points: [] } as const;
    const said = await lastValues({ metrics: [{ name: 'sum', kind: 'counter' }, { name: '*' }] }, async (run) => {
      for (let at = t0, i = 1; at < t0 + days; at += hour, i++) {
        const delta = { at, count: '4', sum: 10 };
        const total = { at, start: t0, count: String(4 * i), sum: 10 * i };
        await run.send(
          { ...histogram, name: 'sum', points: [delta] },
          { ...histogram, name: 'mean', points: [delta] },
          { ...histogram, name: 'cumulative', temporality: 2, points: [total] },
          { name: 'summary', type: 'summary', points: [total] },
        );
      }
    });
    expect(said.map(({ attributes, value }) => [attributes['forecast.metric'], Number(value.toFixed(3))])).toEqual([
      ['sum', 240],
      ['mean', 2.5],
      ['cumulative', 2.5],
      ['summary', 2.5],
    ]);
  });

  it('is what cumulative counters add, through resets and restarts of who counts', async () => {
    const said = await lastValues({ metrics: [{ name: '*' }] }, async (run) => {
      let begun = t0 - day;
      let total = 5000;
      for (let at = t0, i = 0; at < t0 + days; at += hour, i++) {
        if (i === 30) [begun, total] = [at - 1, 0];
        // Without a new start: what falls was reset.
        if (i === 50) total = 0;
        total += 3;
        await run.send({ name: 'counted', temporality: 2, points: [{ at, start: begun, asInt: String(total) }] });
      }
    });
    expect(said.map(({ value }) => Math.round(value))).toEqual([72]);
  });

  it('is together what is equal in group_by', async () => {
    const said = await lastValues({ metrics: [{ name: '*', group_by: ['team', 'service.name'] }] }, async (run) => {
      const points = (at: number): Point[] => [
        { at, asInt: '1', attributes: { team: 'a', model: 'x' } },
        { at, asInt: '2', attributes: { team: 'a', model: 'y' } },
        { at, asInt: '4', attributes: { team: 'b', model: 'y' } },
      ];
      for (let at = t0; at < t0 + days; at += hour) await run.send({ name: 'n', resource: { ...shop, pod: '1' }, points: points(at) });
    });
    expect(
      said.map(({ attributes, resource, value }) => [attributes['team'], attributes['service.name'], resource, Math.round(value)]),
    ).toEqual([
      ['a', 'shop', {}, 72],
      ['b', 'shop', {}, 96],
    ]);
  });

  it('is zero in hours in which a counter counts nothing, and not known when nothing comes at all', async () => {
    const rare = (at: number): boolean => (at - t0) % (4 * hour) === 0;
    const said = await lastValues({ metrics: [{ name: '*' }] }, async (run) => {
      for (let at = t0; at < t0 + 6 * day + hour; at += hour) {
        if (at >= t0 + 3 * day && at < t0 + 3 * day + 12 * hour) continue;
        await run.send({ name: 'often', points: [{ at, asInt: '10' }] });
        if (rare(at)) await run.send({ name: 'rare', points: [{ at, asInt: '8' }] });
      }
    });
    const [often, seldom] = said.map(({ value }) => value) as [number, number];
    expect(Math.abs(often / 240 - 1)).toBeLessThan(0.02);
    expect(Math.abs(seldom / 48 - 1)).toBeLessThan(0.25);
  });
});

describe('Bounds', () => {
  const settings = { interval: '24h', horizons: ['24h'], allowed_lateness: '0s', metrics: [{ name: '*' }] };

  it('are kept: series beyond max_series are counted, and forgotten ones make room after series_expiry', async () => {
    const run = await Run.start({ ...settings, max_series: 2, series_expiry: '24h' });
    const send = async (from: number, until: number, names: readonly string[]): Promise<void> => {
      for (let at = from; at < until; at += hour)
        await run.send({ name: 'n', points: names.map((who) => ({ at, asInt: '1', attributes: { who } })) });
    };
    await send(t0, t0 + day, ['a', 'b', 'c']);
    expect(run.own()).toMatchObject({ forecast_series: 2, forecast_overflow_points: 24 });
    await send(t0 + day, t0 + 6 * day, ['b', 'c']);
    const said = await run.stop();
    expect(new Set(of(said, 'forecast.value').map(({ attributes }) => attributes['who']))).toEqual(new Set(['b', 'c']));
  });

  it('are kept: inputs of one series too', async () => {
    const run = await Run.start({ ...settings, max_series: 1, metrics: [{ name: '*', group_by: [] }] });
    await run.send({ name: 'n', points: Array.from({ length: 20 }, (_, i) => ({ at: t0, asInt: '1', attributes: { who: `${i}` } })) });
    expect(run.own()).toMatchObject({ forecast_series: 1, forecast_overflow_points: 4 });
    await run.stop();
  });

  it('let series beyond exact_series be forecast from a profile', async () => {
    const run = await Run.start({ ...settings, horizons: ['24h', '168h'], exact_series: 1 });
    for (let at = t0; at < t0 + 15 * day; at += hour)
      await run.send({ name: 'n', points: ['exact', 'profile'].map((who) => ({ at, asDouble: usual(at), attributes: { who } })) });
    const said = await run.stop();
    const [exact, profile] = ['exact', 'profile'].map(
      (who) =>
        of(said, 'forecast.value', { who, horizon: '7d' })
          .slice(-3)
          .map(({ value }) => value) as [number, number, number],
    );
    const truth = sumOf(t0 + 14 * day, t0 + 21 * day);
    expect(Math.abs(exact![0] / truth - 1)).toBeLessThan(0.05);
    expect(Math.abs(profile![0] / truth - 1)).toBeLessThan(0.2);
    expect(profile![1]).toBeLessThan(profile![0]);
    expect(profile![2]).toBeGreaterThan(profile![0]);
    expect(of(said, 'forecast.trend', { who: 'profile' }).at(-1)?.value).toBe(0);
  });

  it('let points come late by allowed_lateness and ahead of the clock by max_clock_skew', async () => {
    const run = await Run.start({ ...settings, allowed_lateness: '2h', max_clock_skew: '10m' }, { now: t0 + 9.1 * hour });
    const at = (hours: number): Promise<void> => run.send({ name: 'n', points: [{ at: t0 + hours * hour, asInt: '1' }] });
    for (const hours of [0, 5, 3.5, 2.5, 9.2, 9.5]) await at(hours);
    expect(run.own()).toMatchObject({ forecast_late_points: 1, forecast_skewed_points: 1 });
    expect(run.own()['forecast_lag']).toBeCloseTo(1.9 * 3600);
    await run.stop();
  });

  it('let a long silence pass', async () => {
    const run = await Run.start({ ...settings, series_expiry: '8760h', exact_series: 1 }, { now: t0 + 100 * day });
    const points = [...hourly(t0, t0 + 3 * day, usual), ...hourly(t0 + 90 * day, t0 + 94 * day, usual)];
    await run.sendAll({ name: 'n' }, points);
    await run.sendAll({ name: 'other' }, hourly(t0 + 94 * day, t0 + 94 * day + 2 * hour, usual));
    const said = await run.stop();
    expect(of(said, 'forecast.value').at(-1)?.at).toBe(t0 + 94 * day);
    expect(of(said, 'forecast.value', { quantile: '0.5' }).at(-1)!.value).toBeGreaterThan(100);
  });
});

describe('The processor', () => {
  it('passes on what comes in, and adds forecasts', async () => {
    const run = await Run.start({ ...everyDay, horizons: ['24h'] }, { kind: 'processor' });
    await run.sendAll(cost, hourly(t0, t0 + 3 * day, usual));
    await run.send({ name: 'other', points: [{ at: t0, asInt: '1' }] });
    const said = await run.stop();
    expect(of(said, 'millrace.cost.amount')).toHaveLength(72);
    expect(of(said, 'other')).toHaveLength(1);
    expect(of(said, 'forecast.value').length).toBeGreaterThan(2);
  });
});
