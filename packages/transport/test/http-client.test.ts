import { createHttpClient, type HttpClient, type HttpClientOptions } from '@millrace/transport';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer, type Socket } from 'node:net';

const open: { close(): unknown }[] = [];
const clients: HttpClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  for (const server of open.splice(0)) server.close();
});

async function listen(server: Server | TcpServer): Promise<number> {
  open.push(server);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const serve = (listener: (...exchange: Parameters<RequestListener>) => unknown): Promise<number> =>
  listen(createServer((request, response) => void listener(request, response)));

const serveTcp = (connection: (socket: Socket) => void): Promise<number> =>
  listen(createTcpServer((socket) => connection(socket.on('error', () => {}))));

function connect(port: number, options: Partial<HttpClientOptions> = {}): HttpClient {
  const client = createHttpClient({ url: new URL(`http://127.0.0.1:${port}/v1/traces?x=1`), headers: {}, compression: 'none', ...options });
  clients.push(client);
  return client;
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const never = new AbortController().signal;
const text = (body: Buffer): string => body.toString();

describe('an HTTP client', () => {
  it('posts the body with the configured headers and hands back status, headers and body', async () => {
    let seen: { method?: string; url?: string; headers?: IncomingMessage['headers']; body?: Buffer } = {};
    const port = await serve(async (request, response) => {
      seen = { method: request.method!, url: request.url!, headers: request.headers, body: await bodyOf(request) };
      response.writeHead(202, { 'x-reply': 'yes' }).end('thanks');
    });
    const response = await connect(port, { headers: { 'X-Tenant': 'a', Host: 'shop.example' } }).send(Buffer.from('hello'), never);
    expect(seen).toMatchObject({ method: 'POST', url: '/v1/traces?x=1', body: Buffer.from('hello') });
    expect(seen.headers).toMatchObject({ 'x-tenant': 'a', host: 'shop.example', 'content-length': '5' });
    expect(response).toMatchObject({ status: 202, headers: { 'x-reply': 'yes' } });
    expect(text(response.body)).toBe('thanks');
  });

  it('sends only the given range of a larger buffer', async () => {
    const port = await serve(async (request, response) => response.end(await bodyOf(request)));
    const buffer = Buffer.from(new SharedArrayBuffer(300_000)).fill('.');
    buffer.write('payload', 100_000);
    const response = await connect(port).send(buffer.subarray(100_000, 100_007), never);
    expect(text(response.body)).toBe('payload');
  });

  it('authenticates with the user and password of the URL', async () => {
    const port = await serve((request, response) => response.end(request.headers.authorization));
    const response = await connect(port, { url: new URL(`http://me:p%40ss@127.0.0.1:${port}/`) }).send(Buffer.from('x'), never);
    expect(text(response.body)).toBe(`Basic ${Buffer.from('me:p@ss').toString('base64')}`);
  });

  it('uses its connections again', async () => {
    const sockets = new Set<Socket>();
    const port = await serve((request, response) => {
      sockets.add(request.socket);
      request.resume().on('end', () => response.end());
    });
    const client = connect(port);
    for (let i = 0; i < 5; i++) await client.send(Buffer.from('x'), never);
    expect(sockets.size).toBeLessThanOrEqual(2);
  });

  it('opens a connection for each request when keep-alive is disabled', async () => {
    const sockets = new Set<Socket>();
    const port = await serve((request, response) => {
      sockets.add(request.socket);
      request.resume().on('end', () => response.end());
    });
    const client = connect(port, { disableKeepAlives: true });
    for (let i = 0; i < 3; i++) await client.send(Buffer.from('x'), never);
    expect(sockets.size).toBe(3);
  });

  /** Answers requests only when `count` of them are there. */
  function together(count: number): { listener: RequestListener; sockets: Set<Socket>; most: () => number } {
    const sockets = new Set<Socket>();
    let waiting: ServerResponse[] = [];
    let most = 0;
    const listener: RequestListener = (request, response) => {
      sockets.add(request.socket);
      waiting.push(response);
      most = Math.max(most, waiting.length);
      if (waiting.length < count) return;
      for (const held of waiting) held.end();
      waiting = [];
    };
    return { listener, sockets, most: () => most };
  }

  it('opens no more connections than max_conns_per_host', async () => {
    const { listener, sockets, most } = together(2);
    const client = connect(await serve(listener), { maxConnsPerHost: 2 });
    await Promise.all(Array.from({ length: 6 }, () => client.send(Buffer.from('x'), never)));
    expect(most()).toBe(2);
    expect(sockets.size).toBe(2);
  });

  it('leaves no more idle connections open than max_idle_conns', async () => {
    const { listener, sockets } = together(4);
    const client = connect(await serve(listener), { maxIdleConns: 1 });
    await Promise.all(Array.from({ length: 4 }, () => client.send(Buffer.from('x'), never)));
    const closed = [...sockets].map((socket) =>
      socket.destroyed ? Promise.resolve() : new Promise((resolve) => socket.once('close', resolve)),
    );
    await Promise.any([Promise.all(closed.slice(0, 3)), Promise.all(closed.slice(1))]);
    expect([...sockets].filter((socket) => !socket.destroyed)).toHaveLength(1);
  });

  it('closes an idle connection after idle_conn_timeout', async () => {
    const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => void request.resume().on('end', () => response.end()));
    const closed = new Promise((resolve) => server.on('connection', (socket) => socket.on('close', resolve)));
    const port = await listen(server);
    await connect(port, { idleConnTimeoutMs: 20 }).send(Buffer.from('x'), never);
    await closed;
  });

  it('rejects with the reason of the signal while the destination hangs, and closes that connection', async () => {
    const abort = new AbortController();
    const port = await serve(() => {
      abort.abort(new Error('time is up'));
    });
    await expect(connect(port).send(Buffer.alloc(10), abort.signal)).rejects.toThrow('time is up');
  });

  it('rejects a request that still waits for a connection, which then never leaves', async () => {
    const abort = new AbortController();
    let requests = 0;
    const held: ServerResponse[] = [];
    const port = await serve((_request, response) => {
      requests++;
      held.push(response);
      abort.abort(new Error('time is up'));
    });
    const client = connect(port, { maxConnsPerHost: 1 });
    const first = client.send(Buffer.from('1'), never);
    await expect(client.send(Buffer.from('2'), abort.signal)).rejects.toThrow('time is up');
    held[0]!.end();
    expect((await first).status).toBe(200);
    const third = client.send(Buffer.from('3'), never);
    while (held.length < 2) await new Promise((resolve) => setImmediate(resolve));
    held[1]!.end();
    await third;
    expect(requests).toBe(2);
  });

  it('rejects at once when the signal has aborted before', async () => {
    await expect(connect(1).send(Buffer.from('x'), AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');
  });

  it('fails when nobody listens', async () => {
    const server = createTcpServer();
    const port = await listen(server);
    await new Promise((resolve) => void server.close(resolve));
    await expect(connect(port).send(Buffer.from('x'), never)).rejects.toThrow('ECONNREFUSED');
  });

  it('fails when the connection is reset', async () => {
    const port = await serveTcp((socket) => socket.once('data', () => socket.resetAndDestroy()));
    await expect(connect(port).send(Buffer.from('x'), never)).rejects.toThrow();
  });

  it('fails when a success breaks off', async () => {
    const port = await serveTcp((socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf')));
    await expect(connect(port).send(Buffer.from('x'), never)).rejects.toThrow();
  });

  it('takes a refusal for what it is even when its explanation breaks off', async () => {
    const port = await serveTcp((socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad\r\ncontent-length: 100\r\n\r\nhalf')));
    const response = await connect(port).send(Buffer.from('x'), never);
    expect(response.status).toBe(400);
  });

  it('fails when the response is not HTTP', async () => {
    const port = await serveTcp((socket) => socket.once('data', () => socket.end('SSH-2.0-OpenSSH\r\n\r\n')));
    await expect(connect(port).send(Buffer.from('x'), never)).rejects.toThrow();
  });

  it('reads no more than 64 KiB of an endless response', async () => {
    const port = await serve((_request, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(10_000, 'a')));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    });
    const response = await connect(port).send(Buffer.from('x'), never);
    expect(response).toMatchObject({ status: 200 });
    expect(response.body).toHaveLength(65_536);
  });

  it('lets go of the body before it settles when the destination answers without reading everything', async () => {
    const received: Buffer[] = [];
    let peer: Socket | undefined;
    const port = await serveTcp((socket) => {
      peer = socket;
      socket.once('data', (chunk: Buffer) => {
        received.push(chunk);
        socket.pause().write('HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n');
      });
    });
    const body = Buffer.alloc(32 * 1024 * 1024, 'a');
    const client = connect(port);
    const response = await client.send(body, never);
    body.fill('z');
    expect(response.status).toBe(413);
    // The destination reads on now: nothing of what was written into the buffer later arrives.
    const ended = new Promise((resolve) => peer!.once('close', resolve));
    peer!.on('data', (chunk: Buffer) => received.push(chunk)).resume();
    await ended;
    expect(Buffer.concat(received).includes('z')).toBe(false);
  });

  it('comes back after the destination was away', async () => {
    const first = createServer((_request, response) => response.end('first'));
    const port = await listen(first);
    const client = connect(port);
    expect(text((await client.send(Buffer.from('x'), never)).body)).toBe('first');
    first.closeAllConnections();
    await new Promise((resolve) => void first.close(resolve));
    await expect(client.send(Buffer.from('x'), never)).rejects.toThrow();
    const second = createServer((_request, response) => response.end('second'));
    open.push(second);
    await new Promise<void>((resolve) => void second.listen(port, '127.0.0.1', resolve));
    expect(text((await client.send(Buffer.from('x'), never)).body)).toBe('second');
  });

  it('can be closed twice and fails afterwards', async () => {
    const client = connect(await serve((_request, response) => response.end()));
    await client.close();
    await client.close();
    await expect(client.send(Buffer.from('x'), never)).rejects.toThrow();
  });
});
