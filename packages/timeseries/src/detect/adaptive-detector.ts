import { Evidence, sizes, tails } from './evidence.ts';
import type { AnomalyShape } from './evidence.ts';
import { SeasonalBaseline } from './seasonal-baseline.ts';
import { StateReader, StateWriter } from './state-bytes.ts';

/** What is said of one point. */
export interface Verdict {
  /** The probability, 0 to 1, that something new is wrong at this point; below 0.1 while an anomaly that was detected lasts. */
  score: number;
  /** Whether an anomaly begins to be seen here: the score is 0.5 or more. Once for an anomaly. */
  detected: boolean;
  /** The forecast from the points before, and the bounds outside of which the value alone is an anomaly. */
  expected: number;
  lower: number;
  upper: number;
  /** What speaks most for an anomaly. */
  shape: AnomalyShape;
}

/** Values are taken as this size at most, so that sums and squares stay finite. */
const maxSize = 1e37;
/** How often, per point, an anomaly is presumed to begin, before the point is looked at. */
const prior = 0.002;
/** The rate of chance events at which the score is 0.5 with this prior. */
const alarmRate = 7.8e-5;
/** What is more than so many times the usual is no more surprising than that: the first change of a constant is infinitely more. */
const maxSurprise = 1000;
/** Nothing is said before so many points. */
const warmUpPoints = 30;
const residualMemory = 300;
const correlationMemory = 1000;
const valueMemory = 2000;
/** An alarm makes the next one need evidence that is this much stronger (a logarithm), forgotten over so many points. */
const fatigueWeight = 0.4;
const fatigueMemory = 1000;
// Places in `#numbers`.
const count = 0;
const lastValue = 1;
const residual = 2;
const residualBefore = 3;
const usualResidual = 4;
const usualDistance = 5;
const middle = 6;
const spread = 7;
const variance = 8;
const covariance1 = 9;
const covariance2 = 10;
const shortMean = 11;
const mediumMean = 12;
const longMean = 13;
const unrest = 14;
const repeats = 15;
const quietUntil = 16;
const quietAtMost = 17;
const reachUp = 18;
const reachDown = 19;
const fatigue = 20;
const numbersLength = 21;

/** One for all detectors: a caller reads it before the next `update`. */
const verdict: Verdict = { score: 0, detected: false, expected: Number.NaN, lower: Number.NaN, upper: Number.NaN, shape: 'none' };

/**
 * Detects anomalies in a stream of points of any kind without settings: deterministic, in constant time and bounded state: 0.8 kB with 48 slots, 2 kB with 288, and up to 1.6 kB more until the first 400 points were seen.
 *
 * A seasonal baseline (`SeasonalBaseline`) and an autoregression of order two on its residuals (Box and Jenkins, 1970) forecast the next value. Statistics of surprise are the residual of
 * the forecast, exponentially weighted means of three lengths of the residual of the baseline (EWMA charts: Roberts, 1959), the unrest, which is the mean size of residuals, the distance from the middle of all values,
 * and the length of a run of equal values; each in both directions and against a robust scale. What is extreme for a statistic is learned from its own past (`Tails`, after SPOT), so that
 * a series with heavy tails, frequent shifts or rounded values raises no more alarms than a calm one. The rarest statistic decides, helped by the others, and its rate of chance events, as a p-value,
 * becomes a probability by the bound of Sellke, Bayarri and Berger (2001). After a detection it is quiet while the anomaly lasts and a little longer, and
 * after several it wants stronger evidence.
 */
export class AdaptiveDetector {
  readonly #numbers = new Float64Array(numbersLength);
  readonly #evidence = new Evidence();
  #baseline: SeasonalBaseline;

  /** `slots` is how finely the profile of a season is kept, 5 bytes each: 288, or every 5 minutes of a day, at most and by default; 48 keep a detector below 1 kB. */
  constructor({ slots = 288 }: { readonly slots?: number } = {}) {
    this.#baseline = new SeasonalBaseline(slots);
  }

  /** Continues from what `write` made, exactly. Throws an Error for bytes that it did not make. */
  static read(state: Uint8Array): AdaptiveDetector {
    const reader = new StateReader(state);
    const detector = new AdaptiveDetector();
    reader.fill(detector.#numbers);
    reader.fill(detector.#evidence.numbers);
    detector.#baseline = SeasonalBaseline.read(reader);
    reader.end();
    return detector;
  }

  /** The state: what `read` makes of it continues exactly as this one. Bytes of this version of the package, on machines of one byte order. */
  write(): Uint8Array {
    const state = new StateWriter();
    state.array(this.#numbers);
    state.array(this.#evidence.numbers);
    this.#baseline.write(state);
    return state.bytes();
  }

  /**
   * Judges the next point and learns it. The verdict is one object for all detectors, overwritten by the next call. A value that is no finite number is missing: it gets a forecast and score 0, and is not learned.
   * Points are taken in the order in which they come; equal times and gaps are fine. Numbers beyond ±1e37 count as that.
   */
  update(timestampMs: number, value: number): Verdict {
    const numbers = this.#numbers;
    const points = numbers[count];
    verdict.score = 0;
    verdict.detected = false;
    verdict.shape = 'none';
    const missing = !Number.isFinite(value) || !Number.isFinite(timestampMs);
    if (points === 0) {
      verdict.expected = verdict.lower = verdict.upper = missing ? Number.NaN : value;
      if (!missing) this.#begin(timestampMs, bounded(value));
      return verdict;
    }
    const baseline = this.#baseline.at(Number.isFinite(timestampMs) ? timestampMs : 0);
    const forecast = baseline + this.#autoregression();
    this.#band(forecast);
    if (missing) return verdict;
    if (this.#baseline.stepsSince(timestampMs) > 20) this.#forgetRecent();
    this.#judge(bounded(value), baseline, forecast);
    this.#learn(timestampMs, bounded(value), baseline, forecast);
    return verdict;
  }

  #begin(timestampMs: number, value: number): void {
    const numbers = this.#numbers;
    numbers[count] = 1;
    numbers[lastValue] = numbers[middle] = value;
    this.#baseline.begin(timestampMs, value);
  }

  /** What the last two residuals of the baseline say of the next one (Yule and Walker). */
  #autoregression(): number {
    const numbers = this.#numbers;
    const all = numbers[variance];
    if (all <= 0) return 0;
    const first = clip(numbers[covariance1] / all, 0.995);
    const second = clip(numbers[covariance2] / all, 0.999);
    const lag2 = clip((second - first * first) / (1 - first * first), 0.9);
    return first * (1 - lag2) * numbers[residual] + lag2 * numbers[residualBefore];
  }

  #band(forecast: number): void {
    const numbers = this.#numbers;
    // Tails change slowly, and this is a good part of the work for a point.
    if (numbers[count] % 8 === 1) {
      numbers[reachUp] = this.#evidence.reach(tails.forecast, alarmRate);
      numbers[reachDown] = this.#evidence.reach(tails.forecast + 1, alarmRate);
    }
    verdict.expected = forecast;
    verdict.upper = forecast + numbers[usualResidual] * numbers[reachUp];
    verdict.lower = forecast - numbers[usualResidual] * numbers[reachDown];
  }

  /** After a gap, what was just before says nothing of what comes. */
  #forgetRecent(): void {
    const numbers = this.#numbers;
    numbers[residual] = numbers[residualBefore] = numbers[shortMean] = numbers[mediumMean] = numbers[longMean] = numbers[repeats] = 0;
  }

  #judge(value: number, baseline: number, forecast: number): void {
    const numbers = this.#numbers;
    if (numbers[count] <= 2) {
      const first = Math.abs(value - baseline);
      numbers[usualResidual] = Math.max(numbers[usualResidual], first);
      numbers[usualDistance] = Math.max(numbers[usualDistance], first);
      numbers[spread] = Math.max(numbers[spread], first);
    }
    const smallest = 1e-9 * Math.abs(value) + 1e-300;
    const surprise = (value - forecast) / (numbers[usualResidual] + smallest);
    const distance = clip((value - baseline) / (numbers[usualDistance] + smallest), 4);
    numbers[shortMean] += (distance - numbers[shortMean]) / 4;
    numbers[mediumMean] += (distance - numbers[mediumMean]) / 16;
    numbers[longMean] += (distance - numbers[longMean]) / 64;
    numbers[unrest] += (Math.min(6, Math.abs(surprise)) - numbers[unrest]) / 16;
    numbers[repeats] = Math.abs(value - numbers[lastValue]) <= smallest ? numbers[repeats] + 1 : 0;

    inBothDirections(tails.forecast, surprise);
    // Means of n values vary by the root of n less.
    inBothDirections(tails.short, numbers[shortMean] * 2);
    inBothDirections(tails.medium, numbers[mediumMean] * 4);
    inBothDirections(tails.long, numbers[longMean] * 8);
    inBothDirections(tails.value, (value - numbers[middle]) / (numbers[spread] + smallest));
    sizes[tails.restless] = numbers[unrest] * 2;
    sizes[tails.calm] = 2 / (numbers[unrest] + 0.05);
    sizes[tails.flat] = Math.max(0, numbers[repeats] - 2);
    this.#evidence.weigh(numbers[count]);
    this.#conclude();
  }

  #conclude(): void {
    const numbers = this.#numbers;
    const points = numbers[count] + 1;
    const rate = this.#evidence.rate * Math.exp(fatigueWeight * numbers[fatigue]);
    numbers[fatigue] -= numbers[fatigue] / fatigueMemory;
    if (rate >= 1 / Math.E) return;
    let score = prior / (prior - Math.E * rate * Math.log(Math.max(rate, 1e-300)));
    verdict.shape = this.#evidence.shape;
    if (points < warmUpPoints) score *= 0.3;
    else if (score >= 0.5 && points < numbers[quietUntil]) {
      numbers[quietUntil] = Math.max(numbers[quietUntil], Math.min(points + 20, numbers[quietAtMost]));
    }
    if (points < numbers[quietUntil]) score *= 0.1;
    verdict.score = score;
    if (score < 0.5) return;
    verdict.detected = true;
    numbers[fatigue]++;
    const day = this.#baseline.stepMs > 0 ? 86_400_000 / this.#baseline.stepMs : 100;
    numbers[quietUntil] = points + Math.max(20, Math.min(0.25 * day, 200), 0.02 * points);
    numbers[quietAtMost] = points + Math.max(100, Math.min(1.25 * day, 1000));
  }

  #learn(timestampMs: number, value: number, baseline: number, forecast: number): void {
    const numbers = this.#numbers;
    const points = numbers[count];
    const distance = value - baseline;
    const scale = numbers[usualDistance] + 1e-9 * Math.abs(value) + 1e-300;
    const now = clip(distance / scale, 5);
    const rate = 1 / Math.min(points + 1, correlationMemory);
    const before = clip(numbers[residual] / scale, 5);
    numbers[variance] += (before * before - numbers[variance]) * rate;
    numbers[covariance1] += (now * before - numbers[covariance1]) * rate;
    numbers[covariance2] += (now * clip(numbers[residualBefore] / scale, 5) - numbers[covariance2]) * rate;

    const limit = points < 20 ? 50 : 5;
    const scaleRate = 1 / Math.min(points + 1, residualMemory);
    const valueRate = 1 / Math.min(points + 1, valueMemory);
    numbers[usualResidual] = usual(numbers[usualResidual], Math.abs(value - forecast), limit, scaleRate);
    numbers[usualDistance] = usual(numbers[usualDistance], Math.abs(distance), limit, scaleRate);
    numbers[middle] += clip(value - numbers[middle], (points < 20 ? 1e9 : 5) * (numbers[spread] + 1e-9 * Math.abs(value))) * valueRate;
    numbers[spread] = usual(numbers[spread], Math.abs(value - numbers[middle]), limit, valueRate);
    this.#baseline.learn(timestampMs, value, scale, points);
    numbers[residualBefore] = numbers[residual];
    numbers[residual] = distance;
    numbers[lastValue] = value;
    numbers[count] = points + 1;
  }
}

/** The usual size after one more, of which at most `limit` times the usual counts. The first change of a constant tells at once what sizes there are. */
function usual(before: number, size: number, limit: number, rate: number): number {
  const least = before < size * 1e-6 ? size / 5 : before;
  return least + (Math.min(size, limit * least) - least) * rate;
}

function inBothDirections(tail: number, size: number): void {
  sizes[tail] = Math.max(0, Math.min(maxSurprise, size));
  sizes[tail + 1] = Math.max(0, Math.min(maxSurprise, -size));
}

function bounded(value: number): number {
  return clip(value, maxSize);
}

function clip(value: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, value));
}
