import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { LoadCounters } from './load/http1-load.ts';
import type { SinkCounters } from './load/sink.ts';
import type { Row } from './rows.ts';
import { memoryMiB, sampleCpu } from './process-tree.ts';
import { freePort, startTarget } from './target.ts';

/** How long things are measured. */
export interface Plan {
  readonly warmUpMs: number;
  readonly windowMs: number;
  readonly windows: number;
}

/** What one program did with one row's load; medians over the windows. */
export interface Measurement {
  /** Million items that a second of its CPU carries. */
  readonly itemsPerCpuSecond: number;
  /** CPU microseconds a request. */
  readonly cpuPerRequestUs: number;
  /** Share of its core that it used: near 1 when it was the bottleneck. */
  readonly utilisation: number;
  readonly rssMiB: number;
  readonly peakMiB: number;
  /** Bytes on the wire to the destination, an item. */
  readonly bytesOutPerItem: number;
  readonly refused: number;
  /** Items that were acknowledged to the load generator and never reached the destination; 0 of a row that drops some. */
  readonly lost: number;
  /** Share of the acknowledged items that reached the destination. */
  readonly passed: number;
  /** CPU seconds a second that other programs used in the noisiest window that counts. */
  readonly foreign: number;
}

const targetCore = 0;
/** Load generator and sink share the other core. */
export const harnessCore = 1;
const quiet = 0.1;
const drainLimitMs = 20_000;
const settleMs = 4000;

async function startHelper(file: string, ...args: string[]): Promise<{ process: ChildProcess; hello: unknown }> {
  const child = fork(join(import.meta.dirname, 'load', file), args, { execArgv: ['--conditions=@millrace/source'] });
  const exited = once(child, 'exit').then(([code]) => Promise.reject(new Error(`${file} ended with exit code ${String(code)}`)));
  exited.catch(() => undefined);
  const [hello] = (await Promise.race([once(child, 'message'), exited])) as [unknown];
  return { process: child, hello };
}

async function ask<T>(helper: ChildProcess): Promise<T> {
  const answer = once(helper, 'message');
  helper.send('sample');
  return ((await answer) as [T])[0];
}

/** The middle of an odd number of values. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/**
 * Runs a row against one program: destination and load on one core, the program on the other. `command` is given the ports and returns what
 * a user would type. Windows in which other programs were busy are measured again, at most twice as many as asked for.
 */
export async function measure(row: Row, plan: Plan, command: (port: number, sinkPort: number) => readonly string[]): Promise<Measurement> {
  const sink = await startHelper('sink.ts', row.workload.protocol, row.workload.signal);
  const port = await freePort();
  try {
    const target = await startTarget(command(port, sink.hello as number), port, targetCore);
    try {
      const load = await startHelper('load.ts', String(port), JSON.stringify(row.workload));
      try {
        const result = await measureWindows(row, plan, target.pid, load.process, sink.process);
        load.process.send('stop');
        const { missing, passed } = await drain(row, load.process, sink.process);
        await target.stop();
        return { ...result, lost: row.drops === true ? 0 : missing, passed };
      } finally {
        load.process.disconnect();
      }
    } catch (error) {
      await target.stop().catch(() => undefined);
      throw error;
    }
  } finally {
    sink.process.disconnect();
  }
}

async function measureWindows(
  row: Row,
  plan: Plan,
  pid: number,
  load: ChildProcess,
  sink: ChildProcess,
): Promise<Omit<Measurement, 'lost' | 'passed'>> {
  await delay(plan.warmUpMs);
  interface Window {
    foreign: number;
    cpu: number;
    seconds: number;
    requests: number;
    items: number;
    wireBytes: number;
    rss: number;
  }
  const windows: Window[] = [];
  while (windows.filter((window) => window.foreign < quiet).length < plan.windows && windows.length < plan.windows * 3) {
    const sample = async (): Promise<[number, ReturnType<typeof sampleCpu>, LoadCounters, SinkCounters]> => {
      const [loadCounters, sinkCounters] = await Promise.all([ask<LoadCounters>(load), ask<SinkCounters>(sink)]);
      return [performance.now(), sampleCpu(pid, process.pid), loadCounters, sinkCounters];
    };
    const [startedMs, cpu0, load0, sink0] = await sample();
    await delay(plan.windowMs);
    const [endedMs, cpu1, load1, sink1] = await sample();
    const seconds = (endedMs - startedMs) / 1000;
    windows.push({
      foreign: (cpu1.foreign - cpu0.foreign) / seconds,
      cpu: cpu1.tree - cpu0.tree,
      seconds,
      requests: load1.acknowledged - load0.acknowledged,
      items: sink1.items - sink0.items,
      wireBytes: sink1.wireBytes - sink0.wireBytes,
      rss: memoryMiB(pid).rss,
    });
  }
  const counted = windows.sort((a, b) => a.foreign - b.foreign).slice(0, plan.windows);
  const of = (value: (window: Window) => number): number => median(counted.map(value));
  const cpuPerRequestUs = of((window) => (window.cpu / window.requests) * 1e6);
  return {
    itemsPerCpuSecond: row.workload.itemsPerRequest / cpuPerRequestUs,
    cpuPerRequestUs,
    utilisation: of((window) => window.cpu / window.seconds),
    rssMiB: of((window) => window.rss),
    peakMiB: memoryMiB(pid).peak,
    bytesOutPerItem: of((window) => window.wireBytes / window.items),
    refused: (await ask<LoadCounters>(load)).refused,
    foreign: counted.at(-1)!.foreign,
  };
}

/**
 * Waits until everything acknowledged has reached the sink, or, of a row that drops some, until nothing has come for 4 s; returns how many items are missing
 * after at most 20 s (negative: too many arrived), and the share of those that are not.
 */
async function drain(row: Row, load: ChildProcess, sink: ChildProcess): Promise<{ missing: number; passed: number }> {
  const deadline = performance.now() + drainLimitMs;
  for (let before = '', changed = performance.now(); ;) {
    const { acknowledged } = await ask<LoadCounters>(load);
    const { items } = await ask<SinkCounters>(sink);
    const now = `${acknowledged} ${items}`;
    const sent = acknowledged * row.workload.itemsPerRequest;
    const done = row.drops === true ? performance.now() - changed > settleMs : items === sent && before === now;
    if (done || performance.now() > deadline) return { missing: sent - items, passed: items / sent };
    if (before !== now) changed = performance.now();
    before = now;
    await delay(250);
  }
}
