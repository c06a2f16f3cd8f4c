import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { SeriesSamples } from '@millrace/api';
import { Engine } from '@millrace/promql';
import { startQuery } from '../../packages/extension-query/test/start-query.ts';
import type { Running } from '../../packages/extension-query/test/start-query.ts';
import { labelsOf, MemorySource } from '../../packages/promql/test/memory-source.ts';
import { install } from './install.ts';
import { peers } from './peers.ts';
import { startPrometheus } from './prometheus.ts';
import type { Prometheus } from './prometheus.ts';
import { answer, ask, difference, inOrder } from './promql/compare.ts';
import type { Asked } from './promql/compare.ts';
import { data, endMs, startMs } from './promql/data.ts';

const run = promisify(execFile);
const source = new MemorySource(data);
let query: Running;

beforeAll(async () => {
  query = await startQuery({ history: source }, endMs);
});

afterAll(() => query.stop());

describe('promtool, asking extension query', () => {
  const promtool = join(dirname(install(peers.prometheus2)), 'promtool');
  const ask2 = async (...args: string[]): Promise<string> => (await run(promtool, ['query', ...args])).stdout;

  it('understands instant queries', async () => {
    const printed = await ask2('instant', `--time=${startMs / 1000 + 3600}`, query.url, 'sum by (job) (http_requests_total{instance="a"})');
    expect(printed).toMatch(/^\{job="api"\} => \d+ @\[1700003600\]\n\{job="web"\} => \d+ @\[1700003600\]\n$/);
  });

  it('understands range queries', async () => {
    const period = [`--start=${startMs / 1000}`, `--end=${startMs / 1000 + 300}`, '--step=60s'];
    const printed = await ask2('range', ...period, query.url, 'time() * 2');
    expect(printed).toBe(
      `{} =>\n${[0, 60, 120, 180, 240, 300].map((s) => `${2 * (1_700_000_000 + s)} @[${1_700_000_000 + s}]`).join('\n')}\n`,
    );
  });

  it('understands series and label values', async () => {
    const period = [`--start=${startMs / 1000}`, `--end=${endMs / 1000}`];
    expect((await ask2('series', ...period, '--match=up', query.url)).trim().split('\n')).toHaveLength(3);
    expect(await ask2('labels', ...period, query.url, 'instance')).toBe('a\nb\nc\n');
  });
});

describe('A Prometheus', () => {
  let prometheus: Prometheus | undefined;
  let federated: Running | undefined;

  afterEach(async () => {
    await prometheus?.stop();
    await federated?.stop();
  });

  it('that reads remotely from extension query answers as the engine does', async () => {
    prometheus = await startPrometheus('prometheus3', { remote_read: [{ url: `${query.url}/api/v1/read`, read_recent: true }] });
    const engine = new Engine(source);
    const queries = [
      'sum by (job) (rate(http_requests_total[5m]))',
      'cpu_load',
      'sparse',
      'rpc_seconds',
      'rate(rpc_signed[4m])',
      'rpc_gauge',
      '{instance!~"a|b",job="api"}',
    ];
    const differing: string[] = [];
    for (const text of [...queries, 'histogram_quantile(0.9, sum(rate(rpc_custom_seconds[5m])))', 'count({__name__=~".+"})']) {
      const asked: Asked = { query: text, startMs, endMs, stepMs: 60_000 };
      const [theirs, ours] = [inOrder(await ask(prometheus.url, asked), true), inOrder(await answer(engine, asked), true)];
      const where = difference(theirs.data, ours.data);
      if (where !== undefined || theirs.status !== 'success') differing.push(`${text}: ${where ?? theirs.error}`);
    }
    expect(differing).toEqual([]);
  });

  it('that federates from extension query has its newest samples', async () => {
    const nowMs = Math.floor(Date.now() / 1000) * 1000;
    const at = Float64Array.of(nowMs - 2000, nowMs - 1000);
    const native = {
      schema: 1,
      zeroThreshold: 0.001,
      zeroCount: 2,
      count: 9,
      sum: 12.5,
      positive: { spans: [0, 2], counts: [3, 4] },
      negative: { spans: [], counts: [] },
    };
    const series: SeriesSamples[] = [
      { labels: labelsOf({ __name__: 'jobs_total', job: 'mail', instance: 'm1' }), timestampsMs: at, values: Float64Array.of(4, 5) },
      { labels: labelsOf({ __name__: 'lonely' }), timestampsMs: at, values: Float64Array.of(1, 0.5) },
      {
        labels: labelsOf({ __name__: 'wait_seconds', job: 'mail' }),
        timestampsMs: at,
        values: Float64Array.of(0, 0),
        histograms: [native, native],
      },
    ];
    federated = await startQuery({ history: new MemorySource(series) }, nowMs);
    const job = {
      job_name: 'federate',
      honor_labels: true,
      metrics_path: '/federate',
      params: { 'match[]': ['{__name__=~".+"}'] },
      scrape_interval: '1s',
      scrape_timeout: '1s',
      scrape_native_histograms: true,
      static_configs: [{ targets: [federated.url.replace('http://', '')] }],
    };
    prometheus = await startPrometheus('prometheus3', { scrape_configs: [job] });
    let found = await prometheus.query('{__name__=~"jobs_total|lonely|wait_seconds"}');
    for (let tries = 0; found.length < 3 && tries < 150; tries++) {
      await sleep(100);
      found = await prometheus.query('{__name__=~"jobs_total|lonely|wait_seconds"}');
    }
    const byName = Object.fromEntries(
      found.map(({ metric, value, histogram }) => [metric['__name__'], { metric, value: value?.[1], count: histogram?.[1].count }]),
    );
    expect(byName).toEqual({
      jobs_total: { metric: { __name__: 'jobs_total', job: 'mail', instance: 'm1' }, value: '5', count: undefined },
      lonely: { metric: { __name__: 'lonely', job: 'federate' }, value: '0.5', count: undefined },
      wait_seconds: { metric: { __name__: 'wait_seconds', job: 'mail' }, value: undefined, count: '9' },
    });
  });
});
