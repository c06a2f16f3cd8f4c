import { describe, expect, it } from '@jest/globals';
import { checkConfig, resolveConfig, schemaProblem } from '@millrace/config';
import type { CheckedConfig } from '@millrace/config';
import { checkText, filesOf, problemsOf, sample, smallest } from './check-text.ts';
import { testCatalog } from './test-catalog.ts';

/** Checks the YAML of a component whose schema is given. */
async function decode(schema: object, yaml: string): Promise<CheckedConfig> {
  const text = `${smallest}processors:\n  x: ${yaml.replaceAll('\n', '\n    ')}`;
  const resolved = await resolveConfig({ locations: ['config.yaml'], env: {}, cwd: '/etc', readFile: filesOf({ 'config.yaml': text }) });
  return checkConfig(resolved, {
    types: (kind) => (kind === 'processor' ? [{ type: 'x' }] : testCatalog.types(kind)),
    component: (kind, type) => (kind === 'processor' ? Promise.resolve({ configSchema: schema }) : testCatalog.component(kind, type)),
  });
}
const settings = (properties: object): object => ({ type: 'object', additionalProperties: false, properties });
const valueOf = async (schema: object, yaml: string): Promise<unknown> => (await decode(schema, yaml)).processors.get('x')!.config;
const problem = async (schema: object, yaml: string): Promise<string> => {
  const problems = await problemsOf(decode(schema, yaml));
  return problems.join('\n').replaceAll(`'processors' error reading configuration for "x": `, '');
};

describe('defaults', () => {
  const schema = settings({
    number: { type: 'integer', default: 5 },
    list: { type: 'array', items: { type: 'string' }, default: ['a'] },
    none: { type: 'string' },
    filled: {
      ...settings({
        inner: { type: 'integer', default: 6 },
        more: { ...settings({ deep: { type: 'string', default: 'd' } }), default: {} },
      }),
      default: {},
    },
    off: settings({ inner: { type: 'integer', default: 7 } }),
    mentioned: { ...settings({ inner: { type: 'integer', default: 8 } }), 'x-null-enables': true },
    items: { type: 'array', items: settings({ inner: { type: 'integer', default: 9 } }), default: [{}] },
  });
  const all = { number: 5, list: ['a'], filled: { inner: 6, more: { deep: 'd' } }, items: [{ inner: 9 }] };

  it.each([
    ['nothing', '', all],
    ['null', '~', all],
    ['an empty map', '{}', all],
    ['null for every setting', '{number: , list: , none: , filled: , off: , mentioned: , items: }', { ...all, mentioned: { inner: 8 } }],
    ['empty values', '{list: [], filled: {}, off: {}, mentioned: {}}', { ...all, list: [], off: { inner: 7 }, mentioned: { inner: 8 } }],
    ['part of a section', '{filled: {inner: 1, more: {}}}', { ...all, filled: { inner: 1, more: { deep: 'd' } } }],
    ['items of a list', '{items: [{inner: 1}, {}, ]}', { ...all, items: [{ inner: 1 }, { inner: 9 }] }],
    ['a null item', '{items: [~], list: [~, b]}', { ...all, items: [{ inner: 9 }], list: ['', 'b'] }],
    ['sections switched off', '{off: {enabled: false, inner: 1}, mentioned: {enabled: false}}', all],
    ['sections switched on', '{off: {enabled: true}, mentioned: {enabled: true}}', { ...all, off: { inner: 7 }, mentioned: { inner: 8 } }],
  ])('for %s', async (_, yaml, expected) => {
    expect(await valueOf(schema, yaml)).toEqual(expected);
  });

  it('are no switch for a section that is always there', async () => {
    expect(await problem(schema, '{filled: {enabled: false}}')).toBe("'filled' has invalid keys: enabled");
  });

  it('may be behind a reference', async () => {
    const shared = {
      ...settings({ a: { $ref: '#/$defs/size' }, b: { $ref: '#/$defs/size', default: 2 } }),
      $defs: { size: { type: 'integer', default: 1 } },
    };
    expect(await valueOf(shared, '')).toEqual({ a: 1, b: 2 });
  });

  it('satisfy a requirement that null does not', async () => {
    const schema = { ...settings({ a: { type: 'string' }, b: { type: 'integer', default: 1 } }), required: ['a', 'b'] };
    expect(await problem(schema, '{a: , b: }')).toBe(`'x' requires a non-empty "a"`);
  });
});

describe('types', () => {
  it.each([
    ['a float that is whole, as an integer', 'int: 1e3', { int: 1000 }],
    ['an integer, as a float', 'float: 5', { float: 5 }],
    ['a string of commas, as a list of strings', 'list: a,b, c', { list: ['a', 'b', ' c'] }],
    ['an empty string, as a list of strings', "list: ''", { list: [] }],
    ['anything, where anything goes', 'any: {a: [1, {b: ~}]}\nfree: [1, [a]]', { any: { a: [1, { b: null }] }, free: [1, ['a']] }],
    ['null in a map of strings', 'labels: {a: }', { labels: { a: '' } }],
    ['either type', 'either: all', { either: 'all' }],
    ['or the other', 'either: [1, 2]', { either: [1, 2] }],
    ['a choice in any case', 'level: HIGH', { level: 'high' }],
    ['items behind a reference', 'maps: [{key: a, value: [1]}]', { maps: [{ key: 'a', value: [1], weight: 1 }] }],
  ])('takes %s', async (_, yaml, expected) => {
    expect(await sample(yaml)).toEqual(expected);
  });

  it('tells integers from other numbers where values go into telemetry', async () => {
    const schema = settings({ value: { 'x-telemetry-value': true } });
    const values = '[1, 1.0, 1e3, -5, 12345678901234567890, 0.5, a, true, ~, {a: [2]}]';
    expect(await valueOf(schema, `{value: ${values}}`)).toEqual({
      value: [1n, 1, 1000, -5n, 12345678901234567890n, 0.5, 'a', true, undefined, { a: [2n] }],
    });
    expect(await valueOf(schema, '{value: }')).toEqual({});
  });

  it.each([
    ['list: 5', "'list' source data must be an array or slice, got int"],
    ['list: {}', "'list' source data must be an array or slice, got map"],
    ['free: a,b', "'free' source data must be an array or slice, got string"],
    ['text: true', "'text' expected type 'string', got unconvertible type 'bool'"],
    ['text: [a]', "'text' expected type 'string', got unconvertible type '[]interface {}'"],
    ['text: {a: b}', "'text' expected type 'string', got unconvertible type 'map[string]interface {}'"],
    ['int: "5"', "'int' expected type 'int', got unconvertible type 'string'"],
    ['int: 1.5', "'int' expected type 'int', got unconvertible type 'float64'"],
    ['flag: 1', "'flag' expected type 'bool', got unconvertible type 'int'"],
    ['section: a', `'section' expected a map or struct, got "string"`],
    ['maps: [[]]', `'maps[0]' expected a map or struct, got "slice"`],
    ['level: medium', `'level' unsupported value "medium"`],
    ['either: [a]', "'either[0]' expected type 'int', got unconvertible type 'string'"],
    ['either: 5', "'either' expected type 'string or slice', got unconvertible type 'int'"],
  ])('refuses %s', async (yaml, message) => {
    expect(await problemsOf(sample(yaml))).toEqual([`'processors' error reading configuration for "sample": ${message}`]);
  });
});

describe('durations', () => {
  const schema = settings({ wait: { type: 'string', format: 'duration', default: '5s' } });

  it.each([
    ['1m30s', '1m30s'],
    ['"0"', '0'],
    ['0', '0s'],
    ['', '5s'],
  ])('%s stays a text', async (yaml, expected) => {
    expect(await valueOf(schema, `{wait: ${yaml}}`)).toEqual({ wait: expected });
  });

  it('that are numbers count nanoseconds, with a warning', async () => {
    const config = await decode(schema, '{wait: 5}');
    expect(config.processors.get('x')!.config).toEqual({ wait: '5ns' });
    expect(config.warnings).toEqual([expect.objectContaining({ path: 'processors::x::wait', suggestion: '5s' })]);
  });
});

describe('rules for values', () => {
  it.each([
    [{ type: 'integer', minimum: 1 }, '0', 'must be at least 1, got 0'],
    [{ type: 'integer', maximum: 1 }, '2', 'must be at most 1, got 2'],
    [{ type: 'number', exclusiveMinimum: 0 }, '0', 'must be greater than 0, got 0'],
    [{ type: 'number', exclusiveMaximum: 1 }, '1', 'must be less than 1, got 1'],
    [{ type: 'integer', multipleOf: 4 }, '6', 'must be a multiple of 4, got 6'],
    [{ type: 'string', minLength: 1 }, "''", 'must not be empty'],
    [{ type: 'string', minLength: 3 }, 'ab', 'must have at least 3 characters'],
    [{ type: 'string', maxLength: 3 }, 'abcd', 'must have at most 3 characters'],
    [{ type: 'string', pattern: '^a' }, 'b', 'invalid value "b"'],
    [{ type: 'string', const: 'a' }, 'b', 'unsupported value "b"'],
    [{ enum: [1, 'a'] }, 'b', 'unsupported value "b"'],
    [{ type: 'array', minItems: 1 }, '[]', 'must have at least 1 item'],
    [{ type: 'array', maxItems: 1 }, '[1, 2]', 'must have at most 1 item'],
    [{ type: 'array', uniqueItems: true }, '[{a: 1}, {a: 1}]', 'must not repeat an item'],
    [{ type: 'object', minProperties: 2 }, '{a: 1}', 'must have at least 2 keys'],
    [{ type: 'object', maxProperties: 1 }, '{a: 1, b: 2}', 'must have at most 1 key'],
    [{ type: 'object', propertyNames: { pattern: '^[a-z]+$' } }, '{A1: 1}', `key "A1" invalid value "A1"`],
    [{ type: 'integer', 'x-secret': true, maximum: 1 }, '123456', 'must be at most 1, got [REDACTED]'],
    [{ type: 'string', 'x-secret': true, format: 'duration' }, 'hunter2', 'is not a valid duration'],
  ])('%j', async (schema, yaml, message) => {
    expect(await problem(settings({ a: schema }), `{a: ${yaml}}`)).toBe(`'a' ${message}`);
  });

  it('check keys that match a pattern', async () => {
    const schema = { type: 'object', additionalProperties: false, patternProperties: { '^n_': { type: 'integer' } } };
    expect(await valueOf(schema, '{n_a: 1}')).toEqual({ n_a: 1 });
    expect(await problem(schema, '{n_a: b, c: 1}')).toBe(
      "'[n_a]' expected type 'int', got unconvertible type 'string'\n'x' has invalid keys: c",
    );
  });

  it('that only ajv knows are checked by ajv', async () => {
    expect(await sample('exclusive: a')).toEqual({ exclusive: 'a' });
    const schema = settings({ a: { type: 'array', items: { type: 'integer' }, contains: { const: 1 } } });
    await expect(decode(schema, '{a: [2]}')).rejects.toMatchObject({
      problems: [{ path: 'processors::x::a', line: 5, column: 7, message: expect.stringMatching(/^processors::x::a: must contain/) }],
    });
  });

  it('that nobody knows are a problem of the schema', async () => {
    expect(await problem({ type: 'object', requried: ['a'] }, '{}')).toBe(
      'processors::x: its schema cannot be used: strict mode: unknown keyword: "requried"',
    );
    expect(await problem(settings({ a: { $ref: 'other.json' } }), '{a: 1}')).toBe('processors::x: cannot follow $ref other.json');
  });
});

describe('the conventions of components', () => {
  it('a deprecated setting is accepted with one warning', async () => {
    const config = await checkText(`${smallest}processors: {sample: {old: x}}`);
    expect(config.processors.get('sample')!.config).toEqual({ old: 'x' });
    expect(config.warnings).toEqual([
      expect.objectContaining({ path: 'processors::sample::old', message: expect.stringContaining('is deprecated: use text') }),
    ]);
  });

  it('an unsupported setting is refused, unless it says what is so anyway', async () => {
    const schema = settings({
      a: { type: 'boolean', default: false, 'x-unsupported': 'use b' },
      c: { type: 'object', 'x-unsupported': 'use d' },
    });
    expect(await valueOf(schema, '{a: false, c: }')).toEqual({ a: false });
    await expect(decode(schema, '{a: true, c: {}}')).rejects.toMatchObject({
      problems: [
        { verdict: 'unsupported', path: 'processors::x::a' },
        { verdict: 'unsupported', path: 'processors::x::c' },
      ],
    });
  });

  it('a map list is a map or a list', async () => {
    const schema = settings({
      headers: { type: 'object', additionalProperties: { type: 'string', 'x-secret': true }, 'x-map-list': true },
    });
    const expected = { headers: { a: '1', b: '' } };
    expect(await valueOf(schema, '{headers: {a: "1", b: }}')).toEqual(expected);
    expect(await valueOf(schema, '{headers: [{name: a, value: "1"}, {name: b}]}')).toEqual(expected);
    expect(await problem(schema, '{headers: [{name: b, value: x}, {name: a}, {name: b}, {name: a}]}')).toBe(
      'processors::x::headers: duplicate keys in map-style list: [a b]',
    );
    expect(await problem(schema, '{headers: [{value: x}]}')).toBe(`'headers[0]' requires a non-empty "name"`);
    expect(await problem(schema, '{headers: {a: 1}}')).toBe("'headers[a]' expected type 'string', got unconvertible type 'int'");
    expect(await problem(schema, '{headers: foo}')).toBe(`'headers' expected a map or struct, got "string"`);
  });

  it('rules of the component follow when the schema is satisfied, without secrets in what they say', async () => {
    const schema = settings({ password: { type: 'string', 'x-secret': true }, nested: settings({ key: { type: 'string' } }) });
    const text = `${smallest}processors: {x: {password: hunter2, nested: {key: a}}}`;
    const resolved = await resolveConfig({ locations: ['config.yaml'], env: {}, cwd: '/etc', readFile: filesOf({ 'config.yaml': text }) });
    const validateConfig = (config: never): readonly string[] => {
      const { password } = config as { password: string };
      return [`nested::key: bad with ${password}`, `http://x: is no path`, 'plain'];
    };
    const checking = checkConfig(resolved, {
      types: (kind) => (kind === 'processor' ? [{ type: 'x' }] : testCatalog.types(kind)),
      component: (kind, type) =>
        kind === 'processor' ? Promise.resolve({ configSchema: schema, validateConfig }) : testCatalog.component(kind, type),
    });
    await expect(checking).rejects.toMatchObject({
      problems: [
        { message: 'processors::x: http://x: is no path', line: 4, column: 14 },
        { message: 'processors::x: plain', line: 4, column: 14 },
        { message: 'processors::x::nested::key: bad with [REDACTED]', line: 4, column: 46 },
      ],
    });
  });
});

describe('schemaProblem', () => {
  it.each([
    [{ type: 'object', properties: { a: { type: 'string', format: 'duration', 'x-secret': true, default: '5s' } } }, undefined],
    [{ type: 'object', properies: {} }, 'strict mode: unknown keyword: "properies"'],
    [{ type: 'object', properties: { a: { type: 'text' } } }, expect.stringContaining('schema is invalid')],
    [{ type: 'object', properties: { a: { type: 'string', format: 'timespan' } } }, expect.stringContaining('unknown format "timespan"')],
  ])('%j', async (schema, expected) => {
    expect(await schemaProblem(schema)).toEqual(expected);
  });
});
