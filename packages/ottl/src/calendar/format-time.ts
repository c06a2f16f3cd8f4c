import type { Time } from '../time.ts';
import { civilOf, unixSeconds } from './civil.ts';
import type { ElementKind } from './go-layout.ts';
import { dayNames, layoutElements, monthNames } from './go-layout.ts';

/** Writes a time in its own zone as Go's `Time.Format` does. */
export function formatTime(time: Time, layout: string): string {
  const civil = civilOf(time);
  const offset = time.zone.offsetSeconds(unixSeconds(time));
  const hour12 = civil.hour % 12 === 0 ? 12 : civil.hour % 12;
  const parts: { readonly [Kind in ElementKind]: (text: string) => string } = {
    literal: (text) => text,
    January: () => monthNames[civil.month - 1]!,
    Jan: () => monthNames[civil.month - 1]!.slice(0, 3),
    Monday: () => dayNames[civil.weekday]!,
    Mon: () => dayNames[civil.weekday]!.slice(0, 3),
    1: () => String(civil.month),
    '01': () => pad(civil.month),
    2: () => String(civil.day),
    _2: () => String(civil.day).padStart(2, ' '),
    '02': () => pad(civil.day),
    15: () => pad(civil.hour),
    3: () => String(hour12),
    '03': () => pad(hour12),
    4: () => String(civil.minute),
    '04': () => pad(civil.minute),
    5: () => String(civil.second),
    '05': () => pad(civil.second),
    2006: () => (civil.year < 0 ? '-' : '') + pad(Math.abs(civil.year), 4),
    '06': () => pad(Math.abs(civil.year % 100)),
    PM: () => (civil.hour < 12 ? 'AM' : 'PM'),
    pm: () => (civil.hour < 12 ? 'am' : 'pm'),
    MST: () => time.zone.abbreviation(unixSeconds(time)) || offsetText(offset, offset % 3600 === 0 ? '-07' : '-0700'),
    Z0700: (text) => (offset === 0 ? 'Z' : offsetText(offset, text)),
    'Z07:00': (text) => (offset === 0 ? 'Z' : offsetText(offset, text)),
    Z07: (text) => (offset === 0 ? 'Z' : offsetText(offset, text)),
    '-0700': (text) => offsetText(offset, text),
    '-07:00': (text) => offsetText(offset, text),
    '-07': (text) => offsetText(offset, text),
    '-070000': (text) => offsetText(offset, text),
    '-07:00:00': (text) => offsetText(offset, text),
    fraction: (text) => fraction(civil.nanosecond, text),
  };
  let formatted = '';
  for (const { text, kind } of layoutElements(layout)) formatted += parts[kind](text);
  return formatted;
}

/** An offset in the form of `-0700`, `-07`, `-07:00`, `-070000` or `-07:00:00`. */
function offsetText(offset: number, form: string): string {
  const seconds = Math.abs(offset);
  const parts = [pad(Math.trunc(seconds / 3600)), pad(Math.trunc(seconds / 60) % 60), pad(seconds % 60)];
  const digits = form.replaceAll(/\D/g, '').length;
  return (offset < 0 ? '-' : '+') + parts.slice(0, digits / 2).join(form.includes(':') ? ':' : '');
}

/** So many digits as the form has nines, without trailing zeros; nothing when all are. */
function fraction(nanosecond: number, form: string): string {
  const digits = pad(nanosecond, 9)
    .slice(0, form.length - 1)
    .replace(/0+$/, '');
  return digits === '' ? '' : form[0]! + digits;
}

function pad(number: number, digits = 2): string {
  return String(number).padStart(digits, '0');
}
