import { findSeason } from './find-season.ts';
import type { StateReader, StateWriter } from './state-bytes.ts';

const dayMs = 86_400_000;
const weekParts = 4;
/** So many intervals tell the usual one; so many values are searched for a season that is no day. */
const stepSamples = 12;
const seasonSamples = 400;
/** A season this close to a day is one. */
const sameSeason = 0.03;

const levelMemory = 100;
const errorMemory = 600;
const correctionMemory = 60;
const seasonRate = 0.2;
const weekRate = 0.25;
/** A model that makes a quarter of the error vanish is trusted wholly. */
const trust = 4;

// Places in `#numbers`.
const step = 0;
const season = 1;
const origin = 2;
const level = 3;
const correction = 4;
const errorOfLevel = 5;
const errorOfSeason = 6;
const errorOfWeek = 7;
const firstMs = 8;
const lastMs = 9;
const slotsAtMost = 10;
const numbersLength = 11;

const none = new Float32Array(0);
const noVisits = new Uint8Array(0);

/**
 * What a series is in the long run, without regard to its last values: a slowly following level, or a profile of the season with a slowly following correction and
 * the deviation of the quarters of the days of the week. The season is the day (the week, when points are that rare), or a shorter one that autocorrelation finds in the first 400 points; profile
 * and week count as much as they err less than what is without them. What is learned is clipped at some usual residuals, so that an outlier moves little.
 * State of 240 bytes and 5 for a slot, and up to 1.6 kB more until the first 400 points were seen.
 */
export class SeasonalBaseline {
  readonly #numbers = new Float64Array(numbersLength);
  #profile: Float32Array = none;
  #visits: Uint8Array = noVisits;
  #week: Float32Array = none;
  #weekVisits: Uint8Array = noVisits;
  /** The first intervals, and the first values from the origin on, until they have told what they can. */
  #steps: number[] = [];
  #firstValues: number[] = [];
  // What `at` found for the `learn` that follows.
  #slot = 0;
  #weekSlot = 0;

  /** `slots`: how many places of a season are told apart, at most. */
  constructor(slots: number) {
    this.#numbers[slotsAtMost] = slots;
  }

  static read(state: StateReader): SeasonalBaseline {
    const baseline = new SeasonalBaseline(0);
    state.fill(baseline.#numbers);
    baseline.#profile = state.float32(baseline.#numbers[slotsAtMost]);
    baseline.#visits = state.uint8(baseline.#profile.length);
    baseline.#week = state.float32(7 * weekParts);
    baseline.#weekVisits = state.uint8(baseline.#week.length);
    baseline.#steps = [...state.float64(stepSamples)];
    baseline.#firstValues = [...state.float32(seasonSamples)];
    return baseline;
  }

  write(state: StateWriter): void {
    state.array(this.#numbers);
    state.array(this.#profile);
    state.array(this.#visits);
    state.array(this.#week);
    state.array(this.#weekVisits);
    state.array(Float64Array.from(this.#steps));
    state.array(Float32Array.from(this.#firstValues));
  }

  /** The usual interval between points, in ms; 0 until 12 of them were seen. */
  get stepMs(): number {
    return this.#numbers[step];
  }

  /** The time from the last learned point, in usual intervals; 0 while these are unknown. */
  stepsSince(timestampMs: number): number {
    const numbers = this.#numbers;
    return numbers[step] > 0 ? (timestampMs - numbers[lastMs]) / numbers[step] : 0;
  }

  /** Begins with the first point. */
  begin(timestampMs: number, value: number): void {
    const numbers = this.#numbers;
    numbers[firstMs] = numbers[lastMs] = timestampMs;
    numbers[origin] = numbers[level] = value;
  }

  /** The baseline at a time. */
  at(timestampMs: number): number {
    const numbers = this.#numbers;
    const slots = this.#profile.length;
    if (slots === 0) return numbers[level];
    this.#slot = Math.floor(phase(timestampMs, numbers[season]) * slots);
    if (this.#week.length > 0) this.#weekSlot = Math.floor(phase(timestampMs, 7 * dayMs) * 7 * weekParts);
    if (this.#visits[this.#slot] === 0) return numbers[level];
    const weight = weightOf(numbers[errorOfSeason], numbers[errorOfLevel]);
    if (weight === 0) return numbers[level];
    const week = this.#week.length > 0 ? weightOf(numbers[errorOfWeek], numbers[errorOfSeason]) * this.#week[this.#weekSlot] : 0;
    return numbers[level] + weight * (this.#ofSeason() + week - numbers[level]);
  }

  /** Learns the value for whose time `at` was asked last; `usual` is the usual residual, `points` how many were learned before. */
  learn(timestampMs: number, value: number, usual: number, points: number): void {
    const numbers = this.#numbers;
    const fromLevel = value - numbers[level];
    if (this.#profile.length > 0) this.#learnSeason(timestampMs, value, Math.abs(fromLevel), usual, points);
    numbers[level] += clip(fromLevel, (points < 20 ? 1e9 : 3) * usual) / Math.min(points + 1, levelMemory);
    if (numbers[step] === 0 && timestampMs > numbers[lastMs]) this.#learnStep(timestampMs - numbers[lastMs]);
    numbers[lastMs] = timestampMs;
    if (points <= seasonSamples) this.#searchSeason(value, points);
  }

  #ofSeason(): number {
    return this.#numbers[origin] + this.#profile[this.#slot] + this.#numbers[correction];
  }

  #learnSeason(timestampMs: number, value: number, errorWithout: number, usual: number, points: number): void {
    const numbers = this.#numbers;
    const slot = this.#slot;
    const visits = this.#visits[slot];
    if (visits < 255) this.#visits[slot]++;
    if (visits === 0) {
      this.#profile[slot] = value - numbers[origin] - numbers[correction];
      return;
    }
    const error = value - this.#ofSeason();
    const errorRate = 1 / Math.min(points + 1, errorMemory);
    numbers[errorOfLevel] += (Math.min(errorWithout, 6 * usual) - numbers[errorOfLevel]) * errorRate;
    numbers[errorOfSeason] += (Math.min(Math.abs(error), 6 * usual) - numbers[errorOfSeason]) * errorRate;
    const perSlot = Math.max(1, numbers[season] / numbers[step] / this.#profile.length);
    this.#profile[slot] += clip(error, 4 * usual) * Math.max(1 / (visits + 1), seasonRate / perSlot);
    numbers[correction] += clip(error, 3 * usual) / correctionMemory;
    if (numbers[season] === dayMs && timestampMs - numbers[firstMs] > dayMs) this.#learnWeek(timestampMs, error, usual, errorRate);
  }

  #learnWeek(timestampMs: number, error: number, usual: number, errorRate: number): void {
    const numbers = this.#numbers;
    if (this.#week.length === 0) {
      this.#week = new Float32Array(7 * weekParts);
      this.#weekVisits = new Uint8Array(7 * weekParts);
      numbers[errorOfWeek] = numbers[errorOfSeason];
      this.#weekSlot = Math.floor(phase(timestampMs, 7 * dayMs) * 7 * weekParts);
    }
    const slot = this.#weekSlot;
    const perSlot = Math.max(1, dayMs / weekParts / numbers[step]);
    const visits = this.#weekVisits[slot];
    const rest = error - this.#week[slot];
    if (timestampMs - numbers[firstMs] > 7 * dayMs && visits >= Math.min(perSlot, 250)) {
      numbers[errorOfWeek] += (Math.min(Math.abs(rest), 6 * usual) - numbers[errorOfWeek]) * errorRate;
    } else numbers[errorOfWeek] = numbers[errorOfSeason];
    if (visits < 250) this.#weekVisits[slot]++;
    this.#week[slot] += clip(rest, 6 * usual) * Math.max(1 / (visits + 2), weekRate / perSlot);
  }

  /** After some intervals the middle one is the usual one, and the day has a profile when it has some points, else the week. */
  #learnStep(intervalMs: number): void {
    this.#steps.push(intervalMs);
    if (this.#steps.length < stepSamples) return;
    this.#numbers[step] = this.#steps.toSorted((a, b) => a - b)[stepSamples / 2];
    this.#steps = [];
    const seasonMs = [dayMs, 7 * dayMs].find((period) => period / this.#numbers[step] >= 4);
    if (seasonMs !== undefined) this.#setSeason(seasonMs);
  }

  #searchSeason(value: number, points: number): void {
    this.#firstValues.push(Math.fround(value - this.#numbers[origin]));
    if (points < seasonSamples) return;
    const found = this.#numbers[step] > 0 ? findSeason(this.#firstValues) : undefined;
    this.#firstValues = [];
    if (found === undefined) return;
    const seasonMs = found * this.#numbers[step];
    if (Math.abs(seasonMs / this.#numbers[season] - 1) >= sameSeason) this.#setSeason(seasonMs);
  }

  #setSeason(seasonMs: number): void {
    const numbers = this.#numbers;
    numbers[season] = seasonMs;
    numbers[correction] = numbers[errorOfLevel] = numbers[errorOfSeason] = 0;
    const slots = Math.min(numbers[slotsAtMost], Math.ceil(seasonMs / numbers[step] - 1e-6));
    this.#profile = new Float32Array(slots);
    this.#visits = new Uint8Array(slots);
    this.#week = none;
    this.#weekVisits = noVisits;
  }
}

/** Where a time is in a period, from 0 to below 1. */
function phase(timestampMs: number, periodMs: number): number {
  const rest = timestampMs % periodMs;
  return Math.min(1 - 1e-9, (rest < 0 ? rest + periodMs : rest) / periodMs);
}

function clip(value: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, value));
}

function weightOf(error: number, errorWithout: number): number {
  return errorWithout > 0 ? Math.max(0, Math.min(1, (1 - error / errorWithout) * trust)) : 0;
}
