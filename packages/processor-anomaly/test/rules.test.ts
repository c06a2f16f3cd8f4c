import { describe, expect, it } from '@jest/globals';
import { day, hour, minute, Run, second, t0 } from './run.ts';
import type { Dice, Item, Out } from './run.ts';

type Make = (item: Partial<Item>, dice: Dice) => Partial<Item>;

const usual = (_: number, dice: Dice): Partial<Item> => ({
  cost: 0.01 * Math.exp(0.4 * dice.normal()),
  seconds: Math.exp(0.4 * dice.normal()),
  failed: dice.next() < 0.002,
  cached: dice.next() < 0.5,
  quality: dice.next() < 0.3 ? 4.2 + 0.25 * dice.normal() : undefined,
});
const groups = { group_by: [['model']] };
const begin = t0 + 3 * hour;

async function learned(settings: object = groups): Promise<Run> {
  const run = await Run.start(settings, { to: 'logs' });
  await run.traffic(t0, begin, 2 * second, usual);
  expect(await run.take()).toEqual([]);
  return run;
}

async function incident(run: Run, change: (item: Partial<Item>, dice: Dice) => Partial<Item>, lengthMs = 10 * minute): Promise<Out[]> {
  await run.traffic(begin, begin + lengthMs, second, (at, dice) => change(usual(at, dice), dice));
  await run.traffic(begin + lengthMs, begin + lengthMs + hour, second, usual);
  return run.events();
}

const secondsAfter = (iso: unknown): number => (Date.parse(iso as string) - begin) / 1000;

describe('What goes wrong (SHM-8, section 5 of the seed)', () => {
  it.each<[string, Make, number, string]>([
    ['cost_spike', (item: Partial<Item>) => ({ ...item, cost: item.cost! * 3 }), 20, 'The typical cost of a call of gpt-4o is'],
    [
      'latency_spike',
      (item: Partial<Item>) => ({ ...item, seconds: item.seconds! * 3 }),
      23,
      'The typical duration of a call of gpt-4o is',
    ],
    [
      'error_rate',
      (item: Partial<Item>, dice: Dice) => ({ ...item, failed: dice.next() < 0.3 }),
      100,
      'The share of calls that fail of gpt-4o is',
    ],
    [
      'cache_degradation',
      (item: Partial<Item>, dice: Dice) => ({ ...item, cached: dice.next() < 0.1 }),
      90,
      'The share of calls that a cache answers of gpt-4o is',
    ],
    [
      'quality_drop',
      (item: Partial<Item>) => ({ ...item, quality: item.quality === undefined ? undefined : item.quality - 1 }),
      60,
      'The score of evaluations of gpt-4o is',
    ],
  ])('is said once, and its end once: %s', async (kind, change, withinSeconds, text) => {
    const run = await learned();
    const events = await incident(run, change);
    expect(events.map(({ eventName, 'anomaly.kind': of }) => [eventName, of])).toEqual([
      ['anomaly.started', kind],
      ['anomaly.ended', kind],
    ]);
    const [started, ended] = events as [Out, Out];
    expect(secondsAfter(started['anomaly.detected'])).toBeLessThanOrEqual(withinSeconds);
    expect(Math.abs(secondsAfter(started['anomaly.started']))).toBeLessThanOrEqual(withinSeconds);
    expect(started['anomaly.score']).toBeGreaterThanOrEqual(0.5);
    expect(started['gen_ai.request.model']).toBe('gpt-4o');
    expect(String(started['body']).startsWith(text)).toBe(true);
    expect(started['anomaly.explanation']).toBe(started['body']);
    expect(started['anomaly.deviation_percent']).not.toBe(0);
    expect(ended['anomaly.end_reason']).toBe('recovered');
    expect(ended['severityText']).toBe('INFO');
    expect(secondsAfter(ended['anomaly.ended'])).toBeGreaterThan(600);
    expect(secondsAfter(ended['anomaly.ended'])).toBeLessThan(600 + 15 * 60);
    await run.stop();
  });

  it.each([
    [2.5, 'warning', 'WARN'],
    [5, 'critical', 'ERROR'],
  ])('is severe by how far it is beyond the threshold: %d times the cost', async (times, severity, severityText) => {
    const run = await learned();
    const [started] = await incident(run, (item) => ({ ...item, cost: item.cost! * times }));
    expect(started).toMatchObject({ 'anomaly.severity': severity, severityText });
    expect(Math.abs(Number(started!['anomaly.value']) / (0.01 * times) - 1)).toBeLessThan(0.5);
    expect(Math.abs(Number(started!['anomaly.expected']) / 0.01 - 1)).toBeLessThan(0.2);
    await run.stop();
  });

  it.each<[string, object, Make]>([
    ['below the factor', {}, (item) => ({ ...item, cost: item.cost! * 1.4, seconds: item.seconds! * 1.4 })],
    ['below a higher threshold of costs', { cost_spike_threshold: 6 }, (item) => ({ ...item, cost: item.cost! * 3 })],
    ['below a higher threshold of durations', { latency_spike_threshold: 6 }, (item) => ({ ...item, seconds: item.seconds! * 3 })],
    ['below a higher threshold of errors', { error_rate_threshold: 0.4 }, (item, dice) => ({ ...item, failed: dice.next() < 0.1 })],
    [
      'below a higher threshold of the cache',
      { cache_degradation_threshold: 0.9 },
      (item, dice) => ({ ...item, cached: dice.next() < 0.3 }),
    ],
    [
      'below a higher threshold of quality',
      { quality_drop_threshold: 2 },
      (item) => ({ ...item, quality: item.quality === undefined ? undefined : item.quality - 0.8 }),
    ],
    ['below the floor of costs', { min_cost_increase: 0.1 }, (item) => ({ ...item, cost: item.cost! * 3 })],
    ['below the floor of durations', { min_latency_increase: '10s' }, (item) => ({ ...item, seconds: item.seconds! * 3 })],
    ['a cache with few hits', { min_cache_hit_rate: 0.9 }, (item, dice) => ({ ...item, cached: dice.next() < 0.1 })],
    ['too few calls', { min_events: 1000 }, (item) => ({ ...item, cost: item.cost! * 3 })],
  ])('is not said: %s', async (_, rules, change) => {
    const run = await learned({ ...groups, rules });
    expect(await incident(run, change)).toEqual([]);
    await run.stop();
  });

  it('is not said while it is still learned what is usual, and of groups with few calls', async () => {
    const run = await Run.start({ ...groups, learning_period: '4h' }, { to: 'logs' });
    await run.traffic(t0, begin, 2 * second, usual);
    expect(await incident(run, (item) => ({ ...item, cost: item.cost! * 5 }))).toEqual([]);
    await run.stop();
  });

  it('is what is usual when it lasts', async () => {
    const run = await learned({ ...groups, adapt_after: '1h' });
    const events = await incident(run, (item) => ({ ...item, cost: item.cost! * 3 }), 5 * hour);
    expect(events.map(({ eventName, 'anomaly.end_reason': reason }) => [eventName, reason])).toEqual([
      ['anomaly.started', undefined],
      ['anomaly.ended', 'adapted'],
    ]);
    await run.stop();
  });

  it('is over when there are no more calls', async () => {
    const run = await learned();
    await run.traffic(begin, begin + 5 * minute, second, (at, dice) => ({ ...usual(at, dice), cost: 0.1 }));
    await run.traffic(begin + 5 * minute, begin + 3 * hour, 10 * second, (at, dice) => ({ ...usual(at, dice), model: 'other' }));
    expect((await run.events()).map(({ eventName, 'anomaly.end_reason': reason }) => [eventName, reason])).toEqual([
      ['anomaly.started', undefined],
      ['anomaly.ended', 'silent'],
    ]);
    await run.stop();
  });

  it('is not said in a known event, of the kinds that it hides', async () => {
    const known = { from: new Date(begin).toISOString(), until: new Date(begin + 10 * minute).toISOString() };
    for (const [kinds, expected] of [
      [[], 0],
      [['cost_spike'], 0],
      [['latency_spike'], 2],
    ] as const) {
      const run = await learned({ ...groups, known_events: [{ ...known, kinds }] });
      expect(await incident(run, (item) => ({ ...item, cost: item.cost! * 3 }))).toHaveLength(expected);
      await run.stop();
    }
  });

  it('needs less evidence when more sensitive', async () => {
    const found = async (sensitivity: number): Promise<number> => {
      const run = await learned({ ...groups, sensitivity });
      const [started] = await incident(run, (item) => ({ ...item, cost: item.cost! * 3 }));
      await run.stop();
      return secondsAfter(started!['anomaly.detected']);
    };
    expect(await found(1.5)).toBeLessThan(await found(0.5));
  });
});

describe('What is usual', () => {
  const nightly = (at: number, dice: Dice): Partial<Item> => {
    const isNight = at % day < 6 * hour;
    return { cost: 0.01 * (isNight ? 2.6 : 1) * Math.exp(0.3 * dice.normal()) };
  };
  const run5Days = async (settings: object): Promise<Out[]> => {
    const run = await Run.start({ ...groups, ...settings }, { to: 'logs' });
    await run.traffic(t0 - 9 * day, t0, 20 * second, nightly);
    await run.take();
    await run.traffic(t0, t0 + 2 * day, 10 * second, nightly);
    const events = await run.events();
    await run.stop();
    return events;
  };

  it('is so of each hour of the day: what comes every night is not unusual', async () => {
    expect(await run5Days({})).toEqual([]);
  });

  it('is the mean of the rolling window alone with the rule of the seed', async () => {
    expect((await run5Days({ baseline: 'seed' })).length).toBeGreaterThan(0);
  });

  it('is of the hours of a time zone', async () => {
    // Clocks go back by an hour on 25 October: what is at night by the clock is at another time of UTC.
    const run = await Run.start({ ...groups, time_zone: 'Europe/Berlin' }, { to: 'logs' });
    const change = Date.UTC(2026, 9, 25, 1);
    const local = (at: number, dice: Dice): Partial<Item> => nightly(at + (at < change ? 2 : 1) * hour, dice);
    await run.traffic(change - 9 * day, change, 20 * second, local);
    await run.take();
    await run.traffic(change, change + 2 * day, 10 * second, local);
    expect(await run.events()).toEqual([]);
    await run.stop();
  });
});
