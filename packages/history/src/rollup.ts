import type { Samples } from './samples.ts';
import { wordsOf } from './samples.ts';

/** What a series is, as far as its rollups depend on it. Stored: never renumber. */
export const seriesKinds = { gauge: 0, counter: 1, histogram: 2 } as const;
export type SeriesKind = (typeof seriesKinds)[keyof typeof seriesKinds];

/**
 * Samples by equal spans of time, oldest first. `times`, `values` and `histograms` are those of the last sample of each span (a histogram is
 * cumulative, so that the difference of two is the distribution between them); the sums and extremes are those of the span's numbers.
 */
export interface Rollup extends Samples {
  /** Samples, staleness markers not among them. */
  readonly counts: Float64Array<ArrayBuffer>;
  readonly sums: Float64Array<ArrayBuffer>;
  readonly mins: Float64Array<ArrayBuffer>;
  readonly maxs: Float64Array<ArrayBuffer>;
  /** Of a counter: by how much it grew, resets accounted for; otherwise 0. */
  readonly increases: Float64Array<ArrayBuffer>;
}

/** Collects rollups span by span. */
class RollupBuilder {
  readonly #stepMs: number;
  readonly #columns: Float64Array<ArrayBuffer>[];
  readonly #words: Uint32Array<ArrayBuffer>;
  readonly #histograms: (Uint8Array | undefined)[] | undefined;
  #size = 0;
  #span = Number.NaN;

  constructor(stepMs: number, capacity: number, hasHistograms: boolean) {
    this.#stepMs = stepMs;
    this.#columns = Array.from({ length: 7 }, () => new Float64Array(capacity));
    this.#words = wordsOf(this.#columns[1]!);
    this.#histograms = hasHistograms ? [] : undefined;
  }

  add(
    timeMs: number,
    words: Uint32Array,
    index: number,
    histogram: Uint8Array | undefined,
    count: number,
    sum: number,
    min: number,
    max: number,
    increase: number,
  ): void {
    const [times, , counts, sums, mins, maxs, increases] = this.#columns as [
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    const span = Math.floor(timeMs / this.#stepMs);
    const isNew = span !== this.#span;
    if (isNew) {
      this.#span = span;
      this.#size++;
    }
    const at = this.#size - 1;
    times[at] = timeMs;
    this.#words[at * 2] = words[index * 2]!;
    this.#words[at * 2 + 1] = words[index * 2 + 1]!;
    if (this.#histograms !== undefined) this.#histograms[at] = histogram;
    increases[at]! += increase;
    if (count === 0) return;
    mins[at] = counts[at] === 0 ? min : Math.min(mins[at]!, min);
    maxs[at] = counts[at] === 0 ? max : Math.max(maxs[at]!, max);
    counts[at]! += count;
    sums[at]! += sum;
  }

  build(): Rollup {
    const [times, values, counts, sums, mins, maxs, increases] = this.#columns.map((column) => column.slice(0, this.#size)) as [
      Float64Array<ArrayBuffer>,
      Float64Array<ArrayBuffer>,
      Float64Array<ArrayBuffer>,
      Float64Array<ArrayBuffer>,
      Float64Array<ArrayBuffer>,
      Float64Array<ArrayBuffer>,
      Float64Array<ArrayBuffer>,
    ];
    return { times, values, histograms: this.#histograms, counts, sums, mins, maxs, increases };
  }
}

/** The rollup of samples; `before` is the number that came before them (NaN for none), from which a counter grew. */
export function rollUpSamples(samples: Samples, stepMs: number, kind: SeriesKind, before: number): Rollup {
  const { times, values, histograms } = samples;
  const builder = new RollupBuilder(stepMs, times.length, histograms !== undefined);
  const words = wordsOf(values);
  let last = before;
  for (let i = 0; i < times.length; i++) {
    const histogram = histograms?.[i];
    const value = values[i]!;
    if (histogram !== undefined) builder.add(times[i]!, words, i, histogram, 1, 0, 0, 0, 0);
    else if (Number.isNaN(value)) builder.add(times[i]!, words, i, undefined, 0, 0, 0, 0, 0);
    else {
      let increase = 0;
      if (kind === seriesKinds.counter) {
        if (!Number.isNaN(last)) increase = value >= last ? value - last : value;
        last = value;
      }
      builder.add(times[i]!, words, i, undefined, 1, value, value, value, increase);
    }
  }
  return builder.build();
}

/** The rollup of finer ones, each in order of time; they may overlap. */
export function rollUp(rollups: readonly Rollup[], stepMs: number): Rollup {
  const entries = rollups.flatMap((rollup) => Array.from(rollup.times, (timeMs, index) => ({ timeMs, rollup, index })));
  const hasHistograms = rollups.some(({ histograms }) => histograms !== undefined);
  const builder = new RollupBuilder(stepMs, entries.length, hasHistograms);
  const words = new Map(rollups.map((rollup) => [rollup, wordsOf(rollup.values)]));
  entries.sort((a, b) => a.timeMs - b.timeMs);
  for (const { timeMs, rollup, index } of entries) {
    const { histograms, counts, sums, mins, maxs, increases } = rollup;
    builder.add(
      timeMs,
      words.get(rollup)!,
      index,
      histograms?.[index],
      counts[index]!,
      sums[index]!,
      mins[index]!,
      maxs[index]!,
      increases[index]!,
    );
  }
  return builder.build();
}

/** The spans `[from, to)` of a rollup. */
export function sliceRollup(rollup: Rollup, from: number, to: number): Rollup {
  return {
    times: rollup.times.subarray(from, to),
    values: rollup.values.subarray(from, to),
    histograms: rollup.histograms?.slice(from, to),
    counts: rollup.counts.subarray(from, to),
    sums: rollup.sums.subarray(from, to),
    mins: rollup.mins.subarray(from, to),
    maxs: rollup.maxs.subarray(from, to),
    increases: rollup.increases.subarray(from, to),
  };
}
