import { describe, expect, it } from '@jest/globals';
import type { Client } from '@millrace/wire';
import { apply, problemOf } from './run.ts';

describe('Attribute actions', () => {
  it('write numbers with the type and the digits of the configuration', () => {
    const actions = [
      { action: 'insert', key: 'double', value: 1 },
      { action: 'insert', key: 'int', value: 1n },
      { action: 'upsert', key: 'big', value: 9007199254740993n },
      { action: 'insert', key: 'list', value: [1, 1n] },
    ];
    expect(apply(actions, [{}]).out).toEqual([{ double: 1, int: 1n, big: 9007199254740993n, list: [1, 1n] }]);
  });

  it('leave a batch alone in which there is nothing to do', () => {
    const actions = [
      { action: 'insert', key: 'there', value: 'new' },
      { action: 'update', key: 'missing', value: 'new' },
      { action: 'insert', key: 'copy', from_attribute: 'missing' },
      { action: 'delete', key: 'missing', pattern: '^x' },
      { action: 'convert', key: 'there', converted_type: 'string' },
      { action: 'extract', key: 'there', pattern: '(?P<digits>\\d+)' },
    ];
    expect(apply(actions, [{ there: 'old' }])).toMatchObject({ isSame: true, out: [{ there: 'old' }] });
  });

  it('take values from what an authenticator found out', () => {
    const actions = ['user', 'groups', 'level', 'none', 'empty'].map((name) => ({
      action: 'insert',
      key: name,
      from_context: `auth.${name}`,
      default_value: 'unknown',
    }));
    const auth = { user: 'ann', groups: ['a', 'b'], level: 7, empty: [] };
    expect(apply(actions, [{}, {}], { metadata: new Map(), auth }).out).toEqual(
      Array.from({ length: 2 }, () => ({ user: 'ann', groups: 'a;b', level: 'unknown', none: 'unknown', empty: 'unknown' })),
    );
  });

  it('take values from the headers and the address of the sender of each batch', () => {
    const actions = [
      { action: 'upsert', key: 'tenant', from_context: 'metadata.X-Tenant' },
      { action: 'upsert', key: 'plain', from_context: 'X-Tenant' },
      { action: 'upsert', key: 'peer', from_context: 'client.address' },
    ];
    const client: Client = { metadata: new Map([['x-tenant', ['a', 'b']]]), address: '10.0.0.1' };
    expect(apply(actions, [{}], client).out).toEqual([{ tenant: 'a;b', plain: 'a;b', peer: '10.0.0.1' }]);
    expect(apply(actions, [{}]).out).toEqual([{ peer: '' }]);
  });

  it('tell what a conversion could not do, without the value', () => {
    const { context, out } = apply(
      [
        { action: 'convert', key: 'text', converted_type: 'int' },
        { action: 'convert', key: 'list', converted_type: 'double' },
      ],
      [{ text: 'secret', list: [1n] }],
    );
    expect(out).toEqual([{ text: 'secret', list: [1n] }]);
    expect(context.lines).toEqual([
      { level: 'debug', message: 'String could not be converted to int', attributes: { key: 'text' } },
      { level: 'debug', message: 'Unable to convert type', attributes: { key: 'list', from: 'array', to: 'double' } },
    ]);
  });

  it.each<[string, number | undefined]>([
    ['1_0.2_5e1_0', 10.25e10],
    ['1__0', undefined],
    ['_1', undefined],
    ['1_', undefined],
    ['.', undefined],
    ['', undefined],
    ['+.5', 0.5],
    ['0x1p-2', 0.25],
    ['-0X_f_f.8P+1', -511],
    ['0x1', undefined],
    ['0xp1', undefined],
    ['0x_p1', undefined],
    ['Infinity', Infinity],
    ['-iNf', -Infinity],
    ['+nan', undefined],
    ['1e999', undefined],
  ])('read %j as a double the way Go does', (text, expected) => {
    const { out } = apply([{ action: 'convert', key: 'text', converted_type: 'double' }], [{ text }]);
    expect(out).toEqual([{ text: expected ?? text }]);
  });

  it('match patterns with any number of keys, of any length', () => {
    const keys = [...Array.from({ length: 3000 }, (_, i) => `key.${i}`), `key.${'x'.repeat(200)}`, 'Aa', 'BB', 'other'];
    const attributes = Object.fromEntries(keys.map((name) => [name, 1n]));
    const { out } = apply([{ action: 'delete', pattern: '^key\\.|^Aa' }], [attributes, attributes]);
    expect(out.map((one) => Object.keys(one))).toEqual([
      ['BB', 'other'],
      ['BB', 'other'],
    ]);
  });
});

describe('An action', () => {
  const start = 'actions::0: error with key "k" (0-th action): error creating AttrProc';
  const unused = (name: string, what: string, these = 'This'): string =>
    `${start}. Action "${name}" does not use ${what}. ${these} must not be specified`;

  it.each<[string, Parameters<typeof problemOf>[0], string]>([
    ['without a key', { action: 'insert' }, 'actions::0: error creating AttrProc due to missing required field "key" at the 0-th action'],
    [
      'without a key and a pattern',
      { action: 'Delete' },
      'actions::0: error creating AttrProc due to missing required field (at least one of "key" and "pattern" have to be used) at the 0-th action',
    ],
    ['of no known name', { key: 'k', action: 'Drop' }, `${start} due to unsupported action "drop"`],
    [
      'without a value',
      { key: 'k', action: 'insert' },
      `${start}. Either field "value", "from_attribute", "from_context", or "default_value" must be specified`,
    ],
    [
      'with two values',
      { key: 'k', action: 'upsert', value: '1', from_attribute: 'a' },
      `${start} due to multiple value sources being set`,
    ],
    ['insert with a pattern', { key: 'k', action: 'insert', value: '1', pattern: 'a' }, unused('insert', 'the "pattern" field')],
    [
      'update with a type',
      { key: 'k', action: 'update', value: '1', converted_type: 'int' },
      unused('update', 'the "converted_type" field'),
    ],
    ['delete with a value', { key: 'k', action: 'delete', value: '1' }, unused('delete', '"value" or "from_attribute" field', 'These')],
    ['hash with a type', { key: 'k', action: 'hash', converted_type: 'int' }, unused('hash', 'the "converted_type" field')],
    ['hash with a wrong pattern', { key: 'k', action: 'hash', pattern: '(' }, `${start}. Field "pattern" has invalid pattern: "("`],
    [
      'extract with a value',
      { key: 'k', action: 'extract', from_context: 'a', pattern: '(?P<a>b)' },
      unused('extract', 'a value source field', 'These'),
    ],
    ['extract without a pattern', { key: 'k', action: 'extract' }, `${start} due to missing required field "pattern" for action "extract"`],
    [
      'extract with a type',
      { key: 'k', action: 'extract', pattern: '(?P<a>b)', converted_type: 'int' },
      unused('extract', 'the "converted_type" field'),
    ],
    ['extract with a wrong pattern', { key: 'k', action: 'extract', pattern: '[' }, `${start}. Field "pattern" has invalid pattern: "["`],
    ['extract without groups', { key: 'k', action: 'extract', pattern: 'a' }, `${start}. Field "pattern" contains no named matcher groups`],
    [
      'extract with a group that has no name',
      { key: 'k', action: 'extract', pattern: '(?P<a>b)(c)' },
      `${start}. Field "pattern" contains at least one unnamed matcher group`,
    ],
    [
      'convert with a pattern',
      { key: 'k', action: 'convert', pattern: 'a', converted_type: 'int' },
      unused('convert', 'value sources or "pattern" field', 'These'),
    ],
    [
      'convert without a type',
      { key: 'k', action: 'convert' },
      `${start} due to missing required field "converted_type" for action "convert"`,
    ],
    [
      'convert to a type that is none',
      { key: 'k', action: 'convert', converted_type: 'bool' },
      `${start} due to invalid value "bool" in field "converted_type" for action "convert"`,
    ],
  ])('%s is refused in the words of the Collector', (_, settings, problem) => {
    expect(problemOf(settings)).toBe(problem);
  });

  it.each<Parameters<typeof problemOf>[0]>([
    { key: 'k', action: 'insert', default_value: false },
    { action: 'HASH', pattern: '.*' },
    { key: 'k', action: 'delete', from_context: 'ignored' },
    { key: 'k', action: 'extract', pattern: '(?P<a>b)' },
    { key: 'k', action: 'convert', converted_type: 'string' },
  ])('is accepted: %j', (settings) => {
    expect(problemOf(settings)).toBeUndefined();
  });
});
