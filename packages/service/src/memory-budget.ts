import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';

const cgroupLimits = ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes'];

/** Bytes of memory that this process may use: the cgroup's limit (v2, then v1), or the machine's memory when there is none. */
export function memoryLimitBytes(): number {
  const machine = totalmem();
  for (const file of cgroupLimits) {
    try {
      const limit = Number(readFileSync(file, 'utf8'));
      if (Number.isFinite(limit) && limit > 0) return Math.min(limit, machine);
    } catch {
      // Not this version of cgroups, or none at all.
    }
  }
  return machine;
}

/** The default byte budget of buffered telemetry: a quarter of the memory this process may use. */
export function defaultMemoryBudgetBytes(): number {
  return Math.floor(memoryLimitBytes() / 4);
}
