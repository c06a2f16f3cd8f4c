import { existsSync } from 'node:fs';
import { open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Batch, type BatchLog, type BufferPool, createBatch, type Logger, PipelineError, type StoredBatch } from '@millrace/api';
import { decodeClient, encodeClient } from './client-codec.ts';
import { readRecord, recordHeaderBytes, segmentHeaderBytes, writeRecordHeader, writeSegmentHeader } from './record.ts';
import { quarantinePath, Segment, segmentName } from './segment.ts';
import { StoredRecord } from './stored-record.ts';

/** Bytes of all logs of a storage, and how many there may be. */
export interface StorageSpace {
  readonly maxBytes: number;
  usedBytes: number;
}

/** What a `FileLog` is made of. */
export interface FileLogOptions {
  readonly directory: string;
  readonly pool: BufferPool;
  readonly logger: Logger;
  /** Whether `append` waits until the device has the data. */
  readonly fsync: boolean;
  /** A segment is closed when it would grow beyond this. */
  readonly segmentBytes: number;
  readonly space: StorageSpace;
  /** Called once for each segment that turns out to be damaged. */
  readonly onDamage: () => void;
  readonly nextSequence: number;
  /** Segments of earlier runs that the owner does not read: others delete them. */
  readonly kept: readonly Segment[];
  /** Records that earlier runs left, oldest first. */
  readonly recovered: readonly StoredRecord[];
  /** Called at the end. */
  readonly onClose: () => void;
}

/** A batch whose sender waits until it is written. */
interface Pending {
  readonly batch: Batch;
  readonly client: Buffer;
  readonly recordBytes: number;
  readonly resolve: (stored: StoredBatch) => void;
  readonly reject: (error: PipelineError) => void;
}

/** What is written at a time. */
const groupRecords = 128;
const groupBytes = 4 * 1024 * 1024;
/** How often a full storage looks for files that others deleted. */
const lookAgainMs = 1_000;

const storageFull: PipelineError = new PipelineError('storage is full', { kind: 'retryable' });
const tooLarge: PipelineError = new PipelineError('element size too large', { kind: 'permanent' });
const logClosed: PipelineError = new PipelineError('storage is closed', { kind: 'retryable' });

const done: Promise<void> = Promise.resolve();

/**
 * A log of segment files. Batches that arrive together are written, and synced, together. A segment is deleted when all of its records are
 * acknowledged; acknowledgements before that are appended to a file beside it.
 */
export class FileLog implements BatchLog {
  readonly recovered: readonly StoredBatch[];
  readonly #options: FileLogOptions;
  readonly #headers: Buffer = Buffer.alloc(segmentHeaderBytes + groupRecords * recordHeaderBytes);
  /** Every segment with records that are not acknowledged, and the active one. */
  readonly #segments = new Set<Segment>();
  readonly #removals = new Set<Promise<void>>();
  #pending: Pending[] = [];
  #active: Segment | undefined;
  #nextSequence: number;
  #acksFail = false;
  #lookedAtMs = 0;
  #writing: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: FileLogOptions) {
    this.#options = options;
    this.recovered = options.recovered;
    this.#nextSequence = options.nextSequence;
    for (const { segment } of options.recovered) this.#segments.add(segment);
    for (const segment of options.kept) this.#segments.add(segment);
  }

  append(batch: Batch): Promise<StoredBatch> {
    const { space } = this.#options;
    if (this.#closing !== undefined) return Promise.reject(logClosed);
    const client = encodeClient(batch.client);
    const recordBytes = recordHeaderBytes + client.length + batch.sizeBytes;
    if (recordBytes + segmentHeaderBytes > space.maxBytes) return Promise.reject(tooLarge);
    if (space.usedBytes + recordBytes > space.maxBytes) {
      this.#makeRoom();
      if (space.usedBytes + recordBytes > space.maxBytes) return Promise.reject(storageFull);
    }
    space.usedBytes += recordBytes;
    return new Promise((resolve, reject) => {
      this.#pending.push({ batch, client, recordBytes, resolve, reject });
      this.#writing ??= this.#write();
    });
  }

  /** Finds space that nobody needs any more. */
  #makeRoom(): void {
    if (this.#active?.live === 0 && this.#writing === undefined) this.#seal(this.#active);
    const nowMs = Date.now();
    if (nowMs - this.#lookedAtMs < lookAgainMs) return;
    this.#lookedAtMs = nowMs;
    // Dead letters that were replayed are gone.
    for (const segment of this.#segments) {
      if (segment === this.#active || existsSync(segment.path)) continue;
      this.#segments.delete(segment);
      this.#options.space.usedBytes -= segment.sizeBytes;
    }
  }

  async read(stored: StoredBatch): Promise<Batch> {
    const { segment, at, recordBytes, sequence } = stored as StoredRecord;
    const lease = this.#options.pool.lease(recordBytes);
    try {
      const reader = await segment.reader();
      const { bytesRead } = await reader.read(lease.buffer, 0, recordBytes, at);
      const bytes = lease.buffer.subarray(0, bytesRead);
      const record = readRecord(bytes, 0);
      if (record?.sequence === sequence && record.end === recordBytes) {
        const client = decodeClient(bytes, recordHeaderBytes, record.requestAt);
        return createBatch(record.signal, lease, record.requestAt, record.end, record.items, client);
      }
    } catch (error) {
      lease.release();
      throw new PipelineError(`reading ${segment.path}: ${(error as Error).message}`, { kind: 'retryable', cause: error });
    }
    lease.release();
    if (!segment.damaged) {
      segment.damaged = true;
      this.#options.onDamage();
    }
    throw new PipelineError(`${segment.path}: the record at byte ${at} is damaged`, { kind: 'permanent' });
  }

  acknowledge(stored: StoredBatch): Promise<void> {
    const { segment, sequence } = stored as StoredRecord;
    segment.live--;
    if (segment.live === 0 && segment.sealed) return this.#remove(segment);
    try {
      segment.ack(sequence);
      this.#acksFail = false;
    } catch (error) {
      // Said once, until it works again.
      if (!this.#acksFail)
        this.#options.logger.warn('Writing acknowledgements failed: a restart would send some data again.', {
          error: (error as Error).message,
        });
      this.#acksFail = true;
    }
    return done;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#writing;
    if (this.#active !== undefined) this.#seal(this.#active);
    await Promise.all(this.#removals);
    await Promise.all([...this.#segments].map((segment) => segment.close()));
    this.#options.onClose();
  }

  async #write(): Promise<void> {
    // What arrives in this round of the event loop is written together.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#pending.length > 0) {
      const group = this.#takeGroup();
      try {
        await this.#writeGroup(group);
      } catch (error) {
        const failure = new PipelineError(`writing to the storage failed: ${(error as Error).message}`, {
          kind: 'retryable',
          cause: error,
        });
        for (const { recordBytes, reject } of group) {
          this.#options.space.usedBytes -= recordBytes;
          reject(failure);
        }
      }
    }
    this.#writing = undefined;
  }

  #takeGroup(): Pending[] {
    let bytes = 0;
    let count = 0;
    while (count < this.#pending.length && count < groupRecords && bytes < groupBytes) bytes += this.#pending[count++]!.recordBytes;
    if (count < this.#pending.length) return this.#pending.splice(0, count);
    const group = this.#pending;
    this.#pending = [];
    return group;
  }

  async #writeGroup(group: readonly Pending[]): Promise<void> {
    const { fsync, segmentBytes, space } = this.#options;
    let total = 0;
    for (const { recordBytes } of group) total += recordBytes;
    if (this.#active !== undefined && this.#active.sizeBytes + total > segmentBytes) this.#seal(this.#active);
    const firstSequence = this.#nextSequence;
    this.#nextSequence += group.length;
    const segment = this.#active ?? (await this.#createSegment(firstSequence));
    const buffers = this.#encode(group, firstSequence, segment.sizeBytes === 0);
    const start = segment.sizeBytes === 0 ? segmentHeaderBytes : segment.sizeBytes;
    try {
      const { bytesWritten } = await segment.writer!.writev(buffers, segment.sizeBytes);
      const end = start + total;
      if (bytesWritten !== end - segment.sizeBytes) throw new Error('no space left');
      if (fsync) {
        await segment.writer!.datasync();
        if (segment.sizeBytes === 0) await syncDirectory(dirname(segment.path));
      }
    } catch (error) {
      await this.#abandon(segment);
      throw error;
    }
    if (segment.sizeBytes === 0) space.usedBytes += segmentHeaderBytes;
    this.#active = segment;
    this.#segments.add(segment);
    segment.sizeBytes = start + total;
    segment.live += group.length;
    let at = start;
    for (let i = 0; i < group.length; i++) {
      const { batch, recordBytes, resolve } = group[i]!;
      resolve(new StoredRecord(segment, firstSequence + i, at, recordBytes, batch.items, batch.sizeBytes));
      at += recordBytes;
    }
  }

  #encode(group: readonly Pending[], firstSequence: number, isFirst: boolean): Buffer[] {
    const buffers: Buffer[] = [];
    let at = segmentHeaderBytes;
    if (isFirst) {
      writeSegmentHeader(this.#headers, firstSequence);
      buffers.push(this.#headers.subarray(0, segmentHeaderBytes));
    }
    for (let i = 0; i < group.length; i++) {
      const { batch, client } = group[i]!;
      const { signal, items, bytes } = batch;
      writeRecordHeader(this.#headers, at, { sequence: firstSequence + i, signal, items }, client, bytes);
      buffers.push(this.#headers.subarray(at, at + recordHeaderBytes));
      if (client.length > 0) buffers.push(client);
      if (bytes.length > 0) buffers.push(bytes);
      at += recordHeaderBytes;
    }
    return buffers;
  }

  async #createSegment(firstSequence: number): Promise<Segment> {
    const segment = new Segment(this.#options.directory, `${segmentName(firstSequence)}.segment`, firstSequence, 0, 0);
    segment.writer = await open(segment.path, 'wx', 0o640);
    return segment;
  }

  /** After a failed write: takes it back as far as that is possible, and goes on with another segment. */
  async #abandon(segment: Segment): Promise<void> {
    if (segment.sizeBytes === 0) {
      await unlink(segment.path).catch(() => {});
      await segment.close().catch(() => {});
      return;
    }
    await segment.writer!.truncate(segment.sizeBytes).catch(() => {});
    this.#seal(segment);
  }

  #seal(segment: Segment): void {
    segment.sealed = true;
    if (this.#active === segment) this.#active = undefined;
    if (segment.live === 0) {
      void this.#remove(segment);
      return;
    }
    const { writer } = segment;
    segment.writer = undefined;
    void this.#track(writer?.close());
  }

  /** Deletes a segment whose records are all acknowledged; a damaged one is set aside. */
  #remove(segment: Segment): Promise<void> {
    this.#segments.delete(segment);
    this.#options.space.usedBytes -= segment.sizeBytes;
    return this.#track(this.#removeFiles(segment));
  }

  async #removeFiles(segment: Segment): Promise<void> {
    try {
      await (segment.damaged ? rename(segment.path, quarantinePath(segment.path)) : unlink(segment.path));
    } finally {
      await segment.close();
    }
    await unlink(segment.ackPath).catch(() => {});
  }

  /** Lets `close` wait for it; what goes wrong is logged. */
  #track(work: Promise<void> | undefined): Promise<void> {
    const tracked = Promise.resolve(work)
      .catch((error: unknown) => this.#options.logger.warn('Deleting from the storage failed.', { error: (error as Error).message }))
      .finally(() => this.#removals.delete(tracked));
    this.#removals.add(tracked);
    return tracked;
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
