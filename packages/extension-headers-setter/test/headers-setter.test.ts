import { type ClientAuthenticator, isClientAuthenticator, noClient } from '@millrace/api';
import type { Client } from '@millrace/api';
import { configOf, extensionContract, testContext } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';

extensionContract({ describe, it, expect }, factory, () => ({
  config: configOf(factory, { headers: [{ action: 'upsert', key: 'a', value: 'b' }] }),
}));

function apply(header: object, before: Record<string, string> = {}, client: Client = noClient): Record<string, string> {
  const context = testContext({ id: 'headers_setter', kind: 'extension' });
  const extension = factory.create(configOf(factory, { headers: [header] }), context) as ClientAuthenticator;
  expect(isClientAuthenticator(extension)).toBe(true);
  expect(extension.requiresTls).toBe(false);
  const headers = new Map(Object.entries(before));
  void extension.authorize(headers, client);
  return Object.fromEntries(headers);
}

const sender: Client = {
  metadata: new Map([
    ['tenant', ['acme']],
    ['many', ['a', 'b']],
  ]),
  auth: { subject: 'somebody', membership: ['x', 'y'] },
};

describe('headers_setter', () => {
  it('sets a header whether it is there or not with upsert', () => {
    expect(apply({ action: 'upsert', key: 'X-Scope', value: 'v' })).toEqual({ 'x-scope': 'v' });
    expect(apply({ action: 'upsert', key: 'X-Scope', value: 'v' }, { 'x-scope': 'old' })).toEqual({ 'x-scope': 'v' });
  });

  it('sets a header only where there is none with insert', () => {
    expect(apply({ action: 'insert', key: 'a', value: 'v' })).toEqual({ a: 'v' });
    expect(apply({ action: 'insert', key: 'a', value: 'v' }, { a: 'old' })).toEqual({ a: 'old' });
  });

  it('sets a header only where there is one with update', () => {
    expect(apply({ action: 'update', key: 'a', value: 'v' })).toEqual({});
    expect(apply({ action: 'update', key: 'a', value: 'v' }, { a: 'old' })).toEqual({ a: 'v' });
  });

  it('removes a header with delete', () => {
    expect(apply({ action: 'delete', key: 'A' }, { a: 'old', b: 'stays' })).toEqual({ b: 'stays' });
  });

  it('takes a value from the metadata of the sender with from_context', () => {
    expect(apply({ action: 'upsert', key: 'a', from_context: 'Tenant' }, {}, sender)).toEqual({ a: 'acme' });
    expect(apply({ action: 'upsert', key: 'a', from_context: 'none' }, {}, sender)).toEqual({ a: '' });
    expect(apply({ action: 'upsert', key: 'a', from_context: 'none', default_value: 'd' }, {}, sender)).toEqual({ a: 'd' });
    expect(() => apply({ action: 'upsert', key: 'a', from_context: 'many' }, {}, sender)).toThrow(
      "2 source keys found in the context, can't determine which one to use",
    );
  });

  it('sets no value that would be more than the value of one header', () => {
    for (const subject of ['a\r\nx-scope: other', 'a\nb', 'a\0b', 'a\x7fb']) {
      const client: Client = { metadata: new Map([['s', [subject]]]), auth: { subject } };
      expect(() => apply({ action: 'upsert', key: 'A', from_attribute: 'subject' }, {}, client)).toThrow(
        'invalid header field value for "a"',
      );
      expect(() => apply({ action: 'upsert', key: 'A', from_context: 's' }, {}, client)).toThrow('invalid header field value for "a"');
    }
  });

  it('sends text beyond ASCII in UTF-8, so that no other text has the same bytes', () => {
    const client: Client = { metadata: new Map([['s', ['Åc']]]), auth: { subject: 'Łc' } };
    const bytes = (header: object): string =>
      Buffer.from(apply({ action: 'upsert', key: 'a', ...header }, {}, client)['a']!, 'latin1').toString();
    expect(bytes({ from_attribute: 'subject' })).toBe('Łc');
    expect(bytes({ value: 'Łc' })).toBe('Łc');
    expect(bytes({ from_attribute: 'none', default_value: 'Łc' })).toBe('Łc');
    expect(apply({ action: 'upsert', key: 'a', from_context: 's' }, {}, client)).toEqual({ a: 'Åc' });
  });

  it('takes a value from what an authenticator found out with from_attribute', () => {
    expect(apply({ action: 'upsert', key: 'a', from_attribute: 'subject' }, {}, sender)).toEqual({ a: 'somebody' });
    expect(apply({ action: 'upsert', key: 'a', from_attribute: 'membership' }, {}, sender)).toEqual({ a: '["x","y"]' });
    expect(apply({ action: 'upsert', key: 'a', from_attribute: 'subject', default_value: 'd' })).toEqual({ a: 'd' });
  });

  it.each([
    [[], ['missing headers configuration']],
    [[{ action: 'upsert', value: 'a' }], ['headers::0: missing header name']],
    [[{ action: 'upsert', key: 'a' }], ["headers::0: missing header source, must be 'from_context', 'from_attribute' or 'value'"]],
    [
      [
        { action: 'delete', key: 'a' },
        { action: 'upsert', key: 'a', value: 'b', from_context: 'c' },
      ],
      ["headers::1: invalid header source, must either 'from_context', 'from_attribute' or 'value'"],
    ],
  ])('is configured with a name and one source per header: %j: %j', (headers, problems) => {
    expect(factory.validateConfig?.(configOf(factory, { headers }))).toEqual(problems);
  });
});
