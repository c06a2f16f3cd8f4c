import type { LevelForecaster } from './forecaster.ts';

interface Parameters {
  /** Of level, trend, the shorter and the longer season, and of the error that is left: 0 to 1. */
  level: number;
  trend: number;
  damping: number;
  short: number;
  long: number;
  error: number;
}

type Name = keyof Parameters;

const grids: Readonly<Record<Name, readonly number[]>> = {
  level: [0.003, 0.01, 0.03, 0.08, 0.16, 0.3, 0.5, 0.75, 0.97],
  trend: [0, 0.003, 0.01, 0.03, 0.1],
  damping: [0.8, 0.9, 0.97],
  short: [0.01, 0.03, 0.08, 0.16, 0.3, 0.5],
  long: [0.02, 0.06, 0.15, 0.3, 0.5],
  error: [0, 0.3, 0.6, 0.8, 0.93],
};

/**
 * Damped additive exponential smoothing with up to two seasons, a day inside a week say, and an error that decays: Holt-Winters (Winters 1960)
 * with a damped trend (Gardner & McKenzie 1985), a second season and an autoregressive error (Taylor 2003, "Short-term electricity demand
 * forecasting using double seasonal exponential smoothing"). On logarithms it is the multiplicative form. Parameters minimise the product of
 * the mean absolute error one step ahead and the square of that one season ahead, by coordinate search on a coarse grid with one refinement.
 */
export class ExponentialSmoothing implements LevelForecaster {
  readonly name: string;
  readonly #values: Float64Array;
  readonly #shortSeason: number;
  readonly #longSeason: number;
  readonly #level: Float64Array;
  readonly #trend: Float64Array;
  readonly #short: Float64Array;
  readonly #long: Float64Array;
  readonly #error: Float64Array;
  readonly #start: number;
  #parameters: Parameters = { level: 0.3, trend: 0, damping: 0.9, short: 0.16, long: 0.15, error: 0 };

  /** Fits all values, which are finite; `seasons` are whole steps, at most two, ascending, each with two cycles of values at least. */
  constructor(name: string, values: Float64Array, seasons: readonly number[]) {
    this.name = name;
    this.#values = values;
    this.#shortSeason = seasons[0] ?? 0;
    this.#longSeason = seasons[1] ?? 0;
    const lead = this.#longSeason || this.#shortSeason || 1;
    const size = values.length + lead;
    this.#level = new Float64Array(size);
    this.#trend = new Float64Array(size);
    this.#short = new Float64Array(size);
    this.#long = new Float64Array(size);
    this.#error = new Float64Array(size);
    this.#start = lead;
    this.#initialise();
    this.#search();
    this.#pass(this.#parameters);
  }

  forecastFrom(end: number, into: Float64Array): void {
    const { damping, error } = this.#parameters;
    const at = this.#start + end - 1;
    let level = this.#level[at]!;
    let slope = this.#trend[at]!;
    let rest = this.#error[at]!;
    const short = this.#shortSeason;
    const long = this.#longSeason;
    for (let h = 0; h < into.length; h++) {
      slope *= damping;
      level += slope;
      rest *= error;
      let value = level + rest;
      if (short > 0) value += this.#short[at + 1 - short + (h % short)]!;
      if (long > 0) value += this.#long[at + 1 - long + (h % long)]!;
      into[h] = value;
    }
  }

  /** Takes up changed values, the first `end` of them, with the parameters as they are. */
  restate(end: number): void {
    this.#initialise(end);
    this.#pass(this.#parameters, end);
  }

  /** The first cycle is the mean of the first cycles: of the first half at most, so that origins in the second half know nothing of what follows. */
  #initialise(end = this.#values.length): void {
    const values = this.#values;
    const start = this.#start;
    const longest = this.#longSeason || this.#shortSeason;
    const cycles = longest > 0 ? Math.max(1, Math.min(3, Math.floor(end / 2 / longest))) : 0;
    const span = longest > 0 ? Math.min(end, cycles * longest) : Math.min(end, 5);
    let mean = 0;
    for (let t = 0; t < span; t++) mean += values[t]! / span;
    this.#level.fill(mean, 0, start);
    const rest = new Float64Array(span);
    for (let t = 0; t < span; t++) rest[t] = values[t]! - mean;
    for (const [season, states] of [
      [this.#shortSeason, this.#short],
      [this.#longSeason, this.#long],
    ] as const) {
      if (season === 0) continue;
      const profile = new Float64Array(season);
      const counts = new Float64Array(season);
      for (let t = 0; t < span; t++) {
        counts[t % season]!++;
        profile[t % season]! += (rest[t]! - profile[t % season]!) / counts[t % season]!;
      }
      for (let t = 0; t < span; t++) rest[t]! -= profile[t % season]!;
      for (let i = 0; i < start; i++) states[i] = profile[(((i - start) % season) + season) % season]!;
    }
  }

  #search(): void {
    const names: Name[] = ['level', 'trend', 'error'];
    if (this.#shortSeason > 0) names.push('short');
    if (this.#longSeason > 0) names.push('long');
    names.push('damping');
    let best = this.#pass(this.#parameters);
    const attempt = (name: Name, value: number): void => {
      const before = this.#parameters[name];
      if (value === before) return;
      this.#parameters[name] = value;
      const loss = this.#pass(this.#parameters);
      if (loss < best) best = loss;
      else this.#parameters[name] = before;
    };
    for (let round = 0; round < 2; round++) {
      for (const name of names) {
        if (name === 'damping' && this.#parameters.trend === 0) continue;
        for (const value of grids[name]) attempt(name, value);
      }
    }
    for (const name of names) {
      if (name === 'damping') continue;
      const value = this.#parameters[name];
      attempt(name, value * 0.75);
      attempt(name, Math.min(0.99, value * 1.3));
    }
  }

  /** Runs over the values, keeps the states, and returns the loss. */
  #pass({ level: a, trend: b, damping, short: c, long: d, error: r }: Parameters, end = this.#values.length): number {
    const values = this.#values;
    const levels = this.#level;
    const trends = this.#trend;
    const shorts = this.#short;
    const longs = this.#long;
    const errors = this.#error;
    const start = this.#start;
    const m1 = this.#shortSeason;
    const m2 = this.#longSeason;
    const lag = m1 || 1;
    const skip = Math.min(end >> 1, Math.max(m2, m1, 3));
    let level = levels[start - 1]!;
    let slope = 0;
    let error = 0;
    let near = 0;
    let far = 0;
    for (let t = 0; t < end; t++) {
      const i = start + t;
      const season = (m1 > 0 ? shorts[i - m1]! : 0) + (m2 > 0 ? longs[i - m2]! : 0);
      const value = values[t]!;
      slope *= damping;
      const miss = value - level - slope - season;
      const innovation = miss - r * error;
      if (t >= skip) {
        near += Math.abs(innovation);
        far += Math.abs(value - levels[i - lag]! - season - (lag > 1 ? trends[i - lag]! * 3 : slope));
      }
      level += slope + a * innovation;
      slope += b * a * innovation;
      levels[i] = level;
      trends[i] = slope;
      if (m1 > 0) shorts[i] = shorts[i - m1]! + c * (1 - a) * innovation;
      if (m2 > 0) longs[i] = longs[i - m2]! + d * (1 - a) * innovation;
      error = miss - (a + (m1 > 0 ? c * (1 - a) : 0) + (m2 > 0 ? d * (1 - a) : 0)) * innovation;
      errors[i] = error;
    }
    const count = end - skip;
    return Math.log(near / count + 1e-12) + (m1 > 1 ? 2 * Math.log(far / count + 1e-12) : 0);
  }
}
