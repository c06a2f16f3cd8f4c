import type { StatedPrices } from './rates.ts';

const dayMs = 86_400_000;

/** Prices of a model, and when they hold. */
export interface PriceEntry {
  /** First moment, in milliseconds since 1970; -Infinity for ever before. */
  readonly fromMs: number;
  /** The moment after the last; Infinity for ever after. */
  readonly untilMs: number;
  /** Hours of the day (UTC), in milliseconds since midnight; over midnight when the end is not after the start. Undefined: all day. */
  readonly hours: readonly [startMs: number, endMs: number] | undefined;
  /** Whether it stands for itself; otherwise it adds to the next one that does. */
  readonly complete: boolean;
  readonly prices: StatedPrices;
}

/** Whether an entry holds at a time. */
export function holdsAt({ fromMs, untilMs, hours }: PriceEntry, unixMs: number): boolean {
  if (unixMs < fromMs || unixMs >= untilMs) return false;
  if (hours === undefined) return true;
  const time = unixMs - Math.floor(unixMs / dayMs) * dayMs;
  const [start, end] = hours;
  return end < start ? time >= start || time < end : time >= start && time < end;
}

/** The longest time around `unixMs` in which the same entries hold; within a day for those with hours. */
export function steadyAround(entries: readonly PriceEntry[], unixMs: number): { fromMs: number; untilMs: number } {
  let fromMs = -Infinity;
  let untilMs = Infinity;
  const border = (time: number): void => {
    if (time <= unixMs) fromMs = Math.max(fromMs, time);
    else untilMs = Math.min(untilMs, time);
  };
  const midnight = Math.floor(unixMs / dayMs) * dayMs;
  for (const entry of entries) {
    border(entry.fromMs);
    border(entry.untilMs);
    if (entry.hours === undefined) continue;
    for (const time of [0, ...entry.hours, dayMs]) border(midnight + time);
  }
  return { fromMs, untilMs };
}

/** Reads a time of the day with its offset from UTC (`16:30:00Z`, `16:30`) as milliseconds after midnight UTC. */
export function timeOfDayMs(text: string): number | undefined {
  const [, hours, minutes, seconds = '0', sign, offsetHours, offsetMinutes] =
    /^(\d\d):(\d\d)(?::(\d\d(?:\.\d+)?))?(?:Z|([+-])(\d\d):(\d\d))?$/.exec(text) ?? [];
  if (hours === undefined || minutes === undefined) return undefined;
  const past24 = Number(hours) === 24 && Number(minutes) === 0 && Number(seconds) === 0;
  if ((Number(hours) > 23 && !past24) || Number(minutes) > 59 || Number(seconds) >= 60) return undefined;
  const offset = sign === undefined ? 0 : (Number(offsetHours) * 60 + Number(offsetMinutes)) * (sign === '-' ? -60_000 : 60_000);
  const time = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000 - offset;
  return ((time % dayMs) + dayMs) % dayMs;
}

/** Reads a day or a time of ISO 8601 as milliseconds since 1970; a day begins in UTC, and so is a time without offset. */
export function dateMs(text: string): number | undefined {
  const [, day, time, zone] = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+-]\d\d:\d\d)?)?$/.exec(text) ?? [];
  if (day === undefined) return undefined;
  const midnight = Date.parse(`${day}T00:00:00Z`);
  // February 30 is no day.
  if (Number.isNaN(midnight) || !new Date(midnight).toISOString().startsWith(day)) return undefined;
  if (time === undefined) return midnight;
  const ms = Date.parse(`${day}T${time}${zone ?? 'Z'}`);
  return Number.isNaN(ms) ? undefined : ms;
}
