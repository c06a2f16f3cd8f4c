import { statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import type { HistogramSample, LabelMatcher, MetricMetadata } from '@millrace/api';
import { openForReading } from './database.ts';
import { histogramOf } from './histogram-bytes.ts';
import { ItemSearch } from './item-search.ts';
import type { FoundLog, FoundSpan, ItemQuery, ItemResult } from './item-search.ts';
import { compareLabels, compileMatcher, matchesAll } from './matcher.ts';
import type { FlatLabels } from './matcher.ts';
import type { seriesKinds } from './rollup.ts';
import type { Samples } from './samples.ts';
import { SamplesReader } from './samples-reader.ts';
import { SeriesLookup } from './series-lookup.ts';
import type { FoundSeries } from './series-lookup.ts';
import { tierFor, tiers } from './tiers.ts';

/** Which series, and when; as `SeriesSelection`. */
export interface ReadSelection {
  readonly matchers: readonly LabelMatcher[];
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs?: number;
}

/** One series of what was selected. */
export interface SeriesPart {
  readonly labels: FlatLabels;
  readonly kind: keyof typeof seriesKinds;
  readonly times: Float64Array<ArrayBuffer>;
  readonly values: Float64Array<ArrayBuffer>;
  readonly histograms?: readonly (HistogramSample | undefined)[];
}

/** The rollup of one series by the steps of a tier. */
export interface SeriesRollup {
  readonly labels: FlatLabels;
  readonly kind: keyof typeof seriesKinds;
  /** When each step begins, in milliseconds since the epoch. */
  readonly startsMs: Float64Array<ArrayBuffer>;
  readonly counts: Float64Array<ArrayBuffer>;
  readonly sums: Float64Array<ArrayBuffer>;
  readonly mins: Float64Array<ArrayBuffer>;
  readonly maxs: Float64Array<ArrayBuffer>;
  readonly lasts: Float64Array<ArrayBuffer>;
  /** Of counters: by how much they grew in the step. */
  readonly increases: Float64Array<ArrayBuffer>;
  /** Of histograms: the last one of each step, cumulative. */
  readonly histograms?: readonly (HistogramSample | undefined)[];
}

/** What a store holds. */
export interface StoreInfo {
  readonly file: string;
  readonly version: number;
  /** Of the file, with what SQLite keeps beside it. */
  readonly sizeBytes: number;
  readonly usedBytes: number;
  readonly series: number;
  /** Points that are not compacted yet. */
  readonly pendingPoints: number;
  readonly tiers: readonly {
    readonly name: string;
    readonly samples: number;
    readonly sizeBytes: number;
    readonly startMs?: number;
    readonly endMs?: number;
  }[];
  readonly items: readonly {
    readonly signal: string;
    readonly items: number;
    readonly sizeBytes: number;
    readonly startMs: number;
    readonly endMs: number;
  }[];
}

const kindNames = ['gauge', 'counter', 'histogram'] as const satisfies readonly (keyof typeof seriesKinds)[];

/** A part of an answer: about so many samples are sent at once. */
const samplesPerPart = 50_000;

/** An answer that nobody asks for any more is forgotten when there are so many newer ones. */
const maxCursors = 256;

interface Cursor {
  readonly series: readonly FoundSeries[];
  readonly recent: ReadonlyMap<number, Samples>;
  readonly selection: ReadSelection;
  readonly tier: number;
  next: number;
}

/** Reads the database. Synchronous: it belongs into a thread of its own. */
export class Reader {
  readonly #file: string;
  readonly #database: DatabaseSync;
  readonly #lookup: SeriesLookup;
  readonly #samples: SamplesReader;
  readonly #items: ItemSearch;
  readonly #cursors = new Map<number, Cursor>();
  #lastCursor = 0;

  constructor(file: string) {
    this.#file = file;
    this.#database = openForReading(file);
    this.#lookup = new SeriesLookup(this.#database);
    this.#samples = new SamplesReader(this.#database);
    this.#items = new ItemSearch(this.#database);
  }

  /** Begins to answer a selection; `next` has the parts. */
  select(selection: ReadSelection): number {
    const { matchers, startMs, endMs, stepMs } = selection;
    const cursor = ++this.#lastCursor;
    // The points that are in no chunk come first: what is compacted meanwhile is then found twice rather than not at all.
    const { series, recent } = this.#consistently(() => {
      const found = this.#lookup.find(matchers);
      return { series: found, recent: this.#samples.recent(found, startMs, endMs) };
    });
    const [oldest] = this.#cursors.keys();
    if (this.#cursors.size >= maxCursors && oldest !== undefined) this.#cursors.delete(oldest);
    this.#cursors.set(cursor, { series, recent, selection, tier: tierFor(stepMs), next: 0 });
    return cursor;
  }

  /** The next series of an answer, in the order of their labels; `done` when they are the last. */
  next(cursor: number): { readonly parts: SeriesPart[]; readonly done: boolean } {
    const state = this.#cursors.get(cursor);
    if (state === undefined) throw new Error('the answer is no longer there');
    const { series, recent, selection, tier } = state;
    const parts: SeriesPart[] = [];
    this.#consistently(() => {
      for (let samples = 0; state.next < series.length && samples < samplesPerPart;) {
        const { id, labels, kind } = series[state.next++]!;
        const found = this.#samples.read(id, tier, selection.startMs, selection.endMs, recent.get(id));
        if (found.times.length === 0) continue;
        samples += found.times.length;
        parts.push({ labels, kind: kindNames[kind], times: own(found.times), values: own(found.values), ...histogramsOf(found) });
      }
    });
    const done = state.next === series.length;
    if (done) this.#cursors.delete(cursor);
    return { parts, done };
  }

  /** Nobody wants the rest. */
  cancel(cursor: number): void {
    this.#cursors.delete(cursor);
  }

  /** The rollups of series by the steps of the tier for `stepMs`, which is one minute at least. */
  rollups(selection: ReadSelection): SeriesRollup[] {
    const { matchers, startMs, endMs, stepMs } = selection;
    const tier = Math.max(1, tierFor(stepMs));
    const step = tiers[tier]!.stepMs;
    return this.#consistently(() => {
      const series = this.#lookup.find(matchers);
      const recent = this.#samples.recent(series, -Infinity, Infinity);
      return series.flatMap((found) => {
        const rollup = this.#samples.readRollup(found, tier, startMs, endMs, recent.get(found.id));
        if (rollup === undefined) return [];
        return {
          labels: found.labels,
          kind: kindNames[found.kind],
          startsMs: rollup.times.map((timeMs) => Math.floor(timeMs / step) * step),
          counts: own(rollup.counts),
          sums: own(rollup.sums),
          mins: own(rollup.mins),
          maxs: own(rollup.maxs),
          lasts: own(rollup.values),
          increases: own(rollup.increases),
          ...histogramsOf(rollup),
        } satisfies SeriesRollup;
      });
    });
  }

  /** The labels of the series that match any of the selectors, or of all, and may have samples in the range. */
  series(selectors: readonly (readonly LabelMatcher[])[], startMs: number, endMs: number): FlatLabels[] {
    return this.#consistently(() => {
      const found = new Map<number, FoundSeries>();
      for (const matchers of selectors.length === 0 ? [[]] : selectors) {
        for (const series of this.#lookup.find(matchers)) found.set(series.id, series);
      }
      const all = [...found.values()];
      const recent = this.#samples.recent(all, startMs, endMs);
      const has = this.#database.prepare('select 1 from chunks where series = ? and start_ms <= ? and end_ms >= ? limit 1');
      return all
        .filter(({ id }) => recent.has(id) || has.get(id, endMs, startMs) !== undefined)
        .map(({ labels }) => labels)
        .sort(compareLabels);
    });
  }

  metadata(metric: string | undefined): (MetricMetadata & { readonly name: string })[] {
    const columns = 'select name, type, help, unit from metadata';
    const rows =
      metric === undefined
        ? this.#database.prepare(`${columns} order by name`).all()
        : this.#database.prepare(`${columns} where name = ?`).all(metric);
    return rows.map((row) => ({ ...(row as unknown as MetricMetadata & { readonly name: string }) }));
  }

  exemplars({
    matchers,
    startMs,
    endMs,
  }: ReadSelection): { labels: FlatLabels; exemplars: { labels: FlatLabels; value: number; timestampMs: number }[] }[] {
    const compiled = matchers.map(compileMatcher);
    const found = new Map<
      number,
      { labels: FlatLabels; exemplars: { labels: FlatLabels; value: number; timestampMs: number }[] } | undefined
    >();
    const rows = this.#database
      .prepare('select series, time_ms, value, labels from exemplars where time_ms >= ? and time_ms <= ? order by time_ms')
      .iterate(startMs, endMs) as Iterable<{ series: number; time_ms: number; value: number; labels: string }>;
    for (const row of rows) {
      if (!found.has(row.series)) {
        const series = this.#lookup.get(row.series);
        const matches = series !== undefined && matchesAll(compiled, series.labels);
        found.set(row.series, matches ? { labels: series.labels, exemplars: [] } : undefined);
      }
      found.get(row.series)?.exemplars.push({ labels: JSON.parse(row.labels) as string[], value: row.value, timestampMs: row.time_ms });
    }
    return [...found.values()].filter((entry) => entry !== undefined).sort((a, b) => compareLabels(a.labels, b.labels));
  }

  spans(query: ItemQuery): ItemResult<FoundSpan> {
    return this.#items.spans(query);
  }

  logs(query: ItemQuery): ItemResult<FoundLog> {
    return this.#items.logs(query);
  }

  info(): StoreInfo {
    const value = (pragma: string): number => Object.values(this.#database.prepare(`pragma ${pragma}`).get()!)[0] as number;
    const one = (sql: string, ...values: number[]): Record<string, number> =>
      this.#database.prepare(sql).get(...values) as Record<string, number>;
    const pageSize = value('page_size');
    const sizeOf = (suffix: string): number => statSync(this.#file + suffix, { throwIfNoEntry: false })?.size ?? 0;
    return {
      file: this.#file,
      version: value('user_version'),
      sizeBytes: sizeOf('') + sizeOf('-wal') + sizeOf('-shm'),
      usedBytes: (value('page_count') - value('freelist_count')) * pageSize,
      series: one('select count(*) as n from series')['n']!,
      pendingPoints: one('select total(points) as n from blocks')['n']!,
      tiers: tiers.map(({ name }, tier) => {
        const sql =
          'select total(size) as samples, total(length(bytes) + coalesce(length(spans), 0)) as bytes, min(start_ms) as start, max(end_ms) as end from chunks where tier = ?';
        const row = one(sql, tier) as { samples: number; bytes: number; start: number | null; end: number | null };
        const { samples, bytes, start, end } = row;
        return { name, samples, sizeBytes: bytes, ...(start !== null && end !== null && { startMs: start, endMs: end }) };
      }),
      items: this.#database
        .prepare(
          'select signal, sum(count) as items, sum(size) as sizeBytes, min(start_ms) as startMs, max(end_ms) as endMs from items group by signal order by signal desc',
        )
        .all()
        .map((row) => ({ ...row }) as unknown as StoreInfo['items'][number]),
    };
  }

  close(): void {
    this.#database.close();
  }

  /** Reads in one transaction, as of one moment. */
  #consistently<T>(read: () => T): T {
    this.#database.exec('begin');
    try {
      return read();
    } finally {
      this.#database.exec('commit');
    }
  }
}

function histogramsOf({ histograms }: Samples): { histograms?: readonly (HistogramSample | undefined)[] } {
  return histograms === undefined ? {} : { histograms: histograms.map((bytes) => bytes && histogramOf(bytes)) };
}

/** Numbers in memory of their own, which can be handed to another thread. */
function own(column: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  if (column.length * 8 === column.buffer.byteLength) return column;
  const copy = new Float64Array(column.length);
  new Uint32Array(copy.buffer).set(new Uint32Array(column.buffer, column.byteOffset, column.length * 2));
  return copy;
}
