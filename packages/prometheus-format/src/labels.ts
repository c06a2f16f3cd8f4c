import './buffer-methods.ts';
import { isLegacyLabelName } from './names.ts';
import type { Label } from './metric-family.ts';

/** Encoded labels as bytes, in UTF-8: the range `[start, end)`. */
export interface LabelBytes {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
  /** Whether a name is no legacy one (`mayHaveQuotedNames` of the text). */
  readonly hasQuotedNames: boolean;
}

/** Encoded labels, as `encodeLabels` makes them: text, or bytes that are kept. */
export type EncodedLabels = string | LabelBytes;

/** Encoded labels as text. */
export function labelText(labels: EncodedLabels): string {
  return typeof labels === 'string' ? labels : labels.buffer.utf8Slice(labels.start, labels.end);
}

const special = /[\\\n"]/;

/** A label value or quoted name between its quotes. */
export function escapeValue(value: string): string {
  if (!special.test(value)) return value;
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}

function unescapeValue(text: string): string {
  return text.includes('\\') ? text.replace(/\\(.)/g, (_match, character: string) => (character === 'n' ? '\n' : character)) : text;
}

/** A label or metric name where a name stands in braces: in quotes when it is no legacy one. */
export function quotedName(name: string): string {
  return isLegacyLabelName(name) ? name : `"${escapeValue(name)}"`;
}

/**
 * Labels as the text formats have them between the braces, `a="1",b="2"`, sorted by name; values of the same name are joined with `;`. This
 * is the form that a series can keep: writing it again costs no escaping.
 */
export function encodeLabels(labels: readonly Label[]): string {
  const sorted = labels.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  let text = '';
  for (let i = 0; i < sorted.length;) {
    const name = sorted[i]![0];
    let value = sorted[i]![1];
    for (i++; i < sorted.length && sorted[i]![0] === name; i++) value += `;${sorted[i]![1]}`;
    text += `${text === '' ? '' : ','}${quotedName(name)}="${escapeValue(value)}"`;
  }
  return text;
}

/** Where the quoted text that starts behind `at` ends: the index of its closing quote. */
function closingQuote(text: string, at: number): number {
  for (;;) {
    const quote = text.indexOf('"', at);
    let backslashes = 0;
    while (text.charCodeAt(quote - 1 - backslashes) === 0x5c && quote - 1 - backslashes >= at) backslashes++;
    if (backslashes % 2 === 0) return quote;
    at = quote + 1;
  }
}

/** Calls `visit` with each label of what `encodeLabels` returned. */
export function eachLabel(text: string, visit: (name: string, value: string) => void): void {
  for (let at = 0; at < text.length;) {
    let name: string;
    if (text.charCodeAt(at) === 0x22) {
      const end = closingQuote(text, at + 1);
      name = unescapeValue(text.slice(at + 1, end));
      at = end + 3;
    } else {
      const equals = text.indexOf('=', at);
      name = text.slice(at, equals);
      at = equals + 2;
    }
    const end = closingQuote(text, at);
    visit(name, unescapeValue(text.slice(at, end)));
    at = end + 2;
  }
}

/** The labels of what `encodeLabels` returned. */
export function decodeLabels(text: string): Label[] {
  const labels: Label[] = [];
  eachLabel(text, (name, value) => labels.push([name, value]));
  return labels;
}

/** Whether encoded labels may have names that are no legacy ones. False only when there is none. */
export function mayHaveQuotedNames(text: string): boolean {
  return text.startsWith('"') || text.includes('","');
}
