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

/** CPU seconds used so far, at one instant. */
export interface CpuSample {
  /** By a process and all its descendants: user and system time. */
  readonly tree: number;
  /** By everything else on the machine, the benchmark's own processes not counted; with what the hypervisor took away. */
  readonly foreign: number;
}

/** Samples the CPU time of the tree under `root`, and that of everything that belongs neither to it nor to the tree under `own`. */
export function sampleCpu(root: number, own: number): CpuSample {
  const processes = allProcesses();
  const parents = new Map(processes.map(({ pid, parent }) => [pid, parent]));
  const below = (pid: number, ancestor: number): boolean => {
    for (let at: number | undefined = pid; at !== undefined && at !== 0; at = parents.get(at)) if (at === ancestor) return true;
    return false;
  };
  let tree = 0;
  let ours = 0;
  for (const { pid, cpuSeconds } of processes) {
    if (below(pid, root)) tree += cpuSeconds;
    else if (below(pid, own)) ours += cpuSeconds;
  }
  // cpu user nice system idle iowait irq softirq steal: a total, since processes that end in between vanish from the list.
  const [, user, nice, system, , , , , steal] = readFileSync('/proc/stat', 'latin1').split('\n', 1)[0]!.split(/ +/).map(Number);
  return { tree, foreign: (user! + nice! + system! + steal!) / ticksPerSecond - tree - ours };
}

/** Resident memory of one process in MiB: now, and the most it ever was. */
export function memoryMiB(pid: number): { rss: number; peak: number } {
  const text = readFileSync(`/proc/${pid}/status`, 'latin1');
  const kilobytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]);
  return { rss: kilobytes('VmRSS') / 1024, peak: kilobytes('VmHWM') / 1024 };
}
