import { once } from 'node:events';
import zlib from 'node:zlib';
import { grpcCode } from '@millrace/transport';
import { afterEach, describe, expect, it } from '@jest/globals';
import { compress as snappy } from 'snappyjs';
import { framed, type GrpcTestServer, Http2Client, path, serveGrpc } from './grpc-harness.ts';
import { eventually, RawClient } from './http-harness.ts';

let open: GrpcTestServer[] = [];
let clients: Http2Client[] = [];
const started = async (...args: Parameters<typeof serveGrpc>): Promise<GrpcTestServer & { client: Http2Client }> => {
  const test = await serveGrpc(...args);
  const client = new Http2Client(test.address);
  open.push(test);
  clients.push(client);
  return { ...test, client };
};
afterEach(async () => {
  for (const client of clients) client.close();
  for (const test of open) {
    await test.close();
    expect(test.pool.ledger.accounted).toBe(0);
  }
  open = [];
  clients = [];
});

describe('A gRPC server', () => {
  it('hands the message to the method of the path and answers with an empty message', async () => {
    const { client, method } = await started();
    const outcome = await client.call(framed(Buffer.from('hello')), { 'content-type': 'application/grpc+proto' });
    expect([outcome.http, outcome.status, outcome.headers['content-type'], outcome.data]).toEqual([
      200,
      '0',
      'application/grpc',
      Buffer.alloc(5),
    ]);
    expect(method.messages.map(String)).toEqual(['hello']);
  });

  it('reads a message however it is cut', async () => {
    const { client, method } = await started();
    const bytes = framed(Buffer.from('hello'));
    for (let cut = 1; cut < bytes.length; cut++) {
      const stream = client.open();
      const outcome = client.outcome(stream);
      for (const byte of [bytes.subarray(0, cut), bytes.subarray(cut)]) await new Promise((resolve) => stream.write(byte, resolve));
      stream.end();
      expect((await outcome).status).toBe('0');
    }
    expect(method.messages.map(String)).toEqual(Array.from({ length: bytes.length - 1 }, () => 'hello'));
  });

  it('reads messages of every size up to the limit', async () => {
    const { client, method } = await started();
    for (const size of [0, 1, 16_379, 16_384, 100_000, 3_000_000, 4 * 1024 * 1024]) {
      const message = Buffer.alloc(size, 'abcdefg');
      expect((await client.call(framed(message))).status).toBe('0');
      expect(method.messages.pop()!.equals(message)).toBe(true);
    }
  });

  it('serves many calls at a time on one connection', async () => {
    const { client, method } = await started();
    const outcomes = await Promise.all(Array.from({ length: 100 }, (_, i) => client.call(framed(Buffer.alloc(10_000, i)))));
    expect(outcomes.filter((outcome) => outcome.status === '0').length).toBe(100);
    expect(new Set(method.messages.map((message) => message[0])).size).toBe(100);
  });

  it('opens no more calls on a connection than max_concurrent_streams', async () => {
    const { client, method } = await started({ maxConcurrentStreams: 2 });
    await client.call(framed(Buffer.from('first'))); // the settings of the server have arrived by then
    method.onReceive = () => undefined;
    const streams = Array.from({ length: 3 }, () => client.open());
    const outcomes = streams.map((stream) => client.outcome(stream));
    for (const stream of streams) stream.end(framed(Buffer.from('x')));
    await eventually(() => method.calls.length === 3);
    method.calls[1]!.succeed();
    await eventually(() => method.calls.length === 4);
    for (const call of method.calls) call.succeed();
    expect((await Promise.all(outcomes)).map((outcome) => outcome.status)).toEqual(['0', '0', '0']);
  });

  it.each([
    ['gzip', zlib.gzipSync],
    ['zstd', zlib.zstdCompressSync],
    ['snappy', snappy],
  ])('decompresses %s', async (encoding, encode) => {
    const { client, method } = await started();
    const message = Buffer.from('hello '.repeat(1000));
    expect((await client.call(framed(encode(message), 1), { 'grpc-encoding': encoding })).status).toBe('0');
    expect((await client.call(framed(message), { 'grpc-encoding': encoding })).status).toBe('0');
    expect(method.messages.every((received) => received.equals(message))).toBe(true);
  });

  it('tells who calls, with the metadata when it is wanted', async () => {
    const { client, method } = await started({ includeMetadata: true });
    await client.call(framed(Buffer.alloc(1)), { 'x-tenant': 'a' });
    const seen = method.calls[0]!.client;
    expect([seen.address, seen.metadata.get('x-tenant'), seen.metadata.get('host')?.length, seen.metadata.has(':path')]).toEqual([
      '127.0.0.1',
      ['a'],
      1,
      false,
    ]);
    const plain = await started();
    await plain.client.call(framed(Buffer.alloc(1)), { 'x-tenant': 'a' });
    expect(plain.method.calls[0]!.client).toEqual({ metadata: new Map(), address: '127.0.0.1' });
  });
});

describe('A gRPC server refuses', () => {
  it.each([
    ['an unknown service', { ':path': '/other.v1.Service/Export' }, '12', 'unknown service other.v1.Service'],
    ['an unknown method', { ':path': '/test.v1.Service/Import' }, '12', 'unknown method Import for service test.v1.Service'],
    ['a path that names no method', { ':path': '/nothing' }, '12', 'malformed method name: "/nothing"'],
    ['a malformed timeout', { 'grpc-timeout': '5' }, '13', 'malformed grpc-timeout: "5"'],
    ['a GET', { ':method': 'GET' }, '13', 'Received a HEADERS frame with :method "GET" which should be POST'],
    ['another content type', { 'content-type': 'application/json' }, '13', 'invalid gRPC request content-type "application/json"'],
    ['a cousin of gRPC', { 'content-type': 'application/grpc-web' }, '13', 'invalid gRPC request content-type "application/grpc-web"'],
  ])('%s', async (_name, headers, status, message) => {
    const { client, method } = await started();
    const stream = client.open(headers);
    const outcome = client.outcome(stream);
    if (stream.writable) stream.end(framed(Buffer.from('x')));
    expect(await outcome).toMatchObject({ status, message });
    expect(method.messages).toEqual([]);
  });

  it.each([
    ['a truncated message', framed(Buffer.from('hello')).subarray(0, 8), '13', 'unexpected EOF'],
    ['no message', Buffer.alloc(0), '13', 'unexpected EOF'],
    ['two messages', Buffer.concat([framed(Buffer.from('a')), framed(Buffer.from('b'))]), '13', 'more than one message in a unary call'],
    ['an unknown flag', framed(Buffer.from('a'), 7), '13', 'grpc: received unexpected payload format 7'],
    ['compression that is not named', framed(Buffer.from('a'), 1), '13', 'grpc: compressed flag set with identity or empty encoding'],
    ['a message above the limit', framed(Buffer.alloc(2000)), '8', 'grpc: received message larger than max (2000 vs. 1024)'],
  ])('%s', async (_name, body, status, message) => {
    const { client, method } = await started({ maxReceiveMessageBytes: 1024 });
    expect(await client.call(body)).toMatchObject({ http: 200, status, message });
    expect(method.messages).toEqual([]);
  });

  it.each([
    ['gzip', zlib.gzipSync(Buffer.alloc(60_000_000))],
    ['zstd', zlib.zstdCompressSync(Buffer.alloc(60_000_000))],
    ['snappy', snappy(Buffer.alloc(5_000_000))],
  ])('a %s bomb', async (encoding, bomb) => {
    const { client } = await started();
    expect(await client.call(framed(bomb, 1), { 'grpc-encoding': encoding })).toMatchObject({
      status: '8',
      message: 'grpc: received message after decompression larger than max (4194305 vs. 4194304)',
    });
  });

  it('compression that is broken or unknown', async () => {
    const { client } = await started();
    expect(await client.call(framed(Buffer.from('junk'), 1), { 'grpc-encoding': 'gzip' })).toMatchObject({
      status: '13',
      message: 'grpc: failed to decompress the received message: gzip: incorrect header check',
    });
    const unknown = await client.call(framed(Buffer.from('junk'), 1), { 'grpc-encoding': 'br' });
    expect(unknown).toMatchObject({ status: '12', message: 'grpc: Decompressor is not installed for grpc-encoding "br"' });
    expect(unknown.headers['grpc-accept-encoding']).toBe('gzip,snappy,zstd');
  });

  it('while the method refuses, before the message is sent, with the delay', async () => {
    const { client, method } = await started();
    method.refusal = { code: grpcCode.unavailable, message: 'overloaded: 100 % – später', retryAfterMs: 2500 };
    const outcome = await client.outcome(client.open());
    expect(outcome).toMatchObject({ status: '14', message: 'overloaded: 100 %25 %E2%80%93 sp%C3%A4ter' });
    expect(Buffer.from(outcome.headers['grpc-status-details-bin'] as string, 'base64').includes('google.rpc.RetryInfo')).toBe(true);
  });

  it('what does not fit into the memory budget', async () => {
    const { client } = await started({}, 100_000);
    const busy = { status: '14', message: 'data refused due to high memory usage' };
    expect(await client.call(framed(Buffer.alloc(100_001)))).toMatchObject(busy);
    expect(await client.call(framed(zlib.gzipSync(Buffer.alloc(3_000_000)), 1), { 'grpc-encoding': 'gzip' })).toMatchObject(busy);
    const roomy = await started({}, 2_000_000);
    const stream = roomy.client.open();
    const outcome = roomy.client.outcome(stream);
    stream.write(framed(Buffer.alloc(1_900_000)).subarray(0, 1_000_000));
    await eventually(() => roomy.pool.ledger.accounted > 0);
    const other = roomy.pool.lease(1_000_000);
    stream.write(Buffer.alloc(500_000));
    expect(await outcome).toMatchObject(busy);
    other.release();
  });
});

describe('A gRPC call', () => {
  it('gets its status when the message of it is too long for a header', async () => {
    const { client } = await started({
      authenticator: {
        authenticate: () => {
          throw new Error(`no ${'ü'.repeat(70_000)}`);
        },
      },
    });
    for (let i = 0; i < 2; i++) {
      const stream = client.open();
      const outcome = client.outcome(stream);
      stream.end(framed(Buffer.from('hello')));
      expect(await outcome).toMatchObject({ http: 200, status: '16', message: expect.stringMatching(/^no %C3%BC/) });
    }
  });

  it('holds little memory for a message that is only promised, and none when the client leaves', async () => {
    const { client, pool } = await started();
    const stream = client.open();
    stream.write(framed(Buffer.alloc(4 * 1024 * 1024)).subarray(0, 100));
    await eventually(() => pool.ledger.accounted > 0);
    expect(pool.ledger.accounted).toBeLessThanOrEqual(16 * 1024);
    stream.close(8);
    await eventually(() => pool.ledger.accounted === 0);
    client.open().write(framed(Buffer.alloc(1000)).subarray(0, 100));
    await eventually(() => pool.ledger.accounted > 0);
    client.close();
    await eventually(() => pool.ledger.accounted === 0);
  });

  it('ends at its deadline, within the message and after it', async () => {
    const { client, method, pool } = await started();
    const late = { status: '4', message: 'context deadline exceeded' };
    const stream = client.open({ 'grpc-timeout': '30m' });
    const outcome = client.outcome(stream);
    stream.write(framed(Buffer.alloc(1000)).subarray(0, 100));
    expect(await outcome).toMatchObject(late);
    expect(pool.ledger.accounted).toBe(0);
    method.onReceive = () => undefined;
    for (const timeout of ['25000u', '25000000n', '0S']) {
      expect(await client.call(framed(Buffer.from('x')), { 'grpc-timeout': timeout })).toMatchObject(late);
    }
    method.calls[0]!.succeed();
    method.calls[0]!.fail({ code: 13, message: 'too late' });
  });

  it('with a deadline far away is answered', async () => {
    const { client, method } = await started();
    for (const timeout of ['1H', '2M', '99999999S'])
      expect((await client.call(framed(Buffer.from('x')), { 'grpc-timeout': timeout })).status).toBe('0');
    const slow = client.call(framed(Buffer.from('x')), { 'grpc-timeout': '1M' });
    method.onReceive = (call) => setTimeout(() => call.succeed(), 50);
    expect((await slow).status).toBe('0');
  });

  it('is answered once', async () => {
    const { client, method } = await started();
    method.onReceive = (call) => {
      call.fail({ code: grpcCode.internal, message: 'first' });
      call.succeed();
      call.fail({ code: grpcCode.internal, message: 'second' });
    };
    expect(await client.call(framed(Buffer.from('x')))).toMatchObject({ status: '13', message: 'first' });
  });

  it('is answered with several messages, and their status after them', async () => {
    const { client, method } = await started();
    const closed: string[] = [];
    method.onReceive = (call) => {
      call.onClose = () => void closed.push('one');
      expect([call.send(Buffer.from('a')), call.send(Buffer.alloc(0))]).toEqual([true, true]);
      setImmediate(() => {
        call.send(Buffer.from('b'));
        call.succeed();
        expect(call.send(Buffer.from('c'))).toBe(false);
      });
    };
    const all = Buffer.concat([framed(Buffer.from('a')), framed(Buffer.alloc(0)), framed(Buffer.from('b'))]);
    expect(await client.call(framed(Buffer.from('x')))).toMatchObject({ http: 200, status: '0', data: all });
    method.onReceive = (call) => {
      call.send(Buffer.from('a'));
      call.fail({ code: grpcCode.unavailable, message: 'no möre', retryAfterMs: 1000 });
    };
    const failed = await client.call(framed(Buffer.from('x')));
    expect(failed).toMatchObject({ http: 200, status: '14', message: 'no m%C3%B6re', data: framed(Buffer.from('a')) });
    expect(failed.headers).toHaveProperty('grpc-status-details-bin');
    await eventually(() => closed.length === 1);
  });

  it('is not sent more than its client reads', async () => {
    const { client, method } = await started();
    const sent: boolean[] = [];
    method.onReceive = (call) => {
      while (call.send(Buffer.alloc(1000))) sent.push(true);
      call.fail({ code: grpcCode.cancelled, message: 'too slow' });
    };
    expect(await client.call(framed(Buffer.from('x')))).toMatchObject({ status: '1', message: 'too slow' });
    expect(sent.length).toBeLessThan(1000);
  });

  it('may be answered after the client has left', async () => {
    const { client, method } = await started();
    method.onReceive = () => undefined;
    const stream = client.open();
    stream.end(framed(Buffer.from('x')));
    await eventually(() => method.calls.length === 1);
    client.close();
    await once(client.session, 'close');
    await new Promise((resolve) => setTimeout(resolve, 20));
    method.calls[0]!.succeed();
    const second = new Http2Client(open[0]!.address);
    clients.push(second);
    method.onReceive = undefined;
    expect((await second.call(framed(Buffer.from('x')))).status).toBe('0');
  });
});

describe('What is not gRPC', () => {
  it.each([
    ['HTTP/1.1', 'POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi'],
    ['random bytes', Buffer.alloc(1000, 0xfe)],
    ['a broken frame', Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.alloc(100, 0xff)])],
  ])('%s is turned away and the server goes on', async (_name, bytes) => {
    const { client, port } = await started();
    const raw = await RawClient.open(port);
    raw.send(bytes);
    await raw.end();
    expect((await client.call(framed(Buffer.from('x')), { ':path': path })).status).toBe('0');
  });
});
