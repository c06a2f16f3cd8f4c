import { mostDigits } from './detector.ts';
import type { Match } from './detector.ts';
import { detectors } from './detectors/all.ts';
import { redacted } from './redact-value.ts';

/**
 * The text with `[REDACTED]` in place of each secret and each piece of personal data that a detector finds in it; the text itself when there
 * is none. For single texts that go to a log. `hint`: what its key says of it (`hintsOf`).
 */
export function redactText(text: string, hint: number): string {
  const b = Buffer.from(text);
  const digits = mostDigits(b, 0, b.length);
  const found: Match[] = [];
  const match: Match = { start: 0, end: 0 };
  for (const { leastDigits = 0, find } of detectors) {
    if (digits < leastDigits) continue;
    for (let from = 0; from < b.length && find(b, 0, b.length, from, hint, match);) {
      found.push({ ...match });
      from = Math.max(match.end, from + 1);
    }
  }
  let result = '';
  let end = 0;
  for (const one of found.toSorted((a, c) => a.start - c.start)) {
    if (one.start >= end) result += b.utf8Slice(end, one.start) + redacted;
    end = Math.max(end, one.end);
  }
  return end === 0 ? text : result + b.utf8Slice(end, b.length);
}
