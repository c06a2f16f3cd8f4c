import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { memoryMiB, sampleCpu } from '../process-tree.ts';

/** What a collector used: percent of one core by its own CPU time, and MiB of resident memory. */
export interface Usage {
  /** From the start to the end of the warm-up. */
  readonly cpuWarmUp: number;
  /** From the end of the warm-up on: the average of the whole time, so that no single sample decides. */
  readonly cpuAverage: number;
  readonly rssAverage: number;
  readonly rssMax: number;
  readonly rssFinal: number;
}

/** How a collector ended. */
export interface Ending {
  /** -1 after a kill. */
  readonly exitCode: number;
  /** Bytes of the CPU profile that it saved. */
  readonly profileBytes: number;
}

/** A collector under test, started and stopped as the Collector's testbed does. */
export interface Agent {
  log(): string;
  /** Resolves with true when the log has the text, with false when the time is over. */
  says(text: string, withinMs: number): Promise<boolean>;
  /** Ends the warm-up, which began when the collector was ready. */
  warm(): void;
  /** Ends the measurement. */
  usage(): Usage;
  /** SIGTERM, and SIGKILL after 10 s. */
  stop(): Promise<Ending>;
}

const readyWithinMs = 10_000;
const stopWithinMs = 10_000;
const memoryPeriodMs = 1000;
const freeWithinMs = 120_000;

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Waits until nobody listens on a port. Throws when that takes longer than two minutes. */
export async function untilFree(port: number): Promise<void> {
  const deadline = performance.now() + freeWithinMs;
  while (await accepts(port)) {
    if (performance.now() > deadline) throw new Error(`another program listens on port ${port}, which the collectors need`);
    await delay(100);
  }
}

/** Starts a collector on a configuration, made for a folder of its own, and waits until `port` takes a connection. */
export async function startAgent(command: readonly string[], configuration: (folder: string) => string, port: number): Promise<Agent> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-testbed-'));
  const file = join(folder, 'agent.yaml');
  writeFileSync(file, configuration(folder));
  const [program, ...args] = command;
  const child = spawn(program!, [...args, '--config', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, GOMAXPROCS: '2' },
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (log += text));
  const exited = once(child, 'exit');
  const began = performance.now();
  while (!(await accepts(port))) {
    if (child.exitCode !== null || performance.now() - began > readyWithinMs) {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
      throw new Error(`the collector is not ready:\n${log}`);
    }
    await delay(5);
  }
  const pid = child.pid!;
  const now = (): { cpuSeconds: number; ms: number } => ({ cpuSeconds: sampleCpu(pid, process.pid).tree, ms: performance.now() });
  const percent = (from: ReturnType<typeof now>, to: ReturnType<typeof now>): number =>
    ((to.cpuSeconds - from.cpuSeconds) / (to.ms - from.ms)) * 100_000;
  const ready = now();
  let warmed = ready;
  const rss: number[] = [];
  const timer = setInterval(() => rss.push(memoryMiB(pid).rss), memoryPeriodMs);
  return {
    log: () => log,
    async says(text, withinMs) {
      const deadline = performance.now() + withinMs;
      while (!log.includes(text)) {
        if (performance.now() > deadline) return false;
        await delay(20);
      }
      return true;
    },
    warm() {
      warmed = now();
    },
    usage() {
      clearInterval(timer);
      const rssFinal = memoryMiB(pid).rss;
      rss.push(rssFinal);
      return {
        cpuWarmUp: warmed === ready ? 0 : percent(ready, warmed),
        cpuAverage: percent(warmed, now()),
        rssAverage: rss.reduce((sum, value) => sum + value, 0) / rss.length,
        rssMax: Math.max(...rss),
        rssFinal,
      };
    },
    async stop() {
      clearInterval(timer);
      child.kill('SIGTERM');
      const kill = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
      const [code] = (await exited) as [number | null];
      clearTimeout(kill);
      const profileBytes = statSync(join(folder, 'cpu.prof'), { throwIfNoEntry: false })?.size ?? 0;
      rmSync(folder, { recursive: true, force: true });
      return { exitCode: code ?? -1, profileBytes };
    },
  };
}
