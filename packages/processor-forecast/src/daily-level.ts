import { forecast } from '@millrace/timeseries';
import { hourMs } from './series.ts';

const dayHours = 24;
/** Two weeks show what a weekday is. */
const fewestDays = 14;
/** How much the forecast of days counts for their level; the rest that of hours. */
const dailyShare = 0.75;

/** How far forecasts of days may be off, by day. */
export interface DayMargins {
  readonly half80: Float64Array;
  readonly half95: Float64Array;
}

/**
 * Moves a forecast of hours to the level that a forecast of whole days says. Hours show the shape of a day, but what happens seldom looks like an outlier in them and is
 * calmed; days contain it, so that their sum is right. Combining levels of aggregation: Athanasopoulos et al. 2017, "Forecasting with temporal hierarchies".
 * Returns how far days may be off, as means of their hours; undefined, with nothing changed, when too few days are known.
 * @param mean The hours from `end` on, changed in place.
 * @param valueAt The value of an hour before `end`; NaN: not known.
 */
export function alignToDays(
  mean: Float64Array,
  end: number,
  history: number,
  valueAt: (hour: number) => number,
  isCounter: boolean,
): DayMargins | undefined {
  const count = Math.floor(history / dayHours);
  if (count < fewestDays) return undefined;
  const values = new Float64Array(count);
  const timestampsMs = new Float64Array(count);
  for (let day = 0; day < count; day++) {
    const from = end - (count - day) * dayHours;
    timestampsMs[day] = from * hourMs;
    values[day] = meanOf((h) => valueAt(from + h), dayHours);
  }
  // Days not known at the end: they would be forecast first.
  if (Number.isNaN(values[count - 1])) return undefined;
  const days = Math.ceil(mean.length / dayHours);
  const result = forecast({ timestampsMs, values }, days);
  if (result.status !== 'ok' || result.timestampsMs[0] !== end * hourMs) return undefined;
  for (let day = 0; day < days; day++) {
    const hours = mean.subarray(day * dayHours, (day + 1) * dayHours);
    // A part of a day stays as it is.
    if (hours.length < dayHours) break;
    const said = meanOf((h) => hours[h]!, dayHours);
    const change = dailyShare * (result.mean[day]! - said);
    const factor = isCounter && said > 0 ? 1 + change / said : 0;
    for (let h = 0; h < dayHours; h++) hours[h] = factor > 0 ? hours[h]! * factor : hours[h]! + change;
  }
  const half = (lower: Float64Array, upper: Float64Array): Float64Array => upper.map((value, day) => (value - lower[day]!) / 2);
  return { half80: half(result.lower80, result.upper80), half95: half(result.lower95, result.upper95) };
}

/** The mean of those that are known. */
function meanOf(valueAt: (index: number) => number, count: number): number {
  let sum = 0;
  let known = 0;
  for (let i = 0; i < count; i++) {
    const value = valueAt(i);
    if (Number.isNaN(value)) continue;
    sum += value;
    known++;
  }
  return sum / known;
}
