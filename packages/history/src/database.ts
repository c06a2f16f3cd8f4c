import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { migrations } from './migrations.ts';

/** Codes of SQLite, extended ones as it has them: the file is damaged, it is none, it ends too soon, its file system says so. */
const damaged = new Set([11, 26, 522, 8458]);

/** There is no space; writing, cutting or synchronising failed; the index of the log could not grow. */
const unwritable = new Set([13, 778, 1034, 1546, 4874]);

/** Large, so that few chunks go over the end of a page. */
export const pageBytes = 16_384;

/** Waits so long for another connection to finish. */
const busyTimeoutMs = 10_000;

/** Extended codes that say no more than their last byte are known by that. */
function isOneOf(codes: ReadonlySet<number>, error: unknown): boolean {
  const { errcode } = error as { errcode?: unknown };
  return typeof errcode === 'number' && (codes.has(errcode) || codes.has(errcode & 0xff));
}

/** Whether an error says that the file is damaged. */
export function isDamage(error: unknown): boolean {
  return isOneOf(damaged, error);
}

/** Whether an error says that there is no space to write. */
export function isFull(error: unknown): boolean {
  return isOneOf(unwritable, error);
}

/** A file that was set aside because it could not be used. */
export interface SetAside {
  readonly path: string;
  readonly reason: string;
}

/**
 * Opens the file for writing, makes it when it is missing, and brings it to the newest schema. One that is damaged, or of a newer version of
 * this program, is renamed and a new one made. `fsync`: a commit waits for the device.
 */
export function openForWriting(file: string, fsync: boolean, nowMs: number): { database: DatabaseSync; setAside?: SetAside } {
  try {
    return { database: open(file, fsync) };
  } catch (error) {
    if (!isDamage(error) && !(error instanceof NewerFile)) throw error;
    setAside(file, nowMs);
    return { database: open(file, fsync), setAside: { path: asideOf(file, nowMs), reason: (error as Error).message } };
  }
}

/** Opens the file for reading. */
export function openForReading(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { readOnly: true, timeout: busyTimeoutMs });
  database.exec('pragma cache_size = -65536; pragma mmap_size = 268435456');
  return database;
}

/** Renames a file and what SQLite keeps beside it. */
export function setAside(file: string, nowMs: number): void {
  for (const suffix of ['', '-wal', '-shm']) {
    if (existsSync(file + suffix)) renameSync(file + suffix, asideOf(file, nowMs) + suffix);
  }
}

const asideOf = (file: string, nowMs: number): string => `${file}.damaged-${new Date(nowMs).toISOString().replaceAll(':', '-')}`;

class NewerFile extends Error {}

function open(file: string, fsync: boolean): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: busyTimeoutMs });
  try {
    database.exec(`
      pragma page_size = ${pageBytes};
      pragma journal_mode = wal;
      pragma synchronous = ${fsync ? 'full' : 'normal'};
      pragma temp_store = memory;
      pragma cache_size = -65536;
      pragma journal_size_limit = 67108864`);
    migrate(database);
    // Reads a page of every table, so that gross damage shows now.
    for (const { name } of database.prepare("select name from sqlite_master where type = 'table'").all() as { name: string }[]) {
      database.prepare(`select * from "${name}" limit 1`).get();
    }
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function migrate(database: DatabaseSync): void {
  const { user_version: version } = database.prepare('pragma user_version').get() as { user_version: number };
  if (version > migrations.length) throw new NewerFile(`the file has version ${version}, this program knows up to ${migrations.length}`);
  for (let next = version; next < migrations.length; next++) {
    inTransaction(database, () => database.exec(`${migrations[next]!}; pragma user_version = ${next + 1}`));
  }
}

/** Does something entirely or not at all. */
export function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('begin immediate');
  try {
    const result = work();
    database.exec('commit');
    return result;
  } catch (error) {
    // SQLite may have rolled back by itself.
    if (database.isTransaction) database.exec('rollback');
    throw error;
  }
}

/** Holds a file until what it returns is closed or the process dies; makes its folder. Throws when somebody else holds it. */
export function lock(file: string): DatabaseSync {
  mkdirSync(dirname(file), { recursive: true, mode: 0o750 });
  const database = new DatabaseSync(`${file}.lock`, { timeout: 0 });
  try {
    database.exec('begin exclusive');
    return database;
  } catch (error) {
    database.close();
    throw new Error(`${file} is in use by another process or store`, { cause: error });
  }
}
