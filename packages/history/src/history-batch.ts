import type { HistoryStore } from './history-store.ts';
import { PointBlockBuilder } from './point-block.ts';
import type { SeriesKind } from './rollup.ts';
import type { Append, NewExemplar } from './writer.ts';

/** Collects what is appended at once. */
export class HistoryBatch {
  readonly #store: HistoryStore;
  readonly #points = new PointBlockBuilder();
  #series: { handle: number; labels: string; kind: SeriesKind }[] = [];
  #exemplars: NewExemplar[] = [];
  #metadata: NonNullable<Append['metadata']>[number][] = [];
  #released: number[] = [];

  constructor(store: HistoryStore) {
    this.#store = store;
  }

  /** Points that were added. */
  get size(): number {
    return this.#points.size;
  }

  get points(): PointBlockBuilder {
    return this.#points;
  }

  /** Announces a series, by labels in any order, `__name__` among them; empty ones are none. Returns the number that its points name it by from now on. */
  series(labels: Iterable<readonly [name: string, value: string]>, kind: SeriesKind): number {
    const handle = this.#store.takeHandle();
    const sorted = [...labels].filter(([, value]) => value !== '').sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    this.#series.push({ handle, labels: JSON.stringify(sorted.flat()), kind });
    return handle;
  }

  /** The series gets no more points after this batch under this number, which may name another one then. */
  release(handle: number): void {
    this.#released.push(handle);
  }

  exemplar(exemplar: NewExemplar): void {
    this.#exemplars.push(exemplar);
  }

  metadata(metadata: NonNullable<Append['metadata']>[number]): void {
    this.#metadata.push(metadata);
  }

  /** Appends what was collected, see `HistoryStore.append`, and begins anew. */
  commit(): Promise<void> {
    const append: Append = {
      points: this.#points.take(),
      ...(this.#series.length > 0 && { series: this.#series }),
      ...(this.#exemplars.length > 0 && { exemplars: this.#exemplars }),
      ...(this.#metadata.length > 0 && { metadata: this.#metadata }),
    };
    this.#series = [];
    this.#exemplars = [];
    this.#metadata = [];
    this.#store.freeHandles(this.#released);
    this.#released = [];
    return this.#store.append(append);
  }
}
