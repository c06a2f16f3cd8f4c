import { setImmediate as nextTurn } from 'node:timers/promises';
import { int, lines, text, words } from '../host-files.ts';
import type { HostFiles } from '../host-files.ts';
import type { Recorder } from '../recorder.ts';
import { counter, level } from '../scraper.ts';
import type { MetricTable, Scraper, ScraperType } from '../scraper.ts';

const metrics: MetricTable = {
  'system.processes.count': level('int', '{processes}', 'Total number of processes in each state.', ['status']),
  'system.processes.created': counter('int', '{processes}', 'Total number of created processes. Supported on Linux and OpenBSD.'),
};

/** States in /proc/[pid]/status, proc_pid_status(5), in the Collector's words. */
const statuses: Readonly<Record<string, string>> = {
  D: 'blocked',
  I: 'idle',
  R: 'running',
  S: 'sleeping',
  T: 'stopped',
  t: 'stopped',
  W: 'paging',
  Z: 'zombies',
};

/** How many processes are read before the event loop gets a turn: a few milliseconds' work. */
const processesPerTurn = 64;

class ProcessesScraper implements Scraper {
  readonly #files: HostFiles;

  constructor(files: HostFiles) {
    this.#files = files;
  }

  async scrape(out: Recorder): Promise<void> {
    const kernel = new Map<string, bigint>();
    for (const line of lines(this.#files.proc('stat'))) {
      const [name = '', count, more] = words(line);
      if (more === undefined) kernel.set(name, int(count));
    }
    out.record('system.processes.created', kernel.get('processes') ?? 0n);
    if (!out.wants('system.processes.count')) return;
    const pids = this.#files.pids();
    const counts = await this.#counts(pids);
    // What the kernel counts itself is exact, where reading the processes one by one is not.
    counts.set('blocked', kernel.get('procs_blocked') ?? 0n);
    counts.set('running', kernel.get('procs_running') ?? 0n);
    const known = [...counts.values()].reduce((sum, count) => sum + count, 0n);
    if (BigInt(pids.length) > known) counts.set('unknown', BigInt(pids.length) - known);
    for (const [status, count] of counts) out.record('system.processes.count', count, status);
  }

  async #counts(pids: readonly number[]): Promise<Map<string, bigint>> {
    const counts = new Map<string, bigint>();
    for (const [i, pid] of pids.entries()) {
      if (i % processesPerTurn === processesPerTurn - 1) await nextTurn();
      try {
        const letter = /^State:\s+(\S)/m.exec(text(this.#files.proc(pid, 'status')))?.[1] ?? '';
        const status = statuses[letter] ?? 'unknown';
        counts.set(status, (counts.get(status) ?? 0n) + 1n);
      } catch {
        // The process has ended since.
      }
    }
    return counts;
  }
}

/** How many processes there are in each state, from /proc/stat and /proc/[pid]/status. */
export const processes: ScraperType = { metrics, make: (_config, files) => new ProcessesScraper(files) };
