import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { decodeRollup, decodeSamples, encodeSamples, encodeSpans } from './chunk.ts';
import { inTransaction } from './database.ts';
import { PointBlock } from './point-block.ts';
import { rollUp, rollUpSamples, seriesKinds, sliceRollup } from './rollup.ts';
import type { Rollup, SeriesKind } from './rollup.ts';
import { copyValue, lastNumber, mergeSamples, slice, sortSamples, wordsOf } from './samples.ts';
import type { Samples } from './samples.ts';
import { maxChunkSamples, tiers } from './tiers.ts';

/** What one transaction deals with: others get their turn in between. */
const seriesPerStep = 1000;
const pointsPerStep = 50_000;

/** What is read at once: more points than these are for the next run. */
const pointsPerRun = 1_000_000;

interface ChunkRow {
  readonly id: number;
  readonly before: number | null;
  readonly bytes: Uint8Array;
  /** Of a rollup. */
  readonly spans: Uint8Array | null;
}

/**
 * Makes chunks of blocks: the points of each series, joined with its open chunk. A chunk that is full is closed, and what is closed is rolled up
 * into the open chunk of the next tier. Works in steps, each of them a transaction that notes how far it came, so that after a crash nothing is
 * done twice; the blocks go at the end, and until then a reader finds some samples twice.
 */
export class Compactor {
  readonly #database: DatabaseSync;
  readonly #open: StatementSync;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #delete: StatementSync;
  readonly #kind: StatementSync;
  readonly #last: StatementSync;
  readonly #note: StatementSync;
  readonly #noted: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#open = database.prepare('select id, before, bytes, spans from chunks where series = ? and tier = ? and open = 1');
    this.#insert = database.prepare(
      'insert into chunks(series, tier, start_ms, end_ms, size, open, before, bytes, spans) values (?, ?, ?, ?, ?, ?, ?, ?, ?)',
    );
    this.#update = database.prepare(
      'update chunks set start_ms = ?, end_ms = ?, size = ?, open = ?, before = ?, bytes = ?, spans = ? where id = ?',
    );
    this.#delete = database.prepare('delete from chunks where id = ?');
    this.#kind = database.prepare('select kind from series where id = ?');
    this.#last = database.prepare('select bytes from chunks where series = ? and tier = 0 and start_ms < ? order by start_ms desc limit 1');
    this.#note = database.prepare('insert or replace into meta(key, value) values (?, ?)');
    this.#noted = database.prepare('select value from meta where key = ?');
  }

  /** Compacts the oldest blocks, usually all that there are; yields between its transactions. */
  *run(): Generator<void, void> {
    const last = this.#read('compact_until') ?? this.#lastBlock();
    if (last === undefined) return;
    const from = this.#read('compact_from') ?? 0;
    const bySeries = this.#load(last);
    const ids = [...bySeries.keys()].filter((id) => id >= from).toSorted((a, b) => a - b);
    for (let at = 0; at < ids.length;) {
      inTransaction(this.#database, () => {
        const end = Math.min(ids.length, at + seriesPerStep);
        for (let points = 0; at < end && points < pointsPerStep; at++) {
          const samples = bySeries.get(ids[at]!)!();
          points += samples.times.length;
          this.#add(ids[at]!, sortSamples(samples));
        }
        this.#note.run('compact_until', last);
        this.#note.run('compact_from', ids[at - 1]! + 1);
      });
      yield;
    }
    inTransaction(this.#database, () => {
      this.#database.prepare('delete from blocks where id <= ?').run(last);
      this.#database.exec("delete from meta where key in ('compact_until', 'compact_from')");
    });
  }

  /** Closes an open chunk that is about to be deleted, so that the next tier has what is in it. Inside a transaction. */
  close(series: number, tier: number, { bytes, spans, before }: Omit<ChunkRow, 'id'>): void {
    if (tier + 1 >= tiers.length) return;
    if (tier === 0) this.#rollUpSamples(series, decodeSamples(bytes), before ?? Number.NaN);
    else this.#addRollup(series, tier + 1, decodeRollup(bytes, spans!));
  }

  #lastBlock(): number | undefined {
    let last: number | undefined;
    let points = 0;
    for (const row of this.#database.prepare('select id, points from blocks order by id').iterate() as Iterable<{
      id: number;
      points: number;
    }>) {
      last = row.id;
      points += row.points;
      if (points >= pointsPerRun) break;
    }
    return last;
  }

  #read(key: string): number | undefined {
    return (this.#noted.get(key) as { value: number } | undefined)?.value;
  }

  /** By series: makes its samples, in the order in which they came. */
  #load(last: number): Map<number, () => Samples> {
    const rows = this.#database.prepare('select bytes from blocks where id <= ? order by id').all(last) as unknown as {
      bytes: Uint8Array<ArrayBuffer>;
    }[];
    const blocks = rows.map(({ bytes }) => new PointBlock(bytes));
    const sizes = new Map<number, number>();
    for (const block of blocks) {
      for (let i = 0; i < block.size; i++) {
        const id = block.seriesOf(i);
        sizes.set(id, (sizes.get(id) ?? 0) + 1);
      }
    }
    // Where the points of each series lie: the number of the block and of the point.
    const places = new Map<number, { at: Uint32Array; size: number }>();
    for (const [id, size] of sizes) places.set(id, { at: new Uint32Array(size * 2), size: 0 });
    blocks.forEach((block, number) => {
      for (let i = 0; i < block.size; i++) {
        const place = places.get(block.seriesOf(i))!;
        place.at[place.size * 2] = number;
        place.at[place.size * 2 + 1] = i;
        place.size++;
      }
    });
    const words = blocks.map(({ values }) => wordsOf(values));
    const samplesOf = ({ at, size }: { at: Uint32Array; size: number }): Samples => {
      const times = new Float64Array(size);
      const values = new Float64Array(size);
      const to = wordsOf(values);
      let histograms: (Uint8Array | undefined)[] | undefined;
      for (let i = 0; i < size; i++) {
        const number = at[i * 2]!;
        const point = at[i * 2 + 1]!;
        const block = blocks[number]!;
        times[i] = block.times[point]!;
        const histogram = block.histogram(point);
        if (histogram === undefined) copyValue(words[number]!, point, to, i);
        else (histograms ??= Array.from({ length: size }, () => undefined))[i] = histogram;
      }
      return { times, values, histograms };
    };
    return new Map([...places].map(([id, place]) => [id, () => samplesOf(place)]));
  }

  /** Adds samples to the open chunk of a series. */
  #add(series: number, added: Samples): void {
    const row = this.#open.get(series, 0) as ChunkRow | undefined;
    const samples = row === undefined ? added : mergeSamples(decodeSamples(row.bytes), added);
    const first = row === undefined ? this.#numberBefore(series, added.times[0]!) : (row.before ?? Number.NaN);
    const { times } = samples;
    const size = times.length;
    const isFull = size >= maxChunkSamples || times[size - 1]! - times[0]! >= tiers[0]!.maxSpanMs;
    if (!isFull) return this.#write(row?.id, series, 0, samples, 1, first);
    if (row !== undefined) this.#delete.run(row.id);
    let before = first;
    for (let from = 0; from < size; from += maxChunkSamples) {
      const piece = slice(samples, from, Math.min(size, from + maxChunkSamples));
      this.#write(undefined, series, 0, piece, 0, before);
      before = lastNumber(piece, before);
    }
    this.#rollUpSamples(series, samples, first);
  }

  /** The last number of the chunk before a time, from which a counter grew; NaN when there is none. */
  #numberBefore(series: number, timeMs: number): number {
    if (this.#kindOf(series) !== seriesKinds.counter) return Number.NaN;
    const row = this.#last.get(series, timeMs) as { bytes: Uint8Array } | undefined;
    return row === undefined ? Number.NaN : lastNumber(decodeSamples(row.bytes), Number.NaN);
  }

  #kindOf(series: number): SeriesKind {
    return ((this.#kind.get(series) as { kind: number } | undefined)?.kind ?? seriesKinds.gauge) as SeriesKind;
  }

  #rollUpSamples(series: number, samples: Samples, before: number): void {
    this.#addRollup(series, 1, rollUpSamples(samples, tiers[1]!.stepMs, this.#kindOf(series), before));
  }

  /** Adds spans of a finer tier to the open chunk of a series. */
  #addRollup(series: number, tier: number, added: Rollup): void {
    const { stepMs, maxSpanMs } = tiers[tier]!;
    const row = this.#open.get(series, tier) as ChunkRow | undefined;
    const rollup = rollUp(row === undefined ? [added] : [decodeRollup(row.bytes, row.spans!), added], stepMs);
    const { times } = rollup;
    const size = times.length;
    const isFull = size >= maxChunkSamples || times[size - 1]! - times[0]! >= maxSpanMs;
    if (!isFull) return this.#write(row?.id, series, tier, rollup, 1, Number.NaN);
    if (row !== undefined) this.#delete.run(row.id);
    for (let from = 0; from < size; from += maxChunkSamples) {
      const piece = sliceRollup(rollup, from, Math.min(size, from + maxChunkSamples));
      this.#write(undefined, series, tier, piece, 0, Number.NaN);
    }
    if (tier + 1 < tiers.length) this.#addRollup(series, tier + 1, rollup);
  }

  #write(id: number | undefined, series: number, tier: number, samples: Samples | Rollup, open: 0 | 1, before: number): void {
    const { times } = samples;
    const start = times[0]!;
    const end = times[times.length - 1]!;
    const known = Number.isNaN(before) ? null : before;
    const bytes = encodeSamples(samples);
    const spans = 'counts' in samples ? encodeSpans(samples) : null;
    if (id === undefined) this.#insert.run(series, tier, start, end, times.length, open, known, bytes, spans);
    else this.#update.run(start, end, times.length, open, known, bytes, spans, id);
  }
}
