import { generateKeyPairSync, verify } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClientAuthenticator, isClientAuthenticator, noClient } from '@millrace/api';
import { configOf, extensionContract, FakeClock, noDeadline, testContext, testHost } from '@millrace/api/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { makeAuthority } from '../../../test/certificates.ts';
import { factory } from '../src/index.ts';

interface Asked {
  readonly headers: IncomingHttpHeaders;
  readonly form: Record<string, string[]>;
}

/** An authorization server that grants `token-1`, `token-2` and so on, or answers as it is told. */
class Issuer {
  readonly asked: Asked[] = [];
  answer: (asked: Asked) => { status: number; body: unknown } | undefined = () => ({
    status: 200,
    body: { access_token: `token-${this.asked.length}`, token_type: 'bearer', expires_in: 3600 },
  });
  readonly server: Server;

  constructor(tls?: { readonly cert: string; readonly key: string }) {
    this.server = tls === undefined ? createServer() : (createTlsServer(tls) as unknown as Server);
    this.server.on('request', (request, response) => {
      let text = '';
      request.on('data', (chunk: Buffer) => (text += chunk.toString()));
      request.on('end', () => {
        const fields = new URLSearchParams(text);
        const asked = { headers: request.headers, form: Object.fromEntries([...fields.keys()].map((name) => [name, fields.getAll(name)])) };
        this.asked.push(asked);
        const answer = this.answer(asked);
        if (answer === undefined) return;
        response.writeHead(answer.status, { 'content-type': 'application/json' });
        response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body));
      });
    });
  }

  async listen(): Promise<this> {
    await once(this.server.listen(0, '127.0.0.1'), 'listening');
    return this;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

let issuer: Issuer;
const cleanup: (() => unknown)[] = [];

beforeEach(async () => {
  issuer = await new Issuer().listen();
  cleanup.push(() => issuer.close());
});

afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

extensionContract({ describe, it, expect }, factory, () => ({
  config: configOf(factory, { client_id: 'a', client_secret: 'b', token_url: 'http://127.0.0.1:9/token' }),
}));

async function oauth(settings: object = {}) {
  const clock = new FakeClock();
  const context = testContext({ id: 'oauth2client', kind: 'extension', clock });
  const base = { client_id: 'me', client_secret: 'my secret', token_url: `http://127.0.0.1:${issuer.port}/token?x=secret-param` };
  const extension = factory.create(configOf(factory, { ...base, ...settings }), context) as ClientAuthenticator;
  cleanup.push(() => extension.shutdown?.(noDeadline()));
  await extension.start?.(testHost());
  const authorize = async (): Promise<Map<string, string>> => {
    const headers = new Map<string, string>();
    await extension.authorize(headers, noClient);
    return headers;
  };
  const sent = async (): Promise<string | undefined> => (await authorize()).get('authorization');
  return { extension, clock, context, authorize, sent };
}

describe('oauth2client', () => {
  it('fetches one token for all requests, encrypted only', async () => {
    const { extension, sent } = await oauth({ scopes: ['a', 'b'], endpoint_params: { audience: ['x', 'y'] } });
    expect(isClientAuthenticator(extension)).toBe(true);
    expect(extension.requiresTls).toBe(true);
    expect(await Promise.all([sent(), sent(), sent()])).toEqual(['Bearer token-1', 'Bearer token-1', 'Bearer token-1']);
    expect(await sent()).toBe('Bearer token-1');
    expect(issuer.asked).toHaveLength(1);
    expect(issuer.asked[0]).toMatchObject({
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        authorization: `Basic ${Buffer.from('me:my+secret').toString('base64')}`,
      },
      form: { grant_type: ['client_credentials'], scope: ['a b'], audience: ['x', 'y'] },
    });
  });

  it('replaces a token expiry_buffer before its end', async () => {
    const { sent, clock } = await oauth({ expiry_buffer: '10m' });
    expect(await sent()).toBe('Bearer token-1');
    await clock.advance(49 * 60_000);
    expect(await sent()).toBe('Bearer token-1');
    await clock.advance(60_000);
    expect(await sent()).toBe('Bearer token-2');
  });

  it('uses a short-lived token for half of its time at least', async () => {
    issuer.answer = () => ({ status: 200, body: { access_token: `token-${issuer.asked.length}`, expires_in: '60' } });
    const { sent, clock } = await oauth();
    await sent();
    await clock.advance(29_000);
    expect(await sent()).toBe('Bearer token-1');
    await clock.advance(2_000);
    expect(await sent()).toBe('Bearer token-2');
  });

  it('keeps a token that names no end, and its own type', async () => {
    issuer.answer = () => ({ status: 200, body: { access_token: 'x', token_type: 'MAC' } });
    const { sent, clock } = await oauth();
    await sent();
    await clock.advance(1_000_000_000);
    expect(await sent()).toBe('MAC x');
    expect(issuer.asked).toHaveLength(1);
  });

  it('replaces a token that the destination refuses, unless it is brand new', async () => {
    const { extension, authorize, sent, clock } = await oauth();
    const headers = await authorize();
    expect(extension.rejected?.(headers)).toBe(false);
    await clock.advance(10_000);
    expect(extension.rejected?.(headers)).toBe(true);
    expect(extension.rejected?.(headers)).toBe(true);
    expect(await sent()).toBe('Bearer token-2');
    expect(extension.rejected?.(headers)).toBe(true);
    expect(await sent()).toBe('Bearer token-2');
  });

  it.each([
    ['jwt-bearer', 'RS256', 'sha256'],
    ['urn:ietf:params:oauth:grant-type:jwt-bearer', 'RS512', 'sha512'],
  ])('asks with a token of its own that it signs: %s with %s', async (grant_type, signature_algorithm, hash) => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
    const settings = {
      grant_type,
      signature_algorithm,
      client_secret: '',
      client_certificate_key: pem,
      client_certificate_key_id: 'key-1',
      scopes: ['a', 'b'],
      claims: { tenant: 'acme' },
    };
    expect(await (await oauth(settings)).sent()).toBe('Bearer token-1');
    const { headers, form } = issuer.asked[0]!;
    expect(headers.authorization).toBeUndefined();
    expect(form).toMatchObject({ grant_type: ['urn:ietf:params:oauth:grant-type:jwt-bearer'], scope: ['a b'] });
    const [head, body, signature] = form['assertion']![0]!.split('.') as [string, string, string];
    const read = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString());
    expect(read(head)).toEqual({ alg: signature_algorithm, typ: 'JWT', kid: 'key-1' });
    const url = `http://127.0.0.1:${issuer.port}/token?x=secret-param`;
    expect(read(body)).toMatchObject({
      iss: 'me',
      sub: 'me',
      aud: url,
      iat: 1_790_000_000,
      exp: 1_790_001_800,
      scope: 'a b',
      tenant: 'acme',
    });
    expect(verify(hash, Buffer.from(`${head}.${body}`), publicKey, Buffer.from(signature, 'base64url'))).toBe(true);
  });

  it('names another issuer and audience, takes its key from a file, and says when that cannot sign', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const file = join(mkdtempSync(join(tmpdir(), 'millrace-oauth-')), 'key.pem');
    writeFileSync(file, privateKey.export({ type: 'pkcs1', format: 'pem' }));
    const { sent, clock } = await oauth({ grant_type: 'jwt-bearer', client_certificate_key_file: file, iss: 'i', audience: 'a' });
    await sent();
    const claims: unknown = JSON.parse(Buffer.from(issuer.asked[0]!.form['assertion']![0]!.split('.')[1]!, 'base64url').toString());
    expect(claims).toMatchObject({ iss: 'i', sub: 'me', aud: 'a' });
    writeFileSync(file, 'no key');
    await clock.advance(3_600_000);
    await expect(sent()).rejects.toThrow('the client_certificate_key cannot sign');
  });

  it('puts the credentials into the body where the server wants them there', async () => {
    issuer.answer = ({ form }) =>
      form['client_secret'] === undefined
        ? { status: 401, body: { error: 'invalid_client' } }
        : { status: 200, body: { access_token: 'x', expires_in: 100 } };
    const { sent, clock } = await oauth();
    expect(await sent()).toBe('Bearer x');
    await clock.advance(100_000);
    await sent();
    expect(issuer.asked.map(({ form }) => form['client_id'])).toEqual([undefined, ['me'], ['me']]);
    expect(issuer.asked[1]!.headers.authorization).toBeUndefined();
  });

  it('reads client_id_file and client_secret_file for every token', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-oauth-'));
    const [idFile, secretFile] = [join(folder, 'id'), join(folder, 'secret')];
    writeFileSync(idFile, 'file-id\n');
    writeFileSync(secretFile, 'one\n');
    const { sent, clock } = await oauth({ client_id_file: idFile, client_secret_file: secretFile });
    await sent();
    writeFileSync(secretFile, 'two\n');
    await clock.advance(3_600_000);
    await sent();
    const users = issuer.asked.map(({ headers }) => Buffer.from(headers.authorization!.slice(6), 'base64').toString());
    expect(users).toEqual(['file-id:one', 'file-id:two']);
  });

  it.each([
    [{ status: 400, body: { error: 'invalid_scope' } }, 'status 400, error "invalid_scope"'],
    [{ status: 503, body: 'busy' }, 'status 503'],
    [{ status: 200, body: {} }, 'server response missing access_token'],
    [{ status: 200, body: 'nonsense' }, 'server response missing access_token'],
    [{ status: 200, body: 'null' }, 'server response missing access_token'],
  ])('fails without secrets in the error, and asks again with the next request: %j', async (answer, text) => {
    const granted = issuer.answer;
    issuer.answer = () => answer;
    const { sent } = await oauth();
    const error = (await sent().catch((thrown: Error) => thrown)) as Error;
    expect(error.message).toBe(
      `failed to get security token from token endpoint (endpoint "http://127.0.0.1:${issuer.port}/token"): ${text}`,
    );
    issuer.answer = granted;
    expect(await sent()).toMatch(/^Bearer token-/);
  });

  it('gives up after timeout, and when it is shut down', async () => {
    issuer.answer = () => undefined;
    const slow = await oauth({ timeout: '20ms' });
    await expect(slow.sent()).rejects.toThrow(/timeout/);
    const stopped = await oauth();
    const waiting = expect(stopped.sent()).rejects.toThrow('the extension is shut down');
    await stopped.extension.shutdown?.(noDeadline());
    await waiting;
  });

  it('trusts the authorities of tls', async () => {
    const authority = makeAuthority('issuers');
    const secured = await new Issuer(authority.issue('issuer')).listen();
    cleanup.push(() => secured.close());
    secured.answer = () => ({ status: 200, body: { access_token: 'x' } });
    const token_url = `https://127.0.0.1:${secured.port}/token`;
    const tls = { insecure: false, insecure_skip_verify: false };
    const { sent } = await oauth({ token_url, tls: { ...tls, ca_file: authority.certFile } });
    expect(await sent()).toBe('Bearer x');
    const strange = await oauth({ token_url, tls });
    await expect(strange.sent()).rejects.toThrow(/unable to (verify|get)/);
  });

  it.each([
    [{}, ['no ClientID provided in the OAuth2 exporter configuration']],
    [{ client_id: 'a' }, ['no ClientSecret provided in OAuth Client Credentials configuration']],
    [{ client_id: 'a', grant_type: 'jwt-bearer' }, ['no ClientCertificateKey provided in the OAuth2 exporter configuration']],
    [{ client_id: 'a', client_secret: 'b' }, ['no TokenURL provided in OAuth Client Credentials configuration']],
    [{ client_id_file: 'a', client_secret_file: 'b', token_url: 'ftp://x' }, ['token_url: must be a valid URL']],
    [{ client_id: 'a', client_secret: 'b', token_url: 'https://x/token', tls: { cert_file: 'a' } }, [expect.stringMatching(/^tls: /)]],
    [{ client_id: 'a', client_secret: 'b', token_url: 'https://x/token' }, []],
  ])('needs an id, a secret and a URL: %j: %j', (settings, problems) => {
    expect(factory.validateConfig?.(configOf(factory, settings))).toEqual(problems);
  });
});
