import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import { framed, type GrpcTestServer, Http2Client, serveGrpc } from './grpc-harness.ts';
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
const message = framed(Buffer.from('x'));

describe('A connection of a gRPC client', () => {
  it('is told to go away when it is idle for max_connection_idle', async () => {
    const { client } = await started({ keepalive: { maxConnectionIdleMs: 60 } });
    const goaway = once(client.session, 'goaway');
    expect((await client.call(message)).status).toBe('0');
    expect((await goaway)[0]).toBe(0);
  });

  it('is not idle while a call is open', async () => {
    const { client, method } = await started({ keepalive: { maxConnectionIdleMs: 30 } });
    method.onReceive = (call) => setTimeout(() => call.succeed(), 150);
    let gone = false;
    client.session.on('goaway', () => (gone = true));
    expect((await client.call(message)).status).toBe('0');
    expect(gone).toBe(false);
    await eventually(() => gone);
  });

  it('is told to go away at max_connection_age and may finish its calls', async () => {
    const { client, method } = await started({ keepalive: { maxConnectionAgeMs: 50 } });
    method.onReceive = () => undefined;
    const outcome = client.call(message);
    await once(client.session, 'goaway');
    method.calls[0]!.succeed();
    expect((await outcome).status).toBe('0');
  });

  it('is cut off when its calls outlast max_connection_age_grace', async () => {
    const { client, method } = await started({ keepalive: { maxConnectionAgeMs: 40, maxConnectionAgeGraceMs: 40 } });
    method.onReceive = () => undefined;
    expect((await client.call(message)).status).toBeUndefined();
  });

  it('is pinged when it is silent for time, and kept while it answers', async () => {
    const { client } = await started({ keepalive: { timeMs: 30, timeoutMs: 2000 } });
    let pings = 0;
    client.session.on('ping', () => pings++);
    await eventually(() => pings >= 2);
    expect((await client.call(message)).status).toBe('0');
  });

  it('is closed when it leaves a ping unanswered for timeout', async () => {
    const { port } = await started({ keepalive: { timeMs: 30, timeoutMs: 30 } });
    const raw = await RawClient.open(port);
    raw.send(Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])]));
    await raw.end();
    expect(raw.closed).toBe(true);
  });

  const ping = (client: Http2Client): Promise<void> => new Promise((resolve) => client.session.ping(() => resolve()));

  it('is closed when it pings more often than enforcement_policy allows', async () => {
    const { client } = await started({ keepalive: { enforcement: { minTimeMs: 60_000, permitWithoutStream: true } } });
    const goaway = once(client.session, 'goaway');
    await once(client.session, 'connect');
    for (let i = 0; i < 4; i++) void ping(client);
    const [code, , reason] = (await goaway) as [number, number, Buffer];
    expect([code, String(reason)]).toEqual([11, 'too_many_pings']);
  });

  it('may ping after each reply, and at all only with permit_without_stream', async () => {
    const { client } = await started({ keepalive: { enforcement: { minTimeMs: 0, permitWithoutStream: true } } });
    await once(client.session, 'connect');
    for (let i = 0; i < 6; i++) await ping(client);
    expect((await client.call(message)).status).toBe('0');
    const { client: strict } = await started({ keepalive: { enforcement: { minTimeMs: 60_000, permitWithoutStream: false } } });
    for (let i = 0; i < 6; i++) {
      expect((await strict.call(message)).status).toBe('0');
      await ping(strict);
    }
    const goaway = once(strict.session, 'goaway');
    for (let i = 0; i < 4; i++) void ping(strict);
    expect((await goaway)[0]).toBe(11);
  });

  it('may ping at will without an enforcement policy', async () => {
    const { client } = await started();
    await once(client.session, 'connect');
    for (let i = 0; i < 20; i++) await ping(client);
    expect((await client.call(message)).status).toBe('0');
  });
});

describe('Stopping a gRPC server', () => {
  it('sends GOAWAY, answers what is in flight and refuses new connections', async () => {
    const { client, method, server, port } = await started();
    method.onReceive = () => undefined;
    const outcome = client.call(message);
    await eventually(() => method.calls.length === 1);
    const goaway = once(client.session, 'goaway');
    const stopped = server.stop(new AbortController().signal);
    expect((await goaway)[0]).toBe(0);
    await expect(RawClient.open(port)).rejects.toThrow('ECONNREFUSED');
    method.calls[0]!.succeed();
    expect((await outcome).status).toBe('0');
    await stopped;
  });

  it('waits for a message that is under way', async () => {
    const { client, pool, method, server } = await started();
    const stream = client.open();
    const outcome = client.outcome(stream);
    const body = framed(Buffer.from('hello'));
    stream.write(body.subarray(0, 7));
    await eventually(() => pool.ledger.accounted > 0);
    const stopped = server.stop(new AbortController().signal);
    stream.end(body.subarray(7));
    expect((await outcome).status).toBe('0');
    expect(method.messages.map(String)).toEqual(['hello']);
    await stopped;
  });

  it('closes idle connections at once', async () => {
    const { client, server } = await started();
    await client.call(message);
    await server.stop(new AbortController().signal);
    await eventually(() => client.session.closed);
  });

  it('cuts off what is left when the time is up', async () => {
    const { client, method, server } = await started();
    method.onReceive = () => undefined;
    const outcome = client.call(message);
    await eventually(() => method.calls.length === 1);
    const controller = new AbortController();
    const stopped = server.stop(controller.signal);
    controller.abort();
    await stopped;
    expect((await outcome).status).toBeUndefined();
  });

  it('is safe twice and concurrently', async () => {
    const { server } = await started();
    const { signal } = new AbortController();
    await Promise.all([server.stop(signal), server.stop(signal)]);
    await server.stop(signal);
  });
});
