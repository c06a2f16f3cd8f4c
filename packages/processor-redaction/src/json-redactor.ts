import { hintsOf, isSecretKey } from '@millrace/redaction';
import { Edits } from './edits.ts';
import type { Rule } from './rule.ts';
import type { TextRedactor } from './text-redactor.ts';

/** JSON in strings of JSON is looked at down to here. */
const deepestText = 4;
const deepest = 64;
const everything = -1;

const quote = 0x22;
const backslash = 0x5c;

/**
 * Finds what is to be redacted in a text that is JSON, without making a tree of it: in strings (also those that are JSON), in numbers, in
 * names of members, and whole values under secret names. What takes its place leaves the JSON well formed. From where a text turns out to be no
 * JSON, it is read as plain text.
 */
export class JsonRedactor {
  readonly #texts: TextRedactor;
  readonly #secrets: Rule | undefined;
  readonly #isIgnored: (key: string) => boolean;
  readonly #report: (rule: Rule) => void;

  constructor(texts: TextRedactor, secrets: Rule | undefined, isIgnored: (key: string) => boolean, report: (rule: Rule) => void) {
    this.#texts = texts;
    this.#secrets = secrets;
    this.#isIgnored = isIgnored;
    this.#report = report;
  }

  /** As `TextRedactor.find`; the text starts with `{` or `[`. */
  find(b: Buffer, start: number, end: number, bits: number, hint: number, edits: Edits, depth: number): void {
    /** For each open bracket: whether it is an object, and whether it stands under a secret or ignored name. */
    const objects: boolean[] = [];
    const secrets: boolean[] = [];
    const ignores: boolean[] = [];
    let isObject = false;
    let isSecret = false;
    let isIgnored = false;
    let memberSecret = false;
    let memberIgnored = false;
    let memberHint = hint;
    for (let p = start; p < end;) {
      const byte = b[p]!;
      if (byte === 0x7b || byte === 0x5b) {
        if (objects.length === deepest) return this.#texts.findPlain(b, p, end, bits, hint, edits);
        objects.push(isObject);
        secrets.push(isSecret);
        ignores.push(isIgnored);
        isObject = byte === 0x7b;
        isSecret ||= memberSecret;
        isIgnored ||= memberIgnored;
        memberSecret = isSecret;
        memberIgnored = isIgnored;
        p++;
      } else if (byte === 0x7d || byte === 0x5d) {
        if (objects.length === 0) return this.#texts.findPlain(b, p, end, bits, hint, edits);
        isObject = objects.pop()!;
        memberSecret = isSecret = secrets.pop()!;
        memberIgnored = isIgnored = ignores.pop()!;
        p++;
      } else if (byte === quote) {
        let close = p + 1;
        let hasEscapes = false;
        while (close < end && b[close] !== quote) {
          if (b[close] === backslash) {
            hasEscapes = true;
            close++;
          }
          close++;
        }
        if (close >= end) return this.#texts.findPlain(b, p + 1, end, bits, memberHint, edits);
        let next = close + 1;
        while (next < end && b[next]! <= 0x20) next++;
        if (isObject && b[next] === 0x3a) {
          const name = hasEscapes ? decoded(b, p, close) : undefined;
          const key = name ?? { buffer: b, start: p + 1, end: close };
          memberIgnored = isIgnored || this.#isIgnored(name ?? b.utf8Slice(p + 1, close));
          memberSecret = isSecret || (this.#secrets !== undefined && isSecretKey(key));
          memberHint = hintsOf(key);
          if (!memberIgnored) this.#string(b, p, close, bits, 0, hasEscapes, edits, depth);
          p = next + 1;
        } else {
          if (!memberIgnored) {
            if (memberSecret) this.#secret(b.utf8Slice(p + 1, close), p + 1, close, edits, false);
            else this.#string(b, p, close, bits, memberHint, hasEscapes, edits, depth);
          }
          p = close + 1;
        }
      } else if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) {
        const first = p;
        while (p < end && isOfNumber(b[p]!)) p++;
        if (memberIgnored) continue;
        if (memberSecret) this.#secret(b.latin1Slice(first, p), first, p, edits, true);
        else if (p - first >= 9) this.#number(b, first, p, bits, memberHint, edits);
      } else if (byte <= 0x20 || byte === 0x2c || byte === 0x3a) p++;
      else if (byte === 0x74 || byte === 0x66 || byte === 0x6e) while (p < end && b[p]! >= 0x61 && b[p]! <= 0x7a) p++;
      else return this.#texts.findPlain(b, p, end, bits, hint, edits);
      if (objects.length === 0 && p < end) return this.#texts.findPlain(b, p, end, bits, hint, edits);
    }
  }

  #secret(text: string, start: number, end: number, edits: Edits, isNumber: boolean): void {
    if (text === '') return;
    this.#report(this.#secrets!);
    const replaced = jsonText(this.#secrets!.replace(text));
    edits.add(start, end, isNumber ? `"${replaced}"` : replaced);
  }

  #string(b: Buffer, open: number, close: number, bits: number, hint: number, hasEscapes: boolean, edits: Edits, depth: number): void {
    if (!hasEscapes) {
      if (bits === 0 || close - open < 4) return;
      const before = edits.size;
      this.#texts.findPlain(b, open + 1, close, bits, hint, edits);
      for (let i = before; i < edits.size; i++) edits.texts[i] = jsonText(edits.texts[i]!);
      return;
    }
    const text = decoded(b, open, close);
    if (text === undefined) return this.#texts.findPlain(b, open + 1, close, bits, hint, edits);
    const inner = Buffer.from(text);
    const found = new Edits();
    if (depth < deepestText) this.#texts.find(inner, 0, inner.length, everything, hint, found, depth + 1);
    else this.#texts.findPlain(inner, 0, inner.length, everything, hint, found);
    if (found.size > 0) edits.add(open + 1, close, jsonText(found.apply(inner, 0, inner.length)));
  }

  #number(b: Buffer, start: number, end: number, bits: number, hint: number, edits: Edits): void {
    const before = edits.size;
    this.#texts.findPlain(b, start, end, bits, hint, edits);
    // A number becomes a string; only one find is possible in it.
    for (let i = before; i < edits.size; i++) {
      const text = b.latin1Slice(start, edits.starts[i]) + edits.texts[i]! + b.latin1Slice(edits.ends[i]!, end);
      edits.starts[i] = start;
      edits.ends[i] = end;
      edits.texts[i] = `"${jsonText(text)}"`;
    }
  }
}

function isOfNumber(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || byte === 0x2d || byte === 0x2b || byte === 0x2e || byte === 0x45 || byte === 0x65;
}

/** The text of a string literal with escapes, undefined when it is none. */
function decoded(b: Buffer, open: number, close: number): string | undefined {
  try {
    return JSON.parse(b.utf8Slice(open, close + 1)) as string;
  } catch {
    return undefined;
  }
}

function jsonText(text: string): string {
  return /[\\"\p{Cc}]/u.test(text) ? JSON.stringify(text).slice(1, -1) : text;
}
