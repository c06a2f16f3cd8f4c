const unitMs: ReadonlyMap<string, number> = new Map([
  ['ns', 1e-6],
  ['us', 1e-3],
  ['\u00b5s', 1e-3],
  ['\u03bcs', 1e-3],
  ['ms', 1],
  ['s', 1e3],
  ['m', 6e4],
  ['h', 3.6e6],
]);
/** Go keeps nanoseconds in 64 bits. */
const maxMs = 2 ** 63 / 1e6;

/**
 * Milliseconds (perhaps fractional, perhaps negative) of a duration as Go's `time.ParseDuration` reads it: decimal numbers with the units ns, us,
 * µs, ms, s, m, h, optionally signed, such as `1h30m` or `-1.5s`; or a bare `0`. Throws an `Error` in Go's words for anything else.
 */
export function durationMs(text: string): number {
  const quoted = JSON.stringify(text);
  const unsigned = text.replace(/^[-+]/, '');
  if (unsigned === '0') return 0;
  if (unsigned === '') throw new Error(`time: invalid duration ${quoted}`);
  let totalMs = 0;
  for (let rest = unsigned; rest !== '';) {
    const [amount] = /^\d*\.?\d*/.exec(rest)!;
    if (!/\d/.test(amount)) throw new Error(`time: invalid duration ${quoted}`);
    const [unit] = /^[^.\d]*/.exec(rest.slice(amount.length))!;
    if (unit === '') throw new Error(`time: missing unit in duration ${quoted}`);
    const ms = unitMs.get(unit);
    if (ms === undefined) throw new Error(`time: unknown unit ${JSON.stringify(unit)} in duration ${quoted}`);
    totalMs += Number(amount) * ms;
    rest = rest.slice(amount.length + unit.length);
  }
  if (totalMs > maxMs) throw new Error(`time: invalid duration ${quoted}`);
  return text.startsWith('-') ? -totalMs : totalMs;
}
