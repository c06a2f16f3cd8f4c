import type { Histogram } from './histogram/histogram.ts';
import { labelsKey } from './labels.ts';
import type { Labels } from './labels.ts';
import { QueryError } from './query-error.ts';

export const absent = 0;
export const float = 1;
export const histogram = 2;

/** A series of a result: for each step nothing, a number, or a histogram. */
export class VectorSeries {
  labels: Labels;
  readonly values: Float64Array;
  /** `absent`, `float` or `histogram` for each step. */
  readonly kinds: Uint8Array;
  /** By step, where the kind says so. */
  histograms: (Histogram | undefined)[] | undefined;
  #key: string | undefined;

  constructor(labels: Labels, steps: number) {
    this.labels = labels;
    this.values = new Float64Array(steps);
    this.kinds = new Uint8Array(steps);
  }

  get key(): string {
    return (this.#key ??= labelsKey(this.labels));
  }

  relabel(labels: Labels): void {
    this.labels = labels;
    this.#key = undefined;
  }

  setFloat(step: number, value: number): void {
    this.values[step] = value;
    this.kinds[step] = float;
  }

  setHistogram(step: number, value: Histogram): void {
    this.histograms ??= [];
    this.histograms[step] = value;
    this.kinds[step] = histogram;
  }

  /** Takes over the sample of another series. */
  copy(step: number, from: VectorSeries): void {
    if (from.kinds[step] === histogram) this.setHistogram(step, from.histograms![step]!);
    else this.setFloat(step, from.values[step]!);
  }

  get isEmpty(): boolean {
    return !this.kinds.some((kind) => kind !== absent);
  }
}

export const sameLabelset = 'vector cannot contain metrics with the same labelset';

/** Collects series, putting samples of equal labels into one. Two samples for one step are an error. */
export class VectorBuilder {
  readonly #series = new Map<string, VectorSeries>();
  readonly #steps: number;

  constructor(steps: number) {
    this.#steps = steps;
  }

  /** The series with these labels, made when it is not there. */
  series(labels: Labels): VectorSeries {
    const key = labelsKey(labels);
    let series = this.#series.get(key);
    if (series === undefined) this.#series.set(key, (series = new VectorSeries(labels, this.#steps)));
    return series;
  }

  /** Adds a whole series. */
  add(series: VectorSeries): void {
    const there = this.#series.get(series.key);
    if (there === undefined) {
      this.#series.set(series.key, series);
      return;
    }
    for (let step = 0; step < this.#steps; step++) if (series.kinds[step] !== absent) this.copy(there, step, series);
  }

  /** Puts a sample into one of its series. */
  copy(to: VectorSeries, step: number, from: VectorSeries): void {
    if (to.kinds[step] !== absent) throw new QueryError('execution', sameLabelset);
    to.copy(step, from);
  }

  /** The series that have samples, in the order in which they came. */
  build(): VectorSeries[] {
    return [...this.#series.values()].filter((series) => !series.isEmpty);
  }
}

/** Series of which no two may have a sample with equal labels at one step. */
export function mergeSeries(series: readonly VectorSeries[], steps: number): VectorSeries[] {
  const builder = new VectorBuilder(steps);
  for (const one of series) builder.add(one);
  return builder.build();
}
