const hourMs = 3_600_000;
const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** Hours of the day and days of the week of a time zone. */
export class Hours {
  readonly #format: Intl.DateTimeFormat;
  #hourIndex = Number.NaN;
  hour = 0;
  /** 0 is Sunday. */
  day = 0;

  /** Throws a `RangeError` for a time zone that is not known. */
  constructor(timeZone: string) {
    this.#format = new Intl.DateTimeFormat('en-US', { timeZone, hour: 'numeric', hourCycle: 'h23', weekday: 'short' });
  }

  /** Sets `hour` and `day` to those of a time. */
  set(unixMs: number): void {
    // No time zone changes its hours other than at quarters of an hour.
    const index = Math.floor((unixMs / hourMs) * 4);
    if (index === this.#hourIndex) return;
    this.#hourIndex = index;
    const parts = this.#format.formatToParts(unixMs);
    this.hour = Number(parts.find(({ type }) => type === 'hour')?.value);
    this.day = days.indexOf(parts.find(({ type }) => type === 'weekday')?.value ?? '');
  }
}
