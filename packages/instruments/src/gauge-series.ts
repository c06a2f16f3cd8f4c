import { Series } from './series.ts';
import type { SeriesState } from './series.ts';

/** The last value. */
export class GaugeSeries extends Series {
  value = 0;
  /** Whether it has a value that does not rest on the one before. */
  #isSet = false;
  #isEmpty = true;

  /** One that is not finite is dropped and counted; so it is with `add` and `subtract`. */
  set(value: number): void {
    if (!Number.isFinite(value)) return this.stream.refuse(value);
    if (!this.isFresh) this.touch();
    this.value = value;
    this.#isSet = true;
    this.#isEmpty = false;
  }

  add(value: number): void {
    if (!Number.isFinite(value)) return this.stream.refuse(value);
    if (!this.isFresh) this.touch();
    this.value += value;
    this.#isEmpty = false;
  }

  subtract(value: number): void {
    this.add(-value);
  }

  end(): void {
    this.stream.end(this);
  }

  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  merge(other: this): void {
    this.absorb(other.state);
  }

  clear(): void {
    this.value = 0;
    this.#isSet = false;
    this.#isEmpty = true;
  }

  copy(): this {
    const copy = new GaugeSeries(this.stream, this.values, this.isOverflow);
    copy.value = this.value;
    copy.#isSet = this.#isSet;
    copy.#isEmpty = this.#isEmpty;
    return copy as this;
  }

  since(): this {
    return this;
  }

  get state(): SeriesState {
    return [this.#isSet, this.value];
  }

  /** The value of the thread that told it last, and what threads added since. */
  absorb([isSet, value]: SeriesState): void {
    if (isSet === true) this.set(value as number);
    else this.add(value as number);
  }
}
