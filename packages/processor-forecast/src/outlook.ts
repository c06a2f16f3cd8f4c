import { forecast, StreamingForecast } from '@millrace/timeseries';
import { alignToDays } from './daily-level.ts';
import type { DayMargins } from './daily-level.ts';
import { marginOf } from './margins.ts';
import type { OriginErrors } from './origins.ts';
import { originDays } from './origins.ts';
import { historyHours, hourMs } from './series.ts';
import type { Series } from './series.ts';

/** A weekday of which only one was seen says little: errors of forecasts that knew less than two weeks do not count once there are others. */
const settledHours = 360;
const dayHours = 24;
const weekHours = 168;
/** Below this share of known hours, those between are held. */
const sparseShare = 0.6;
/** The gain of the level of `StreamingForecast`: an error moves the hours that follow by so much of it. */
const levelGain = 0.05;
const leastSlope = 0.03;
/** Of the errors of two days of a forecast. */
const usualCorrelation = 0.3;

/** A value with its interval. */
export interface Estimate {
  readonly value: number;
  readonly lower: number;
  readonly upper: number;
}

/** What is missing for a forecast. */
export interface Missing {
  readonly what: 'history' | 'observations';
  readonly hours: number;
}

/** How many hours of history a look ahead of so many hours takes: as many, at least two days, at most two weeks. */
export function historyFor(hours: number): number {
  return Math.max(2 * dayHours, Math.min(hours, 2 * weekHours));
}

/** What is missing to look so many hours ahead from the beginning of hour `end` on; undefined: nothing. */
export function missingFor(series: Series, end: number, hours: number): Missing | undefined {
  const needed = historyFor(hours);
  const history = Math.max(0, end - series.firstHour);
  if (history < needed) return { what: 'history', hours: needed - history };
  if (!series.isExact) return undefined;
  let known = 0;
  for (let hour = end - Math.min(historyHours, history); hour < end; hour++) if (!Number.isNaN(series.at(hour))) known++;
  return known < needed / 2 ? { what: 'observations', hours: Math.ceil(needed / 2) - known } : undefined;
}

/** The hours of a series from the beginning of one on. */
export class Outlook {
  /** By hour. */
  readonly mean: Float64Array;
  /** Increasing 1, stable 0, decreasing -1. */
  readonly trend: -1 | 0 | 1;
  /** Whether no value is below zero. */
  readonly #isPositive: boolean;
  readonly #isCounter: boolean;
  readonly #half80: Float64Array;
  readonly #half95: Float64Array;
  /** Of exact series. */
  readonly #errors: OriginErrors | undefined;
  readonly #days: DayMargins | undefined;

  /** Undefined when too little is known of a series to look ahead. `stream`: the state, as of `end`, of a series that is not exact. */
  static of(series: Series, stream: Uint8Array | undefined, end: number, hours: number): Outlook | undefined {
    return stream === undefined ? Outlook.#exact(series, end, hours) : Outlook.#streaming(series, stream, end, hours);
  }

  private constructor(
    kind: 'counter' | 'gauge',
    parts: {
      mean: Float64Array;
      half80: Float64Array;
      half95: Float64Array;
      trend: -1 | 0 | 1;
      isPositive: boolean;
      errors?: OriginErrors;
      days?: DayMargins;
    },
  ) {
    this.mean = parts.mean;
    this.trend = parts.trend;
    this.#isCounter = kind === 'counter';
    this.#isPositive = parts.isPositive;
    this.#half80 = parts.half80;
    this.#half95 = parts.half95;
    this.#errors = parts.errors;
    this.#days = parts.days;
  }

  static #exact(series: Series, end: number, hours: number): Outlook | undefined {
    const { values, isPositive, lastKnown } = valuesBefore(series, end);
    const gap = end - 1 - lastKnown;
    const timestampsMs = Float64Array.from(values, (_, i) => (end - values.length + i) * hourMs);
    const result = forecast({ timestampsMs, values }, hours + gap);
    // Not hourly: too many hours are not known.
    if (result.status !== 'ok' || result.timestampsMs[gap] !== end * hourMs) return undefined;
    const half = (lower: Float64Array, upper: Float64Array): Float64Array =>
      Float64Array.from({ length: hours }, (_, h) => (upper[h + gap]! - lower[h + gap]!) / 2);
    const origins = series.origins!;
    const { kind } = series.identity;
    const mean = result.mean.slice(gap, gap + hours);
    const days = alignToDays(mean, end, values.length, (hour) => series.at(hour), kind === 'counter');
    const errors = origins.errors(series, end, days === undefined ? 0 : settledHours);
    return new Outlook(kind, {
      mean,
      half80: half(result.lower80, result.upper80),
      half95: half(result.lower95, result.upper95),
      trend: result.trend === 'increasing' ? 1 : result.trend === 'decreasing' ? -1 : 0,
      isPositive,
      errors,
      ...(days !== undefined && { days }),
    });
  }

  static #streaming({ identity: { kind } }: Series, state: Uint8Array, end: number, hours: number): Outlook | undefined {
    const stream = StreamingForecast.read(state);
    const first = stream.forecast(1);
    if (first.status !== 'ok') return undefined;
    const gap = end - Math.round(first.timestampsMs[0]! / hourMs);
    const all = stream.forecast(hours + gap);
    if (all.status !== 'ok') return undefined;
    const isPositive = kind === 'counter';
    const part = (values: Float64Array): Float64Array => values.subarray(gap, gap + hours);
    const mean = part(all.mean).map((value) => (isPositive ? Math.max(0, value) : value));
    const [upper80, upper95] = [part(all.upper80), part(all.upper95)];
    const half = (upper: Float64Array): Float64Array => upper.map((value, h) => value - all.mean[h + gap]!);
    let usual = 0;
    for (const value of mean) usual += Math.abs(value) / hours;
    const change = hours > weekHours ? mean[weekHours]! - mean[0]! : 0;
    const trend = Math.abs(change) > leastSlope * usual ? (Math.sign(change) as -1 | 1) : 0;
    return new Outlook(kind, { mean, half80: half(upper80), half95: half(upper95), trend, isPositive });
  }

  /** The sum of a counter or mean of a gauge over the next hours, plus `before`, with an interval that holds so many percent. */
  over(hours: number, percent: 80 | 95, before = 0): Estimate {
    let sum = 0;
    for (let h = 0; h < hours; h++) sum += this.mean[h]!;
    const value = this.#isCounter ? sum : sum / hours;
    const { below, above } = this.#margins(hours, percent, value);
    const lower = value - below;
    return { value: before + value, lower: before + (this.#isPositive ? Math.max(0, lower) : lower), upper: before + value + above };
  }

  #margins(hours: number, percent: 80 | 95, value: number): { below: number; above: number } {
    const half = percent === 80 ? this.#half80 : this.#half95;
    const scale = this.#isCounter ? 1 : 1 / hours;
    let sum = 0;
    let squares = 0;
    for (let h = 0; h < hours; h++) {
      sum += half[h]!;
      squares += half[h]! ** 2;
    }
    if (this.#errors === undefined) {
      // An error also moves the level of all hours after it (Hyndman et al. 2008, section 6).
      let variance = 0;
      for (let h = 0; h < hours; h++) variance += (1 + levelGain * (hours - 1 - h)) ** 2;
      const margin = half[0]! * Math.sqrt(variance) * scale;
      return { below: margin, above: margin };
    }
    const margin = marginOf(this.#errors, Math.max(1, Math.round(hours / dayHours)), percent);
    const independent = Math.sqrt(squares) * scale;
    if (margin === undefined) {
      // Nothing is known of how errors of hours add up: as if all of them were on the same side, or as days usually do.
      const usual = this.#days === undefined ? sum * scale : Math.max(independent, this.#ofDays(hours, percent, scale));
      return { below: usual, above: usual };
    }
    const unit = this.#isCounter ? value : 1;
    return { below: Math.max(independent, margin.below * unit), above: Math.max(independent, margin.above * unit) };
  }

  /** The margin of a sum of days whose errors have something in common. */
  #ofDays(hours: number, percent: 80 | 95, scale: number): number {
    const half = percent === 80 ? this.#days!.half80 : this.#days!.half95;
    const count = Math.ceil(hours / dayHours);
    let squares = 0;
    for (let day = 0; day < count; day++) squares += (half[day]! * Math.min(dayHours, hours - day * dayHours)) ** 2;
    return Math.sqrt(squares * (1 + usualCorrelation * (count - 1))) * scale;
  }

  /** Sums of counters or means of gauges by day ahead. */
  days(): number[] {
    const days: number[] = [];
    for (let day = 0; day < originDays && (day + 1) * dayHours <= this.mean.length; day++) {
      let sum = 0;
      for (let h = day * dayHours; h < (day + 1) * dayHours; h++) sum += this.mean[h]!;
      days.push(this.#isCounter ? sum : sum / dayHours);
    }
    return days;
  }

  /** The first hour whose mean reaches a value; -1: none does. */
  reaches(value: number, direction: 'above' | 'below'): number {
    return this.mean.findIndex((mean) => (direction === 'above' ? mean >= value : mean <= value));
  }
}

function valuesBefore(series: Series, end: number): { values: Float64Array; isPositive: boolean; lastKnown: number } {
  const first = Math.max(series.firstHour, end - historyHours);
  const values = new Float64Array(Math.max(0, end - first));
  let isPositive = true;
  let known = 0;
  let lastKnown = end - 1;
  for (let i = 0; i < values.length; i++) {
    values[i] = series.at(first + i);
    if (Number.isNaN(values[i])) continue;
    known++;
    lastKnown = first + i;
    if (values[i]! < 0) isPositive = false;
  }
  if (known < sparseShare * values.length) hold(values, lastKnown - first);
  return { values, isPositive, lastKnown };
}

/** Fills hours that are not known before the last one that is with the one before, for a day at most: else the distance of values would not be an hour. */
function hold(values: Float64Array, last: number): void {
  let held = 0;
  for (let i = 1; i < last; i++) {
    if (!Number.isNaN(values[i])) held = 0;
    else if (held++ < dayHours) values[i] = values[i - 1]!;
  }
}
