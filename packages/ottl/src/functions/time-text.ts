import { civilOf, timeOf, unixSeconds } from '../calendar/civil.ts';
import { parseDuration } from '../calendar/go-duration.ts';
import { localeNames } from '../calendar/locale-names.ts';
import type { LocaleNames } from '../calendar/locale-names.ts';
import { parseTime } from '../calendar/parse-time.ts';
import { strptimeReader, strptimeWriter, validateStrptime } from '../calendar/strptime.ts';
import { loadZone, localZone } from '../calendar/zone.ts';
import { converter, optional, string, stringLiteral, time } from '../function.ts';
import type { FunctionDefinition } from '../function.ts';
import { OttlError } from '../ottl-error.ts';
import { Duration, Time, utc } from '../time.ts';
import type { Zone } from '../time.ts';

/** `Duration(text)`: a text such as `1m30s`. */
const durationOf = converter(
  'Duration',
  { duration: string },
  ({ duration }) =>
    (context) =>
      new Duration(parseDuration(duration(context))),
);

/** `Time(text, format, location?, locale?)`: a text in a format of strptime. A format without a zone is read in the location, default that of the process. */
const timeOfText = converter(
  'Time',
  { time: string, format: stringLiteral, location: optional(stringLiteral), locale: optional(stringLiteral) },
  ({ time, format, location, locale }, setup) => {
    if (format === '') throw new Error('format cannot be nil');
    const zone = location ? locationNamed(location) : format.endsWith('Z') ? utc : undefined;
    const names = locale === undefined ? undefined : localeNames(locale);
    validateStrptime(format);
    const read = strptimeReader(format, (layout, text) => withYear(inItsZone(layout, text, zone ?? localZone(), names), setup.now()));
    return (context) => {
      const text = time(context);
      if (text === '') throw new OttlError('time cannot be nil');
      return read(text);
    };
  },
);

/** `FormatTime(time, format)`: the time as text, in its own zone. */
const formatTimeAs = converter('FormatTime', { time, format: stringLiteral }, ({ time, format }) => {
  if (format === '') throw new Error('format cannot be nil');
  validateStrptime(format);
  const write = strptimeWriter(format);
  return (context) => write(time(context));
});

/** Functions that read and write times as text. */
export const timeTextFunctions: readonly FunctionDefinition[] = [durationOf, timeOfText, formatTimeAs];

function locationNamed(name: string): Zone {
  try {
    return loadZone(name);
  } catch (error) {
    throw new OttlError(`failed to load location ${name}: ${(error as Error).message}`);
  }
}

/** An abbreviation that means nothing in the location may be the name of a zone itself, such as `CET`. */
function inItsZone(layout: string, text: string, location: Zone, names: LocaleNames | undefined): Time {
  const time = parseTime(layout, text, location, names);
  const seconds = unixSeconds(time);
  if (time.zone === location || time.zone.offsetSeconds(seconds) !== 0) return time;
  const abbreviation = time.zone.abbreviation(seconds);
  if (abbreviation === 'UTC' || abbreviation === location.abbreviation(seconds)) return time;
  return parseTime(layout, text, locationNamed(abbreviation), names);
}

const weekNanos = 7n * 86_400_000_000_000n;

/** A time that was read without a year is of this one; of the last, when it would be more than a week ahead. */
function withYear(time: Time, nowNanos: bigint): Time {
  const civil = civilOf(time);
  if (civil.year > 0) return time;
  const { year } = civilOf(new Time(nowNanos, localZone()));
  const dated = timeOf({ ...civil, year }, time.zone);
  return dated.unixNanos > nowNanos + weekNanos ? timeOf({ ...civil, year: year - 1 }, time.zone) : dated;
}
