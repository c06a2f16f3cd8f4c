/**
 * Processors `cardinality_limit` and `aggregate` with many live series: points per second of processor time, bytes per series, memory.
 * `node --expose-gc --conditions=@millrace/source benchmarks/micro/series.ts [cardinality|aggregate|all] [SERIES] [ROW]`
 */
import type { Consumer, Host, Stage } from '@millrace/api';
import { configOf, noDeadline, systemClock, testContext } from '@millrace/api/testing';
import { factory as aggregate } from '@millrace/processor-aggregate';
import { factory as cardinalityLimit } from '@millrace/processor-cardinality-limit';
import { admitJson, BufferPool, MemoryLedger, noClient } from '@millrace/wire';
import type { Batch } from '@millrace/wire';

const only = process.argv[2] === 'all' ? undefined : process.argv[2];
const series = Number(process.argv[3] ?? 1_000_000);
/** What the names of the rows contain that are measured. */
const wanted = process.argv[4] ?? '';
const pointsPerBatch = 1000;
const pool = new BufferPool(new MemoryLedger(8 * 2 ** 30));
const nothing: Consumer = { consume: () => undefined };

interface Shape {
  readonly kind: 'sum' | 'gauge' | 'histogram';
  readonly temporality: 1 | 2;
}

/** A batch with the series `first` and on: a method, a route, an address. */
function batchOf(first: number, { kind, temporality }: Shape, time: number): Batch {
  const attribute = (name: string, text: string): string => `{"key":"${name}","value":{"stringValue":"${text}"}}`;
  const points: string[] = [];
  for (let i = first; i < first + pointsPerBatch; i++) {
    const attributes = [
      attribute('http.request.method', i % 2 === 0 ? 'GET' : 'POST'),
      attribute('http.route', `/api/v1/items/${i}`),
      attribute('server.address', `10.0.${(i >> 8) % 256}.${i % 256}`),
    ].join(',');
    const value =
      kind === 'histogram'
        ? `"count":"6","sum":12,"bucketCounts":["1","2","3"],"explicitBounds":[1,5]`
        : `"asDouble":${1 + (i % 1000) / 7}`;
    points.push(`{"attributes":[${attributes}],"startTimeUnixNano":"1790000000000000000","timeUnixNano":"${time}000000",${value}}`);
  }
  const data = kind === 'gauge' ? '' : `"aggregationTemporality":${temporality},${kind === 'sum' ? '"isMonotonic":true,' : ''}`;
  const json = Buffer.from(
    `{"resourceMetrics":[{"resource":{"attributes":[${attribute('service.name', 'shop')},${attribute('service.instance.id', 'shop-1')}]},` +
      `"scopeMetrics":[{"scope":{"name":"http"},"metrics":[{"name":"http.server.requests","${kind}":{${data}"dataPoints":[${points.join(',')}]}}]}]}]}`,
  );
  const lease = pool.lease(json.length);
  lease.buffer.set(json);
  return admitJson('metrics', lease, 0, json.length, noClient);
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function megabytes(): number {
  (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return (heapUsed + external + Math.max(0, arrayBuffers - external)) / 1e6;
}

/** Sends all series again and again, and prints what the best round took. */
async function run(name: string, make: () => Stage, shape: Shape): Promise<void> {
  if (!name.includes(wanted)) return;
  const batches = Array.from({ length: series / pointsPerBatch }, (_, i) => batchOf(i * pointsPerBatch, shape, 1_790_000_000_000));
  const ledger = new MemoryLedger(8 * 2 ** 30);
  const before = megabytes();
  const stage = make();
  await stage.start?.({ pool, memory: ledger } as unknown as Host);
  let first = 0;
  let best = Infinity;
  for (let round = 0; round < 6; round++) {
    const start = cpuMs();
    for (const batch of batches) void stage.consume(batch);
    const took = cpuMs() - start;
    if (round === 0) first = took;
    else best = Math.min(best, took);
  }
  const grown = megabytes() - before;
  const rate = (took: number): string => `${(series / took / 1000).toFixed(2)} M/s (${((took * 1e6) / series).toFixed(0)} ns)`;
  console.log(
    `${name.padEnd(44)} new ${rate(first).padEnd(20)} live ${rate(best).padEnd(20)} ${grown.toFixed(0)} MB, accounted ${(ledger.accounted / series).toFixed(0)} B a series`,
  );
  await stage.shutdown?.(noDeadline());
  for (const batch of batches) batch.release();
}

const context = () => testContext({ id: 'series', kind: 'processor', signal: 'metrics', pipeline: 'metrics', clock: systemClock });
const sum: Shape = { kind: 'sum', temporality: 1 };

if (only === undefined || only === 'cardinality') {
  console.log(`cardinality_limit, ${series} series of three attributes`);
  const limited = (config: object) => () => cardinalityLimit.create!(configOf(cardinalityLimit, config), nothing, context());
  const most = { limit: series, memory_limit_mib: 4096 };
  await run('below the limit', limited(most), sum);
  await run('a key limit', limited({ ...most, key_limits: { 'http.request.method': 5 } }), sum);
  await run('nine tenths folded, delta', limited({ ...most, limit: series / 10 }), sum);
  await run('nine tenths folded, cumulative', limited({ ...most, limit: series / 10 }), { kind: 'sum', temporality: 2 });
}

if (only === undefined || only === 'aggregate') {
  console.log(`aggregate, ${series} series of three attributes, windows of 1m, 5m, 1h and 24h`);
  const aggregated =
    (aggregations: string[], config: object = {}) =>
    () =>
      aggregate.create!(
        configOf(aggregate, { windows: ['1m', '5m', '1h', '24h'], memory_limit_mib: 8192, metrics: [{ aggregations, ...config }] }),
        nothing,
        context(),
      );
  const plain = ['count', 'sum', 'min', 'max', 'avg'];
  const all = [...plain, 'p50', 'p95', 'p99', 'p99.9'];
  await run('delta sums', aggregated(plain), sum);
  await run('delta sums, percentiles', aggregated(all), sum);
  await run('delta sums, percentiles, two dimensions', aggregated(all, { dimensions: ['http.request.method', 'server.address'] }), sum);
  await run('cumulative sums', aggregated(plain), { kind: 'sum', temporality: 2 });
  await run('histograms, percentiles', aggregated(all), { kind: 'histogram', temporality: 1 });
}
