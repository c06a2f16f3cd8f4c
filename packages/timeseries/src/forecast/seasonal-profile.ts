/**
 * The seasons of a series as profiles: what each phase adds to the trend.
 *
 * As MSTL does (Bandara, Hyndman & Bergmeir 2021, "MSTL: a seasonal-trend decomposition algorithm for time series with multiple seasonal
 * patterns"), the shorter season is taken first and the longer one from what is left; the trend is a centred moving average over the longest
 * season. Unlike it, a profile is one weighted average for each phase, in which younger cycles count more, shrunk towards zero by the share of its
 * variance that noise explains (James & Stein 1961): some hundred points are decomposed in microseconds, so that every origin of a validation has a decomposition of its own.
 */
export class SeasonalProfile {
  /** Steps, ascending; a year of days may be 365.25. */
  readonly seasons: readonly number[];
  readonly #profiles: Float64Array[];
  /** The phase of every step, by season: a remainder each time would take most of the time. */
  readonly #phases: Int32Array[];
  readonly #weights: Float64Array;
  readonly #squares: Float64Array;
  readonly #trend: Float64Array;
  readonly #rest: Float64Array;
  readonly #scratch: Float64Array;
  /** How many of `seasons` the last `learn` had enough cycles for. */
  #used = 0;

  constructor(seasons: readonly number[], capacity: number) {
    this.seasons = seasons;
    this.#profiles = seasons.map((season) => new Float64Array(Math.ceil(season)));
    this.#phases = seasons.map((season) => phasesOf(season, capacity));
    const longest = Math.ceil(seasons[seasons.length - 1] ?? 1);
    this.#weights = new Float64Array(longest);
    this.#squares = new Float64Array(longest);
    this.#scratch = new Float64Array(longest);
    this.#trend = new Float64Array(capacity);
    this.#rest = new Float64Array(capacity);
  }

  /** Learns from the first `end` values, all finite. A cycle weighs `forgetting` times the next one. */
  learn(values: Float64Array, end: number, forgetting: number): void {
    this.#used = this.seasons.filter((season) => end >= 2 * season).length;
    if (this.#used === 0) return;
    const trend = this.#trend;
    movingAverage(values, end, Math.round(this.seasons[this.#used - 1]!), trend);
    const rest = this.#rest;
    for (let t = 0; t < end; t++) rest[t] = values[t]! - trend[t]!;
    for (let s = 0; s < this.#used; s++) this.#learnSeason(this.seasons[s]!, this.#phases[s]!, this.#profiles[s]!, end, forgetting);
  }

  /** Writes the first `end` values without the seasons. */
  adjust(values: Float64Array, end: number, into: Float64Array): void {
    for (let t = 0; t < end; t++) into[t] = values[t]!;
    for (let s = 0; s < this.#used; s++) {
      const phases = this.#phases[s]!;
      const profile = this.#profiles[s]!;
      for (let t = 0; t < end; t++) into[t]! -= profile[phases[t]!]!;
    }
  }

  /** What the seasons add at a step, also after the last one learned from. */
  at(index: number): number {
    let sum = 0;
    for (let s = 0; s < this.#used; s++) sum += this.#profiles[s]![Math.floor(index % this.seasons[s]!)]!;
    return sum;
  }

  #learnSeason(season: number, phases: Int32Array, profile: Float64Array, end: number, forgetting: number): void {
    const size = profile.length;
    const weights = this.#weights;
    const squares = this.#squares;
    const rest = this.#rest;
    weights.fill(0, 0, size);
    squares.fill(0, 0, size);
    profile.fill(0);
    const step = forgetting ** (1 / season);
    let weight = 1;
    for (let t = end - 1; t >= 0; t--) {
      const phase = phases[t]!;
      const weighted = weight * rest[t]!;
      weights[phase]! += weight;
      profile[phase]! += weighted;
      squares[phase]! += weighted * rest[t]!;
      weight *= step;
    }
    let within = 0;
    let mean = 0;
    let total = 0;
    for (let p = 0; p < size; p++) {
      if (weights[p] === 0) continue;
      profile[p]! /= weights[p]!;
      within += Math.max(0, squares[p]! - weights[p]! * profile[p]! * profile[p]!);
      mean += profile[p]!;
      total += weights[p]!;
    }
    mean /= size;
    let between = 0;
    for (let p = 0; p < size; p++) {
      profile[p]! -= mean;
      between += profile[p]! * profile[p]!;
    }
    between /= size;
    const cycles = Math.max(1.01, total / size);
    const noise = within / Math.max(1, total - size) / cycles;
    const kept = between > 0 ? Math.max(0, 1 - noise / between) : 0;
    for (let p = 0; p < size; p++) profile[p]! *= kept;
    if (size > 60 && kept < 1) smooth(profile, Math.max(1, Math.round(size / 120)), 1 - kept, this.#scratch);
    for (let t = 0; t < end; t++) rest[t]! -= profile[phases[t]!]!;
  }
}

function phasesOf(season: number, size: number): Int32Array {
  const phases = new Int32Array(size);
  for (let t = 0; t < size; t++) phases[t] = t % season;
  return phases;
}

/** A centred average over one season; the ends go on with half the slope of the nearest season. */
export function movingAverage(values: Float64Array, end: number, season: number, into: Float64Array): void {
  const half = season >> 1;
  const even = season % 2 === 0;
  const first = half;
  const last = end - 1 - half;
  let sum = 0;
  for (let t = 0; t < season + (even ? 1 : 0) && t < end; t++) sum += values[t]!;
  for (let t = first; t <= last; t++) {
    into[t] = even ? (sum - (values[t - half]! + values[t + half]!) / 2) / season : sum / season;
    sum += (values[t + half + 1] ?? 0) - values[t - half]!;
  }
  const span = Math.max(1, Math.min(season, last - first));
  const slopeFirst = (into[Math.min(last, first + span)]! - into[first]!) / span / 2;
  const slopeLast = (into[last]! - into[Math.max(first, last - span)]!) / span / 2;
  for (let t = 0; t < first; t++) into[t] = into[first]! + (t - first) * slopeFirst;
  for (let t = last + 1; t < end; t++) into[t] = into[last]! + (t - last) * slopeLast;
}

/** Gives each phase a `share` of the circular triangular average around it: where noise is, neighbours know better. */
function smooth(profile: Float64Array, halfWidth: number, share: number, scratch: Float64Array): void {
  const size = profile.length;
  for (let p = 0; p < size; p++) {
    let sum = 0;
    let total = 0;
    for (let k = -halfWidth; k <= halfWidth; k++) {
      const weight = halfWidth + 1 - Math.abs(k);
      sum += weight * profile[(p + k + size) % size]!;
      total += weight;
    }
    scratch[p] = profile[p]! + share * (sum / total - profile[p]!);
  }
  profile.set(scratch.subarray(0, size));
}
