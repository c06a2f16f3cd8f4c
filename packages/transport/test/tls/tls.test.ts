import { copyFileSync, mkdtempSync } from 'node:fs';
import { once } from 'node:events';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, type ConnectionOptions, createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { FakeClock } from '@millrace/api/testing';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Authority, type Identity, makeAuthority } from '../../../../test/certificates.ts';
import { eventually } from '../server/http-harness.ts';
import { closeAll, grpcSender, meteredContext, protocols, type Secured, serveGrpc, serveHttp } from '../secure-harness.ts';

let authority: Authority;
let stranger: Authority;
let server: Identity;
let rsaServer: Identity;
let client: Identity;

beforeAll(() => {
  authority = makeAuthority('Test Authority');
  stranger = makeAuthority('Stranger');
  server = authority.issue('collector');
  rsaServer = authority.issue('old collector', { rsa: true });
  client = authority.issue('agent');
});

afterEach(closeAll);

const files = ({ certFile, keyFile }: Identity) => ({ cert_file: certFile, key_file: keyFile });

/** Opens a TLS connection by hand. */
async function handshake({ port }: Secured, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connectTls({ port, host: '127.0.0.1', ca: authority.cert, ALPNProtocols: ['h2', 'http/1.1'], ...options });
  await once(socket, 'secureConnect');
  return socket;
}

/** Waits until as many clients were refused as are expected, by reason. */
async function expectRefusals({ context }: Secured, expected: Readonly<Record<string, number>>): Promise<void> {
  const total = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((sum, count) => sum + count, 0);
  for (let tries = 0; ; tries++) {
    const points = await context.points('server_refused_requests');
    const counts = Object.fromEntries(points.map(({ attributes, value }) => [String(attributes['reason']), value as number]));
    if (total(counts) >= total(expected) || tries === 400) return expect(counts).toEqual(expected);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe.each(protocols)('TLS over $name', ({ name, serve, connect: open }) => {
  it('carries requests between a server with files and a client that trusts ca_file', async () => {
    const secured = await serve({ tls: files(server) });
    const sender = open(secured, { tls: { ca_file: authority.certFile } });
    await sender.send('hello');
    expect(secured.bodies.map(String)).toEqual(['hello']);
    expect(secured.clients).toMatchObject([{ address: '127.0.0.1' }]);
  });

  it('takes cert_pem, key_pem and ca_pem in place of files', async () => {
    const secured = await serve({ tls: { cert_pem: server.cert, key_pem: server.key } });
    await open(secured, { tls: { ca_pem: authority.cert } }).send('hello');
    await expect(open(secured, { tls: { ca_pem: stranger.cert } }).send('hello')).rejects.toThrow(/unable to verify|signature/);
  });

  it('does not trust an authority that only a test knows, unless insecure_skip_verify', async () => {
    const secured = await serve({ tls: files(server) });
    await expect(open(secured).send('hello')).rejects.toThrow(/unable to (verify|get)|self-signed/);
    await open(secured, { tls: { insecure_skip_verify: true } }).send('hello');
  });

  it('trusts the authorities of the system besides its own with include_system_ca_certs_pool', async () => {
    const secured = await serve({ tls: files(server) });
    await open(secured, { tls: { ca_file: authority.certFile, include_system_ca_certs_pool: true } }).send('hello');
    expect(secured.bodies).toHaveLength(1);
  });

  it('checks the name of the server, or the one of server_name_override', async () => {
    const named = authority.issue('named', { names: 'DNS:collector.example' });
    const secured = await serve({ tls: files(named) });
    const ca = { ca_file: authority.certFile };
    await expect(open(secured, { tls: ca }).send('hello')).rejects.toThrow(/altnames/);
    await open(secured, { tls: { ...ca, server_name_override: 'collector.example' } }).send('hello');
    await expect(open(secured, { tls: { ...ca, server_name_override: '127.0.0.1' } }).send('hello')).rejects.toThrow(/altnames/);
  });

  it('refuses clients without a certificate of client_ca_file, logs that once and counts it', async () => {
    const secured = await serve({ tls: { ...files(server), client_ca_file: authority.certFile } });
    const ca = { ca_file: authority.certFile };
    await open(secured, { tls: { ...ca, ...files(client) } }).send('hello');
    for (let i = 0; i < 3; i++) await expect(open(secured, { tls: ca }).send('no certificate')).rejects.toThrow();
    await expect(open(secured, { tls: { ...ca, ...files(stranger.issue('spy')) } }).send('wrong authority')).rejects.toThrow();
    await expect(open(secured, { tls: { ...ca, ...files(authority.issue('late', { days: -1 })) } }).send('expired')).rejects.toThrow();
    expect(secured.bodies.map(String)).toEqual(['hello']);
    await expectRefusals(secured, { client_certificate: 5 });
    const warnings = secured.context.lines.filter((line) => line.level === 'warn');
    expect(warnings).toMatchObject([{ message: 'Refused a client', attributes: { transport: name, reason: 'client_certificate' } }]);
  });

  it('refuses versions and suites that are not configured', async () => {
    const secured = await serve({ tls: { ...files(server), min_version: '1.3' } });
    const old = { ca_file: authority.certFile, max_version: '1.2' };
    await expect(open(secured, { tls: old }).send('hello')).rejects.toThrow(/version/);
    const newer = await serve({ tls: { ...files(server), max_version: '1.2' } });
    expect((await handshake(newer)).getProtocol()).toBe('TLSv1.2');
    const oldest = await serve({ tls: { ...files(server), min_version: '1.0' } });
    const ancient = await handshake(oldest, { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0' });
    expect(ancient.getProtocol()).toBe('TLSv1');
    await expectRefusals(secured, { tls_handshake: 1 });
  });

  it('speaks the cipher suites that cipher_suites names', async () => {
    const suites = ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_GCM_SHA256'];
    const secured = await serve({ tls: { ...files(server), max_version: '1.2', cipher_suites: suites } });
    expect((await handshake(secured)).getCipher().name).toBe('ECDHE-ECDSA-CHACHA20-POLY1305');
    await expect(handshake(secured, { ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' })).rejects.toThrow(/handshake failure/);
  });

  it('speaks weak cipher suites only with include_insecure_cipher_suites', async () => {
    const weak = { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' } as const;
    const suites = ['TLS_RSA_WITH_AES_128_GCM_SHA256'];
    const secured = await serve({ tls: { ...files(rsaServer), include_insecure_cipher_suites: true, cipher_suites: suites } });
    expect((await handshake(secured, weak)).getCipher().name).toBe('AES128-GCM-SHA256');
    const all = await serve({ tls: { ...files(rsaServer), include_insecure_cipher_suites: true } });
    expect((await handshake(all, weak)).getCipher().name).toBe('AES128-GCM-SHA256');
    expect((await handshake(all)).getCipher().name).toMatch(/^TLS_/);
  });

  it('exchanges keys on the curves of curve_preferences', async () => {
    const secured = await serve({ tls: { ...files(server), curve_preferences: ['P384'] } });
    const socket = await handshake(secured);
    expect(socket.getEphemeralKeyInfo()).toMatchObject({ name: 'secp384r1' });
  });

  it('takes a new certificate from its files after reload_interval, and keeps the connections that stand', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-reload-'));
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    const install = ({ certFile, keyFile }: Identity): void => {
      copyFileSync(certFile, cert);
      copyFileSync(keyFile, key);
    };
    install(server);
    const clock = new FakeClock();
    const secured = await serve({ tls: { cert_file: cert, key_file: key, reload_interval: '10s' } }, undefined, meteredContext({ clock }));
    const sender = open(secured, { tls: { ca_file: authority.certFile } });
    await sender.send('before');
    expect((await handshake(secured)).getPeerCertificate().subject.CN).toBe('collector');
    install(authority.issue('renewed'));
    await clock.advance(10_000);
    await eventually(() => secured.context.lines.some((line) => line.message === 'Reloaded TLS certificates'));
    expect((await handshake(secured)).getPeerCertificate().subject.CN).toBe('renewed');
    await sender.send('after');
    expect(secured.bodies.map(String)).toEqual(['before', 'after']);
    const subjects = (await secured.context.points('tls_certificate_expiry_time')).map(({ attributes }) => attributes['subject']);
    expect(subjects).toEqual(['CN=renewed']);
  });

  it('keeps the old certificate while the new files do not fit, and says so once', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-reload-'));
    const cert = join(folder, 'cert.pem');
    copyFileSync(server.certFile, cert);
    const clock = new FakeClock();
    const tls = { cert_file: cert, key_file: server.keyFile, reload_interval: '10s' };
    const secured = await serve({ tls }, undefined, meteredContext({ clock }));
    copyFileSync(client.certFile, cert);
    const errors = () => secured.context.lines.filter((line) => line.level === 'error');
    await clock.advance(10_000);
    await eventually(() => errors().length > 0 && clock.pending > 0);
    await clock.advance(10_000);
    await eventually(() => clock.pending > 0);
    expect(errors()).toMatchObject([
      {
        message: 'Failed to reload TLS certificates; the old ones stay in use',
        attributes: { error: expect.stringContaining('key values mismatch') },
      },
    ]);
    expect((await handshake(secured)).getPeerCertificate().subject.CN).toBe('collector');
  });

  it('takes new authorities of clients from client_ca_file with client_ca_file_reload', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-reload-'));
    const clientCa = join(folder, 'ca.pem');
    copyFileSync(stranger.certFile, clientCa);
    const clock = new FakeClock();
    const tls = { ...files(server), client_ca_file: clientCa, client_ca_file_reload: true };
    const secured = await serve({ tls }, undefined, meteredContext({ clock }));
    const settings = { tls: { ca_file: authority.certFile, ...files(client) } };
    await expect(open(secured, settings).send('too early')).rejects.toThrow();
    copyFileSync(authority.certFile, clientCa);
    await clock.advance(1_000);
    await eventually(() => secured.context.lines.some((line) => line.message === 'Reloaded TLS certificates'));
    await open(secured, settings).send('welcome');
    expect(secured.bodies.map(String)).toEqual(['welcome']);
  });

  it('lets a client take a new certificate from its files', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-reload-'));
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    const install = ({ certFile, keyFile }: Identity): void => {
      copyFileSync(certFile, cert);
      copyFileSync(keyFile, key);
    };
    install(stranger.issue('agent'));
    const secured = await serve({ tls: { ...files(server), client_ca_file: authority.certFile } });
    const clock = new FakeClock();
    const context = meteredContext({ kind: 'exporter', clock });
    const tls = { ca_file: authority.certFile, cert_file: cert, key_file: key, reload_interval: '1m' };
    const sender = open(secured, { tls }, undefined, context);
    await expect(sender.send('stranger')).rejects.toThrow();
    install(client);
    await clock.advance(60_000);
    await eventually(() => context.lines.some((line) => line.message === 'Reloaded TLS certificates'));
    await sender.send('known');
    expect(secured.bodies.map(String)).toEqual(['known']);
  });

  it('exposes when each certificate in use expires', async () => {
    const secured = await serve({ tls: { ...files(server), client_ca_file: authority.certFile } });
    const points = await secured.context.points('tls_certificate_expiry_time');
    expect(points).toMatchObject([
      { attributes: { receiver: 'otlp', usage: 'certificate', subject: 'CN=collector' }, value: expect.any(Number) },
      { attributes: { receiver: 'otlp', usage: 'client_ca', subject: 'CN=Test Authority' }, value: expect.any(Number) },
    ]);
    const inDays = ((points[0]!.value as number) * 1000 - Date.now()) / 86_400_000;
    expect(Math.round(inDays)).toBe(30);
  });

  it('refuses plain text on a TLS port, and counts it', async () => {
    const secured = await serve({ tls: files(server) });
    for (let i = 0; i < 3; i++) {
      const socket = connect(secured.port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.end(name === 'http' ? 'POST /in HTTP/1.1\r\nHost: x\r\n\r\n' : 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
      await once(socket.resume(), 'close');
    }
    await expectRefusals(secured, { plaintext: 3 });
    expect(secured.context.lines.filter((line) => line.level === 'warn')).toHaveLength(1);
    await open(secured, { tls: { ca_file: authority.certFile } }).send('still here');
  });

  it('refuses TLS on a plaintext port, and counts it', async () => {
    const secured = await serve();
    await expect(open(secured, { tls: { ca_file: authority.certFile } }).send('hello')).rejects.toThrow();
    await expectRefusals(secured, { malformed: 1 });
  });

  it('stops while a handshake is under way', async () => {
    const secured = await serve({ tls: files(server) });
    const socket = connect(secured.port, '127.0.0.1');
    await once(socket, 'connect');
    await new Promise((resolve) => setImmediate(resolve));
    const closed = once(socket, 'close');
    socket.resume().on('error', () => undefined);
    await secured.close();
    await closed;
  });

  it('listens on Unix sockets, and takes over one that a killed process left behind', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'millrace-unix-')), 'in.sock');
    const first = await serve({ endpoint: path, transport: 'unix' });
    expect(first.address).toBe(path);
    await expect(serve({ endpoint: path, transport: 'unix' })).rejects.toThrow(`listen unix ${path}: bind: address already in use`);
    await first.close();
  });
});

describe('a gRPC client', () => {
  it('sends to unix:// endpoints, in plaintext and by TLS', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-unix-'));
    const plain = await serveGrpc({ endpoint: join(folder, 'plain.sock'), transport: 'unix' });
    await grpcSender(`unix://${plain.address}`, { tls: { insecure: true } }).send('plain');
    const secured = await serveGrpc({ endpoint: join(folder, 'tls.sock'), transport: 'unix', tls: files(server) });
    await grpcSender(`unix://${secured.address}`, { tls: { ca_file: authority.certFile, server_name_override: 'localhost' } }).send(
      'secret',
    );
    expect([...plain.bodies, ...secured.bodies].map(String)).toEqual(['plain', 'secret']);
    expect(plain.clients[0]!.address).toBeUndefined();
  });

  it('encrypts although insecure is set when authorities are given, as the Collector does', async () => {
    const secured = await serveGrpc({ tls: files(server) });
    await grpcSender(secured.address, { tls: { insecure: true, ca_file: authority.certFile } }).send('hello');
    expect(secured.bodies).toHaveLength(1);
  });

  it('fails when the server does not speak HTTP/2', async () => {
    const other = createTlsServer({ cert: server.cert, key: server.key }).listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const sender = grpcSender(`127.0.0.1:${port}`, { tls: { ca_file: authority.certFile } });
    await expect(sender.send('hello')).rejects.toThrow('missing selected ALPN property');
    other.close();
  });
});

describe('a gRPC server of TLS', () => {
  it('refuses clients that ask for HTTP/1.1', async () => {
    const secured = await serveGrpc({ tls: files(server) });
    await expect(handshake(secured, { ALPNProtocols: ['http/1.1'] })).rejects.toThrow();
    const silent = await handshake(secured, { ALPNProtocols: [] });
    await once(silent.on('error', () => undefined).resume(), 'close');
    await expectRefusals(secured, { tls_handshake: 1, malformed: 1 });
  });
});

describe('files of TLS that cannot be used', () => {
  it.each([
    [{ cert_file: '/nowhere/cert.pem', key_file: '/nowhere/key.pem' }, 'failed to load TLS cert and key: open /nowhere/cert.pem'],
    [{ ca_file: '/nowhere/ca.pem' }, 'failed to load TLS config: failed to load CA CertPool File: failed to load cert /nowhere/ca.pem'],
    [
      { client_ca_file: '/nowhere/ca.pem' },
      'failed to load TLS config: failed to load client CA CertPool: failed to load CA /nowhere/ca.pem',
    ],
    [{ ca_pem: 'nonsense' }, 'failed to load CA CertPool PEM: failed to parse cert'],
    [{ cert_pem: 'nonsense', key_pem: 'nonsense', cert_file: '', key_file: '' }, 'failed to load TLS cert and key PEMs'],
  ])('stop the start: %j', async (settings, text) => {
    await expect(serveHttp({ tls: { ...files(server), ...settings } })).rejects.toThrow(text);
  });
});
