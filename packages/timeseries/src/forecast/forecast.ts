import { alignLevels } from './align-levels.ts';
import { cleanSeries } from './clean-series.ts';
import { conformalMargins } from './conformal.ts';
import type { Forecaster } from './forecaster.ts';
import { IdlePhases } from './idle-phases.ts';
import { methodsFor } from './methods.ts';
import { regularSeries } from './regular-series.ts';
import type { RegularSeries, TimedValues } from './regular-series.ts';
import { trendOf } from './trend.ts';
import type { Trend } from './trend.ts';
import { validate } from './validation.ts';
import type { Validation } from './validation.ts';

/** What a caller knows better than the data. */
export interface ForecastOptions {
  /** Steps of the shortest season, which is then certain; 1: there is no season. Default: found in the data. */
  readonly season?: number;
}

/** The next steps. All arrays are as long as the horizon. */
export interface Forecast {
  readonly status: 'ok';
  readonly timestampsMs: Float64Array;
  readonly mean: Float64Array;
  readonly lower80: Float64Array;
  readonly upper80: Float64Array;
  readonly lower95: Float64Array;
  readonly upper95: Float64Array;
  /** Where the history was going. */
  readonly trend: Trend;
  /** Steps of the seasons found, ascending. */
  readonly seasons: readonly number[];
  /** The methods of the combination, the weightiest first, such as `autoregression 60 %, log theta 40 %`. */
  readonly method: string;
}

/** There is too little history. */
export interface InsufficientData {
  readonly status: 'insufficient_data';
  /** What is missing, such as `10 observations at different times are needed, there are 4`. */
  readonly missing: string;
}

const fewestObservations = 10;
const enoughObservations = 50;
/** Older steps are left out: three weeks are enough, within these bounds. */
const leastHistory = 3000;
const mostHistory = 9000;
const weekMs = 7 * 86_400_000;
const mostOrigins = 30;
/** Weights are errors to the power of -10: nearly only the best methods count, several when they are equally good. */
const selectivity = 10;
/** Without a season methods are alike, and differ by chance: they share more evenly. */
const selectivityOfLevels = 4;
/** A week of five minutes; longer seasons are left to the decomposition. */
const longestState = 2016;

/**
 * Forecasts the next `horizon` steps of a series of any interval. Pure and deterministic: the same series gives the same forecast. A combination of methods, weighted by their errors at
 * rolling origins of this very series; intervals hold what the errors there did (conformal prediction). Gaps are filled, duplicates of a step averaged,
 * outliers calmed, lasting steps of the level taken out. Where no value was negative, no forecast is; intervals never cross: lower95 <= lower80 <= mean <= upper80 <= upper95.
 * The answer is `insufficient_data` for less than 10 observations, two of a given season, or a tenth of the horizon. Throws for a horizon or a season that is no whole number from 1 on.
 */
export function forecast(series: TimedValues, horizon: number, options: ForecastOptions = {}): Forecast | InsufficientData {
  const { season } = options;
  if (!Number.isInteger(horizon) || horizon < 1) throw new Error(`the horizon must be a whole number of steps from 1 on, not ${horizon}`);
  if (season !== undefined && (!Number.isInteger(season) || season < 1))
    throw new Error(`the season must be a whole number of steps from 1 on, not ${season}`);
  const regular = regularSeries(series);
  let observations = regular === undefined && hasValue(series) ? 1 : 0;
  if (regular !== undefined) for (const value of regular.values) if (!Number.isNaN(value)) observations++;
  const needed = Math.max(fewestObservations, 2 * (season ?? 0), Math.ceil(horizon / 10));
  if (regular === undefined || observations < needed) {
    return { status: 'insufficient_data', missing: `${needed} observations at different times are needed, there are ${observations}` };
  }
  const scale = scaleOf(regular.values);
  const result = forecastRegular(recent(regular, scale), horizon, season);
  for (const values of [result.mean, result.lower80, result.upper80, result.lower95, result.upper95]) {
    for (let h = 0; h < horizon; h++) values[h] = Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, values[h]! * scale));
  }
  return result;
}

function hasValue({ timestampsMs, values }: TimedValues): boolean {
  for (let i = 0; i < Math.min(timestampsMs.length, values.length); i++)
    if (Number.isFinite(timestampsMs[i]) && Number.isFinite(values[i])) return true;
  return false;
}

/** A power of two near the largest value, so that squares of huge and tiny values stay numbers and scaling is exact. */
function scaleOf(values: Float64Array): number {
  let largest = 0;
  for (const value of values) if (Math.abs(value) > largest) largest = Math.abs(value);
  return largest > 0 ? 2 ** Math.max(-1000, Math.min(1000, Math.round(Math.log2(largest)))) : 1;
}

function recent(series: RegularSeries, scale: number): RegularSeries {
  const kept = Math.max(leastHistory, Math.min(mostHistory, Math.ceil((3 * weekMs) / series.stepMs)));
  const skipped = Math.max(0, series.values.length - kept, endOfLongGap(series.values));
  const values = series.values.subarray(skipped).map((value) => value / scale);
  return { ...series, values, timestampAt: (index) => series.timestampAt(index + skipped) };
}

/** What was before a gap that is longer than all that came since says little, provided that came enough; 0 without such a gap. */
function endOfLongGap(values: Float64Array): number {
  let observations = 0;
  let gap = 0;
  for (let t = values.length - 1; t >= 0; t--) {
    if (Number.isNaN(values[t])) {
      gap++;
      continue;
    }
    if (gap > observations && observations >= enoughObservations) return t + gap + 1;
    gap = 0;
    observations++;
  }
  return 0;
}

function forecastRegular(series: RegularSeries, horizon: number, season: number | undefined): Forecast {
  const { filled, calm, seasons } = cleanSeries(series, season);
  alignLevels(calm, filled, seasons);
  const size = calm.length;
  let lowest = Number.POSITIVE_INFINITY;
  for (const value of filled) if (value < lowest) lowest = value;
  const whole = seasons.filter((period) => Number.isInteger(period) && period <= size / 2 && period <= longestState).slice(0, 2);
  const longest = whole[whole.length - 1] ?? 1;
  const idle = new IdlePhases(filled, lowest === 0 ? whole : []);
  // Of a sparse series the median is near zero, and what is not zero looks like an outlier: only means add up to the right sum.
  const sparse = lowest === 0 && idle.zerosElsewhere() > 0.1;
  const truth = sparse ? filled : calm;
  const methods = methodsFor(truth, sparse ? undefined : lowest, seasons, whole, horizon);
  // Two cycles before the first origin; of a short history enough to leave room for the horizon.
  const needs = Math.min(size - 2, Math.max(5, Math.ceil(Math.min(longest * 2.2, Math.max(longest * 1.3, size * 0.55)))));
  const validation = validate(methods, truth, horizon, needs, mostOrigins, whole.length > 0 ? selectivity : selectivityOfLevels, sparse);
  const { origins, reach, weights } = validation;
  const floor = lowest >= 0 ? 0 : Number.NEGATIVE_INFINITY;
  const mean = combined(methods, weights, size, horizon);
  for (let h = 0; h < horizon; h++) mean[h] = Math.max(floor, mean[h]!);
  idle.apply(size, mean);

  const errors = new Float64Array(origins.length * reach).fill(Number.NaN);
  const logarithmic = methods.reduce((sum, { name }, m) => sum + (name.startsWith('log ') ? weights[m]! : 0), 0);
  for (const [k, origin] of origins.entries()) {
    const forecasts = combinedAt(validation, k);
    for (let h = 0; h < reach; h++) forecasts[h] = Math.max(floor, forecasts[h]!);
    idle.apply(origin, forecasts);
    // Errors of a multiplicative series grow with its level: those of old origins are put on the level of now.
    const growth = (levelBefore(calm, size, longest) / levelBefore(calm, origin, longest)) ** logarithmic;
    for (let h = 0; h < reach && origin + h < size; h++) {
      if (!Number.isNaN(series.values[origin + h])) errors[k * reach + h] = growth * (filled[origin + h]! - forecasts[h]!);
    }
  }
  const margins = conformalMargins({ origins, reach, errors }, horizon, whole[0] ?? 0, size);
  const bound = (margin: Float64Array, side: -1 | 1): Float64Array => mean.map((value, h) => Math.max(floor, value + side * margin[h]!));
  const order = [...methods.keys()].filter((m) => weights[m]! >= 0.005).sort((a, b) => weights[b]! - weights[a]!);
  return {
    status: 'ok',
    timestampsMs: Float64Array.from({ length: horizon }, (_, h) => series.timestampAt(size + h)),
    mean,
    lower80: bound(margins.below80, -1),
    upper80: bound(margins.above80, 1),
    lower95: bound(margins.below95, -1),
    upper95: bound(margins.above95, 1),
    trend: trendOf(calm, seasons),
    seasons,
    method: order.map((m) => `${methods[m]!.name} ${Math.round(weights[m]! * 100)} %`).join(', '),
  };
}

function combined(methods: readonly Forecaster[], weights: Float64Array, end: number, horizon: number): Float64Array {
  const mean = new Float64Array(horizon);
  const one = new Float64Array(horizon);
  for (const [m, method] of methods.entries()) {
    if (weights[m] === 0) continue;
    method.forecastFrom(end, one);
    for (let h = 0; h < horizon; h++) mean[h]! += weights[m]! * one[h]!;
  }
  return mean;
}

function combinedAt({ forecasts, weights, reach }: Validation, origin: number): Float64Array {
  const mean = new Float64Array(reach);
  for (let m = 0; m < weights.length; m++) {
    if (weights[m] === 0) continue;
    for (let h = 0; h < reach; h++) mean[h]! += weights[m]! * forecasts[m]![origin * reach + h]!;
  }
  return mean;
}

/** The mean size of a season before a step, and of ten values at least. */
function levelBefore(values: Float64Array, end: number, season: number): number {
  const span = Math.min(end, Math.max(10, season));
  let sum = 0;
  for (let t = end - span; t < end; t++) sum += Math.abs(values[t]!);
  return sum / span || 1;
}
