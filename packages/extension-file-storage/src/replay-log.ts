import { readdir, readFile, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Client, Signal } from '@millrace/api';
import { decodeClient } from './client-codec.ts';
import { DirectoryLock, ownerLock, replayLock } from './directory-lock.ts';
import { recordHeaderBytes } from './record.ts';
import { scanSegment } from './scan-segment.ts';
import { ackPath, readAcks, Segment } from './segment.ts';

/** A stored batch on its way out. */
export interface ReplayedBatch {
  readonly signal: Signal;
  readonly items: number;
  readonly client: Client;
  /** The encoded Export*ServiceRequest. */
  readonly request: Buffer;
}

/** What a replay did, in batches. */
export interface ReplayResult {
  readonly delivered: number;
  /** Refused for good, and kept. */
  readonly refused: number;
  /** Bytes in which no batch can be recognised. */
  readonly damagedBytes: number;
}

/**
 * Offers every batch of a log's directory, or of one of its segment files, that is not marked as delivered to `send`, oldest first, and marks it when `send`
 * resolves with true. With false it is kept, and the next one follows; when `send` rejects the replay ends with that error. A file of which everything is
 * delivered is deleted, unless it still grows. Rejects with `DirectoryInUse` while another replay runs, and for a queue that is in use; dead letters
 * may be replayed while their owner runs. Until it ends, a queue cannot be opened.
 */
export async function replayLog(path: string, send: (batch: ReplayedBatch) => Promise<boolean>): Promise<ReplayResult> {
  const isDirectory = (await stat(path)).isDirectory();
  const directory = isDirectory ? path : dirname(path);
  const segmentsOf = async (): Promise<string[]> =>
    (await readdir(directory)).filter((name) => /^\d{16}(\.damaged)?\.segment$/.test(name)).sort();
  const isChosen = (name: string): boolean => isDirectory || name === basename(path);
  // Nothing is written, not even a lock, where nothing is stored.
  if (!(await segmentsOf()).some(isChosen)) throw new Error(`${path} is neither the directory of a stored queue nor a segment file of one`);
  // The owner of dead letters only appends, to files of its own: it is not kept out.
  const lock = DirectoryLock.acquire(directory, directory.endsWith('_dead_letter') ? replayLock : ownerLock);
  const total = { delivered: 0, refused: 0, damagedBytes: 0 };
  try {
    const hasOwner = lock.name === replayLock && DirectoryLock.isHeld(directory, ownerLock);
    // Those before the lock was taken may be gone.
    const all = await segmentsOf();
    for (const name of all.filter(isChosen)) {
      const grows = hasOwner && name === all.at(-1);
      await replaySegment(directory, name, grows, send, total);
    }
  } finally {
    lock.release();
  }
  return total;
}

async function replaySegment(
  directory: string,
  name: string,
  grows: boolean,
  send: (batch: ReplayedBatch) => Promise<boolean>,
  total: { delivered: number; refused: number; damagedBytes: number },
): Promise<void> {
  const path = join(directory, name);
  const first = Number(name.slice(0, 16));
  const bytes = await readFile(path);
  const { state, records, damagedBytes, tailBytes, torn } = scanSegment(bytes);
  if (state === 'newer') throw new Error(`${path} was written by a newer version`);
  const { acked, entries } = await readAcks(ackPath(directory, first), first);
  const segment = new Segment(directory, name, first, bytes.length, entries);
  let left = 0;
  try {
    for (const { signal, items, sequence, at, requestAt, end } of records) {
      if (acked.has(sequence)) continue;
      const client = decodeClient(bytes, at + recordHeaderBytes, requestAt);
      left++;
      if (!(await send({ signal, items, client, request: bytes.subarray(requestAt, end) }))) {
        total.refused++;
        continue;
      }
      left--;
      total.delivered++;
      segment.ack(sequence);
    }
  } finally {
    await segment.close();
  }
  // A tail may be a write that is under way, or was when its writer died.
  const damaged = damagedBytes + (torn ? 0 : tailBytes);
  total.damagedBytes += damaged;
  if (left > 0 || grows || damaged > 0) return;
  await unlink(path);
  await unlink(segment.ackPath).catch(() => {});
}
