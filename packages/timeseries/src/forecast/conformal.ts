import { quantileOf } from './quantile.ts';

/** How far the truth may be from a forecast, by horizon: distances below and above it, all >= 0. */
export interface Margins {
  readonly below80: Float64Array;
  readonly above80: Float64Array;
  readonly below95: Float64Array;
  readonly above95: Float64Array;
}

/** Errors of rolling origins: truth minus forecast; NaN where there is none. */
export interface RollingErrors {
  readonly origins: readonly number[];
  readonly reach: number;
  /** Origin by origin, `reach` errors. */
  readonly errors: Float64Array;
}

/**
 * Distances that held the asked share of the truth at rolling origins: split conformal prediction for several horizons (Vovk et al. 2005; Stankevičiūtė,
 * Alaa & van der Schaar 2021, "Conformal time-series forecasting"). Errors are first divided by their usual size at that horizon, which never falls with it, and at that phase of
 * `season` (0: none), so that few origins are enough; the quantile takes the finite number of origins into account.
 * @param end Steps of the series; the first forecast is for this one.
 */
export function conformalMargins(rolling: RollingErrors, horizon: number, season: number, end: number): Margins {
  const { origins, reach, errors } = rolling;
  const sizes = usualSizes(rolling);
  const phases = phaseSizes(rolling, sizes, season);
  const scaled: number[] = [];
  for (const [k, origin] of origins.entries()) {
    for (let h = 0; h < reach; h++) {
      const error = errors[k * reach + h]!;
      if (!Number.isNaN(error)) scaled.push(error / (sizes[h]! * phases[(origin + h) % phases.length]! || Number.MIN_VALUE));
    }
  }
  const signed = Float64Array.from(scaled).sort();
  const absolute = signed.map(Math.abs).sort();
  // Errors of overlapping horizons are not independent: what counts is how many horizons the origins span.
  const spans = Math.max(1, (origins[origins.length - 1]! + reach - origins[0]!) / reach);
  const margin = (share: number, side: -1 | 1): number => {
    const tail = (1 - share) / 2;
    const own = side < 0 ? -quantileOf(signed, tail) : quantileOf(signed, 1 - tail);
    return Math.max(0, (own + quantileOf(absolute, share)) / 2) * (1 + (share > 0.9 ? 1.4 : 1) / spans);
  };
  const result = [0.8, 0.8, 0.95, 0.95].map((share, i) => margin(share, i % 2 === 0 ? -1 : 1));
  result[2] = Math.max(result[2]!, result[0]!);
  result[3] = Math.max(result[3]!, result[1]!);
  const growth = growthOf(sizes);
  const margins: Float64Array[] = result.map(() => new Float64Array(horizon));
  for (let h = 0; h < horizon; h++) {
    const size = (h < reach ? sizes[h]! : sizes[reach - 1]! * ((h + 1) / reach) ** growth) * phases[(end + h) % phases.length]!;
    for (let i = 0; i < 4; i++) margins[i]![h] = result[i]! * size;
  }
  return { below80: margins[0]!, above80: margins[1]!, below95: margins[2]!, above95: margins[3]! };
}

/** The mean absolute error by horizon, smoothed over neighbouring horizons, never falling. */
function usualSizes({ origins, reach, errors }: RollingErrors): Float64Array {
  const sums = new Float64Array(reach + 1);
  const counts = new Float64Array(reach + 1);
  for (let h = 0; h < reach; h++) {
    sums[h + 1] = sums[h]!;
    counts[h + 1] = counts[h]!;
    for (let k = 0; k < origins.length; k++) {
      const error = errors[k * reach + h]!;
      if (Number.isNaN(error)) continue;
      sums[h + 1]! += Math.abs(error);
      counts[h + 1]!++;
    }
  }
  const sizes = new Float64Array(reach);
  let largest = 0;
  for (let h = 0; h < reach; h++) {
    const from = Math.floor(h / 1.6);
    const to = Math.min(reach, Math.ceil((h + 1) * 1.6));
    const mean = (sums[to]! - sums[from]!) / Math.max(1, counts[to]! - counts[from]!);
    largest = Math.max(largest, mean);
    sizes[h] = largest;
  }
  return sizes;
}

/** How much larger than usual errors are at each phase; all 1 without a season. */
function phaseSizes({ origins, reach, errors }: RollingErrors, sizes: Float64Array, season: number): Float64Array {
  const phases = new Float64Array(Math.max(1, season)).fill(1);
  if (season < 2) return phases;
  const sums = new Float64Array(season);
  const counts = new Float64Array(season);
  for (const [k, origin] of origins.entries()) {
    for (let h = 0; h < reach; h++) {
      const error = errors[k * reach + h]!;
      if (Number.isNaN(error) || sizes[h] === 0) continue;
      sums[(origin + h) % season]! += Math.abs(error) / sizes[h]!;
      counts[(origin + h) % season]!++;
    }
  }
  const shrink = 6;
  for (let p = 0; p < season; p++) phases[p] = (sums[p]! + shrink) / (counts[p]! + shrink);
  return phases;
}

/** The exponent by which errors grow with the horizon: between none and that of a random walk. */
function growthOf(sizes: Float64Array): number {
  const reach = sizes.length;
  if (reach < 4 || !(sizes[0]! > 0)) return 0.5;
  return Math.min(0.5, Math.log(sizes[reach - 1]! / sizes[reach >> 2]!) / Math.log(reach / ((reach >> 2) + 1)));
}
