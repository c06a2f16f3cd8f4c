import { access, readdir, unlink } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';

/** When a file is rotated, and how long rotated files stay. */
export interface Rotation {
  /** A file that would become larger is rotated before. */
  readonly maxBytes: number;
  /** Rotated files that are older than so many times 24 hours are deleted; 0: none is. */
  readonly maxDays: number;
  /** Of more rotated files than these the oldest are deleted; 0: none is. */
  readonly maxBackups: number;
  /** Whether names carry the time of this machine's zone rather than UTC. */
  readonly localTime: boolean;
}

const dayMs = 24 * 60 * 60 * 1000;
const stamp = /^(\d{4})-(\d\d)-(\d\d)T(\d\d)-(\d\d)-(\d\d)\.(\d{3})-[^-]*$/;

function stampOf(timeMs: number, localTime: boolean): string {
  const offsetMs = localTime ? new Date(timeMs).getTimezoneOffset() * 60_000 : 0;
  return new Date(timeMs - offsetMs).toISOString().slice(0, -1).replaceAll(':', '-');
}

function nameParts(path: string): { readonly folder: string; readonly prefix: string; readonly extension: string } {
  const extension = extname(path);
  return { folder: dirname(path), prefix: `${basename(path, extension)}-`, extension };
}

/**
 * A free path for what a file becomes when it is rotated at a time (ms since the epoch): `name-2022-09-14T05-02-14.173-size.ext`, as the
 * Collector names it. The time is later by milliseconds when that is taken.
 */
export async function freeBackup(
  path: string,
  timeMs: number,
  localTime: boolean,
  reason: string,
): Promise<{ path: string; timeMs: number }> {
  const { folder, prefix, extension } = nameParts(path);
  for (let laterMs = timeMs; ; laterMs++) {
    const candidate = join(folder, `${prefix}${stampOf(laterMs, localTime)}-${reason}${extension}`);
    const taken = await access(candidate).then(
      () => true,
      () => false,
    );
    if (!taken) return { path: candidate, timeMs: laterMs };
  }
}

/** Deletes the rotated files of a path that are too many or too old. Rejects with the first failure, after trying all of them. */
export async function removeBackups(path: string, rotation: Rotation, nowMs: number): Promise<void> {
  const { maxBackups, maxDays, localTime } = rotation;
  if (maxBackups === 0 && maxDays === 0) return;
  const { folder, prefix, extension } = nameParts(path);
  const found: { readonly name: string; readonly timeMs: number }[] = [];
  for (const name of await readdir(folder)) {
    if (!name.startsWith(prefix) || !name.endsWith(extension)) continue;
    const parts = stamp.exec(name.slice(prefix.length, name.length - extension.length));
    if (parts === null) continue;
    const [year, month, day, hour, minute, second, ms] = parts.slice(1).map(Number);
    const timeMs = localTime
      ? new Date(year, month - 1, day, hour, minute, second, ms).getTime()
      : Date.UTC(year, month - 1, day, hour, minute, second, ms);
    found.push({ name, timeMs });
  }
  found.sort((a, b) => b.timeMs - a.timeMs || (a.name < b.name ? 1 : -1));
  const oldest = maxDays === 0 ? -Infinity : nowMs - maxDays * dayMs;
  let failure: unknown;
  for (const [rank, { name, timeMs }] of found.entries()) {
    if ((maxBackups === 0 || rank < maxBackups) && timeMs >= oldest) continue;
    await unlink(join(folder, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') failure ??= error;
    });
  }
  if (failure !== undefined) throw failure;
}
