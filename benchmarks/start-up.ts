import { setTimeout as delay } from 'node:timers/promises';
import { median } from './measure.ts';
import { memoryMiB } from './process-tree.ts';
import { freePort, startTarget } from './target.ts';

/** What a program costs before any telemetry comes. */
export interface StartUp {
  /** Median milliseconds from exec to accepting connections. */
  readonly startUpMs: number;
  /** Median resident memory 1.5 s later. */
  readonly idleRssMiB: number;
}

const idleMs = 1500;

/** Starts a program `runs` times, anywhere on the machine, after one start that warms the page cache and any compile cache. */
export async function measureStartUp(runs: number, command: (port: number) => readonly string[]): Promise<StartUp> {
  const times: number[] = [];
  const memory: number[] = [];
  for (let run = 0; run <= runs; run++) {
    const port = await freePort();
    const target = await startTarget(command(port), port, undefined);
    await delay(idleMs);
    if (run > 0) {
      times.push(target.startUpMs);
      memory.push(memoryMiB(target.pid).rss);
    }
    await target.stop();
  }
  return { startUpMs: median(times), idleRssMiB: median(memory) };
}
