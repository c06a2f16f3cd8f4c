import type { LabelledSeries } from './labelled-series.ts';

/** A stretch of rows, first and last included. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

/** Nothing that is said in the first rows counts: this share of the series, 750 rows at most. */
export function probationRows(rows: number): number {
  return Math.floor(0.15 * Math.min(rows, 5000));
}

/** The stretch around each anomaly in which saying so is right: a tenth of the rows shared by all anomalies, half before and half after the first row of each. */
export function windowsOf({ values, anomalies }: LabelledSeries): Range[] {
  const half = Math.floor((0.1 * values.length) / Math.max(1, anomalies.length) / 2);
  return anomalies.map(({ first }, i) => ({
    first: Math.max(first - half, i > 0 ? anomalies[i - 1]!.first + half + 1 : 0, probationRows(values.length)),
    last: Math.min(first + half, values.length - 1),
  }));
}

const sigmoid = (y: number): number => 2 / (1 + Math.exp(5 * y)) - 1;
const falsePositiveCost = 0.11;

/**
 * Rewards early detection as the Numenta Anomaly Benchmark does (Lavin and Ahmad, 2015, standard profile): each window earns up to 1 by its earliest
 * detection, costs 1 when missed, and each row said outside of windows costs 0.11, less just behind a window. `raw` is to be summed; silence earns -1 a window.
 */
export function delayRewardingScore(detected: Uint8Array, windows: readonly Range[]): number {
  let raw = 0;
  let next = 0;
  let hit = false;
  for (let i = probationRows(detected.length); i < detected.length; i++) {
    while (next < windows.length && i > windows[next]!.last) {
      if (!hit) raw--;
      hit = false;
      next++;
    }
    if (detected[i] === 0) continue;
    const window = windows[next];
    if (window !== undefined && i >= window.first) {
      if (!hit) raw += sigmoid((i - window.last) / Math.max(1, window.last - window.first)) / sigmoid(-1);
      hit = true;
    } else {
      const behind = windows[next - 1];
      const distance = behind === undefined ? Number.POSITIVE_INFINITY : (i - behind.last) / Math.max(1, behind.last - behind.first);
      raw += falsePositiveCost * (distance > 3 ? -1 : sigmoid(distance));
    }
  }
  return raw - (next < windows.length && !hit ? 1 : 0) - Math.max(0, windows.length - next - 1);
}

/** Runs of detected rows. */
export function rangesOf(detected: Uint8Array): Range[] {
  const ranges: { first: number; last: number }[] = [];
  for (let i = probationRows(detected.length); i < detected.length; i++) {
    if (detected[i] === 0) continue;
    const open = ranges.at(-1);
    if (open !== undefined && open.last === i - 1) open.last = i;
    else ranges.push({ first: i, last: i });
  }
  return ranges;
}

/** Sums over series from which precision, recall and F come. */
export class RangeCounts {
  #predicted = 0;
  #real = 0;
  #precision = 0;
  #recall = 0;

  /**
   * Precision and recall of ranges (Tatbul, Lee, Zdonik, Alam and Gottschlich, 2018). A real range is the anomaly, at least the second half of its window; recall weighs
   * existence with 0.9 and overlap, with front bias, with 0.1: an alarm is raised once, early. A predicted range is precise by the share of it in windows.
   */
  add(detected: Uint8Array, series: LabelledSeries, windows: readonly Range[]): void {
    const predicted = rangesOf(detected);
    const inside = (row: number): boolean =>
      windows.some(({ first, last }) => row >= first && row <= last) ||
      series.anomalies.some(({ first, last }) => row >= first && row <= last);
    for (const { first, last } of predicted) {
      let rows = 0;
      for (let i = first; i <= last; i++) if (inside(i)) rows++;
      this.#predicted++;
      this.#precision += rows / (last - first + 1);
    }
    for (const [i, anomaly] of series.anomalies.entries()) {
      const last = Math.max(anomaly.last, windows[i]!.last);
      let weight = 0;
      let covered = 0;
      for (let row = anomaly.first; row <= last; row++) {
        const bias = last - row + 1;
        weight += bias;
        covered += bias * detected[row]!;
      }
      this.#real++;
      this.#recall += covered === 0 ? 0 : 0.9 + (0.1 * covered) / weight;
    }
  }

  get precision(): number {
    return this.#predicted === 0 ? 1 : this.#precision / this.#predicted;
  }

  get recall(): number {
    return this.#real === 0 ? 1 : this.#recall / this.#real;
  }

  get f(): number {
    const { precision, recall } = this;
    return precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall);
  }
}
