import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { configOf, FakeClock, noDeadline, testContext, testHost } from '@millrace/api/testing';
import { factory as genaiMetrics } from '@millrace/connector-genai-metrics';
import { factory as exporter } from '@millrace/exporter-history';
import { HistoryStore } from '@millrace/history';
import { admitJson, noClient } from '@millrace/wire';
import { exportRequest, listPrice, priceSettings, traffic } from '../../demo/src/index.ts';
import type { Attempt, DemoRequest } from '../../demo/src/index.ts';
import { get, startAnalytics } from './start-analytics.ts';
import type { Answer, Running } from './start-analytics.ts';

const sliceMs = 30_000;
const startMs = Date.UTC(2026, 10, 10, 12);
const middleMs = startMs + 2 * sliceMs;
const endMs = middleMs + 2 * sliceMs;
/** From when the first half was reported to when the second one was. */
const period = `start=${middleMs / 1000}&end=${(endMs + 2 * sliceMs) / 1000}`;
const directory = mkdtempSync(join(tmpdir(), 'millrace-analytics-pipeline-'));

/** What was asked in the second half. */
const requests: DemoRequest[] = [];
let store: HistoryStore;
let running: Running;

/** Traffic of the demo through connector `genaimetrics` and exporter `history`. */
beforeAll(async () => {
  const clock = new FakeClock(startMs);
  store = await HistoryStore.open({ directory, clock, threads: false });
  const host = testHost(undefined, new Map([['history', { store }]]));
  const sink = exporter.create(configOf(exporter, {}), testContext({ id: 'history', kind: 'exporter', signal: 'metrics', clock }));
  const context = testContext({ id: 'genaimetrics', kind: 'connector', signal: 'traces', clock });
  const settings = { prices: priceSettings(), flush_interval: '30s', user_label: true, hash_key: 'a key of 16 letters' };
  const outputs = { all: sink, byPipeline: new Map([['metrics', sink]]) };
  const connector = genaiMetrics.create(configOf(genaiMetrics, settings), outputs, context);
  await sink.start!(host);
  await connector.start!(host);
  for (let fromMs = startMs; fromMs < endMs; fromMs += sliceMs) {
    // Nothing in the second slice: it is the one before the period.
    const made =
      fromMs === startMs + sliceMs
        ? []
        : [...traffic({ seed: 'analytics', requestsPerSecond: 3, incidents: [] }, fromMs, fromMs + sliceMs)];
    if (fromMs >= middleMs) requests.push(...made);
    const text = Buffer.from(JSON.stringify(exportRequest(made)));
    const lease = host.pool.lease(text.length);
    text.copy(lease.buffer);
    using batch = admitJson('traces', lease, 0, text.length, noClient);
    await connector.consume(batch);
    await clock.advance(sliceMs);
  }
  await connector.shutdown!(noDeadline());
  await sink.shutdown!(noDeadline());
  running = await startAnalytics({ history: { metrics: store.metrics, store } }, endMs + 2 * sliceMs);
});
afterAll(async () => {
  await running.stop();
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

const ask = (path: string): Promise<Answer> => get(running, path);
const attempts = (): Attempt[] => requests.flatMap((request) => (request.answeredByCache ? [] : request.attempts));
const usd = (attempt: Attempt): number => Number(listPrice(attempt.model, attempt, attempt.startMs) ?? 0n) / 1e12;
/** What a slice has ends in the next one now and then. */
const near = (value: number, expected: number): void => expect(Math.abs(value / expected - 1)).toBeLessThan(0.05);
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

describe('Analytics of the traffic of the demo, through the pipeline', () => {
  it('has the cost, by model and by task', async () => {
    const { json } = await ask(`/analytics/cost-breakdown?${period}`);
    expect(json.currency).toBe('USD');
    near(json.total, sum(attempts().map(usd)));
    const sonnet = attempts().filter(({ model }) => model.name === 'claude-sonnet-4-5');
    near(json.groups.find(({ group }: { group: string }) => group.includes('sonnet')).cost, sum(sonnet.map(usd)));
    const byTask = (await ask(`/analytics/cost-breakdown?${period}&group_by=task`)).json.breakdown;
    const reviews = requests.filter(({ task, answeredByCache }) => task.name === 'code_review' && !answeredByCache);
    near(byTask.code_review, sum(reviews.flatMap((request) => request.attempts).map(usd)));
  });

  it('has requests, tokens, users and the cache as they were', async () => {
    const { models } = (await ask(`/analytics/models?${period}`)).json;
    // What a cache answered is a call of the model that it spared.
    const answered = requests.flatMap(({ answeredByCache, attempts: all }) => (answeredByCache ? [all.at(-1)!] : all));
    near(sum(models.map(({ requests: count }: { requests: number }) => count)), answered.length);
    const tokens = sum(models.map(({ output_tokens: count }: { output_tokens: number }) => count));
    near(tokens, sum(attempts().map(({ output, reasoning }) => output + reasoning)));
    for (const model of models) expect(model.latency_ms_p50).toBeGreaterThan(0);
    const { json: cache } = await ask(`/analytics/cache?${period}`);
    near(cache.overall_hit_rate, requests.filter(({ answeredByCache }) => answeredByCache).length / requests.length);
    near(cache.tier_1.hits + cache.tier_1.misses, requests.length);
    const { json: usage } = await ask(`/analytics/usage?${period}`);
    near(usage.distinct_users, new Set(requests.map(({ user }) => user)).size);
  });

  it('has savings and latency', async () => {
    const { json: baseline } = await ask(`/analytics/baseline?${period}`);
    expect(baseline.sources.map(({ source }: { source: string }) => source)).toContain('cache');
    near(baseline.baseline_cost, baseline.actual_cost + baseline.savings);
    expect((await ask(`/analytics/latency?${period}`)).json.p99).toBeGreaterThan(1000);
  });
});
