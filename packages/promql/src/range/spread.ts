import { quantileOfSorted, warnQuantile } from '../functions/quantile.ts';
import { firstArgument, infoIgnored } from './range-function.ts';
import type { RangeFunction } from './range-function.ts';
import { CompensatedSum } from './sums.ts';

function variance(values: Float64Array, low: number, high: number): number {
  const [mean, squares] = [new CompensatedSum(), new CompensatedSum()];
  for (let i = low; i < high; i++) {
    const distance = values[i]! - mean.value;
    mean.add(distance / (i - low + 1));
    squares.add(distance * (values[i]! - mean.value));
  }
  return squares.value / (high - low);
}

function spread(ofVariance: (variance: number) => number): RangeFunction {
  return (window, call) => (out, step) => {
    const { low, high, values } = window;
    if (low === high) return;
    if (window.histogramCount > 0) infoIgnored(window, call);
    out.setFloat(step, ofVariance(variance(values, low, high)));
  };
}

export const stdvarOverTime: RangeFunction = spread((value) => value);
export const stddevOverTime: RangeFunction = spread(Math.sqrt);

/** The numbers of the window, kept sorted while it slides; those that are NaN come first and are only counted. */
class SortedWindow {
  readonly #values: Float64Array;
  readonly #sorted: Float64Array;
  #size = 0;
  #nans = 0;
  #low = 0;
  #high = 0;

  constructor(values: Float64Array) {
    this.#values = values;
    this.#sorted = new Float64Array(values.length);
  }

  slide(low: number, high: number): void {
    if (low >= this.#high) {
      this.#size = this.#nans = 0;
      this.#low = this.#high = low;
    }
    for (; this.#low < low; this.#low++) this.#remove(this.#values[this.#low]!);
    for (; this.#high < high; this.#high++) this.#insert(this.#values[this.#high]!);
  }

  quantile(q: number): number {
    return quantileOfSorted(q, this.#sorted, this.#size, this.#nans);
  }

  #indexOf(value: number): number {
    let [from, to] = [0, this.#size];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.#sorted[middle]! < value) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  #insert(value: number): void {
    if (Number.isNaN(value)) {
      this.#nans++;
      return;
    }
    const index = this.#indexOf(value);
    this.#sorted.copyWithin(index + 1, index, this.#size++);
    this.#sorted[index] = value;
  }

  #remove(value: number): void {
    if (Number.isNaN(value)) {
      this.#nans--;
      return;
    }
    const index = this.#indexOf(value);
    this.#sorted.copyWithin(index, index + 1, this.#size--);
  }
}

export const quantileOverTime: RangeFunction = (window, call) => {
  const sorted = new SortedWindow(window.values);
  return (out, step) => {
    const { low, high } = window;
    if (low === high) return;
    const q = call.scalars[0]![step]!;
    if (!(q >= 0 && q <= 1)) warnQuantile(call.annotations, q, firstArgument(call));
    if (window.histogramCount > 0) infoIgnored(window, call);
    sorted.slide(low, high);
    out.setFloat(step, sorted.quantile(q));
  };
};
