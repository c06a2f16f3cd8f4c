import { utc } from '../time.ts';
import type { Zone } from '../time.ts';

/** Locales whose abbreviations together cover the zones that have any. */
const abbreviating = ['en-US', 'en-GB', 'en-AU', 'en-IN', 'en-ZA', 'ja'];

/** As many as there are zones in the database. */
const loaded = new Map<string, Zone>();
const databaseName = /^(?:[A-Z][\w+-]*\/[\w+/-]+|[A-Z][a-z][\w-]*|GMT|EST|MST|HST|CET|EET|MET|WET|UCT|(?:EST5E|CST6C|MST7M|PST8P)DT)$/;

/** The zone of a name in the IANA database, as Go's `time.LoadLocation` finds it. Throws an Error of Go's words. */
export function loadZone(name: string): Zone {
  if (name === '' || name === 'UTC') return utc;
  if (name === 'Local') return localZone();
  // Intl knows abbreviations too, and names in any case.
  if (!databaseName.test(name)) throw unknownZone(name);
  let zone = loaded.get(name);
  try {
    if (zone === undefined) loaded.set(name, (zone = new DatabaseZone(name)));
    return zone;
  } catch {
    throw unknownZone(name);
  }
}

function unknownZone(name: string): Error {
  return new Error(`unknown time zone ${name}`);
}

let local: Zone | undefined;

/** The zone of this process. */
export function localZone(): Zone {
  local ??= processZone();
  return local;
}

function processZone(): Zone {
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  return timeZone === 'UTC' ? utc : new DatabaseZone(timeZone);
}

/** A zone with one offset, as `+0200` names it. Its abbreviation is its name. */
export function fixedZone(name: string, offsetSeconds: number): Zone {
  return { name, offsetSeconds: () => offsetSeconds, abbreviation: () => name };
}

/** Offsets and abbreviations change at quarters of an hour. */
const quarterHourSeconds = 900;
const maxCached = 1000;

class DatabaseZone implements Zone {
  readonly name: string;
  readonly #format: Intl.DateTimeFormat;
  readonly #offsets = new Map<number, number>();
  readonly #abbreviations = new Map<number, string>();

  constructor(name: string) {
    this.name = name;
    this.#format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
  }

  offsetSeconds(unixSeconds: number): number {
    return cached(this.#offsets, unixSeconds, () => offsetOf(zoneNameIn(this.#format, unixSeconds)));
  }

  abbreviation(unixSeconds: number): string {
    return cached(this.#abbreviations, unixSeconds, () => this.#abbreviationAt(unixSeconds));
  }

  #abbreviationAt(unixSeconds: number): string {
    for (const locale of abbreviating) {
      const name = zoneNameIn(new Intl.DateTimeFormat(locale, { timeZone: this.name, timeZoneName: 'short' }), unixSeconds);
      if (!/^(?:GMT|UTC).|^GMT$/.test(name) || (name === 'GMT' && this.offsetSeconds(unixSeconds) === 0)) return name;
    }
    const minutes = this.offsetSeconds(unixSeconds) / 60;
    const [hour, minute] = [Math.trunc(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
    const digits = String(hour).padStart(2, '0') + (minute === 0 ? '' : String(minute).padStart(2, '0'));
    return (minutes < 0 ? '-' : '+') + digits;
  }
}

function cached<T>(cache: Map<number, T>, unixSeconds: number, make: () => T): T {
  const quarter = Math.floor(unixSeconds / quarterHourSeconds);
  let value = cache.get(quarter);
  if (value === undefined) {
    if (cache.size >= maxCached) cache.clear();
    cache.set(quarter, (value = make()));
  }
  return value;
}

function zoneNameIn(format: Intl.DateTimeFormat, unixSeconds: number): string {
  return format.formatToParts(unixSeconds * 1000).find(({ type }) => type === 'timeZoneName')!.value;
}

/** Seconds of `GMT`, `GMT+02:00`, or `GMT-00:01:15`. */
function offsetOf(name: string): number {
  const match = /([+-])(\d+):(\d+)(?::(\d+))?$/.exec(name);
  if (match === null) return 0;
  const seconds = Number(match[2]) * 3600 + Number(match[3]) * 60 + Number(match[4] ?? 0);
  return match[1] === '-' ? -seconds : seconds;
}
