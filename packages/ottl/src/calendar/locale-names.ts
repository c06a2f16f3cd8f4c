import { abbreviated, dayNames, monthNames } from './go-layout.ts';

/** What months, days of the week and halves of the day are called in a language. */
export interface LocaleNames {
  /** From January on. */
  readonly months: readonly string[];
  readonly shortMonths: readonly string[];
  /** From Sunday on. */
  readonly days: readonly string[];
  readonly shortDays: readonly string[];
  /** Before and after noon. */
  readonly dayPeriods: readonly string[];
}

/** The names of English. */
export const english: LocaleNames = {
  months: monthNames,
  shortMonths: abbreviated(monthNames),
  days: dayNames,
  shortDays: abbreviated(dayNames),
  dayPeriods: ['AM', 'PM'],
};

/** The names of a BCP 47 language tag, from Unicode's CLDR. Throws an Error of Go's words when there are none. */
export function localeNames(locale: string): LocaleNames {
  if (!isSupported(locale)) throw new Error(`unsupported locale '${locale}', value must be a supported BCP 47 language tag`);
  const months = Array.from({ length: 12 }, (_, month) => new Date(Date.UTC(2023, month, 15)));
  // 1 January 2023 is a Sunday.
  const days = Array.from({ length: 7 }, (_, day) => new Date(Date.UTC(2023, 0, 1 + day)));
  const hours = [new Date(Date.UTC(2023, 0, 1, 9)), new Date(Date.UTC(2023, 0, 1, 15))];
  const names = (dates: readonly Date[], part: 'month' | 'weekday' | 'dayPeriod', options: Intl.DateTimeFormatOptions): string[] => {
    const format = new Intl.DateTimeFormat(locale, { calendar: 'gregory', timeZone: 'UTC', ...options });
    return dates.map((date) => format.formatToParts(date).find(({ type }) => type === part)?.value ?? '');
  };
  // With a day beside them months have the form that they have in dates ("января", not "январь"), if they are not numbers there.
  const monthNames = (month: 'long' | 'short'): string[] => {
    const inDates = names(months, 'month', { month, day: 'numeric' });
    return inDates.some((name) => /^\p{Nd}*$/u.test(name)) ? names(months, 'month', { month }) : inDates;
  };
  return {
    months: monthNames('long'),
    shortMonths: monthNames('short'),
    days: names(days, 'weekday', { weekday: 'long', month: 'long', day: 'numeric' }),
    shortDays: names(days, 'weekday', { weekday: 'short', month: 'short', day: 'numeric' }),
    dayPeriods: names(hours, 'dayPeriod', { hour: 'numeric', hour12: true }),
  };
}

function isSupported(locale: string): boolean {
  try {
    return Intl.DateTimeFormat.supportedLocalesOf(locale).length > 0;
  } catch {
    return false;
  }
}
