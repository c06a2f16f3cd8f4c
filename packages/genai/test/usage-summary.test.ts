import { describe, expect, it } from '@jest/globals';
import { Call, costText, summaryReport, summaryText, UsageSummary } from '../src/index.ts';
import type { SummaryCost, SummaryReport } from '../src/index.ts';

const start = Date.UTC(2026, 10, 2, 9);
const minute = 60_000;
const hour = 60 * minute;
const usd = (text: number): bigint => BigInt(Math.round(text * 1e6)) * 10n ** 9n;

function call(fill: Partial<Call>, tokens: Partial<Record<'input' | 'cache_read' | 'output', number>> = { input: 100, output: 10 }): Call {
  const made = Object.assign(new Call(), { level: 'inference', operation: 'chat', provider: 'openai', responseModel: 'gpt-4o' }, fill);
  made.usage.known = true;
  for (const [kind, count] of Object.entries(tokens)) made.usage.set(kind as 'input', count);
  return made;
}

const cost = (amount: number, more: Partial<SummaryCost> = {}): SummaryCost => ({
  status: 'priced',
  currency: 'USD',
  estimated: usd(amount),
  actual: undefined,
  amount: usd(amount),
  savings: { cache: 0n, routing: 0n, batch: 0n },
  ...more,
});

const report = (summary: UsageSummary, windowMs: number, untilMs?: number): SummaryReport =>
  summaryReport(summary.window(windowMs, untilMs));

describe('A usage summary', () => {
  it('adds up calls exactly, in all and by model, user, team, task, tier and key (SHM-10, ASA-1, PXY-1, PXY-2)', () => {
    const summary = new UsageSummary();
    for (let i = 0; i < 10; i++) {
      summary.record(
        call({ user: i % 2 === 0 ? 'ann' : 'bob', team: 'support', task: 'chat', apiKeyId: 'k1', responseModel: i < 3 ? 'gpt-4o' : 'o3' }),
        cost(0.1),
        { unixMs: start + i * 1000, durationMs: 1000 },
      );
    }
    summary.record(call({ errorType: 'timeout', user: 'bob' }, {}), cost(0), { unixMs: start + 20_000, durationMs: 30_000 });
    const { totals, by, errors, currency } = report(summary, hour);
    expect({ currency, errors }).toEqual({ currency: 'USD', errors: { timeout: 1 } });
    expect(totals).toMatchObject({ requests: 11, errors: 1, input_tokens: 1000, output_tokens: 100, cost: 1 });
    expect(totals.success_rate).toBeCloseTo(10 / 11);
    expect(by.model.map(({ name, requests, cost: amount }) => [name, requests, amount])).toEqual([
      ['o3', 7, 0.7],
      ['gpt-4o', 4, 0.3],
    ]);
    expect(by.user.map(({ name, requests, cost: amount }) => [name, requests, amount])).toEqual([
      ['bob', 6, 0.5],
      ['ann', 5, 0.5],
    ]);
    for (const name of ['team', 'task', 'api_key'] as const) expect(by[name].map(({ requests }) => requests)).toEqual([10]);
    expect(by.tier.map(({ name, requests }) => [name, requests])).toEqual([['none', 11]]);
  });

  it('adds up amounts to the last unit, however large the sum', () => {
    const summary = new UsageSummary();
    const amounts = [1n, 2n ** 53n - 1n, 2n ** 53n + 1n, 10n ** 30n + 7n, 3n, -5n, 2n ** 52n, 2n ** 52n + 1n];
    for (const amount of amounts) summary.record(call({}), { ...cost(0), amount }, { unixMs: start, durationMs: 1 });
    const sum = amounts.reduce((all, amount) => all + amount, 0n);
    const { all, groups } = summary.window(hour).bucket;
    expect([all.amount, groups.model.get('gpt-4o')?.amount]).toEqual([sum, sum]);
  });

  it('leaves failed calls and those that a cache answered out of the latency and knows its percentiles to about 2 % (PXY-3, ASA-3)', () => {
    const summary = new UsageSummary();
    for (let i = 1; i <= 1000; i++) summary.record(call({}), cost(0), { unixMs: start, durationMs: i });
    summary.record(call({ errorType: 'timeout' }), cost(0), { unixMs: start, durationMs: 1e6 });
    for (let i = 0; i < 1000; i++) summary.record(call({ cacheResult: 'hit' }), cost(0), { unixMs: start, durationMs: 2 });
    const { latency } = report(summary, minute).totals;
    for (const [name, expected] of Object.entries({ p50: 0.5, p75: 0.75, p90: 0.9, p95: 0.95, p99: 0.99 }))
      expect(Math.abs(latency[name as 'p50'] / expected - 1)).toBeLessThan(0.025);
  });

  it('sees an event at once, whole minutes of up to three hours, and whole hours beyond', () => {
    const summary = new UsageSummary();
    for (const ago of [10, 45, 100, 10 * 60, 47 * 60]) {
      summary.record(call({}), cost(1), { unixMs: start + 48 * hour - ago * minute, durationMs: 1 });
    }
    const now = start + 48 * hour;
    const requests = (windowMs: number): number => report(summary, windowMs, now).totals.requests;
    expect([15 * minute, hour, 2 * hour, 12 * hour, 48 * hour].map(requests)).toEqual([1, 2, 3, 4, 5]);
    expect(report(summary, 12 * hour, now)).toMatchObject({ from: '2026-11-03T21:00:00.000Z', until: '2026-11-04T09:00:00.000Z' });
  });

  it('takes events in any order, and counts those that come when their time is forgotten', () => {
    const summary = new UsageSummary({ retentionMs: 24 * hour });
    summary.record(call({}), cost(1), { unixMs: start + 30 * hour, durationMs: 1 });
    summary.record(call({}), cost(1), { unixMs: start + 10 * hour, durationMs: 1 });
    summary.record(call({}), cost(1), { unixMs: start, durationMs: 1 });
    expect({ requests: report(summary, 24 * hour).totals.requests, tooOld: summary.tooOld }).toEqual({ requests: 2, tooOld: 1 });
    summary.record(call({}), cost(1), { unixMs: start + 60 * hour, durationMs: 1 });
    expect(report(summary, 365 * 24 * hour).totals.requests).toBe(1);
  });

  it('is bounded when every minute has other names: the oldest are folded, with the totals kept', () => {
    const summary = new UsageSummary({ limit: 20 });
    const calls = 180 * 200;
    for (let i = 0; i < calls; i++) {
      const names = { user: `u${i}`, team: `t${i}`, task: `k${i}`, apiKeyId: `a${i}` };
      summary.record(call(names), cost(0.01), { unixMs: start + Math.floor(i / 200) * minute, durationMs: 1 });
    }
    const until = start + 180 * minute;
    const { by, totals } = report(summary, 3 * hour, until);
    expect(totals.requests).toBe(calls);
    expect(by.user.reduce((sum, { requests }) => sum + requests, 0)).toBe(calls);
    expect(by.user.map(({ name }) => name)).not.toContain('u0');
    expect(report(summary, 10 * minute, until).by.user).toHaveLength(21);
  });

  it('is bounded likewise when every minute has other errors and tiers', () => {
    const summary = new UsageSummary({ limit: 20 });
    const events = 180 * 200;
    for (let i = 0; i < events; i++) {
      const unixMs = start + Math.floor(i / 200) * minute;
      summary.recordError(`e${i}`, unixMs);
      summary.recordCache(`t${i}`, true, { unixMs, durationMs: 1 });
      summary.count(`c${i}`, unixMs);
    }
    const { errors, cache, counts } = report(summary, 3 * hour, start + 180 * minute);
    const sum = (numbers: Readonly<Record<string, number>>): number => Object.values(numbers).reduce((all, one) => all + one, 0);
    expect([sum(errors), sum(counts), cache.reduce((all, { hits }) => all + hits, 0)]).toEqual([events, events, events]);
    for (const name of ['e0', 'c0']) expect({ ...errors, ...counts }).not.toHaveProperty(name);
    expect(cache.map(({ tier }) => tier)).not.toContain('t0');
  });

  it('takes a time that is ahead of the clock for now, and goes on when the clock was set back', () => {
    let now = start + 30 * 24 * hour;
    const summary = new UsageSummary({ now: () => now });
    summary.record(call({}), cost(1), { unixMs: start + 1e12, durationMs: 1 });
    expect(report(summary, hour, now + 1).totals.requests).toBe(1);
    now = start;
    summary.record(call({}), cost(1), { unixMs: start, durationMs: 1 });
    expect(report(summary, hour, now + 1).totals.requests).toBe(1);
    expect(summary.tooOld).toBe(0);
  });

  it('compares an actual cost with no estimate that is none', () => {
    const summary = new UsageSummary();
    summary.record(call({}), cost(1, { actual: usd(1.1), amount: usd(1.1) }), { unixMs: start, durationMs: 1 });
    // Reported in dollars, of a model that is priced in another currency.
    summary.record(call({}), cost(0, { actual: usd(50), amount: usd(50) }), { unixMs: start, durationMs: 1 });
    const told = report(summary, hour);
    expect([told.totals.cost, told.actual_cost, told.estimated_cost]).toEqual([51.1, 1.1, 1]);
    expect(told.cost_drift_percent).toBeCloseTo(10);
  });

  it('takes no number that cannot be: neither an endless score nor a time before the call', () => {
    const summary = new UsageSummary();
    const at = { unixMs: start, durationMs: Infinity };
    summary.record(call({ qualityScore: 4, timeToFirstChunk: 0.5 }), cost(1), { unixMs: start, durationMs: 1000 });
    summary.record(call({ qualityScore: Infinity, timeToFirstChunk: Infinity }), cost(1), at);
    summary.record(call({ timeToFirstChunk: -5 }), cost(1), { unixMs: start, durationMs: -1000 });
    summary.recordCache('1', true, at);
    const told = report(summary, minute);
    expect(told.totals).toMatchObject({ requests: 3, quality: 4 });
    expect(told.totals.latency.p99).toBeCloseTo(1, 1);
    expect(told.time_to_first_chunk.p99).toBeCloseTo(0.5, 1);
    expect(told.cache).toEqual([{ tier: '1', hits: 1, misses: 0, hit_rate: 1 }]);
  });

  it('adds up no savings in another currency, and says that it left them out', () => {
    const summary = new UsageSummary();
    const at = { unixMs: start, durationMs: 20 };
    const savings = { cache: usd(2), routing: 0n, batch: 0n };
    summary.record(call({ cacheResult: 'hit' }), cost(0, { status: 'cached', currency: 'EUR', savings }), at);
    summary.record(call({ cacheResult: 'hit' }), cost(0, { status: 'cached', currency: 'EUR' }), at);
    expect(report(summary, hour)).toMatchObject({ other_currencies: 1, totals: { requests: 2, savings: { cache: 0 } } });
  });

  it('folds what exceeds the limit into (other), with the totals kept', () => {
    const summary = new UsageSummary({ limit: 3 });
    for (let i = 0; i < 100; i++) summary.record(call({ user: `u${i}` }), cost(0.01), { unixMs: start, durationMs: 1 });
    const { by, totals } = report(summary, hour);
    expect(totals).toMatchObject({ requests: 100, cost: 1 });
    expect(by.user.map(({ name, requests }) => [name, requests])).toEqual([
      ['(other)', 97],
      ['u0', 1],
      ['u1', 1],
      ['u2', 1],
    ]);
  });

  it('knows caches, drift, savings, judgements, models without a price and amounts in other currencies (ASA-2, IMS-2b, PXY-12)', () => {
    const summary = new UsageSummary();
    const at = { unixMs: start, durationMs: 20 };
    summary.recordCache('1', true, at);
    summary.recordCache('1', false, at);
    summary.recordCache('2', true, { unixMs: start, durationMs: Number.NaN });
    summary.record(call({}), cost(1, { actual: usd(1.1), amount: usd(1.1) }), at);
    summary.record(
      call({ cacheResult: 'hit', cacheTier: '2' }),
      cost(0, { status: 'cached', savings: { cache: usd(2), routing: 0n, batch: 0n } }),
      at,
    );
    summary.record(call({ responseModel: 'house-llm' }), cost(0, { status: 'unpriced' }), at);
    summary.record(call({}), cost(5, { currency: 'EUR' }), at);
    summary.recordQuality('gpt-4o', 4, start);
    summary.recordQuality('', 3, start);
    summary.recordError('rate_limit', start);
    summary.count('routing decisions', start, 3);
    const made = report(summary, minute);
    expect(made.cache).toEqual([
      { tier: '1', hits: 1, misses: 1, hit_rate: 0.5, mean_latency: 0.02 },
      { tier: '2', hits: 1, misses: 0, hit_rate: 1 },
    ]);
    expect(made).toMatchObject({
      actual_cost: 1.1,
      estimated_cost: 1,
      other_currencies: 1,
      errors: { rate_limit: 1 },
      counts: { 'routing decisions': 3 },
      totals: { cost: 1.1, unpriced: 1, savings: { cache: 2, routing: 0, batch: 0 }, quality: 3.5 },
    });
    expect(made.cost_drift_percent).toBeCloseTo(10);
    expect(made.by.tier.map(({ name, requests }) => [name, requests])).toEqual([
      ['none', 3],
      ['2', 1],
    ]);
    expect(made.by.model.find(({ name }) => name === 'gpt-4o')).toMatchObject({ quality: 4 });
  });

  it('reads as text, and so does its cost by model (SHM-10)', () => {
    const summary = new UsageSummary();
    summary.record(call({ timeToFirstChunk: 0.25 }), cost(1234.5), { unixMs: start, durationMs: 2500 });
    summary.record(call({ responseModel: 'o3', usageMissing: true }, {}), cost(0, { status: 'unpriced' }), {
      unixMs: start,
      durationMs: 100,
    });
    summary.recordCache('1', true, { unixMs: start, durationMs: 1 });
    summary.recordError('rate_limit', start);
    summary.count('batches', start);
    const made = report(summary, minute);
    const text = summaryText(made);
    for (const part of [
      'requests   2, 100.0 % successful',
      'cost       1,234.50 USD',
      'to the first chunk',
      'rate_limit',
      'batches',
      'unpriced   1',
      'unknown    1',
    ])
      expect(text).toContain(part);
    expect(costText(made, 'model').split('\n')).toEqual([
      expect.stringMatching(/^model +requests +success +tokens in +tokens out +cost +share +saved +p50 +p95$/),
      expect.stringMatching(/^gpt-4o +1 +100\.0 % +100 +10 +1,234\.50 USD +100\.0 % +0\.00 USD/),
      expect.stringMatching(/^o3 +1 /),
      expect.stringMatching(/^total +2 /),
    ]);
    expect(summaryText(report(new UsageSummary(), hour))).toContain('requests   0');
  });
});
