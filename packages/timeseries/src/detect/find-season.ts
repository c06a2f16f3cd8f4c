/** A candidate must be followed this closely, and the correlation must have fallen this low before. */
const minCorrelation = 0.35;
const fallenTo = 0.2;
/** Of several multiples the first is taken that is nearly as good as the best. */
const nearlyBest = 0.9;
const clippedShare = 0.02;

/**
 * How many values, not a whole number, make a season: the first high peak of the autocorrelation after it fell (Box and Jenkins, 1970), sharpened by the
 * peaks at its multiples; undefined when there is none. At least two and a half seasons must be there. Outliers are clipped. O(n²): for some hundred values.
 */
export function findSeason(values: ArrayLike<number>): number | undefined {
  const correlations = autocorrelation(clippedDeviations(values));
  const end = correlations.length - 1;
  let fallen = 1;
  while (fallen <= end && correlations[fallen] > fallenTo) fallen++;
  let best = 0;
  for (let lag = fallen; lag < end; lag++) best = Math.max(best, correlations[lag]);
  if (best < minCorrelation) return undefined;
  for (let lag = Math.max(fallen, 3); lag < end; lag++) {
    if (correlations[lag] >= nearlyBest * best && peaksAt(correlations, lag)) return sharpened(correlations, lag);
  }
  return undefined;
}

function peaksAt(correlations: Float64Array, lag: number): boolean {
  return correlations[lag] >= correlations[lag - 1] && correlations[lag] >= correlations[lag + 1];
}

/** A whole lag is off by up to a half; the peak at its j-th multiple tells j times as exactly, and is at most one off from where the one before says. */
function sharpened(correlations: Float64Array, lag: number): number {
  let season = lag;
  for (let j = 2; j * lag < correlations.length - 1; j++) {
    const centre = Math.round(season * j);
    let peak = centre;
    for (let at = centre - 1; at <= centre + 1; at++) if (correlations[at] > correlations[peak]) peak = at;
    if (peak < correlations.length) season = peak / j;
  }
  return season;
}

function clippedDeviations(values: ArrayLike<number>): Float64Array {
  const sorted = Float64Array.from(values).sort();
  const low = sorted[Math.floor(sorted.length * clippedShare)];
  const high = sorted[Math.ceil(sorted.length * (1 - clippedShare)) - 1];
  // Scaled, so that squares of huge values stay finite.
  const scale = high > low ? 1 / (high - low) : 0;
  const deviations = Float64Array.from(values, (value) => (Math.min(high, Math.max(low, value)) - low) * scale);
  let mean = 0;
  for (const deviation of deviations) mean += deviation / deviations.length;
  for (let i = 0; i < deviations.length; i++) deviations[i] -= mean;
  return deviations;
}

function autocorrelation(deviations: Float64Array): Float64Array {
  const length = deviations.length;
  const correlations = new Float64Array(Math.floor(length / 2.5) + 1);
  for (let lag = 1; lag < correlations.length; lag++) {
    let product = 0;
    let late = 0;
    let early = 0;
    for (let i = lag; i < length; i++) {
      product += deviations[i] * deviations[i - lag];
      late += deviations[i] * deviations[i];
      early += deviations[i - lag] * deviations[i - lag];
    }
    correlations[lag] = late * early > 0 ? product / Math.sqrt(late * early) : 0;
  }
  return correlations;
}
