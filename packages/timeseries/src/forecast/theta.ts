import type { LevelForecaster } from './forecaster.ts';

const smoothings = [0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 0.98];
/** What share of the straight line's slope the forecast keeps: 1 - 1/theta. */
const shares = [0, 0.25, 0.5, 0.75, 1];

/**
 * The Theta method (Assimakopoulos & Nikolopoulos 2000, "The theta model: a decomposition approach to forecasting") in the form of Hyndman & Billah (2003):
 * simple exponential smoothing with a share of the slope of the straight line through all values. Smoothing and theta are chosen by the absolute error
 * over `reach` steps ahead, as the optimised theta (Fiorucci et al. 2016) chooses them by that of one step.
 */
export class Theta implements LevelForecaster {
  readonly name: string;
  readonly #level: Float64Array;
  readonly #slope: Float64Array;
  readonly #values: Float64Array;
  readonly #smoothing: number;
  readonly #share: number;

  /** Fits all values, which are finite and have no season. */
  constructor(name: string, values: Float64Array, reach: number) {
    this.name = name;
    const size = values.length;
    this.#level = new Float64Array(size);
    this.#values = values;
    this.#slope = new Float64Array(size);
    slopes(values, size, this.#slope);
    const losses = new Float64Array(shares.length);
    let best = Number.POSITIVE_INFINITY;
    let smoothing = 0.2;
    let share = 0.5;
    const first = Math.min(size >> 1, Math.max(4, size >> 2));
    const steps = [1, Math.max(1, Math.min(reach, (size - first) >> 1))];
    for (const a of smoothings) {
      this.#smooth(a, size);
      losses.fill(0);
      for (const ahead of steps) {
        for (let s = 0; s < shares.length; s++) {
          let sum = 0;
          for (let t = first; t + ahead < size; t++) {
            sum += Math.abs(values[t + ahead]! - this.#level[t]! - shares[s]! * this.#slope[t]! * (ahead - 1 + 1 / a));
          }
          losses[s]! += Math.log(sum + 1e-12);
        }
      }
      for (let s = 0; s < shares.length; s++) {
        // A steeper line must earn its place.
        losses[s]! += 0.1 * shares[s]!;
        if (losses[s]! >= best) continue;
        best = losses[s]!;
        smoothing = a;
        share = shares[s]!;
      }
    }
    this.#smoothing = smoothing;
    this.#share = share;
    this.#smooth(smoothing, size);
  }

  forecastFrom(end: number, into: Float64Array): void {
    const slope = this.#share * this.#slope[end - 1]!;
    const lead = (1 - (1 - this.#smoothing) ** end) / this.#smoothing;
    for (let h = 0; h < into.length; h++) into[h] = this.#level[end - 1]! + slope * (h + lead);
  }

  /** Takes up changed values, the first `end` of them, with the parameters as they are. */
  restate(end: number): void {
    slopes(this.#values, end, this.#slope);
    this.#smooth(this.#smoothing, end);
  }

  #smooth(a: number, end: number): void {
    const values = this.#values;
    let level = 0;
    const head = Math.min(end, 4);
    for (let t = 0; t < head; t++) level += values[t]! / head;
    for (let t = 0; t < end; t++) {
      level += a * (values[t]! - level);
      this.#level[t] = level;
    }
  }
}

/** The least squares slope of the values up to each. */
function slopes(values: Float64Array, end: number, into: Float64Array): void {
  let sum = 0;
  let weighted = 0;
  for (let t = 0; t < end; t++) {
    sum += values[t]! - values[0]!;
    weighted += t * (values[t]! - values[0]!);
    const n = t + 1;
    const spread = (n * (n * n - 1)) / 12;
    into[t] = spread > 0 ? (weighted - ((n - 1) / 2) * sum) / spread : 0;
  }
}
