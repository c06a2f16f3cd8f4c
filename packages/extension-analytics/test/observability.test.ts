import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ComponentInfo, Status } from '@millrace/api';
import type { HistoryStore } from '@millrace/history';
import { admitJson, BufferPool, MemoryLedger, noClient } from '@millrace/wire';
import { labelsOf, markStale, MemorySource } from '../../promql/test/memory-source.ts';
import { get, startAnalytics } from './start-analytics.ts';
import type { Answer, Running } from './start-analytics.ts';
import { hourMs, nowMs, removeStores, steady, stored } from './stored.ts';

const traceId = 'ab'.repeat(16);
let store: HistoryStore;
let running: Running;

const nanos = (ms: number): string => `${ms}000000`;

function span(id: string, afterMs: number, durationMs: number): object {
  return {
    traceId,
    spanId: id.repeat(16),
    name: `step ${id}`,
    kind: 2,
    startTimeUnixNano: nanos(nowMs - hourMs + afterMs),
    endTimeUnixNano: nanos(nowMs - hourMs + afterMs + durationMs),
    attributes: [
      { key: 'route', value: { stringValue: '/a' } },
      { key: 'tokens', value: { intValue: '12' } },
      { key: 'id', value: { intValue: '9007199254740993' } },
      { key: 'list', value: { arrayValue: { values: [{ boolValue: true }, { bytesValue: 'AQI=' }] } } },
    ],
    status: { code: 2, message: 'oh' },
    events: [{ name: 'tried', timeUnixNano: nanos(nowMs - hourMs), attributes: [{ key: 'n', value: { intValue: '1' } }] }],
  };
}

beforeAll(async () => {
  const health = { name: 'millrace_health_status_ratio', gauge: true };
  store = await stored([...steady, { ...health, labels: { millrace_component: 'database' }, at: () => 1 }], 1);
  const pool = new BufferPool(new MemoryLedger(Infinity));
  const request = {
    resourceSpans: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
        scopeSpans: [{ spans: [span('2', 10, 5), span('1', 0, 100)] }],
      },
    ],
  };
  const text = Buffer.from(JSON.stringify(request));
  const lease = pool.lease(text.length);
  text.copy(lease.buffer);
  using batch = admitJson('traces', lease, 0, text.length, noClient);
  await store.append({ items: { signal: 'traces', bytes: new Uint8Array(batch.bytes), count: batch.items } });
  running = await startAnalytics({ history: { metrics: store.metrics, store } }, nowMs);
});
afterAll(async () => {
  await running.stop();
  await store.close();
  removeStores();
});

const ask = (path: string, headers?: Record<string, string>): Promise<Answer> => get(running, path, headers);

const component = (id: string, status: Status, error?: Error): ComponentInfo => ({
  kind: 'exporter',
  id,
  pipelines: ['traces'],
  report: { status, atMs: nowMs - 1000, ...(error !== undefined && { error }) },
});

describe('/observability/metrics (IMS-4, PXY-8)', () => {
  it('has the newest value of every series as Prometheus text', async () => {
    const { status, type, body } = await ask('/observability/metrics');
    expect([status, type.split(';')[0]]).toEqual([200, 'text/plain']);
    expect(body).toMatch(
      /# TYPE millrace_requests_total untyped\n(.*\n)*millrace_requests_total\{.*millrace_model_name="big".*\} 384 \d+\n/,
    );
  });

  it('has them as JSON and CSV', async () => {
    const { json } = await ask('/observability/metrics', { accept: 'application/json' });
    expect(json.series).toBe(steady.length + 1);
    expect(json.metrics).toContainEqual({
      name: 'millrace_capacity_utilization_ratio',
      labels: { millrace_resource_name: 'gpu' },
      value: 0.5,
      timestamp: '2026-11-11T11:59:59.999Z',
    });
    const csv = await ask('/observability/metrics?format=csv&limit=1');
    expect(csv.body).toMatch(/^name,labels,value,timestamp\r\nanomaly|^name,labels,value,timestamp\r\nmillrace_\w+,"\{""/);
  });

  it('leaves out what is stale, and writes infinities as text', async () => {
    const timestampsMs = Float64Array.of(nowMs - 1000);
    const gone = { labels: labelsOf({ __name__: 'gone' }), timestampsMs, values: Float64Array.of(1) };
    markStale(gone.values, 0);
    const endless = { labels: labelsOf({ __name__: 'endless', a: '=x' }), timestampsMs, values: Float64Array.of(Infinity) };
    const other = await startAnalytics({ memory: { metrics: new MemorySource([gone, endless]) } }, nowMs);
    const { json } = await get(other, '/observability/metrics?format=json');
    expect(json.metrics).toEqual([{ name: 'endless', labels: { a: '=x' }, value: 'Infinity', timestamp: expect.any(String) as unknown }]);
    expect((await get(other, '/observability/stats')).json).toMatchObject({ series: 2, kept: [] });
    await other.stop();
  });
});

describe('/observability/health (IMS-4)', () => {
  it('is healthy when every component is', async () => {
    expect((await ask('/observability/health')).json).toMatchObject({ status: 'healthy', version: '9.8.7', problems: [] });
    const detailed = (await ask('/observability/health/detailed')).json;
    expect(detailed.components.map(({ component: id, status }: { component: string; status: string }) => `${id} ${status}`)).toEqual([
      'analytics healthy',
      'history healthy',
      'database healthy',
    ]);
  });

  it.each([
    ['RecoverableError', 'degraded', 200],
    ['Starting', 'degraded', 200],
    ['PermanentError', 'unhealthy', 503],
    ['FatalError', 'unhealthy', 503],
  ] as const)('knows a component that is in %s', async (status, health, code) => {
    const bad = component('otlp', status, new Error('nobody listens'));
    const other = await startAnalytics({ history: { metrics: store.metrics } }, nowMs, {}, [bad]);
    const answer = await get(other, '/observability/health');
    expect(answer).toMatchObject({
      status: code,
      json: {
        status: health,
        problems: [{ component: 'otlp', kind: 'exporter', status: health, message: 'nobody listens', since: '2026-11-11T11:59:59.000Z' }],
      },
    });
    expect((await get(other, '/observability/health/detailed')).status).toBe(code);
    await other.stop();
  });

  it('is degraded when an application says that it is not healthy', async () => {
    const labels = labelsOf({ __name__: 'millrace_health_status_ratio', millrace_component: 'database' });
    const metrics = new MemorySource([{ labels, timestampsMs: Float64Array.of(nowMs - 1), values: Float64Array.of(0) }]);
    const other = await startAnalytics({ memory: { metrics } }, nowMs);
    const answer = await get(other, '/observability/health');
    expect(answer).toMatchObject({ status: 200, json: { status: 'degraded', problems: [{ component: 'database', kind: 'application' }] } });
    await other.stop();
  });
});

describe('/observability/debug/trace (IMS-4)', () => {
  it('has the spans of a trace in order of time', async () => {
    const { json } = await ask(`/observability/debug/trace?trace_id=${traceId.toUpperCase()}`);
    expect(json.spans.map(({ name }: { name: string }) => name)).toEqual(['step 1', 'step 2']);
    expect(json.spans[0]).toMatchObject({
      trace_id: traceId,
      service: 'shop',
      start: '2026-11-11T11:00:00.000Z',
      duration_ms: 100,
      status: 'error',
      status_message: 'oh',
      attributes: { route: '/a', tokens: 12, id: '9007199254740993', list: [true, 'AQI='] },
      resource: { 'service.name': 'shop' },
      events: [{ name: 'tried', time: '2026-11-11T11:00:00.000Z', attributes: { n: 1 } }],
    });
  });

  it.each([
    ['service=shop', 2],
    ['service=else', 0],
    ['name=step%201', 1],
    ['attribute=route%3D/a', 2],
    ['attribute=route%3D/b', 0],
    ['min_duration_ms=50', 1],
    ['start=2026-11-11T11:30:00Z', 0],
    ['end=2026-11-11T10:30:00Z', 0],
    ['limit=1', 1],
  ])('searches by %s', async (query, count) => {
    expect((await ask(`/observability/debug/trace?${query}`)).json.spans).toHaveLength(count);
  });

  it('says what is wrong', async () => {
    expect(await ask('/observability/debug/trace?trace_id=12')).toMatchObject({
      status: 400,
      json: { error: 'parameter trace_id must be 32 hexadecimal digits' },
    });
    expect(await ask('/observability/debug/trace?attribute=x')).toMatchObject({
      status: 400,
      json: { error: 'parameter attribute must be name=value' },
    });
    expect((await ask(`/observability/debug/trace?trace_id=${'0'.repeat(32)}`)).status).toBe(404);
    const other = await startAnalytics({ memory: { metrics: new MemorySource([]) } }, nowMs);
    expect(await get(other, '/observability/debug/trace')).toMatchObject({
      status: 503,
      json: { error: 'no extension keeps traces: add extension history, and name it as source' },
    });
    await other.stop();
  });
});

describe('/observability/stats (IMS-4)', () => {
  it('says what is kept and what was asked for', async () => {
    const { json } = await ask('/observability/stats');
    expect(json).toMatchObject({ series: steady.length + 1, uptime_seconds: 0 });
    expect(json.requests).toBeGreaterThan(0);
    expect(json.size_bytes).toBeGreaterThan(0);
    expect(json.kept.find(({ name }: { name: string }) => name === 'traces')).toMatchObject({ kind: 'items', count: 2 });
    const failed = json.failed_requests;
    await ask('/analytics/trends?metric=x');
    expect((await ask('/observability/stats')).json.failed_requests).toBe(failed + 1);
  });
});
