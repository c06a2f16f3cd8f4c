/**
 * The PromQL engine: range queries over 1,000 series of one day at one sample a minute, a step a minute, and the same asked of a real Prometheus over
 * HTTP by turns; milliseconds, the best of several. `node --conditions=@millrace/source benchmarks/micro/promql.ts [SERIES] [ROUNDS]`
 */
import { Engine, queryJson } from '@millrace/promql';
import type { SeriesSamples } from '@millrace/api';
import { labelsOf, MemorySource } from '../../packages/promql/test/memory-source.ts';
import { startPrometheus } from '../../test/peers/prometheus.ts';
import { randomNumbers } from '../../test/peers/promql/data.ts';
import { writeTo } from '../../test/peers/promql/write.ts';

const seriesCount = Number(process.argv[2] ?? 1000);
const rounds = Number(process.argv[3] ?? 5);
const startMs = 1_700_000_000_000;
const stepMs = 60_000;
const samples = 1440;
const endMs = startMs + (samples - 1) * stepMs;
const random = randomNumbers(1);

const all = Array.from({ length: seriesCount }, (_, i): SeriesSamples => {
  let value = 0;
  const next = (): number => (value = random() < 0.002 ? 0 : value + Math.floor(random() * 50));
  return {
    labels: labelsOf({ __name__: 'http_requests_total', instance: `i${String(i).padStart(4, '0')}`, job: `j${i % 10}` }),
    timestampsMs: Float64Array.from({ length: samples }, (_sample, k) => startMs + k * stepMs),
    values: Float64Array.from({ length: samples }, next),
  };
});

const queries = [
  'http_requests_total',
  'rate(http_requests_total[5m])',
  'sum by (job) (rate(http_requests_total[5m]))',
  'sum(http_requests_total)',
  'topk(5, http_requests_total)',
  'quantile(0.9, http_requests_total)',
  'avg_over_time(http_requests_total[1h])',
  'max_over_time(http_requests_total[1h])',
  'quantile_over_time(0.9, http_requests_total[1h])',
  'http_requests_total / on (instance) http_requests_total',
];

const engine = new Engine(new MemorySource(all));
const prometheus = await startPrometheus('prometheus3', {});
try {
  await writeTo(prometheus.url, all);
  const row = (...columns: readonly (number | string)[]): void =>
    console.log(columns.map((column) => (typeof column === 'number' ? column.toFixed(0) : column).padStart(11)).join(''));
  row('evaluated', 'as JSON', 'Prometheus', '');
  for (const query of queries) {
    const best = [Infinity, Infinity, Infinity];
    const keep = (which: number, ms: number): void => void (best[which] = Math.min(best[which]!, ms));
    for (let round = 0; round < rounds; round++) {
      let at = performance.now();
      const { data } = await engine.range(query, startMs, endMs, stepMs);
      keep(0, performance.now() - at);
      for (const _chunk of queryJson(data));
      keep(1, performance.now() - at);
      const form = new URLSearchParams({ query, start: String(startMs / 1000), end: String(endMs / 1000), step: '60' });
      at = performance.now();
      const response = await fetch(`${prometheus.url}/api/v1/query_range`, { method: 'POST', body: form });
      if (!response.ok) throw new Error(await response.text());
      await response.arrayBuffer();
      keep(2, performance.now() - at);
    }
    row(...best, `  ${query}`);
  }
} finally {
  await prometheus.stop();
}
