/** Observations of one series; the same length in both. */
export interface TimedValues {
  /** Milliseconds since 1970, in any order. */
  readonly timestampsMs: ArrayLike<number>;
  /** What is not finite is a gap. */
  readonly values: ArrayLike<number>;
}

/** A series on a regular grid. */
export interface RegularSeries {
  /** One value for each step; NaN in gaps. Duplicates of a step are averaged. */
  readonly values: Float64Array;
  /** The usual distance of two steps: the median interval. */
  readonly stepMs: number;
  /** How a step goes on: by a fixed time, by calendar months, or from Monday to Friday. */
  readonly calendar: 'fixed' | 'months' | 'weekdays';
  /** Months of one step; 0 unless the calendar is `months`. */
  readonly stepMonths: number;
  /** When a step is, also before the first and after the last one. */
  timestampAt(index: number): number;
}

const dayMs = 86_400_000;

/** The grid is bounded: what is older than so many steps is left out. */
const mostSteps = 20_000;

/**
 * Puts observations on the grid of their median interval. Monthly, quarterly and yearly data follow the calendar (the last day of a month stays
 * the last day), daily data without weekends has steps from Monday to Friday. An observation belongs to the nearest step; several are averaged.
 * Undefined when fewer than two distinct times have a value.
 */
export function regularSeries(series: TimedValues): RegularSeries | undefined {
  const points = sortedPoints(series);
  const count = points.length / 2;
  if (count < 2) return undefined;
  const times = new Float64Array(count);
  for (let i = 0; i < count; i++) times[i] = points[2 * i]!;
  const intervals = times
    .subarray(1)
    .map((time, i) => time - times[i]!)
    .filter((interval) => interval > 0)
    .sort();
  if (intervals.length === 0) return undefined;
  const stepMs = intervals[intervals.length >> 1]!;
  const months = stepMonthsOf(stepMs, times);
  if (months > 0) return byMonths(points, times, stepMs, months);
  if (stepMs === dayMs && withoutWeekends(times)) return byWeekdays(points, times);
  const first = times[count - 1]! - Math.min(mostSteps - 1, Math.round((times[count - 1]! - times[0]!) / stepMs)) * stepMs;
  const values = averages(points, (time) => Math.round((time - first) / stepMs));
  return { values, stepMs, calendar: 'fixed', stepMonths: 0, timestampAt: (index) => first + index * stepMs };
}

/** Times and values by turns, by time. */
function sortedPoints({ timestampsMs, values }: TimedValues): Float64Array {
  const count = Math.min(timestampsMs.length, values.length);
  const kept: number[] = [];
  for (let i = 0; i < count; i++) if (Number.isFinite(values[i]) && Number.isFinite(timestampsMs[i])) kept.push(i);
  kept.sort((a, b) => timestampsMs[a]! - timestampsMs[b]! || a - b);
  const points = new Float64Array(kept.length * 2);
  for (const [at, i] of kept.entries()) {
    points[2 * at] = timestampsMs[i]!;
    points[2 * at + 1] = values[i]!;
  }
  return points;
}

function averages(points: Float64Array, indexOf: (timeMs: number) => number): Float64Array {
  const size = indexOf(points[points.length - 2]!) + 1;
  const skipped = Math.max(0, size - mostSteps);
  const sums = new Float64Array(size - skipped);
  const counts = new Int32Array(size - skipped);
  for (let i = 0; i < points.length; i += 2) {
    const index = indexOf(points[i]!) - skipped;
    if (index < 0) continue;
    const value = points[i + 1]!;
    counts[index]!++;
    sums[index]! += (value - sums[index]!) / counts[index]!; // the running mean: no overflow of huge values
  }
  for (let i = 0; i < sums.length; i++) if (counts[i] === 0) sums[i] = Number.NaN;
  return sums;
}

function stepMonthsOf(stepMs: number, times: Float64Array): number {
  const days = stepMs / dayMs;
  const months = days >= 28 && days <= 31 ? 1 : days >= 89 && days <= 92 ? 3 : days >= 365 && days <= 366 ? 12 : 0;
  if (months === 0) return 0;
  // Four weeks are not a month: the day of the month stays, or is the last one.
  const dates = Array.from(times, (time) => new Date(time));
  const day = Math.max(...dates.map((date) => date.getUTCDate()));
  return dates.every((date) => date.getUTCDate() === Math.min(day, daysOfMonth(date.getUTCFullYear(), date.getUTCMonth()))) ? months : 0;
}

const daysOfMonth = (year: number, month: number): number => new Date(Date.UTC(year, month + 1, 0)).getUTCDate();

function byMonths(points: Float64Array, times: Float64Array, stepMs: number, stepMonths: number): RegularSeries {
  const start = new Date(times[0]!);
  const timeOfDay = times[0]! - Date.UTC(start.getUTCFullYear(), start.getUTCMonth(), start.getUTCDate());
  let anchor = 0;
  for (const time of times) anchor = Math.max(anchor, new Date(time).getUTCDate());
  const firstMonth = start.getUTCFullYear() * 12 + start.getUTCMonth();
  const values = averages(points, (time) => {
    const date = new Date(time);
    return Math.round((date.getUTCFullYear() * 12 + date.getUTCMonth() - firstMonth) / stepMonths);
  });
  const timestampAt = (index: number): number => {
    const month = firstMonth + index * stepMonths;
    const year = Math.floor(month / 12);
    return Date.UTC(year, month % 12, Math.min(anchor, daysOfMonth(year, month % 12))) + timeOfDay;
  };
  return { values, stepMs, calendar: 'months', stepMonths, timestampAt };
}

/** 1970-01-01 was a Thursday; 0 is Monday. */
const weekdayOf = (timeMs: number): number => (Math.floor(timeMs / dayMs) + 3) % 7;

function withoutWeekends(times: Float64Array): boolean {
  let weekends = 0;
  for (const time of times) if (weekdayOf(time) > 4) weekends++;
  return weekends === 0 && times.length > 10;
}

function byWeekdays(points: Float64Array, times: Float64Array): RegularSeries {
  const indexOf = (time: number): number => {
    const day = Math.floor(time / dayMs) + 3;
    return Math.floor(day / 7) * 5 + (day % 7);
  };
  const last = indexOf(times[times.length - 1]!);
  const first = Math.max(indexOf(times[0]!), last - mostSteps + 1);
  const timeOfDay = times[0]! - Math.floor(times[0]! / dayMs) * dayMs;
  return {
    values: averages(points, (time) => indexOf(time) - first),
    stepMs: dayMs,
    calendar: 'weekdays',
    stepMonths: 0,
    timestampAt: (index) => (Math.floor((first + index) / 5) * 7 + ((first + index) % 5) - 3) * dayMs + timeOfDay,
  };
}
