import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { MetricMetadata } from '@millrace/api';
import { Compactor } from './compactor.ts';
import { inTransaction, isDamage, isFull, lock, openForWriting, setAside } from './database.ts';
import type { SetAside } from './database.ts';
import { ItemLog } from './item-log.ts';
import { PointBlock } from './point-block.ts';
import { Purge } from './purge.ts';
import { Reserve } from './reserve.ts';
import { SeriesIndex } from './series-index.ts';
import type { NewSeries } from './series-index.ts';
import type { ItemSignal, WriteOptions } from './write-options.ts';

/** An exemplar of a series by its handle. */
export interface NewExemplar {
  readonly handle: number;
  readonly timestampMs: number;
  readonly value: number;
  /** A JSON list of names and values by turns. */
  readonly labels: string;
}

/** What is written at once. */
export interface Append {
  /** A `PointBlock` whose series are handles. */
  readonly points?: Uint8Array<ArrayBuffer>;
  readonly series?: readonly NewSeries[];
  readonly exemplars?: readonly NewExemplar[];
  readonly metadata?: readonly (MetricMetadata & { readonly name: string })[];
  /** An encoded request of spans or log records. */
  readonly items?: { readonly signal: ItemSignal; readonly bytes: Uint8Array<ArrayBuffer>; readonly count: number };
}

/** What was known of the handles to which a transaction gave an id. */
type Named = Map<number, { readonly id: number | undefined; readonly announced: NewSeries | undefined }>;

/** How many points, or blocks of them, are worth compacting at once. */
const compactPoints = 500_000;
const compactBlocks = 4_000;

/** Points wait at most so long for being compacted. */
const compactAfterMs = 5 * 60_000;

/** A commit that finds no space is tried again so often, after more and more was deleted. */
const maxAttempts = 8;

/** There is no space and nothing left to delete. */
export class StoreFull extends Error {
  override readonly name = 'StoreFull';
}

/** The file was damaged and set aside; series have to be announced again. */
export class StoreReplaced extends Error {
  override readonly name = 'StoreReplaced';
}

/** Writes the database. One for each file; another process, or another one in this process, is refused. Synchronous: it belongs into a thread of its own. */
export class Writer {
  readonly #options: WriteOptions;
  readonly #lock: DatabaseSync;
  readonly #reserve: Reserve;
  readonly #report: (setAside: SetAside) => void;
  #database!: DatabaseSync;
  #series!: SeriesIndex;
  #compactor!: Compactor;
  #purge!: Purge;
  #items!: ItemLog;
  #insertBlock!: StatementSync;
  #insertExemplar!: StatementSync;
  #insertMetadata!: StatementSync;
  #compaction: Generator<void, void> | undefined;
  /** By handle; 0 while it has no id. */
  readonly #ids: number[] = [];
  /** Handles whose series is not committed yet. */
  readonly #announced = new Map<number, NewSeries>();
  #pendingPoints = 0;
  #pendingBlocks = 0;
  #compactedMs: number;
  /** Attempts of the compaction that found no space. */
  #failures = 0;
  #nowMs: number;

  /** `report` is told of a file that had to be set aside. */
  constructor(options: WriteOptions, nowMs: number, report: (setAside: SetAside) => void) {
    this.#options = options;
    this.#nowMs = this.#compactedMs = nowMs;
    this.#report = report;
    this.#reserve = new Reserve(options.file);
    this.#lock = lock(options.file);
    try {
      this.#open();
    } catch (error) {
      this.#lock.close();
      throw error;
    }
  }

  /**
   * Writes all of it or, when it throws, nothing; but the series of a single append, or of several that find no space, stay announced. Throws a
   * `StoreFull` when there is no space.
   */
  commit(appends: readonly Append[]): void {
    for (let attempt = 0; ; attempt++) {
      try {
        return this.#write(appends);
      } catch (error) {
        if (appends.length === 1 || isFull(error)) this.#remember(appends);
        if (isDamage(error)) {
          this.#startAfresh(error as Error);
          throw new StoreReplaced('the file of history is damaged; a new one was begun', { cause: error });
        }
        if (!isFull(error)) throw error;
        if (attempt === maxAttempts || !this.#makeRoom(attempt))
          throw new StoreFull('there is no space left for history', { cause: error });
      }
    }
  }

  /** Whether `work` has something to do. */
  get hasWork(): boolean {
    return this.#compaction !== undefined || this.#pendingPoints >= compactPoints || this.#pendingBlocks >= compactBlocks;
  }

  /** Does a small part of what is to be done; true when there is more of it. */
  work(): boolean {
    if (this.#compaction === undefined) {
      if (!this.hasWork) return false;
      this.#beginCompaction();
    }
    try {
      if (this.#compaction!.next().done === true) {
        this.#compaction = undefined;
        this.#failures = 0;
        this.#count();
      }
    } catch (error) {
      this.#compaction = undefined;
      if (isDamage(error)) this.#startAfresh(error as Error);
      else if (!isFull(error)) throw error;
      else if (this.#failures < maxAttempts && this.#makeRoom(this.#failures++)) this.#compaction = this.#compactor.run();
      else {
        // The blocks stay until the next time.
        this.#pendingPoints = 0;
        this.#pendingBlocks = 1;
      }
    }
    return this.hasWork;
  }

  /** As time passes: compacts what has waited long, deletes what is too old or too much. Then there may be `work`. */
  maintain(nowMs: number): void {
    this.#nowMs = nowMs;
    try {
      if (this.#compaction === undefined && this.#pendingBlocks > 0 && nowMs - this.#compactedMs >= compactAfterMs) this.#beginCompaction();
      this.#purge.run(nowMs, this.#ids);
      this.#reserve.keep(this.#database);
    } catch (error) {
      if (isDamage(error)) this.#startAfresh(error as Error);
      else if (!isFull(error)) throw error;
    }
  }

  /** Compacts everything now. */
  compact(): void {
    do {
      this.#beginCompaction();
      while (this.#compaction !== undefined) this.work();
      // Where there is no space for it, one block is said to wait.
    } while (this.#pendingPoints > 0);
  }

  /** Gives all free space back to the file system. */
  vacuum(): void {
    this.compact();
    this.#database.exec('vacuum; pragma wal_checkpoint(truncate)');
  }

  close(): void {
    this.#database.close();
    this.#lock.close();
  }

  #open(): void {
    const { file, fsync } = this.#options;
    const { database, setAside: aside } = openForWriting(file, fsync, this.#nowMs);
    this.#use(database);
    if (aside !== undefined) this.#report(aside);
  }

  #use(database: DatabaseSync): void {
    this.#database = database;
    this.#series = new SeriesIndex(database);
    this.#compactor = new Compactor(database);
    this.#items = new ItemLog(database, this.#options.items);
    this.#purge = new Purge(database, this.#options, this.#compactor, this.#items);
    this.#insertBlock = database.prepare('insert into blocks(start_ms, end_ms, points, bytes) values (?, ?, ?, ?)');
    this.#insertExemplar = database.prepare('insert into exemplars(series, time_ms, value, labels) values (?, ?, ?, ?)');
    this.#insertMetadata = database.prepare('insert or replace into metadata(name, type, help, unit) values (?, ?, ?, ?)');
    this.#count();
    this.#reserve.keep(this.#database);
  }

  /** Counts what waits for being compacted. */
  #count(): void {
    const counted = this.#database.prepare('select count(*) as blocks, sum(points) as points from blocks').get();
    const { blocks, points } = counted as { blocks: number; points: number | null };
    this.#pendingBlocks = blocks;
    this.#pendingPoints = points ?? 0;
  }

  #write(appends: readonly Append[]): void {
    let points = 0;
    let blocks = 0;
    const named: Named = new Map();
    try {
      inTransaction(this.#database, () => {
        for (const append of appends) {
          for (const series of append.series ?? []) this.#name(series, named);
          for (const { name, type, help, unit } of append.metadata ?? []) this.#insertMetadata.run(name, type, help, unit);
          if (append.points !== undefined) {
            points += this.#writePoints(append.points, named);
            blocks++;
          }
          for (const { handle, timestampMs, value, labels } of append.exemplars ?? []) {
            this.#insertExemplar.run(this.#idOf(handle, named), timestampMs, value, labels);
          }
          if (append.items !== undefined) this.#items.append(append.items.signal, append.items.bytes, append.items.count);
        }
      });
    } catch (error) {
      for (const [handle, { id, announced }] of named) {
        this.#ids[handle] = id ?? 0;
        if (announced !== undefined) this.#announced.set(handle, announced);
      }
      this.#series.forget();
      throw error;
    }
    for (const handle of named.keys()) this.#announced.delete(handle);
    this.#pendingPoints += points;
    this.#pendingBlocks += blocks;
  }

  /** Writes a block with ids in place of handles. The block given stays as it is, so that it can be written again. */
  #writePoints(bytes: Uint8Array<ArrayBuffer>, named: Named): number {
    const copy = bytes.slice();
    const block = new PointBlock(copy);
    if (block.size === 0) return 0;
    let start = Infinity;
    let end = -Infinity;
    const { times } = block;
    for (let i = 0; i < block.size; i++) {
      block.renumber(i, this.#idOf(block.seriesOf(i), named));
      const timeMs = times[i]!;
      if (timeMs < start) start = timeMs;
      if (timeMs > end) end = timeMs;
    }
    this.#insertBlock.run(start, end, block.size, copy);
    return block.size;
  }

  #idOf(handle: number, named: Named): number {
    const id = this.#ids[handle];
    if (id !== undefined && id !== 0) return id;
    const announced = this.#announced.get(handle);
    if (announced === undefined) throw new Error(`series ${handle} was never announced`);
    return this.#name(announced, named);
  }

  #name(series: NewSeries, named: Named): number {
    const { handle } = series;
    if (!named.has(handle)) named.set(handle, { id: this.#ids[handle], announced: this.#announced.get(handle) });
    return (this.#ids[handle] = this.#series.idOf(series));
  }

  /** Series that could not be written are written with their next points. */
  #remember(appends: readonly Append[]): void {
    for (const { series } of appends) {
      for (const announced of series ?? []) {
        this.#announced.set(announced.handle, announced);
        this.#ids[announced.handle] = 0;
      }
    }
  }

  #beginCompaction(): void {
    this.#pendingPoints = this.#pendingBlocks = 0;
    this.#compactedMs = this.#nowMs;
    this.#failures = 0;
    this.#compaction = this.#compactor.run();
  }

  /** Tries harder with every attempt; false when there is nothing left to delete. */
  #makeRoom(attempt: number): boolean {
    try {
      if (attempt > 0) this.#reserve.free();
      this.#compaction = undefined;
      this.#database.exec('pragma wal_checkpoint(truncate)');
      if (attempt === 0) return true;
      const found = this.#purge.makeRoom();
      this.#database.exec('pragma wal_checkpoint(truncate)');
      return found;
    } catch (error) {
      if (isFull(error)) return true;
      throw error;
    }
  }

  /** Begins a new file in place of a damaged one. */
  #startAfresh(error: Error): void {
    this.#compaction = undefined;
    this.#ids.length = 0;
    this.#announced.clear();
    this.#database.close();
    setAside(this.#options.file, this.#nowMs);
    this.#open();
    this.#report({ path: this.#options.file, reason: error.message });
  }
}
