import { optional } from './format.ts';
import type { Patterns } from './format.ts';

const months = 'January February March April May June July August September October November December';
const days = 'Monday Tuesday Wednesday Thursday Friday Saturday Sunday';

/** One of the names, or its first three letters, as a word. */
function named(names: string): string {
  const forms = names.split(' ').map((name) => (name.length === 3 ? name : name.slice(0, 3) + optional(name.slice(3))));
  return String.raw`\b(?:${forms.join('|')})\b`;
}

/** Dates and times. */
export const time: Patterns = {
  YEAR: String.raw`\d{4}|\d{2}`,
  MONTH: named(months),
  MONTHNUM: '0[1-9]|1[0-2]',
  MONTHDAY: String.raw`0[1-9]|[12]\d|3[01]|[1-9]`,
  DAY: named(days),
  HOUR: String.raw`2[0-3]|[01]?\d`,
  MINUTE: String.raw`[0-5]\d`,
  // 60 is a leap second; parts of a second follow any of the usual separators.
  SECOND: String.raw`(?:[0-5]\d|60)(?:[.,:]\d+)?`,
  TIME: '%{HOUR}:%{MINUTE}(?::%{SECOND})?',
  TZ: '[PMACE][SED]T|UTC',

  DATE_US: '%{MONTHNUM}[/-]%{MONTHDAY}[/-]%{YEAR}',
  DATE_EU: '%{MONTHDAY}[./-]%{MONTHNUM}[./-]%{YEAR}',
  DATE: '%{DATE_US}|%{DATE_EU}',
  DATESTAMP: '%{DATE}[ -]%{TIME}',

  ISO8601_TIMEZONE: 'Z|[+-]%{HOUR}:?%{MINUTE}',
  ISO8601_SECOND: '%{SECOND}',
  TIMESTAMP_ISO8601: `%{YEAR}-%{MONTHNUM}-%{MONTHDAY}[ T]%{HOUR}:?%{MINUTE}${optional(':?%{SECOND}')}%{ISO8601_TIMEZONE}?`,

  DATESTAMP_RFC822: '%{DAY} %{MONTH} %{MONTHDAY} %{YEAR} %{TIME} %{TZ}',
  DATESTAMP_RFC2822: '%{DAY}, %{MONTHDAY} %{MONTH} %{YEAR} %{TIME} %{ISO8601_TIMEZONE}',
  DATESTAMP_OTHER: '%{DAY} %{MONTH} %{MONTHDAY} %{TIME} %{TZ} %{YEAR}',
  DATESTAMP_EVENTLOG: '%{YEAR}%{MONTHNUM}%{MONTHDAY}%{HOUR}%{MINUTE}%{SECOND}',
  HTTPDATE: '%{MONTHDAY}/%{MONTH}/%{YEAR}:%{TIME} %{INT}',
  SYSLOGTIMESTAMP: '%{MONTH} +%{MONTHDAY} %{TIME}',
};
