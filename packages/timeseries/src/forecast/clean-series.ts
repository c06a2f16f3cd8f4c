import { quantileOf } from './quantile.ts';
import type { RegularSeries } from './regular-series.ts';
import { SeasonalProfile } from './seasonal-profile.ts';
import { findSeasons } from './seasons.ts';

/** A series ready for methods that want every value finite. */
export interface CleanSeries {
  /** Gaps filled by the seasons on a line between their neighbours. */
  readonly filled: Float64Array;
  /** `filled` with outliers drawn to the edge of what is usual. */
  readonly calm: Float64Array;
  /** Steps, ascending. */
  readonly seasons: readonly number[];
}

/** Fills gaps, finds the seasons (`given` is certain, 1 says that there are none), and calms outliers. */
export function cleanSeries(series: RegularSeries, given: number | undefined): CleanSeries {
  const filled = interpolate(series.values);
  const seasons = findSeasons(series, filled, given);
  const profile = new SeasonalProfile(seasons, filled.length);
  if (seasons.length > 0 && series.values.some(Number.isNaN)) {
    for (let round = 0; round < 2; round++) {
      profile.learn(filled, filled.length, 0.97);
      const flat = interpolate(series.values.map((value, t) => value - profile.at(t)));
      for (let t = 0; t < filled.length; t++) if (Number.isNaN(series.values[t])) filled[t] = flat[t]! + profile.at(t);
    }
  }
  return { filled, calm: calmed(filled, seasons, profile), seasons };
}

function interpolate(values: Float64Array): Float64Array {
  const result = values.slice();
  let last = -1;
  for (let t = 0; t < result.length; t++) {
    if (Number.isNaN(result[t])) continue;
    const from = last < 0 ? result[t]! : result[last]!;
    for (let k = last + 1; k < t; k++) result[k] = from + ((result[t]! - from) * (k - last)) / (t - last);
    last = t;
  }
  for (let k = last + 1; k < result.length; k++) result[k] = result[last]!;
  return result;
}

/**
 * What is further from a running median of the deseasonalised values than 2.2 times what 9 of 10 values are (3.6 deviations of a normal distribution) is drawn back to that edge.
 * A shift of the level is no outlier: the median follows it.
 */
function calmed(values: Float64Array, seasons: readonly number[], profile: SeasonalProfile): Float64Array {
  const size = values.length;
  const half = Math.min(Math.max(3, Math.min(12, Math.round((seasons[0] ?? 7) / 2))), (size - 1) >> 1);
  profile.learn(values, size, 0.97);
  const flat = new Float64Array(size);
  profile.adjust(values, size, flat);
  const middle = runningMedian(flat, half);
  const distances = flat.map((value, t) => Math.abs(value - middle[t]!)).sort();
  const edge = 2.2 * quantileOf(distances, 0.9);
  if (!(edge > 0)) return values.slice();
  let lowest = Number.POSITIVE_INFINITY;
  for (const value of values) if (value < lowest) lowest = value;
  return values.map((value, t) => {
    // Before the first and after the last whole window the level may go on as it was, or stay.
    const still = middle[Math.min(size - 1 - half, Math.max(half, t))]!;
    const low = Math.min(still, middle[t]!) - edge + profile.at(t);
    const high = Math.max(still, middle[t]!) + edge + profile.at(t);
    return Math.max(lowest, Math.min(high, Math.max(low, value)));
  });
}

/** The medians of windows of `2 * half + 1`; before the first and after the last whole window they go on at the slope of the medians there. */
function runningMedian(values: Float64Array, half: number): Float64Array {
  const size = values.length;
  const middle = new Float64Array(size);
  const window = new Float64Array(2 * half + 1);
  const first = half;
  const last = size - 1 - half;
  for (let t = first; t <= last; t++) {
    window.set(values.subarray(t - half, t + half + 1));
    middle[t] = window.sort()[half]!;
  }
  const span = Math.min(2 * half, last - first);
  const slopeFirst = span > 0 ? (middle[first + span]! - middle[first]!) / span : 0;
  const slopeLast = span > 0 ? (middle[last]! - middle[last - span]!) / span : 0;
  for (let t = 0; t < first; t++) middle[t] = middle[first]! + (t - first) * slopeFirst;
  for (let t = last + 1; t < size; t++) middle[t] = middle[last]! + (t - last) * slopeLast;
  return middle;
}
