import { totalmem } from 'node:os';

/** The default byte budget of buffered telemetry: a quarter of the memory that this process may use (its cgroup's limit, or the machine's). */
export function defaultMemoryBudgetBytes(): number {
  const limit = process.constrainedMemory();
  return Math.floor((limit > 0 ? Math.min(limit, totalmem()) : totalmem()) / 4);
}
