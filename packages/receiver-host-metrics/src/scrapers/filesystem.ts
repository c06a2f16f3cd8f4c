import { existsSync, readlinkSync, realpathSync } from 'node:fs';
import type { BigIntStatsFs } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { basename, join, normalize } from 'node:path';
import type { Context } from '@millrace/api';
import { lines, words } from '../host-files.ts';
import type { HostFiles } from '../host-files.ts';
import { nameFilter, nameListProblems, nameListSchema } from '../name-filter.ts';
import type { NameList } from '../name-filter.ts';
import { ratio } from '../precision.ts';
import type { Recorder } from '../recorder.ts';
import { gauge, level, off } from '../scraper.ts';
import type { MetricTable, Scraper, ScraperConfig, ScraperType } from '../scraper.ts';

const metrics: MetricTable = {
  'system.filesystem.inodes.usage': level('int', '{inodes}', 'FileSystem inodes used.', ['device', 'mode', 'mountpoint', 'type', 'state']),
  'system.filesystem.usage': level('int', 'By', 'Filesystem bytes used.', ['device', 'mode', 'mountpoint', 'type', 'state']),
  'system.filesystem.utilization': off(
    gauge('double', '1', 'Fraction of filesystem bytes used.', ['device', 'mode', 'mountpoint', 'type']),
  ),
};

interface FilesystemConfig extends ScraperConfig {
  readonly include_virtual_filesystems: boolean;
  readonly include_devices?: NameList<'devices'>;
  readonly exclude_devices?: NameList<'devices'>;
  readonly include_fs_types?: NameList<'fs_types'>;
  readonly exclude_fs_types?: NameList<'fs_types'>;
  readonly include_mount_points?: NameList<'mount_points'>;
  readonly exclude_mount_points?: NameList<'mount_points'>;
}

/** How long an answer about one mount is waited for; a dead network file system never answers. */
const answerMs = 10_000;

interface Mount {
  readonly device: string;
  readonly mountPoint: string;
  readonly type: string;
  readonly mode: string;
}

/** The text of a field of mountinfo, in which blanks are octal escapes. */
function unescaped(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}

/** The lines of the mountinfo that the user chose, else of process 1's, else (it is often not allowed) of our own. */
function mountLines(files: HostFiles): string[] {
  if (files.mountInfo !== undefined) return lines(files.mountInfo);
  try {
    return lines(files.proc(1, 'mountinfo'));
  } catch {
    return lines(files.proc('self', 'mountinfo'));
  }
}

/** The mounts by mountinfo, proc_pid_mountinfo(5), without bind mounts and what has no device unless all are wanted. */
function mounts(files: HostFiles, wantsAll: boolean): Mount[] {
  const found: Mount[] = [];
  const devices = new Map<string, string>();
  for (const line of mountLines(files)) {
    const [before = '', after] = line.split(' - ', 2);
    const [, , id = '', root = '', mountPoint, options = ''] = words(before);
    const [type = '', source, superOptions = ''] = words(after ?? '');
    if (mountPoint === undefined || source === undefined) throw new Error(`found invalid mountinfo line: ${line}`);
    const isStored = source.startsWith('/');
    if (!wantsAll && !isStored) continue;
    // A file system that is mounted several times has the device of the first time.
    const device = devices.get(id) ?? (isStored || root === '/' ? source : root);
    devices.set(id, device);
    if (!wantsAll && isStored && root !== '/') continue;
    const all = [...options.split(','), ...superOptions.split(',')];
    const mode = all.includes('ro') ? 'ro' : all.includes('rw') ? 'rw' : 'unknown';
    found.push({ device: realDevice(device, id, files), mountPoint: unescaped(mountPoint), type, mode });
  }
  return found;
}

/** The device behind a link of the device mapper, or behind /dev/root. */
function realDevice(device: string, id: string, files: HostFiles): string {
  try {
    if (device.startsWith('/dev/mapper/')) return realpathSync(files.dev(device.slice('/dev/'.length)));
    if (device === '/dev/root') return `/dev/${basename(readlinkSync(files.sys('dev/block', id)))}`;
  } catch {
    // The name in the list of mounts will do.
  }
  return device;
}

class FilesystemScraper implements Scraper {
  readonly #files: HostFiles;
  readonly #context: Context;
  readonly #wantsAll: boolean;
  readonly #wanted: (mount: Mount) => boolean;
  /** Mounts that have not answered yet. */
  readonly #waiting = new Set<string>();

  constructor(config: FilesystemConfig, files: HostFiles, context: Context) {
    this.#files = files;
    this.#context = context;
    this.#wantsAll = config.include_virtual_filesystems;
    const device = nameFilter(config.include_devices, config.exclude_devices, 'devices');
    const type = nameFilter(config.include_fs_types, config.exclude_fs_types, 'fs_types');
    const mountPoint = nameFilter(config.include_mount_points, config.exclude_mount_points, 'mount_points');
    this.#wanted = (mount) => device(mount.device) && type(mount.type) && mountPoint(mount.mountPoint);
    const isContained = process.pid === 1 || existsSync('/.dockerenv') || existsSync('/run/.containerenv');
    if (files.rootPath === '' && isContained) {
      context.logger.warn('No `root_path` config set when running in docker environment, will report container filesystem stats.');
    }
  }

  async scrape(out: Recorder): Promise<void> {
    const seen = new Set<string>();
    const all = mounts(this.#files, this.#wantsAll).filter((mount) => {
      const id = `${mount.device}\0${mount.mountPoint}`;
      return !seen.has(id) && seen.add(id) && this.#wanted(mount);
    });
    const usages = await Promise.all(all.map((mount) => this.#usage(mount, out)));
    for (const [i, { device, mode, mountPoint, type }] of all.entries()) {
      const usage = usages[i];
      if (usage === undefined) continue;
      const { total, used, free, files, filesFree } = usage;
      const on = [device, mode, mountPoint, type] as const;
      out.record('system.filesystem.usage', used, ...on, 'used');
      out.record('system.filesystem.usage', free, ...on, 'free');
      out.record('system.filesystem.usage', total - used - free, ...on, 'reserved');
      out.record('system.filesystem.utilization', ratio(used, used + free), ...on);
      out.record('system.filesystem.inodes.usage', files < filesFree ? 0n : files - filesFree, ...on, 'used');
      out.record('system.filesystem.inodes.usage', filesFree, ...on, 'free');
    }
  }

  /** Bytes and inodes; undefined, with a failure noted, when the file system does not tell. */
  async #usage({ mountPoint }: Mount, out: Recorder): Promise<Usage | undefined> {
    const path = this.#pathOf(mountPoint);
    try {
      if (this.#waiting.has(path)) throw new Error('no answer since an earlier collection');
      const { bsize, blocks, bfree, bavail, files, ffree } = await this.#answer(path);
      return { total: blocks * bsize, used: (blocks - bfree) * bsize, free: bavail * bsize, files, filesFree: ffree };
    } catch (error) {
      out.fail('filesystem usage', `failed to read usage at ${path}: ${(error as Error).message}`, 0);
      return undefined;
    }
  }

  #answer(path: string): Promise<BigIntStatsFs> {
    const { promise, resolve, reject } = Promise.withResolvers<BigIntStatsFs>();
    const timer = this.#context.clock.setTimeout(() => reject(new Error('no answer')), answerMs);
    this.#waiting.add(path);
    statfs(path, { bigint: true })
      .then(resolve, reject)
      .finally(() => {
        this.#waiting.delete(path);
        timer.cancel();
      });
    return promise;
  }

  /** Where a mount of the host is seen from here. */
  #pathOf(mountPoint: string): string {
    const { rootPath, mountInfo } = this.#files;
    const isSeen = mountInfo !== undefined || (rootPath !== '' && `${normalize(mountPoint)}/`.startsWith(`${normalize(rootPath)}/`));
    return isSeen ? mountPoint : join('/', rootPath, mountPoint);
  }
}

interface Usage {
  readonly total: bigint;
  readonly used: bigint;
  readonly free: bigint;
  readonly files: bigint;
  readonly filesFree: bigint;
}

/** The file systems that are mounted: bytes and inodes, from /proc/1/mountinfo (else /proc/self/mountinfo) and statfs(2). */
export const filesystem: ScraperType<FilesystemConfig> = {
  metrics,
  settings: {
    include_virtual_filesystems: {
      type: 'boolean',
      default: false,
      description: 'Whether file systems without a device, such as tmpfs, and bind mounts are measured too.',
    },
    include_devices: nameListSchema('devices', 'Devices whose file systems are measured; all unless given.'),
    exclude_devices: nameListSchema('devices', 'Devices whose file systems are not measured.'),
    include_fs_types: nameListSchema('fs_types', 'Types of file systems that are measured; all unless given.'),
    exclude_fs_types: nameListSchema('fs_types', 'Types of file systems that are not measured.'),
    include_mount_points: nameListSchema('mount_points', 'Mount points, as the host sees them, that are measured; all unless given.'),
    exclude_mount_points: nameListSchema('mount_points', 'Mount points, as the host sees them, that are not measured.'),
  },
  validate: (config) => [
    ...nameListProblems(config.include_devices, 'devices', 'error creating include_devices filter'),
    ...nameListProblems(config.exclude_devices, 'devices', 'error creating exclude_devices filter'),
    ...nameListProblems(config.include_fs_types, 'fs_types', 'error creating include_fs_types filter'),
    ...nameListProblems(config.exclude_fs_types, 'fs_types', 'error creating exclude_fs_types filter'),
    ...nameListProblems(config.include_mount_points, 'mount_points', 'error creating include_mount_points filter'),
    ...nameListProblems(config.exclude_mount_points, 'mount_points', 'error creating exclude_mount_points filter'),
  ],
  make: (config, files, context) => new FilesystemScraper(config, files, context),
};
