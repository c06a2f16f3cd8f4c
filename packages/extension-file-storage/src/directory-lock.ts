import { linkSync, readFileSync, readlinkSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The lock of who has a log open, or replays a queue. */
export const ownerLock = 'lock';
/** The lock of who replays dead letters. */
export const replayLock = 'replay.lock';

/** Who holds a lock. A process is known by its id and start time, which only processes of its own boot and pid namespace can look up. */
interface Holder {
  readonly pid: number;
  /** Kernel ticks since the boot; empty where there is no /proc. */
  readonly started: string;
  /** Boot and pid namespace. */
  readonly world: string;
}

const linesOf = ({ pid, started, world }: Holder): string => `${pid}\n${started}\n${world}\n`;

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1').trim();
  } catch {
    return '';
  }
}

/** The start time of a process; undefined when it is not there. */
function startOf(pid: number): string | undefined {
  const stat = read(`/proc/${pid}/stat`);
  // The name in parentheses may hold anything. Field 3 is the state: a dead process that nobody waited for holds nothing. Field 22 is the start.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (stat !== '') return fields[0] === 'Z' || fields[0] === 'X' ? undefined : (fields[19] ?? '');
  if (read('/proc/self/stat') !== '') return undefined;
  try {
    process.kill(pid, 0);
    return '';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? '' : undefined;
  }
}

function worldOf(): string {
  try {
    return `${read('/proc/sys/kernel/random/boot_id')} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return '';
  }
}

function liveHolder(content: string): number | undefined {
  const [pid = '', started = '', world = ''] = content.split('\n');
  return world === worldOf() && startOf(Number(pid)) === started ? Number(pid) : undefined;
}

/** Removes a lock unless somebody took it over meanwhile: then theirs is put back. */
function removeStale(path: string, content: string): void {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
    if (read(aside) !== content) linkSync(aside, path);
    unlinkSync(aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/**
 * Keeps other processes, and other owners in this one, out of a directory by a file in it that names the holder. The lock of a process that
 * is dead is taken over. One of another container or machine cannot be asked whether it lives: it is taken over, too, so a shared volume must have one user.
 */
export class DirectoryLock {
  readonly name: string;
  readonly #path: string;

  private constructor(directory: string, name: string) {
    this.name = name;
    this.#path = join(directory, name);
  }

  /** Throws an Error that names the holder when that is alive, or the system's error when the directory cannot be written. */
  static acquire(directory: string, name: string = ownerLock): DirectoryLock {
    const path = join(directory, name);
    const own: Holder = { pid: process.pid, started: startOf(process.pid) ?? '', world: worldOf() };
    for (let attempt = 0; attempt < 10; attempt++) {
      try {
        writeFileSync(path, linesOf(own), { flag: 'wx' });
        // Somebody who saw the file before there was anything in it may have taken it for stale.
        if (read(path) === linesOf(own).trim()) return new DirectoryLock(directory, name);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const content = read(path);
      const holder = liveHolder(content);
      if (holder !== undefined) throw new DirectoryInUse(directory, holder, name);
      removeStale(path, content);
    }
    throw new Error(`${path} changes hands again and again`);
  }

  /** Whether a living process, such as this one, holds a lock of a directory. */
  static isHeld(directory: string, name: string): boolean {
    return liveHolder(read(join(directory, name))) !== undefined;
  }

  release(): void {
    try {
      unlinkSync(this.#path);
    } catch {
      // Without the file there is no lock.
    }
  }
}

/** Somebody else works in the directory. */
export class DirectoryInUse extends Error {
  override readonly name = 'DirectoryInUse';

  constructor(directory: string, pid: number, lock: string) {
    const isOwn = pid === process.pid;
    super(
      lock === replayLock
        ? `${directory} is being replayed by ${isOwn ? 'this process' : `process ${pid}`} already`
        : `${directory} is in use by ${isOwn ? 'another component of this process' : `process ${pid}`}; a storage directory has one owner`,
    );
  }
}
