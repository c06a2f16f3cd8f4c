import { readHistogram, writeHistogram } from '@millrace/timeseries';
import type { HistogramPoint } from '@millrace/timeseries';
import type { DataPointView } from '@millrace/wire';
import { addOptional, Extremes } from './extremes.ts';

/** About the bytes of the objects, besides their numbers. */
const objectBytes = 350;

/** The sum of the points of a histogram's series. */
export class HistogramSum {
  #sum: HistogramPoint;
  #total: number | undefined;
  readonly #extremes: Extremes;

  constructor(first: HistogramPoint, point: DataPointView) {
    this.#sum = first;
    this.#total = point.sum;
    this.#extremes = new Extremes(point);
  }

  get sizeBytes(): number {
    return objectBytes + 8 * (this.#sum.counts.length + this.#sum.bounds.length);
  }

  /** Whether a point has the same bounds. */
  fits(point: DataPointView): boolean {
    const { bounds } = this.#sum;
    if (point.bounds !== bounds.length) return false;
    for (let i = 0; i < bounds.length; i++) if (point.bound(i) !== bounds[i]) return false;
    return true;
  }

  /** Adds a point and puts the sum in its place. */
  add(point: DataPointView): void {
    const value = readHistogram(point);
    const { min, max } = point;
    const { counts, bounds, count } = this.#sum;
    for (let i = 0; i < Math.min(counts.length, value.counts.length); i++) counts[i] = counts[i]! + value.counts[i]!;
    this.#total = addOptional(this.#total, point.sum);
    this.#sum = { count: count + value.count, sum: this.#total ?? 0, counts, bounds };
    writeHistogram(point, this.#sum);
    if (this.#total === undefined) point.fields.remove(5, 1);
    this.#extremes.add({ min, max }, point, 11, 12);
  }
}
