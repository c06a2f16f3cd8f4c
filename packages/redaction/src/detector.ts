import type { ByteWindow } from './window-search.ts';

/** What is known of the text from the key that it stands under; bits. */
export const hints = {
  /** An identifier, a time, a count, a version: never a card, an SSN, a phone number or an address, whatever its digits say. */
  identifier: 1,
  phone: 2,
  ssn: 4,
  card: 8,
} as const;

/** A part of a text, as `Detector.find` reports it. */
export interface Match {
  start: number;
  end: number;
}

/** Finds one kind of secret or personal data in UTF-8 texts. */
export interface Detector {
  readonly name: string;
  /** Every text in which something is found contains one of these. */
  readonly windows: readonly ByteWindow[];
  /** Digits that it has at least, with spaces and single marks between them at most (`mostDigits`); 0 when absent. */
  readonly leastDigits?: number;
  /**
   * Finds the next one in `[from, end)` of the text `[start, end)` and writes it to `match`; false when there is none. `hint`: bits of `hints`.
   * Takes time linear in the text over all calls that go on behind the last match.
   */
  find(b: Buffer, start: number, end: number, from: number, hint: number, match: Match): boolean;
}

/** Longest text before a find that is looked at for words that say what it is. */
const contextBytes = 28;

/** The text right before `at`, in lower case. */
export function textBefore(b: Buffer, start: number, at: number): string {
  return b.latin1Slice(Math.max(start, at - contextBytes), at).toLowerCase();
}

/** The most digits that stand together in a text, with nothing but spaces, dots, dashes, plus signs and parentheses between them. */
export function mostDigits(b: Uint8Array, start: number, end: number): number {
  let most = 0;
  let count = 0;
  for (let p = start; p < end; p++) {
    const byte = b[p]!;
    if (byte >= 0x30 && byte <= 0x39) {
      if (++count > most) most = count;
    } else if (byte !== 0x20 && (byte < 0x28 || byte > 0x2e || byte === 0x2a || byte === 0x2c)) count = 0;
  }
  return most;
}
