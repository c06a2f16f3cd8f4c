import type { Series } from './series.ts';

/** Days that a forecast is remembered for: the longest horizon. */
export const originDays = 31;
const most = 42;
const dayHours = 24;
const width = originDays + 2;

/** Errors of daily forecasts of a series: how far what came was from what was said. */
export interface OriginErrors {
  /** By day from 1 on, of each origin: of counters the error of the sum as a share of the forecast, of gauges that of the mean. */
  readonly byDay: readonly (readonly number[])[];
  /** How many times the longest horizon fits into what the origins span, at least 1. */
  readonly spans: number;
}

/**
 * What was forecast once a day: sums of counters or means of gauges for each day ahead, of the last six weeks. What came since gives the errors of sums
 * over several days, which no interval of single hours tells: errors of neighbouring hours are not independent.
 */
export class Origins {
  /** Of each origin: its hour, hours of history, then the days. */
  readonly #rows = new Float64Array(most * width);
  #next = 0;
  /** The hour of the last origin. */
  lastHour = -Infinity;

  get sizeBytes(): number {
    return this.#rows.byteLength;
  }

  /** Whether a day has passed since the last origin. */
  isDue(hour: number): boolean {
    return hour >= this.lastHour + dayHours;
  }

  /** Remembers a forecast made at the beginning of `hour`: `days[i]` is of the hours from `hour + 24 i` on; NaN or absent: not known. */
  add(hour: number, history: number, days: readonly number[]): void {
    const at = this.#next * width;
    this.#rows.fill(NaN, at, at + width);
    this.#rows[at] = hour;
    this.#rows[at + 1] = history;
    for (let day = 0; day < Math.min(originDays, days.length); day++) this.#rows[at + 2 + day] = days[day]!;
    this.#next = (this.#next + 1) % most;
    this.lastHour = hour;
  }

  /** The errors as known at the beginning of hour `end`, of origins with `leastHistory` hours. */
  errors(series: Series, end: number, leastHistory: number): OriginErrors {
    const isCounter = series.identity.kind === 'counter';
    const byDay: number[][] = Array.from({ length: originDays }, () => []);
    let first = Infinity;
    let last = -Infinity;
    let reach = 0;
    for (let at = 0; at < this.#rows.length; at += width) {
      const hour = this.#rows[at]!;
      // An hour of zero: nothing was written here yet.
      if (hour === 0 || hour + dayHours > end || this.#rows[at + 1]! < leastHistory) continue;
      let came = 0;
      let said = 0;
      let days = 0;
      for (let day = 0; day < originDays && hour + (day + 1) * dayHours <= end; day++) {
        const forecast = this.#rows[at + 2 + day]!;
        const actual = dayOf(series, hour + day * dayHours, isCounter);
        if (Number.isNaN(forecast)) break;
        if (Number.isNaN(actual)) {
          if (isCounter) break;
          continue;
        }
        came += actual;
        said += forecast;
        days++;
        if (isCounter && said <= 0) continue;
        byDay[day]!.push((came - said) / (isCounter ? said : days));
        reach = Math.max(reach, day + 1);
        first = Math.min(first, hour);
        last = Math.max(last, hour);
      }
    }
    return { byDay, spans: reach === 0 ? 1 : ((last - first) / dayHours + reach) / reach };
  }

  /** The whole state, for `read`. */
  write(): Uint8Array {
    const state = new Float64Array(this.#rows.length + 2);
    state.set(this.#rows);
    state[this.#rows.length] = this.#next;
    state[this.#rows.length + 1] = this.lastHour;
    return new Uint8Array(state.buffer);
  }

  read(bytes: Uint8Array): void {
    const state = new Float64Array(bytes.slice().buffer);
    if (state.length !== this.#rows.length + 2) return;
    this.#rows.set(state.subarray(0, this.#rows.length));
    this.#next = state[this.#rows.length]!;
    this.lastHour = state[this.#rows.length + 1]!;
  }
}

/** The sum of a day's hours, all of which must be known; or the mean of those that are known. */
function dayOf(series: Series, from: number, isCounter: boolean): number {
  let sum = 0;
  let count = 0;
  for (let hour = from; hour < from + dayHours; hour++) {
    const value = series.at(hour);
    if (Number.isNaN(value)) continue;
    sum += value;
    count++;
  }
  if (isCounter) return count === dayHours ? sum : NaN;
  return sum / count;
}
