import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import type { HistoryStore } from '@millrace/history';
import { get, startAnalytics } from './start-analytics.ts';
import type { Answer, Running } from './start-analytics.ts';
import { dayMs, hourMs, nowMs, removeStores, stored } from './stored.ts';
import type { Made } from './stored.ts';

let store: HistoryStore | undefined;
let running: Running | undefined;

afterEach(async () => {
  await running?.stop();
  await store?.close();
  running = store = undefined;
});
afterAll(removeStores);

async function over(series: readonly Made[], days: number, startMs?: number): Promise<(path: string) => Promise<Answer>> {
  store = await stored(series, days, startMs);
  running = await startAnalytics({ history: { metrics: store.metrics, store } }, nowMs);
  return (path) => get(running!, path);
}

const usd = { millrace_cost_currency: 'USD' };
const midnight = Math.floor(nowMs / dayMs) * dayMs;
/** More by day than by night. */
const daily = (timeMs: number): number => 2 + Math.sin((timeMs / dayMs) * 2 * Math.PI);
const cost = (at: Made['at']): Made => ({ name: 'millrace_cost_amount_total', labels: { millrace_model_name: 'm', ...usd }, at });

describe('/analytics/forecast (ASA-4)', () => {
  it('says what the next 30 days cost, within bounds, and where that is going', async () => {
    const ask = await over([cost(() => 1)], 30, midnight - 30 * dayMs);
    const { json } = await ask('/analytics/forecast');
    expect(json).toMatchObject({
      status: 'ok',
      metric: 'cost',
      unit: 'USD',
      period: '2026-11-11T00:00:00.000Z/2026-12-11T00:00:00.000Z',
      horizon_days: 30,
      confidence: 0.95,
      trend: 'stable',
      pagination: { total: 30 },
    });
    expect(Math.abs(json.predicted_cost / (30 * 48) - 1)).toBeLessThan(0.02);
    expect(json.confidence_low).toBeLessThanOrEqual(json.predicted_cost);
    expect(json.confidence_high).toBeGreaterThanOrEqual(json.predicted_cost);
    expect(json).not.toHaveProperty('warning');
  });

  it('goes by the hour up to a week, with the shape of the day', async () => {
    const ask = await over([cost(daily)], 20);
    const { json } = await ask('/analytics/forecast?horizon_days=2&confidence=0.8');
    expect(json).toMatchObject({ status: 'ok', confidence: 0.8, pagination: { total: 48 } });
    expect(Math.abs(json.predicted_cost / (2 * 48 * 2) - 1)).toBeLessThan(0.05);
    const values = json.points.map(({ value }: { value: number }) => value);
    expect(Math.max(...values) / Math.min(...values)).toBeGreaterThan(2);
  });

  it.each([
    ['increasing', (timeMs: number) => 1 + (timeMs - (midnight - 30 * dayMs)) / (10 * dayMs)],
    ['decreasing', (timeMs: number) => 4 - (timeMs - (midnight - 30 * dayMs)) / (10 * dayMs)],
  ] as const)('knows a trend that is %s', async (trend, at) => {
    const ask = await over([cost(at)], 30, midnight - 30 * dayMs);
    expect((await ask('/analytics/forecast')).json.trend).toBe(trend);
  });

  it('warns of a budget that the month will exceed, and when', async () => {
    const ask = await over([cost(() => 1)], 30, midnight - 30 * dayMs);
    // 48 a day: ten days are paid on the 11th.
    const { json } = await ask('/analytics/forecast?monthly_budget=700');
    expect(json).toMatchObject({
      warning: 'On pace to exceed the monthly budget of 700 USD on 2026-11-15.',
      exceeds_at: '2026-11-15T00:00:00.000Z',
    });
    expect((await ask('/analytics/forecast?monthly_budget=2000')).json).not.toHaveProperty('warning');
  });

  it('says when a threshold is reached, of other measures too', async () => {
    const hits = (timeMs: number): number => 90 - (timeMs - (midnight - 30 * dayMs)) / dayMs;
    const tier = { millrace_cache_tier: '1' };
    const ask = await over(
      [
        { name: 'millrace_cache_hits_total', labels: tier, at: hits },
        { name: 'millrace_cache_misses_total', labels: tier, at: (timeMs) => 100 - hits(timeMs) },
      ],
      30,
      midnight - 30 * dayMs,
    );
    const { json } = await ask('/analytics/forecast?metric=cache_hit_rate&threshold=0.5');
    expect(json).toMatchObject({ unit: 'share', trend: 'decreasing' });
    expect(json.predicted_value).toBeLessThan(0.6);
    expect(json).not.toHaveProperty('predicted_cost');
    expect(Math.abs(Date.parse(json.threshold_at) - (midnight + 10 * dayMs))).toBeLessThanOrEqual(4 * dayMs);
  });

  it('says what is missing when there is too little', async () => {
    const ask = await over([cost(() => 1)], 4);
    const { status, json } = await ask('/analytics/forecast');
    expect(status).toBe(200);
    expect(json).toMatchObject({ status: 'insufficient_data', points: [] });
    expect(json.missing).toMatch(/^10 observations at different times are needed, there are [34] \(of days\)$/);
    expect(json.warning).toContain(json.missing);
    expect((await ask('/analytics/forecast?metric=quality')).json).toMatchObject({ status: 'insufficient_data' });
  });
});

describe('/analytics/anomalies (ASA-5)', () => {
  const gauge = (name: string, kind: string, metric: string, at: Made['at'], more: object = {}): Made => ({
    name,
    gauge: true,
    at,
    labels: { anomaly_kind: kind, anomaly_metric: metric, gen_ai_request_model: 'm', otel_scope_name: 'anomaly', ...more },
  });
  const hoursAgo = (timeMs: number): number => (nowMs - timeMs) / hourMs;

  it('are those that the gauges of processor anomaly show', async () => {
    const ask = await over(
      [
        gauge('anomaly_score_ratio', 'latency_spike', 'latency', (timeMs) => (hoursAgo(timeMs) > 3 && hoursAgo(timeMs) < 5 ? 0.9 : 0.1)),
        gauge('anomaly_value_seconds', 'latency_spike', 'latency', () => 4),
        gauge('anomaly_expected_seconds', 'latency_spike', 'latency', () => 1),
        gauge('anomaly_score_ratio', 'cache_degradation', 'cache', (timeMs) => (hoursAgo(timeMs) < 1 ? 0.7 : 0)),
        gauge('anomaly_value_ratio', 'cache_degradation', 'cache', () => 0.3),
        gauge('anomaly_expected_ratio', 'cache_degradation', 'cache', () => 0.6),
        gauge('anomaly_score_ratio', 'cost_spike', 'cost', () => 0.2),
      ],
      2,
    );
    const { json } = await ask('/analytics/anomalies');
    expect(json).toMatchObject({ detector: 'processor', pagination: { total: 2 } });
    expect(json.anomalies).toEqual([
      {
        anomaly_type: 'cache_degradation',
        severity: 'warning',
        metric_name: 'cache',
        current_value: 0.3,
        expected_value: 0.6,
        deviation_pct: -50,
        message: 'cache of m is 0.3, 0.6 was expected',
        detected_at: '2026-11-11T11:29:59.999Z',
        score: 0.7,
        group: { gen_ai_request_model: 'm' },
      },
      expect.objectContaining({
        anomaly_type: 'latency_spike',
        severity: 'critical',
        deviation_pct: 300,
        detected_at: '2026-11-11T07:29:59.999Z',
        ended_at: '2026-11-11T09:29:59.999Z',
        score: 0.9,
      }),
    ]);
    expect((await ask('/analytics/anomalies?period=hour')).json.anomalies).toHaveLength(1);
    expect((await ask('/analytics/anomalies?period=week')).json.anomalies).toHaveLength(2);
  });

  const wave = (timeMs: number): number => 100 * daily(timeMs);
  const service = (spike: (timeMs: number) => number): Made[] => [
    { name: 'millrace_requests_total', labels: { millrace_model_name: 'm' }, at: wave },
    { name: 'millrace_requests_total', labels: { millrace_model_name: 'm', error_type: 'timeout' }, at: (timeMs) => 0.002 * wave(timeMs) },
    cost((timeMs) => daily(timeMs) * spike(timeMs) * (1 + 0.02 * Math.sin(timeMs / 7e6))),
    { name: 'millrace_request_duration_seconds_sum', at: (timeMs) => wave(timeMs) * spike(timeMs) * (1 + 0.02 * Math.cos(timeMs / 5e6)) },
    { name: 'millrace_request_duration_seconds_count', at: wave },
  ];

  it('are found in the hours of the metrics where there is no such processor', async () => {
    const ask = await over(
      service((timeMs) => (hoursAgo(timeMs) > 4 && hoursAgo(timeMs) < 6 ? 4 : 1)),
      21,
    );
    const { json } = await ask('/analytics/anomalies');
    expect(json.detector).toBe('adaptive');
    expect(new Set(json.anomalies.map(({ anomaly_type: type }: { anomaly_type: string }) => type))).toEqual(
      new Set(['cost_spike', 'latency_spike']),
    );
    const spike = json.anomalies.find(({ anomaly_type: type }: { anomaly_type: string }) => type === 'latency_spike');
    expect(spike).toMatchObject({
      severity: 'critical',
      metric_name: 'latency',
      message: expect.stringContaining('latency of all calls is') as unknown,
    });
    expect(Math.abs(spike.current_value - 4)).toBeLessThan(0.2);
    expect(Math.abs(spike.expected_value - 1)).toBeLessThan(0.2);
  });

  it('are none where all is as usual', async () => {
    const ask = await over(
      service(() => 1),
      21,
    );
    expect((await ask('/analytics/anomalies')).json.anomalies).toEqual([]);
  });
});

describe('/analytics/recommendations (ASA-6)', () => {
  const calls = (model: string, count: number, price: number): Made[] => [
    { name: 'millrace_requests_total', labels: { millrace_model_name: model, millrace_task_type: 'chat' }, at: () => count },
    { name: 'millrace_cost_amount_total', labels: { millrace_model_name: model, millrace_task_type: 'chat', ...usd }, at: () => price },
    ...['input', 'output'].map((direction) => ({
      name: 'millrace_tokens_total',
      labels: { millrace_model_name: model, millrace_token_direction: direction },
      at: () => 100 * count,
    })),
  ];
  const cacheOf = (hits: number): Made[] => [
    { name: 'millrace_cache_hits_total', labels: { millrace_cache_tier: '1' }, at: () => hits },
    { name: 'millrace_cache_misses_total', labels: { millrace_cache_tier: '1' }, at: () => 100 - hits },
  ];

  it('are none for a service that is well', async () => {
    const ask = await over([...calls('a', 10, 1), ...calls('b', 10, 1), ...cacheOf(60)], 10);
    expect((await ask('/analytics/recommendations')).json).toMatchObject({ currency: 'USD', recommendations: [] });
  });

  it('have the fields of a recommendation, with evidence and what it would save', async () => {
    const gpu: Made = {
      name: 'millrace_capacity_utilization_ratio',
      labels: { millrace_resource_name: 'gpu' },
      gauge: true,
      at: () => 0.95,
    };
    const ask = await over([...calls('a', 10, 10), ...calls('b', 5, 1), ...cacheOf(30), gpu], 10);
    const { json } = await ask('/analytics/recommendations');
    expect(json.recommendations.map(({ id }: { id: string }) => id).sort()).toEqual([
      'cache-hit-rate',
      'capacity:capacity gpu',
      'expensive-model:chat',
    ]);
    const cache = json.recommendations.find(({ id }: { id: string }) => id === 'cache-hit-rate');
    expect(cache).toMatchObject({
      category: 'cache',
      priority: 'high',
      action: 'Review cache TTL settings; consider increasing',
      evidence: { hit_rate: 0.3, threshold: 0.5 },
    });
    expect(cache.estimated_savings_low).toBeLessThan(cache.estimated_savings);
    expect(cache.estimated_savings).toBeLessThan(cache.estimated_savings_high);
  });
});

describe('/analytics/capacity (SHM-7)', () => {
  const used = (name: string, at: Made['at']): Made => ({
    name: 'millrace_capacity_utilization_ratio',
    labels: { millrace_resource_name: name },
    gauge: true,
    at,
  });

  it('says how much is used, and when it will be exhausted', async () => {
    const rising = (timeMs: number): number => 0.3 + (0.5 * (timeMs - (midnight - 25 * dayMs))) / (25 * dayMs);
    const ask = await over([used('gpu', rising), used('disk', () => 0.4), used('full', () => 0.95)], 25, midnight - 25 * dayMs);
    const { json } = await ask('/analytics/capacity');
    expect(json).toMatchObject({ threshold: 0.9 });
    expect(json.capacities).toMatchObject([
      { resource: 'capacity full', status: 'exhausted', days_left: 0 },
      { resource: 'capacity gpu', status: 'ok', trend: 'increasing' },
      { resource: 'capacity disk', status: 'ok', trend: 'stable' },
    ]);
    // 0.8 at midnight, 0.02 more each day.
    expect(Math.abs(json.capacities[1].days_left - 5)).toBeLessThan(2);
    expect(json.capacities[2]).not.toHaveProperty('exhausted_at');
    expect((await ask('/analytics/capacity?threshold=0.35')).json.capacities[2]).toMatchObject({ status: 'exhausted' });
  });

  it('says that there is too little history', async () => {
    const ask = await over([used('gpu', () => 0.5)], 3);
    expect((await ask('/analytics/capacity')).json.capacities).toEqual([
      { resource: 'capacity gpu', utilization: 0.5, status: 'insufficient_data' },
    ]);
  });
});
