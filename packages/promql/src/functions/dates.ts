type DatePart = (date: Date) => number;

const dayMs = 86_400_000;

/** The functions of a time in seconds since the epoch, in UTC. */
export const dateParts: Readonly<Record<string, DatePart>> = {
  days_in_month: (date) => new Date(Date.UTC(2000 + (date.getUTCFullYear() % cycleYears), date.getUTCMonth() + 1, 0)).getUTCDate(),
  day_of_month: (date) => date.getUTCDate(),
  day_of_week: (date) => date.getUTCDay(),
  day_of_year: (date) => {
    const start = new Date(date);
    start.setUTCMonth(0, 1);
    return Math.round((start.setUTCHours(0, 0, 0, 0), new Date(date).setUTCHours(0, 0, 0, 0) - start.getTime()) / dayMs) + 1;
  },
  hour: (date) => date.getUTCHours(),
  minute: (date) => date.getUTCMinutes(),
  month: (date) => date.getUTCMonth() + 1,
  year: (date) => date.getUTCFullYear(),
};

const secondsMax = 8_640_000_000_000;
const cycleSeconds = 12_622_780_800n;
const cycleYears = 400;
/** Seconds from the first day that Go's calendar knows to the epoch. */
const goEpoch = 9_223_371_966_579_724_800n;

/** A part of the date of a time in seconds. What is no 64-bit integer counts as the least one, and times out of all calendars wrap, as in Go. */
export function datePart(name: string, value: number): number {
  const part = dateParts[name]!;
  const seconds = Math.trunc(value);
  if (Math.abs(seconds) <= secondsMax) return part(new Date(seconds * 1000));
  const integer = Math.abs(seconds) < 2 ** 63 ? BigInt(seconds) : -(2n ** 63n);
  const wrapped = BigInt.asUintN(64, integer + goEpoch) - goEpoch;
  // The calendar repeats itself every 400 years.
  const rest = ((wrapped % cycleSeconds) + cycleSeconds) % cycleSeconds;
  const found = part(new Date(Number(rest) * 1000));
  return name === 'year' ? found + Number((wrapped - rest) / cycleSeconds) * cycleYears : found;
}
