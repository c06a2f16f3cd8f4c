import type { EventClock } from './event-clock.ts';
import type { Gauge } from './instruments.ts';
import type { LabelValue } from './series.ts';

/** A window moves on in so many steps. */
const steps = 10;

/** The values of one combination of labels. */
export class Mean {
  readonly labels: readonly (LabelValue | undefined)[];
  readonly sums: Float64Array = new Float64Array(steps);
  readonly counts: Float64Array = new Float64Array(steps);
  /** The step that each place was last written in. */
  readonly steps: Float64Array = new Float64Array(steps);
  /** Whether the gauge has it. */
  isShown = false;
  /** Whether it gave way or was empty: another one may have its labels. */
  isForgotten = false;

  constructor(labels: readonly (LabelValue | undefined)[]) {
    this.labels = labels;
  }
}

/**
 * A gauge of the means of values over a window that moves with the time of events, by labels. Where the window is empty, the series ends: a mean of
 * nothing is not known. What comes after its window has passed counts nothing.
 */
export class RollingMean {
  readonly #stepMs: number;
  readonly #limit: number;
  readonly #clock: EventClock;
  readonly #gauge: Gauge<string>;
  readonly #means = new Map<string, Mean>();

  /** Tells fewer than `limit` combinations of labels apart, as a gauge with that limit does; the least recently made one gives way. */
  constructor(windowMs: number, limit: number, clock: EventClock, gauge: Gauge<string>) {
    this.#stepMs = windowMs / steps;
    this.#limit = Math.max(1, limit - 1);
    this.#clock = clock;
    this.#gauge = gauge;
  }

  /** The mean of these labels; it may be kept. */
  of(labels: readonly (LabelValue | undefined)[]): Mean {
    const key = JSON.stringify(labels);
    let mean = this.#means.get(key);
    if (mean === undefined) {
      if (this.#means.size >= this.#limit) this.#forget(this.#means.keys().next().value!);
      this.#means.set(key, (mean = new Mean(labels)));
    }
    return mean;
  }

  /** Adds a value of a time; `nowMs` is when it came, by the clock. */
  add(to: Mean, value: number, unixMs: number, nowMs?: number): void {
    const step = this.#stepOf(this.#clock.see(unixMs, nowMs));
    if (!(step > this.#stepOf(this.#clock.latestMs) - steps) || !Number.isFinite(value)) return;
    const mean = to.isForgotten ? this.of(to.labels) : to;
    const place = step % steps;
    if (mean.steps[place] !== step) {
      mean.steps[place] = step;
      mean.sums[place] = mean.counts[place] = 0;
    }
    mean.sums[place]! += value;
    mean.counts[place]!++;
  }

  /** Sets the gauge to the means of the window that ends now. */
  show(): void {
    const last = this.#stepOf(this.#clock.timeMs);
    // Silence that moved the window on may turn out to be a pause in a replay: what is in the window of events comes back then.
    const oldest = this.#stepOf(this.#clock.latestMs) - steps;
    for (const [key, mean] of this.#means) {
      let sum = 0;
      let count = 0;
      let isKept = false;
      for (let place = 0; place < steps; place++) {
        const step = mean.steps[place]!;
        if (!(step > oldest) || step > last) continue;
        isKept = true;
        if (step <= last - steps) continue;
        sum += mean.sums[place]!;
        count += mean.counts[place]!;
      }
      if (count > 0) {
        this.#gauge.seriesOf(...mean.labels).set(sum / count);
        mean.isShown = true;
      } else this.#end(mean);
      if (!isKept) this.#forget(key);
    }
  }

  #stepOf(ms: number): number {
    return Math.floor(ms / this.#stepMs);
  }

  #end(mean: Mean): void {
    if (mean.isShown) this.#gauge.seriesOf(...mean.labels).end();
    mean.isShown = false;
  }

  #forget(key: string): void {
    const mean = this.#means.get(key)!;
    mean.isForgotten = true;
    this.#end(mean);
    this.#means.delete(key);
  }
}
