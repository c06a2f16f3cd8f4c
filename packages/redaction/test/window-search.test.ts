import { describe, expect, it } from '@jest/globals';
import { BlockMarks, detectors, isSecretKey, secretKeyWindows, WindowSearch, windowOf } from '../src/index.ts';
import type { ByteWindow } from '../src/index.ts';
import { corpusOf } from './corpus/index.ts';
import { Random } from './corpus/random.ts';

function occurrences(windows: readonly ByteWindow[], bytes: Buffer): number[] {
  const found: number[] = [];
  for (let at = 0; at < bytes.length; at++)
    if (windows.some((window) => at + window.length <= bytes.length && window.every((set, i) => set[bytes[at + i]!] === 1))) found.push(at);
  return found;
}

function marked(windows: readonly ByteWindow[], bytes: Buffer): BlockMarks {
  const marks = new BlockMarks();
  marks.reset(bytes.length);
  new WindowSearch(windows.map((window) => ({ window, bits: 4 }))).mark(bytes, marks);
  return marks;
}

/** Whether some block that the window at `at` touches is marked. */
const isMarked = (marks: BlockMarks, at: number, length: number): boolean => marks.in(at, at + length) === 4;

describe('WindowSearch', () => {
  const sets = [
    '@',
    '[0123456789]',
    '[ab]',
    'a[bc]',
    'abc',
    'aab',
    '[abc][abc]a',
    'abcab',
    'a[ab]cabb',
    '[123]',
    '1[123]1[123]1[123]1[123]',
    '[123-][123-][123-][123-][123-][123-][123-][123-]1',
    'a@b',
    ':ab',
    'bca[abc123][abc123][abc123][abc123][abc123][abc123][abc123][abc123]',
    'ab[abc123][abc123][abc123][abc123][abc123][abc123][abc123][abc123]',
  ];

  it.each(sets)('marks every place where %s occurs, and nothing when it does not', (pattern) => {
    const random = new Random(5);
    const window = windowOf(pattern);
    for (let round = 0; round < 300; round++) {
      const bytes = Buffer.from(random.from(round % 2 === 0 ? 'abc@:' : 'xyzxyzxyz abc123-', random.int(0, 200)));
      const places = occurrences([window], bytes);
      const marks = marked([window], bytes);
      expect(places.filter((at) => !isMarked(marks, at, window.length))).toEqual([]);
      if (places.length === 0) expect(marks.all).toEqual(0);
    }
  });

  it('finds many windows at once', () => {
    const random = new Random(6);
    const windows = sets.map((pattern) => windowOf(pattern, true));
    for (let round = 0; round < 200; round++) {
      const bytes = Buffer.from(random.from('ABCabc123-@: ', random.int(0, 300)));
      const marks = marked(windows, bytes);
      for (const window of windows) expect(occurrences([window], bytes).filter((at) => !isMarked(marks, at, window.length))).toEqual([]);
    }
  });

  it('forgets the buffer before', () => {
    const marks = marked([windowOf('@')], Buffer.from('a@b'));
    marks.reset(3);
    expect([marks.all, marks.in(0, 3)]).toEqual([0, 0]);
  });
});

describe('the windows of', () => {
  it.each(detectors.map((detector) => [detector.name, detector] as const))(
    '%s are in every text in which it finds something',
    (_, detector) => {
      const match = { start: 0, end: 0 };
      let finds = 0;
      for (const set of ['tuning', 'held out'] as const)
        for (const { text } of corpusOf(set).positives) {
          const bytes = Buffer.from(` ${text} `);
          if (!detector.find(bytes, 1, bytes.length - 1, 1, 0, match)) continue;
          finds++;
          if (occurrences(detector.windows, bytes).length === 0) throw new Error(text);
        }
      expect(finds).toBeGreaterThan(100);
    },
  );

  it('secret keys are in every spelling of them', () => {
    const words =
      'api_key password passwd pass_phrase secret secret_key private_key access_key token auth_token refresh_token credential credentials authorization cookie credit_card ssn ssns email e_mail api_keys'.split(
        ' ',
      );
    const spellings = words.flatMap((word) => {
      const parts = word.split('_');
      const camel = parts.map((part, i) => (i === 0 ? part : part[0]!.toUpperCase() + part.slice(1))).join('');
      return [
        word,
        parts.join('-'),
        parts.join('.'),
        parts.join(''),
        camel,
        word.toUpperCase(),
        `user.${word}`,
        `x-${parts.join('-')}`,
        `${word}.0`,
        `old${camel[0]!.toUpperCase()}${camel.slice(1)}`,
      ];
    });
    const secret = spellings.filter((key) => isSecretKey(key));
    expect(secret.length).toBeGreaterThan(spellings.length * 0.9);
    // As it stands in an attribute: its length before, the tag of the value behind.
    expect(secret.filter((key) => occurrences(secretKeyWindows, Buffer.from(`\x05${key}\x12`)).length === 0)).toEqual([]);
    expect(secret.filter((key) => occurrences(secretKeyWindows, Buffer.from(`"${key}":`)).length === 0)).toEqual([]);
  });
});
