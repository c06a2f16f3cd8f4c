import type { Forecaster } from './forecaster.ts';

/** What rolling origins showed of several methods (Tashman 2000, "Out-of-sample tests of forecasting accuracy"). */
export interface Validation {
  /** Steps before which a forecast was made, ascending. */
  readonly origins: readonly number[];
  /** The furthest horizon that was tried. */
  readonly reach: number;
  /** For each method, origin by origin, `reach` forecasts; those after the end are there too. */
  readonly forecasts: readonly Float64Array[];
  /** For each method, its share in the combination; they add up to 1. */
  readonly weights: Float64Array;
}

/**
 * Lets all methods forecast from up to `count` origins, and weighs them by their mean absolute error there to the power of `-selectivity`;
 * with `squared` by the root of the mean square, which prefers the mean to the median.
 */
export function validate(
  methods: readonly Forecaster[],
  truth: Float64Array,
  horizon: number,
  needs: number,
  count: number,
  selectivity: number,
  squared: boolean,
): Validation {
  const size = truth.length;
  const reach = Math.max(1, Math.min(horizon, Math.floor((size - needs) * 0.6)));
  const last = size - Math.max(1, Math.ceil(reach / 3));
  const first = Math.min(last, Math.max(needs, Math.floor(size * 0.4)));
  const number = Math.min(count, last - first + 1);
  const origins: number[] = [];
  for (let k = 0; k < number; k++) origins.push(number === 1 ? last : first + Math.floor(((last - first) * k) / (number - 1)));
  const forecasts = methods.map(() => new Float64Array(origins.length * reach));
  for (const [k, origin] of origins.entries()) {
    for (const [m, method] of methods.entries()) method.forecastFrom(origin, forecasts[m]!.subarray(k * reach, (k + 1) * reach));
  }
  const weights = new Float64Array(methods.length);
  for (let m = 0; m < methods.length; m++) {
    let loss = 0;
    let total = 0;
    for (const [k, origin] of origins.entries()) {
      const recency = 0.5 ** (2 * (1 - (k + 1) / origins.length));
      for (let h = 0; h < reach && origin + h < size; h++) {
        const miss = Math.abs(forecasts[m]![k * reach + h]! - truth[origin + h]!);
        const weight = recency / Math.sqrt(h + 1);
        loss += weight * (squared ? miss * miss : miss);
        total += weight;
      }
    }
    weights[m] = squared ? Math.sqrt(loss / total) : loss / total;
  }
  const best = Math.min(...weights.filter((loss) => !Number.isNaN(loss)));
  let sum = 0;
  for (let m = 0; m < weights.length; m++) {
    const ratio = weights[m] === best ? 1 : best / weights[m]!;
    weights[m] = ratio > 0.5 ? ratio ** selectivity : 0;
    sum += weights[m]!;
  }
  for (let m = 0; m < weights.length; m++) weights[m]! /= sum;
  return { origins, reach, forecasts, weights };
}
