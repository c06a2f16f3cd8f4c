import { FakeClock, systemClock } from '@millrace/api/testing';
import {
  createCompressor,
  createGrpcClient,
  encodeStatus,
  type GrpcClient,
  type GrpcClientOptions,
  GrpcError,
  parseGrpcTarget,
} from '@millrace/transport';
import * as grpc from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync } from 'node:fs';
import { createServer, type Http2Server, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, connect as connectTcp, createServer as createTcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';

const path = '/test.Service/Export';
const never = new AbortController().signal;
const clients: GrpcClient[] = [];
const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const close of closers.splice(0)) await close();
});

function client(port: number, options: Partial<GrpcClientOptions> = {}): GrpcClient {
  const made = createGrpcClient({
    target: parseGrpcTarget(`127.0.0.1:${port}`),
    compression: 'none',
    headers: {},
    userAgent: 'test/1',
    clock: systemClock,
    ...options,
  });
  clients.push(made);
  return made;
}

type Handler = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, message: Buffer, session: ServerHttp2Session) => unknown;

/** Calls the handler when a whole request is there. */
async function serve(
  handler: Handler,
  port: number | string = 0,
): Promise<{ port: number; server: Http2Server; sessions: Set<ServerHttp2Session> }> {
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer();
  server.on('session', (session) => {
    sessions.add(session.on('error', () => {}));
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on('error', () => {});
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      // A stream that was lost ends, too.
      if (!stream.destroyed) handler(stream, headers, Buffer.concat(chunks), stream.session as ServerHttp2Session);
    });
  });
  closers.push(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  await new Promise<void>((resolve) =>
    typeof port === 'string' ? server.listen(port, resolve) : server.listen(port, '127.0.0.1', resolve),
  );
  return { port: (server.address() as AddressInfo).port, server, sessions };
}

const frame = (message: Buffer, compressed = false): Buffer => {
  const prefix = Buffer.alloc(5, compressed ? 1 : 0);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
};

function reply(
  stream: ServerHttp2Stream,
  message: Buffer,
  trailers: Record<string, string> = { 'grpc-status': '0' },
  headers: Record<string, string> = {},
): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...headers }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  stream.end(frame(message));
}

const trailersOnly = (stream: ServerHttp2Stream, trailers: Record<string, string>): void =>
  stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...trailers }, { endStream: true });

async function failureOf(call: Promise<unknown>): Promise<GrpcError> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(GrpcError);
  return error as GrpcError;
}

/** HTTP/2 frames as a server may send them (RFC 9113, section 6): SETTINGS with the largest window, the same for the connection. */
const settings = Buffer.from([0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0x7f, 0xff, 0xff, 0xff]);
const windowUpdate = Buffer.from([0, 0, 4, 8, 0, 0, 0, 0, 0, 0x7f, 0xff, 0, 0]);
const goaway = (lastStreamId: number): Buffer => Buffer.from([0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, lastStreamId, 0, 0, 0, 0]);

/** Greets a client as an HTTP/2 server and calls back when the first request begins to arrive. */
function greet(socket: Socket, greeting: Buffer, requested: () => void): void {
  socket.write(greeting);
  let bytes = Buffer.alloc(0);
  const read = (chunk: Buffer): void => {
    bytes = Buffer.concat([bytes, chunk]);
    const prefaceBytes = 24;
    for (let at = prefaceBytes; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3)) {
      if (bytes[at + 3] !== 1) continue;
      socket.removeListener('data', read);
      requested();
      return;
    }
  };
  socket.on('data', read);
}

async function serveTcp(connection: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    connection(socket.on('error', () => {}));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

describe('a gRPC client', () => {
  it('sends the message and the headers of gRPC and returns the response', async () => {
    let seen: { headers: IncomingHttpHeaders; message: Buffer } | undefined;
    const { port } = await serve((stream, headers, message) => {
      seen = { headers, message };
      reply(stream, Buffer.from('pong'));
    });
    const caller = client(port, { headers: { 'X-Tenant': 'a', 'key-bin': 'bytes', 'user-agent': 'ignored', te: 'gzip' } });
    const response = await caller.unary(path, Buffer.from('ping'), 1500, never);
    expect(response.toString()).toBe('pong');
    expect(seen!.message).toEqual(frame(Buffer.from('ping')));
    expect(seen!.headers).toMatchObject({
      ':method': 'POST',
      ':scheme': 'http',
      ':path': path,
      ':authority': `127.0.0.1:${port}`,
      'content-type': 'application/grpc',
      te: 'trailers',
      'user-agent': 'test/1',
      'grpc-timeout': '1500m',
      'x-tenant': 'a',
      'key-bin': Buffer.from('bytes').toString('base64'),
    });
    expect(seen!.headers['grpc-encoding']).toBeUndefined();
  });

  it('says nothing of a timeout when there is none, and seconds when milliseconds do not fit', async () => {
    const timeouts: unknown[] = [];
    const { port } = await serve((stream, headers) => {
      timeouts.push(headers['grpc-timeout']);
      reply(stream, Buffer.alloc(0));
    });
    const caller = client(port);
    await caller.unary(path, Buffer.alloc(0), 0, never);
    await caller.unary(path, Buffer.alloc(0), 200_000_000, never);
    expect(timeouts).toEqual([undefined, '200000S']);
  });

  it('uses the authority that it is given', async () => {
    const { port } = await serve((stream, headers) => reply(stream, Buffer.from(headers[':authority']!)));
    expect((await client(port, { authority: 'shop.example' }).unary(path, Buffer.alloc(1), 0, never)).toString()).toBe('shop.example');
  });

  it('connects to a Unix socket', async () => {
    const socket = join(mkdtempSync(join(tmpdir(), 'grpc-')), 's');
    await serve((stream) => reply(stream, Buffer.from('local')), socket);
    const caller = client(0, { target: parseGrpcTarget(`unix://${socket}`) });
    expect((await caller.unary(path, Buffer.alloc(1), 0, never)).toString()).toBe('local');
  });

  it.each([
    ['gzip', (data: Buffer) => gunzipSync(data)],
    ['zstd', (data: Buffer) => zstdDecompressSync(data)],
  ] as const)('compresses messages with %s and reads responses in it', async (compression, unpack) => {
    const { port } = await serve(async (stream, headers, message) => {
      expect(headers['grpc-encoding']).toBe(compression);
      expect(message[0]).toBe(1);
      const plain = unpack(message.subarray(5));
      stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-encoding': compression }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(frame(await createCompressor(compression)!(plain), true));
    });
    const message = Buffer.alloc(100_000, 'telemetry ');
    expect(await client(port, { compression }).unary(path, message, 0, never)).toEqual(message);
  });

  it('sends snappy in the framing format and reads it', async () => {
    const { port } = await serve((stream, headers, message) => {
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc', 'grpc-encoding': headers['grpc-encoding'] },
        { waitForTrailers: true },
      );
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(message);
    });
    const message = Buffer.concat([
      Buffer.alloc(100_000, 'telemetry '),
      Buffer.from(Array.from({ length: 70_000 }, (_, i) => (i * i * 31) >> 3)),
    ]);
    expect(await client(port, { compression: 'snappy' }).unary(path, message, 0, never)).toEqual(message);
  });

  it('talks to a server of @grpc/grpc-js', async () => {
    const server = new grpc.Server();
    const bytes = (value: Buffer): Buffer => value;
    server.addService(
      {
        Export: {
          path,
          requestStream: false,
          responseStream: false,
          requestDeserialize: bytes,
          requestSerialize: bytes,
          responseDeserialize: bytes,
          responseSerialize: bytes,
        },
      },
      {
        Export: (call: grpc.ServerUnaryCall<Buffer, Buffer>, callback: grpc.sendUnaryData<Buffer>) => {
          if (call.request.length === 3) callback({ code: grpc.status.INVALID_ARGUMENT, details: 'not 100 % right: ü' });
          else callback(null, Buffer.from(`${call.request.length} ${String(call.metadata.get('tenant')[0])}`));
        },
      } as grpc.UntypedServiceImplementation,
    );
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      ),
    );
    closers.push(() => server.forceShutdown());
    const caller = client(port, { compression: 'gzip', headers: { tenant: 'a' } });
    const calls = Array.from({ length: 50 }, (_, i) => caller.unary(path, Buffer.alloc(10_000 + i), 5000, never));
    expect((await Promise.all(calls)).map(String)).toEqual(calls.map((_, i) => `${10_000 + i} a`));
    expect(await failureOf(caller.unary(path, Buffer.alloc(3), 5000, never))).toMatchObject({
      code: 3,
      message: 'rpc error: code = InvalidArgument desc = not 100 % right: ü',
    });
  });

  it('sends all calls over one connection', async () => {
    const { port, sessions } = await serve((stream) => reply(stream, Buffer.alloc(0)));
    const caller = client(port);
    await Promise.all(Array.from({ length: 20 }, () => caller.unary(path, Buffer.alloc(300_000), 0, never)));
    expect(sessions.size).toBe(1);
  });

  it('reads a status from the headers of a response without a body', async () => {
    const { port } = await serve((stream) => trailersOnly(stream, { 'grpc-status': '8', 'grpc-message': 'slow%20down' }));
    expect(await failureOf(client(port).unary(path, Buffer.alloc(1), 0, never))).toMatchObject({
      code: 8,
      retryDelayMs: undefined,
      message: 'rpc error: code = ResourceExhausted desc = slow down',
    });
  });

  it('reads RetryInfo from the details', async () => {
    const details = encodeStatus({ code: 8, message: 'slow down', retryAfterMs: 2500 }).toString('base64').replace(/=+$/, '');
    const { port } = await serve((stream) => reply(stream, Buffer.alloc(0), { 'grpc-status': '8', 'grpc-status-details-bin': details }));
    expect(await failureOf(client(port).unary(path, Buffer.alloc(1), 0, never))).toMatchObject({ code: 8, retryDelayMs: 2500 });
  });

  it('keeps the status when the details cannot be read', async () => {
    const { port } = await serve((stream) => trailersOnly(stream, { 'grpc-status': '14', 'grpc-status-details-bin': '/////w' }));
    expect(await failureOf(client(port).unary(path, Buffer.alloc(1), 0, never))).toMatchObject({ code: 14, retryDelayMs: undefined });
  });

  it.each([
    ['a response without trailers', 14, (stream: ServerHttp2Stream) => stream.respond({ ':status': 200 }, { endStream: true })],
    ['a reset stream', 14, (stream: ServerHttp2Stream) => stream.close(2)],
    ['a lost connection', 14, (stream: ServerHttp2Stream) => stream.session!.destroy()],
    [
      'half a response and a lost connection',
      14,
      (stream: ServerHttp2Stream) => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
        stream.write(Buffer.from([0, 0, 0]), () => stream.session!.destroy());
      },
    ],
    ['a proxy that is overloaded', 14, (stream: ServerHttp2Stream) => stream.respond({ ':status': 503 }, { endStream: true })],
    ['a web server that knows no such page', 12, (stream: ServerHttp2Stream) => stream.respond({ ':status': 404 }, { endStream: true })],
    ['a status that is no number', 2, (stream: ServerHttp2Stream) => trailersOnly(stream, { 'grpc-status': 'fine' })],
    [
      'a message that breaks off',
      13,
      (stream: ServerHttp2Stream) => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        stream.end(Buffer.from([0, 0, 0, 0, 9, 1]));
      },
    ],
    [
      'a message in an unknown compression',
      13,
      (stream: ServerHttp2Stream) => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-encoding': 'br' }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        stream.end(frame(Buffer.from('x'), true));
      },
    ],
    [
      'a message that is not what its compression says',
      13,
      (stream: ServerHttp2Stream) => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-encoding': 'gzip' }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        stream.end(frame(Buffer.from('x'), true));
      },
    ],
    [
      'an endless response',
      8,
      (stream: ServerHttp2Stream) => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
        stream.write(Buffer.alloc(5 * 1024 * 1024));
      },
    ],
  ] as [string, number, (stream: ServerHttp2Stream) => void][])('fails %s with its code', async (_name, code, misbehave) => {
    const { port } = await serve((stream) => misbehave(stream));
    expect(await failureOf(client(port).unary(path, Buffer.alloc(100), 0, never))).toMatchObject({ code });
  });

  it('makes a new connection after one was lost', async () => {
    let first = true;
    const { port } = await serve((stream, _headers, _message, session) => {
      if (first) session.destroy();
      else reply(stream, Buffer.from('again'));
      first = false;
    });
    const caller = client(port);
    await failureOf(caller.unary(path, Buffer.alloc(1), 0, never));
    expect((await caller.unary(path, Buffer.alloc(1), 0, never)).toString()).toBe('again');
  });

  it('offers a refused stream again at once', async () => {
    let calls = 0;
    const { port } = await serve((stream) => {
      if (++calls < 3) stream.close(7);
      else reply(stream, Buffer.from('third'));
    });
    expect((await client(port).unary(path, Buffer.alloc(1), 0, never)).toString()).toBe('third');
  });

  it('finishes running calls after GOAWAY and makes new ones on a new connection', async () => {
    const seen: ServerHttp2Session[] = [];
    const held: ServerHttp2Stream[] = [];
    const { port } = await serve((stream, _headers, message, session) => {
      seen.push(session);
      if (message.length === 6) held.push(stream);
      else reply(stream, Buffer.from('new'));
    });
    const caller = client(port);
    const running = caller.unary(path, Buffer.alloc(1), 0, never);
    while (held.length === 0) await new Promise((resolve) => setImmediate(resolve));
    seen[0]!.close();
    expect((await caller.unary(path, Buffer.alloc(2), 0, never)).toString()).toBe('new');
    reply(held[0]!, Buffer.from('old'));
    expect((await running).toString()).toBe('old');
    expect(new Set(seen).size).toBe(2);
  });

  it('sends a call again that GOAWAY says was not looked at', async () => {
    const { server } = await serve((stream) => reply(stream, Buffer.from('processed once')));
    let connections = 0;
    const port = await serveTcp((socket) => {
      if (++connections > 1) server.emit('connection', socket);
      else greet(socket, settings, () => socket.write(goaway(0)));
    });
    expect((await client(port).unary(path, Buffer.alloc(1), 0, never)).toString()).toBe('processed once');
    expect(connections).toBe(2);
  });

  it('leaves it to the caller to send a call again that GOAWAY says was looked at', async () => {
    let connections = 0;
    const port = await serveTcp((socket) => {
      connections++;
      greet(socket, settings, () => socket.end(goaway(1)));
    });
    expect(await failureOf(client(port).unary(path, Buffer.alloc(1), 0, never))).toMatchObject({ code: 14 });
    expect(connections).toBe(1);
  });

  it('rejects with the reason of the signal and cancels the stream', async () => {
    const abort = new AbortController();
    let cancelled: Promise<number | undefined> | undefined;
    const { port } = await serve((stream) => {
      cancelled = new Promise((resolve) => stream.on('close', () => resolve(stream.rstCode)));
      abort.abort(new Error('time is up'));
    });
    await expect(client(port).unary(path, Buffer.alloc(1), 0, abort.signal)).rejects.toThrow('time is up');
    expect(await cancelled).toBe(8);
  });

  it('gives up a connection whose peer reads nothing, before it lets go of the message', async () => {
    const abort = new AbortController();
    let peer: Socket | undefined;
    const port = await serveTcp((socket) => {
      peer = socket;
      greet(socket, Buffer.concat([settings, windowUpdate]), () => {
        socket.pause();
        abort.abort(new Error('time is up'));
      });
    });
    const clock = new FakeClock();
    const message = Buffer.alloc(32 * 1024 * 1024, 'a');
    const call = client(port, { clock }).unary(path, message, 0, abort.signal);
    const outcome = expect(call).rejects.toThrow('time is up');
    await new Promise((resolve) => abort.signal.addEventListener('abort', resolve));
    await clock.advance(2000);
    await outcome;
    message.fill('z');
    const received: Buffer[] = [];
    const ended = new Promise((resolve) => peer!.on('data', (chunk: Buffer) => received.push(chunk)).once('close', resolve));
    peer!.resume();
    await ended;
    expect(Buffer.concat(received).includes('zzzzz')).toBe(false);
  });

  it('fails at once while nobody listens, and tries again after a pause', async () => {
    const probe = createTcpServer();
    await new Promise<void>((resolve) => void probe.listen(0, '127.0.0.1', resolve));
    const { port } = probe.address() as AddressInfo;
    await new Promise((resolve) => void probe.close(resolve));
    const clock = new FakeClock();
    const caller = client(port, { clock });
    const failure = await failureOf(caller.unary(path, Buffer.alloc(1), 0, never));
    expect(failure.code).toBe(14);
    expect(failure.message).toMatch(/^rpc error: code = Unavailable desc = connection error: .*ECONNREFUSED/);
    await serve((stream) => reply(stream, Buffer.from('up')), port);
    await failureOf(caller.unary(path, Buffer.alloc(1), 0, never));
    await clock.advance(1201);
    expect((await caller.unary(path, Buffer.alloc(1), 0, never)).toString()).toBe('up');
  });

  it('does not wait for ever for a server that never says anything', async () => {
    const port = await serveTcp((socket) => socket.resume());
    const clock = new FakeClock();
    const call = failureOf(client(port, { clock }).unary(path, Buffer.alloc(1), 0, never));
    await clock.advance(20_000);
    expect((await call).message).toContain('i/o timeout');
  });

  it('lets a caller go whose time is up before the connection stands', async () => {
    const abort = new AbortController();
    const port = await serveTcp((socket) => {
      socket.resume();
      abort.abort(new Error('time is up'));
    });
    await expect(client(port).unary(path, Buffer.alloc(1), 0, abort.signal)).rejects.toThrow('time is up');
  });

  it('fails when the peer speaks HTTP/1', async () => {
    const port = await serveTcp((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect(await failureOf(client(port).unary(path, Buffer.alloc(1), 0, never))).toMatchObject({ code: 14 });
  });

  /** Answers one call and then never says anything again. */
  async function fallSilent(clock: FakeClock, permitWithoutStream: boolean): Promise<{ caller: GrpcClient; closed: () => boolean }> {
    const { server } = await serve((stream) => reply(stream, Buffer.alloc(0)));
    let proxied: Socket | undefined;
    const port = await serveTcp((socket) => {
      proxied = socket;
      const upstream = connectTcp((server.address() as AddressInfo).port, '127.0.0.1');
      socket.pipe(upstream).pipe(socket);
      closers.push(() => upstream.destroy());
    });
    const caller = client(port, { clock, keepalive: { timeMs: 10_000, timeoutMs: 5000, permitWithoutStream } });
    await caller.unary(path, Buffer.alloc(1), 0, never);
    let closed = false;
    proxied!
      .unpipe()
      .on('close', () => (closed = true))
      .resume();
    return { caller, closed: () => closed };
  }

  it('gives up an idle connection that answers no ping', async () => {
    const clock = new FakeClock();
    const { closed } = await fallSilent(clock, true);
    await clock.advance(15_000);
    expect(closed()).toBe(true);
  });

  it('leaves an idle connection alone without permit_without_stream', async () => {
    const clock = new FakeClock();
    const { closed } = await fallSilent(clock, false);
    await clock.advance(60_000);
    expect(closed()).toBe(false);
  });

  it('gives up a connection that answers no ping while a call runs', async () => {
    const clock = new FakeClock();
    const { caller } = await fallSilent(clock, false);
    const call = failureOf(caller.unary(path, Buffer.alloc(1), 0, never));
    await clock.advance(25_000);
    expect(await call).toMatchObject({ code: 14 });
  });

  it('keeps a connection that answers pings', async () => {
    const { port, sessions } = await serve((stream) => reply(stream, Buffer.alloc(0)));
    const clock = new FakeClock();
    const caller = client(port, { clock, keepalive: { timeMs: 10_000, timeoutMs: 5000, permitWithoutStream: true } });
    await caller.unary(path, Buffer.alloc(1), 0, never);
    const [session] = sessions;
    const pinged = new Promise((resolve) => session!.on('ping', resolve));
    await clock.advance(10_000);
    await pinged;
    await caller.unary(path, Buffer.alloc(1), 0, never);
    expect([...sessions]).toEqual([session]);
  });

  it('can be closed twice and fails afterwards', async () => {
    const { port } = await serve((stream) => reply(stream, Buffer.alloc(0)));
    const caller = client(port);
    await caller.unary(path, Buffer.alloc(1), 0, never);
    caller.close();
    caller.close();
    expect(await failureOf(caller.unary(path, Buffer.alloc(1), 0, never))).toMatchObject({ code: 1 });
  });
});
