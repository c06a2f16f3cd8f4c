import { int, lines, pageSizeBytes, words } from '../host-files.ts';
import type { HostFiles } from '../host-files.ts';
import { ratio } from '../precision.ts';
import type { Recorder } from '../recorder.ts';
import { gauge, level, off } from '../scraper.ts';
import type { MetricTable, Scraper, ScraperType } from '../scraper.ts';

const metrics: MetricTable = {
  'system.linux.memory.available': off(
    level(
      'int',
      'By',
      'An estimate of how much memory is available for starting new applications, without swapping. This is a more accurate alternative than system.memory.usage with state=free. (Linux only)',
    ),
  ),
  'system.linux.memory.dirty': off(level('int', 'By', 'The amount of dirty memory according to `/proc/meminfo`.')),
  'system.memory.limit': off(level('int', 'By', 'Total bytes of memory available.')),
  'system.memory.linux.hugepages.limit': off(level('int', '{page}', 'Total number of hugepages available.')),
  'system.memory.linux.hugepages.page_size': off(level('int', 'By', 'System hugepage size in bytes.')),
  'system.memory.linux.hugepages.reserved': off(
    level(
      'int',
      '{page}',
      'Number of reserved hugepages (hugepages for which a commitment to allocate has been made, but no allocation has yet been made). This is reported as a separate metric rather than a usage state because reserved pages are already counted in free pages - they represent a subset of free pages that cannot be used for non-reserved allocations.',
    ),
  ),
  'system.memory.linux.hugepages.surplus': off(
    level(
      'int',
      '{page}',
      'Number of surplus hugepages (overcommitted hugepages beyond the persistent pool). This is reported as a separate metric rather than a usage state because surplus pages can be in either used or free state, and including them would break the semantic convention that usage states must sum to the limit.',
    ),
  ),
  'system.memory.linux.hugepages.usage': off(
    level('int', '{page}', 'Number of hugepages in use by state.', ['system.memory.linux.hugepages.state']),
  ),
  'system.memory.linux.hugepages.utilization': off(
    gauge('double', '1', 'Percentage of hugepages in use by state.', ['system.memory.linux.hugepages.state']),
  ),
  'system.memory.linux.shared': off(
    level('int', 'By', 'Shared memory usage, including tmpfs filesystems and System V/POSIX shared memory. Only supported on Linux.'),
  ),
  'system.memory.page_size': off(gauge('int', 'By', "A constant value for the system's configured page size.")),
  'system.memory.usage': level('int', 'By', 'Bytes of memory in use.', ['state']),
  'system.memory.utilization': off(gauge('double', '1', 'Percentage of memory bytes in use.', ['state'])),
};

/** The entries of /proc/meminfo, proc_meminfo(5): bytes, or a count for entries without a unit. */
export function memoryInfo(files: HostFiles): (name: string) => bigint {
  const entries = new Map<string, bigint>();
  for (const line of lines(files.proc('meminfo'))) {
    const [name = '', value, unit] = words(line);
    entries.set(name.replace(/:$/, ''), int(value) * (unit === 'kB' ? 1024n : 1n));
  }
  return (name) => entries.get(name) ?? 0n;
}

class MemoryScraper implements Scraper {
  readonly #files: HostFiles;

  constructor(files: HostFiles) {
    this.#files = files;
  }

  scrape(out: Recorder): void {
    const info = memoryInfo(this.#files);
    const total = info('MemTotal');
    if (total === 0n) throw new Error('invalid total memory: 0');
    const free = info('MemFree');
    // The kernel's slab that can be reclaimed is part of the cache here, as for free(1).
    const cached = info('Cached') + info('SReclaimable');
    const available = info('MemAvailable') || cached + free;
    const states: readonly (readonly [string, bigint])[] = [
      ['used', total - available],
      ['free', free],
      ['buffered', info('Buffers')],
      ['cached', cached],
      ['slab_reclaimable', info('SReclaimable')],
      ['slab_unreclaimable', info('SUnreclaim')],
    ];
    for (const [state, bytes] of states) {
      out.record('system.memory.usage', bytes, state);
      out.record('system.memory.utilization', ratio(bytes, total), state);
    }
    out.record('system.memory.limit', total);
    out.record('system.linux.memory.available', available);
    out.record('system.linux.memory.dirty', info('Dirty'));
    out.record('system.memory.linux.shared', info('Shmem'));
    if (out.wants('system.memory.page_size')) out.record('system.memory.page_size', pageSizeBytes());
    recordHugePages(out, info);
  }
}

function recordHugePages(out: Recorder, info: (name: string) => bigint): void {
  const pages = info('HugePages_Total');
  const free = info('HugePages_Free');
  out.record('system.memory.linux.hugepages.page_size', info('Hugepagesize'));
  out.record('system.memory.linux.hugepages.limit', pages);
  out.record('system.memory.linux.hugepages.reserved', info('HugePages_Rsvd'));
  out.record('system.memory.linux.hugepages.surplus', info('HugePages_Surp'));
  for (const [state, count] of [['free', free] as const, ['used', pages - free] as const]) {
    out.record('system.memory.linux.hugepages.usage', count, state);
    if (pages > 0n) out.record('system.memory.linux.hugepages.utilization', ratio(count, pages), state);
  }
}

/** Memory, from /proc/meminfo. */
export const memory: ScraperType = { metrics, make: (_config, files) => new MemoryScraper(files) };
