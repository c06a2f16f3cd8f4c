/** A time zone. */
export interface Zone {
  /** What Go calls it, such as `UTC` or `America/New_York`. */
  readonly name: string;
  /** Seconds east of UTC at an instant. */
  offsetSeconds(unixSeconds: number): number;
  /** The abbreviation in force at an instant, such as `CEST`. */
  abbreviation(unixSeconds: number): string;
}

/** Coordinated Universal Time. */
export const utc: Zone = { name: 'UTC', offsetSeconds: () => 0, abbreviation: () => 'UTC' };

/** An instant with the zone that it is shown in. Equality and order look at the instant alone. */
export class Time {
  /** Nanoseconds since 1970, exact; before 1970 negative. Not bound to 64 bits. */
  readonly unixNanos: bigint;
  readonly zone: Zone;

  constructor(unixNanos: bigint, zone: Zone = utc) {
    this.unixNanos = unixNanos;
    this.zone = zone;
  }
}

/** A length of time. */
export class Duration {
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}
