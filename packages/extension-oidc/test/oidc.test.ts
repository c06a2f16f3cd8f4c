import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isServerAuthenticator, type ServerAuthenticator } from '@millrace/api';
import { configOf, extensionContract, FakeClock, noDeadline, testContext, testHost } from '@millrace/api/testing';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { makeAuthority } from '../../../test/certificates.ts';
import { factory } from '../src/index.ts';

interface KeyPair {
  readonly jwk: JWK;
  sign(claims: Record<string, unknown>): Promise<string>;
}

async function keyPair(kid: string, alg = 'ES256'): Promise<KeyPair> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' };
  return { jwk, sign: (claims) => new SignJWT(claims).setProtectedHeader({ alg, kid }).sign(privateKey) };
}

const now = 1_790_000_000;
const folder = mkdtempSync(join(tmpdir(), 'millrace-oidc-'));
const cleanup: (() => unknown)[] = [];
let first: KeyPair;
let second: KeyPair;

beforeAll(async () => {
  first = await keyPair('first');
  second = await keyPair('second', 'RS256');
});

afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

/** An issuer on 127.0.0.1 with discovery and keys that a test can change. */
class Issuer {
  readonly asked: string[] = [];
  keys: JWK[] = [];
  document: Record<string, unknown> = {};
  status = 200;
  readonly server: Server;
  readonly #scheme: string;

  constructor(tls?: { readonly cert: string; readonly key: string }) {
    this.#scheme = tls === undefined ? 'http' : 'https';
    this.server = tls === undefined ? createServer() : (createTlsServer(tls) as unknown as Server);
    this.server.on('request', (request, response) => {
      this.asked.push(request.url!);
      const body = request.url === '/keys' ? { keys: this.keys } : this.document;
      response.writeHead(this.status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  }

  async listen(keys: JWK[]): Promise<this> {
    await once(this.server.listen(0, '127.0.0.1'), 'listening');
    this.keys = keys;
    this.document = { issuer: this.url, jwks_uri: `${this.url}/keys`, id_token_signing_alg_values_supported: ['RS256', 'ES256', 'none'] };
    cleanup.push(() => {
      this.server.closeAllConnections();
      this.server.close();
    });
    return this;
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  claims(more: Record<string, unknown> = {}): Record<string, unknown> {
    return { iss: this.url, aud: 'millrace', sub: 'somebody', exp: now + 60, ...more };
  }
}

extensionContract({ describe, it, expect }, factory, () => ({
  config: configOf(factory, { providers: [{ issuer_url: 'http://127.0.0.1:9', audience: 'a' }] }),
}));

async function oidc(settings: object) {
  const clock = new FakeClock(now * 1000);
  const context = testContext({ id: 'oidc', kind: 'extension', clock });
  const extension = factory.create(configOf(factory, settings), context);
  cleanup.push(() => extension.shutdown?.(noDeadline()));
  await extension.start?.(testHost());
  if (!isServerAuthenticator(extension)) throw new Error('not a server authenticator');
  const authenticator: ServerAuthenticator = extension;
  const accept = async (token: string) => authenticator.authenticate({ authorization: `Bearer ${token}` });
  return { accept, authenticator, clock, context };
}

describe('oidc', () => {
  it('accepts tokens of its issuer, whose keys it fetches once and lazily, and tells what they say', async () => {
    const issuer = await new Issuer().listen([first.jwk]);
    const { accept } = await oidc({ providers: [{ issuer_url: issuer.url, audience: 'millrace' }] });
    expect(issuer.asked).toEqual([]);
    const token = await first.sign(issuer.claims({ tenant: 'acme', aud: ['x', 'millrace'] }));
    const data = await accept(token);
    expect(data).toMatchObject({ subject: 'somebody', membership: [], raw: token, tenant: 'acme', claims: { tenant: 'acme' } });
    await Promise.all([accept(token), accept(token)]);
    expect(issuer.asked).toEqual(['/.well-known/openid-configuration', '/keys']);
  });

  it('accepts the flat form of old configurations, username_claim and groups_claim', async () => {
    const issuer = await new Issuer().listen([first.jwk]);
    const flat = { issuer_url: issuer.url, audience: 'millrace', username_claim: 'email', groups_claim: 'groups' };
    const { accept } = await oidc(flat);
    const claims = issuer.claims({ email: 'a@example.com', groups: ['x', 1] });
    expect(await accept(await first.sign(claims))).toMatchObject({ subject: 'a@example.com', membership: ['x', '1'] });
    expect(await accept(await first.sign({ ...claims, groups: 'x' }))).toMatchObject({ membership: ['x'] });
    await expect(accept(await first.sign(issuer.claims({ groups: [] })))).rejects.toThrow(
      'username claim from the OIDC configuration not found',
    );
    await expect(accept(await first.sign(issuer.claims({ email: 1 })))).rejects.toThrow("isn't a regular string");
    await expect(accept(await first.sign(issuer.claims({ email: 'a' })))).rejects.toThrow(
      'groups claim from the OIDC configuration not found',
    );
  });

  it('refuses what is expired, not yet valid, for others, by others, or forged', async () => {
    const issuer = await new Issuer().listen([first.jwk]);
    const { accept, clock } = await oidc({ providers: [{ issuer_url: issuer.url, audience: 'millrace' }] });
    const refuses = async (claims: Record<string, unknown>, text: RegExp, key = first) =>
      expect(accept(await key.sign(claims))).rejects.toThrow(text);
    await refuses(issuer.claims({ exp: now - 1 }), /failed to verify token: .*exp/);
    await refuses(issuer.claims({ nbf: now + 60 }), /failed to verify token: .*nbf/);
    await refuses(issuer.claims({ aud: 'other' }), /failed to verify token: .*aud/);
    await refuses(issuer.claims({ iss: 'https://other.example' }), /failed to verify token: .*iss/);
    const { exp: _, ...endless } = issuer.claims();
    await refuses(endless, /failed to verify token: .*exp/);
    await refuses(issuer.claims(), /failed to verify token: /, await keyPair('first'));
    const good = await first.sign(issuer.claims());
    await accept(good);
    await clock.advance(61_000);
    await expect(accept(good)).rejects.toThrow(/exp/);
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify(issuer.claims({ exp: now + 999 }))).toString('base64url')}.`;
    await expect(accept(none)).rejects.toThrow(/failed to verify token/);
  });

  it('says what is wrong with a header', async () => {
    const issuer = await new Issuer().listen([first.jwk]);
    const { authenticator } = await oidc({ attribute: 'X-Token', providers: [{ issuer_url: issuer.url, audience: 'millrace' }] });
    const authenticate = async (value?: string | string[]) => authenticator.authenticate({ 'x-token': value });
    await expect(authenticate()).rejects.toThrow("authentication didn't succeed");
    await expect(authenticate('Bearer')).rejects.toThrow('invalid authorization header format');
    await expect(authenticate('Bearer nonsense')).rejects.toThrow('failed to parse the token: ');
    expect(await authenticate([`Bearer ${await first.sign(issuer.claims())}`])).toMatchObject({ subject: 'somebody' });
  });

  it('picks the provider by the issuer of the token', async () => {
    const one = await new Issuer().listen([first.jwk]);
    const two = await new Issuer().listen([second.jwk]);
    const { accept } = await oidc({
      providers: [
        { issuer_url: one.url, audience: 'millrace' },
        { issuer_url: two.url, ignore_audience: true },
      ],
    });
    expect(await accept(await first.sign(one.claims()))).toMatchObject({ subject: 'somebody' });
    expect(await accept(await second.sign(two.claims({ aud: 'anything' })))).toMatchObject({ subject: 'somebody' });
    await expect(accept(await first.sign(two.claims()))).rejects.toThrow('failed to verify token');
    await expect(accept(await first.sign({ ...one.claims(), iss: 'x' }))).rejects.toThrow(
      'failed to resolve OIDC provider for the issuer "x": no OIDC provider configured for the issuer "x"',
    );
    const { iss: _, ...anonymous } = one.claims();
    await expect(accept(await first.sign(anonymous))).rejects.toThrow('no OIDC provider configured for the issuer ""');
  });

  it('asks an issuer that cannot be reached again after a pause', async () => {
    const issuer = await new Issuer().listen([first.jwk]);
    issuer.status = 503;
    const { accept, clock, context } = await oidc({ providers: [{ issuer_url: issuer.url, audience: 'millrace' }] });
    const token = await first.sign(issuer.claims());
    await expect(accept(token)).rejects.toThrow(`failed to create OIDC provider for "${issuer.url}": status 503`);
    issuer.status = 200;
    await expect(accept(token)).rejects.toThrow('status 503');
    expect(issuer.asked).toHaveLength(1);
    await clock.advance(5_000);
    await accept(token);
    expect(context.lines).toMatchObject([{ level: 'error', message: 'Failed to get the configuration of an OIDC provider' }]);
  });

  it.each([
    [{ issuer: 'https://other.example' }, 'did not match the issuer URL returned by provider ("https://other.example")'],
    [{ jwks_uri: 1 }, 'the provider names no jwks_uri'],
  ])('does not believe a provider that says %j', async (more, text) => {
    const issuer = await new Issuer().listen([first.jwk]);
    issuer.document = { ...issuer.document, ...more };
    const { accept } = await oidc({ providers: [{ issuer_url: issuer.url, audience: 'millrace' }] });
    await expect(accept(await first.sign(issuer.claims()))).rejects.toThrow(text);
  });

  it('believes RS256 only when the provider names no algorithms', async () => {
    const issuer = await new Issuer().listen([first.jwk, second.jwk]);
    const { id_token_signing_alg_values_supported: _, ...document } = issuer.document;
    issuer.document = document;
    const { accept } = await oidc({ providers: [{ issuer_url: issuer.url, audience: 'millrace' }] });
    expect(await accept(await second.sign(issuer.claims()))).toMatchObject({ subject: 'somebody' });
    await expect(accept(await first.sign(issuer.claims()))).rejects.toThrow(/alg/);
  });

  it('trusts the authorities of issuer_ca_path', async () => {
    const authority = makeAuthority('issuers');
    const issuer = await new Issuer(authority.issue('issuer')).listen([first.jwk]);
    const provider = { issuer_url: issuer.url, audience: 'millrace' };
    const token = await first.sign(issuer.claims());
    const { accept } = await oidc({ providers: [{ ...provider, issuer_ca_path: authority.certFile }] });
    expect(await accept(token)).toMatchObject({ subject: 'somebody' });
    const strange = await oidc({ providers: [provider] });
    await expect(strange.accept(token)).rejects.toThrow(/unable to (verify|get)/);
    await expect(oidc({ providers: [{ ...provider, issuer_ca_path: '/nowhere/ca.pem' }] })).rejects.toThrow(
      'failed to get configuration from at least one configured auth server: could not read the CA file "/nowhere/ca.pem"',
    );
  });

  it('takes keys from public_keys_file, follows its changes, and never asks the issuer', async () => {
    const file = join(folder, 'keys.json');
    writeFileSync(file, JSON.stringify({ keys: [first.jwk, { kty: 'oct', k: 'c2VjcmV0' }] }));
    const url = 'https://issuer.invalid';
    const settings = { providers: [{ issuer_url: url, audience: 'millrace', public_keys_file: file }] };
    const { accept, clock, context } = await oidc(settings);
    const claims = { iss: url, aud: 'millrace', sub: 'x', exp: now + 600 };
    expect(await accept(await first.sign(claims))).toMatchObject({ subject: 'x' });
    await expect(accept(await second.sign(claims))).rejects.toThrow('failed to verify token');
    writeFileSync(file, JSON.stringify({ keys: [second.jwk] }));
    await clock.advance(1000);
    const token = await second.sign(claims);
    for (
      let tries = 0;
      tries < 400 &&
      !(await accept(token).then(
        () => true,
        () => false,
      ));
      tries++
    ) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await expect(accept(await first.sign(claims))).rejects.toThrow('failed to verify token');
    writeFileSync(file, '{}');
    for (let tries = 0; tries < 400 && clock.pending === 0; tries++) await new Promise((resolve) => setTimeout(resolve, 5));
    await clock.advance(1000);
    for (let tries = 0; tries < 400 && context.lines.length === 0; tries++) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(context.lines).toMatchObject([{ level: 'error', message: 'failed to reload JWKS file' }]);
    expect(await accept(token)).toMatchObject({ subject: 'x' });
  });

  it('does not start without its file of keys', async () => {
    const file = join(folder, 'missing.json');
    await expect(oidc({ providers: [{ issuer_url: 'x', audience: 'a', public_keys_file: file }] })).rejects.toThrow(
      `failed to load JWKS file "${file}"`,
    );
  });
});

describe('the configuration of oidc', () => {
  const broken = join(folder, 'broken.json');
  writeFileSync(broken, 'nonsense');
  it.each([
    [{}, ['no provider configured']],
    [{ providers: [{ issuer_url: 'https://a' }] }, ['no Audience provided for the OIDC configuration']],
    [{ audience: 'a' }, ['no IssuerURL provided for the OIDC configuration']],
    [{ providers: [{ issuer_url: 'a', audience: 'a' }] }, ['issuer_url must be a valid URL']],
    [
      { issuer_url: 'https://a', ignore_audience: true, providers: [{ issuer_url: 'https://a', audience: 'a' }] },
      ['duplicate issuer URL found: https://a'],
    ],
    [{ providers: [{ issuer_url: 'a', audience: 'a', public_keys_file: '/nowhere' }] }, [expect.stringContaining('could not read file')]],
    [{ providers: [{ issuer_url: 'a', audience: 'a', public_keys_file: broken }] }, [expect.stringContaining('failed to parse JWKS')]],
    [{ providers: [{ issuer_url: 'https://a', audience: 'a' }] }, []],
  ])('%j: %j', (settings, problems) => {
    expect(factory.validateConfig?.(configOf(factory, settings))).toEqual(problems);
  });
});
