import fc from 'fast-check';
import { RE2JS } from 're2js';
import { describe, expect, it } from '@jest/globals';
import { Backtracker } from '../src/backtracker.ts';
import { isLinear } from '../src/backtracking.ts';
import { OwnEngine } from '../src/own-engine.ts';
import { parse } from '../src/parse.ts';
import { compileProgram } from '../src/program.ts';
import { Regex } from '../src/index.ts';

const engineOf = (pattern: string): OwnEngine => new OwnEngine(compileProgram(parse(pattern)!)!);

const atom = fc.constantFrom(
  'a',
  'b',
  'c',
  '.',
  '[ab]',
  '[^a]',
  '\\d',
  '\\w',
  '\\W',
  '\\b',
  '\\B',
  '^',
  '$',
  '(?m:^)',
  '(?m:$)',
  '1',
  '',
  'é',
  '😀',
  '[é-😀]',
  '(?i:k)',
  '(?i:s)',
  '(?i:é)',
  '(?s:.)',
);
const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
  pattern: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    { arbitrary: atom, weight: 3 },
    { arbitrary: fc.tuple(tie('pattern'), tie('pattern')).map(([a, b]) => a + b), weight: 3 },
    {
      arbitrary: fc.tuple(tie('pattern'), tie('pattern'), fc.constantFrom('', '|')).map(([a, b, end]) => `(?:${a}|${b}${end})`),
      weight: 1,
    },
    { arbitrary: tie('pattern').map((body) => `(${body})`), weight: 2 },
    {
      arbitrary: fc
        .tuple(tie('pattern'), fc.constantFrom('*', '+', '?', '*?', '+?', '??', '{2}', '{0,2}', '{1,3}', '{2,}', '{0}', '{1,}?'))
        .map(([body, times]) => `(?:${body})${times}`),
      weight: 2,
    },
  ),
}));
const text = fc.string({
  unit: fc.constantFrom('a', 'b', 'c', 'K', 'k', '1', ' ', '\n', 'é', 'É', '😀', '\u212A', '\u017F', 's', '_', '\uD83D'),
  maxLength: 12,
});

/** All that re2js finds, each match with its groups as ranges; without empty ones right behind another, as in Go. */
function allOf(source: string, subject: string): number[][] {
  const matcher = RE2JS.compile(source).matcher(subject);
  const all: number[][] = [];
  while (matcher.find()) {
    if (matcher.start() === matcher.end() && all.at(-1)?.[1] === matcher.end()) continue;
    all.push(Array.from({ length: matcher.groupCount() + 1 }, (_, i) => [matcher.start(i), matcher.end(i)]).flat());
  }
  return all;
}

describe('Every engine', () => {
  it('finds the matches and the groups that re2js finds', () => {
    let matched = 0;
    fc.assert(
      fc.property(pattern, fc.array(text, { minLength: 1, maxLength: 4 }), (source, texts) => {
        const engine = engineOf(source);
        const regex = new Regex(source);
        for (const subject of texts) {
          const all = allOf(source, subject);
          const first = all[0];
          if (first !== undefined) matched++;
          const ranges = engine.search(subject, 0);
          expect([source, subject, ranges && [...ranges]]).toEqual([source, subject, first]);
          expect([source, subject, regex.ranges(subject)]).toEqual([source, subject, first]);
          expect([source, subject, engine.test(subject), regex.test(subject)]).toEqual([source, subject, !!first, !!first]);
          expect([source, subject, ...regex.matches(subject)].slice(2)).toEqual(
            all.map((groups) => expect.objectContaining({ index: groups[0], end: groups[1] })),
          );
        }
      }),
      { numRuns: 3000 },
    );
    expect(matched).toBeGreaterThan(1000);
  });

  it.each([
    ['^(?:(a)|b)*c', 'abbac'],
    ['(\\w+)\\s+(\\w+)$', 'the last words'],
    [
      '^(?P<ip>(?:\\d{1,3}\\.){3}\\d{1,3}) (?:-|(\\S+)) \\[([^\\]]*)\\] "(?:(\\w+) (\\S+)(?: HTTP/(\\d\\.\\d))?|.*?)"',
      '10.0.0.1 - [now] "GET / HTTP/1.1"',
    ],
    ['.*(error|failed).*', 'the request failed with code 3'],
    ['(a|ab)(c|bcd)(d*)', 'abcd'],
  ])('takes %s', (source, subject) => {
    expect([...engineOf(source).search(subject, 0)!]).toEqual(allOf(source, subject)[0]);
    expect([source, new Regex(source).ranges(subject)]).toEqual([source, allOf(source, subject)[0]]);
  });

  it('finds nothing inside a surrogate pair, nor misses what ends with one', () => {
    expect(['$', '\\B', '(?m:$)', 'x*'].map((source) => [...new Regex(source).matches('a😀')].map(({ index }) => index))).toEqual([
      [3],
      [3],
      [3],
      [0, 1, 3],
    ]);
    expect(new Regex('[^a]$').ranges('a😀')).toEqual([1, 3]);
  });
});

describe('The own engine', () => {
  it.each([
    ['^(?:a+)+$', 'a', 'b'],
    ['(?:x+x+)+y', 'x', ''],
    ['(?:a|a)*b', 'a', 'c'],
    ['(?:a|ab|b)*c', 'ab', ''],
    ['(?:(?:a?){10})*b', 'a', ''],
    ['(.*)(.*)(.*)(.*)z', 'y', ''],
    ['(?:\\w+\\s?)+!', 'ab ', ''],
  ])('runs %s in steps proportional to the text', (source, unit, end) => {
    const program = compileProgram(parse(source)!)!;
    const backtracker = new Backtracker(program);
    for (const rounds of [10, 100, 1000]) {
      const subject = unit.repeat(rounds) + end;
      backtracker.search(subject, 0);
      // Each instruction may be refused once more for each that leads to it.
      expect(backtracker.steps).toBeLessThanOrEqual(2 * program.ops.length * (subject.length + 1));
    }
  });

  it('never takes more steps than twice its instructions for each place, whatever the text', () => {
    fc.assert(
      fc.property(pattern, text, (source, subject) => {
        const program = compileProgram(parse(source)!)!;
        const backtracker = new Backtracker(program);
        const all = subject.repeat(5);
        backtracker.search(all, 0);
        expect(backtracker.steps).toBeLessThanOrEqual(2 * program.ops.length * (all.length + 1));
      }),
    );
  });

  it('makes few states for a text that needs new ones all along', () => {
    // Whether each of the last 20 was an a: a million states.
    const engine = engineOf('a.{20}c');
    let seed = 7;
    const subject = Array.from({ length: 20_000 }, () => ((seed = (seed * 48_271) % 2_147_483_647) & 64 ? 'a' : 'b')).join('');
    expect(engine.test(subject)).toBe(false);
    expect(engine.statesMade).toBeLessThanOrEqual(64 + subject.length / 8);
    expect(engine.test(`${subject}a${'b'.repeat(20)}c`)).toBe(true);
  });

  it('leaves to re2js texts too long to remember, and programs too large', () => {
    const source = '(?:(?:a|b)+(?:b|c)+)*d';
    const long = 'abc'.repeat(400_000);
    expect(engineOf(source).takes(long)).toBe(false);
    expect(new Regex(source).test(`${long}d`)).toBe(true);
    const large = '(?:(?:a|b)cdefghijk(?:l|m)*){900}';
    expect(compileProgram(parse(large)!)).toBeUndefined();
    expect(new Regex(large).test('acdefghijkl'.repeat(900))).toBe(true);
  });
});

describe('What is proven to be linear', () => {
  const simple = fc.constantFrom('a', 'b', 'c', '.', '[ab]', '[^a]', '[bc]', '1', '\\d', 'ab', '1a');
  const { linear } = fc.letrec<{ linear: string }>((tie) => ({
    linear: fc.oneof(
      { maxDepth: 4 },
      { arbitrary: simple, weight: 3 },
      { arbitrary: fc.tuple(tie('linear'), tie('linear')).map(([a, b]) => a + b), weight: 4 },
      { arbitrary: fc.tuple(tie('linear'), tie('linear')).map(([a, b]) => `(?:${a}|${b})`), weight: 1 },
      {
        arbitrary: fc.tuple(tie('linear'), fc.constantFrom('*', '+', '?', '{2}', '{0,2}')).map(([body, times]) => `(?:${body})${times}`),
        weight: 4,
      },
    ),
  }));
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '1', 'x'), minLength: 1, maxLength: 4 });

  it('takes twice the steps for twice the text, though nothing is remembered', () => {
    let proven = 0;
    fc.assert(
      fc.property(
        fc.constantFrom('', '^'),
        linear,
        fc.constantFrom('', 'x'),
        fc.array(word, { minLength: 4, maxLength: 4 }),
        (start, body, end, words) => {
          const tree = parse(start + body + end)!;
          if (!isLinear(tree)) return;
          proven++;
          const program = compileProgram(tree)!;
          const naive = new Backtracker({
            ...program,
            joins: program.joins.map(() => -1),
            joinCount: 0,
            viable: program.viable.map(() => 3),
          });
          for (const unit of words) {
            const [once, twice, four] = [40, 80, 160].map((rounds) => {
              naive.search(unit.repeat(rounds), 0);
              return naive.steps;
            });
            expect([start + body + end, unit, four! - twice! <= 2.6 * (twice! - once!) + 4000]).toEqual([start + body + end, unit, true]);
          }
        },
      ),
      { numRuns: 4000 },
    );
    expect(proven).toBeGreaterThan(500);
  });

  it.each([
    ['v(\\d+)\\.(\\d+)', true],
    ['(\\d+)\\.(\\d+)', false],
    ['^(\\w+) (\\w+) \\[([^\\]]+)\\] "([^"]*)"$', true],
    ['(Firefox)/(\\d+)\\.(\\d+)(?:\\.(\\d+)|)', true],
    ['user=(\\d+) status=(\\d+)', true],
    ['user=([^ ]+) status=(\\d+)', false],
    ['x\\d+y\\d+', true],
    ['\\w+@\\w+', false],
    ['x\\w+y\\w+z', false],
    ['^\\w+1\\w+$', false],
    ['(?:(a?))?b', false],
    ['\\Ba', false],
  ])('%s: %s', (source, expected) => {
    expect(isLinear(parse(source)!)).toBe(expected);
  });
});
