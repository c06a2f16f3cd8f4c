/** Forecasts the next steps from the values, with one season of `season` steps. */
export type Baseline = (values: Float64Array, season: number, horizon: number) => Float64Array;

const naive: Baseline = (values, _season, horizon) => new Float64Array(horizon).fill(values[values.length - 1]!);

const seasonalNaive: Baseline = (values, season, horizon) =>
  Float64Array.from({ length: horizon }, (_, h) => values[values.length - season + (h % season)]!);

const rollingMean: Baseline = (values, season, horizon) => {
  let mean = 0;
  for (let k = 1; k <= season; k++) mean += values[values.length - k]! / season;
  return new Float64Array(horizon).fill(mean);
};

/** Additive Holt-Winters without damping; three parameters by grid search on the squared error one step ahead. */
const holtWinters: Baseline = (values, season, horizon) => {
  let best = Number.POSITIVE_INFINITY;
  let result = naive(values, season, horizon);
  for (const a of [0.05, 0.15, 0.3, 0.6, 0.9]) {
    for (const b of [0, 0.01, 0.1]) {
      for (const c of [0.05, 0.15, 0.4]) {
        let level = 0;
        for (let t = 0; t < season; t++) level += values[t]! / season;
        let slope = 0;
        for (let t = 0; t < season; t++) slope += (values[t + season]! - values[t]!) / season / season;
        const seasonal = Float64Array.from({ length: season }, (_, t) => values[t]! - level);
        let loss = 0;
        for (let t = season; t < values.length; t++) {
          const expected = level + slope + seasonal[t % season]!;
          loss += (values[t]! - expected) ** 2;
          const before = level;
          level = a * (values[t]! - seasonal[t % season]!) + (1 - a) * (level + slope);
          slope = b * (level - before) + (1 - b) * slope;
          seasonal[t % season] = c * (values[t]! - level) + (1 - c) * seasonal[t % season]!;
        }
        if (loss >= best) continue;
        best = loss;
        result = Float64Array.from({ length: horizon }, (_, h) => level + slope * (h + 1) + seasonal[(values.length + h) % season]!);
      }
    }
  }
  return result;
};

/** The M4 competition's Naive 2: the last value, with multiplicative seasonal indices when the season is significant and all values are positive. */
const naive2: Baseline = (values, season, horizon) => {
  const indices = seasonalIndices(values, season);
  const last = values[values.length - 1]! / indices[(values.length - 1) % season]!;
  return Float64Array.from({ length: horizon }, (_, h) => last * indices[(values.length + h) % season]!);
};

function seasonalIndices(values: Float64Array, season: number): Float64Array {
  const ones = new Float64Array(season).fill(1);
  if (values.some((value) => value <= 0) || !seasonal(values, season)) return ones;
  const half = season >> 1;
  const sums = new Float64Array(season);
  const counts = new Float64Array(season);
  for (let t = half; t + half < values.length; t++) {
    let trend = 0;
    for (let k = -half; k <= half; k++) trend += (season % 2 === 0 && Math.abs(k) === half ? 0.5 : 1) * values[t + k]!;
    sums[t % season]! += (values[t]! / trend) * season;
    counts[t % season]!++;
  }
  const indices = sums.map((sum, p) => (counts[p]! > 0 ? sum / counts[p]! : 1));
  let mean = 0;
  for (const index of indices) mean += index / season;
  return indices.map((index) => index / mean);
}

function seasonal(values: Float64Array, season: number): boolean {
  let mean = 0;
  for (const value of values) mean += value / values.length;
  const correlation = (lag: number): number => {
    let product = 0;
    let square = 0;
    for (let t = 0; t < values.length; t++) {
      square += (values[t]! - mean) ** 2;
      if (t >= lag) product += (values[t]! - mean) * (values[t - lag]! - mean);
    }
    return square > 0 ? product / square : 0;
  };
  let sum = 0;
  for (let lag = 1; lag < season; lag++) sum += correlation(lag) ** 2;
  return Math.abs(correlation(season)) > 1.645 * Math.sqrt((1 + 2 * sum) / values.length);
}

/** What a forecast must beat; `naive 2` is the measure of the overall weighted average. */
export const baselines: Readonly<Record<string, Baseline>> = {
  naive,
  'seasonal naive': seasonalNaive,
  'rolling mean': rollingMean,
  'Holt-Winters': holtWinters,
  'naive 2': naive2,
};
