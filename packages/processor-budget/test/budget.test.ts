import { PipelineError } from '@millrace/api';
import { settle } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { type Item, type Out, type Run, start } from './run.ts';

const minute = 60_000;
const t0 = Date.parse('2026-11-10T12:00:00Z');
const monthly = { name: 'monthly', limit: 10 };
const perTeam = { ...monthly, by: ['millrace.team'] };
const ofTeam = (team: string, cost: number, at: string | number = t0): Item => ({ at, cost, attributes: { 'millrace.team': team } });

/** `threshold@time who` of the events that came out. */
async function events(run: Run): Promise<string[]> {
  return (await run.take()).map((event) => {
    const attributes = event['attributes'] as Readonly<Record<string, string>>;
    const time = new Date(Number(BigInt(event['timeUnixNano'] as string) / 1_000_000n)).toISOString();
    return `${attributes['millrace.budget.threshold']}@${time.slice(0, 16)} ${attributes['millrace.team'] ?? ''}`.trimEnd();
  });
}

const spentOf = (outs: readonly Out[]): string[] =>
  outs.filter(({ metric }) => metric === 'millrace.budget.spent').map(({ at, value }) => `${String(at).slice(11, 19)} ${String(value)}`);

describe('An amount', () => {
  it('below nothing is none, and takes nothing from what was spent', async () => {
    const run = await start({ budgets: [monthly] });
    await run.send({ at: t0, cost: 9 }, { at: t0, cost: -100 }, { at: t0, cost: Number.NaN });
    expect(run.own()).toMatchObject({ 'spent{monthly}': 9, 'unbooked_calls{unpriced}': 1 });
    await run.stop();
  });
});

describe('A rolling window', () => {
  it('is not below nothing when the clock is set back before a batch is refused', async () => {
    const run = await start({ budgets: [{ ...monthly, window: '1h' }], max_clock_skew: '0s' }, { now: '2026-11-10T12:00:00Z' });
    const refused = Promise.withResolvers<void>();
    let batches = 0;
    run.sink.before = () => (++batches === 1 ? refused.promise : undefined);
    const sending = run.send({ at: t0, cost: 5 });
    await run.clock.advance(-10 * minute);
    await run.send({ at: t0 - 10 * minute, cost: 1 });
    refused.reject(new PipelineError('later', { kind: 'retryable' }));
    await expect(sending).rejects.toThrow('later');
    expect(run.own()).toMatchObject({ 'spent{monthly}': 1 });
    await run.clock.advance(65 * minute);
    await run.send({ at: t0 + 55 * minute, cost: 2 });
    expect(run.own()).toMatchObject({ 'spent{monthly}': 2 });
    await run.stop();
  });
});

describe('A written amount', () => {
  it('without a currency is in dollars', async () => {
    const run = await start({ budgets: [monthly] });
    await run.send({ at: t0, attributes: { 'millrace.cost.amount': 3 } });
    expect(run.own()).toMatchObject({ 'spent{monthly}': 3 });
    await run.stop();
  });
});

describe('A written amount that cannot be', () => {
  it('is none: it would make every sum useless', async () => {
    const run = await start({ budgets: [monthly] });
    await run.send({ at: t0, cost: 9 }, { at: t0, cost: 1e300 });
    expect(run.own()).toMatchObject({ 'spent{monthly}': 9, 'unbooked_calls{unpriced}': 1 });
    await run.stop();
  });
});

describe('A call during which a price changed', () => {
  it('costs what it did when it began, as everywhere', async () => {
    const overrides = [
      { model: 'gpt-4o', input: '1', output: '1', until: '2026-11-10T12:00:00Z' },
      { model: 'gpt-4o', input: '3', output: '3', from: '2026-11-10T12:00:00Z' },
    ];
    const run = await start({ budgets: [monthly], prices: { catalog: 'none', overrides } });
    const attributes = { 'gen_ai.usage.input_tokens': 1_000_000, 'gen_ai.usage.output_tokens': 0 };
    // It takes a second.
    await run.send({ at: t0 + 500, attributes }, { at: t0 + 1500, attributes });
    expect(run.own()).toMatchObject({ 'spent{monthly}': 4 });
    await run.stop();
  });
});

describe('A call that the cache of the application answered', () => {
  it('used no tokens, and was a request', async () => {
    const run = await start({
      budgets: [
        { ...monthly, measure: 'tokens' },
        { name: 'calls', limit: 10, measure: 'requests' },
      ],
    });
    const usage = { 'gen_ai.usage.input_tokens': 7, 'gen_ai.usage.output_tokens': 2 };
    await run.send({ at: t0, attributes: usage }, { at: t0, attributes: { ...usage, 'millrace.cache.result': 'hit' } });
    expect(run.own()).toMatchObject({ 'spent{monthly}': 9, 'spent{calls}': 2 });
    await run.stop();
  });
});

describe('Values of accounts', () => {
  it('are told apart whatever is in them, and are not kept at any length', async () => {
    const run = await start({ budgets: [{ ...monthly, by: ['a', 'b'] }] });
    const of = (a: string, b: string, cost: number): Item => ({ at: t0, cost, attributes: { a, b } });
    await run.send(of('x\0', 'y', 1), of('x', '\0y', 2), of('z'.repeat(100_000), '', 4));
    const own = run.own();
    expect(own).toMatchObject({ 'spent{monthly x\0 y}': 1, 'spent{monthly x \0y}': 2, 'keys{monthly}': 3 });
    expect(Math.max(...Object.keys(own).map((name) => name.length))).toBeLessThan(2_000);
    await run.stop();
  });
});

describe('A call that comes too late', () => {
  it('takes the place of nobody', async () => {
    const run = await start({ budgets: [perTeam], max_keys: 2 });
    await run.send(ofTeam('a', 1));
    for (let i = 0; i < 10; i++) await run.send(ofTeam(`old-${i}`, 1, t0 - 90 * 24 * 60 * minute));
    await run.send(ofTeam('b', 2));
    expect(run.own()).toMatchObject({ 'keys{monthly}': 2, 'spent{monthly b}': 2, 'overflow_calls{}': 0, 'unbooked_calls{late}': 10 });
    await run.stop();
  });
});

describe('Tags', () => {
  it('say from the call on that reaches a threshold, what was used', async () => {
    const run = await start({ budgets: [perTeam] });
    await run.send(ofTeam('a', 4.9), ofTeam('a', 0.1), ofTeam('b', 1), ofTeam('a', 3.25), ofTeam('a', 2));
    expect(await run.tags()).toEqual([
      {},
      { name: 'monthly', status: 'warning', threshold: 50, used_ratio: 0.5 },
      {},
      { name: 'monthly', status: 'warning', threshold: 80, used_ratio: 0.825 },
      { name: 'monthly', status: 'exceeded', threshold: 100, used_ratio: 1.025 },
    ]);
    await run.stop();
  });

  it('are of the budget that is used most', async () => {
    const run = await start({
      budgets: [
        { name: 'small', limit: 1 },
        { name: 'smallest', limit: 0.5, thresholds: [40] },
        { name: 'large', limit: 100 },
      ],
    });
    await run.send({ at: t0, cost: 0.6 });
    expect(await run.tags()).toEqual([{ name: 'smallest', status: 'warning', threshold: 40, used_ratio: 1.2 }]);
    await run.stop();
  });

  it.each([
    ['calls', [{ used: 1 }, {}, {}, {}]],
    ['operations', [{ used: 1 }, { used: 1 }, {}, {}]],
    ['all', [{ used: 1 }, { used: 1 }, { used: 1 }, {}]],
    ['none', [{}, {}, {}, {}]],
  ])('are put on %s', async (tag, expected) => {
    const run = await start({ budgets: [perTeam], tag });
    const attributes = { 'millrace.team': 'a' };
    await run.send(
      ofTeam('a', 10),
      { at: t0, plain: true, attributes: { ...attributes, 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'search' } },
      { at: t0, plain: true, attributes },
      { at: t0, plain: true },
    );
    expect((await run.tags()).map(({ used_ratio: used }) => (used === undefined ? {} : { used }))).toEqual(expected);
    await run.stop();
  });

  it('are put on log records, too', async () => {
    const run = await start({ budgets: [monthly] }, { from: 'logs' });
    await run.send({ at: t0, cost: 8 });
    expect(await run.tags()).toEqual([{ name: 'monthly', status: 'warning', threshold: 80, used_ratio: 0.8 }]);
    await run.stop();
  });
});

describe('Spending', () => {
  it('is summed up exactly', async () => {
    const run = await start({ budgets: [{ ...monthly, limit: 1 }] }, { to: 'logs' });
    await run.send(...Array.from({ length: 9 }, () => ({ at: t0, cost: 0.1 })));
    expect(await events(run)).toEqual(['50@2026-11-10T12:00', '80@2026-11-10T12:00']);
    await run.send({ at: t0, cost: 0.099999999999999 });
    expect(await events(run)).toEqual([]);
    await run.send({ at: t0, cost: 1e-15 });
    expect(await events(run)).toEqual(['100@2026-11-10T12:00']);
    await run.stop();
  });

  it('is per combination of values, of the item or its resource', async () => {
    const run = await start({ budgets: [{ ...monthly, by: ['team', 'service', 'model'], measure: 'requests' }] });
    const resource = { 'service.name': 'shop' };
    await run.send(
      { at: t0, resource, attributes: { 'millrace.team': 'a' } },
      { at: t0, resource, attributes: { 'millrace.team': 'a' } },
      { at: t0, resource, attributes: { 'millrace.team': 'a', 'gen_ai.response.model': 'gpt-4o-mini' } },
      { at: t0, attributes: { 'deployment.environment': 'test' } },
    );
    expect(run.own()).toMatchObject({
      'spent{monthly a shop gpt-4o}': 2,
      'spent{monthly a shop gpt-4o-mini}': 1,
      'spent{monthly gpt-4o}': 1,
      'keys{monthly}': 3,
    });
    await run.stop();
  });

  it('can be tokens or requests', async () => {
    const run = await start({
      budgets: [
        { name: 'tokens', measure: 'tokens', limit: 1000 },
        { name: 'requests', measure: 'requests', limit: 3 },
      ],
    });
    const attributes = { 'gen_ai.usage.input_tokens': 300, 'gen_ai.usage.output_tokens': 250 };
    await run.send({ at: t0, attributes }, { at: t0 });
    expect(run.own()).toMatchObject({
      'spent{tokens}': 550,
      'spent{requests}': 2,
      'used_ratio{tokens}': 0.55,
      'unbooked_calls{no_usage}': 1,
    });
    await run.stop();
  });

  it('has the price that the list says when no amount is on the call', async () => {
    const overrides = [{ provider: 'openai', model: 'gpt-4o', input: 2, output: 8 }];
    const run = await start({ budgets: [monthly], prices: { catalog: 'none', overrides } });
    const usage = { 'gen_ai.usage.input_tokens': 500_000, 'gen_ai.usage.output_tokens': 250_000 };
    await run.send(
      { at: t0, attributes: usage },
      { at: t0, attributes: { ...usage, 'gen_ai.request.model': 'another' } },
      { at: t0, attributes: { ...usage, 'millrace.cost.status': 'unpriced' } },
      { at: t0, attributes: { 'millrace.cost.status': 'no_usage' } },
      { at: t0 },
    );
    expect(run.own()).toMatchObject({ 'spent{monthly}': 3, 'unbooked_calls{unpriced}': 2, 'unbooked_calls{no_usage}': 2 });
    await run.stop();
  });

  it('in another currency is not counted', async () => {
    const run = await start({ budgets: [monthly, { ...monthly, name: 'euros', currency: 'EUR' }] });
    await run.send({ at: t0, attributes: { 'millrace.cost.amount': 3, 'millrace.cost.currency': 'EUR' } });
    expect(run.own()).toMatchObject({ 'spent{euros}': 3, 'unbooked_calls{currency}': 1 });
    await run.stop();
  });

  it('of agents counts only where no call of their trace says it', async () => {
    const agent = { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.usage.input_tokens': 10 };
    for (const to of [undefined, 'logs'] as const) {
      const run = await start({ budgets: [{ ...monthly, thresholds: [50] }], wait: '20s' }, { ...(to && { to }) });
      const call = (at: number, traceId: string): Item => ({ at, cost: 2, attributes: { 'gen_ai.usage.input_tokens': 10 }, traceId });
      await run.send(call(t0, 'a'.repeat(32)), { at: t0 + 1000, cost: 2, attributes: agent, traceId: 'a'.repeat(32) });
      await run.send({ at: t0 + 2000, cost: 3, attributes: agent, traceId: 'b'.repeat(32) });
      expect(run.own()).toMatchObject({ 'spent{monthly}': 2 });
      await run.send(call(t0 + 15_000, 'c'.repeat(32)));
      expect(run.own()).toMatchObject({ 'spent{monthly}': 4 });
      expect(run.own()).not.toHaveProperty('thresholds_crossed{monthly 50}');
      await run.send({ at: t0 + 40_000, cost: 0.5, traceId: 'd'.repeat(32) });
      expect(run.own()).toMatchObject({ 'spent{monthly}': 7.5, 'thresholds_crossed{monthly 50}': 1 });
      await run.send({ at: t0 + 41_000, cost: 1, attributes: agent, traceId: 'e'.repeat(32) });
      await run.stop();
      expect(run.own()).toMatchObject({ 'spent{monthly}': 8.5 });
    }
  });

  it('of an agent in a batch that was refused is held once', async () => {
    const run = await start({ budgets: [monthly] });
    const agent = { at: t0, cost: 3, attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.usage.input_tokens': 10 } };
    run.sink.before = () => {
      throw new PipelineError('not now', { kind: 'retryable' });
    };
    await expect(run.send(agent)).rejects.toThrow('not now');
    run.sink.before = undefined;
    await run.send(agent);
    await run.stop();
    expect(run.own()).toMatchObject({ 'spent{monthly}': 3 });
  });

  it('has limits of its own for some values', async () => {
    const overrides = [
      { values: { team: 'research', user: 'ada' }, limit: 100 },
      { values: { team: 'research' }, limit: 50 },
    ];
    const run = await start({ budgets: [{ ...monthly, by: ['team', 'user'], overrides }], hash: [] });
    const by = (team: string, user: string): Item => ({ at: t0, cost: 1, attributes: { 'millrace.team': team, 'user.id': user } });
    await run.send(by('research', 'ada'), by('research', 'bob'), by('sales', 'ada'));
    expect(run.own()).toMatchObject({
      'limit{monthly research ada}': 100,
      'limit{monthly research bob}': 50,
      'limit{monthly sales ada}': 10,
    });
    await run.stop();
  });

  it('names users only as keyed hashes', async () => {
    const budgets = [{ ...monthly, by: ['user'], overrides: [{ values: { user: 'ada' }, limit: 1 }] }];
    const run = await start({ budgets, hash_key: 'a secret of many letters' }, { to: 'logs' });
    await run.send({ at: t0, cost: 1, attributes: { 'user.id': 'ada' } });
    const [event] = await run.take();
    expect((event!['attributes'] as Out)['millrace.user.hash']).toMatch(/^[0-9a-f]{16}$/);
    expect(JSON.stringify([event, run.own(), run.context.lines])).not.toContain('ada');
    const other = await start({ budgets, hash_key: 'another secret of many letters' }, { to: 'logs' });
    await other.send({ at: t0, cost: 1, attributes: { 'user.id': 'ada' } });
    const [otherEvent] = await other.take();
    expect((otherEvent!['attributes'] as Out)['millrace.user.hash']).not.toBe((event!['attributes'] as Out)['millrace.user.hash']);
    await run.stop();
    await other.stop();
  });

  it('names a user the same in all instances', async () => {
    const hashes: unknown[] = [];
    for (const to of ['logs', 'metrics'] as const) {
      const run = await start({ budgets: [{ ...monthly, by: ['user'] }] }, { to });
      await run.send({ at: t0, cost: 5, attributes: { 'user.id': 'ada' } });
      const [first] = await run.take();
      hashes.push((first!['attributes'] as Out)['millrace.user.hash']);
      await run.stop();
    }
    expect(hashes[0]).toMatch(/^[0-9a-f]{16}$/);
    expect(hashes[1]).toBe(hashes[0]);
  });

  it('of more values than are told apart is summed up together', async () => {
    const run = await start({ budgets: [{ ...perTeam, limit: 1 }], max_keys: 2 });
    await run.send(...Array.from({ length: 100 }, (_, i) => ofTeam(`team-${i}`, 0.5)));
    expect(run.own()).toMatchObject({
      'keys{monthly}': 2,
      'spent{monthly team-0}': 0.5,
      'spent{monthly team-1}': 0.5,
      'spent{monthly true}': 49,
      'overflow_calls{}': 98,
      'thresholds_crossed{monthly team-0 50}': 1,
    });
    expect(Object.keys(run.own()).filter((name) => name.startsWith('limit'))).toHaveLength(2);
    // Beside the buffers, which are given back.
    expect(run.host.memory.accounted).toBeGreaterThan(2000);
    await run.stop();
    expect(run.host.memory.accounted - run.host.pool.freeBytes).toBeLessThan(2000);
  });
});

describe('A window of the calendar', () => {
  const daily = { ...perTeam, window: 'day', time_zone: 'Europe/Berlin' };

  it('reports each threshold once, and starts anew with the day of its time zone', async () => {
    const run = await start({ budgets: [daily] }, { to: 'logs' });
    await run.send(ofTeam('a', 6, '2026-03-28T22:59:59Z'), ofTeam('a', 1, '2026-03-28T22:59:59Z'));
    // The 29th has 23 hours.
    await run.send(ofTeam('a', 4, '2026-03-28T23:00:00Z'), ofTeam('a', 1, '2026-03-29T21:59:59Z'), ofTeam('a', 4, '2026-03-29T22:00:00Z'));
    await run.send(ofTeam('a', 6, '2026-03-30T01:00:00Z'), ofTeam('b', 8, '2026-03-30T01:00:00Z'));
    expect(await events(run)).toEqual([
      '50@2026-03-28T22:59 a',
      '50@2026-03-29T21:59 a',
      '50@2026-03-30T01:00 a',
      '80@2026-03-30T01:00 a',
      '100@2026-03-30T01:00 a',
      '50@2026-03-30T01:00 b',
      '80@2026-03-30T01:00 b',
    ]);
    await run.stop();
  });

  it('takes late spending as long as it is allowed, and counts what comes later', async () => {
    const run = await start({ budgets: [{ ...monthly, window: 'hour' }], allowed_lateness: '10m' }, { to: 'logs' });
    await run.send({ at: t0 + 59 * minute, cost: 4 }, { at: t0 + 61 * minute, cost: 4 }, { at: t0 + 58 * minute, cost: 1 });
    expect(await events(run)).toEqual(['50@2026-11-10T12:58']);
    await run.send({ at: t0 + 70 * minute, cost: 1 }, { at: t0 + 59 * minute, cost: 50 });
    expect(await events(run)).toEqual(['50@2026-11-10T13:10']);
    expect(run.own()).toMatchObject({ 'unbooked_calls{late}': 1, 'spent{monthly}': 5 });
    await run.stop();
  });

  it('forgets who spends no more', async () => {
    const run = await start({ budgets: [{ ...perTeam, window: 'hour' }], max_keys: 1 });
    await run.send(ofTeam('a', 1), ofTeam('b', 1));
    await run.send(ofTeam('c', 1, t0 + 200 * minute));
    expect(run.own()).toMatchObject({ 'keys{monthly}': 1, 'spent{monthly c}': 1, 'overflow_calls{}': 1 });
    await run.stop();
  });

  it('is that of the clock for items without a time', async () => {
    const run = await start({ budgets: [{ ...monthly, window: 'day' }] }, { from: 'logs', now: '2026-11-10T23:58:00Z' });
    await run.send({ at: 0, cost: 1 }, { at: '2026-11-10T20:00:00Z', cost: 2 });
    expect(run.own()).toMatchObject({ 'spent{monthly}': 3 });
    await run.stop();
  });

  it('is that of the clock for items from the future', async () => {
    const run = await start({ budgets: [{ ...monthly, window: 'day' }], max_clock_skew: '5m' }, { now: '2026-11-10T23:58:00Z' });
    await run.send({ at: '2026-11-11T00:02:00Z', cost: 1 });
    await run.send({ at: '2026-11-11T00:04:00Z', cost: 2 }, { at: '2026-12-24T00:00:00Z', cost: 3 });
    expect(run.own()).toMatchObject({ 'skewed_items{}': 2, 'spent{monthly}': 1 });
    await run.stop();
  });
});

describe('A rolling window', () => {
  const rolling = { ...monthly, window: '1h' };

  it('has what was spent in the time before', async () => {
    const run = await start({ budgets: [rolling] });
    await run.send({ at: t0, cost: 3 }, { at: t0 + 30 * minute, cost: 1 });
    expect(run.own()).toMatchObject({ 'spent{monthly}': 4 });
    await run.send({ at: t0 + 59 * minute, cost: 1 });
    expect(run.own()).toMatchObject({ 'spent{monthly}': 5 });
    await run.send({ at: t0 + 60 * minute, cost: 1 });
    expect(run.own()).toMatchObject({ 'spent{monthly}': 3 });
    await run.send({ at: t0 + minute, cost: 1 }, { at: t0, cost: 1 });
    expect(run.own()).toMatchObject({ 'spent{monthly}': 4, 'unbooked_calls{late}': 1 });
    await run.send({ at: t0 + 500 * minute, cost: 2 });
    expect(run.own()).toMatchObject({ 'spent{monthly}': 2 });
    await run.stop();
  });

  it('reports a threshold once in its length, however spending goes up and down', async () => {
    const run = await start({ budgets: [{ ...rolling, thresholds: [50] }] }, { to: 'logs' });
    const at = async (minutes: number, cost: number): Promise<string[]> => {
      await run.send({ at: t0 + minutes * minute, cost });
      return events(run);
    };
    expect(await at(0, 4)).toEqual([]);
    expect(await at(50, 1)).toEqual(['50@2026-11-10T12:50']);
    // Below at 13:00, above at 13:05: the hour is not over.
    expect(await at(65, 4)).toEqual([]);
    expect(await at(111, 0)).toEqual([]);
    expect(await at(112, 1)).toEqual(['50@2026-11-10T13:52']);
    await run.stop();
  });
});

describe('Metrics', () => {
  const config = { budgets: [{ ...monthly, window: 'hour' }], metrics_interval: '1m' };

  it('say what changed at whole intervals of event time, and that a window is over', async () => {
    const run = await start(config, { to: 'metrics' });
    await run.send({ at: t0 + 1000, cost: 1 }, { at: t0 + 30_000, cost: 1 }, { at: t0 + 10 * minute, cost: 2 });
    await run.send({ at: t0 + 61 * minute, cost: 1 });
    const outs = await run.take();
    expect(spentOf(outs)).toEqual(['12:01:00 2', '12:11:00 4', '13:01:00 0']);
    expect(outs.slice(0, 3)).toMatchObject([
      {
        metric: 'millrace.budget.spent',
        unit: '{currency}',
        attributes: { 'millrace.budget.name': 'monthly', 'millrace.cost.currency': 'USD' },
      },
      { metric: 'millrace.budget.limit', value: 10 },
      { metric: 'millrace.budget.used_ratio', unit: '1', value: 0.2 },
    ]);
    expect(spentOf(await run.stop())).toEqual(['13:01:00 1']);
  });

  it('count thresholds', async () => {
    const run = await start(config, { to: 'metrics' });
    await run.send({ at: t0, cost: 8 });
    expect(
      (await run.take()).map(({ metric, value, attributes }) => [metric, value, (attributes as Out)['millrace.budget.threshold']]),
    ).toEqual([
      ['millrace.budget.thresholds_crossed', 1, 50],
      ['millrace.budget.thresholds_crossed', 1, 80],
    ]);
    await run.stop();
  });

  it.each(['hour', '1h'])('are the same of a replay at any speed, in any batches: %s', async (window) => {
    const items = Array.from({ length: 200 }, (_, i) => ofTeam(`team-${i % 3}`, 0.3, t0 + i * minute + ((i * 7919) % 300) * 1000));
    const budgets = [{ ...perTeam, window }];
    const outcome = async (batches: readonly (readonly Item[])[], pauseMs: number): Promise<string[]> => {
      const run = await start({ budgets, metrics_interval: '1m' }, { to: 'metrics' });
      for (const batch of batches) {
        await run.send(...batch);
        await run.clock.advance(pauseMs);
      }
      return [...(await run.take()), ...(await run.stop())].map((out) => JSON.stringify(out)).toSorted();
    };
    const whole = await outcome([items], 0);
    expect(whole.length).toBeGreaterThan(100);
    expect(
      await outcome(
        items.map((item) => [item]),
        5000,
      ),
    ).toEqual(whole);
    expect(await outcome([items.slice(0, 77), items.slice(77)], 10 * minute)).toEqual(whole);
  });

  it.each(['hour', '1h'])('are the same of live data with pauses: %s', async (window) => {
    const times = [0, 10, 70, 4000, 4010, 9000];
    const outcome = async (isLive: boolean): Promise<string[]> => {
      const run = await start(
        { budgets: [{ ...monthly, window }], metrics_interval: '1m', idle_timeout: '7s' },
        { to: 'metrics', ...(isLive && { now: '2026-11-10T12:00:00Z' }) },
      );
      let now = 0;
      for (const seconds of times) {
        if (isLive) await run.clock.advance((seconds - now) * 1000);
        now = seconds;
        await run.send({ at: t0 + seconds * 1000, cost: 1 });
      }
      return spentOf([...(await run.take()), ...(await run.stop())]);
    };
    expect(await outcome(true)).toEqual(await outcome(false));
  });

  it('of live data come during a pause', async () => {
    const run = await start({ ...config, idle_timeout: '10s' }, { to: 'metrics', now: '2026-11-10T12:00:00Z' });
    await run.send({ at: t0, cost: 1 });
    await run.clock.advance(2 * minute);
    expect(spentOf(await run.take())).toEqual(['12:01:00 1']);
    const never = await start({ ...config, idle_timeout: '0s' }, { to: 'metrics', now: '2026-11-10T12:00:00Z' });
    await never.send({ at: t0, cost: 1 });
    await never.clock.advance(2 * minute);
    expect(await never.take()).toEqual([]);
    await run.stop();
    await never.stop();
  });

  it('of many accounts come in several batches', async () => {
    const run = await start({ budgets: [perTeam], max_keys: 5000 }, { to: 'metrics' });
    await run.send(...Array.from({ length: 3000 }, (_, i) => ofTeam(`team-${i}`, 1)));
    expect(spentOf(await run.stop())).toHaveLength(3000);
    expect(run.sink.items).toBe(9000);
  });
});

describe('A batch that is refused', () => {
  const refuse = (): never => {
    throw new PipelineError('not now', { kind: 'retryable' });
  };

  it('is booked when it comes again, and only then', async () => {
    for (const before of [refuse, () => Promise.reject(new PipelineError('not now', { kind: 'retryable' }))]) {
      for (const window of ['month', '1h']) {
        const run = await start({ budgets: [{ ...monthly, window }] });
        run.sink.before = before;
        await expect(run.send({ at: t0, cost: 5 }, { at: t0 })).rejects.toThrow('not now');
        expect(run.own()).toMatchObject({ 'spent{monthly}': 0, 'unbooked_calls{no_usage}': 0 });
        expect(run.context.lines).toEqual([]);
        run.sink.before = undefined;
        await run.send({ at: t0, cost: 5 });
        expect(await run.tags()).toMatchObject([{ status: 'warning' }]);
        expect(run.own()).toMatchObject({ 'spent{monthly}': 5, 'thresholds_crossed{monthly 50}': 1 });
        await run.stop();
      }
    }
  });

  it('leaves thresholds reached that others reach, too', async () => {
    const run = await start({ budgets: [monthly] });
    let letGo: (error: Error) => void = () => {};
    run.sink.before = () => new Promise((_, reject) => (letGo = reject));
    const first = run.send({ at: t0, cost: 5 });
    run.sink.before = undefined;
    await run.send({ at: t0, cost: 6 });
    letGo(new PipelineError('not now', { kind: 'retryable' }));
    await expect(first).rejects.toThrow('not now');
    expect(run.own()).toMatchObject({ 'spent{monthly}': 6, 'thresholds_crossed{monthly 50}': 1 });
    await run.stop();
  });
});

describe('What is reported', () => {
  it('waits while it is refused, and input with it', async () => {
    const run = await start({ budgets: [{ ...perTeam, limit: 1, thresholds: [100] }] }, { to: 'logs' });
    let isRefusing = true;
    run.sink.before = () => {
      if (isRefusing) throw new PipelineError('not now', { kind: 'retryable' });
      return undefined;
    };
    let accepted = 0;
    const fill = async (): Promise<void> => {
      for (;;) {
        await run.send(ofTeam(`team-${accepted}`, 1));
        accepted++;
      }
    };
    await expect(fill()).rejects.toThrow('waits for the next component');
    expect(accepted).toBe(256);
    isRefusing = false;
    await run.clock.advance(1000);
    expect(await run.take()).toHaveLength(256);
    await run.stop();
  });

  it('is dropped and counted when it is refused for good', async () => {
    const run = await start({ budgets: [monthly] }, { to: 'logs' });
    run.sink.before = () => {
      throw new PipelineError('never', { kind: 'permanent' });
    };
    await run.send({ at: t0, cost: 10 });
    await settle();
    expect(run.context.items.dropped).toEqual({ permanent: 3 });
    await run.stop();
  });

  it('goes among the log records that it is about', async () => {
    const run = await start({ budgets: [monthly] }, { from: 'logs', to: 'logs' });
    await run.send({ at: t0, cost: 6 });
    const outs = await run.take();
    expect(outs.map(({ eventName }) => eventName)).toEqual(['gen_ai.client.inference.operation.details', 'millrace.budget.threshold']);
    expect(outs[0]!['attributes']).toMatchObject({ 'millrace.budget.status': 'warning' });
    await run.stop();
  });

  it('says everything by itself', async () => {
    const run = await start(
      { budgets: [{ ...perTeam, window: 'week', time_zone: 'Europe/Berlin', week_start: 'sunday' }] },
      { to: 'logs' },
    );
    await run.send(ofTeam('a', 12));
    expect((await run.take()).at(-1)).toMatchObject({
      eventName: 'millrace.budget.threshold',
      severityNumber: 17,
      severityText: 'ERROR',
      traceId: '0123456789abcdef0123456789abcdef',
      spanId: '0000000000000001',
      body: { stringValue: 'Budget monthly has reached 100 % of its limit.' },
      attributes: {
        'millrace.budget.name': 'monthly',
        'millrace.team': 'a',
        'millrace.cost.currency': 'USD',
        'millrace.budget.threshold': 100,
        'millrace.budget.status': 'exceeded',
        'millrace.budget.spent': 12,
        'millrace.budget.limit': 10,
        'millrace.budget.used_ratio': 1.2,
        'millrace.budget.measure': 'cost',
        'millrace.budget.window': 'week',
        'millrace.budget.period.start': '2026-11-07T23:00:00.000Z',
        'millrace.budget.period.end': '2026-11-14T23:00:00.000Z',
      },
    });
    await run.stop();
  });
});
