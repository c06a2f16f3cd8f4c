import { measures } from './measures.ts';

/** So many calls, whenever they were, are always worth remembering. */
const leastMemory = 100;
const enough = 30;
const relearning = 10;
/** What is learned of a value is clipped at so many spreads. */
const clipSpreads = 3;
const leastSpreads = Float64Array.of(0.15, 0.15, 0, 0, 0.1);
const fields = 3;
const recentRate = 0.1;

/**
 * What is usual of calls of one kind (the same model for the same task): mean and spread of values, shares of rates, with a memory of the rolling window, longer
 * when calls are rare. An outlier moves it as far as a usual value at most three spreads away would.
 */
export class Cell {
  /** By measure: weight, mean, variance. */
  readonly #numbers: Float64Array;
  lastMs: number;
  /** How long the last calls took, on average; 0 before the first. */
  recentSeconds = 0;

  constructor(lastMs: number, numbers: Float64Array = new Float64Array(measures.length * fields)) {
    this.lastMs = lastMs;
    this.#numbers = numbers;
  }

  /** What `new Cell` continues with. */
  get numbers(): Float64Array {
    return this.#numbers;
  }

  isKnown(measure: number): boolean {
    return this.#numbers[measure * fields]! >= enough;
  }

  /** The usual value (cost and latency: its logarithm), or the share. */
  mean(measure: number): number {
    return this.#numbers[measure * fields + 1]!;
  }

  /** The standard error of a share. */
  error(measure: number): number {
    const share = this.mean(measure);
    return Math.sqrt(Math.max(0, share * (1 - share)) / Math.max(1, this.#numbers[measure * fields]!));
  }

  /** The standard deviation of values. */
  spread(measure: number): number {
    return Math.max(leastSpreads[measure]!, Math.sqrt(this.#numbers[measure * fields + 2]!));
  }

  /** Time goes on: what was long ago counts less. */
  fade(toMs: number, windowMs: number): void {
    if (toMs <= this.lastMs) return;
    const factor = Math.exp((this.lastMs - toMs) / windowMs);
    this.lastMs = toMs;
    for (let measure = 0; measure < measures.length; measure++) {
      const weight = this.#numbers[measure * fields]!;
      if (weight > leastMemory) this.#numbers[measure * fields] = Math.max(leastMemory, weight * factor);
    }
  }

  /** Some more calls took so long. */
  took(seconds: readonly number[]): void {
    if (seconds.length === 0) return;
    let sum = 0;
    for (const value of seconds) sum += value;
    const weight = this.recentSeconds === 0 ? 1 : 1 - (1 - recentRate) ** seconds.length;
    this.recentSeconds += weight * (sum / seconds.length - this.recentSeconds);
  }

  /** Learns a value. */
  learn(measure: number, value: number): void {
    const at = measure * fields;
    const weight = (this.#numbers[at]! += 1);
    let off = value - this.#numbers[at + 1]!;
    if (weight > enough) {
      const limit = clipSpreads * this.spread(measure);
      off = Math.min(limit, Math.max(-limit, off));
    }
    this.#numbers[at + 1]! += off / weight;
    if (weight > 1) this.#numbers[at + 2]! += (off * off * (1 - 1 / weight) - this.#numbers[at + 2]!) / weight;
  }

  /** Learns of how many calls how many were so. */
  learnShare(measure: number, calls: number, hits: number): void {
    const at = measure * fields;
    const expected = calls * this.#numbers[at + 1]!;
    const weight = (this.#numbers[at]! += calls);
    let off = hits - expected;
    if (weight > enough) {
      const limit = 1 + clipSpreads * Math.sqrt(expected);
      off = Math.min(limit, Math.max(-limit, off));
    }
    this.#numbers[at + 1]! += off / weight;
  }

  /** Learns anew, quickly. */
  relearn(measure: number): void {
    const at = measure * fields;
    this.#numbers[at] = Math.min(this.#numbers[at]!, relearning);
  }
}
