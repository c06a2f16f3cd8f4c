import { execFileSync } from 'node:child_process';
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
import { hashSync } from 'bcryptjs';
import { afterEach, describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';
import { shaCrypt } from '../src/sha-crypt.ts';

extensionContract({ describe, it, expect }, factory, () => ({ config: configOf(factory, { htpasswd: { inline: 'a:b' } }) }));

const started: Extension[] = [];
const folder = mkdtempSync(join(tmpdir(), 'millrace-basicauth-'));

afterEach(async () => {
  for (const extension of started.splice(0)) await extension.shutdown?.(noDeadline());
});

async function start(settings: object, clock = new FakeClock()) {
  const context = testContext({ id: 'basicauth', kind: 'extension', clock });
  const extension = factory.create(configOf(factory, settings), context);
  started.push(extension);
  await extension.start?.(testHost());
  return { extension, context, clock };
}

async function server(settings: object, clock?: FakeClock) {
  const { extension, ...rest } = await start({ htpasswd: settings }, clock);
  if (!isServerAuthenticator(extension)) throw new Error('not a server authenticator');
  const ask = async (text: string, scheme = 'Basic') =>
    (extension as ServerAuthenticator).authenticate({ authorization: `${scheme} ${Buffer.from(text).toString('base64')}` });
  return { authenticator: extension as ServerAuthenticator, ask, ...rest };
}

async function client(settings: object, clock?: FakeClock) {
  const { extension, ...rest } = await start({ client_auth: settings }, clock);
  if (!isClientAuthenticator(extension)) throw new Error('not a client authenticator');
  const sent = async (): Promise<string> => {
    const headers = new Map<string, string>();
    await (extension as ClientAuthenticator).authorize(headers, noClient);
    return Buffer.from(headers.get('authorization')!.replace('Basic ', ''), 'base64').toString();
  };
  return { authenticator: extension as ClientAuthenticator, sent, ...rest };
}

async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  for (let tries = 0; tries < 400 && !(await condition()); tries++) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('basicauth for servers', () => {
  it('does not work on a password that is longer than anybody has', async () => {
    const crypted = (length: number): string => `$6$salt$${shaCrypt('x'.repeat(length), 'sha512', 'salt', 5000)}`;
    const { ask } = await server({ inline: `usual:${crypted(512)}\nlong:${crypted(513)}\nplain:${'x'.repeat(513)}` });
    expect(await ask(`usual:${'x'.repeat(512)}`)).toMatchObject({ username: 'usual' });
    await expect(ask(`long:${'x'.repeat(513)}`)).rejects.toThrow('invalid credentials');
    expect(await ask(`plain:${'x'.repeat(513)}`)).toMatchObject({ username: 'plain' });
  });

  it('checks the password of a name that nobody has, too, so that time does not tell which names there are', async () => {
    const { authenticator } = await server({ inline: `somebody:${hashSync('secret', 4)}` });
    for (const credentials of ['somebody:wrong', 'nobody:secret']) {
      const outcome = authenticator.authenticate({ authorization: `Basic ${Buffer.from(credentials).toString('base64')}` });
      expect(outcome).toBeInstanceOf(Promise);
      await expect(outcome).rejects.toThrow('invalid credentials');
    }
  });

  it.each([
    ['a plain password', 'secret'],
    ['bcrypt', hashSync('secret', 4)],
    ['bcrypt as Apache writes it', hashSync('secret', 4).replace(/^\$2b/, '$2y')],
    ['{SHA}', '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ='],
    ['{SSHA}', ssha('secret', 'salt')],
    ['apr1 MD5', execFileSync('openssl', ['passwd', '-apr1', '-salt', 'saltsalt', 'secret'], { encoding: 'utf8' }).trim()],
    ['SHA-256 crypt', execFileSync('openssl', ['passwd', '-5', '-salt', 'saltstring', 'secret'], { encoding: 'utf8' }).trim()],
    ['SHA-512 crypt', execFileSync('openssl', ['passwd', '-6', '-salt', 'saltstring', 'secret'], { encoding: 'utf8' }).trim()],
    [
      'SHA-512 crypt with rounds',
      execFileSync('openssl', ['passwd', '-6', '-salt', 'rounds=1400$anotherlongsalt', 'secret'], { encoding: 'utf8' }).trim(),
    ],
    ['crypt MD5', execFileSync('openssl', ['passwd', '-1', '-salt', 'xyz', 'secret'], { encoding: 'utf8' }).trim()],
  ])('accepts a user with %s, and no other password', async (_name, encoded) => {
    const { ask } = await server({ inline: `somebody:${encoded}` });
    expect(await ask('somebody:secret')).toEqual({ username: 'somebody', raw: 'c29tZWJvZHk6c2VjcmV0' });
    expect(await ask('somebody:secret', 'bAsIc')).toMatchObject({ username: 'somebody' });
    await expect(ask('somebody:Secret')).rejects.toThrow('invalid credentials');
    await expect(ask('somebody:')).rejects.toThrow('invalid credentials');
    await expect(ask('nobody:secret')).rejects.toThrow('invalid credentials');
  });

  it.each(['-apr1', '-5', '-6'])('knows openssl passwd %s for long passwords and salts', async (kind) => {
    const password = 'é'.repeat(70);
    const encoded = execFileSync('openssl', ['passwd', kind, '-salt', '12345678', password], { encoding: 'utf8' }).trim();
    const { ask } = await server({ inline: `somebody:${encoded}` });
    expect(await ask(`somebody:${password}`)).toMatchObject({ username: 'somebody' });
  });

  it('takes colons in passwords', async () => {
    const { ask } = await server({ inline: 'somebody:a:b:c' });
    expect(await ask('somebody:a:b:c')).toMatchObject({ username: 'somebody' });
  });

  it('says what is wrong with a header', async () => {
    const { authenticator, ask } = await server({ inline: 'somebody:secret' });
    const authenticate = async (authorization?: string | string[]) => authenticator.authenticate({ authorization });
    await expect(authenticate()).rejects.toThrow('no basic auth provided');
    await expect(authenticate([])).rejects.toThrow('no basic auth provided');
    await expect(authenticate('Bearer x')).rejects.toThrow('invalid authorization scheme prefix');
    await expect(authenticate('Basic !!!')).rejects.toThrow('invalid authorization format');
    await expect(ask('no colon')).rejects.toThrow('invalid authorization format');
  });

  it('remembers who was right, so that bcrypt is paid once', async () => {
    const { ask, authenticator } = await server({ inline: `somebody:${hashSync('secret', 4)}` });
    await Promise.all([ask('somebody:secret'), ask('somebody:secret')]);
    expect(authenticator.authenticate({ authorization: 'Basic c29tZWJvZHk6c2VjcmV0' })).not.toBeInstanceOf(Promise);
  });

  it('does not let guesses pile up, while those who are known get in', async () => {
    const { ask } = await server({ inline: `somebody:${hashSync('secret', 4)}` });
    await ask('somebody:secret');
    const guesses = Array.from({ length: 150 }, (_, i) => ask(`somebody:guess ${i}`).catch((error: Error) => error.message));
    expect(await ask('somebody:secret')).toMatchObject({ username: 'somebody' });
    const answers = await Promise.all(guesses);
    expect(answers.filter((answer) => answer === 'invalid credentials')).toHaveLength(100);
    expect(answers.filter((answer) => answer === 'too many credentials are being checked')).toHaveLength(50);
    await expect(ask('somebody:another guess')).rejects.toThrow('invalid credentials');
  });

  it('forgets the oldest of very many', async () => {
    const users = Array.from({ length: 1100 }, (_, i) => `user${i}:secret`);
    const { ask, authenticator } = await server({ inline: users.join('\n') });
    for (const user of users) await ask(user);
    const again = (user: string) => authenticator.authenticate({ authorization: `Basic ${Buffer.from(user).toString('base64')}` });
    expect(again(users[0]!)).toBeInstanceOf(Promise);
    expect(again(users[1099]!)).not.toBeInstanceOf(Promise);
  });

  it('lets inline win over file, and reads the file again when it changes', async () => {
    const file = join(folder, 'users');
    writeFileSync(file, '# users\n\na:from-file\nb:from-file\n');
    const { ask, clock } = await server({ file, inline: 'a:inline' });
    expect(await ask('a:inline')).toMatchObject({ username: 'a' });
    expect(await ask('b:from-file')).toMatchObject({ username: 'b' });
    await expect(ask('a:from-file')).rejects.toThrow('invalid credentials');
    writeFileSync(file, 'b:changed\n');
    await clock.advance(1000);
    const accepted = (text: string) =>
      ask(text).then(
        () => true,
        () => false,
      );
    await until(() => accepted('b:changed'));
    expect([await accepted('b:changed'), await accepted('b:from-file'), await accepted('a:inline')]).toEqual([true, false, true]);
  });

  it('keeps the users when the file goes away, and says so', async () => {
    const file = join(folder, 'gone');
    writeFileSync(file, 'a:b\n');
    const { ask, clock, context } = await server({ file });
    rmSync(file);
    await clock.advance(1000);
    await until(() => context.lines.length > 0);
    expect(context.lines).toMatchObject([{ level: 'error', message: 'Failed to reload htpasswd file; the old users stay' }]);
    expect(await ask('a:b')).toMatchObject({ username: 'a' });
  });

  it('leaves out what it does not understand, and never writes it down', async () => {
    const { ask, context } = await server({ inline: 'no colon here\nold:$7$salt$hash\nbad:$2b$xx\nshort:{SSHA}xx\ngood:x' });
    await expect(ask('old:$7$salt$hash')).rejects.toThrow('invalid credentials');
    expect(await ask('good:x')).toMatchObject({ username: 'good' });
    expect(context.lines).toEqual([{ level: 'warn', message: 'Some lines of htpasswd cannot be understood', attributes: { lines: 4 } }]);
  });

  it('does not start without its file', async () => {
    await expect(server({ file: '/nowhere/users' })).rejects.toThrow('open htpasswd file: ');
  });
});

describe('basicauth for clients', () => {
  it('sends its user and password, encrypted only', async () => {
    const { authenticator, sent } = await client({ username: 'somebody', password: 'secret' });
    expect(await sent()).toBe('somebody:secret');
    expect(authenticator.requiresTls).toBe(true);
  });

  it('takes username_file and password_file in place of values, and follows their changes', async () => {
    const [usernameFile, passwordFile] = [join(folder, 'username'), join(folder, 'password')];
    writeFileSync(usernameFile, 'me\n');
    writeFileSync(passwordFile, 'first\n');
    const settings = { username: 'x', password: 'y', username_file: usernameFile, password_file: passwordFile };
    const { sent, clock, context } = await client(settings);
    expect(await sent()).toBe('me:first');
    writeFileSync(passwordFile, 'second');
    await clock.advance(1000);
    await until(async () => (await sent()) === 'me:second');
    expect(await sent()).toBe('me:second');
    rmSync(passwordFile);
    await until(() => clock.pending > 0);
    await clock.advance(1000);
    await until(() => context.lines.some((line) => line.level === 'error'));
    expect(await sent()).toBe('me:second');
    expect(JSON.stringify(context.lines)).not.toContain('second');
  });

  it('does not start without its files', async () => {
    await expect(client({ username: 'x', password_file: '/nowhere/password' })).rejects.toThrow('/nowhere/password');
  });
});

describe('the configuration of basicauth', () => {
  it.each([
    [{}, ['no credential source provided']],
    [{ htpasswd: {} }, ['no credential source provided']],
    [{ htpasswd: { inline: 'a:b' }, client_auth: {} }, ['only one of `htpasswd` or `client_auth` can be specified']],
    [{ client_auth: { username: 'a:b' } }, ['client_auth::username: invalid authorization format']],
    [{ client_auth: { username: 'a', password: 'b' } }, []],
    [{ htpasswd: { inline: 'a:b' } }, []],
  ])('%j: %j', (settings, problems) => {
    expect(factory.validateConfig?.(configOf(factory, settings))).toEqual(problems);
  });
});

function ssha(password: string, salt: string): string {
  const digest = execFileSync('openssl', ['dgst', '-sha1', '-binary'], { input: password + salt });
  return `{SSHA}${Buffer.concat([digest, Buffer.from(salt)]).toString('base64')}`;
}
