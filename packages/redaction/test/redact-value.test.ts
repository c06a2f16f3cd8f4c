import { redacted, redactFields, redactValue } from '@millrace/redaction';
import { describe, expect, it } from '@jest/globals';

describe('What logs show (IMS-1)', () => {
  it('is the value itself when nothing is to be hidden', () => {
    const fields = { path: '/tmp/x', items: 3, nested: { list: [1, { a: 'b' }], when: new Date(0) }, none: undefined };
    expect(redactFields(fields)).toBe(fields);
    expect(redactValue('text')).toBe('text');
    expect(redactValue(undefined)).toBeUndefined();
  });

  it('hides secrets and content at any place, and leaves the input alone', () => {
    const fields = {
      endpoint: 'http://x',
      headers: { 'X-Auth-Token': 'abc', accept: '*/*' },
      accounts: [{ email: 'a@b.c', id: 7 }],
      api_key: ['k1', 'k2'],
      ssn: 123456789,
      'gen_ai.prompt': 'tell me',
      'gen_ai.usage.input_tokens': 12,
    };
    const before = structuredClone(fields);
    expect(redactFields(fields)).toEqual({
      endpoint: 'http://x',
      headers: { 'X-Auth-Token': redacted, accept: '*/*' },
      accounts: [{ email: redacted, id: 7 }],
      api_key: redacted,
      ssn: redacted,
      'gen_ai.prompt': redacted,
      'gen_ai.usage.input_tokens': 12,
    });
    expect(fields).toEqual(before);
  });

  it('shows whether a secret is set, and numbers in the place of content', () => {
    const fields = { password: undefined, token: null, secret: true, prompts: 5, completions: 7n };
    expect(redactFields(fields)).toBe(fields);
  });

  it('reads maps, sets, classes and what JSON would make of objects', () => {
    class Account {
      readonly password = 'x';
      readonly name = 'y';
    }
    expect(redactValue(new Account())).toEqual({ password: redacted, name: 'y' });
    expect(redactValue({ map: new Map([['token', 'x']]), set: new Set([{ token: 'x' }]) })).toEqual({
      map: { token: redacted },
      set: [{ token: redacted }],
    });
    expect(redactValue({ json: { toJSON: () => ({ token: 'x', a: 1 }) } })).toEqual({ json: { token: redacted, a: 1 } });
  });

  it('keeps errors and binary data as they are', () => {
    const fields = { error: new Error('x'), bytes: new Uint8Array(3), pattern: /x/ };
    expect(redactFields(fields)).toBe(fields);
  });

  it('ends at a depth and at a number of values', () => {
    const circle: Record<string, unknown> = { password: 'x' };
    circle['self'] = circle;
    const shown = JSON.stringify(redactValue(circle));
    expect(shown).not.toContain('"x"');
    expect(shown.match(/self/g)).toHaveLength(8);
    expect(shown).toContain('[TRUNCATED]');
    const long = redactValue(Array.from({ length: 5_000 }, (_, i) => i)) as unknown[];
    expect(long).toHaveLength(1_001);
    expect(long.at(-1)).toBe('[TRUNCATED]');
    const wide = redactValue(Object.fromEntries(Array.from({ length: 1_500 }, (_, i) => [`${i}.token`, i]))) as object;
    expect(new Set(Object.values(wide))).toEqual(new Set([redacted]));
  });

  it('is not stopped by values that fail, and keeps odd names', () => {
    const failing = {
      get bad(): string {
        throw new Error('no');
      },
    };
    expect(redactValue(failing)).toBe(redacted);
    expect(redactFields(failing)).toEqual({ fields: redacted });
    const odd = JSON.parse('{"__proto__": {"token": "x"}}') as object;
    expect(JSON.stringify(redactValue(odd))).toBe('{"__proto__":{"token":"[REDACTED]"}}');
  });
});
