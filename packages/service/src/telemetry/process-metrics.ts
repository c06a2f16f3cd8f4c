import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay, performance, PerformanceObserver } from 'node:perf_hooks';
import type { PerformanceEntry } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { Meter, MetricOptions } from '@opentelemetry/api';
import type { BufferPool, MemoryLedger } from '@millrace/wire';

/** How often the event loop's delay is looked at: twenty times a second. */
const resolutionMs = 50;

const gcKinds: Readonly<Record<number, string>> = { 1: 'minor', 2: 'minor', 4: 'major', 8: 'incremental', 16: 'weak_callbacks' };

/** One for the thread: Node never frees the 370 kB of one. */
let delays: ReturnType<typeof monitorEventLoopDelay> | undefined;

/** What the metrics of a thread are made from. */
export interface ProcessMetricsOptions {
  readonly memory: MemoryLedger;
  readonly pool: BufferPool;
  /** `main`, or the worker's number. The main thread speaks for the process. */
  readonly thread: string;
  /** Threads that work, the main one included. */
  readonly threads: number;
}

/** Makes the metrics of the process (on the main thread) and of this thread. Returns the function that ends the watching. */
export function createProcessMetrics(meter: Meter, options: ProcessMetricsOptions): () => void {
  const observe = (kind: 'Counter' | 'UpDownCounter' | 'Gauge', name: string, settings: MetricOptions, read: () => number): void =>
    meter[`createObservable${kind}`](name, settings).addCallback((result) => result.observe(read()));
  const bytes = (description: string): MetricOptions => ({ unit: 'By', description });
  if (options.thread === 'main') {
    observe('Counter', 'process_uptime', { unit: 's', description: 'Uptime of the process' }, () => process.uptime());
    observe('Counter', 'process_cpu_seconds', { unit: 's', description: 'Total CPU user and system time in seconds' }, () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    });
    cpuUtilization(meter);
    if (ownIo() !== undefined) diskMetrics(meter);
    observe('Gauge', 'process_memory_rss', bytes('Total physical memory (resident set size)'), () => process.memoryUsage.rss());
    observe(
      'Gauge',
      'memory_budget',
      bytes('Bytes that telemetry in flight and in memory queues may occupy.'),
      () => options.memory.budget,
    );
    observe(
      'Gauge',
      'memory_accounted',
      bytes('Bytes that telemetry in flight and in memory queues occupies.'),
      () => options.memory.accounted,
    );
    observe('Gauge', 'workers', { unit: '{threads}', description: 'Threads that work on telemetry.' }, () => options.threads);
  }
  const heap = bytes("Bytes of allocated heap objects (V8's used heap, all threads).");
  observe('Gauge', 'process_runtime_heap_alloc_bytes', heap, () => getHeapStatistics().used_heap_size);
  // Runtimes before Node 26 do not count it.
  if (getHeapStatistics().total_allocated_bytes !== undefined) {
    const allocated = bytes("Cumulative bytes allocated for heap objects (V8's heap, all threads).");
    observe('Counter', 'process_runtime_total_alloc_bytes', allocated, () => getHeapStatistics().total_allocated_bytes);
  }
  const system = bytes('Bytes of memory obtained from the OS (V8 heaps and external memory, all threads).');
  observe('Gauge', 'process_runtime_total_sys_memory_bytes', system, () => {
    const { total_heap_size: heapBytes, external_memory: external } = getHeapStatistics();
    return heapBytes + external;
  });
  observe('Gauge', 'memory_pool_free', bytes('Bytes of free buffers that are kept for use.'), () => options.pool.freeBytes);
  const stopDelay = delayMetrics(meter, options.thread);
  const stopCollections = collectionMetrics(meter);
  return () => {
    stopDelay();
    stopCollections();
  };
}

/** Two readers that read at once must not see the utilization of the moment between them. */
const leastReadingMs = 100;

/** A share of time since the last reading. `busyMs`: time in use so far. */
function shareOf(busyMs: () => number): () => number {
  let [lastMs, lastBusyMs, share] = [performance.now(), busyMs(), 0];
  return () => {
    const nowMs = performance.now();
    if (nowMs - lastMs >= leastReadingMs) {
      const nowBusyMs = busyMs();
      share = (nowBusyMs - lastBusyMs) / (nowMs - lastMs);
      [lastMs, lastBusyMs] = [nowMs, nowBusyMs];
    }
    return share;
  };
}

function cpuUtilization(meter: Meter): void {
  const share = shareOf(() => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e3;
  });
  meter
    .createObservableGauge('process_cpu_utilization', {
      unit: '1',
      description: 'CPU time of the process per time since the last reading: 1 is all of one CPU.',
    })
    .addCallback((result) => result.observe(share()));
}

/** What the process read from storage devices and wrote to them, in bytes; undefined where the kernel does not say. */
function ownIo(): { readonly read: number; readonly write: number } | undefined {
  try {
    const io = readFileSync('/proc/self/io', 'latin1');
    const bytes = (name: string): number => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(io)?.[1]);
    return { read: bytes('read_bytes'), write: bytes('write_bytes') };
  } catch {
    return undefined;
  }
}

function diskMetrics(meter: Meter): void {
  meter
    .createObservableCounter('process_disk_io', {
      unit: 'By',
      description: 'Bytes that the process read from storage devices and wrote to them (Linux).',
    })
    .addCallback((result) => {
      for (const [direction, bytes] of Object.entries(ownIo() ?? {})) result.observe(bytes, { direction });
    });
}

function delayMetrics(meter: Meter, thread: string): () => void {
  const histogram = (delays ??= monitorEventLoopDelay({ resolution: resolutionMs }));
  histogram.reset();
  histogram.enable();
  const attributes = { thread };
  // What comes late by less than the clock's grain is not late.
  const seconds = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e9 - resolutionMs / 1e3);
  const gauge = (name: string, description: string): ReturnType<Meter['createObservableGauge']> =>
    meter.createObservableGauge(name, { unit: 's', description });
  gauge('eventloop_delay_p99', 'How late the event loop came to a timer, at the 99th percentile since the last reading.').addCallback(
    (result) => result.observe(histogram.count === 0 ? 0 : seconds(histogram.percentile(99)), attributes),
  );
  gauge('eventloop_delay_max', 'How late the event loop came to a timer, at most, since the last reading.').addCallback((result) => {
    result.observe(histogram.count === 0 ? 0 : seconds(histogram.max), attributes);
    setImmediate(() => histogram.reset());
  });
  meter
    .createObservableCounter('eventloop_active_time', { unit: 's', description: 'Time in which the event loop had something to do.' })
    .addCallback((result) => result.observe(performance.eventLoopUtilization().active / 1e3, attributes));
  const share = shareOf(() => performance.eventLoopUtilization().active);
  meter
    .createObservableGauge('eventloop_utilization', {
      unit: '1',
      description: 'Share of the time since the last reading in which the event loop had something to do.',
    })
    .addCallback((result) => result.observe(share(), attributes));
  return () => histogram.disable();
}

function collectionMetrics(meter: Meter): () => void {
  const seconds: Record<string, number> = { minor: 0, major: 0 };
  const counts: Record<string, number> = { minor: 0, major: 0 };
  const observer = new PerformanceObserver((list) => {
    for (const { duration, detail } of list.getEntries() as (PerformanceEntry & { readonly detail: { readonly kind: number } })[]) {
      const kind = gcKinds[detail.kind] ?? 'other';
      seconds[kind] = (seconds[kind] ?? 0) + duration / 1e3;
      counts[kind] = (counts[kind] ?? 0) + 1;
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  meter
    .createObservableCounter('gc_time', { unit: 's', description: 'Time spent on garbage collection, by kind.' })
    .addCallback((result) => {
      for (const [kind, time] of Object.entries(seconds)) result.observe(time, { kind });
    });
  meter
    .createObservableCounter('gc_collections', { unit: '{collections}', description: 'Number of garbage collections, by kind.' })
    .addCallback((result) => {
      for (const [kind, count] of Object.entries(counts)) result.observe(count, { kind });
    });
  return () => observer.disconnect();
}
