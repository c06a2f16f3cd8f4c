const unitMs: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1e3, m: 6e4, h: 3.6e6 };
const wholePattern = /^[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/;
const partPattern = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g;
/** Go keeps nanoseconds in 64 bits. */
const maxMs = 2 ** 63 / 1e6;

/**
 * Milliseconds (perhaps fractional, perhaps negative) of a duration as Go's `time.ParseDuration` reads it: decimal numbers with the units ns, us,
 * µs, ms, s, m, h, optionally signed, such as `1h30m` or `-1.5s`; or a bare `0`. Throws an `Error` in Go's words for anything else.
 */
export function durationMs(text: string): number {
  if (/^[-+]?0$/.test(text)) return 0;
  if (!wholePattern.test(text)) throw new Error(complaint(text));
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(partPattern)) totalMs += Number(amount) * unitMs[unit!]!;
  if (totalMs > maxMs) throw new Error(`time: invalid duration ${JSON.stringify(text)}`);
  return text.startsWith('-') ? -totalMs : totalMs;
}

function complaint(text: string): string {
  const rest = text.replace(/^[-+]/, '').replace(partPattern, '');
  const unit = /^(?:\d+\.?\d*|\.\d+)([^\d.]*)/.exec(rest);
  if (unit === null) return `time: invalid duration ${JSON.stringify(text)}`;
  if (unit[1] === '') return `time: missing unit in duration ${JSON.stringify(text)}`;
  return `time: unknown unit ${JSON.stringify(unit[1])} in duration ${JSON.stringify(text)}`;
}
