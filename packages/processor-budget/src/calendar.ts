/** The calendar windows that a budget can have. */
export const calendarUnits = ['hour', 'day', 'week', 'month'] as const;

/** One of `calendarUnits`. */
export type CalendarUnit = (typeof calendarUnits)[number];

/** The days that a week can start on, by their number: Sunday is 0. */
export const weekDays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;

/** One of `weekDays`. */
export type WeekDay = (typeof weekDays)[number];

/** A stretch of time, in milliseconds since the epoch; the end is no part of it. */
export interface Period {
  readonly startMs: number;
  readonly endMs: number;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Periods that are remembered: late data goes back and forth between a few. */
const maxCached = 64;

/**
 * Hours, days, weeks or months of the wall clock in a time zone. They follow each other without gap or overlap, whatever the zone does: a day in which
 * clocks change has 23 or 25 hours, an hour that the clock shows twice is two.
 */
export class Calendar {
  readonly #unit: CalendarUnit;
  readonly #weekStart: number;
  readonly #format: Intl.DateTimeFormat;
  readonly #cached: Period[] = [];
  #last: Period | undefined;

  /** Throws a `RangeError` for a time zone that is not known. */
  constructor(unit: CalendarUnit, timeZone: string, weekStart: WeekDay) {
    this.#unit = unit;
    this.#weekStart = weekDays.indexOf(weekStart);
    this.#format = new Intl.DateTimeFormat('en-US-u-ca-iso8601', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  }

  /** The period that a time is in. The object is the same for every time in it. */
  at(ms: number): Period {
    const last = this.#last;
    if (last !== undefined && ms >= last.startMs && ms < last.endMs) return last;
    let found = this.#cached.find(({ startMs, endMs }) => ms >= startMs && ms < endMs);
    if (found === undefined) {
      found = this.#unit === 'hour' ? this.#hour(ms) : this.#days(ms);
      if (this.#cached.length === maxCached) this.#cached.shift();
      this.#cached.push(found);
    }
    this.#last = found;
    return found;
  }

  #hour(ms: number): Period {
    const offsetMs = this.#offset(ms);
    const startMs = Math.floor((ms + offsetMs) / hourMs) * hourMs - offsetMs;
    const endMs = startMs + hourMs;
    // Where the clock is changed by less than an hour, the hour is cut there.
    return {
      startMs: this.#offset(startMs) === offsetMs ? startMs : firstWith(startMs, ms, (time) => this.#offset(time) === offsetMs),
      endMs: this.#offset(endMs - 1) === offsetMs ? endMs : firstWith(ms, endMs - 1, (time) => this.#offset(time) !== offsetMs),
    };
  }

  #days(ms: number): Period {
    let local = this.#startOf(ms + this.#offset(ms));
    // Where the clock is put back over midnight, the date alone does not tell.
    while (this.#instant(local) > ms) local = this.#startOf(local - 1);
    let next = this.#after(local);
    while (this.#instant(next) <= ms) [local, next] = [next, this.#after(next)];
    return { startMs: this.#instant(local), endMs: this.#instant(next) };
  }

  /** Wall-clock times are counted as if they were UTC. */
  #startOf(localMs: number): number {
    const date = new Date(localMs);
    if (this.#unit === 'month') return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
    const midnight = Math.floor(localMs / dayMs) * dayMs;
    return this.#unit === 'day' ? midnight : midnight - ((date.getUTCDay() - this.#weekStart + 7) % 7) * dayMs;
  }

  #after(localMs: number): number {
    const date = new Date(localMs);
    if (this.#unit === 'month') return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
    return localMs + (this.#unit === 'day' ? 1 : 7) * dayMs;
  }

  /** When the clock first shows a time of day or, where it skips that, a later one. */
  #instant(localMs: number): number {
    const early = localMs - this.#offset(localMs - dayMs);
    const late = localMs - this.#offset(localMs + dayMs);
    if (early + this.#offset(early) === localMs) return early;
    if (late + this.#offset(late) === localMs) return late;
    return firstWith(Math.min(early, late) - hourMs, Math.max(early, late), (time) => time + this.#offset(time) >= localMs);
  }

  /** How far the clock is ahead of UTC. */
  #offset(ms: number): number {
    const parts: Record<string, number> = {};
    for (const { type, value } of this.#format.formatToParts(ms)) parts[type] = Number(value);
    const local = Date.UTC(parts['year']!, parts['month']! - 1, parts['day'], parts['hour'], parts['minute'], parts['second']);
    return local - Math.floor(ms / 1000) * 1000;
  }
}

/** The first whole millisecond in `(from, to]` for which a condition holds that holds from there on, `to` included. */
function firstWith(from: number, to: number, holds: (ms: number) => boolean): number {
  let low = Math.floor(from);
  let high = Math.ceil(to);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}
