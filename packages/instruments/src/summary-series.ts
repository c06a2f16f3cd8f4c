import { Sketch } from '@millrace/timeseries';
import type { SketchState } from '@millrace/timeseries';
import { Series } from './series.ts';
import type { LabelValue, SeriesState } from './series.ts';
import type { Stream } from './stream.ts';

/** A window moves on in so many steps. */
const steps = 5;

/** Quantiles of the values of a window that moves with the clock, and count and sum of all values. */
export class SummarySeries extends Series {
  count = 0;
  sum = 0;
  readonly #stepMs: number;
  readonly #sketches: Sketch[] = Array.from({ length: steps }, () => new Sketch());
  /** The step that was last written to, counted from the epoch. */
  #step: number;

  constructor(stream: Stream, values: readonly (LabelValue | undefined)[], isOverflow: boolean) {
    super(stream, values, isOverflow);
    this.#stepMs = stream.definition.windowMs / steps;
    this.#step = Math.floor(stream.now() / this.#stepMs);
  }

  /** Takes a number. One that is not finite is dropped and counted. */
  record(value: number): void {
    if (!Number.isFinite(value)) return this.stream.refuse(value);
    if (!this.isFresh) this.touch();
    this.#current().add(value);
    this.count++;
    this.sum += value;
  }

  /** The values at `quantiles`; NaN when the window has none. */
  quantiles(quantiles: readonly number[]): number[] {
    this.#current();
    const window = new Sketch();
    for (const sketch of this.#sketches) window.merge(sketch);
    return quantiles.map((quantile) => window.quantile(quantile));
  }

  #current(): Sketch {
    const step = Math.floor(this.stream.now() / this.#stepMs);
    if (step > this.#step) {
      for (let old = Math.max(this.#step + 1, step - steps + 1); old <= step; old++) this.#sketches[old % steps]!.clear();
      this.#step = step;
    }
    return this.#sketches[this.#step % steps]!;
  }

  get isEmpty(): boolean {
    return this.count === 0;
  }

  merge(other: this): void {
    if (!this.isFresh) this.touch();
    this.#current();
    other.#current();
    this.#sketches.forEach((sketch, i) => sketch.merge(other.#sketches[i]!));
    this.count += other.count;
    this.sum += other.sum;
  }

  clear(): void {
    for (const sketch of this.#sketches) sketch.clear();
    this.count = this.sum = 0;
  }

  copy(): this {
    const copy = new SummarySeries(this.stream, this.values, this.isOverflow) as this;
    copy.merge(this);
    return copy;
  }

  /** A summary has no difference: its window is its own. */
  since(): this {
    return this;
  }

  get state(): SeriesState {
    const window = new Sketch();
    for (const sketch of this.#sketches) window.merge(sketch);
    return [window.state, this.count, this.sum];
  }

  absorb([sketch, count, sum]: SeriesState): void {
    if (!this.isFresh) this.touch();
    this.#current().merge(Sketch.from(sketch as SketchState));
    this.count += count as number;
    this.sum += sum as number;
  }
}
