import { civilOf, floorDivide } from '../calendar/civil.ts';
import type { Civil } from '../calendar/civil.ts';
import { localZone } from '../calendar/zone.ts';
import { converter, duration, int, optional, time } from '../function.ts';
import type { FunctionDefinition } from '../function.ts';
import { Time } from '../time.ts';
import type { Duration } from '../time.ts';
import type { Value } from '../value.ts';

/** `Now()`: the present, in the zone of the process. */
const now = converter('Now', {}, (_args, setup) => () => new Time(setup.now(), localZone()));

/** `Unix(seconds, nanoseconds?)`: the time so long after the epoch. */
const unix = converter('Unix', { seconds: int, nanoseconds: optional(int) }, ({ seconds, nanoseconds }) => (context) => {
  const nanos = seconds(context) * 1_000_000_000n;
  return new Time(nanos + (nanoseconds?.(context) ?? 0n), localZone());
});

/** `UnixNano(time)` and its like: the time since the epoch in a unit, rounded down. */
const sinceEpoch: readonly FunctionDefinition[] = Object.entries({
  UnixSeconds: 1_000_000_000n,
  UnixMilli: 1_000_000n,
  UnixMicro: 1_000n,
  UnixNano: 1n,
}).map(([name, nanos]) =>
  converter(
    name,
    { time },
    ({ time }) =>
      (context) =>
        BigInt.asIntN(64, floorDivide(time(context).unixNanos, nanos)),
  ),
);

const civilParts: { readonly [name: string]: (civil: Civil & { readonly weekday: number }) => number } = {
  Year: ({ year }) => year,
  Month: ({ month }) => month,
  Day: ({ day }) => day,
  Hour: ({ hour }) => hour,
  Minute: ({ minute }) => minute,
  Second: ({ second }) => second,
  Nanosecond: ({ nanosecond }) => nanosecond,
  Weekday: ({ weekday }) => weekday,
};

/** `Year(time)` and its like: what the calendar and the clock of the time's own zone show; days of the week from Sunday, 0, on. */
const partsOfTime: readonly FunctionDefinition[] = Object.entries(civilParts).map(([name, part]) =>
  converter(
    name,
    { time },
    ({ time }) =>
      (context) =>
        BigInt(part(civilOf(time(context)))),
  ),
);

/** Seconds between the start of the year 1, on which Go counts, and the epoch. */
const yearOneSeconds = 62_135_596_800n;

/** `TruncateTime(time, duration)`: the time rounded down to a multiple of the duration since the year 1. */
const truncateTime = converter('TruncateTime', { time, duration }, ({ time, duration }) => (context) => {
  const { unixNanos, zone } = time(context);
  const { nanos } = duration(context);
  if (nanos <= 0n) return new Time(unixNanos, zone);
  const sinceYearOne = unixNanos + yearOneSeconds * 1_000_000_000n;
  return new Time(unixNanos - (sinceYearOne - floorDivide(sinceYearOne, nanos) * nanos), zone);
});

const secondNanos = 1_000_000_000n;

/** `Seconds(duration)` and its like: a duration in units of at least a second is a float, in smaller ones an int, rounded towards zero. */
const durationUnits: readonly FunctionDefinition[] = Object.entries<(duration: Duration) => Value>({
  Hours: ({ nanos }) => inUnits(nanos, 3600n * secondNanos),
  Minutes: ({ nanos }) => inUnits(nanos, 60n * secondNanos),
  Seconds: ({ nanos }) => inUnits(nanos, secondNanos),
  Milliseconds: ({ nanos }) => nanos / 1_000_000n,
  Microseconds: ({ nanos }) => nanos / 1_000n,
  Nanoseconds: ({ nanos }) => nanos,
}).map(([name, convert]) =>
  converter(
    name,
    { duration },
    ({ duration }) =>
      (context) =>
        convert(duration(context)),
  ),
);

function inUnits(nanos: bigint, unit: bigint): number {
  return Number(nanos / unit) + Number(nanos % unit) / Number(unit);
}

/** Functions of times and durations. */
export const clockFunctions: readonly FunctionDefinition[] = [now, unix, truncateTime, ...sinceEpoch, ...partsOfTime, ...durationUnits];
