import { Series } from './series.ts';
import type { SeriesState } from './series.ts';

/**
 * The sum of what was added. Rounding errors are summed up apart (Neumaier), so that a million additions of 0.1 make 100000 and the order of
 * additions, and the thread they were made in, do not change the sum.
 */
export class SumSeries extends Series {
  #sum = 0;
  #error = 0;

  /** The sum. */
  get value(): number {
    const value = this.#sum + this.#error;
    return Number.isNaN(value) ? this.#sum : value;
  }

  /** Adds a number. One that is not finite, or is below 0 and the instrument a counter, is dropped and counted. */
  add(value: number): void {
    if (!Number.isFinite(value) || value < this.stream.minimum) return this.stream.refuse(value);
    if (!this.isFresh) this.touch();
    this.#add(value);
  }

  #add(value: number): void {
    const sum = this.#sum;
    const next = sum + value;
    this.#error += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    this.#sum = next;
  }

  get isEmpty(): boolean {
    return this.#sum === 0 && this.#error === 0;
  }

  merge(other: this): void {
    if (!this.isFresh) this.touch();
    this.#add(other.#sum);
    this.#error += other.#error;
  }

  clear(): void {
    this.#sum = this.#error = 0;
  }

  copy(): this {
    const copy = new SumSeries(this.stream, this.values, this.isOverflow);
    copy.#sum = this.#sum;
    copy.#error = this.#error;
    return copy as this;
  }

  since(last: this): this {
    const since = this.copy();
    since.#add(-last.#sum);
    since.#error -= last.#error;
    return since;
  }

  get state(): SeriesState {
    return [this.#sum, this.#error];
  }

  absorb([sum, error]: SeriesState): void {
    if (!this.isFresh) this.touch();
    this.#add(sum as number);
    this.#error += error as number;
  }
}
