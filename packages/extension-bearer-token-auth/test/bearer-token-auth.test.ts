import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ClientAuthenticator,
  type Extension,
  isClientAuthenticator,
  isServerAuthenticator,
  noClient,
  type ServerAuthenticator,
} from '@millrace/api';
import { configOf, extensionContract, FakeClock, noDeadline, testContext, testHost } from '@millrace/api/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';

extensionContract({ describe, it, expect }, factory, () => ({ config: configOf(factory, { token: 'x' }) }));

const started: Extension[] = [];
const folder = mkdtempSync(join(tmpdir(), 'millrace-bearer-'));

afterEach(async () => {
  for (const extension of started.splice(0)) await extension.shutdown?.(noDeadline());
});

async function bearer(settings: object) {
  const clock = new FakeClock();
  const context = testContext({ id: 'bearertokenauth', kind: 'extension', clock });
  const extension = factory.create(configOf(factory, settings), context) as ClientAuthenticator & ServerAuthenticator;
  started.push(extension);
  await extension.start?.(testHost());
  expect([isClientAuthenticator(extension), isServerAuthenticator(extension)]).toEqual([true, true]);
  const sent = (): string[][] => {
    const headers = new Map<string, string>();
    void extension.authorize(headers, noClient);
    return [...headers];
  };
  const accepts = async (headers: Record<string, string | string[]>): Promise<boolean> => {
    try {
      await extension.authenticate(headers);
      return true;
    } catch {
      return false;
    }
  };
  return { extension, clock, context, sent, accepts };
}

async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  for (let tries = 0; tries < 400 && !(await condition()); tries++) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('bearertokenauth', () => {
  it('sends its token, encrypted only, and accepts exactly that', async () => {
    const { extension, sent, accepts } = await bearer({ token: 'abc' });
    expect(sent()).toEqual([['authorization', 'Bearer abc']]);
    expect(extension.requiresTls).toBe(true);
    expect(await accepts({ authorization: 'Bearer abc' })).toBe(true);
    expect(await accepts({ authorization: ['Bearer abc', 'Bearer x'] })).toBe(true);
    for (const wrong of ['Bearer abcd', 'bearer abc', 'abc', 'Bearer ', '']) expect(await accepts({ authorization: wrong })).toBe(false);
  });

  it('says what is wrong, without the token', async () => {
    const { extension } = await bearer({ token: 'abc', header: 'X-Token' });
    expect(() => extension.authenticate({})).toThrow('missing or empty authorization header: X-Token');
    expect(() => extension.authenticate({ 'x-token': 'Bearer secret' })).toThrow(/^scheme or token does not match$/);
  });

  it('uses another header and another or no scheme', async () => {
    const { sent, accepts } = await bearer({ token: 'abc', header: 'X-Token', scheme: '' });
    expect(sent()).toEqual([['x-token', 'abc']]);
    expect(await accepts({ 'x-token': 'abc' })).toBe(true);
    const other = await bearer({ token: 'abc', scheme: 'ApiKey' });
    expect(other.sent()).toEqual([['authorization', 'ApiKey abc']]);
  });

  it('accepts each of several tokens and sends the first', async () => {
    const { sent, accepts } = await bearer({ tokens: ['one', 'two'] });
    expect(sent()).toEqual([['authorization', 'Bearer one']]);
    expect([await accepts({ authorization: 'Bearer one' }), await accepts({ authorization: 'Bearer two' })]).toEqual([true, true]);
  });

  it('takes the tokens of a file in place of others, and follows its changes', async () => {
    const filename = join(folder, 'token');
    writeFileSync(filename, 'one\n\n two \n');
    const { sent, accepts, clock, context } = await bearer({ filename, token: 'ignored' });
    expect(sent()).toEqual([['authorization', 'Bearer one']]);
    expect([await accepts({ authorization: 'Bearer two' }), await accepts({ authorization: 'Bearer ignored' })]).toEqual([true, false]);
    expect(await accepts({ authorization: 'Bearer' })).toBe(false);
    writeFileSync(filename, 'three');
    await clock.advance(1000);
    await until(() => sent()[0]![1] === 'Bearer three');
    expect(await accepts({ authorization: 'Bearer one' })).toBe(false);
    writeFileSync(filename, '\n');
    await until(() => clock.pending > 0);
    await clock.advance(1000);
    await until(() => context.lines.some((line) => line.level === 'error'));
    expect(sent()).toEqual([['authorization', 'Bearer three']]);
    expect(context.lines.map((line) => line.message)).toEqual([
      'a filename is specified. Configured token(s) is ignored!',
      'refresh token',
      'Failed to read the token again; the old one stays in use',
    ]);
    rmSync(filename);
  });

  it('does not start without its file', async () => {
    await expect(bearer({ filename: '/nowhere/token' })).rejects.toThrow('/nowhere/token');
  });

  it.each([
    [{}, ['no bearer token provided']],
    [{ token: 'a', tokens: ['b'] }, ['either tokens or token should be provided, not both']],
    [{ filename: 'a' }, []],
    [{ tokens: ['b'] }, []],
  ])('is configured with one kind of token: %j: %j', (settings, problems) => {
    expect(factory.validateConfig?.(configOf(factory, settings))).toEqual(problems);
  });
});
