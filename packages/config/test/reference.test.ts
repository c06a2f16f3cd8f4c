import { describe, expect, it } from '@jest/globals';
import { checkText, problemsOf, sample, smallest } from './check-text.ts';

/** Facts about the Collector's expansion: what a variable holds, and what a setting of each type gets. */
const typed: readonly (readonly [value: string, setting: 'text' | 'int' | 'flag' | 'free' | 'any', expected: unknown])[] = [
  ['123', 'int', 123],
  ['123', 'text', '123'],
  ['0123', 'int', 83],
  ['0123', 'text', '0123'],
  ['0xdeadbeef', 'int', 3735928559],
  ['0xdeadbeef', 'text', '0xdeadbeef'],
  ['1e3', 'text', '1e3'],
  ['"0123"', 'text', '"0123"'],
  ['!!str 0123', 'text', '!!str 0123'],
  ['true', 'flag', true],
  ['true', 'text', 'true'],
  ['null', 'text', 'null'],
  ['1111:1111:1111:1111:1111::', 'text', '1111:1111:1111:1111:1111::'],
  ['2006-01-02T15:04:05Z07:00', 'text', '2006-01-02T15:04:05Z07:00'],
  ['2023-03-20T03:17:55.432328Z', 'text', '2023-03-20T03:17:55.432328Z'],
  ['true # comment with a ${env:hello.world} reference', 'flag', true],
  ['["a",', 'text', '["a",'],
  ['[filelog,windowseventlog/application]', 'free', ['filelog', 'windowseventlog/application']],
  ['[filelog,windowseventlog/application]', 'text', '[filelog,windowseventlog/application]'],
  ['[filelog,${env:OTHER}]', 'text', '[filelog,testreceiver]'],
  ['[filelog,${OTHER}]', 'text', '[filelog,testreceiver]'],
  ['["filelog","$${env:OTHER}"]', 'text', '["filelog","${env:OTHER}"]'],
  ['["filelog","$$OTHER"]', 'text', '["filelog","$OTHER"]'],
  ['["filelog","$OTHER"]', 'text', '["filelog","$OTHER"]'],
  ['$$ENV', 'text', '$ENV'],
  ['$${ENV}', 'text', '${ENV}'],
  ['$${env:ENV}', 'text', '${env:ENV}'],
  ['# this is a comment with ${OTHER}\ndebug:\n  verbosity: detailed', 'any', { debug: { verbosity: 'detailed' } }],
  [
    '# this is a comment with ${OTHER}\ndebug:\n  verbosity: detailed',
    'text',
    '# this is a comment with testreceiver\ndebug:\n  verbosity: detailed',
  ],
];

describe('a reference that is the whole value', () => {
  it.each(typed)('%j for setting %s', async (value, setting, expected) => {
    expect(await sample(`${setting}: \${env:ENV}`, { ENV: value, OTHER: 'testreceiver' })).toEqual({ [setting]: expected });
  });

  it.each(typed)('%j for setting %s through a second variable', async (value, setting, expected) => {
    const env = { ENV: '${env:ENV2}', ENV2: value, OTHER: 'testreceiver' };
    expect(await sample(`${setting}: \${env:ENV}`, env)).toEqual({ [setting]: expected });
  });

  it.each([
    ['"0123"', 'int', "'int' expected type 'int', got unconvertible type 'string'"],
    ['t', 'flag', "'flag' expected type 'bool', got unconvertible type 'string'"],
    ['23', 'flag', "'flag' expected type 'bool', got unconvertible type 'int'"],
    ['true # comment with a ${env:hello.world} reference', 'text', "'text' expected type 'string', got unconvertible type 'bool'"],
  ])('%j does not fit setting %s', async (value, setting, message) => {
    const problems = await problemsOf(sample(`${setting}: \${env:ENV}`, { ENV: value }));
    expect(problems).toEqual([`'processors' error reading configuration for "sample": ${message}`]);
  });

  it('is expanded inside maps and lists that it brings', async () => {
    const env = { ENV: '{env: "${env:ENV2}", inline: "inline ${env:ENV2}"}', ENV2: '{env2: "${env:ENV3}"}', ENV3: '{value: 123}' };
    expect(await sample('any: ${env:ENV}', env)).toEqual({
      any: { env: { env2: { value: 123 } }, inline: 'inline {env2: "{value: 123}"}' },
    });
    expect(await sample('text: ${env:ENV}', env)).toEqual({
      text: '{env: "{env2: "{value: 123}"}", inline: "inline {env2: "{value: 123}"}"}',
    });
  });

  it('fills lists and maps of strings with the original text', async () => {
    const env = { ENV: '8080' };
    expect(await sample('list: ["${env:ENV}"]\nlabels: {port: "${env:ENV}"}', env)).toEqual({ list: ['8080'], labels: { port: '8080' } });
  });

  it('takes a list of strings from commas', async () => {
    expect(await sample('list: ${env:ENV}', { ENV: 'a,b' })).toEqual({ list: ['a', 'b'] });
    expect(await sample('list: ["${env:ENV}"]', { ENV: 'a,b' })).toEqual({ list: ['a,b'] });
  });
});

describe('a reference inside a text', () => {
  it.each([
    ['123', 'with 123 expansion'],
    ['0123', 'with 0123 expansion'],
    ['0xdeadbeef', 'with 0xdeadbeef expansion'],
    ['"0123"', 'with "0123" expansion'],
    ['!!str 0123', 'with !!str 0123 expansion'],
    ['{"field": 123}', 'with {"field": 123} expansion'],
    ['["a",', 'with ["a", expansion'],
    ['$$ENV', 'with $ENV expansion'],
    ['$${ENV}', 'with ${ENV} expansion'],
    ['$${env:ENV}', 'with ${env:ENV} expansion'],
    ['', 'with  expansion'],
  ])('is replaced by the text %j', async (value, expected) => {
    expect(await sample('text: with ${env:ENV} expansion', { ENV: value })).toEqual({ text: expected });
    expect(await sample('text: with ${env:ENV} expansion', { ENV: '${env:ENV2}', ENV2: value })).toEqual({ text: expected });
  });

  it('is a problem where the variable brings a bad reference', async () => {
    const failing = sample('text: with ${env:ENV} expansion', { ENV: 'true # comment with a ${env:hello.world} reference' });
    expect(await problemsOf(failing)).toEqual([expect.stringContaining('environment variable "hello.world" has invalid name')]);
  });

  it('may bring a further text with references', async () => {
    const env = { ENV: 'The value ${env:ENV2} is wrapped', ENV2: 'The value ${env:ENV3} is wrapped', ENV3: '123' };
    const expected = 'The value The value 123 is wrapped is wrapped';
    expect(await sample('text: ${env:ENV}', env)).toEqual({ text: expected });
    expect(await sample('text: a ${env:ENV} b', env)).toEqual({ text: `a ${expected} b` });
  });
});

describe('dollar signs', () => {
  it.each([
    ['$$ENV_VALUE', '$ENV_VALUE'],
    ['$$$$ENV_VALUE', '$$ENV_VALUE'],
    ['$$${ENV_VALUE}', '$value'],
    ['some${ENV_VALUE}text', 'somevaluetext'],
    ['some$${ENV_VALUE}text', 'some${ENV_VALUE}text'],
    ['$${ONE}$${TWO}', '${ONE}${TWO}'],
    ['text$$', 'text$'],
    ['$$', '$'],
    ['$', '$'],
    ['$1', '$1'],
    ['$${1}$${env:2}', '${1}${env:2}'],
    ['some$${env:ENV_VALUE}text', 'some${env:ENV_VALUE}text'],
    ['$${env:${ENV_VALUE}}', '${env:value}'],
    ['$${env:$${ENV_VALUE}}', '${env:${ENV_VALUE}}'],
    ['env:MAP_VALUE_2}$${ENV_VALUE}{', 'env:MAP_VALUE_2}${ENV_VALUE}{'],
    ['$$${env:ENV_VALUE}', '$value'],
    ['$ENV_VALUE', '$ENV_VALUE'],
    ['${env:NAME_OF_IT', '${env:NAME_OF_IT'],
    ['}${ENV_VALUE}{', '}value{'],
    ['${env:${NAME_OF_IT}}', 'value'],
    ['${ENV_VALUE}${ENV_VALUE}', 'valuevalue'],
    ['$${A} ${ENV_VALUE}', '${A} value'],
    ['${ENV_VALUE} $${ENV_VALUE}', 'value ${ENV_VALUE}'],
  ])('%s is %s', async (text, expected) => {
    expect(await sample(`text: ${JSON.stringify(text)}`, { ENV_VALUE: 'value', NAME_OF_IT: 'ENV_VALUE' })).toEqual({ text: expected });
  });

  it('are unescaped in what a variable brings too', async () => {
    const env = { LIST: "['$$E','$${E}','$${env:E}']", MAP: "{key: '$$E'}", ONE: 'here is 1 $$', TWO: 'here are 2 $$$' };
    expect(await sample('any: ${env:LIST}', env)).toEqual({ any: ['$E', '${E}', '${env:E}'] });
    expect(await sample('any: ${env:MAP}', env)).toEqual({ any: { key: '$E' } });
    expect(await sample('any: ["${env:ONE}", "${env:TWO}"]', env)).toEqual({ any: ['here is 1 $', 'here are 2 $$'] });
  });
});

describe('a variable that is not set', () => {
  it('is null, an empty text for a string, and one warning', async () => {
    const config = await checkText(
      `${smallest}processors: {sample: {text: "\${env:NONE}", section: {value: "\${NONE}"}, list: ["\${NONE}"]}}`,
    );
    expect(config.processors.get('sample')!.config).toEqual({ text: '', section: { value: 7 }, list: [''] });
    expect(config.warnings[0]).toEqual({
      level: 'warn',
      file: 'config.yaml',
      line: 4,
      column: 29,
      path: 'processors::sample::text',
      message: 'Configuration references unset environment variable "NONE"',
    });
    expect(config.warnings).toHaveLength(3);
  });

  it.each([
    ['${env:NONE:-fallback}', 'fallback'],
    ['${env:NONE:-}', ''],
    ['${env:NONE:-a:-b}', 'a:-b'],
    ['${env:NONE:-${env:SET}}', 'set'],
    ['${env:SET:-fallback}', 'set'],
    ['${env:EMPTY:-fallback}', ''],
    ['http://${env:NONE:-host}:4318', 'http://host:4318'],
  ])('takes the default: %s', async (text, expected) => {
    expect(await sample(`text: ${JSON.stringify(text)}`, { SET: 'set', EMPTY: '' })).toEqual({ text: expected });
  });

  it('leaves durations, numbers and choices at their defaults', async () => {
    const config = await checkText(`${smallest}processors: {batch: {timeout: "\${env:NONE}", send_batch_size: "\${env:EMPTY}"}}`, {
      env: { EMPTY: '' },
    });
    expect(config.processors.get('batch')!.config).toMatchObject({ timeout: '200ms', send_batch_size: 8192 });
    expect(config.warnings.map(({ level, message }) => [level, message])).toEqual([
      ['warn', 'Configuration references unset environment variable "NONE"'],
      ['info', 'Configuration references empty environment variable "EMPTY"'],
    ]);
  });

  it('is no name that objects have by birth', async () => {
    expect(await sample('text: "${env:toString}${env:__proto__}"')).toEqual({ text: '' });
  });
});

describe('what the Collector does not expand', () => {
  it('${NAME:-default} is understood, with a warning', async () => {
    const config = await checkText(`${smallest}processors: {sample: {text: "\${HOST:-localhost}:80"}}`);
    expect(config.processors.get('sample')!.config).toEqual({ text: 'localhost:80' });
    expect(config.warnings).toEqual([expect.objectContaining({ line: 4, suggestion: '${env:HOST:-localhost}' })]);
  });

  it('$NAME stays, with a warning', async () => {
    const config = await checkText(`${smallest}processors: {sample: {text: $HOST/$lower/$1, any: ["^a$", "$$HOST", "$unset"]}}`, {
      env: { lower: 'x' },
    });
    expect(config.processors.get('sample')!.config).toEqual({ text: '$HOST/$lower/$1', any: ['^a$', '$HOST', '$unset'] });
    expect(config.warnings.map((warning) => warning.suggestion)).toEqual(['${env:HOST}', '${env:lower}']);
  });

  it("$NAME in the value of a variable is nobody's business", async () => {
    const config = await checkText(`${smallest}processors: {sample: {password: "\${env:SECRET}"}}`, {
      env: { SECRET: 'pa$SWORD', SWORD: 'x' },
    }).catch((error: Error) => error);
    expect(JSON.stringify(config)).not.toContain('SWORD');
  });
});

describe('other schemes', () => {
  const files = { 'value.txt': 'from a file\n', 'map.yaml': 'value: ${env:N:-3}\n', 'broken.yaml': 'value: [\n' };

  it('${file:...} brings the value or the text of a file', async () => {
    expect(await sample('text: ${file:value.txt}\nsection: ${file:/etc/map.yaml}', {}, files)).toEqual({
      text: 'from a file\n',
      section: { value: 3 },
    });
    expect(await sample('text: x${file:value.txt}x', {}, files)).toEqual({ text: 'xfrom a file\nx' });
  });

  it('${yaml:...} brings what it says', async () => {
    expect(await sample('any: "${yaml:[1, a]}"\nsection: "${yaml:value: 5}"\ntext: "${yaml:foo}"')).toEqual({
      any: [1, 'a'],
      section: { value: 5 },
      text: 'foo',
    });
  });

  it('problems in a file that is referred to stand in that file', async () => {
    const failing = sample('section: ${file:wrong.yaml}', {}, { 'wrong.yaml': '# comment\nvalue: x\n' });
    await expect(failing).rejects.toMatchObject({
      problems: [{ file: 'wrong.yaml', line: 2, column: 1, path: 'processors::sample::section::value' }],
    });
  });

  it('a file that is no YAML is a text', async () => {
    expect(await problemsOf(sample('section: ${file:broken.yaml}', {}, files))).toEqual([
      expect.stringContaining('\'section\' expected a map or struct, got "string"'),
    ]);
  });
});

describe('expansions without end', () => {
  it.each([
    ['a variable that names itself', { A: '${env:A}' }],
    ['a text that grows', { A: 'x${env:A}${env:A}' }],
    ['a list that nests', { A: '["${env:A}", "${env:A}"]' }],
    ['a map that nests', { A: '{a: "${env:A}"}' }],
  ])('end for %s', async (_, env) => {
    const problems = await problemsOf(sample('any: ${env:A}', env));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/too many recursive expansions|nested deeper than 200 levels/);
  });

  it('in a comment of a value concern only those who want its text', async () => {
    const env = { A: 'true # like ${env:A}', B: 'set' };
    expect(await sample('flag: ${env:A}\ntext: ${env:B}', env)).toEqual({ flag: true, text: 'set' });
  });

  it('end for lists that double', async () => {
    const names = Array.from({ length: 40 }, (_, level) => `V${level}`);
    const env = Object.fromEntries(names.map((name, level) => [name, `["\${env:V${level + 1}}", "\${env:V${level + 1}}"]`]));
    const problems = await problemsOf(sample('any: ${env:V0}', { ...env, V40: 'end' }));
    expect(problems).toEqual(['too many recursive expansions']);
  });
});
