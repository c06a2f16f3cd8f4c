import { int, lines, words } from '../host-files.ts';
import type { HostFiles } from '../host-files.ts';
import type { Recorder } from '../recorder.ts';
import { counter, gauge, level, off } from '../scraper.ts';
import type { MetricTable, Scraper, ScraperType } from '../scraper.ts';

const metrics: MetricTable = {
  'system.paging.faults': counter('int', '{faults}', 'The number of page faults.', ['type']),
  'system.paging.operations': counter('int', '{operations}', 'The number of paging operations.', ['direction', 'type']),
  'system.paging.usage': level('int', 'By', 'Swap (unix) or pagefile (windows) usage.', ['device', 'state']),
  'system.paging.utilization': off(gauge('double', '1', 'Swap (unix) or pagefile (windows) utilization.', ['device', 'state'])),
};

/** The Collector sends the page counters of /proc/vmstat times this, although their unit is operations and faults. */
const collectorFactor = 4096n;

class PagingScraper implements Scraper {
  readonly #files: HostFiles;

  constructor(files: HostFiles) {
    this.#files = files;
  }

  scrape(out: Recorder): void {
    try {
      this.#usage(out);
    } catch (error) {
      out.fail('page file stats', `failed to read page file stats: ${(error as Error).message}`, 2);
    }
    try {
      this.#activity(out);
    } catch (error) {
      out.fail('swap info', `failed to read swap info: ${(error as Error).message}`, 2);
    }
  }

  #usage(out: Recorder): void {
    for (const line of lines(this.#files.proc('swaps')).slice(1)) {
      const [device = '', , size, used] = words(line);
      const totalBytes = int(size) * 1024n;
      const usedBytes = int(used) * 1024n;
      for (const [state, bytes] of [['used', usedBytes] as const, ['free', totalBytes - usedBytes] as const]) {
        out.record('system.paging.usage', bytes, device, state);
        out.record('system.paging.utilization', Number(bytes) / Number(totalBytes), device, state);
      }
    }
  }

  #activity(out: Recorder): void {
    const counts = new Map<string, bigint>();
    for (const line of lines(this.#files.proc('vmstat'))) {
      const [name = '', count] = words(line);
      if (/^(pswpin|pswpout|pgpgin|pgpgout|pgfault|pgmajfault)$/.test(name)) counts.set(name, int(count) * collectorFactor);
    }
    const of = (name: string): bigint => counts.get(name) ?? 0n;
    out.record('system.paging.operations', of('pswpin'), 'page_in', 'major');
    out.record('system.paging.operations', of('pswpout'), 'page_out', 'major');
    out.record('system.paging.operations', of('pgpgin'), 'page_in', 'minor');
    out.record('system.paging.operations', of('pgpgout'), 'page_out', 'minor');
    out.record('system.paging.faults', of('pgmajfault'), 'major');
    out.record('system.paging.faults', of('pgfault') - of('pgmajfault'), 'minor');
  }
}

/** Swap space and paging, from /proc/swaps and /proc/vmstat. */
export const paging: ScraperType = { metrics, make: (_config, files) => new PagingScraper(files) };
