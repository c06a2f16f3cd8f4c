import type { Money } from '@millrace/genai';

/** What one account spent in one window: an exact sum in units of 10^-15, and when each threshold was reported. */
export class Spend {
  startMs: number;
  endMs: number;
  amount: Money = 0n;
  /** Event time at which each threshold was reported; NaN: not yet. */
  readonly firedAtMs: number[];

  constructor(startMs: number, endMs: number, thresholds: number) {
    this.startMs = startMs;
    this.endMs = endMs;
    this.firedAtMs = Array.from({ length: thresholds }, () => Number.NaN);
  }

  /** Books an amount of a time in the window; negative to take it back. */
  add(_timeMs: number, amount: Money): void {
    this.amount += amount;
  }
}

/** Parts of a rolling window. */
export const bucketsPerWindow = 60;

/** A window that ends now, in parts that fall out of it one by one. */
export class RollingSpend extends Spend {
  /** Amounts by the number of the part since the epoch: at most `bucketsPerWindow`. */
  readonly buckets: Map<number, Money> = new Map();
  readonly #bucketMs: number;
  #newest = -Infinity;

  constructor(windowMs: number, thresholds: number) {
    super(0, 0, thresholds);
    this.#bucketMs = windowMs / bucketsPerWindow;
  }

  override add(timeMs: number, amount: Money): void {
    if (!this.holds(timeMs)) return;
    // What was spent later than now is where the clock that was set back has put it.
    const bucket = Math.min(Math.floor(timeMs / this.#bucketMs), this.#newest);
    this.buckets.set(bucket, (this.buckets.get(bucket) ?? 0n) + amount);
    this.amount += amount;
  }

  /** A time in a part. */
  timeOf(bucket: number): number {
    return (bucket + 0.5) * this.#bucketMs;
  }

  /** Whether a time is in the window. */
  holds(timeMs: number): boolean {
    return Math.floor(timeMs / this.#bucketMs) > this.#newest - bucketsPerWindow;
  }

  /** The clock was set back: what was spent later was spent now. */
  #moveBackTo(newest: number): void {
    this.#newest = newest;
    this.endMs = (newest + 1) * this.#bucketMs;
    this.startMs = this.endMs - bucketsPerWindow * this.#bucketMs;
    for (const [bucket, amount] of this.buckets) {
      if (bucket <= newest) continue;
      this.buckets.delete(bucket);
      this.buckets.set(newest, (this.buckets.get(newest) ?? 0n) + amount);
    }
    this.firedAtMs.forEach((ms, i) => {
      if (ms > this.endMs) this.firedAtMs[i] = this.endMs;
    });
  }

  /**
   * Moves the window on. A threshold that is no longer reached, `at` by its place, can be reported again when a whole window has passed since it was: once
   * per window, however spending goes up and down.
   */
  moveTo(nowMs: number, at: readonly Money[]): void {
    const newest = Math.floor(nowMs / this.#bucketMs);
    if (newest > this.#newest) {
      this.#newest = newest;
      this.endMs = (newest + 1) * this.#bucketMs;
      this.startMs = this.endMs - bucketsPerWindow * this.#bucketMs;
      for (const [bucket, amount] of this.buckets) {
        if (bucket > newest - bucketsPerWindow) continue;
        this.buckets.delete(bucket);
        this.amount -= amount;
      }
    } else if (newest < this.#newest) this.#moveBackTo(newest);
    const windowMs = bucketsPerWindow * this.#bucketMs;
    for (let i = 0; i < at.length; i++) {
      if (this.amount < at[i]! && nowMs >= this.firedAtMs[i]! + windowMs) this.firedAtMs[i] = Number.NaN;
    }
  }
}
