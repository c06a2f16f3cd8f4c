import { PipelineError } from '@millrace/api';
import { describe, expect, it } from '@jest/globals';
import { Dice, hour, minute, Run, second, t0 } from './run.ts';
import type { Item, Out } from './run.ts';

const usual = (_: number, dice: Dice): Partial<Item> => ({
  cost: 0.01 * Math.exp(0.4 * dice.normal()),
  seconds: Math.exp(0.4 * dice.normal()),
});
const dear = (at: number, dice: Dice): Partial<Item> => ({ ...usual(at, dice), cost: 0.1 });
const begin = t0 + 2 * hour;
const groups = { group_by: [['model']] };

async function learned(settings: object, to?: 'logs' | 'metrics' | 'traces'): Promise<Run> {
  const run = await Run.start(settings, to === undefined ? {} : { to });
  await run.traffic(t0, begin, 2 * second, usual);
  return run;
}

const tagsOf = (spans: readonly Out[]): Out[] =>
  spans.map(({ attributes }) => Object.fromEntries(Object.entries(attributes as Out).filter(([key]) => key.startsWith('anomaly.'))));

describe('Spans', () => {
  it.each([undefined, 'traces'] as const)(
    'are tagged while their group is in an anomaly, others are passed on as they are (%s)',
    async (to) => {
      const run = await learned(groups, to);
      expect(tagsOf(await run.take()).every((tags) => Object.keys(tags).length === 0)).toBe(true);
      await run.traffic(begin, begin + minute, second, dear);
      await run.take();
      await run.send([
        { startMs: begin + minute, cost: 0.1 },
        { startMs: begin + minute, model: 'other' },
        { startMs: begin + minute, plain: true },
      ]);
      const [tagged, other, plain] = tagsOf(await run.take());
      expect(tagged).toEqual({
        'anomaly.kind': 'cost_spike',
        'anomaly.severity': 'critical',
        'anomaly.score': expect.any(Number),
        'anomaly.expected': expect.any(Number),
        'anomaly.value': expect.any(Number),
      });
      expect(tagged!['anomaly.score']).toBeGreaterThan(0.9);
      expect(Math.abs(Number(tagged!['anomaly.expected']) - 0.01)).toBeLessThan(0.002);
      expect([other, plain]).toEqual([{}, {}]);
      await run.traffic(begin + minute, begin + hour, second, usual);
      await run.take();
      await run.send([{ startMs: begin + hour }]);
      expect(tagsOf(await run.take())).toEqual([{}]);
      await run.stop();
    },
  );

  it('are not tagged when that is not wanted', async () => {
    const run = await learned({ ...groups, tag: false });
    await run.traffic(begin, begin + minute, second, dear);
    expect(tagsOf(await run.take()).every((tags) => Object.keys(tags).length === 0)).toBe(true);
    expect(run.own()).toMatchObject({ anomaly_open: 1, started: 1 });
    expect(run.context.lines.map(({ message }) => message)).toContain('An anomaly started.');
    await run.stop();
  });
});

describe('Metrics', () => {
  it('say what is expected of each group, and count onsets and ends', async () => {
    const run = await learned(groups, 'metrics');
    const points = await run.take();
    const last = points.filter(({ timeUnixNano }) => timeUnixNano === points.at(-1)!['timeUnixNano']);
    const ofCost = last.filter(({ attributes }) => (attributes as Out)['anomaly.metric'] === 'cost');
    expect(ofCost.map(({ metric, unit, attributes }) => [metric, unit, attributes])).toEqual(
      ['score', 'value', 'expected', 'lower', 'upper'].map((name) => [
        `anomaly.${name}`,
        name === 'score' ? '1' : '{currency}',
        { 'gen_ai.request.model': 'gpt-4o', 'anomaly.kind': 'cost_spike', 'anomaly.metric': 'cost' },
      ]),
    );
    const [score, , expected, lower, upper] = ofCost.map(({ asDouble }) => Number(asDouble));
    expect(score).toBeLessThan(0.01);
    expect(lower).toBeLessThan(expected!);
    expect(upper).toBeGreaterThan(expected!);
    const times = new Set(points.map(({ timeUnixNano }) => Number(BigInt(String(timeUnixNano)) / 1_000_000n)));
    expect(times.size).toBeGreaterThan(50);
    expect(times.size).toBeLessThanOrEqual(61);
    await run.traffic(begin, begin + minute, second, dear);
    const counted = (await run.take()).filter(({ metric }) => metric === 'anomaly.events');
    expect(counted.map(({ asInt, attributes }) => [asInt, (attributes as Out)['anomaly.state']])).toEqual([['1', 'started']]);
    await run.stop();
  });

  it('come at the interval that is set', async () => {
    const run = await learned({ ...groups, metrics_interval: '10m' }, 'metrics');
    expect(new Set((await run.take()).map(({ timeUnixNano }) => timeUnixNano)).size).toBeLessThanOrEqual(7);
    await run.stop();
  });
});

describe('Groups', () => {
  const two = (at: number, dice: Dice): Partial<Item> => ({
    ...usual(at, dice),
    model: dice.next() < 0.5 ? 'gpt-4o' : 'gpt-4o-mini',
    attributes: { 'user.id': dice.next() < 0.5 ? 'ada' : 'bob', region: dice.next() < 0.5 ? 'eu' : 'us' },
    resource: { 'service.name': 'shop' },
  });

  const namesOf = async (settings: object): Promise<Out[]> => {
    const run = await Run.start(settings, { to: 'logs' });
    await run.traffic(t0, begin, second, two);
    await run.traffic(begin, begin + 2 * minute, second, (at, dice) => ({ ...two(at, dice), cost: 0.1 }));
    const events = await run.events();
    await run.stop();
    return events.map((event) =>
      Object.fromEntries(Object.entries(event).filter(([key]) => !/^anomaly|^body|^severity|^eventName/.test(key))),
    );
  };

  it('are each combination of values of each list of names', async () => {
    const names = await namesOf({ group_by: [['model', 'region'], ['service'], [], ['team']] });
    expect(names).toHaveLength(6);
    expect(names).toEqual(
      expect.arrayContaining([
        {},
        { 'service.name': 'shop' },
        { 'gen_ai.request.model': 'gpt-4o', region: 'eu' },
        { 'gen_ai.request.model': 'gpt-4o-mini', region: 'us' },
      ]),
    );
  });

  it('name people by keyed hashes alone, unless told otherwise', async () => {
    const hashed = await namesOf({ group_by: [['user']], hash_key: '0123456789abcdef' });
    expect(hashed.map((names) => Object.keys(names))).toEqual([['millrace.user.hash'], ['millrace.user.hash']]);
    expect(JSON.stringify(hashed)).not.toMatch(/ada|bob/);
    expect(await namesOf({ group_by: [['user']], hash_key: '0123456789abcdef' })).toEqual(hashed);
    expect(await namesOf({ group_by: [['user']], hash_key: 'fedcba9876543210' })).not.toEqual(hashed);
    expect(await namesOf({ group_by: [['user']], hash: [] })).toEqual(expect.arrayContaining([{ 'user.id': 'ada' }, { 'user.id': 'bob' }]));
  });

  it('are bounded: calls of others are counted', async () => {
    const run = await Run.start({ group_by: [['user']], max_groups: 10 });
    await run.send(Array.from({ length: 50 }, (_, i) => ({ startMs: t0, attributes: { 'user.id': `u${i}` } })));
    await run.send([{ startMs: t0 + minute }]);
    expect(run.own()).toMatchObject({ anomaly_groups: 10, anomaly_overflow_calls: 40 });
    await run.stop();
  });

  it('are forgotten when they have no calls for long', async () => {
    const run = await Run.start({ group_by: [['user']], group_expiry: '2h' });
    await run.send([{ startMs: t0, attributes: { 'user.id': 'ada' } }]);
    await run.traffic(t0, t0 + 4 * hour, minute, () => ({ attributes: { 'user.id': 'bob' } }));
    expect(run.own()['anomaly_groups']).toBe(1);
    await run.stop();
  });

  it('take less than a kilobyte each', async () => {
    const count = 20_000;
    const run = await Run.start({ group_by: [['user']] });
    const users = (from: number, to: number, startMs: number): Item[] =>
      Array.from({ length: to - from }, (_, i) => ({ startMs, attributes: { 'user.id': `user-${from + i}@example.com` } }));
    await run.send(users(0, 1000, t0));
    await run.send([{ startMs: t0 + minute }]);
    run.sink.requests.length = 0;
    globalThis.gc?.();
    const used = (): number => process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
    const before = used();
    for (let from = 1000; from < count; from += 1000) {
      await run.send(users(from, from + 1000, t0 + minute));
      run.sink.requests.length = 0;
    }
    await run.send([{ startMs: t0 + 10 * minute }]);
    run.sink.requests.length = 0;
    expect(run.own()['anomaly_groups']).toBe(count);
    globalThis.gc?.();
    expect(run.host.memory.accounted / count).toBeLessThanOrEqual(1024);
    if (globalThis.gc !== undefined) expect((used() - before) / (count - 1000)).toBeLessThanOrEqual(1024);
    await run.stop();
  });
});

describe('Event time (decision 10)', () => {
  const items = (): Item[] => {
    const dice = new Dice(7);
    const all: Item[] = [];
    for (let at = t0; at < begin + 20 * minute; at += 2 * second) {
      const isBad = at >= begin && at < begin + 5 * minute;
      all.push({ startMs: at, ...usual(at, dice), ...(isBad && { cost: 0.05 }), failed: dice.next() < 0.01 });
    }
    return all;
  };

  const outputOf = async (
    to: 'logs' | 'metrics' | 'traces',
    all: readonly Item[],
    batchItems: (i: number) => number,
    pauseMs = 0,
  ): Promise<string> => {
    const run = await Run.start(groups, { to });
    for (let from = 0, i = 0; from < all.length; i++) {
      const size = batchItems(i);
      await run.send(all.slice(from, from + size));
      if (pauseMs > 0) await run.clock.advance(pauseMs);
      from += size;
    }
    await run.stop();
    // What is reported is the same in its bytes; spans come in the batches that they came in.
    if (to === 'traces') return JSON.stringify(await run.take());
    return run.sink.requests.map((bytes) => bytes.toString('latin1')).join('\n');
  };

  it.each(['logs', 'metrics', 'traces'] as const)('alone decides what comes out, whatever the batches and the speed: %s', async (to) => {
    const all = items();
    const one = await outputOf(to, all, () => 500);
    expect(one).toContain('anomaly');
    expect(await outputOf(to, all, (i) => 1 + ((i * 7) % 90))).toBe(one);
    expect(await outputOf(to, all, () => 100, 60_000)).toBe(one);
  });

  it('lets calls be out of order, by the lateness that is allowed', async () => {
    const all = items();
    const dice = new Dice(8);
    const order = all.map((item) => ({ item, at: item.startMs + 4500 * dice.next() })).sort((a, b) => a.at - b.at);
    const shuffled = order.map(({ item }) => item);
    expect(shuffled).not.toEqual(all);
    expect(await outputOf('logs', shuffled, () => 50)).toBe(await outputOf('logs', all, () => 50));
  });

  it('does not go back: calls of what is decided are counted', async () => {
    const run = await Run.start({ ...groups, allowed_lateness: '10s' });
    await run.send([{ startMs: t0 }, { startMs: t0 + minute }, { startMs: t0 + 52 * second }]);
    expect(run.own()['anomaly_late_calls']).toBe(0);
    await run.send([{ startMs: t0 + 30 * second }]);
    expect(run.own()['anomaly_late_calls']).toBe(1);
    await run.stop();
  });

  it('does not follow a clock that is far ahead', async () => {
    const run = await Run.start({ ...groups, max_clock_skew: '1m' }, { now: t0 });
    await run.send([{ startMs: t0 }, { startMs: t0 + hour }, { startMs: t0 + second }]);
    expect(run.own()).toMatchObject({ anomaly_late_calls: 0, anomaly_lag: -1 });
    await run.stop();
  });

  it('is judged at the interval that is set', async () => {
    const run = await learned({ ...groups, interval: '1m' }, 'logs');
    await run.traffic(begin, begin + 5 * minute, second, dear);
    const [started] = await run.events();
    expect(Date.parse(started!['anomaly.detected'] as string) % minute).toBe(0);
    await run.stop();
  });
});

describe('What is usual', () => {
  it('is so of the rolling window', async () => {
    const shifted = async (window: string): Promise<number> => {
      const run = await Run.start({ ...groups, rolling_window: window }, { to: 'metrics' });
      await run.traffic(t0, begin, 2 * second, usual);
      // Half as much again is no anomaly: it is learned.
      await run.traffic(begin, begin + 3 * hour, 2 * second, (at, dice) => ({ ...usual(at, dice), cost: usual(at, dice).cost! * 1.35 }));
      const expected = (await run.take()).findLast(
        ({ metric, attributes }) => metric === 'anomaly.expected' && (attributes as Out)['anomaly.metric'] === 'cost',
      );
      await run.stop();
      return Number(expected!['asDouble']);
    };
    expect(await shifted('1h')).toBeGreaterThan(await shifted('240h'));
  });

  it('takes the prices of calls that nobody priced', async () => {
    const prices = { catalog: 'none', overrides: [{ provider: 'openai', model: 'gpt-4o', input: 10, output: 10 }] };
    const run = await Run.start({ ...groups, prices }, { to: 'logs' });
    const call =
      (tokens: number) =>
      (_: number, dice: Dice): Partial<Item> => ({
        cost: undefined,
        attributes: { 'gen_ai.usage.input_tokens': Math.round(tokens * Math.exp(0.3 * dice.normal())), 'gen_ai.usage.output_tokens': 10 },
      });
    await run.traffic(t0, begin, 2 * second, call(1000));
    await run.traffic(begin, begin + minute, second, call(5000));
    expect((await run.events()).map(({ 'anomaly.kind': kind }) => kind)).toEqual(['cost_spike']);
    await run.stop();
  });
});

describe('What is reported', () => {
  it('waits until it is taken, and refuses calls when too much waits', async () => {
    const run = await learned(groups, 'metrics');
    await run.take();
    run.sink.before = () => {
      throw new PipelineError('busy', { kind: 'retryable' });
    };
    await expect(run.traffic(begin, begin + 6 * hour, 2 * second, usual)).rejects.toThrow('anomaly waits for the next component');
    const { items } = run.context;
    await run.stop(AbortSignal.abort());
    expect(items.dropped['shutdown']).toBeGreaterThan(0);
  });

  it('is not taken when not running', async () => {
    const run = new Run(groups);
    await expect(run.send([{ startMs: t0 }])).rejects.toThrow('anomaly is not running');
    await run.stop();
  });
});
