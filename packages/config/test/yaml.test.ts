import { describe, expect, it } from '@jest/globals';
import { checkText, problemsOf, sample, smallest } from './check-text.ts';

describe('YAML values', () => {
  it.each([
    ['5', 5],
    ['+5', 5],
    ['-5', -5],
    ['0x1f', 31],
    ['-0x10', -16],
    ['0b11', 3],
    ['0o17', 15],
    ['017', 15],
    ['08', 8],
    ['1_000', 1000],
    ['1.5', 1.5],
    ['1e3', 1000],
    ['.5', 0.5],
    ['.inf', Infinity],
    ['-.inf', -Infinity],
    ['true', true],
    ['False', false],
    ['yes', 'yes'],
    ['off', 'off'],
    ['~', null],
    ['null', null],
    ['', null],
    ['2023-01-01', '2023-01-01'],
    ['1.2.3', '1.2.3'],
    ['"5"', '5'],
    ["'true'", 'true'],
    ['!!str 5', '5'],
    ['!!int "5"', 5],
    ['!custom x', 'x'],
    ['|\n    two\n    lines', 'two\nlines\n'],
    ['12345678901234567890', 12345678901234567000],
  ])('%s is what the Collector reads', async (yaml, expected) => {
    expect(await sample(`any: [${yaml.startsWith('|') ? '' : yaml}]`)).toEqual({
      any: yaml.startsWith('|') || yaml === '' ? [] : [expected],
    });
    expect(await sample(`any: ${yaml}`)).toEqual(expected === null ? {} : { any: expected });
  });

  it('that are integers beyond what is exact are refused where a number is wanted', async () => {
    expect(await problemsOf(sample('int: 12345678901234567890'))).toEqual([
      expect.stringContaining('beyond the integers that are exact here'),
    ]);
  });

  it('may be repeated by anchors, aliases and merge keys', async () => {
    const text = 'any:\n- &base {a: 1, b: 2}\n- *base\n- {<<: *base, b: 3}\n- {c: 4, <<: [{a: 5}, *base]}\n- &name x\n- {*name : y}';
    expect(await sample(text)).toEqual({ any: [{ a: 1, b: 2 }, { a: 1, b: 2 }, { b: 3, a: 1 }, { c: 4, a: 5, b: 2 }, 'x', { x: 'y' }] });
  });

  it('may have keys that are no texts, and keys that objects have by birth', async () => {
    const { any } = (await sample('any: {1: a, true: b, ~: c, __proto__: {polluted: true}, constructor: d}')) as {
      any: Record<string, unknown>;
    };
    expect(Object.entries(any)).toEqual([
      ['1', 'a'],
      ['true', 'b'],
      ['~', 'c'],
      ['__proto__', { polluted: true }],
      ['constructor', 'd'],
    ]);
    expect(any['polluted']).toBeUndefined();
  });

  it.each([
    ['a: &a [*a]', "yaml: anchor 'a' value contains itself"],
    ['a: *b', "yaml: unknown anchor 'b' referenced"],
    ['a: {<<: 5}', 'yaml: map merge requires map or sequence of maps as the value'],
    ['{? [1] : 2}', 'yaml: a map key must be a scalar'],
    ['a: 1\na: 2', 'yaml: mapping key "a" already defined at line 1'],
  ])('%s is a problem', async (text, message) => {
    expect(await problemsOf(checkText(text))).toEqual([message]);
  });

  it('cannot grow without end', async () => {
    const levels = Array.from({ length: 30 }, (_, level) => `a${level + 1}: &a${level + 1} [*a${level}, *a${level}]`);
    expect(await problemsOf(checkText(['a0: &a0 x', ...levels].join('\n')))).toEqual(['yaml: document contains excessive aliasing']);
  });

  it.each([300, 20_000])('nested %d levels deep are refused', async (levels) => {
    expect(await problemsOf(checkText(`a: ${'['.repeat(levels)}${']'.repeat(levels)}`))).toEqual(['yaml: nested deeper than 200 levels']);
  });
});

describe('a file of several documents', () => {
  it('counts with its first one, with a warning', async () => {
    const config = await checkText(`---\n${smallest}---\nreceivers: [1]\n`);
    expect([...config.receivers.keys()]).toEqual(['nop']);
    expect(config.warnings).toEqual([expect.objectContaining({ message: 'only the first YAML document of the file is read' })]);
  });
});

describe('problems of syntax', () => {
  it('are all reported, in every file', async () => {
    const files = { 'b.yaml': 'x: "open\n', 'c.yaml': 'a: {b\nc: d\n' };
    const failing = checkText('ok: 1', { locations: ['config.yaml', 'b.yaml', 'c.yaml'], files });
    await expect(failing).rejects.toMatchObject({ problems: [{ file: 'b.yaml' }, { file: 'c.yaml' }] });
  });

  it('do not quote the text', async () => {
    const problems = await problemsOf(checkText('password: {a: "b"} Hunter2: Hunter2\n'));
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.join()).not.toContain('Hunter2');
  });
});
