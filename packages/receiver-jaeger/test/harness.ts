import { createSocket } from 'node:dgram';
import { connect } from 'node:http2';
import type { Component, Host } from '@millrace/api';
import { configOf, Sink, systemClock, testContext, type TestContext, testHost } from '@millrace/api/testing';
import { request } from 'undici';
import { factory } from '../src/index.ts';

export interface Running {
  readonly receiver: Component;
  readonly context: TestContext;
  readonly host: Host;
  readonly sink: Sink;
  /** `host:port` by protocol. */
  readonly endpoints: Readonly<Record<string, string>>;
}

const messages: Readonly<Record<string, string>> = {
  thrift_binary: 'Starting UDP server for Binary Thrift',
  thrift_compact: 'Starting UDP server for Compact Thrift',
  thrift_http: 'Starting HTTP server for Jaeger Thrift',
  grpc: 'Starting gRPC server for Jaeger Protobuf',
};
const running: Running[] = [];

/** Starts a receiver on free ports with the given protocols. */
export async function start(protocols: Readonly<Record<string, object>>, sink: Sink = new Sink(), budgetBytes?: number): Promise<Running> {
  const here = Object.fromEntries(Object.entries(protocols).map(([name, block]) => [name, { endpoint: '127.0.0.1:0', ...block }]));
  const context = testContext({ id: 'jaeger', kind: 'receiver', clock: systemClock });
  const host = testHost(budgetBytes);
  const receiver = factory.create(configOf(factory, { protocols: here }), new Map([['traces', sink]]), context);
  await receiver.start!(host);
  const endpoints = Object.fromEntries(
    Object.keys(protocols).map((name) => [
      name,
      context.lines.find(({ message }) => message === messages[name])?.attributes!['endpoint'] as string,
    ]),
  );
  const test = { receiver, context, host, sink, endpoints };
  running.push(test);
  return test;
}

/** For `afterEach`: shuts down what was started, and finds leaked leases. */
export async function stopAll(): Promise<void> {
  for (const { receiver, host } of running.splice(0)) {
    await receiver.shutdown!(AbortSignal.abort());
    await eventually(() => host.memory.accounted === 0);
  }
}

export async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Sends one datagram. */
export function sendUdp(endpoint: string, packet: Buffer): Promise<void> {
  const [host, port] = endpoint.split(':') as [string, string];
  const socket = createSocket('udp4');
  return new Promise((resolve, reject) =>
    socket.send(packet, Number(port), host, (error) => {
      socket.close();
      if (error === null) resolve();
      else reject(error);
    }),
  );
}

/** Posts a body to `/api/traces`. */
export async function post(
  endpoint: string,
  body: Buffer,
  contentType = 'application/x-thrift',
): Promise<{ status: number; text: string }> {
  const answer = await request(`http://${endpoint}/api/traces`, {
    method: 'POST',
    body,
    ...(contentType !== '' && { headers: { 'content-type': contentType } }),
  });
  return { status: answer.statusCode, text: await answer.body.text() };
}

/** Calls PostSpans; the status code and message of gRPC. */
export function call(endpoint: string, message: Buffer): Promise<{ code: number; message: string }> {
  return new Promise((resolve, reject) => {
    const session = connect(`http://${endpoint}`);
    session.on('error', reject);
    const stream = session.request({
      ':method': 'POST',
      ':path': '/jaeger.api_v2.CollectorService/PostSpans',
      'content-type': 'application/grpc',
    });
    const found: Record<string, unknown> = {};
    stream.on('response', (headers) => Object.assign(found, headers));
    stream.on('trailers', (headers) => Object.assign(found, headers));
    stream.resume().on('close', () => {
      session.close();
      resolve({ code: Number(found['grpc-status']), message: decodeURIComponent((found['grpc-message'] as string | undefined) ?? '') });
    });
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(message.length, 1);
    stream.end(Buffer.concat([prefix, message]));
  });
}
