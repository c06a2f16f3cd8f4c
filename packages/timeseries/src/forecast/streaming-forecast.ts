import type { InsufficientData } from './forecast.ts';

const hourMs = 3_600_000;
const hours = 24;
const weekdays = 7;
/** Level, slope, mean square error, steps seen, current step, its sum and count. */
const scalars = 7;
const cells = scalars + 2 * (hours + weekdays);
const format = 1;

/** Two days show what an hour of the day is. */
const fewestSteps = 2 * hours;
const damping = 0.98;
const gains = { level: 0.05, slope: 0.005, hour: 0.08, weekday: 0.05, error: 0.02 } as const;
/** An error beyond so many of the usual size teaches no more than that. */
const mostDeviations = 4;
const quantiles = { outer: 1.96, inner: 1.2816 } as const;

/** The next hours of a `StreamingForecast`; all arrays are as long as the horizon. */
export interface Outlook {
  readonly status: 'ok';
  /** The hours' beginnings. */
  readonly timestampsMs: Float64Array;
  readonly mean: Float64Array;
  readonly lower80: Float64Array;
  readonly upper80: Float64Array;
  readonly lower95: Float64Array;
  readonly upper95: Float64Array;
}

/**
 * A forecast that learns hour by hour and remembers profiles instead of values: level, damped slope, hour of the day, day of the week (UTC), updated by the error of its own
 * forecast (Holt-Winters with two seasons, Taylor 2003). About 560 bytes, whatever it saw; less exact than `forecast` of the values, for when these are too many to keep. Runs on
 * event time; the same observations give the same state.
 */
export class StreamingForecast {
  /** Scalars, then the profiles of the hours and the weekdays, then how often each was seen. */
  readonly #state: Float64Array;

  constructor() {
    this.#state = new Float64Array(cells);
    this.#state[4] = Number.NaN;
  }

  /**
   * Takes an observation: those of one hour are averaged, and the hour is learned when a later one begins. False for one of an hour that is over, and for what is not finite: not taken.
   */
  update(timestampMs: number, value: number): boolean {
    const state = this.#state;
    const step = Math.floor(timestampMs / hourMs);
    if (!Number.isFinite(step) || !Number.isFinite(value) || step < state[4]!) return false;
    if (step > state[4]!) this.#finish(step);
    state[4] = step;
    state[6]!++;
    state[5]! += (value - state[5]!) / state[6]!;
    return true;
  }

  /** The next `horizon` hours after the last one that is complete. */
  forecast(horizon: number): Outlook | InsufficientData {
    if (!Number.isInteger(horizon) || horizon < 1) throw new Error(`the horizon must be a whole number of steps from 1 on, not ${horizon}`);
    const state = this.#state;
    if (state[3]! < fewestSteps)
      return { status: 'insufficient_data', missing: `${fewestSteps} complete hours are needed, there are ${state[3]!}` };
    const [timestampsMs, mean, lower80, upper80, lower95, upper95] = Array.from({ length: 6 }, () => new Float64Array(horizon)) as [
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    let level = state[0]!;
    let slope = state[1]!;
    for (let h = 0; h < horizon; h++) {
      const step = state[4]! + h;
      slope *= damping;
      level += slope;
      const value = level + state[hourCell(step)]! + state[weekdayCell(step)]!;
      // The variance of simple exponential smoothing, h steps ahead.
      const deviation = Math.sqrt(state[2]! * (1 + h * gains.level * gains.level));
      timestampsMs[h] = step * hourMs;
      mean[h] = value;
      lower80[h] = value - quantiles.inner * deviation;
      upper80[h] = value + quantiles.inner * deviation;
      lower95[h] = value - quantiles.outer * deviation;
      upper95[h] = value + quantiles.outer * deviation;
    }
    return { status: 'ok', timestampsMs, mean, lower80, upper80, lower95, upper95 };
  }

  /** The whole state, to be read by `read`. */
  write(): Uint8Array {
    const bytes = new Uint8Array(1 + cells * 8);
    const view = new DataView(bytes.buffer);
    bytes[0] = format;
    for (const [i, value] of this.#state.entries()) view.setFloat64(1 + i * 8, value, true);
    return bytes;
  }

  /** What goes on exactly as the one that was written. Throws for other bytes. */
  static read(bytes: Uint8Array): StreamingForecast {
    if (bytes.length !== 1 + cells * 8 || bytes[0] !== format) throw new Error('these bytes are no state of a streaming forecast');
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const result = new StreamingForecast();
    for (let i = 0; i < cells; i++) result.#state[i] = view.getFloat64(1 + i * 8, true);
    return result;
  }

  /** Learns the current hour, and moves over the hours without observations before `next`. */
  #finish(next: number): void {
    const state = this.#state;
    const step = state[4]!;
    if (Number.isNaN(step)) return;
    const seen = state[3]!;
    state[3]!++;
    const value = state[5]!;
    state[5] = 0;
    state[6] = 0;
    if (seen === 0) state[0] = value;
    const hour = hourCell(step);
    const weekday = weekdayCell(step);
    state[1]! *= damping;
    const expected = state[0]! + state[1]! + state[hour]! + state[weekday]!;
    let error = value - expected;
    const square = error * error;
    if (seen >= fewestSteps) {
      const edge = mostDeviations * Math.sqrt(state[2]!);
      error = Math.max(-edge, Math.min(edge, error));
    }
    // The first day says little of errors: nothing is known of the hours yet.
    const rate = Math.max(gains.error, 1 / Math.max(1, seen - hours + 1));
    if (seen >= hours) state[2]! += rate * (Math.min(square, 4 * error * error) - state[2]!);
    state[0]! += state[1]! + Math.max(gains.level, 1 / (seen + 1)) * error;
    if (seen >= fewestSteps) state[1]! += gains.slope * gains.level * error;
    this.#learn(hour, error, gains.hour);
    if (seen >= weekdays * hours) this.#learn(weekday, error, gains.weekday);
    // A gap moves on at the slope, as far as a damped slope goes.
    const gap = Math.min(10_000, next - step - 1);
    const factor = damping ** gap;
    state[0]! += (state[1]! * damping * (1 - factor)) / (1 - damping);
    state[1]! *= factor;
  }

  #learn(cell: number, error: number, gain: number): void {
    const visits = cell + hours + weekdays;
    this.#state[visits]!++;
    this.#state[cell]! += Math.max(gain, 0.5 / this.#state[visits]!) * error;
  }
}

const hourCell = (step: number): number => scalars + (((step % hours) + hours) % hours);
/** 1970-01-01 was a Thursday. */
const weekdayCell = (step: number): number => scalars + hours + (((Math.floor(step / hours) % weekdays) + weekdays) % weekdays);
