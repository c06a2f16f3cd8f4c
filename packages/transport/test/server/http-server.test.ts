import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { createHttpServer, httpReply } from '@millrace/transport';
import { BufferPool, MemoryLedger, noClient } from '@millrace/wire';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Agent, request } from 'undici';
import { defaults, eventually, RawClient, serve, type TestServer } from './http-harness.ts';

let open: TestServer[] = [];
const started = async (...args: Parameters<typeof serve>): Promise<TestServer> => {
  const test = await serve(...args);
  open.push(test);
  return test;
};
afterEach(async () => {
  for (const test of open) {
    await test.close();
    expect(test.pool.ledger.accounted).toBe(0);
  }
  open = [];
});

const post = (length: number, rest = ''): string => `POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n${rest}\r\n`;

describe('An HTTP server', () => {
  it('hands the body to the route of the path, whatever the query', async () => {
    const { url, route } = await started();
    const answer = await request(`${url}?a=b`, { method: 'POST', body: 'hello' });
    expect([answer.statusCode, answer.headers['content-length'], await answer.body.text()]).toEqual([200, '5', 'taken']);
    expect(route.bodies.map(String)).toEqual(['hello']);
  });

  it('answers 404 for other paths', async () => {
    const { url } = await started();
    const answer = await request(`${url}/nothing`, { method: 'POST', body: 'hello' });
    expect([answer.statusCode, await answer.body.text()]).toEqual([404, '404 page not found\n']);
  });

  it('reads chunked and large bodies whole', async () => {
    const { url, route } = await started({ maxRequestBodyBytes: 5_000_000 });
    const large = Buffer.alloc(3_000_000, 'abcdefg');
    async function* pieces(): AsyncGenerator<Buffer> {
      for (let at = 0; at < large.length; at += 100_000) yield large.subarray(at, at + 100_000);
    }
    await (await request(url, { method: 'POST', body: pieces() as never })).body.dump();
    await (await request(url, { method: 'POST', body: large })).body.dump();
    await (await request(url, { method: 'POST', body: '' })).body.dump();
    expect(route.bodies.map((body) => body.length)).toEqual([large.length, large.length, 0]);
    expect(route.bodies[0]!.equals(large) && route.bodies[1]!.equals(large)).toBe(true);
  });

  it('keeps connections and answers pipelined requests in order', async () => {
    const { port, route } = await started();
    const later: (() => void)[] = [];
    let number = 0;
    route.onReceive = (exchange) => {
      const reply = httpReply(200, 'text/plain', `answer ${number++}`);
      later.push(() => exchange.reply(reply));
    };
    const client = await RawClient.open(port);
    client.send(`${post(1)}a${post(1)}b`);
    await eventually(() => later.length === 2);
    later[1]!();
    later[0]!();
    const text = await client.until(/answer 1/);
    expect(text.indexOf('answer 0')).toBeLessThan(text.indexOf('answer 1'));
    client.socket.destroy();
  });

  it('refuses a declared or actual body above the limit with the route’s own answer', async () => {
    const { url, port, route } = await started({ maxRequestBodyBytes: 1000 });
    const declared = await request(url, { method: 'POST', body: Buffer.alloc(1001) });
    expect([declared.statusCode, await declared.body.text()]).toEqual([400, 'too large: http: request body too large']);
    const client = await RawClient.open(port);
    client.send(`POST /in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n${'x'.repeat(1001)}`);
    expect(await client.end()).toMatch(/^HTTP\/1.1 400 .*connection: close.*too large: http: request body too large$/is);
    expect(route.bodies).toEqual([]);
    const fits = await request(url, { method: 'POST', body: Buffer.alloc(1000) });
    expect(fits.statusCode).toBe(200);
  });

  it('refuses on the head when the memory budget is spent, without leasing', async () => {
    const { url, pool } = await started({}, 10_000);
    const answer = await request(url, { method: 'POST', body: Buffer.alloc(10_001) });
    expect([answer.statusCode, await answer.body.text()]).toEqual([503, 'no memory: ']);
    expect(pool.ledger.accounted).toBe(0);
  });

  it('refuses a chunked body that outgrows the memory budget', async () => {
    const { port } = await started({}, 10_000);
    const client = await RawClient.open(port);
    client.send(`POST /in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4000\r\n${'x'.repeat(0x4000)}\r\n`);
    expect(await client.end()).toMatch(/^HTTP\/1.1 503 /);
  });

  it('holds little memory for a body that is only promised', async () => {
    const { port, pool, route } = await started({ maxRequestBodyBytes: 20_000_000 });
    const client = await RawClient.open(port);
    const arrival = route.arrival();
    client.send(post(20_000_000));
    await arrival;
    expect(pool.ledger.accounted).toBeLessThanOrEqual(64 * 1024);
    client.socket.destroy();
    await eventually(() => pool.ledger.accounted === 0);
  });

  it('takes no further request from a connection that it said it closes', async () => {
    const { port, route } = await started();
    route.onBegin = (exchange) => {
      if (exchange.header('transfer-encoding') !== '') exchange.reply(httpReply(401, 'text/plain', 'refused'));
    };
    const client = await RawClient.open(port);
    const chunked = 'POST /in HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n';
    client.send(`${chunked}${post(2)}ok`);
    expect(await client.until(/refused$/)).toMatch(/^HTTP\/1.1 401 .*connection: close\r\n/is);
    client.send(`${post(2)}ok`);
    await once(client.socket, 'close');
    expect(route.bodies).toEqual([]);
    expect(client.text).toMatch(/refused$/);
  });

  it('keeps the connection when a route replies before a small body is read', async () => {
    const { port, route } = await started();
    route.onBegin = (exchange) => exchange.reply(httpReply(429, 'text/plain', 'refused', 3));
    const client = await RawClient.open(port);
    client.send(post(5));
    expect(await client.until(/refused$/)).toMatch(/^HTTP\/1.1 429 .*retry-after: 3\r\n/is);
    route.onBegin = undefined;
    client.send(`bytes${post(2)}ok`);
    await client.until(/taken$/);
    expect(route.bodies.map(String)).toEqual(['ok']);
    client.socket.destroy();
  });

  it('closes the connection when a route replies before a large body is read', async () => {
    const { port, route } = await started();
    route.onBegin = (exchange) => exchange.reply(httpReply(503, 'text/plain', 'refused'));
    const client = await RawClient.open(port);
    client.send(post(900_000)).send(Buffer.alloc(100_000));
    expect(await client.end()).toMatch(/^HTTP\/1.1 503 .*connection: close.*refused$/is);
  });

  it('lets a waiting client send its body, or refuses before it does', async () => {
    const { port, route } = await started();
    const taken = await RawClient.open(port);
    taken.send(post(5, 'Expect: 100-continue\r\n'));
    await taken.until(/^HTTP\/1.1 100 Continue\r\n\r\n/);
    taken.send('hello');
    await taken.until(/taken$/);
    expect(route.bodies.map(String)).toEqual(['hello']);
    taken.socket.destroy();
    route.onBegin = (exchange) => exchange.reply(httpReply(503, 'text/plain', 'refused'));
    const refused = await RawClient.open(port);
    refused.send(post(5, 'Expect: 100-continue\r\n'));
    expect(await refused.end()).toMatch(/^HTTP\/1.1 503 (?!.*100 Continue).*refused$/s);
  });

  it('tells when a client leaves before its answer, and not when it leaves after it', async () => {
    const test = await started();
    const left: string[] = [];
    test.route.onReceive = (exchange) => {
      exchange.onLeave(() => void left.push('answered'));
      exchange.reply(httpReply(200, 'text/plain', 'taken'));
    };
    await fetch(test.url, { headers: { connection: 'close' } });
    const gone = new Promise<void>((resolve) => {
      test.route.onReceive = (exchange) => {
        exchange.onLeave(() => {
          left.push('waiting');
          // One that has gone is told of at once, and its answer goes nowhere.
          exchange.onLeave(() => left.push('gone'));
          exchange.reply(httpReply(200, 'text/plain', 'taken'));
          resolve();
        });
      };
    });
    const leaving = new AbortController();
    const asked = fetch(test.url, { signal: leaving.signal });
    while (test.route.exchanges.length < 2) await new Promise((resolve) => setImmediate(resolve));
    leaving.abort();
    await expect(asked).rejects.toThrow('aborted');
    await gone;
    expect(left).toEqual(['waiting', 'gone']);
    await test.server.stop(new AbortController().signal);
  });

  it('gives the memory back when a client disconnects within a body', async () => {
    const { port, pool, route } = await started();
    for (const head of [post(1000), 'POST /in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n']) {
      const client = await RawClient.open(port);
      const arrival = route.arrival();
      client.send(`${head}half`);
      await arrival;
      expect(pool.ledger.accounted).toBeGreaterThan(0);
      client.socket.destroy();
      await eventually(() => pool.ledger.accounted === 0);
    }
    expect(route.bodies).toEqual([]);
  });

  it('survives a reply to a client that has left', async () => {
    const { port, route, url } = await started();
    let reply: (() => void) | undefined;
    route.onReceive = (exchange) => (reply = () => exchange.reply(httpReply(200, 'text/plain', 'late')));
    const client = await RawClient.open(port);
    client.send(`${post(1)}a`);
    await eventually(() => reply !== undefined);
    const left = new Promise((resolve) => client.socket.on('close', resolve));
    client.socket.resetAndDestroy();
    await left;
    await new Promise((resolve) => setImmediate(resolve));
    reply!();
    route.onReceive = undefined;
    expect((await request(url, { method: 'POST', body: 'next' })).statusCode).toBe(200);
  });

  it('replies once', async () => {
    const { url, route } = await started();
    route.onReceive = (exchange) => {
      exchange.reply(httpReply(200, 'text/plain', 'first'));
      exchange.reply(httpReply(500, 'text/plain', 'second'));
    };
    expect(await (await request(url, { method: 'POST', body: 'x' })).body.text()).toBe('first');
  });

  it('answers in HTTP/1.1 when a client offers to upgrade', async () => {
    const { port, route } = await started();
    const client = await RawClient.open(port);
    client.send(
      `${post(5, 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n')}hello`,
    );
    expect(await client.until(/taken$/)).toMatch(/^HTTP\/1.1 200 /);
    expect(route.bodies.map(String)).toEqual(['hello']);
    client.socket.destroy();
  });

  it('reads a body that trickles in', async () => {
    const { port, route } = await started();
    const client = await RawClient.open(port);
    client.send(post(5));
    for (const letter of 'hello') {
      client.send(letter);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await client.until(/taken$/);
    expect(route.bodies.map(String)).toEqual(['hello']);
    client.socket.destroy();
  });
});

describe('Malformed HTTP', () => {
  it.each([
    ['no request line', 'nonsense\r\n\r\n', 400],
    ['a header without a name', 'GET /in HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n', 400],
    ['two different lengths', 'POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 400],
    ['a bad length', 'POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n', 400],
    ['a bad chunk size', 'POST /in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 400],
    ['no host', 'POST /in HTTP/1.1\r\nContent-Length: 0\r\n\r\n', 400],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['a header that is too large', `GET /in HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(70_000)}\r\n\r\n`, 431],
    ['an expectation that nobody can meet', 'POST /in HTTP/1.1\r\nHost: x\r\nExpect: wonders\r\nConnection: close\r\n\r\n', 417],
  ])('with %s is refused and the server goes on', async (_name, bytes, status) => {
    const { port, url } = await started();
    const client = await RawClient.open(port);
    client.send(bytes);
    expect(await client.end()).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect((await request(url, { method: 'POST', body: 'x' })).statusCode).toBe(200);
  });
});

describe('Settings of an HTTP server', () => {
  it('include_metadata keeps every header value by lower-case name, and the address', async () => {
    const { port, route } = await started({ includeMetadata: true });
    const client = await RawClient.open(port);
    client.send(post(0, 'X-Tenant: a\r\nx-tenant: b\r\n'));
    await client.until(/taken$/);
    const seen = route.exchanges[0]!.client;
    expect([seen.address, seen.metadata.get('x-tenant'), seen.metadata.get('host')]).toEqual(['127.0.0.1', ['a', 'b'], ['x']]);
    client.socket.destroy();
    const { url, route: other } = await started();
    await (await request(url, { method: 'POST', body: 'x', headers: { 'X-Tenant': 'a' } })).body.dump();
    expect(other.exchanges[0]!.client).toEqual({ ...noClient, address: '127.0.0.1' });
  });

  it('response_headers come with every response', async () => {
    const { url } = await started({ responseHeaders: { 'X-Served-By': 'millrace' } });
    const taken = await request(url, { method: 'POST', body: 'x' });
    const missing = await request(`${url}/other`);
    expect([taken.headers['x-served-by'], missing.headers['x-served-by']]).toEqual(['millrace', 'millrace']);
  });

  it('keep_alives_enabled: false closes after each response', async () => {
    const { port } = await started({ keepAlivesEnabled: false });
    const client = await RawClient.open(port);
    client.send(`${post(1)}a`);
    expect(await client.end()).toMatch(/^HTTP\/1.1 200 .*connection: close.*taken$/is);
  });

  it('read_header_timeout ends a connection whose head does not arrive', async () => {
    const { port } = await started({ readHeaderTimeoutMs: 60 });
    const client = await RawClient.open(port);
    client.send('POST /in HTTP/1.1\r\nHost: x\r\n');
    expect(await client.end()).toMatch(/^HTTP\/1.1 408 /);
  });

  it('read_timeout ends a connection whose body does not arrive', async () => {
    const { port, pool } = await started({ readTimeoutMs: 60 });
    const client = await RawClient.open(port);
    client.send(post(10, ''));
    client.send('half');
    expect(await client.end()).toMatch(/^HTTP\/1.1 408 /);
    await eventually(() => pool.ledger.accounted === 0);
  });

  it('write_timeout ends a connection whose reply does not come', async () => {
    const { port, route } = await started({ writeTimeoutMs: 40 });
    route.onReceive = () => undefined;
    const client = await RawClient.open(port);
    client.send(`${post(1)}a`);
    expect(await client.end()).toBe('');
    route.exchanges[0]!.reply(httpReply(200, 'text/plain', 'late'));
  });

  it('idle_timeout ends a connection that is not used', async () => {
    const { port } = await started({ idleTimeoutMs: 40 });
    const client = await RawClient.open(port);
    client.send(`${post(1)}a`);
    expect(await client.end()).toMatch(/taken$/);
  });
});

describe('Stopping an HTTP server', () => {
  it('answers what is in flight, closes idle connections and refuses new ones', async () => {
    const { port, route, server } = await started();
    const idle = await RawClient.open(port);
    idle.send(`${post(1)}a`);
    await idle.until(/taken$/);
    const silent = await RawClient.open(port);
    const busy = await RawClient.open(port);
    let reply: (() => void) | undefined;
    route.onReceive = (exchange) => (reply = () => exchange.reply(httpReply(200, 'text/plain', 'late')));
    busy.send(`${post(1)}b`);
    await eventually(() => reply !== undefined);
    const stopped = server.stop(new AbortController().signal);
    await Promise.all([idle.end(), silent.end()]);
    await expect(RawClient.open(port)).rejects.toThrow('ECONNREFUSED');
    reply!();
    expect(await busy.end()).toMatch(/^HTTP\/1.1 200 .*connection: close.*late$/is);
    await stopped;
  });

  it('waits for a body that is under way', async () => {
    const { port, route, server } = await started();
    const client = await RawClient.open(port);
    const arrival = route.arrival();
    client.send(`${post(5)}he`);
    await arrival;
    const stopped = server.stop(new AbortController().signal);
    client.send('llo');
    expect(await client.end()).toMatch(/taken$/);
    await stopped;
  });

  it('cuts off what is left when the time is up', async () => {
    const { port, route, server, pool } = await started();
    const client = await RawClient.open(port);
    const arrival = route.arrival();
    client.send(`${post(5)}he`);
    await arrival;
    const controller = new AbortController();
    const stopped = server.stop(controller.signal);
    controller.abort();
    await stopped;
    expect(await client.end()).toBe('');
    await eventually(() => pool.ledger.accounted === 0);
  });

  it('is safe before a start, twice and concurrently', async () => {
    const { server, url } = await started();
    const never = createHttpServer(defaults, new Map(), new BufferPool(new MemoryLedger(1e6)));
    await never.stop(new AbortController().signal);
    await Promise.all([server.stop(AbortSignal.abort()), server.stop(AbortSignal.abort())]);
    await server.stop(new AbortController().signal);
    await expect(request(url, { dispatcher: new Agent() })).rejects.toThrow('ECONNREFUSED');
  });

  it('serves HTTP/1.0 and HEAD', async () => {
    const { port } = await started();
    const head = await new Promise<number>((resolve) => {
      httpRequest({ port, host: '127.0.0.1', path: '/in', method: 'HEAD' }, (response) => resolve(response.statusCode!)).end();
    });
    expect(head).toBe(200);
    const old = await RawClient.open(port);
    old.send('POST /in HTTP/1.0\r\nContent-Length: 1\r\n\r\na');
    expect(await old.end()).toMatch(/taken$/);
  });
});
