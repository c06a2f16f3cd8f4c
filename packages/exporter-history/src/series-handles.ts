import type { HistoryBatch, HistoryStore, SeriesKind } from '@millrace/history';
import { histogramBytes, seriesKinds } from '@millrace/history';
import { decodeLabels, ExponentialState, goNumber, HistogramState } from '@millrace/prometheus-format';
import type { Exemplar, Family, Label, PointState, SampleSink, SummaryState } from '@millrace/prometheus-format';

/** What a histogram or summary is stored as: series by the suffix of their name and, of buckets and quantiles, their label. */
interface StateHandles {
  readonly labels: readonly Label[];
  readonly bySuffix: Map<string, number>;
  /** Of the bounds or quantiles that came last: the handle of each. */
  edges: ArrayLike<number>;
  edgeHandles: number[];
}

/** Writes every value of a registry into a batch of the store, as the series that exporter `prometheus` would expose. */
export class SeriesHandles implements SampleSink {
  readonly #store: HistoryStore;
  readonly #batch: HistoryBatch;
  #families = new WeakMap<Family, { readonly numbers: (number | undefined)[]; readonly states: (StateHandles | undefined)[] }>();
  #targets = new Map<string, number>();
  #generation: number;
  /** The latest time that was written since `begin`. */
  latestMs = 0;

  constructor(store: HistoryStore) {
    this.#store = store;
    this.#batch = store.batch();
    this.#generation = store.generation;
  }

  /** Begins a batch. A store with a new file is told of all series again. */
  begin(): void {
    this.latestMs = 0;
    if (this.#generation === this.#store.generation) return;
    this.#generation = this.#store.generation;
    this.#families = new WeakMap();
    this.#targets.clear();
  }

  commit(): Promise<void> {
    return this.#batch.commit();
  }

  /** A sample of what describes each target. */
  targets(name: string, labels: Iterable<string>): void {
    const before = this.#targets;
    this.#targets = new Map();
    for (const text of labels) {
      const handle = before.get(text) ?? this.#series(name, decodeLabels(text), seriesKinds.gauge);
      before.delete(text);
      this.#targets.set(text, handle);
      this.#batch.points.add(handle, this.latestMs, 1);
    }
    for (const handle of before.values()) this.#batch.release(handle);
    this.#batch.metadata({ name, type: 'gauge', help: 'Target metadata', unit: '' });
  }

  number(family: Family, row: number, timeMs: number, value: number): void {
    const handle = this.#numberHandle(family, row);
    const at = this.#time(timeMs);
    this.#batch.points.add(handle, at, value);
    // A late value left the exemplar of the last one.
    const exemplar = family.exemplars.size > 0 && timeMs >= family.timesMs[row]! ? family.exemplars.get(row) : undefined;
    if (exemplar !== undefined) this.#exemplar(handle, exemplar, at);
  }

  state(family: Family, row: number, timeMs: number, state: PointState): void {
    const handles = this.#stateHandles(family, row);
    const at = this.#time(timeMs);
    if (state instanceof HistogramState) this.#histogram(family.header.name, handles, at, state);
    else if (state instanceof ExponentialState) this.#native(family.header.name, handles, at, state);
    else this.#summary(family.header.name, handles, at, state);
  }

  stale(family: Family, row: number, timeMs: number): void {
    const at = this.#time(timeMs);
    for (const handle of this.#handlesOf(family, row)) this.#batch.points.addStale(handle, at);
  }

  removed(family: Family, row: number): void {
    for (const handle of this.#handlesOf(family, row)) this.#batch.release(handle);
    const known = this.#families.get(family);
    if (known === undefined) return;
    known.numbers[row] = undefined;
    known.states[row] = undefined;
  }

  #histogram(name: string, handles: StateHandles, timeMs: number, state: HistogramState): void {
    const { points } = this.#batch;
    const { count, sum, bounds, counts, exemplars = [] } = state.value();
    const buckets = this.#edges(name, handles, bounds, '_bucket', 'le', seriesKinds.counter);
    for (let i = 0; i < bounds.length; i++) {
      points.add(buckets[i]!, timeMs, counts[i]!);
      if (exemplars[i] !== undefined) this.#exemplar(buckets[i]!, exemplars[i]!, timeMs);
    }
    const infinite = this.#suffixed(name, handles, '_bucket', ['le', '+Inf'], seriesKinds.counter);
    points.add(infinite, timeMs, count);
    const last = exemplars[bounds.length];
    if (last !== undefined) this.#exemplar(infinite, last, timeMs);
    this.#sumAndCount(name, handles, timeMs, sum, count);
  }

  #native(name: string, handles: StateHandles, timeMs: number, state: ExponentialState): void {
    const { count, sum, native } = state.value();
    const handle = this.#suffixed(name, handles, '', undefined, seriesKinds.histogram);
    const { schema, zeroThreshold, zeroCount, positive, negative, exemplars = [] } = native!;
    this.#batch.points.addHistogram(handle, timeMs, histogramBytes({ schema, zeroThreshold, zeroCount, count, sum, positive, negative }));
    for (const exemplar of exemplars) this.#exemplar(handle, exemplar, timeMs);
  }

  #summary(name: string, handles: StateHandles, timeMs: number, { summary }: SummaryState): void {
    const quantiles = this.#edges(name, handles, summary.quantiles, '', 'quantile', seriesKinds.gauge);
    for (let i = 0; i < quantiles.length; i++) this.#batch.points.add(quantiles[i]!, timeMs, summary.values[i]!);
    this.#sumAndCount(name, handles, timeMs, summary.sum, summary.count);
  }

  #sumAndCount(name: string, handles: StateHandles, timeMs: number, sum: number, count: number): void {
    this.#batch.points.add(this.#suffixed(name, handles, '_sum', undefined, seriesKinds.counter), timeMs, sum);
    this.#batch.points.add(this.#suffixed(name, handles, '_count', undefined, seriesKinds.counter), timeMs, count);
  }

  /** The handles of the buckets or quantiles, which rarely change. */
  #edges(
    name: string,
    handles: StateHandles,
    edges: ArrayLike<number>,
    suffix: string,
    label: string,
    kind: SeriesKind,
  ): readonly number[] {
    if (!isEqual(edges, handles.edges)) {
      handles.edges = edges;
      handles.edgeHandles = Array.from(edges, (edge) => this.#suffixed(name, handles, suffix, [label, goNumber(edge)], kind));
    }
    return handles.edgeHandles;
  }

  #suffixed(name: string, handles: StateHandles, suffix: string, extra: Label | undefined, kind: SeriesKind): number {
    const key = extra === undefined ? suffix : `${suffix} ${extra[1]}`;
    let handle = handles.bySuffix.get(key);
    if (handle === undefined) {
      handle = this.#series(name + suffix, extra === undefined ? handles.labels : [...handles.labels, extra], kind);
      handles.bySuffix.set(key, handle);
    }
    return handle;
  }

  #numberHandle(family: Family, row: number): number {
    const { numbers } = this.#family(family);
    let handle = numbers[row];
    if (handle === undefined) {
      const kind = family.header.type === 'counter' ? seriesKinds.counter : seriesKinds.gauge;
      numbers[row] = handle = this.#series(family.header.name, decodeLabels(family.labelText(row)), kind);
    }
    return handle;
  }

  #stateHandles(family: Family, row: number): StateHandles {
    const labels = (): Label[] => decodeLabels(family.labelText(row));
    return (this.#family(family).states[row] ??= { labels: labels(), bySuffix: new Map(), edges: [], edgeHandles: [] });
  }

  #family(family: Family): { readonly numbers: (number | undefined)[]; readonly states: (StateHandles | undefined)[] } {
    let known = this.#families.get(family);
    if (known === undefined) {
      this.#families.set(family, (known = { numbers: [], states: [] }));
      const { name, type, help = '', unit = '' } = family.header;
      this.#batch.metadata({ name, type, help, unit });
    }
    return known;
  }

  #handlesOf(family: Family, row: number): Iterable<number> {
    const known = this.#families.get(family);
    const handle = known?.numbers[row];
    return handle === undefined ? (known?.states[row]?.bySuffix.values() ?? []) : [handle];
  }

  #series(name: string, labels: readonly Label[], kind: SeriesKind): number {
    return this.#batch.series([...labels, ['__name__', name]], kind);
  }

  #exemplar(handle: number, { labels, value, timestampMs }: Exemplar, timeMs: number): void {
    this.#batch.exemplar({ handle, value, timestampMs: timestampMs ?? timeMs, labels: JSON.stringify(labels.flat()) });
  }

  #time(timeMs: number): number {
    const at = Math.floor(timeMs);
    if (at > this.latestMs) this.latestMs = at;
    return at;
  }
}

function isEqual(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
