import type { LabelMatcher } from '@millrace/api';
import { Regex } from '@millrace/regex';

/** A matcher that is ready to be asked. */
export interface Matcher {
  readonly name: string;
  /** The one value that matches; undefined when there may be several. */
  readonly only: string | undefined;
  /** Whether a series without the label matches. */
  readonly matchesEmpty: boolean;
  test(value: string): boolean;
}

/** Throws an Error in the words of Go when the expression is no valid one. */
export function compileMatcher({ name, operator, value }: LabelMatcher): Matcher {
  const test = testOf(operator, value);
  return { name, only: operator === '=' && value !== '' ? value : undefined, matchesEmpty: test(''), test };
}

function testOf(operator: LabelMatcher['operator'], value: string): (text: string) => boolean {
  if (operator === '=') return (text) => text === value;
  if (operator === '!=') return (text) => text !== value;
  const regex = new Regex(value, { whole: true });
  return operator === '=~' ? (text) => regex.test(text) : (text) => !regex.test(text);
}

/** Labels as they are stored: names and values by turns, sorted by name. */
export type FlatLabels = readonly string[];

/** Whether labels match all. */
export function matchesAll(matchers: readonly Matcher[], labels: FlatLabels): boolean {
  return matchers.every(({ name, test }) => {
    for (let i = 0; i < labels.length; i += 2) if (labels[i] === name) return test(labels[i + 1]!);
    return test('');
  });
}

/** The order of series: by the first label in which they differ, by name and then by value (UTF-16 code units). */
export function compareLabels(a: FlatLabels, b: FlatLabels): number {
  const size = Math.min(a.length, b.length);
  for (let i = 0; i < size; i++) if (a[i] !== b[i]) return a[i]! < b[i]! ? -1 : 1;
  return a.length - b.length;
}
