import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Compactor } from './compactor.ts';
import { inTransaction } from './database.ts';
import type { ItemLog } from './item-log.ts';
import { PointBlock } from './point-block.ts';
import { tiers } from './tiers.ts';
import type { WriteOptions } from './write-options.ts';

/** Chunks that one transaction deletes, and transactions of one run. */
const chunksPerStep = 500;
const stepsPerRun = 40;

/** Series are looked through for those without samples so often. */
const seriesEveryMs = 60 * 60_000;

/** More exemplars than this are not kept. */
const maxExemplars = 100_000;

/** When there is too much, some more is deleted, so that it is not too much again at once. */
const comfort = 0.95;

interface OldChunk {
  readonly id: number;
  readonly series: number;
  readonly before: number | null;
  readonly open: number;
  readonly bytes: Uint8Array;
  readonly spans: Uint8Array | null;
}

/** Deletes what is too old or too much. */
export class Purge {
  readonly #database: DatabaseSync;
  readonly #options: WriteOptions;
  readonly #compactor: Compactor;
  readonly #items: ItemLog;
  readonly #old: StatementSync;
  readonly #oldest: StatementSync;
  readonly #oldestBlocks: StatementSync;
  readonly #delete: StatementSync;
  #seriesMs = Number.NaN;

  constructor(database: DatabaseSync, options: WriteOptions, compactor: Compactor, items: ItemLog) {
    this.#database = database;
    this.#options = options;
    this.#compactor = compactor;
    this.#items = items;
    this.#old = database.prepare('select id, series, before, open, bytes, spans from chunks where tier = ? and end_ms < ? limit ?');
    this.#oldest = database.prepare('delete from chunks where id in (select id from chunks where tier = ? order by end_ms limit ?)');
    this.#oldestBlocks = database.prepare(
      'delete from blocks where id in (select id from blocks order by id limit 1 + (select count(*) from blocks) / 10)',
    );
    this.#delete = database.prepare('delete from chunks where id = ?');
  }

  /** Deletes what is older than it may be, a bounded part in each run, and the oldest when all of it is too much. `live`: series that may get samples. */
  run(nowMs: number, live: readonly number[]): void {
    tiers.forEach((_, tier) => this.#deleteBefore(tier, nowMs - this.#options.retentionMs[tier]!));
    this.#items.purge(nowMs);
    this.#database.prepare('delete from exemplars where time_ms < ?').run(nowMs - this.#options.retentionMs[0]!);
    this.#database.prepare('delete from exemplars where rowid <= (select max(rowid) from exemplars) - ?').run(maxExemplars);
    if (Number.isNaN(this.#seriesMs)) this.#seriesMs = nowMs;
    if (nowMs - this.#seriesMs >= seriesEveryMs) {
      this.#seriesMs = nowMs;
      this.#deleteSeries(live);
    }
    for (let step = 0; step < stepsPerRun && this.usedBytes > this.#options.maxSizeBytes * (step === 0 ? 1 : comfort); step++) {
      if (!this.#deleteOldest(chunksPerStep)) break;
    }
  }

  /** Deletes about a tenth of the finest resolution that there is, the oldest first; false when there is nothing left at all. */
  makeRoom(): boolean {
    const { chunks } = this.#database.prepare('select count(*) as chunks from chunks').get() as { chunks: number };
    return this.#deleteOldest(Math.max(10, Math.ceil(chunks / 10)));
  }

  /** What the file holds, free pages not counted. */
  get usedBytes(): number {
    const value = (pragma: string): number => Object.values(this.#database.prepare(`pragma ${pragma}`).get()!)[0] as number;
    return (value('page_count') - value('freelist_count')) * value('page_size');
  }

  #deleteBefore(tier: number, beforeMs: number): void {
    for (let step = 0; step < stepsPerRun; step++) {
      const rows = this.#old.all(tier, beforeMs, chunksPerStep) as unknown as OldChunk[];
      if (rows.length === 0) return;
      inTransaction(this.#database, () => {
        for (const row of rows) {
          if (row.open === 1) this.#compactor.close(row.series, tier, row);
          this.#delete.run(row.id);
        }
      });
    }
  }

  /** The finest resolution first, then traces and logs, and points that are not compacted at last. */
  #deleteOldest(limit: number): boolean {
    for (let tier = 0; tier < tiers.length; tier++) {
      let deleted = 0;
      while (deleted < limit) {
        const changes = Number(this.#oldest.run(tier, Math.min(limit - deleted, chunksPerStep)).changes);
        if (changes === 0) break;
        deleted += changes;
      }
      if (deleted > 0) return true;
    }
    return this.#items.deleteOldest() || Number(this.#oldestBlocks.run().changes) > 0;
  }

  /** Deletes series without samples. */
  #deleteSeries(live: readonly number[]): void {
    const used = new Set(live);
    for (const { bytes } of this.#database.prepare('select bytes from blocks').iterate() as Iterable<{ bytes: Uint8Array<ArrayBuffer> }>) {
      const block = new PointBlock(bytes);
      for (let i = 0; i < block.size; i++) used.add(block.seriesOf(i));
    }
    const empty = this.#database
      .prepare('select id, labels from series where not exists (select 1 from chunks where chunks.series = series.id)')
      .all() as { id: number; labels: string }[];
    const gone = empty.filter(({ id }) => !used.has(id));
    const unpost = this.#database.prepare(
      'delete from postings where series = ? and pair = (select id from pairs where name = ? and value = ?)',
    );
    const remove = this.#database.prepare('delete from series where id = ?');
    for (let from = 0; from < gone.length; from += chunksPerStep) {
      inTransaction(this.#database, () => {
        for (const { id, labels } of gone.slice(from, from + chunksPerStep)) {
          const flat = JSON.parse(labels) as string[];
          for (let i = 0; i < flat.length; i += 2) unpost.run(id, flat[i]!, flat[i + 1]!);
          remove.run(id);
        }
      });
    }
  }
}
