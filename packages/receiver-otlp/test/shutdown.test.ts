import { connect as connectHttp2 } from 'node:http2';
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { traces } from '../../../test/payloads.ts';
import { eventually, start, stopAll } from './harness.ts';

afterEach(stopAll);

const same = (bytes: Buffer): Buffer => bytes;
const never = (): AbortSignal => new AbortController().signal;

describe('Shutting down otlp', () => {
  it('answers what is in flight over both protocols and takes nothing new', async () => {
    const { grpc, http, sinks, receiver } = await start();
    const take: (() => void)[] = [];
    sinks.traces.before = () => new Promise<void>((resolve) => take.push(resolve));
    const client = new Client(grpc, credentials.createInsecure());
    const call = new Promise<number>((resolve) => {
      client.makeUnaryRequest(
        '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
        same,
        same,
        traces(2),
        (error: ServiceError | null) => {
          resolve(error?.code ?? status.OK);
        },
      );
    });
    const post = (): ReturnType<typeof request> =>
      request(`${http}/v1/traces`, { method: 'POST', body: traces(3), headers: { 'content-type': 'application/x-protobuf' } });
    const reply = post();
    await eventually(() => take.length === 2);
    let done = false;
    const shutdown = Promise.resolve(receiver.shutdown!(never())).then(() => (done = true));
    await expect(post()).rejects.toThrow('ECONNREFUSED');
    const session = connectHttp2(`http://${grpc}`);
    await new Promise((resolve) => session.on('error', resolve));
    expect(done).toBe(false);
    for (const resolve of take) resolve();
    expect([await call, (await reply).statusCode]).toEqual([status.OK, 200]);
    await shutdown;
    expect(sinks.traces.items).toBe(5);
    client.close();
  });

  it('does not wait longer than it may', async () => {
    const { http, sinks, shutdown } = await start();
    let take = (): void => undefined;
    sinks.traces.before = () => new Promise<void>((resolve) => (take = resolve));
    const lost = request(`${http}/v1/traces`, {
      method: 'POST',
      body: traces(3),
      headers: { 'content-type': 'application/x-protobuf' },
    }).then(
      () => 'answered',
      () => 'cut off',
    );
    await eventually(() => take.name !== 'take');
    await shutdown(AbortSignal.timeout(20));
    expect(await lost).toBe('cut off');
    take();
  });
});
