import type { Forecaster } from './forecaster.ts';

/**
 * Autoregression around the local level by ridge regression: what the next value is above the mean of the last longest season, from what the last few
 * values, and those about one season ago, were above it. Older values count less (half as much after a third of the series). Solved for every origin
 * from sums that run along (Hoerl & Kennard 1970 for the ridge).
 */
export class Autoregression implements Forecaster {
  readonly name: string;
  readonly #values: Float64Array;
  readonly #lags: readonly number[];
  readonly #window: number;
  readonly #shortWindow: number;
  readonly #gram: Float64Array;
  readonly #moments: Float64Array;
  readonly #size: number;
  readonly #first: number;
  readonly #forgetting: number;
  readonly #prefix: Float64Array;
  readonly #path: Float64Array;
  /** The sums contain the targets before this step. */
  #next: number;

  /** `seasons` are whole steps, ascending, at most two. */
  constructor(name: string, values: Float64Array, seasons: readonly number[], horizon: number) {
    this.name = name;
    this.#values = values;
    const lags = new Set([1, 2, 3]);
    for (const season of seasons) {
      for (const lag of [season - 1, season, season + 1]) if (lag > 0) lags.add(lag);
      if (season * 6 < values.length) lags.add(season * 2);
    }
    this.#lags = [...lags].sort((a, b) => a - b);
    this.#window = Math.max(seasons[seasons.length - 1] ?? 0, 8);
    this.#shortWindow = seasons.length > 1 ? seasons[0]! : Math.max(3, this.#window >> 1);
    this.#size = this.#lags.length + 1;
    this.#gram = new Float64Array(this.#size * this.#size);
    this.#moments = new Float64Array(this.#size);
    this.#first = Math.max(this.#window, this.#lags[this.#lags.length - 1]!);
    this.#next = this.#first;
    this.#forgetting = 0.5 ** (3 / values.length);
    this.#prefix = new Float64Array(values.length + 1);
    for (let t = 0; t < values.length; t++) this.#prefix[t + 1] = this.#prefix[t]! + values[t]!;
    this.#path = new Float64Array(this.#first + horizon);
  }

  /** How many values are needed before the first origin. */
  get needs(): number {
    return this.#first + 3 * this.#size;
  }

  forecastFrom(end: number, into: Float64Array): void {
    const beta = this.#solve(end);
    const values = this.#values;
    const path = this.#path;
    const lead = this.#first;
    for (let k = 0; k < lead; k++) path[k] = values[end - lead + k]!;
    let sum = 0;
    let shortSum = 0;
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (let k = 1; k <= this.#window; k++) sum += path[lead - k]!;
    for (let k = 1; k <= this.#shortWindow; k++) shortSum += path[lead - k]!;
    for (let t = Math.max(0, end - 4 * lead); t < end; t++) {
      if (values[t]! < low) low = values[t]!;
      if (values[t]! > high) high = values[t]!;
    }
    const room = (high - low) / 2;
    for (let h = 0; h < into.length; h++) {
      const at = lead + h;
      const level = sum / this.#window;
      let value = level + beta[this.#lags.length]! * (shortSum / this.#shortWindow - level);
      for (let k = 0; k < this.#lags.length; k++) value += beta[k]! * (path[at - this.#lags[k]!]! - level);
      value = Math.min(high + room, Math.max(low - room, value));
      into[h] = value;
      path[at] = value;
      sum += value - path[at - this.#window]!;
      shortSum += value - path[at - this.#shortWindow]!;
    }
  }

  #solve(end: number): Float64Array {
    const size = this.#size;
    const lags = this.#lags;
    const x = new Float64Array(size);
    const prefix = this.#prefix;
    const values = this.#values;
    const gram = this.#gram;
    const moments = this.#moments;
    // Instead of shrinking the sums at every step, newer ones weigh more.
    let weight = this.#forgetting ** -(this.#next - this.#first);
    const growth = 1 / this.#forgetting;
    for (let t = this.#next; t < end; t++) {
      const level = (prefix[t]! - prefix[t - this.#window]!) / this.#window;
      for (let k = 0; k < lags.length; k++) x[k] = values[t - lags[k]!]! - level;
      x[lags.length] = (prefix[t]! - prefix[t - this.#shortWindow]!) / this.#shortWindow - level;
      const target = (values[t]! - level) * weight;
      for (let i = 0; i < size; i++) {
        const scaled = x[i]! * weight;
        for (let j = 0; j <= i; j++) gram[i * size + j]! += scaled * x[j]!;
        moments[i]! += x[i]! * target;
      }
      weight *= growth;
    }
    this.#next = Math.max(this.#next, end);
    return ridge(gram, moments, size, 0.003);
  }
}

/** Solves (gram + share of its mean diagonal) beta = moments by Cholesky's decomposition; zeros where there is nothing to solve. */
function ridge(gram: Float64Array, moments: Float64Array, size: number, share: number): Float64Array {
  const beta = new Float64Array(size);
  let mean = 0;
  for (let i = 0; i < size; i++) mean += gram[i * size + i]! / size;
  if (!(mean > 0) || !Number.isFinite(mean)) return beta;
  const lower = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = gram[i * size + j]! + (i === j ? share * mean : 0);
      for (let k = 0; k < j; k++) sum -= lower[i * size + k]! * lower[j * size + k]!;
      if (i !== j) lower[i * size + j] = sum / lower[j * size + j]!;
      else if (sum > 0) lower[i * size + i] = Math.sqrt(sum);
      else return beta;
    }
  }
  for (let i = 0; i < size; i++) {
    let sum = moments[i]!;
    for (let k = 0; k < i; k++) sum -= lower[i * size + k]! * beta[k]!;
    beta[i] = sum / lower[i * size + i]!;
  }
  for (let i = size - 1; i >= 0; i--) {
    let sum = beta[i]!;
    for (let k = i + 1; k < size; k++) sum -= lower[k * size + i]! * beta[k]!;
    beta[i] = sum / lower[i * size + i]!;
  }
  return beta;
}
