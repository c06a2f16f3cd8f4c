import type { RegularSeries } from './regular-series.ts';
import { movingAverage } from './seasonal-profile.ts';

const dayMs = 86_400_000;

/** Seasons that people and machines have, in steps of the series, ascending. */
function candidates({ stepMs, calendar, stepMonths }: RegularSeries): number[] {
  if (calendar === 'months') return stepMonths < 12 ? [12 / stepMonths] : [];
  if (calendar === 'weekdays') return [5, 261];
  const periods = [dayMs / 24, dayMs, 7 * dayMs].map((period) => period / stepMs);
  if (stepMs >= dayMs / 4) periods.push((365.25 * dayMs) / stepMs);
  return periods
    .map((period) => (Math.abs(period - Math.round(period)) < 0.01 ? Math.round(period) : period))
    .filter((period) => period >= 2);
}

/**
 * The seasons of a series, in steps, ascending: periods of the calendar (hour, day, week, year) with at least two cycles of data whose
 * autocorrelation is significant after the trend and the shorter seasons are taken away; when the calendar offers none, the clearest peak of the
 * autocorrelation. `values` are finite. A `given` season needs no test and is the shortest; 1 says that there are none.
 */
export function findSeasons(series: RegularSeries, values: Float64Array, given?: number): number[] {
  if (given === 1) return [];
  const found: number[] = [];
  const size = values.length;
  let rest: Float64Array = new Float64Array(values);
  const offered = candidates(series);
  if (given !== undefined) offered.splice(0, offered.length, given, ...offered.filter((period) => period > given));
  for (const period of offered) {
    const lag = Math.round(period);
    if (size < 2 * lag) break;
    const trend = new Float64Array(size);
    movingAverage(rest, size, lag, trend);
    const detrended = rest.map((value, t) => value - trend[t]!);
    if (period !== given && correlation(detrended, lag) < threshold(detrended, lag)) continue;
    found.push(period);
    rest = withoutProfile(rest, detrended, period);
  }
  if (found.length === 0) {
    const peak = clearestPeak(values, offered);
    if (peak > 0) found.push(peak);
  }
  return found;
}

/** Bartlett's bound for lag `lag`, one-sided at 95 %, as the M4 competition tested seasons; more of it where there are few cycles. */
function threshold(values: Float64Array, lag: number): number {
  let sum = 0;
  const step = Math.max(1, Math.floor(lag / 24));
  for (let k = 1; k < lag; k += step) sum += step * correlation(values, k) ** 2;
  return Math.max(0.08, 1.645 * Math.sqrt((1 + 2 * Math.min(sum, lag / 4)) / values.length));
}

function correlation(values: Float64Array, lag: number): number {
  let product = 0;
  let square = 0;
  for (let t = 0; t < values.length; t++) {
    square += values[t]! * values[t]!;
    if (t >= lag) product += values[t]! * values[t - lag]!;
  }
  // Of sums with different numbers of terms: the shorter one is scaled up.
  return square > 0 ? (product / square) * (values.length / (values.length - lag)) : 0;
}

function withoutProfile(values: Float64Array, detrended: Float64Array, period: number): Float64Array {
  const profile = new Float64Array(Math.ceil(period));
  const counts = new Int32Array(profile.length);
  for (let t = 0; t < values.length; t++) {
    const phase = Math.floor(t % period);
    counts[phase]!++;
    profile[phase]! += (detrended[t]! - profile[phase]!) / counts[phase]!;
  }
  return values.map((value, t) => value - profile[Math.floor(t % period)]!);
}

/** A period that no calendar knows: the highest local maximum of the autocorrelation of the differences from a line, when it is high. */
function clearestPeak(values: Float64Array, offered: readonly number[]): number {
  const size = Math.min(values.length, 2000);
  const recent = values.subarray(values.length - size);
  const slope = (recent[size - 1]! - recent[0]!) / Math.max(1, size - 1);
  const line = recent.map((value, t) => value - slope * t);
  let mean = 0;
  for (const value of line) mean += value / size;
  const centred = line.map((value) => value - mean);
  const correlations = new Float64Array(Math.min(400, Math.floor(size / 3)) + 2);
  for (let lag = 0; lag < correlations.length; lag++) correlations[lag] = correlation(centred, lag);
  let best = 0;
  for (let lag = 3; lag < correlations.length - 1; lag++) {
    const here = correlations[lag]!;
    if (here < correlations[lag - 1]! || here < correlations[lag + 1]! || here < 0.4) continue;
    // Between two cycles the correlation must have gone: else it is a trend.
    let valley = here;
    for (let k = 1; k < lag; k++) valley = Math.min(valley, correlations[k]!);
    if (here - valley > 0.5 && repeats(values, lag) && (best === 0 || here > correlations[best]! + 0.05)) best = lag;
  }
  return offered.includes(best) ? 0 : best;
}

/** Whether the season is still there when a trend as long as itself is taken away: that of a random walk is not. */
function repeats(values: Float64Array, lag: number): boolean {
  const trend = new Float64Array(values.length);
  movingAverage(values, values.length, lag, trend);
  return (
    correlation(
      values.map((value, t) => value - trend[t]!),
      lag,
    ) > 0.4
  );
}
