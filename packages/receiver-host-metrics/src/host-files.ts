import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Ticks per second in which the kernel tells user space about CPU time (USER_HZ): 100 on every architecture that Node runs on. */
export const ticksPerSecond = 100;

/** Type of the entry with the page size in the auxiliary vector, getauxval(3). */
const pageSizeEntry = 6n;

/**
 * Where the host's files are: below `root_path`, or where the environment says (`HOST_PROC`, `HOST_SYS`, `HOST_DEV`, `HOST_ETC`,
 * `HOST_PROC_MOUNTINFO`), as gopsutil has it. Files are read as they are, without a cache; what is missing throws.
 */
export class HostFiles {
  /** '' for this machine's own root. */
  readonly rootPath: string;
  readonly #env: Readonly<Record<string, string | undefined>>;

  constructor(rootPath: string, env: Readonly<Record<string, string | undefined>> = process.env) {
    this.rootPath = rootPath === '/' ? '' : rootPath;
    this.#env = env;
  }

  #folder(variable: string, name: string): string {
    const value = this.#env[variable];
    return value === undefined || value === '' ? join('/', this.rootPath, name) : value;
  }

  proc(...parts: readonly (string | number)[]): string {
    return join(this.#folder('HOST_PROC', 'proc'), ...parts.map(String));
  }

  sys(...parts: readonly string[]): string {
    return join(this.#folder('HOST_SYS', 'sys'), ...parts);
  }

  dev(...parts: readonly string[]): string {
    return join(this.#folder('HOST_DEV', 'dev'), ...parts);
  }

  etc(...parts: readonly string[]): string {
    return join(this.#folder('HOST_ETC', 'etc'), ...parts);
  }

  /** A file that lists the mounts, chosen by the user. */
  get mountInfo(): string | undefined {
    return this.#env['HOST_PROC_MOUNTINFO'] || undefined;
  }

  /** Ids of the processes. */
  pids(): number[] {
    return readdirSync(this.proc())
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  }

  /** When the host was started, whole seconds since the epoch in nanoseconds. */
  bootTimeUnixNano(): bigint {
    const seconds = /^btime (\d+)$/m.exec(text(this.proc('stat')))?.[1];
    if (seconds === undefined) throw new Error('could not find btime');
    return BigInt(seconds) * 1_000_000_000n;
  }
}

/** The content of a file. */
export function text(path: string): string {
  return readFileSync(path, 'utf8');
}

/** The lines of a file that are not empty. */
export function lines(path: string): string[] {
  return text(path)
    .split('\n')
    .filter((line) => line !== '');
}

/** The words of a line. */
export function words(line: string): string[] {
  return line.trim().split(/\s+/);
}

/** An unsigned integer; throws an Error that names the text when it is none. */
export function int(word: string | undefined): bigint {
  if (word === undefined || !/^\d+$/.test(word)) throw new Error(`${JSON.stringify(word ?? '')} is not an integer`);
  return BigInt(word);
}

/** Bytes in a page of memory here. */
export function pageSizeBytes(): bigint {
  try {
    const vector = readFileSync('/proc/self/auxv');
    for (let at = 0; at + 16 <= vector.length; at += 16) {
      if (vector.readBigUInt64LE(at) === pageSizeEntry) return vector.readBigUInt64LE(at + 8);
    }
  } catch {
    // Not Linux, or not to be read: the common size.
  }
  return 4096n;
}
