import { createHash } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { SeriesKind } from './rollup.ts';

/** A series as it is announced: its labels, sorted, `__name__` among them, as a JSON list of names and values by turns. */
export interface NewSeries {
  /** By which the sender names it from now on; a number in use so far gets a new meaning. */
  readonly handle: number;
  readonly labels: string;
  readonly kind: SeriesKind;
}

/** More pairs of label and value than this are not kept: they are looked up again. */
const maxPairs = 100_000;

/** Writes series, and for every pair of a label's name and value the list of series that have it. */
export class SeriesIndex {
  readonly #find: StatementSync;
  readonly #insert: StatementSync;
  readonly #insertPair: StatementSync;
  readonly #findPair: StatementSync;
  readonly #post: StatementSync;
  readonly #pairs = new Map<string, number>();

  constructor(database: DatabaseSync) {
    this.#find = database.prepare('select id, labels from series where hash = ?');
    this.#insert = database.prepare('insert into series(hash, kind, labels) values (?, ?, ?)');
    this.#findPair = database.prepare('select id from pairs where name = ? and value = ?');
    this.#insertPair = database.prepare('insert into pairs(name, value) values (?, ?)');
    this.#post = database.prepare('insert or ignore into postings(pair, series) values (?, ?)');
  }

  /** The id of a series, which is written when it is new. Inside a transaction. */
  idOf({ labels, kind }: NewSeries): number {
    const hash = createHash('md5').update(labels).digest().readUIntBE(0, 6);
    for (const found of this.#find.all(hash) as { id: number; labels: string }[]) if (found.labels === labels) return found.id;
    const id = Number(this.#insert.run(hash, kind, labels).lastInsertRowid);
    const flat = JSON.parse(labels) as string[];
    for (let i = 0; i < flat.length; i += 2) this.#post.run(this.#pairOf(flat[i]!, flat[i + 1]!), id);
    return id;
  }

  /** Forgets what a transaction that failed may have written. */
  forget(): void {
    this.#pairs.clear();
  }

  #pairOf(name: string, value: string): number {
    const key = `${name}\0${value}`;
    let id = this.#pairs.get(key);
    if (id !== undefined) return id;
    const found = this.#findPair.get(name, value) as { id: number } | undefined;
    id = found?.id ?? Number(this.#insertPair.run(name, value).lastInsertRowid);
    if (this.#pairs.size >= maxPairs) this.#pairs.clear();
    this.#pairs.set(key, id);
    return id;
  }
}
