import { hintsIn, mostDigits } from '@millrace/redaction';
import type { Detector, Match } from '@millrace/redaction';
import type { Regex } from '@millrace/regex';
import type { Edits } from './edits.ts';
import { JsonRedactor } from './json-redactor.ts';
import type { Rule } from './rule.ts';

/** A detector, its bit in the marks, and what is done with what it finds. */
export interface ActiveDetector {
  readonly detector: Detector;
  readonly bit: number;
  readonly rule: Rule;
}

/** What was found in one text before it is put in order. */
interface Found {
  readonly start: number;
  end: number;
  readonly rule: Rule;
}

/** Shorter texts hold nothing that a detector finds. */
const shortest = 4;

const openBrace = 0x7b;
const openBracket = 0x5b;

/** Finds in texts what is to be redacted: as plain text, or in the strings and numbers of a text that is JSON. */
export class TextRedactor {
  readonly #detectors: readonly ActiveDetector[];
  readonly #detected: number;
  readonly #allowed: readonly Regex[];
  readonly #json: JsonRedactor;
  readonly #match: Match = { start: 0, end: 0 };
  readonly #report: (rule: Rule) => void;

  /** `secrets`: the rule of values under secret keys, in JSON; undefined when they stay. `report` is told of everything that is found. */
  constructor(
    detectors: readonly ActiveDetector[],
    allowed: readonly Regex[],
    secrets: Rule | undefined,
    isIgnored: (key: string) => boolean,
    report: (rule: Rule) => void,
  ) {
    this.#detectors = detectors;
    this.#detected = detectors.reduce((bits, { bit }) => bits | bit, 0);
    this.#allowed = allowed;
    this.#report = report;
    this.#json = new JsonRedactor(this, secrets, isIgnored, report);
  }

  /** Adds what is found in the text `[start, end)`. `bits`: the detectors that may find something. `hint`: what its key says of it. */
  find(b: Buffer, start: number, end: number, bits: number, hint: number, edits: Edits, depth = 0): void {
    if (end - start < shortest) return;
    let first = start;
    while (first < end && b[first]! <= 0x20) first++;
    if (first < end && (b[first] === openBrace || b[first] === openBracket)) this.#json.find(b, first, end, bits, hint, edits, depth);
    else if ((bits & this.#detected) !== 0) this.findPlain(b, start, end, bits, hint, edits);
  }

  /** The same, but the text is not read as JSON. */
  findPlain(b: Buffer, start: number, end: number, bits: number, hint: number, edits: Edits): void {
    let found: Found[] | undefined;
    let digits = -1;
    const match = this.#match;
    for (const { detector, bit, rule } of this.#detectors) {
      if ((bits & bit) === 0) continue;
      if (detector.leastDigits !== undefined) {
        if (digits < 0) digits = mostDigits(b, start, end);
        if (digits < detector.leastDigits) continue;
      }
      for (let from = start; from < end && detector.find(b, start, end, from, hint, match);) {
        (found ??= []).push({ start: match.start, end: match.end, rule });
        from = Math.max(match.end, from + 1);
      }
    }
    if (found === undefined) return;
    if (found.length > 1) found.sort((a, c) => a.start - c.start);
    for (let i = 0; i < found.length; i++) {
      const one = found[i]!;
      // What overlaps is one; the detector that is first in the list has it.
      while (i + 1 < found.length && found[i + 1]!.start < one.end) one.end = Math.max(one.end, found[++i]!.end);
      const text = b.utf8Slice(one.start, one.end);
      if (this.#isAllowed(text)) continue;
      this.#report(one.rule);
      edits.add(one.start, one.end, one.rule.replace(text));
    }
  }

  #isAllowed(text: string): boolean {
    for (const regex of this.#allowed) if (regex.test(text)) return true;
    return false;
  }

  /** What the key of a text says of it. */
  hintOf(b: Buffer, start: number, end: number): number {
    return hintsIn(b, start, end);
  }
}
