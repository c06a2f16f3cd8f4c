import { int, lines, words } from '../host-files.ts';
import type { HostFiles } from '../host-files.ts';
import { nameFilter, nameListProblems, nameListSchema } from '../name-filter.ts';
import type { NameList } from '../name-filter.ts';
import type { Recorder } from '../recorder.ts';
import { counter, level } from '../scraper.ts';
import type { MetricTable, Scraper, ScraperConfig, ScraperType } from '../scraper.ts';

const metrics: MetricTable = {
  'system.disk.io': counter('int', 'By', 'Disk bytes transferred.', ['device', 'direction']),
  'system.disk.io_time': counter(
    'double',
    's',
    'Time disk spent activated. On Windows, this is calculated as the inverse of disk idle time.',
    ['device'],
  ),
  'system.disk.merged': counter(
    'int',
    '{operations}',
    'The number of disk reads/writes merged into single physical disk access operations.',
    ['device', 'direction'],
  ),
  'system.disk.operation_time': counter('double', 's', 'Time spent in disk operations.', ['device', 'direction']),
  'system.disk.operations': counter('int', '{operations}', 'Disk operations count.', ['device', 'direction']),
  'system.disk.pending_operations': level('int', '{operations}', 'The queue size of pending I/O operations.', ['device']),
  'system.disk.weighted_io_time': counter('double', 's', 'Time disk spent activated multiplied by the queue length.', ['device']),
};

const sectorBytes = 512n;

interface DiskConfig extends ScraperConfig {
  readonly include?: NameList<'devices'>;
  readonly exclude?: NameList<'devices'>;
}

const seconds = (milliseconds: bigint): number => Number(milliseconds) / 1000;

class DiskScraper implements Scraper {
  readonly #files: HostFiles;
  readonly #wanted: (device: string) => boolean;

  constructor(config: DiskConfig, files: HostFiles) {
    this.#files = files;
    this.#wanted = nameFilter(config.include, config.exclude, 'devices');
  }

  scrape(out: Recorder): void {
    for (const line of lines(this.#files.proc('diskstats'))) {
      const [, , device = '', ...columns] = words(line);
      if (columns.length < 11) continue;
      const counts = columns.slice(0, 11).map(int);
      // A device that never did anything, such as an unused loop device, is left out.
      if (counts.every((count) => count === 0n) || !this.#wanted(device)) continue;
      const [reads, readsMerged, readSectors, readTime, writes, writesMerged, writtenSectors, writeTime, pending, ioTime, weightedTime] =
        counts as [bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint];
      out.record('system.disk.io', readSectors * sectorBytes, device, 'read');
      out.record('system.disk.io', writtenSectors * sectorBytes, device, 'write');
      out.record('system.disk.operations', reads, device, 'read');
      out.record('system.disk.operations', writes, device, 'write');
      out.record('system.disk.io_time', seconds(ioTime), device);
      out.record('system.disk.operation_time', seconds(readTime), device, 'read');
      out.record('system.disk.operation_time', seconds(writeTime), device, 'write');
      out.record('system.disk.pending_operations', pending, device);
      out.record('system.disk.weighted_io_time', seconds(weightedTime), device);
      out.record('system.disk.merged', readsMerged, device, 'read');
      out.record('system.disk.merged', writesMerged, device, 'write');
    }
  }
}

/** Transfers of the disks, from /proc/diskstats. */
export const disk: ScraperType<DiskConfig> = {
  metrics,
  settings: {
    include: nameListSchema('devices', 'Disks that are measured; all unless given.'),
    exclude: nameListSchema('devices', 'Disks that are not measured.'),
  },
  validate: ({ include, exclude }) => [
    ...nameListProblems(include, 'devices', 'error creating device include filters'),
    ...nameListProblems(exclude, 'devices', 'error creating device exclude filters'),
  ],
  make: (config, files) => new DiskScraper(config, files),
};
