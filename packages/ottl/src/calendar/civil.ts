import { Time } from '../time.ts';
import type { Zone } from '../time.ts';

/** A date and a time of day as a clock on a wall shows them. */
export interface Civil {
  readonly year: number;
  /** From 1 on. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly nanosecond: number;
}

const secondNanos = 1_000_000_000n;

/** Whole seconds since the epoch, rounded down. */
export function unixSeconds({ unixNanos }: Time): number {
  return Number(floorDivide(unixNanos, secondNanos));
}

/** What a clock in the time's own zone shows. */
export function civilOf(time: Time): Civil & { readonly weekday: number } {
  const seconds = unixSeconds(time);
  const date = new Date((seconds + time.zone.offsetSeconds(seconds)) * 1000);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    nanosecond: Number(time.unixNanos - BigInt(seconds) * secondNanos),
    weekday: date.getUTCDay(),
  };
}

/** The instant when clocks of a zone show this; in the gap and in the repeated hour of a change of clocks as Go's `time.Date` decides. */
export function timeOf(civil: Civil, zone: Zone): Time {
  const date = new Date(0);
  date.setUTCFullYear(civil.year, civil.month - 1, civil.day);
  date.setUTCHours(civil.hour, civil.minute, civil.second);
  let seconds = date.getTime() / 1000;
  const guess = zone.offsetSeconds(seconds);
  if (guess !== 0) seconds -= zone.offsetSeconds(seconds - guess);
  return new Time(BigInt(seconds) * secondNanos + BigInt(civil.nanosecond), zone);
}

/** Division that rounds down. */
export function floorDivide(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  return value % divisor < 0n ? quotient - 1n : quotient;
}
