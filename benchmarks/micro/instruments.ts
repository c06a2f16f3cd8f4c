/**
 * What recording costs: counters and histograms of @millrace/instruments, prom-client and @opentelemetry/sdk-metrics side by side, with and without
 * labels (a fresh object each time); latencies of single recordings under load; eight threads into one registry; memory and scrapes. Totals
 * are checked after everything. `--check` exits with 1 when a floor or limit is missed five times.
 */
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { receive, Registry, Relay } from '@millrace/instruments';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import * as prom from 'prom-client';
import { floors } from '../floors.ts';

const models = Array.from({ length: 10 }, (_, i) => `model-${i}`);
const tiers = ['1', '2', '3'];
const bounds = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
const threads = 8;
const perThread = 400_000;

/** Keeps a core busy, with garbage. */
function spin(): void {
  let list: object[] = [];
  for (;;) {
    list.push({ at: list.length });
    if (list.length > 50_000) list = [];
  }
}

async function recordInThread(): Promise<void> {
  const registry = new Registry();
  const relay = new Relay(registry, parentPort!);
  const counter = registry.counter('calls', { labels: ['model', 'tier'] });
  parentPort!.postMessage('ready');
  await once(parentPort!, 'message');
  // In pieces, as an application's thread would, so that the relay's timer has its turn.
  for (let done = 0; done < perThread; done += 10_000) {
    for (let i = 0; i < 10_000; i++) counter.add(1, { model: models[i % 10]!, tier: tiers[i % 3]! });
    await new Promise((resolve) => setImmediate(resolve));
  }
  relay.close();
  parentPort!.postMessage('done');
}

class PlainReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

interface Candidate {
  readonly kind: string;
  readonly library: 'millrace' | 'prom-client' | 'opentelemetry';
  run(times: number): void;
  /** Recordings that the library shows. */
  total(): Promise<number>;
  recorded: number;
  readonly nanos: number[];
}

function candidates(): Candidate[] {
  const ours = new Registry();
  const counter = ours.counter('counter');
  const labelled = ours.counter('labelled', { labels: ['model', 'tier'] });
  const histogram = ours.histogram('histogram', { boundaries: bounds });
  const labelledHistogram = ours.histogram('labelled.histogram', { boundaries: bounds, labels: ['model', 'tier'] });
  const kept = ours.counter('kept', { labels: ['model', 'tier'] }).series({ model: 'a', tier: 'b' });

  const registers = [new prom.Registry()];
  const labelNames = ['model', 'tier'] as const;
  const promCounter = new prom.Counter({ name: 'counter', help: 'x', registers });
  const promLabelled = new prom.Counter({ name: 'labelled', help: 'x', labelNames, registers });
  const promHistogram = new prom.Histogram({ name: 'histogram', help: 'x', buckets: bounds, registers });
  const promLabelledHistogram = new prom.Histogram({ name: 'labelled_histogram', help: 'x', buckets: bounds, labelNames, registers });
  const promKept = new prom.Counter({ name: 'kept', help: 'x', labelNames, registers });
  const promChild = promKept.labels({ model: 'a', tier: 'b' });

  const reader = new PlainReader();
  const meter = new MeterProvider({ readers: [reader] }).getMeter('bench');
  const otelCounter = meter.createCounter('counter');
  const otelLabelled = meter.createCounter('labelled');
  const advice = { advice: { explicitBucketBoundaries: bounds } };
  const otelHistogram = meter.createHistogram('histogram', advice);
  const otelLabelledHistogram = meter.createHistogram('labelled_histogram', advice);

  const oursTotal = (name: string): Promise<number> =>
    Promise.resolve(
      ours
        .text()
        .split('\n')
        .filter((line) => line.startsWith(name))
        .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0),
    );
  const promTotal = async (metric: prom.Counter | prom.Histogram, suffix = ''): Promise<number> => {
    const { name, values } = await metric.get();
    return values
      .filter((value) => suffix === '' || (value as { metricName?: string }).metricName === `${name}${suffix}`)
      .reduce((sum, { value }) => sum + value, 0);
  };
  const otelTotal = async (name: string): Promise<number> => {
    const { resourceMetrics } = await reader.collect();
    const points = resourceMetrics.scopeMetrics[0]!.metrics.find((metric) => metric.descriptor.name === name)!.dataPoints;
    return points.reduce((sum, { value }) => sum + (typeof value === 'number' ? value : (value as { count: number }).count), 0);
  };
  const value = (i: number): number => (i % 100) / 10;
  const made: Omit<Candidate, 'recorded' | 'nanos'>[] = [
    {
      kind: 'counter',
      library: 'millrace',
      run: (n) => {
        for (let i = 0; i < n; i++) counter.add(1);
      },
      total: () => oursTotal('counter_total '),
    },
    {
      kind: 'counter',
      library: 'prom-client',
      run: (n) => {
        for (let i = 0; i < n; i++) promCounter.inc(1);
      },
      total: () => promTotal(promCounter),
    },
    {
      kind: 'counter',
      library: 'opentelemetry',
      run: (n) => {
        for (let i = 0; i < n; i++) otelCounter.add(1);
      },
      total: () => otelTotal('counter'),
    },
    {
      kind: 'counter, labels',
      library: 'millrace',
      run: (n) => {
        for (let i = 0; i < n; i++) labelled.add(1, { model: models[i % 10]!, tier: tiers[i % 3]! });
      },
      total: () => oursTotal('labelled_total{'),
    },
    {
      kind: 'counter, labels',
      library: 'prom-client',
      run: (n) => {
        for (let i = 0; i < n; i++) promLabelled.inc({ model: models[i % 10]!, tier: tiers[i % 3]! }, 1);
      },
      total: () => promTotal(promLabelled),
    },
    {
      kind: 'counter, labels',
      library: 'opentelemetry',
      run: (n) => {
        for (let i = 0; i < n; i++) otelLabelled.add(1, { model: models[i % 10]!, tier: tiers[i % 3]! });
      },
      total: () => otelTotal('labelled'),
    },
    {
      kind: 'histogram',
      library: 'millrace',
      run: (n) => {
        for (let i = 0; i < n; i++) histogram.record(value(i));
      },
      total: () => oursTotal('histogram_count '),
    },
    {
      kind: 'histogram',
      library: 'prom-client',
      run: (n) => {
        for (let i = 0; i < n; i++) promHistogram.observe(value(i));
      },
      total: () => promTotal(promHistogram, '_count'),
    },
    {
      kind: 'histogram',
      library: 'opentelemetry',
      run: (n) => {
        for (let i = 0; i < n; i++) otelHistogram.record(value(i));
      },
      total: () => otelTotal('histogram'),
    },
    {
      kind: 'histogram, labels',
      library: 'millrace',
      run: (n) => {
        for (let i = 0; i < n; i++) labelledHistogram.record(value(i), { model: models[i % 10]!, tier: tiers[i % 3]! });
      },
      total: () => oursTotal('labelled_histogram_count{'),
    },
    {
      kind: 'histogram, labels',
      library: 'prom-client',
      run: (n) => {
        for (let i = 0; i < n; i++) promLabelledHistogram.observe({ model: models[i % 10]!, tier: tiers[i % 3]! }, value(i));
      },
      total: () => promTotal(promLabelledHistogram, '_count'),
    },
    {
      kind: 'histogram, labels',
      library: 'opentelemetry',
      run: (n) => {
        for (let i = 0; i < n; i++) otelLabelledHistogram.record(value(i), { model: models[i % 10]!, tier: tiers[i % 3]! });
      },
      total: () => otelTotal('labelled_histogram'),
    },
    {
      kind: 'kept series',
      library: 'millrace',
      run: (n) => {
        for (let i = 0; i < n; i++) kept.add(1);
      },
      total: () => oursTotal('kept_total{'),
    },
    {
      kind: 'kept series',
      library: 'prom-client',
      run: (n) => {
        for (let i = 0; i < n; i++) promChild.inc(1);
      },
      total: () => promTotal(promKept),
    },
  ];
  return made.map((one) => ({ ...one, recorded: 0, nanos: [] }));
}

/** What is wrong, by name; empty when all is well. */
async function round(): Promise<string[]> {
  const missed: string[] = [];
  const demand = (name: string, is: number, bound: 'least' | 'most', limit: number, unit = ''): void => {
    const fails = bound === 'least' ? !(is >= limit) : !(is <= limit);
    console.log(`${name.padEnd(56)}${format(is).padStart(10)}${unit}  (at ${bound} ${format(limit)})${fails ? '  MISSED' : ''}`);
    if (fails) missed.push(name);
  };
  const limits = floors.instruments;
  // First, while there is no garbage of the rest.
  memory(demand);
  const all = candidates();
  const batch = 20_000;
  // Side by side, so that a change of the machine's speed meets all of them.
  for (let i = 0; i < 65; i++) {
    for (const one of all) {
      const start = process.hrtime.bigint();
      one.run(batch);
      one.nanos.push(Number(process.hrtime.bigint() - start) / batch);
      one.recorded += batch;
    }
  }
  const ofKind = (kind: string, library: Candidate['library']): Candidate =>
    all.find((one) => one.kind === kind && one.library === library)!;
  console.log(`${'nanoseconds a recording'.padEnd(40)}median    per second`);
  for (const one of all) {
    const nanos = median(one.nanos.slice(5));
    console.log(`${one.kind.padEnd(20)}${one.library.padEnd(16)}${format(nanos).padStart(10)}${format(1e9 / nanos).padStart(14)}`);
    const total = await one.total();
    if (total !== one.recorded) missed.push(`${one.library} shows ${total} of ${one.recorded} recordings`);
  }
  for (const kind of ['counter', 'counter, labels', 'histogram', 'histogram, labels']) {
    const ours = ofKind(kind, 'millrace');
    for (const library of ['prom-client', 'opentelemetry'] as const) {
      const theirs = ofKind(kind, library);
      const ratio = median(ours.nanos.map((nanos, i) => theirs.nanos[i]! / nanos).slice(5));
      demand(`${kind}: times as fast as ${library}`, ratio, 'least', limits.minRatios[kind]![library]);
    }
  }
  demand('counter, a second', 1e9 / median(ofKind('counter', 'millrace').nanos.slice(5)), 'least', limits.minPerSecond);
  demand(
    'counter with labels, a second',
    1e9 / median(ofKind('counter, labels', 'millrace').nanos.slice(5)),
    'least',
    limits.minLabelledPerSecond,
  );
  await latencies(demand);
  demand('8 threads into one registry, a second', await concurrent(missed), 'least', limits.minConcurrentPerSecond);
  scrapes(demand);
  for (const miss of missed) console.log(`missed: ${miss}`);
  return missed;
}

type Demand = (name: string, is: number, bound: 'least' | 'most', limit: number, unit?: string) => void;

/** Single recordings with labels, while another thread keeps the other core and its own memory busy, and this one is scraped. */
async function latencies(demand: Demand): Promise<void> {
  const registry = new Registry();
  const counter = registry.counter('calls', { labels: ['model', 'tier'] });
  const spinning = new Worker(new URL(import.meta.url), { workerData: 'spin' });
  await once(spinning, 'online');
  const count = 500_000;
  const nanos = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const start = process.hrtime.bigint();
    counter.add(1, { model: models[i % 10]!, tier: tiers[i % 3]! });
    nanos[i] = Number(process.hrtime.bigint() - start);
    if (i % 50_000 === 0) registry.text();
  }
  await spinning.terminate();
  nanos.sort();
  // The clock's own time is in it.
  console.log(`a recording under load: p50 ${nanos[count / 2]} ns, p99.9 ${nanos[count * 0.999]} ns`);
  demand('p95 of a recording with labels under load', nanos[count * 0.95]! / 1000, 'most', 5, ' µs');
  demand('p99 of a recording with labels under load', nanos[count * 0.99]! / 1000, 'most', 10, ' µs');
}

/** Recordings a second, from the start of the first thread to the arrival of the last message. */
async function concurrent(missed: string[]): Promise<number> {
  const registry = new Registry();
  const workers = Array.from({ length: threads }, () => new Worker(new URL(import.meta.url), { workerData: 'record' }));
  for (const worker of workers) receive(registry, worker);
  const told = (worker: Worker, what: string): Promise<void> =>
    new Promise((resolve) => worker.on('message', (message) => message === what && resolve()));
  await Promise.all(workers.map((worker) => told(worker, 'ready')));
  const done = Promise.all(workers.map((worker) => told(worker, 'done')));
  const start = process.hrtime.bigint();
  for (const worker of workers) worker.postMessage('go');
  await done;
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const shown = registry
    .text()
    .split('\n')
    .filter((line) => line.startsWith('calls_total{'))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  if (shown !== threads * perThread) missed.push(`8 threads: the text shows ${shown} of ${threads * perThread}`);
  await Promise.all(workers.map((worker) => worker.terminate()));
  return (threads * perThread) / seconds;
}

function used(): number {
  setFlagsFromString('--expose-gc');
  for (let i = 0; i < 3; i++) (runInNewContext('gc') as () => void)();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return (heapUsed + external + arrayBuffers) / 2 ** 20;
}

/** Counters, gauges and histograms by turns, each with so many series. */
function filled(metrics: number, series: number): Registry {
  const registry = new Registry({ limit: 20_000 });
  for (let i = 0; i < metrics; i++) {
    const options = { labels: ['model', 'route', 'status'] } as const;
    for (let j = 0; j < series; j++) {
      const labels = { model: `model-${j % 10}`, route: `/route/${j}`, status: '200' };
      if (i % 3 === 0) registry.counter(`metric.${i}`, options).add(j + i / 7, labels);
      else if (i % 3 === 1) registry.gauge(`metric.${i}`, options).set(j + i / 7, labels);
      else registry.histogram(`metric.${i}`, { ...options, boundaries: bounds }).record(j + i / 7, labels);
    }
  }
  return registry;
}

function memory(demand: Demand): void {
  for (const [name, metrics, series, limit] of [
    ['1,000 metrics with 3 series each, read', 1000, 3, 50],
    ['10,000 series of 10 metrics, read', 10, 1000, 200],
  ] as const) {
    const before = used();
    const registry = filled(metrics, series);
    registry.text();
    demand(name, used() - before, 'most', limit, ' MiB');
    registry.text();
  }
}

function scrapes(demand: Demand): void {
  const registries = [filled(100, 3), filled(1000, 3)];
  const times: [number[], number[]] = [[], []];
  // By turns, so that a change of the machine's speed meets both.
  for (let i = 0; i < 40; i++) {
    registries.forEach((registry, which) => {
      const start = process.hrtime.bigint();
      registry.text();
      times[which]!.push(Number(process.hrtime.bigint() - start) / 1e6);
    });
  }
  const [hundred, thousand] = times.map((list) => list.slice(10)) as [number[], number[]];
  demand('scrape of 100 metrics', median(hundred), 'most', 10, ' ms');
  demand('scrape of 1,000 metrics', median(thousand), 'most', 100, ' ms');
  demand('1,000 metrics take so many times as long as 100', median(thousand.map((ms, i) => ms / hundred[i]!)), 'most', 20);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

function format(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { check: { type: 'boolean' } } });
  let missed = await round();
  for (let attempt = 1; values.check === true && missed.length > 0 && attempt < 5; attempt++) missed = await round();
  if (missed.length > 0) process.exitCode = 1;
}

if (isMainThread) await main();
else if (workerData === 'spin') spin();
else await recordInThread();
