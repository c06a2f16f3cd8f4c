import { mkdir, readdir, readFile, rename, stat, truncate, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger, LogOwner } from '@millrace/api';
import { DirectoryInUse, DirectoryLock } from './directory-lock.ts';
import { FileLog, type StorageSpace } from './file-log.ts';
import { type FoundRecord, scanSegment } from './scan-segment.ts';
import { ackPath, quarantinePath, readAcks, Segment } from './segment.ts';
import { StoredRecord } from './stored-record.ts';

/** What opening a log needs. */
export interface OpenLogOptions {
  readonly directory: string;
  readonly directoryMode: number;
  readonly owner: LogOwner;
  readonly logger: Logger;
  readonly fsync: boolean;
  /** Set a damaged segment aside with the intact records in it. */
  readonly recreate: boolean;
  readonly segmentBytes: number;
  readonly space: StorageSpace;
  /** How long to wait for a directory that is in use. */
  readonly timeoutMs: number;
  readonly onDamage: () => void;
}

/** So many damaged segments of a log are kept. */
const keptQuarantined = 10;
const lockPollMs = 50;

/** Opens the log in a directory, which is made when it is missing. Rejects when it is in use or cannot be written, never because of its content. */
export async function openLog(options: OpenLogOptions): Promise<FileLog> {
  const { directory, directoryMode, timeoutMs, owner, logger, fsync, segmentBytes, space, onDamage } = options;
  await mkdir(directory, { recursive: true, mode: directoryMode });
  const lock = await acquire(directory, timeoutMs);
  const recovery = new Recovery(options);
  try {
    await recovery.run();
  } catch (error) {
    lock.release();
    throw error;
  }
  const { recovered, kept, nextSequence } = recovery;
  const onClose = (): void => lock.release();
  return new FileLog({ directory, kept, pool: owner.pool, logger, fsync, segmentBytes, space, onDamage, nextSequence, recovered, onClose });
}

async function acquire(directory: string, timeoutMs: number): Promise<DirectoryLock> {
  for (let waitedMs = 0; ; waitedMs += lockPollMs) {
    try {
      return DirectoryLock.acquire(directory);
    } catch (error) {
      if (!(error instanceof DirectoryInUse) || waitedMs >= timeoutMs) throw error;
      await delay(lockPollMs);
    }
  }
}

/** Reads what earlier runs left. */
class Recovery {
  readonly recovered: StoredRecord[] = [];
  readonly kept: Segment[] = [];
  nextSequence = 1;
  readonly #options: OpenLogOptions;

  constructor(options: OpenLogOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    const { directory, owner } = this.#options;
    const names = (await readdir(directory)).sort();
    for (const name of names) {
      const first = Number(/^(\d{16})\./.exec(name)?.[1] ?? 0);
      this.nextSequence = Math.max(this.nextSequence, first + 1);
    }
    const logs = names.filter((name) => /^\d{16}(\.damaged)?\.segment$/.test(name));
    const last = logs.at(-1);
    for (const name of logs) {
      if (owner.appendOnly === true) await this.#keep(name);
      else await this.#segment(name, name === last);
    }
    for (const name of names.filter((known) => known.endsWith('.ack'))) {
      const stem = name.slice(0, 16);
      if (!logs.some((log) => log.startsWith(stem))) await this.#try('unlink', name, () => unlink(join(directory, name)));
    }
    const quarantined = names.filter((name) => /^\d{16}\.damaged$/.test(name));
    for (const name of quarantined.slice(0, -keptQuarantined)) await this.#try('unlink', name, () => unlink(join(directory, name)));
  }

  /** Leaves a segment as it is. A replay may delete it meanwhile. */
  async #keep(name: string): Promise<void> {
    const { directory, space } = this.#options;
    const size = await stat(join(directory, name)).then(
      (file) => file.size,
      () => undefined,
    );
    if (size === undefined) return;
    space.usedBytes += size;
    this.kept.push(new Segment(directory, name, Number(name.slice(0, 16)), size, 0));
  }

  async #segment(name: string, isLast: boolean): Promise<void> {
    const { directory, logger, space, recreate, onDamage } = this.#options;
    const path = join(directory, name);
    const first = Number(name.slice(0, 16));
    let bytes: Buffer;
    try {
      bytes = await readFile(path);
    } catch (error) {
      logger.error('A segment cannot be read. It is left alone.', { file: path, error: (error as Error).message });
      return;
    }
    const { state, records, damagedBytes, tailBytes, torn: incomplete } = scanSegment(bytes);
    if (state === 'newer') {
      logger.error('A segment was written by a newer version. It is left alone.', { file: path });
      return;
    }
    this.nextSequence = Math.max(this.nextSequence, (records.at(-1)?.sequence ?? 0) + 1);
    const { acked, entries } = await readAcks(ackPath(directory, first), first);
    const segment = new Segment(directory, name, first, bytes.length, entries);
    const known = name.endsWith('.damaged.segment');
    const torn = isLast && incomplete;
    const left = records.filter(({ sequence }) => !acked.has(sequence));
    segment.damaged = known || damagedBytes > 0 || (tailBytes > 0 && !torn);
    segment.sealed = true;
    if (segment.damaged) {
      if (!known) {
        onDamage();
        const attributes = {
          file: path,
          damaged_bytes: damagedBytes + tailBytes,
          intact_batches: records.length,
          unsent_batches: left.length,
        };
        logger.error(
          recreate
            ? 'A segment is damaged. It is set aside with everything in it.'
            : 'A segment is damaged. It is set aside; the intact batches in it are sent.',
          attributes,
        );
      }
      const isOver = left.length === 0 || (recreate && !known);
      const target = isOver ? quarantinePath(path) : path.replace(/(\.damaged)?\.segment$/, '.damaged.segment');
      if (target !== path) {
        await this.#try('rename', name, async () => {
          await rename(path, target);
          segment.path = target;
        });
      }
      if (isOver) return;
    } else {
      if (tailBytes > 0) await this.#cutTail(path, bytes.length - tailBytes, tailBytes);
      if (left.length === 0) {
        await this.#try('unlink', name, () => unlink(path));
        await unlink(segment.ackPath).catch(() => {});
        return;
      }
    }
    space.usedBytes += segment.sizeBytes;
    this.#recover(segment, left);
  }

  #recover(segment: Segment, records: readonly FoundRecord[]): void {
    segment.live = records.length;
    for (const { sequence, at, end, items, requestAt } of records) {
      this.recovered.push(new StoredRecord(segment, sequence, at, end - at, items, end - requestAt));
    }
  }

  async #cutTail(path: string, sizeBytes: number, tailBytes: number): Promise<void> {
    this.#options.logger.warn('The last write before the end of an earlier run was not complete. It is cut off.', {
      file: path,
      cut_bytes: tailBytes,
    });
    await this.#try('truncate', path, () => truncate(path, sizeBytes));
  }

  async #try(what: string, name: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#options.logger.warn('Cleaning up the storage failed.', { operation: what, file: name, error: (error as Error).message });
    }
  }
}
