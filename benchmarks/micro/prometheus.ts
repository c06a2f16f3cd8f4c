/**
 * Exporter `prometheus`: scrapes of more and more series that all changed, memory, the latency of updates at two rates, and scrapes under
 * saturation; fails when one of its numbers is missed. Scrapes come from another process over HTTP. `node --expose-gc --conditions=@millrace/source benchmarks/micro/prometheus.ts [LARGEST [scrapes]]`
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { Consumed, Host } from '@millrace/api';
import { configOf, noDeadline, systemClock, testContext } from '@millrace/api/testing';
import { factory } from '@millrace/exporter-prometheus';
import { admitJson, BufferPool, MemoryLedger, noClient } from '@millrace/wire';
import type { Batch } from '@millrace/wire';

const largest = Number(process.argv[2] ?? 1_000_000);
const pointsPerBatch = 1000;
const openMetrics = 'application/openmetrics-text;version=1.0.0';
const protobuf = 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited';

/** Scrapes the address in the argument once for each line that it reads, and prints milliseconds, bytes and status. */
const scraper = `
import { get, Agent } from 'node:http';
import { createInterface } from 'node:readline';
const agent = new Agent({ keepAlive: true });
for await (const headers of createInterface({ input: process.stdin })) {
  const start = performance.now();
  await new Promise((resolve) => {
    const request = get(process.argv[1], { agent, headers: JSON.parse(headers) }, (response) => {
      let bytes = 0;
      let last = '';
      response.on('data', (chunk) => { bytes += chunk.length; last = chunk; });
      response.on('end', () => { console.log(performance.now() - start, bytes, response.complete ? response.statusCode : 0); resolve(); });
      response.on('error', () => { console.log(performance.now() - start, bytes, 0); resolve(); });
    });
    request.on('error', () => { console.log(performance.now() - start, 0, 0); resolve(); });
  });
}
process.exit();
`;

interface Scrape {
  readonly milliseconds: number;
  readonly bytes: number;
  readonly isWhole: boolean;
}

const host = { pool: new BufferPool(new MemoryLedger(8 * 2 ** 30)), memory: new MemoryLedger(8 * 2 ** 30) } as unknown as Host;

async function started(): Promise<{
  consume: (batch: Batch) => Consumed;
  scrape: (headers?: object) => Promise<Scrape>;
  stop: () => Promise<void>;
}> {
  const context = testContext({ id: 'prometheus', kind: 'exporter', signal: 'metrics', clock: systemClock });
  const stage = factory.create(configOf(factory, { endpoint: '127.0.0.1:0', write_timeout: '0s', enable_open_metrics: true }), context);
  await stage.start?.(host);
  const endpoint = String(context.lines.find(({ message }) => message === 'Serving metrics')!.attributes!['endpoint']);
  const child = spawn(process.execPath, ['--input-type=module', '-e', scraper, `http://${endpoint}/metrics`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    consume: (batch) => stage.consume(batch),
    scrape: async (headers = {}) => {
      child.stdin.write(`${JSON.stringify(headers)}\n`);
      const [milliseconds, bytes, status] = String((await lines.next()).value)
        .split(' ')
        .map(Number) as [number, number, number];
      return { milliseconds, bytes, isWhole: status === 200 };
    },
    stop: async () => {
      child.stdin.end();
      await stage.shutdown?.(noDeadline());
    },
  };
}

/** A batch with series `first` and on of a request counter: a hundred instances, methods, routes. */
function batchOf(first: number, points: number, value: number): Batch {
  const attribute = (name: string, text: string): string => `{"key":"${name}","value":{"stringValue":"${text}"}}`;
  const dataPoints: string[] = [];
  for (let i = first; i < first + points; i++) {
    const labels = [
      attribute('http.request.method', i % 2 === 0 ? 'GET' : 'POST'),
      attribute('http.route', `/api/v1/items/${i}`),
      attribute('server.address', `10.0.${(i >> 8) % 256}.${i % 256}`),
    ];
    dataPoints.push(
      `{"attributes":[${labels.join(',')}],"timeUnixNano":"${1_790_000_000_000 + value}000000","asDouble":${value + i / 1000}}`,
    );
  }
  const metric = Math.floor(first / 100_000);
  const json = Buffer.from(
    `{"resourceMetrics":[{"resource":{"attributes":[${attribute('service.name', 'shop')},${attribute('service.instance.id', 'shop-1')}]},` +
      `"scopeMetrics":[{"scope":{"name":"http"},"metrics":[{"name":"http.server.requests.${metric}","sum":{"aggregationTemporality":2,` +
      `"isMonotonic":true,"dataPoints":[${dataPoints.join(',')}]}}]}]}]}`,
  );
  const lease = host.pool.lease(json.length);
  lease.buffer.set(json);
  return admitJson('metrics', lease, 0, json.length, noClient);
}

/** What the exporter has to reach, and what it reached. */
const results: { readonly name: string; readonly reached: number; readonly limit: number; readonly unit: string }[] = [];

function result(name: string, reached: number, limit: number, unit: string): void {
  results.push({ name, reached, limit, unit });
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0);
const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))]!;

/** Processor time of this thread: what other programs take from it is not its own doing. */
function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function collect(): void {
  (globalThis as { gc?: () => void }).gc?.();
}

async function scrapes(): Promise<void> {
  console.log(
    '   series   text ms (best of n)   gzip   OpenMetrics   JSON   protobuf   MB of text   RSS MB after text, at last   pause of ingestion ms',
  );
  const exporter = await started();
  let series = 0;
  let msOfThousand = Infinity;
  for (let size = 100; size <= largest; size *= 10) {
    for (; series < size; series += Math.min(pointsPerBatch, size - series)) {
      using batch = batchOf(series, Math.min(pointsPerBatch, size - series), 1);
      void exporter.consume(batch);
      await setImmediate();
    }
    const rounds = size <= 10_000 ? 20 : 3;
    let best = Infinity;
    let bytes = 0;
    let pause = 0;
    for (let round = 0; round < rounds; round++) {
      for (let first = 0; first < size; first += pointsPerBatch) {
        using batch = batchOf(first, Math.min(pointsPerBatch, size - first), round + 2);
        void exporter.consume(batch);
        if (size > 10_000) await setImmediate();
      }
      const state = { busy: true };
      const ingesting = (async () => {
        using small = batchOf(0, Math.min(100, size), round + 2);
        for (let last = threadMs(); state.busy;) {
          await exporter.consume(small);
          await setTimeout(1);
          const now = threadMs();
          pause = Math.max(pause, now - last);
          last = now;
        }
      })();
      const scrape = await exporter.scrape();
      state.busy = false;
      await ingesting;
      best = Math.min(best, scrape.milliseconds);
      bytes = scrape.bytes;
    }
    const { rss } = process.memoryUsage();
    const others: string[] = [];
    for (const headers of [{ 'accept-encoding': 'gzip' }, { accept: openMetrics }, { accept: 'application/json' }, { accept: protobuf }]) {
      others.push((await exporter.scrape(headers)).milliseconds.toFixed(1).padStart(8));
    }
    const row = [
      String(size).padStart(9),
      best.toFixed(1).padStart(10),
      ...others,
      megabytes(bytes),
      megabytes(rss),
      megabytes(process.memoryUsage().rss),
    ];
    console.log(row.join(' '), pause.toFixed(1).padStart(8));
    const limits: Readonly<Record<number, number>> = { 100: 10, 1_000: 100 };
    if (limits[size] !== undefined) result(`scrape of ${size} series`, best, limits[size], 'ms');
    if (size === 1_000) msOfThousand = best;
    if (size === 1_000_000) {
      result('scrape of 1,000,000 series, to that of 1,000 times 1,000', best / (msOfThousand * 1000), 1, 'times');
      result('RSS with 1,000,000 series that all changed', rss / 1e6, 1_200, 'MB');
      result('longest pause of ingestion meanwhile, in CPU time', pause, 20, 'ms');
    }
  }
  await exporter.stop();
}

async function updates(): Promise<void> {
  const exporter = await started();
  const batches = Array.from({ length: 100 }, (_, i) => batchOf(i * 100, 100, 1));
  const p99 = async (perSecond: number): Promise<number> => {
    const took: number[] = [];
    const start = performance.now();
    let scrape: Promise<Scrape> | undefined;
    for (let sent = 0; performance.now() - start < 5_000;) {
      const due = ((performance.now() - start) / 1000) * (perSecond / 100);
      for (; sent < due; sent++) {
        const from = performance.now();
        void exporter.consume(batches[sent % batches.length]!);
        took.push(performance.now() - from);
        if (sent % (perSecond / 100) === 0) scrape = exporter.scrape();
      }
      await setImmediate();
    }
    await scrape;
    return percentile(took, 0.99);
  };
  await p99(10_000);
  let slow = Infinity;
  let fast = Infinity;
  for (let round = 0; round < 2; round++) {
    slow = Math.min(slow, await p99(10_000));
    fast = Math.min(fast, await p99(100_000));
  }
  result('p99 of a batch at 100,000 updates/s to that at 10,000', fast / slow, 1.2, 'times');
  console.log(
    `updates: p99 of a batch of 100 at 10,000/s ${(slow * 1000).toFixed(0)} us, at 100,000/s ${(fast * 1000).toFixed(0)} us, ratio ${(fast / slow).toFixed(2)}`,
  );
  for (let round = 0; round < 2000; round++) void exporter.consume(batches[round % 100]!);
  const from = performance.now();
  for (let round = 0; round < 5000; round++) void exporter.consume(batches[round % 100]!);
  console.log(`updates: ${(((performance.now() - from) * 1e6) / 500_000).toFixed(0)} ns each, one after the other`);
  let whole = 0;
  const state = { isDone: false };
  const saturating = (async () => {
    for (let i = 0; !state.isDone; i++) {
      for (let j = 0; j < 50; j++) void exporter.consume(batches[(i + j) % 100]!);
      await setImmediate();
    }
  })();
  const total = 1000;
  for (let i = 0; i < total; i++) if ((await exporter.scrape()).isWhole) whole++;
  state.isDone = true;
  await saturating;
  result('failed scrapes under saturation', (100 * (total - whole)) / total, 0.1, '%');
  console.log(`saturation: ${whole} of ${total} scrapes of 10,000 series succeed`);
  for (const batch of batches) batch.release();
  await exporter.stop();
}

async function memory(): Promise<void> {
  for (const size of [1_000, 10_000]) {
    collect();
    const before = process.memoryUsage();
    const exporter = await started();
    for (let first = 0; first < size; first += pointsPerBatch) {
      using batch = batchOf(first, pointsPerBatch, 1);
      void exporter.consume(batch);
    }
    await exporter.scrape();
    collect();
    const after = process.memoryUsage();
    const grown = after.heapUsed + after.external - before.heapUsed - before.external;
    result(`memory of ${size} series`, grown / 1e6, size === 1_000 ? 50 : 200, 'MB');
    console.log(`memory: ${size} series take ${(grown / 1e6).toFixed(1)} MB of heap and buffers; RSS ${megabytes(after.rss)} MB`);
    await exporter.stop();
  }
}

if (process.argv[3] === undefined) await memory();
if (process.argv[3] === undefined) await updates();
await scrapes();

console.log();
for (const { name, reached, limit, unit } of results) {
  const verdict = reached <= limit ? '' : '   MISSED';
  console.log(`${name.padEnd(60)} ${reached.toFixed(2).padStart(9)} ${unit.padEnd(5)} (at most ${limit})${verdict}`);
  if (reached > limit) process.exitCode = 1;
}
