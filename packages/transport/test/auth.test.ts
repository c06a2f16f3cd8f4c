import { once } from 'node:events';
import { connect } from 'node:http2';
import type { ClientAuthenticator, RequestHeaders, ServerAuthenticator } from '@millrace/api';
import { FakeClock } from '@millrace/api/testing';
import type { Client } from '@millrace/wire';
import { afterEach, describe, expect, it } from '@jest/globals';
import { closeAll, grpcSender, hostWith, httpSender, meteredContext, protocols, serveGrpc, serveHttp } from './secure-harness.ts';
import { path } from './server/grpc-harness.ts';
import { eventually, RawClient } from './server/http-harness.ts';

afterEach(closeAll);

/** Accepts the token `good`, at once or later. */
class Guard implements ServerAuthenticator {
  readonly seen: RequestHeaders[] = [];
  readonly #later: boolean;

  constructor(later = false) {
    this.#later = later;
  }

  authenticate(headers: RequestHeaders): Readonly<Record<string, unknown>> | Promise<Readonly<Record<string, unknown>>> {
    this.seen.push(headers);
    const check = () => {
      if (headers['authorization'] !== 'good') throw new Error('no entry');
      return { subject: 'somebody' };
    };
    return this.#later ? new Promise((resolve) => setImmediate(resolve)).then(check) : check();
  }
}

class Badge implements ClientAuthenticator {
  readonly requiresTls: boolean;
  readonly clients: Client[] = [];
  tokens: string[];

  constructor(tokens: string[], requiresTls = false) {
    this.tokens = tokens;
    this.requiresTls = requiresTls;
  }

  authorize(headers: Map<string, string>, client: Client): void | Promise<void> {
    this.clients.push(client);
    if (this.tokens.length === 0) throw new Error('no credentials');
    headers.set('authorization', this.tokens[0]!);
  }

  rejected(): boolean {
    this.tokens.shift();
    return this.tokens.length > 0;
  }
}

const plain = { tls: { insecure: true } };
const auth = (authenticator: string) => ({ auth: { authenticator } });

describe.each(protocols)('auth over $name', ({ name, serve, connect: open }) => {
  it.each([
    ['at once', false],
    ['later', true],
  ])('accepts and refuses %s, before a body is read, and tells who sent', async (_when, later) => {
    const guard = new Guard(later);
    const server = await serve(auth('guard'), hostWith({ guard }));
    const sender = open(server, { ...plain, headers: { authorization: 'good' } });
    await sender.send('one');
    await sender.send('two');
    await expect(open(server, plain).send('three')).rejects.toThrow(name === 'http' ? /^401: no entry/ : /Unauthenticated desc = no entry/);
    expect(server.bodies.map(String)).toEqual(['one', 'two']);
    expect(server.clients.map((client) => client.auth)).toEqual([{ subject: 'somebody' }, { subject: 'somebody' }]);
    expect(await server.context.points('server_refused_requests')).toMatchObject([
      { attributes: { receiver: 'otlp', transport: name, reason: 'unauthenticated' }, value: 1 },
    ]);
    expect(server.context.lines.filter((line) => line.level === 'warn')).toMatchObject([
      { attributes: { reason: 'unauthenticated', detail: 'no entry', client: '127.0.0.1' } },
    ]);
  });

  it('keeps the metadata beside what the authenticator found out', async () => {
    const server = await serve({ ...auth('guard'), include_metadata: true }, hostWith({ guard: new Guard() }));
    await open(server, { ...plain, headers: { authorization: 'good', tenant: 'a' } }).send('one');
    expect(server.clients[0]!.metadata.get('tenant')).toEqual(['a']);
    expect(server.clients[0]!.auth).toEqual({ subject: 'somebody' });
  });

  it('logs refusals once a minute and says how many there were', async () => {
    const clock = new FakeClock();
    const server = await serve(auth('guard'), hostWith({ guard: new Guard() }), meteredContext({ clock }));
    const sender = open(server, plain);
    for (let i = 0; i < 3; i++) await expect(sender.send('x')).rejects.toThrow('no entry');
    await clock.advance(60_000);
    await expect(sender.send('x')).rejects.toThrow('no entry');
    const warnings = server.context.lines.filter((line) => line.level === 'warn').map((line) => line.attributes!['unlogged']);
    expect(warnings).toEqual([undefined, 2]);
  });

  it('does not start with an extension that is not there, or no authenticator', async () => {
    const nothing = {};
    await expect(serve(auth('guard'), hostWith())).rejects.toThrow('failed to resolve authenticator "guard": authenticator not found');
    await expect(serve(auth('x'), hostWith({ x: nothing }))).rejects.toThrow('requested authenticator is not a server authenticator');
    const server = await serve();
    expect(() => open(server, { ...plain, ...auth('x') }, hostWith({ x: nothing }))).toThrow(
      `requested authenticator is not a ${name === 'http' ? 'HTTP' : 'gRPC'} client authenticator`,
    );
    expect(() => open(server, { ...plain, ...auth('x') })).toThrow('failed to resolve authenticator "x": authenticator not found');
  });

  it('adds credentials to each request, knowing whose data it is', async () => {
    const server = await serve(auth('guard'), hostWith({ guard: new Guard() }));
    const badge = new Badge(['good']);
    const from: Client = { metadata: new Map([['tenant', ['a']]]) };
    await open(server, { ...plain, ...auth('badge') }, hostWith({ badge })).send('one', from);
    expect(server.bodies.map(String)).toEqual(['one']);
    expect(badge.clients).toEqual([from]);
  });

  it('tries once more with better credentials when the first are refused', async () => {
    const server = await serve(auth('guard'), hostWith({ guard: new Guard() }));
    const badge = new Badge(['old', 'good']);
    const sender = open(server, { ...plain, ...auth('badge') }, hostWith({ badge }));
    await sender.send('one');
    badge.tokens = ['old', 'older', 'good'];
    await expect(sender.send('two')).rejects.toThrow('no entry');
    badge.tokens = ['old'];
    await expect(sender.send('three')).rejects.toThrow('no entry');
    expect(server.bodies.map(String)).toEqual(['one']);
  });

  it('sends nothing without credentials', async () => {
    const server = await serve();
    const sender = open(server, { ...plain, ...auth('badge') }, hostWith({ badge: new Badge([]) }));
    await expect(sender.send('one')).rejects.toThrow('no credentials');
    expect(server.bodies).toEqual([]);
  });
});

describe('auth over http', () => {
  it('sees the parameters of request_params in place of headers', async () => {
    const guard = new Guard();
    const server = await serveHttp({ auth: { authenticator: 'guard', request_params: ['Authorization', 'absent'] } }, hostWith({ guard }));
    const ask = (query: string) => fetch(`http://${server.address}/in${query}`, { method: 'POST', body: 'x' });
    expect((await ask('?Authorization=good')).status).toBe(200);
    expect((await ask('?authorization=good')).status).toBe(401);
    expect((await ask('')).status).toBe(401);
  });

  it('refuses on the head: a body that has not come is not waited for, and no path is found without credentials', async () => {
    const server = await serveHttp(auth('guard'), hostWith({ guard: new Guard() }));
    const client = await RawClient.open(server.port);
    client.send('POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n');
    expect(await client.end()).toMatch(/^HTTP\/1.1 401 Unauthorized/);
    expect((await fetch(`http://${server.address}/nowhere`)).status).toBe(401);
  });

  it('leaves a client alone that goes away while it is checked', async () => {
    const guard = new Guard(true);
    const host = hostWith({ guard });
    const server = await serveHttp(auth('guard'), host);
    const client = await RawClient.open(server.port);
    client.send('POST /in HTTP/1.1\r\nHost: x\r\nAuthorization: good\r\nContent-Length: 10\r\n\r\n');
    client.socket.resetAndDestroy();
    await once(client.socket, 'close');
    expect((await fetch(`http://${server.address}/in`, { method: 'POST', body: 'x', headers: { authorization: 'good' } })).status).toBe(
      200,
    );
    expect(host.memory.accounted).toBe(0);
  });
});

describe('auth of pipelined requests', () => {
  const head = (length: number) => `POST /in HTTP/1.1\r\nHost: x\r\nAuthorization: good\r\nContent-Length: ${length}\r\n\r\n`;

  it('keeps their order and their bodies apart', async () => {
    const server = await serveHttp(auth('guard'), hostWith({ guard: new Guard(true) }));
    const client = await RawClient.open(server.port);
    client.send(`${head(3)}one${head(3)}two${head(5)}three`);
    await client.until(/taken[^]*taken[^]*taken/);
    expect(server.bodies.map(String)).toEqual(['one', 'two', 'three']);
  });

  it('gives back the memory of all of them when the client leaves', async () => {
    const host = hostWith({ guard: new Guard(true) });
    const server = await serveHttp(auth('guard'), host);
    const client = await RawClient.open(server.port);
    client.send(`${head(3)}one${head(300)}two`);
    await client.until(/taken/);
    client.socket.resetAndDestroy();
    await eventually(() => host.memory.accounted === 0);
    expect(server.bodies.map(String)).toEqual(['one']);
  });
});

describe('auth over grpc', () => {
  it('does not send credentials in plaintext that must be encrypted', async () => {
    const host = hostWith({ badge: new Badge(['good'], true) });
    expect(() => grpcSender('127.0.0.1:1', { ...plain, ...auth('badge') }, host)).toThrow(
      'grpc: the credentials require transport level security (use grpc.WithTransportCredentials() to set)',
    );
    expect(() => grpcSender('127.0.0.1:1', auth('badge'), host)).not.toThrow();
    expect(() => httpSender('http://127.0.0.1:1', auth('badge'), host)).not.toThrow();
  });
});

describe('clients that misbehave', () => {
  it('are refused and counted over http: slow heads, oversized heads, and what is not HTTP', async () => {
    const server = await serveHttp({ read_header_timeout: '50ms' });
    const slow = await RawClient.open(server.port);
    slow.send('POST /in HTTP/1.1\r\nHos');
    expect(await slow.end()).toMatch(/^HTTP\/1.1 408/);
    const large = await RawClient.open(server.port);
    large.send(`POST /in HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`);
    expect(await large.end()).toMatch(/^HTTP\/1.1 431/);
    const nonsense = await RawClient.open(server.port);
    nonsense.send('nonsense\r\n\r\n');
    expect(await nonsense.end()).toMatch(/^HTTP\/1.1 400/);
    const counts = (await server.context.points('server_refused_requests')).map(({ attributes, value }) => [attributes['reason'], value]);
    expect(counts).toEqual([
      ['timeout', 1],
      ['headers_too_large', 1],
      ['malformed', 1],
    ]);
    expect(server.context.lines.filter((line) => line.level === 'warn')).toHaveLength(3);
  });

  it('are refused and counted over grpc: oversized heads, and what is not HTTP/2', async () => {
    const server = await serveGrpc();
    // Our own client, like grpc-go's, keeps to what the server announces; this one does not.
    const rude = connect(`http://${server.address}`, { maxSendHeaderBlockLength: 1e6 });
    const call = rude.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', x: 'x'.repeat(70_000) });
    const [answer] = (await once(call, 'response')) as [Record<string, string>];
    expect(answer['grpc-status']).toBe('8');
    rude.destroy();
    await expect(grpcSender(server.address, { ...plain, headers: { x: 'x'.repeat(70_000) } }).send('x')).rejects.toThrow(/RST_STREAM|code/);
    const nonsense = await RawClient.open(server.port);
    nonsense.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await nonsense.end();
    await grpcSender(server.address, plain).send('still here');
    const points = await server.context.points('server_refused_requests');
    const counts = points.map(({ attributes, value }) => [attributes['reason'], value]);
    expect(counts).toEqual([
      ['headers_too_large', 1],
      ['malformed', 1],
    ]);
  });
});
