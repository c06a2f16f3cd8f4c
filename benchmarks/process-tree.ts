import { readdirSync, readFileSync } from 'node:fs';

/** Kernel clock ticks a second in /proc (USER_HZ). */
const ticksPerSecond = 100;

interface Stat {
  readonly pid: number;
  readonly parent: number;
  readonly cpuSeconds: number;
}

function allProcesses(): Stat[] {
  const found: Stat[] = [];
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    try {
      const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
      // The name in parentheses may hold anything; state and parent follow it, user and system time are fields 14 and 15.
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
      found.push({ pid, parent: Number(fields[1]), cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond });
    } catch {
      // It ended meanwhile.
    }
  }
  return found;
}

/** CPU seconds (user and system) used so far, at one instant. */
export interface CpuSample {
  /** By the process and all its descendants. */
  readonly tree: number;
  /** By every process that is neither in the tree nor below `own`. */
  readonly foreign: number;
}

/** Samples the CPU time of the tree under `root`, and that of all processes which do not belong to it or to the tree under `own`. */
export function sampleCpu(root: number, own: number): CpuSample {
  const processes = allProcesses();
  const belongs = (pid: number, ancestor: number, parents: ReadonlyMap<number, number>): boolean => {
    for (let at: number | undefined = pid; at !== undefined && at !== 0; at = parents.get(at)) if (at === ancestor) return true;
    return false;
  };
  const parents = new Map(processes.map(({ pid, parent }) => [pid, parent]));
  let tree = 0;
  let foreign = 0;
  for (const { pid, cpuSeconds } of processes) {
    if (belongs(pid, root, parents)) tree += cpuSeconds;
    else if (!belongs(pid, own, parents)) foreign += cpuSeconds;
  }
  return { tree, foreign };
}

/** Resident memory of one process in MiB: now, and the most it ever was. */
export function memoryMiB(pid: number): { rss: number; peak: number } {
  const text = readFileSync(`/proc/${pid}/status`, 'latin1');
  const kilobytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]);
  return { rss: kilobytes('VmRSS') / 1024, peak: kilobytes('VmHWM') / 1024 };
}
