import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { HistoryStore } from '@millrace/history';
import { mismatches } from './matches-schema.ts';
import { get, startAnalytics } from './start-analytics.ts';
import type { Running } from './start-analytics.ts';
import { nowMs, removeStores, steady, stored } from './stored.ts';

const paths = [
  '/analytics/cost-breakdown',
  '/analytics/trends',
  '/analytics/forecast',
  '/analytics/anomalies',
  '/analytics/recommendations',
  '/analytics/usage',
  '/analytics/models',
  '/analytics/cache',
  '/analytics/latency',
  '/analytics/baseline',
  '/analytics/cost-drivers',
  '/analytics/capacity',
  '/observability/metrics',
  '/observability/health',
  '/observability/health/detailed',
  '/observability/debug/trace',
  '/observability/stats',
];

let store: HistoryStore;
let running: Running;
// eslint-disable-next-line @typescript-eslint/no-explicit-any
let described: any;

beforeAll(async () => {
  const score = { anomaly_kind: 'cost_spike', anomaly_metric: 'cost' };
  const sick = { name: 'anomaly_score_ratio', labels: score, gauge: true, at: (timeMs: number) => (timeMs > nowMs - 3_600_000 ? 0.9 : 0) };
  store = await stored([...steady, sick], 14);
  running = await startAnalytics({ history: { metrics: store.metrics, store } }, nowMs);
  described = (await get(running, '/openapi.json')).json;
});
afterAll(async () => {
  await running.stop();
  await store.close();
  removeStores();
});

describe('/openapi.json', () => {
  it('describes every path, by OpenAPI 3.1', () => {
    expect(described).toMatchObject({ openapi: '3.1.0', info: { title: 'millrace analytics', version: '9.8.7' } });
    expect(Object.keys(described.paths)).toEqual(paths);
    const ids = paths.map((path) => described.paths[path].get.operationId);
    expect(new Set(ids).size).toBe(paths.length);
  });

  it.each(paths)('describes what %s answers, full and empty', async (path) => {
    const { schema } = described.paths[path].get.responses[200].content['application/json'];
    const empty = await startAnalytics({ memory: { metrics: { ...emptySource } } }, nowMs);
    for (const service of path === '/observability/debug/trace' ? [running] : [running, empty]) {
      const { status, json } = await get(service, `${path}?format=json`);
      expect(status).toBe(200);
      expect(mismatches(json, schema)).toEqual([]);
    }
    await empty.stop();
  });

  it.each(paths)('describes the parameters that %s takes, and their defaults', async (path) => {
    const { parameters } = described.paths[path].get;
    const names = parameters.map(({ name }: { name: string }) => name);
    expect(names).toEqual(expect.arrayContaining(['limit', 'offset', 'format']));
    const defaults = parameters.flatMap(({ name, schema }: { name: string; schema: { default?: string | number } }) =>
      schema.default === undefined ? [] : [`${name}=${schema.default}`],
    );
    const [plain, spelled] = await Promise.all([
      get(running, `${path}?format=csv`),
      get(running, `${path}?format=csv&${defaults.join('&')}`),
    ]);
    expect(spelled.status).toBe(200);
    if (path !== '/observability/stats') expect(spelled.body).toBe(plain.body);
    expect((await get(running, `${path}?nothing=1`)).status).toBe(400);
  });

  it.each(paths)('describes the columns of the CSV of %s', async (path) => {
    const { schema } = described.paths[path].get.responses[200].content['application/json'];
    const rows = Object.values(schema.properties as Record<string, { items?: { properties?: object } }>).filter(
      ({ items }) => items?.properties,
    );
    const { type, body } = await get(running, path, { accept: 'text/csv' });
    expect(type).toBe('text/csv; charset=utf-8; header=present');
    expect(rows.map(({ items }) => Object.keys(items!.properties!).join(','))).toContain(body.split('\r\n')[0]);
  });

  it('describes errors', async () => {
    const { schema } = described.components.responses.Error.content['application/json'];
    expect(mismatches((await get(running, '/analytics/trends?metric=x')).json, schema)).toEqual([]);
  });
});

const emptySource = {
  // eslint-disable-next-line @typescript-eslint/require-await
  select: async function* () {},
  series: () => Promise.resolve([]),
  metadata: () => Promise.resolve(new Map()),
  exemplars: () => Promise.resolve([]),
};
