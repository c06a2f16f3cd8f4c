import { medianOf, quantileOf } from './quantile.ts';
import { SeasonalProfile } from './seasonal-profile.ts';

const mostShifts = 3;

/**
 * Lifts or lowers what came before lasting steps of the level to the level after them, so that methods learn one series; writes the result into both arrays. A step is where
 * the medians before and after differ by far more than such medians do elsewhere in the series (Pettitt 1979 for the idea of ranks around a change point). Positive
 * series whose variation steps with the level are scaled, others are shifted.
 */
export function alignLevels(calm: Float64Array, filled: Float64Array, seasons: readonly number[]): void {
  for (let round = 0; round < mostShifts; round++) {
    const step = largestStep(calm, seasons);
    if (step === 0) break;
    const span = Math.min(step, calm.length - step, 4 * Math.max(12, Math.round(seasons[0] ?? 12)));
    const before = calm.slice(step - span, step);
    const after = calm.slice(step, step + span);
    const from = medianOf(before);
    const to = medianOf(after);
    const ratio = to / from;
    const spread = (values: Float64Array): number => quantileOf(values.slice().sort(), 0.9) - quantileOf(values.slice().sort(), 0.1);
    const scaled = spread(after) / spread(before);
    const multiplies = calm.every((value) => value >= 0) && from > 0 && Math.abs(Math.log(scaled / ratio)) < Math.abs(Math.log(scaled));
    for (const values of [calm, filled]) {
      for (let t = 0; t < step; t++) values[t] = multiplies ? values[t]! * ratio : values[t]! + to - from;
    }
  }
}

/** The first step of the new level; 0 when there is none. */
function largestStep(values: Float64Array, seasons: readonly number[]): number {
  const size = values.length;
  const width = Math.max(12, Math.round(seasons[0] ?? 12));
  if (size < 5 * width) return 0;
  const flat = new Float64Array(size);
  const profile = new SeasonalProfile(seasons, size);
  profile.learn(values, size, 1);
  profile.adjust(values, size, flat);
  const stride = Math.max(1, width >> 3);
  const count = Math.floor((size - width) / stride) + 1;
  const medians = new Float64Array(count);
  const window = new Float64Array(width);
  for (let k = 0; k < count; k++) {
    window.set(flat.subarray(k * stride, k * stride + width));
    medians[k] = window.sort()[width >> 1]!;
  }
  const apart = Math.ceil(width / stride);
  const jumps = new Float64Array(Math.max(0, count - apart));
  for (let k = 0; k < jumps.length; k++) jumps[k] = medians[k + apart]! - medians[k]!;
  const usual = quantileOf(jumps.map(Math.abs).sort(), 0.75);
  let best = -1;
  for (let k = 0; k < jumps.length; k++) if (best < 0 || Math.abs(jumps[k]!) > Math.abs(jumps[best]!)) best = k;
  if (best < 0 || Math.abs(jumps[best]!) < 4 * usual || usual === 0) return 0;
  // The level stays: what follows is not a burst that goes back, and what came before was not one.
  const jump = jumps[best]!;
  const step = best * stride + width;
  const early = medianOf(flat.slice(Math.max(0, step - 3 * width), step));
  const late = medianOf(flat.slice(step, step + 3 * width));
  if ((late - early) / jump < 0.7) return 0;
  // Nor is it the weekend of a growing series, which differs from the one before by the growth alone.
  const season = Math.round(seasons.at(-1) ?? 0);
  if (season > width && step >= season) {
    const changes = values.slice(step, step + 3 * width).map((value, i) => value - values[step + i - season]!);
    if (medianOf(changes) / jump < 0.5) return 0;
  }
  return sharpest(flat, step, width);
}

/** The step near `about` with the least sum of squares around the two means. */
function sharpest(values: Float64Array, about: number, width: number): number {
  let best = about;
  let gain = -1;
  const from = Math.max(0, about - width);
  const to = Math.min(values.length, about + width);
  let total = 0;
  for (let t = from; t < to; t++) total += values[t]!;
  let sum = 0;
  for (let t = from; t < to - 1; t++) {
    sum += values[t]!;
    const left = t + 1 - from;
    const right = to - t - 1;
    const difference = sum / left - (total - sum) / right;
    const here = (difference * difference * left * right) / (left + right);
    if (here <= gain) continue;
    gain = here;
    best = t + 1;
  }
  return best;
}
