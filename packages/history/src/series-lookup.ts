import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { LabelMatcher } from '@millrace/api';
import { compareLabels, compileMatcher, matchesAll } from './matcher.ts';
import type { FlatLabels, Matcher } from './matcher.ts';
import type { SeriesKind } from './rollup.ts';

/** A series that was found. */
export interface FoundSeries {
  readonly id: number;
  readonly labels: FlatLabels;
  readonly kind: SeriesKind;
}

/** Labels of more series than this are not kept: they are read again. */
const maxKept = 200_000;

/** Finds series by their labels, through the lists of those that have a pair of name and value. */
export class SeriesLookup {
  readonly #database: DatabaseSync;
  readonly #pair: StatementSync;
  readonly #values: StatementSync;
  readonly #posted: StatementSync;
  readonly #count: StatementSync;
  readonly #labels: StatementSync;
  readonly #kept = new Map<number, FoundSeries>();

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#pair = database.prepare('select id from pairs where name = ? and value = ?');
    this.#values = database.prepare('select id, value from pairs where name = ?');
    this.#posted = database.prepare('select series from postings where pair = ?');
    this.#count = database.prepare('select count(*) as size from (select 1 from postings where pair = ? limit 100000)');
    this.#labels = database.prepare('select labels, kind from series where id = ?');
  }

  /** The series that match all, in the order of their labels. */
  find(matchers: readonly LabelMatcher[]): FoundSeries[] {
    const compiled = matchers.map(compileMatcher);
    const found: FoundSeries[] = [];
    for (const id of this.#candidates(compiled)) {
      const series = this.get(id);
      if (series !== undefined && matchesAll(compiled, series.labels)) found.push(series);
    }
    return found.sort((a, b) => compareLabels(a.labels, b.labels));
  }

  /** A series by its id; undefined when it is gone. */
  get(id: number): FoundSeries | undefined {
    let series = this.#kept.get(id);
    if (series !== undefined) return series;
    const row = this.#labels.get(id) as { labels: string; kind: SeriesKind } | undefined;
    if (row === undefined) return undefined;
    series = { id, labels: JSON.parse(row.labels) as string[], kind: row.kind };
    if (this.#kept.size >= maxKept) this.#kept.clear();
    this.#kept.set(id, series);
    return series;
  }

  /** Series among which are all that match. */
  #candidates(matchers: readonly Matcher[]): Iterable<number> {
    const lists: { pairs: readonly number[]; size: number }[] = [];
    const consider = (pairs: readonly number[]): void => {
      lists.push({ pairs, size: pairs.reduce((sum, pair) => sum + (this.#count.get(pair) as { size: number }).size, 0) });
    };
    const exact = matchers.filter(({ only }) => only !== undefined);
    for (const { name, only } of exact) {
      const pair = this.#pair.get(name, only!) as { id: number } | undefined;
      if (pair === undefined) return [];
      if (exact.length === 1) return this.#posting([pair.id]);
      consider([pair.id]);
    }
    const others = lists.length > 0 ? [] : matchers.filter(({ matchesEmpty }) => !matchesEmpty);
    for (const matcher of others) {
      const values = this.#values.all(matcher.name) as { id: number; value: string }[];
      consider(values.filter(({ value }) => matcher.test(value)).map(({ id }) => id));
    }
    const [best] = lists.sort((a, b) => a.size - b.size);
    return best === undefined ? this.#all() : this.#posting(best.pairs);
  }

  #posting(pairs: readonly number[]): number[] {
    return pairs.flatMap((pair) => (this.#posted.all(pair) as { series: number }[]).map(({ series }) => series));
  }

  #all(): number[] {
    return (this.#database.prepare('select id from series').all() as { id: number }[]).map(({ id }) => id);
  }
}
