import type { OriginErrors } from './origins.ts';

/** How far below and above a forecast what comes may be, in the unit of the errors. */
export interface Margin {
  readonly below: number;
  readonly above: number;
}

/** Fewer origins say too little. */
const fewestErrors = 4;

/**
 * Margins that hold the asked share (in percent) of what comes, for a sum or mean over so many days: split conformal prediction (Vovk et al. 2005) on the errors of
 * sums. Errors are divided by their usual size at that number of days, so that all of them count; beyond what was seen, the size of the longest one holds.
 * Undefined while there are too few errors.
 */
export function marginOf({ byDay, spans }: OriginErrors, days: number, percent: 80 | 95): Margin | undefined {
  if (byDay[0]!.length < fewestErrors) return undefined;
  const sizes = sizesOf(byDay);
  const scaled: number[] = [];
  byDay.forEach((errors, day) => errors.forEach((error) => scaled.push(error / (sizes[day]! || Number.MIN_VALUE))));
  const signed = Float64Array.from(scaled).sort();
  const absolute = signed.map(Math.abs).sort();
  const share = percent / 100;
  // Errors of overlapping days are not independent: few spans know little of the tails.
  const caution = 1 + (percent === 95 ? 1 : 0.5) / spans;
  const size = sizes[Math.min(days, sizes.length) - 1]! * caution;
  const margin = (own: number): number => (Math.max(0, own + quantile(absolute, share)) / 2) * size;
  return { below: margin(-quantile(signed, (1 - share) / 2)), above: margin(quantile(signed, (1 + share) / 2)) };
}

/** The mean size of errors by day, smoothed over neighbouring days; where there are none, that of the day before. */
function sizesOf(byDay: OriginErrors['byDay']): Float64Array {
  const sizes = new Float64Array(byDay.length);
  let before = 0;
  for (let day = 0; day < byDay.length; day++) {
    let sum = 0;
    let count = 0;
    const until = Math.min(byDay.length, Math.ceil((day + 1) * 1.6));
    if (byDay[day]!.length > 0) {
      for (let near = Math.floor(day / 1.6); near < until; near++) {
        for (const error of byDay[near]!) sum += Math.abs(error);
        count += byDay[near]!.length;
      }
    }
    sizes[day] = before = count > 0 ? sum / count : before;
  }
  return sizes;
}

/** Linear between neighbours. */
function quantile(sorted: Float64Array, share: number): number {
  const at = Math.max(0, Math.min(sorted.length - 1, share * (sorted.length - 1)));
  const low = Math.floor(at);
  const high = Math.ceil(at);
  return sorted[low]! + (at - low) * (sorted[high]! - sorted[low]!);
}
