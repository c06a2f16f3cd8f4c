import fc from 'fast-check';
import { RE2JS } from 're2js';
import { describe, expect, it } from '@jest/globals';
import { Regex } from '@millrace/regex';

describe('A regular expression', () => {
  it.each([
    ['^abc', true],
    ['abc', true],
    ['(a|b)c{2,3}', true],
    ['^(.*)_total$', true],
    ['^[a-z]+-[0-9]+$', true],
    ['key=.*', true],
    ['(?i)error', true],
    ['\\d{4}-\\d{2}', true],
    ['(a+)+$', false],
    ['(a|a)*b', false],
    ['.*foo', false],
    ['^.*.*$', false],
    ['^\\w+\\d+x$', false],
    ['(?:(a)|b)*', false],
    ['(a*)*', false],
    ['\\pL+', false],
    ['^(a?){20}a{20}$', false],
  ])('%s runs on V8: %s', (pattern, onV8) => {
    expect(new Regex(pattern).runsOnV8).toBe(onV8);
  });

  it.each([
    ['(?P<year>\\d{4})-(?P<month>\\d\\d)', 'on 2026-11-21', ['2026-11', '2026', '11']],
    ['(?i)ERR[o-r]+', 'an error', ['error']],
    ['(?s)a.c', 'a\nc', ['a\nc']],
    ['a.c', 'a\nc', undefined],
    ['(?m)^b$', 'a\nb\nc', ['b']],
    ['^b$', 'a\nb\nc', undefined],
    ['\\Qa.b\\E+', 'a.bb', ['a.bb']],
    ['[[:alpha:]]+', '12ab', ['ab']],
    ['[^a-c]', 'abcd', ['d']],
    ['\\bfoo\\b', 'a foo b', ['foo']],
    ['x{,2}', 'x{,2}', ['x{,2}']],
    ['\\x{1F600}', '😀', ['😀']],
    ['a|b|', 'c', ['']],
    ['(?U)a+', 'aaa', ['a']],
    ['a$', 'a\n', undefined],
  ])('%s finds in %j what RE2 does', (pattern, text, groups) => {
    expect(new Regex(pattern).exec(text)?.groups.slice()).toEqual(groups);
  });

  it('matches whole texts as Prometheus does', () => {
    const regex = new Regex('a.b|c', { whole: true });
    expect(['a\nb', 'c', 'xc', 'a.bc'].map((text) => regex.test(text))).toEqual([true, true, false, false]);
    expect(() => new Regex('a)(b', { whole: true })).toThrow('error parsing regexp');
  });

  it('replaces as Go does', () => {
    expect(new Regex('a(x*)b').replaceAll('-ab-axxb-', '${1}W')).toBe('-W-xxW-');
    expect(new Regex('a(x*)b').replaceAll('-ab-axxb-', '$1W')).toBe('---');
    expect(new Regex('a(?P<x>x*)b').replaceAll('-axb-', '$x$$')).toBe('-x$-');
    expect(new Regex('x*').replaceAll('abxc', '-')).toBe('-a-b-c-');
    expect(new Regex('nothing').replaceAll('abc', '-')).toBe('abc');
    expect(new Regex('^').replaceAll('abc', '>')).toBe('>abc');
  });

  it('says in the words of Go what is wrong', () => {
    expect(() => new Regex('(')).toThrow('error parsing regexp: missing closing ): `(`');
    expect(() => new Regex('(?=a)')).toThrow('error parsing regexp');
    expect(() => new Regex('a**')).toThrow('error parsing regexp');
  });

  it('takes linear time where V8 alone would not end', () => {
    expect(new Regex('^(a+)+$').test(`${'a'.repeat(5000)}b`)).toBe(false);
    expect(new Regex('(x+x+)+y').test('x'.repeat(5000))).toBe(false);
  });

  const atom = fc.oneof(
    fc.constantFrom(
      'a',
      'b',
      'c',
      '.',
      '[ab]',
      '[^a]',
      '\\d',
      '\\w',
      '\\b',
      '^',
      '$',
      '\\.',
      '1',
      '(?i:a)',
      '(?:ab|c)',
      '\\x61',
      '[[:digit:]]',
    ),
  );
  const quantified = fc.tuple(atom, fc.constantFrom('', '', '', '*', '+', '?', '{2}', '{1,2}', '*?', '+?')).map(([a, q]) => a + q);
  const piece = fc.oneof(
    quantified,
    fc.array(quantified, { minLength: 1, maxLength: 3 }).map((parts) => `(${parts.join('')})`),
  );
  const pattern = fc
    .array(
      fc.array(piece, { maxLength: 4 }).map((parts) => parts.join('')),
      { minLength: 1, maxLength: 3 },
    )
    .map((options) => options.join('|'));
  const texts = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'A', '1', '.', '\n', ' ', 'é'), maxLength: 12 });

  it('gives the same matches and groups on V8 as on re2js', () => {
    let onV8 = 0;
    fc.assert(
      fc.property(pattern, texts, (source, text) => {
        const regex = new Regex(source);
        if (regex.runsOnV8) onV8++;
        const matcher = RE2JS.compile(source).matcher(text);
        const expected = matcher.find()
          ? Array.from({ length: matcher.groupCount() + 1 }, (_, i) => matcher.group(i) ?? undefined)
          : undefined;
        expect([source, text, regex.exec(text)?.groups.slice()]).toEqual([source, text, expected]);
        expect(regex.test(text)).toBe(expected !== undefined);
        const ranges = regex.ranges(text);
        expect(ranges && expected?.map((_, i) => (ranges[2 * i]! < 0 ? undefined : text.slice(ranges[2 * i], ranges[2 * i + 1])))).toEqual(
          expected,
        );
      }),
      { numRuns: 3000 },
    );
    expect(onV8).toBeGreaterThan(300);
  });
});

describe('byte windows', () => {
  const occurs = (regex: Regex, text: string): boolean => {
    const bytes = Buffer.from(text);
    return regex.byteWindows!.some((window) => {
      for (let at = 0; at + window.length <= bytes.length; at++) if (window.every((set, i) => set[bytes[at + i]!] === 1)) return true;
      return false;
    });
  };

  it.each([
    ['4[0-9]{12}(?:[0-9]{3})?', ['4111111111111', '4111111111111111']],
    ['[\\w.+-]+@[\\w-]+\\.[a-z]{2,}', ['jane@example.com', 'a@b.de']],
    ['[^@]+@[^@]+', ['ä@ö', 'x@y']],
    ['(?i)kiss', ['KISS', 'kiss', '\u212Ai\u017Fs']],
    ['(?:visa|master(?:card)?) \\d+', ['visa 1', 'mastercard 22', 'master 3']],
    ['a{3}b{2,5}c?', ['aaabb', 'aaabbbbbc']],
    ['\\b\\d{3}-\\d{2}-\\d{4}\\b', ['123-45-6789']],
    ['(?:ab)+c', ['abc', 'ababc']],
    ['é+x', ['éx', 'ééx']],
    ['^(?:x.y)$', ['x\u{1F600}y']],
    ['\\b(?:\\d[ -]?){13,16}\\b', ['4111 1111 1111 1111', '4111111111111', '4-1-1-1-1-1-1-1-1-1-1-1-1']],
    ['(?i)(?:[ks0-9] ?){12}', ['K k S s 0 1 2 3 4 5 6 7', '\u212Ak\u017Fs0123456789']],
  ])('of %s are in every text that it matches', (pattern, texts) => {
    const regex = new Regex(pattern);
    expect(regex.byteWindows).toBeDefined();
    expect(texts.filter((text) => !regex.test(text) || !occurs(regex, text))).toEqual([]);
  });

  it('tell a text without a match apart', () => {
    expect(occurs(new Regex('4[0-9]{12}'), 'order 411111111111 of today')).toEqual(false);
    expect(occurs(new Regex('(?:visa|amex) \\d+'), 'by card 12')).toEqual(false);
    expect(occurs(new Regex('(?:\\d[ -]?){13,16}'), 'order 4111-1111 of 2026-01-02')).toEqual(false);
  });

  it.each(['.*', '[a-z]*', '\\w', 'x?', '(?:abc|.)'])('are not known for %s', (pattern) => {
    expect(new Regex(pattern).byteWindows).toBeUndefined();
  });
});
