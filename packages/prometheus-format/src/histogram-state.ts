import type { DataPointView } from '@millrace/wire';
import { readExemplars } from './exemplars.ts';
import type { Exemplar, HistogramValue } from './metric-family.ts';

/** A histogram with explicit bounds, as the Collector's exporter keeps it. */
export class HistogramState {
  readonly count: number;
  readonly sum: number;
  readonly bounds: Float64Array;
  /** By bucket, not cumulative. */
  readonly counts: Float64Array;
  readonly exemplars: readonly Exemplar[];

  constructor(count: number, sum: number, bounds: Float64Array, counts: Float64Array, exemplars: readonly Exemplar[]) {
    this.count = count;
    this.sum = sum;
    this.bounds = bounds;
    this.counts = counts;
    this.exemplars = exemplars;
  }

  /** Bytes of memory, roughly. */
  get sizeBytes(): number {
    return 200 + this.counts.length * 8 + this.exemplars.length * 400;
  }

  /** The state of a point; shares the bounds with a state that has the same. */
  static read(point: DataPointView, hasExemplars: boolean, like: HistogramState | undefined): HistogramState {
    const size = point.bounds;
    let bounds = like?.bounds;
    if (bounds?.length !== size || !bounds.every((bound, index) => bound === point.bound(index))) {
      bounds = Float64Array.from({ length: size }, (_, index) => point.bound(index));
    }
    const counts = new Float64Array(point.bucketCounts);
    for (let i = 0; i < counts.length; i++) counts[i] = Number(point.bucketCount(i));
    return new HistogramState(Number(point.count), point.sum ?? 0, bounds, counts, hasExemplars ? readExemplars(point) : []);
  }

  /** This one and, with the same bounds, what came after it; otherwise what came after it. */
  plus(next: HistogramState): HistogramState {
    const { bounds, counts } = next;
    if (this.bounds.length !== bounds.length || !bounds.every((bound, index) => bound === this.bounds[index])) return next;
    const sums = counts.map((count, index) => count + (this.counts[index] ?? 0));
    return new HistogramState(this.count + next.count, this.sum + next.sum, bounds, sums, next.exemplars);
  }

  /** What is exposed: bounds in order and without doubles, counts cumulative, each exemplar in its bucket. */
  value(): HistogramValue {
    let { bounds, counts } = this;
    if (!isAscending(bounds)) [bounds, counts] = sorted(bounds, counts);
    const cumulative = new Float64Array(bounds.length);
    for (let i = 0, sum = 0; i < bounds.length; i++) cumulative[i] = sum += counts[i] ?? 0;
    const value: HistogramValue = { count: this.count, sum: this.sum, bounds, counts: cumulative };
    if (this.exemplars.length === 0) return value;
    const exemplars: (Exemplar | undefined)[] = Array.from({ length: bounds.length + 1 }, () => undefined);
    for (const exemplar of this.exemplars) {
      const bucket = bounds.findIndex((bound) => bound >= exemplar.value);
      exemplars[bucket < 0 ? bounds.length : bucket] = exemplar;
    }
    return { ...value, exemplars };
  }
}

function isAscending(bounds: Float64Array): boolean {
  for (let i = 1; i < bounds.length; i++) if (!(bounds[i]! > bounds[i - 1]!)) return false;
  return true;
}

function sorted(bounds: Float64Array, counts: Float64Array): [Float64Array<ArrayBuffer>, Float64Array<ArrayBuffer>] {
  const byBound = new Map<number, number>();
  bounds.forEach((bound, index) => {
    if (!byBound.has(bound)) byBound.set(bound, counts[index] ?? 0);
  });
  const entries = [...byBound].toSorted(([a], [b]) => a - b);
  return [Float64Array.from(entries, ([bound]) => bound), Float64Array.from(entries, ([, count]) => count)];
}
