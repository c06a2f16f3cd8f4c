import { describe, expect, it } from '@jest/globals';
import { processorContract, testContext } from '@millrace/api/testing';
import { createNoopMeter } from '@opentelemetry/api';
import type { ObservableCallback, ObservableResult } from '@opentelemetry/api';
import { factory } from '../src/index.ts';
import { attributesAfter, attributesOf, bodyAfter, config, encoded, pass, redact } from './run.ts';

processorContract({ describe, it, expect }, factory, { config: config({ detectors: ['all'] }) });
processorContract({ describe, it, expect }, factory, { config: config() });

const address = 'jane.doe@example.com';

describe('a batch without findings', () => {
  it.each([{ detectors: ['all'] }, { allow_all_keys: true, blocked_values: ['4[0-9]{12}'], blocked_key_patterns: ['token'] }])(
    'goes on as it is with %j',
    (settings) => {
      const request = {
        resourceSpans: [
          { scopeSpans: [{ spans: [{ name: 'GET /items/{id}', attributes: attributesOf({ 'http.route': '/items/{id}', n: 200 }) }] }] },
        ],
      };
      expect(pass(settings, 'traces', encoded('traces', request)).isSame).toEqual(true);
    },
  );
});

describe('detectors', () => {
  it('imply that all attributes stay, unless some are allowed', () => {
    expect(attributesAfter({ detectors: ['email'] }, { a: 1 })).toEqual({ a: 1 });
    expect(attributesAfter({ detectors: ['email'], allowed_keys: ['b'] }, { a: 1, b: address })).toEqual({ b: '****' });
    expect(attributesAfter({ detectors: [] }, { a: 1 })).toEqual({});
  });

  it('leave identifiers, times, counts and tokens alone', () => {
    const attributes = {
      'order.id': '4111111111111111',
      timestamp: '4111111111111111',
      'gen_ai.usage.input_tokens': 4111111111111111,
      max_tokens: 4096,
      token_type: 'bearer',
      'trace.id': '5555555555554444',
      'service.version': '10.20.30.40',
    };
    expect(attributesAfter({ detectors: ['all'] }, attributes)).toEqual(attributes);
  });

  it('look at ints and doubles only with redact_all_types', () => {
    expect(attributesAfter({ detectors: ['credit_card'] }, { n: 4111111111111111 })).toEqual({ n: 4111111111111111 });
    expect(attributesAfter({ detectors: ['credit_card'], redact_all_types: true }, { n: 4111111111111111, m: 5 })).toEqual({
      n: '****',
      m: 5,
    });
  });

  it('respect ignored keys and allowed values', () => {
    const settings = { detectors: ['email'], ignored_keys: ['a'], ignored_key_patterns: ['^b'], allowed_values: ['^keep'] };
    expect(attributesAfter(settings, { a: address, b1: address, c: address, d: `keep ${address}` })).toEqual({
      a: address,
      b1: address,
      c: '****',
      d: `keep ${address}`,
    });
    expect(bodyAfter(settings, { a: address, x: { b2: [address] }, c: [address], d: `keep ${address}` })).toEqual({
      a: address,
      x: { b2: [address] },
      c: ['****'],
      d: `keep ${address}`,
    });
    expect(attributesAfter(settings, { j: JSON.stringify({ a: address, c: address }) })).toEqual({
      j: JSON.stringify({ a: address, c: '****' }),
    });
  });

  it('see what blocked values leave', () => {
    expect(
      attributesAfter({ detectors: ['email'], blocked_values: ['secret'], secret_keys: false }, { a: `secret of ${address}` }),
    ).toEqual({ a: '**** of ****' });
  });

  it('merge finds that overlap', () => {
    expect(attributesAfter({ detectors: ['all'] }, { a: `password=${address}` })).toEqual({ a: 'password=****' });
  });
});

describe('JSON in a text', () => {
  const inside = (value: unknown, settings: object = { detectors: ['all'] }): unknown =>
    JSON.parse(attributesAfter(settings, { j: JSON.stringify(value) })['j'] as string);

  it('stays JSON, whatever is replaced', () => {
    expect(inside([{ role: 'user', content: `a\n${address} "b"` }])).toEqual([{ role: 'user', content: 'a\n**** "b"' }]);
    expect(inside({ n: 4111111111111111, m: 12 })).toEqual({ n: '****', m: 12 });
    expect(inside({ args: JSON.stringify({ q: `x\t${address}`, deeper: JSON.stringify({ password: 'p"q' }) }) })).toEqual({
      args: JSON.stringify({ q: 'x\t****', deeper: JSON.stringify({ password: '****' }) }),
    });
    expect(inside({ [`key of ${address}`]: 1 })).toEqual({ 'key of ****': 1 });
  });

  it('has secret members, at any depth', () => {
    expect(inside({ password: 'x', api_key: 5, token: null, secret: true, credentials: { a: 'x', b: ['y', 1] }, max_tokens: 5 })).toEqual({
      password: '****',
      api_key: '****',
      token: null,
      secret: true,
      credentials: { a: '****', b: ['****', '****'] },
      max_tokens: 5,
    });
    expect(inside({ 'my\n"password"': 'x' })).toEqual({ 'my\n"password"': '****' });
  });

  it.each([
    [`{"a": "${address}`, '{"a": "****'],
    [`{broken ${address}`, '{broken ****'],
    [`{"a": 1}} ${address}`, '{"a": 1}} ****'],
    [`["a"] ${address}`, '["a"] ****'],
    [`{"a\\x": "${address}\\x"}`, '{"a\\x": "****\\x"}'],
    [`${'['.repeat(80)}"${address}"`, `${'['.repeat(80)}"****"`],
    ['{"password": "open', '{"password": "open'],
  ])('that is broken is read as text: %s', (text, expected) => {
    expect(attributesAfter({ detectors: ['email'] }, { j: text })).toEqual({ j: expected });
  });
});

describe('secret keys', () => {
  it('hide texts and numbers at any depth, but no booleans', () => {
    const settings = { secret_keys: true, allow_all_keys: true };
    expect(
      attributesAfter(settings, {
        password: 'x',
        'db.ssn': 5,
        api_key: 1.5,
        token: true,
        credentials: { a: 'x', b: [1, 'y', false] },
        secret: '',
        cookie: Buffer.from('c'),
      }),
    ).toEqual({
      password: '****',
      'db.ssn': '****',
      api_key: '****',
      token: true,
      credentials: { a: '****', b: ['****', '****', false] },
      secret: '',
      cookie: '****',
    });
    expect(bodyAfter(settings, { nested: { password: 'x', n: 1 } })).toEqual({ nested: { password: '****', n: 1 } });
  });

  it('are off without detectors', () => {
    expect(attributesAfter({ allow_all_keys: true }, { password: 'x' })).toEqual({ password: 'x' });
  });

  it('go with action remove', () => {
    expect(
      attributesAfter({ detectors: ['email'], action: 'remove' }, { password: 'x', a: address, b: `to ${address}`, l: [address, 'x'] }),
    ).toEqual({ b: 'to ', l: ['', 'x'] });
    expect(bodyAfter({ detectors: ['email'], action: 'remove' }, { password: 'x', b: 'c' })).toEqual({ b: 'c' });
  });
});

describe('actions', () => {
  const hmac_key = 'k'.repeat(64);

  it('hash with the key, the same for equal texts', () => {
    const { a, b, c } = attributesAfter({ detectors: ['email'], action: 'hash', hmac_key }, { a: address, b: address, c: 'x@example.com' });
    expect([a, a === b, a === c]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/), true, false]);
    expect(attributesAfter({ detectors: ['email'], action: 'hash', hmac_key: 'l'.repeat(32) }, { a: address })['a']).not.toEqual(a);
    expect(attributesAfter({ detectors: ['email'], action: 'hash', hash_function: 'hmac-sha512', hmac_key }, { a: address })['a']).toMatch(
      /^[0-9a-f]{128}$/,
    );
  });

  it('keep a part', () => {
    const settings = { detectors: ['all'], action: 'partial' };
    expect(attributesAfter(settings, { a: '4111-1111-1111-1111', b: address, password: 'short', secret: 'longer secret' })).toEqual({
      a: '****1111',
      b: '****@example.com',
      password: '****',
      secret: '****cret',
    });
  });
});

describe('content', () => {
  it('of events and nested bodies is dropped, numbers stay', () => {
    const record = {
      eventName: 'gen_ai.user.message',
      body: { kvlistValue: { values: attributesOf({ content: 'hi' }) } },
      attributes: attributesOf({ x: 'hi', role: 'user' }),
    };
    const out = redact({ allow_all_keys: true, content: 'drop' }, 'logs', { resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] });
    expect(out.resourceLogs[0].scopeLogs[0].logRecords[0]).toEqual({
      eventName: 'gen_ai.user.message',
      attributes: attributesOf({ role: 'user' }),
    });
    expect(bodyAfter({ allow_all_keys: true, content: 'redact' }, { 'gen_ai.prompt': 'hi', input: 5, other: 'x' })).toEqual({
      'gen_ai.prompt': '****',
      input: 5,
      other: 'x',
    });
  });
});

describe('its own metrics', () => {
  it('count by rule and action, without values', () => {
    const callbacks: ObservableCallback[] = [];
    const meter = createNoopMeter();
    meter.createObservableCounter = () => ({
      addCallback: (callback: ObservableCallback) => void callbacks.push(callback),
      removeCallback: () => {},
    });
    const context = testContext({ id: 'redaction/x', signal: 'traces', meter });
    attributesAfter(
      { detectors: ['all'], actions: { ip: 'partial' }, blocked_values: ['zz'], blocked_key_patterns: ['^kk$'] },
      { a: `${address} ${address} 10.1.2.3`, password: 'x', z: 'zz', kk: 'v' },
      context,
    );
    const seen: Record<string, unknown> = {};
    for (const callback of callbacks)
      void callback({ observe: (value: number, attributes: object) => (seen[JSON.stringify(attributes)] = value) } as ObservableResult);
    const point = (rule: string, action: string): string =>
      JSON.stringify({ processor: 'redaction/x', 'otel.signal': 'traces', rule, action });
    expect(seen).toEqual({
      [point('email', 'mask')]: 2,
      [point('ip', 'partial')]: 1,
      [point('secret_keys', 'mask')]: 1,
      [point('blocked_values', 'mask')]: 1,
      [point('blocked_key_patterns', 'mask')]: 1,
    });
    expect(JSON.stringify(context.lines)).not.toContain(address);
  });
});

describe('the configuration', () => {
  it.each([
    [{ hash_function: 'hmac-sha256' }, ['hmac_key must not be empty when hash_function is "hmac-sha256"']],
    [{ hash_function: 'hmac-sha256', hmac_key: 'short' }, ['hmac_key must be at least 32 bytes long for "hmac-sha256", got 5 bytes']],
    [
      { hash_function: 'hmac-sha512', hmac_key: 'k'.repeat(63) },
      ['hmac_key must be at least 64 bytes long for "hmac-sha512", got 63 bytes'],
    ],
    [{ action: 'hash' }, ['hmac_key must be at least 32 bytes long for action hash, got 0 bytes']],
    [
      { actions: { email: 'hash' }, hash_function: 'md5', hmac_key: 'x' },
      ['hmac_key must be at least 32 bytes long for action hash, got 1 bytes'],
    ],
    [
      { blocked_values: ['('] },
      ['blocked_values: failed to process block list: error compiling regex in list: error parsing regexp: missing closing ): `(`'],
    ],
    [{ blocked_key_patterns: ['['] }, [expect.stringContaining('failed to process block keys list')]],
    [{ ignored_key_patterns: ['['] }, [expect.stringContaining('failed to process ignore keys list')]],
    [{ allowed_values: ['['] }, [expect.stringContaining('failed to process allow list')]],
    [{ actions: { mail: 'mask' } }, [expect.stringContaining('actions::mail: unknown detector')]],
    [{ detectors: ['all'], hash_function: 'sha3' }, []],
  ])('%j is checked', (settings, problems) => {
    expect(factory.validateConfig!(config(settings))).toEqual(problems);
  });
});
