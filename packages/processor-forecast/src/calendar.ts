const dayMs = 86_400_000;
const weekDays = 7;

/** The period (UTC) that a time is in: its beginning, and the beginning of the next one. */
export function periodOf(period: 'day' | 'week' | 'month', unixMs: number): { readonly startMs: number; readonly endMs: number } {
  if (period === 'month') {
    const date = new Date(unixMs);
    const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
    return { startMs: Date.UTC(year, month, 1), endMs: Date.UTC(year, month + 1, 1) };
  }
  const day = Math.floor(unixMs / dayMs);
  if (period === 'day') return { startMs: day * dayMs, endMs: (day + 1) * dayMs };
  // 1970-01-01 was a Thursday.
  const monday = day - ((day + 3) % weekDays);
  return { startMs: monday * dayMs, endMs: (monday + weekDays) * dayMs };
}
