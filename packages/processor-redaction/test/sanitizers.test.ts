import { describe, expect, it } from '@jest/globals';
import { Random } from '../../redaction/test/corpus/random.ts';
import { obfuscateJson } from '../src/json-values.ts';
import { obfuscateRedis } from '../src/redis.ts';
import { obfuscateSql } from '../src/sql.ts';
import { sanitizeUrl } from '../src/url-sanitizer.ts';
import { attributesAfter, attributesOf, bodyAfter, redact } from './run.ts';

// What the Collector makes of such texts is in testdata/golden; this is what every text has in common.
describe('every sanitizer', () => {
  const pieces = [
    "'",
    '"',
    '`',
    '$',
    '$$',
    '$func$',
    '\\',
    '--',
    '/*',
    '*/',
    '#',
    '@',
    ':',
    '?',
    '[',
    ']',
    '{',
    '}',
    ' ',
    '\n',
    'a1',
    'SELECT',
    'null',
    '-5',
    '0x1',
    '.5',
    'é',
    '😀',
    '/',
    '&',
    'SET',
    'k',
    ',',
  ];

  it.each([
    ['SQL', (text: string) => obfuscateSql(text, 'mysql')],
    ['SQL of others', (text: string) => obfuscateSql(text, '')],
    ['Redis', obfuscateRedis],
    ['JSON', obfuscateJson],
    ['URLs', sanitizeUrl],
  ])('of %s takes any text', (_, sanitize) => {
    const random = new Random(3);
    for (let i = 0; i < 2000; i++) {
      const text = Array.from({ length: random.int(0, 30) }, () => random.pick(pieces)).join('');
      expect(typeof sanitize(text)).toEqual('string');
    }
  });

  it('leaves no literal of SQL', () => {
    expect(obfuscateSql("SELECT 'secret', 12.5e-3 FROM t9 WHERE a = 'it''s' AND b IS NULL AND c = \"d5\" -- keep 5", 'postgresql')).toEqual(
      'SELECT ?, ? FROM t? WHERE a = ?? AND b IS ? AND c = "d?" -- keep 5',
    );
    expect(obfuscateSql('SELECT "secret", `c1`, 5 # note', 'mysql')).toEqual('SELECT ?, `c?`, ? # note');
    expect(obfuscateSql("SELECT $tag$ secret $tag$, $func$ SELECT 'x' $func$, $3, f1(2), @v1, 'open", '')).toEqual(
      'SELECT ?, $func$SELECT ?$func$, ?, f1(?), @v1, ?',
    );
  });

  it('leaves no value of Redis', () => {
    const commands = [
      'GEOADD k 1 2 secret 3 4 secret',
      'HSET k f secret g secret',
      'MSET a secret b secret',
      'ZADD k NX 1 secret 2 secret',
      'LINSERT k BEFORE p secret',
      'SADD k secret secret',
      'SETEX k 5 secret',
      'AUTH secret',
      'CONFIG SET x secret',
      'BITFIELD k SET u8 0 secret',
    ];
    expect(obfuscateRedis(commands.join('\n'))).not.toContain('secret');
    expect(obfuscateRedis('GET key\n\nPING')).toEqual('GET key\nPING');
    expect(obfuscateRedis('SET k "two words\nsecret"')).toEqual('SET k ?');
  });
});

describe('sanitizers', () => {
  const client = 3;
  const nameAfter = (settings: object, name: string, attributes: object = {}, kind = client): string =>
    redact({ allow_all_keys: true, ...settings }, 'traces', {
      resourceSpans: [{ scopeSpans: [{ spans: [{ name, kind, attributes: attributesOf({ ...attributes }) }] }] }],
    }).resourceSpans[0].scopeSpans[0].spans[0].name;

  it('work on names, attributes and bodies', () => {
    const url = { url_sanitizer: { enabled: true, attributes: ['u'] } };
    expect(nameAfter(url, 'GET /users/123')).toEqual('GET /users/*');
    expect(nameAfter({ ...url, dry_run: true }, 'GET /users/123')).toEqual('GET /users/123');
    expect(nameAfter({ ...url, allowed_values: ['^GET'] }, 'GET /users/123')).toEqual('GET /users/123');
    expect(attributesAfter({ allow_all_keys: true, ...url }, { u: '/a/123?q=1', v: '/a/123' })).toEqual({ u: '/a/*', v: '/a/123' });
    const sql = { db_sanitizer: { sql: { enabled: true, attributes: ['q'] }, memcached: { enabled: true } } };
    expect(nameAfter(sql, 'SELECT 5', { 'db.system': 'mysql' })).toEqual('SELECT ?');
    expect(nameAfter(sql, 'get a\r\nb', { 'db.system.name': 'memcached' })).toEqual('get a');
    expect(nameAfter(sql, 'SELECT 5', { 'db.system': 'mysql' }, 5)).toEqual('SELECT 5');
    expect(attributesAfter({ allow_all_keys: true, ...sql }, { q: 'SELECT 5', 'db.system': 'sqlite' })).toEqual({
      q: 'SELECT ?',
      'db.system': 'sqlite',
    });
    expect(bodyAfter({ allow_all_keys: true, ...sql }, 'SELECT 5')).toEqual('SELECT ?');
  });

  it('come before detectors', () => {
    expect(nameAfter({ detectors: ['email'], url_sanitizer: { enabled: true } }, 'GET /users/123/jane@example.com x')).toEqual(
      'GET /users/*/*',
    );
  });
});

describe('the summary', () => {
  it('adds up, in attributes and bodies', () => {
    const settings = {
      allowed_keys: ['a', 'b', 'redaction.allowed.keys'],
      ignored_keys: ['i'],
      allowed_values: ['^ok'],
      blocked_values: ['x+'],
      summary: 'debug',
    };
    expect(attributesAfter(settings, { a: 'xx', b: 'ok', c: 1, i: 1, 'redaction.masked.keys': 'z', 'redaction.masked.count': 1 })).toEqual({
      a: '****',
      b: 'ok',
      i: 1,
      'redaction.redacted.keys': 'c',
      'redaction.redacted.count': 1,
      'redaction.masked.keys': 'a,z',
      'redaction.masked.count': 2,
      'redaction.allowed.keys': 'b',
      'redaction.allowed.count': 1,
      'redaction.ignored.count': 1,
    });
    expect(bodyAfter(settings, { a: 'xx', b: ['ok x', 5n, 0.5, true, { c: 'x', i: 'xx' }], c: 1 })).toEqual({
      a: '****',
      b: ['ok x', 5, 0.5, true, { i: 'xx' }],
    });
    expect(bodyAfter({ ...settings, blocked_key_patterns: ['a'] }, { a: 'one\ntwo' })).toEqual({ a: '****\n****' });
  });

  it('sees every type as text when it is asked to', () => {
    const all = { allow_all_keys: true, redact_all_types: true, blocked_values: ['4111'] };
    expect(
      attributesAfter(all, {
        i: 4111,
        d: 4111.5,
        l: [4111, 'a', null, { x: -1, y: 1.5, z: true, b: Buffer.from('x') }],
        m: { k: '4111' },
        o: 5,
        b: true,
      }),
    ).toEqual({
      i: '****',
      d: '****.5',
      l: '[****,"a",null,{"b":"eA==","x":-1,"y":1.5,"z":true}]',
      m: '{"k":"****"}',
      o: 5,
      b: true,
    });
  });
});
