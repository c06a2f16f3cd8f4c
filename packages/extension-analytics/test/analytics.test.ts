import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { HistoryStore } from '@millrace/history';
import { get, startAnalytics } from './start-analytics.ts';
import type { Answer, Running } from './start-analytics.ts';
import { nowMs, removeStores, steady, stored } from './stored.ts';

let store: HistoryStore;
let running: Running;

beforeAll(async () => {
  store = await stored(steady, 3);
  running = await startAnalytics({ history: { metrics: store.metrics, store } }, nowMs, { baseline_model: 'v/big' });
});
afterAll(async () => {
  await running.stop();
  await store.close();
  removeStores();
});

const ask = (path: string, headers?: Record<string, string>): Promise<Answer> => get(running, path, headers);

describe('/analytics/cost-breakdown (ASA-3)', () => {
  it('says what models cost in the last day', async () => {
    const { status, type, json } = await ask('/analytics/cost-breakdown');
    expect([status, type]).toEqual([200, 'application/json']);
    expect(json).toEqual({
      start: '2026-11-10T12:00:00.000Z',
      end: '2026-11-11T12:00:00.000Z',
      group_by: 'model',
      currency: 'USD',
      total: 192,
      breakdown: { big: 144, small: 48 },
      groups: [
        { group: 'big', cost: 144, share: 0.75, requests: 480 },
        { group: 'small', cost: 48, share: 0.25, requests: 4320 },
      ],
      pagination: { limit: 1000, offset: 0, total: 2 },
    });
  });

  it.each([
    ['hour', 8],
    ['day', 192],
    ['week', 192 * 3],
    ['month', 192 * 3],
  ])('adds up the last %s', async (period, total) => {
    expect((await ask(`/analytics/cost-breakdown?period=${period}`)).json.total).toBe(total);
  });

  it('adds up the time between start and end', async () => {
    const path = '/analytics/cost-breakdown?start=2026-11-10T00:00:00Z&end=2026-11-11T00:00:00Z';
    expect((await ask(path)).json).toMatchObject({ total: 192, start: '2026-11-10T00:00:00.000Z', end: '2026-11-11T00:00:00.000Z' });
    const seconds = Date.parse('2026-11-10T00:00:00Z') / 1000;
    expect((await ask(`/analytics/cost-breakdown?start=${seconds}&end=${seconds + 3600}`)).json.total).toBe(8);
  });

  it.each([
    ['task_type', { chat: 144, extract: 48 }],
    ['task', { chat: 144, extract: 48 }],
    ['user', { none: 192, u1: 0, u2: 0 }],
    ['tier', { none: 192, '1': 0 }],
    ['key', { none: 192 }],
    ['provider', { v: 144, w: 48 }],
  ])('groups by %s', async (by, breakdown) => {
    expect((await ask(`/analytics/cost-breakdown?group_by=${by}`)).json.breakdown).toEqual(breakdown);
  });

  it('has one currency at a time', async () => {
    expect((await ask('/analytics/cost-breakdown?currency=EUR')).json).toMatchObject({ currency: 'EUR', total: 24 });
  });
});

describe('/analytics/trends (ASA-3)', () => {
  it.each([
    ['cost', 'USD', 8],
    ['requests', 'requests', 200],
    ['errors', 'errors', 4],
    ['input_tokens', 'tokens', 60_000],
    ['output_tokens', 'tokens', 8000],
    ['tokens', 'tokens', 68_000],
    ['savings', 'USD', 10],
    ['error_rate', 'share', 0.02],
    ['cache_hit_rate', 'share', 0.6],
    ['latency_ms', 'ms', 250],
    ['quality', 'points', 4.5],
  ])('has %s, in %s', async (metric, unit, value) => {
    const { json } = await ask(`/analytics/trends?metric=${metric}&period=hour&intervals=3`);
    expect(json).toMatchObject({ metric, unit, period: 'hour', start: '2026-11-11T10:00:00.000Z', pagination: { total: 3 } });
    expect(json.points.slice(0, 2)).toEqual([
      { timestamp: '2026-11-11T10:00:00.000Z', value },
      { timestamp: '2026-11-11T11:00:00.000Z', value },
    ]);
  });

  it('goes by days, weeks from Monday on, and months', async () => {
    const starts = async (period: string): Promise<string[]> =>
      (await ask(`/analytics/trends?period=${period}&intervals=2`)).json.points.map(({ timestamp }: { timestamp: string }) =>
        timestamp.slice(0, 10),
      );
    expect(await starts('day')).toEqual(['2026-11-10', '2026-11-11']);
    expect(await starts('week')).toEqual(['2026-11-02', '2026-11-09']);
    expect(await starts('month')).toEqual(['2026-10-01', '2026-11-01']);
    expect((await ask('/analytics/trends?period=day&intervals=2')).json.points[0].value).toBe(192);
    expect((await ask('/analytics/trends?period=week&intervals=1')).json.points[0].value).toBe(480);
  });

  it('tells groups apart', async () => {
    const { json } = await ask('/analytics/trends?metric=error_rate&period=hour&intervals=2&group_by=model');
    const before = json.points.filter(({ timestamp }: { timestamp: string }) => timestamp.startsWith('2026-11-11T11'));
    expect(before).toMatchObject([
      { group: 'big', value: 0.2 },
      { group: 'small', value: 0 },
    ]);
    const tiers = (await ask('/analytics/trends?metric=cache_hit_rate&period=day&intervals=1&group_by=tier')).json.points;
    expect(tiers).toMatchObject([{ group: '1', value: 0.4 }, { group: '2' }]);
    const refused = await ask('/analytics/trends?metric=cache_hit_rate&group_by=model');
    expect(refused).toMatchObject({ status: 400, json: { error: 'cache_hit_rate can be grouped by tier' } });
  });
});

describe('/analytics/usage (SHM-7)', () => {
  it('counts users, their requests, and requests by the hour of the day', async () => {
    const { json } = await ask('/analytics/usage');
    expect(json).toMatchObject({ requests: 4800, distinct_users: 2, requests_per_user: 960, requests_without_user: 2880 });
    expect(json.users).toEqual([
      { user: 'u2', requests: 1440 },
      { user: 'u1', requests: 480 },
    ]);
    expect(json.hour_of_day).toEqual(Array.from({ length: 24 }, (_, hour) => ({ hour, requests: 200 })));
  });
});

describe('/analytics/models (SHM-7)', () => {
  it('has latency, success, quality, tokens and cost side by side', async () => {
    const { json } = await ask('/analytics/models?period=hour');
    const latency = { latency_ms_p50: 200, latency_ms_p75: 387.5, latency_ms_p90: 500, latency_ms_p95: 750, latency_ms_p99: 950 };
    expect(json.models).toEqual([
      {
        model: 'small',
        requests: 180,
        success_rate: 1,
        cost: 2,
        cost_per_request: 2 / 180,
        input_tokens: 40_000,
        output_tokens: 6000,
        ...latency,
      },
      {
        model: 'big',
        requests: 20,
        success_rate: 0.8,
        cost: 6,
        cost_per_request: 0.3,
        input_tokens: 20_000,
        output_tokens: 2000,
        quality: 4.5,
        ...latency,
      },
    ]);
  });
});

describe('/analytics/cache (ASA-3)', () => {
  it('has the performance of each tier', async () => {
    const { json } = await ask('/analytics/cache?period=hour');
    expect(json).toMatchObject({
      overall_hit_rate: 0.6,
      tier_1: { hits: 80, misses: 120, hit_rate: 0.4, avg_latency_ms: 5 },
      tier_2: { hits: 40, misses: 80, hit_rate: 1 / 3 },
    });
    expect(json.tiers).toEqual([
      { tier: '1', ...json.tier_1 },
      { tier: '2', ...json.tier_2 },
    ]);
    expect(json).not.toHaveProperty('tier_3');
  });
});

describe('/analytics/latency (ASA-3)', () => {
  it('has the percentiles of all calls and of each model', async () => {
    const { json } = await ask('/analytics/latency?period=hour');
    const expected = { p50: 200, p75: 387.5, p90: 500, p95: 750, p99: 950 };
    expect(json).toMatchObject({ unit: 'ms', requests: 600, ...expected });
    expect(json.groups).toEqual([
      { group: 'small', requests: 400, ...expected },
      { group: 'big', requests: 200, ...expected },
    ]);
    expect((await ask('/analytics/latency?group_by=provider')).json.groups).toHaveLength(2);
  });
});

describe('/analytics/baseline (ASA-3)', () => {
  it('compares with what the baseline would have cost', async () => {
    expect((await ask('/analytics/baseline?period=hour')).json).toMatchObject({
      currency: 'USD',
      actual_cost: 8,
      baseline_cost: 16,
      savings: 8,
      savings_pct: 50,
      baseline_model: 'v/big',
      cache_contribution_pct: 75,
      sources: [
        { source: 'cache', savings: 6, extra_cost: 0 },
        { source: 'routing', savings: 4, extra_cost: 2 },
      ],
    });
  });
});

describe('/analytics/cost-drivers (ASA-3)', () => {
  it('has what most was paid for first', async () => {
    const { json } = await ask('/analytics/cost-drivers?limit=1');
    expect(json).toMatchObject({ total: 192, pagination: { limit: 1, offset: 0, total: 2, next_offset: 1 } });
    expect(json.drivers).toEqual([
      { model: 'big', task_type: 'chat', cost: 144, share: 0.75, requests: 480, cost_per_request: 0.3, previous_cost: 144, change: 0 },
    ]);
    expect((await ask('/analytics/cost-drivers?limit=1&offset=1')).json.drivers).toMatchObject([{ model: 'small', task_type: 'extract' }]);
  });
});

describe('Answers', () => {
  it('are CSV when asked for, by the parameter or by Accept', async () => {
    const expected = 'group,cost,share,requests\r\nbig,144,0.75,480\r\nsmall,48,0.25,4320\r\n';
    for (const answer of [
      await ask('/analytics/cost-breakdown?format=csv'),
      await ask('/analytics/cost-breakdown', { accept: 'text/csv' }),
    ]) {
      expect(answer).toMatchObject({ type: 'text/csv; charset=utf-8; header=present', body: expected });
    }
    expect((await ask('/analytics/cost-breakdown?format=json', { accept: 'text/csv' })).type).toBe('application/json');
  });

  it.each([
    ['period=year', 'parameter period must be one of hour, day, week, month'],
    ['limit=0', 'parameter limit must be at least 1'],
    ['limit=10001', 'parameter limit must be at most 10000'],
    ['offset=x', 'parameter offset must be a whole number'],
    ['limit=1&limit=2', 'parameter limit is given twice'],
    ['start=soon', 'parameter start must be a time such as 2026-11-09T00:00:00Z, or seconds since 1970'],
    ['start=200&end=100', 'parameter start must be before end'],
    ['peroid=day', expect.stringMatching(/^unknown parameter peroid: there are period, start, end,/)],
  ])('to %s are errors that say what is wrong', async (query, error) => {
    expect(await ask(`/analytics/cost-breakdown?${query}`)).toMatchObject({ status: 400, json: { error } });
  });

  it('are none for other paths and methods', async () => {
    expect((await ask('/analytics/else')).status).toBe(404);
    expect((await fetch(`${running.url}/analytics/trends`, { method: 'POST', body: 'x' })).status).toBe(405);
  });
});
