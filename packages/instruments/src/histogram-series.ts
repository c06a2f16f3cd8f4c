import { Series } from './series.ts';
import type { SeriesState } from './series.ts';

/** The span that something was measured in. */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
}

/** A value that was measured in a span. */
export interface MeasuredExample extends TraceContext {
  readonly value: number;
  readonly timeMs: number;
}

/** How many values were in each bucket, and their sum, minimum and maximum. The sum is added up as that of a counter. */
export class HistogramSeries extends Series {
  /** Not cumulative; the last one is that of the values above all bounds. */
  readonly counts: Float64Array = new Float64Array(this.stream.boundaries.length + 1);
  /** NaN when they are not known: of a difference. */
  min: number = Infinity;
  max: number = -Infinity;
  /** By bucket: the latest value that was measured in a span. Undefined when there was none. */
  exemplars: (MeasuredExample | undefined)[] | undefined = undefined;
  #sum = 0;
  #error = 0;

  get sum(): number {
    return this.#sum + this.#error;
  }

  get count(): number {
    let count = 0;
    for (let i = 0; i < this.counts.length; i++) count += this.counts[i]!;
    return count;
  }

  /** Takes a number. One that is not finite is dropped and counted. */
  record(value: number): void {
    if (!Number.isFinite(value)) return this.stream.refuse(value);
    if (!this.isFresh) this.touch();
    const { boundaries } = this.stream;
    let low = 0;
    let high = boundaries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (value <= boundaries[middle]!) high = middle;
      else low = middle + 1;
    }
    this.counts[low]!++;
    this.#addSum(value);
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
    const context = this.stream.traceContext?.();
    if (context !== undefined) (this.exemplars ??= [])[low] = { ...context, value, timeMs: this.stream.now() };
  }

  #addSum(value: number): void {
    const sum = this.#sum;
    const next = sum + value;
    this.#error += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    this.#sum = next;
  }

  get isEmpty(): boolean {
    return this.count === 0;
  }

  merge(other: this): void {
    if (!this.isFresh) this.touch();
    for (let i = 0; i < this.counts.length; i++) this.counts[i]! += other.counts[i]!;
    this.#addSum(other.#sum);
    this.#error += other.#error;
    this.min = Math.min(this.min, other.min);
    this.max = Math.max(this.max, other.max);
  }

  clear(): void {
    this.counts.fill(0);
    this.#sum = this.#error = 0;
    this.min = Infinity;
    this.max = -Infinity;
    this.exemplars = undefined;
  }

  copy(): this {
    const copy = new HistogramSeries(this.stream, this.values, this.isOverflow) as this;
    copy.merge(this);
    return copy;
  }

  since(last: this): this {
    const since = this.copy();
    for (let i = 0; i < since.counts.length; i++) since.counts[i]! -= last.counts[i]!;
    since.#addSum(-last.#sum);
    since.#error -= last.#error;
    if (!last.isEmpty) since.min = since.max = Number.NaN;
    return since;
  }

  get state(): SeriesState {
    return [this.#sum, this.#error, this.min, this.max, this.counts.slice(), this.exemplars];
  }

  absorb([sum, error, min, max, counts, exemplars]: SeriesState): void {
    if (!this.isFresh) this.touch();
    const added = counts as Float64Array;
    for (let i = 0; i < this.counts.length; i++) this.counts[i]! += added[i] ?? 0;
    this.#addSum(sum as number);
    this.#error += error as number;
    this.min = Math.min(this.min, min as number);
    this.max = Math.max(this.max, max as number);
    (exemplars as typeof this.exemplars)?.forEach((exemplar, bucket) => {
      if (exemplar !== undefined) (this.exemplars ??= [])[bucket] = exemplar;
    });
  }
}
