import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { detectors, hintsOf } from '@millrace/redaction';
import { corpusOf } from '../../redaction/test/corpus/index.ts';
import type { Positive } from '../../redaction/test/corpus/index.ts';
import { Edits } from '../src/edits.ts';
import { Rule } from '../src/rule.ts';
import { TextRedactor } from '../src/text-redactor.ts';
import { plainOf, redact, attributesOf } from './run.ts';

const found: string[] = [];
const redactor = new TextRedactor(
  detectors.map((detector, i) => ({ detector, bit: 1 << i, rule: new Rule(detector.name, 'mask', () => '****') })),
  [],
  undefined,
  () => false,
  ({ name }) => void found.push(name),
);

function redacted(key: string, text: string): string {
  found.length = 0;
  const edits = new Edits();
  const bytes = Buffer.from(text);
  redactor.find(bytes, 0, bytes.length, -1, hintsOf(key), edits);
  return edits.apply(bytes, 0, bytes.length);
}

interface Score {
  right: number;
  missed: number;
  wrong: number;
}

/** What the detectors make of a corpus: by detector, and examples of what went wrong. */
function score(set: 'tuning' | 'held out'): {
  readonly scores: Map<string, Score>;
  readonly mistakes: string[];
  readonly positives: number;
  readonly negatives: number;
} {
  const scores = new Map(detectors.map(({ name }): [string, Score] => [name, { right: 0, missed: 0, wrong: 0 }]));
  const mistakes: string[] = [];
  const { positives, negatives } = corpusOf(set);
  const judge = ({ detector, key, text, expected, layout }: Positive): void => {
    const output = redacted(key, text);
    const own = scores.get(detector)!;
    if (output === expected) own.right++;
    else {
      own.missed++;
      mistakes.push(`${detector} in ${layout}: ${text} -> ${output}`);
    }
    const others = found.filter((name) => name !== detector || output !== expected);
    for (const name of others) scores.get(name)!.wrong++;
  };
  positives.forEach(judge);
  for (const { key, text, kind } of negatives) {
    const output = redacted(key, text);
    for (const name of found) scores.get(name)!.wrong++;
    if (found.length > 0) mistakes.push(`${found.join()} in ${kind}: ${text} -> ${output}`);
  }
  return { scores, mistakes, positives: positives.length, negatives: negatives.length };
}

const precisionOf = ({ right, wrong }: Score): number => right / (right + wrong);
const recallOf = ({ right, missed }: Score): number => right / (right + missed);

describe.each(['tuning', 'held out'] as const)('the %s corpus', (set) => {
  const { scores, mistakes, positives, negatives } = score(set);

  it('has enough of everything', () => {
    expect(positives).toBeGreaterThanOrEqual(2000);
    expect(negatives).toBeGreaterThanOrEqual(5000);
    expect(new Set(corpusOf(set).positives.map(({ layout }) => layout)).size).toBeGreaterThanOrEqual(12);
  });

  it.each([...scores])('is told apart by %s: precision 0.98, recall 0.95', (name, one) => {
    const own = mistakes.filter((text) => text.split(' in ')[0]!.split(',').includes(name)).slice(0, 5);
    expect({
      name,
      precision: precisionOf(one) >= 0.98,
      recall: recallOf(one) >= 0.95,
      mistakes: precisionOf(one) >= 0.98 && recallOf(one) >= 0.95 ? [] : own,
    }).toEqual({
      name,
      precision: true,
      recall: true,
      mistakes: [],
    });
  });
});

it('finds the same in batches, where most bytes are never looked at', () => {
  const { positives, negatives } = corpusOf('held out');
  const spans = [...positives, ...negatives.slice(0, 2000)].map(({ key, text }, i) => ({
    name: `span ${i}`,
    attributes: attributesOf({ first: 'GET', [key === '' ? 'text' : key]: text, last: 200 }),
  }));
  const output = redact({ detectors: ['all'], secret_keys: false }, 'traces', { resourceSpans: [{ scopeSpans: [{ spans }] }] });
  const outSpans = output.resourceSpans[0].scopeSpans[0].spans;
  const different = [...positives, ...negatives.slice(0, 2000)].filter(({ key, text }, i) => {
    const { first, last, ...rest } = plainOf(outSpans[i].attributes);
    return first !== 'GET' || last !== 200 || Object.values(rest)[0] !== redacted(key, text);
  });
  expect(different).toEqual([]);
});

it('has its numbers in the README', () => {
  const { scores } = score('held out');
  const rows = Array.from(scores, ([name, one]) => `| \`${name}\` | ${precisionOf(one).toFixed(3)} | ${recallOf(one).toFixed(3)} |`);
  const readme = readFileSync(join(import.meta.dirname, '..', 'README.md'), 'utf8').replace(/ +\|/g, ' |');
  expect(rows.filter((row) => !readme.includes(row))).toEqual([]);
});
