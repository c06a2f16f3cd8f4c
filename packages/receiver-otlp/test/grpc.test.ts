import { once } from 'node:events';
import { connect } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { PipelineError } from '@millrace/api';
import { exampleRequest } from '@millrace/api/testing';
import {
  type ChannelOptions,
  Client,
  connectivityState,
  credentials,
  logVerbosity,
  Metadata,
  type ServiceError,
  setLogVerbosity,
  status,
} from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from '@jest/globals';
import { logs, metrics, traces } from '../../../test/payloads.ts';
import { eventually, type Running, start, stopAll } from './harness.ts';

const services = {
  traces: 'opentelemetry.proto.collector.trace.v1.TraceService',
  metrics: 'opentelemetry.proto.collector.metrics.v1.MetricsService',
  logs: 'opentelemetry.proto.collector.logs.v1.LogsService',
  profiles: 'opentelemetry.proto.collector.profiles.v1development.ProfilesService',
};

setLogVerbosity(logVerbosity.NONE);
const clients: Client[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await stopAll();
});

function clientOf(test: Running, options: ChannelOptions = {}): Client {
  const client = new Client(test.grpc, credentials.createInsecure(), { 'grpc.enable_retries': 0, ...options });
  clients.push(client);
  return client;
}

const same = (bytes: Buffer): Buffer => bytes;

interface Result {
  readonly code: number;
  readonly details: string;
  readonly metadata?: Metadata;
  readonly response?: Buffer | undefined;
}

function call(
  client: Client,
  body: Buffer,
  options: { path?: string; metadata?: Record<string, string>; deadlineMs?: number } = {},
): Promise<Result> {
  const { path = `/${services.traces}/Export`, metadata = {}, deadlineMs } = options;
  const sent = new Metadata();
  for (const [name, value] of Object.entries(metadata)) sent.set(name, value);
  const deadline = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
  return new Promise((resolve) => {
    client.makeUnaryRequest(path, same, same, body, sent, deadline, (error: ServiceError | null, response?: Buffer) => {
      if (error === null) resolve({ code: status.OK, details: '', response });
      else resolve({ code: error.code, details: error.details, metadata: error.metadata });
    });
  });
}

describe('OTLP over gRPC', () => {
  it('takes every signal and answers with an empty response', async () => {
    const test = await start();
    const client = clientOf(test);
    const bodies = { traces: traces(20), metrics: metrics(20), logs: logs(20), profiles: exampleRequest('profiles', 3) };
    for (const signal of ['traces', 'metrics', 'logs', 'profiles'] as const) {
      expect(await call(client, bodies[signal], { path: `/${services[signal]}/Export` })).toMatchObject({
        code: status.OK,
        response: Buffer.alloc(0),
      });
      expect(test.sinks[signal].requests[0]!.equals(bodies[signal])).toBe(true);
    }
  });

  it('takes gzip', async () => {
    const test = await start();
    const body = traces(1000);
    expect(await call(clientOf(test, { 'grpc.default_compression_algorithm': 2 }), body, { deadlineMs: 10_000 })).toMatchObject({
      code: status.OK,
    });
    expect(test.sinks.traces.requests[0]!.equals(body)).toBe(true);
  });

  it('takes many requests at a time', async () => {
    const test = await start();
    const client = clientOf(test);
    const results = await Promise.all(Array.from({ length: 200 }, (_, seed) => call(client, traces(10, { seed }))));
    expect(new Set(results.map((result) => result.code))).toEqual(new Set([status.OK]));
    expect(test.sinks.traces.items).toBe(2000);
  });

  it('takes an empty request without troubling the pipeline', async () => {
    const test = await start();
    test.sinks.traces.before = () => {
      throw new Error('called');
    };
    expect((await call(clientOf(test), Buffer.alloc(0))).code).toBe(status.OK);
  });

  it('tells where a message is wrong', async () => {
    const test = await start();
    expect(await call(clientOf(test), Buffer.from([0x0a, 0x05, 0x0a]))).toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringMatching(/ at byte \d/) as unknown,
    });
  });

  it.each([
    ['retryable', new PipelineError('full', { kind: 'retryable' }), status.UNAVAILABLE, 'full', false],
    ['retryable with a delay', new PipelineError('full', { kind: 'retryable', retryAfterMs: 100 }), status.UNAVAILABLE, 'full', true],
    ['permanent', new PipelineError('schlecht', { kind: 'permanent' }), status.INTERNAL, 'Permanent error: schlecht', false],
    ['exhausted', new PipelineError('für 100 %', { kind: 'retryable', grpcCode: 8 }), status.RESOURCE_EXHAUSTED, 'für 100 %', false],
  ])('tells that the pipeline’s refusal is %s', async (_name, error, code, details, retryInfo) => {
    const test = await start();
    test.sinks.traces.before = () => Promise.reject(error);
    const result = await call(clientOf(test), traces(2));
    expect(result).toMatchObject({ code, details });
    expect(result.metadata?.get('grpc-status-details-bin').length).toBe(retryInfo ? 1 : 0);
  });

  it('refuses before the message while the pipeline would refuse everything', async () => {
    const test = await start();
    test.sinks.traces.refusal = new PipelineError('data refused due to high memory usage', { kind: 'retryable' });
    const result = await call(clientOf(test), Buffer.alloc(3_000_000));
    expect(result).toMatchObject({ code: status.UNAVAILABLE, details: 'data refused due to high memory usage' });
  });

  it('does not take a message above max_recv_msg_size_mib', async () => {
    const test = await start();
    const large = traces(10_000);
    expect(large.length).toBeGreaterThan(4 * 1024 * 1024);
    expect(await call(clientOf(test), large)).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: `grpc: received message larger than max (${large.length} vs. 4194304)`,
    });
    expect(await call(clientOf(test, { 'grpc.default_compression_algorithm': 2 }), large)).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: 'grpc: received message after decompression larger than max (4194305 vs. 4194304)',
    });
    const roomy = await start({ grpc: { max_recv_msg_size_mib: 16 } });
    expect((await call(clientOf(roomy), large)).code).toBe(status.OK);
    expect(roomy.sinks.traces.items).toBe(10_000);
  });

  it('serves only signals that have a pipeline', async () => {
    const test = await start({ signals: ['logs'] });
    expect(await call(clientOf(test), traces(1))).toMatchObject({
      code: status.UNIMPLEMENTED,
      details: `unknown service ${services.traces}`,
    });
  });

  it('gives up at the deadline of the client', async () => {
    const test = await start();
    let take = (): void => undefined;
    test.sinks.traces.before = () => new Promise<void>((resolve) => (take = resolve));
    expect((await call(clientOf(test), traces(1), { deadlineMs: 50 })).code).toBe(status.DEADLINE_EXCEEDED);
    take();
    test.sinks.traces.before = undefined;
    expect((await call(clientOf(test), traces(1), { deadlineMs: 5000 })).code).toBe(status.OK);
  });
});

describe('Settings of protocols.grpc', () => {
  it('include_metadata', async () => {
    const seen: unknown[] = [];
    for (const include of [true, false]) {
      const test = await start({ grpc: { include_metadata: include } });
      test.sinks.traces.before = (batch) => void seen.push(batch.client.metadata.get('x-tenant'), batch.client.address);
      await call(clientOf(test), traces(1), { metadata: { 'X-Tenant': 'a' } });
    }
    expect(seen).toEqual([['a'], '127.0.0.1', undefined, '127.0.0.1']);
  });

  it('max_concurrent_streams', async () => {
    const test = await start({ grpc: { max_concurrent_streams: 2 } });
    const client = clientOf(test);
    await call(client, traces(1));
    let open = 0;
    let most = 0;
    test.sinks.traces.before = () => {
      most = Math.max(most, ++open);
      return new Promise<void>((resolve) => setTimeout(resolve, 10)).then(() => void open--);
    };
    await Promise.all(Array.from({ length: 10 }, () => call(client, traces(1))));
    expect(most).toBe(2);
    expect(test.sinks.traces.items).toBe(11);
  });

  it.each([
    ['max_connection_age', { server_parameters: { max_connection_age: '50ms', max_connection_age_grace: '10s' } }],
    ['max_connection_idle', { server_parameters: { max_connection_idle: '50ms' } }],
  ])('keepalive.%s', async (_name, keepalive) => {
    const test = await start({ grpc: { keepalive } });
    const client = clientOf(test);
    await call(client, traces(1));
    const channel = client.getChannel();
    await eventually(() => channel.getConnectivityState(false) !== connectivityState.READY);
    expect((await call(client, traces(1))).code).toBe(status.OK);
  });

  it('keepalive.max_connection_age_grace', async () => {
    const test = await start({
      grpc: { keepalive: { server_parameters: { max_connection_age: '50ms', max_connection_age_grace: '50ms' } } },
    });
    let take = (): void => undefined;
    test.sinks.traces.before = () => new Promise<void>((resolve) => (take = resolve));
    expect((await call(clientOf(test), traces(1))).code).toBe(status.UNAVAILABLE);
    take();
  });

  it('keepalive.enforcement_policy', async () => {
    const test = await start({ grpc: { keepalive: { enforcement_policy: { min_time: '1h', permit_without_stream: true } } } });
    const client = clientOf(test, { 'grpc.keepalive_time_ms': 20, 'grpc.keepalive_permit_without_calls': 1 });
    await call(client, traces(1));
    let take = (): void => undefined;
    test.sinks.traces.before = () => new Promise<void>((resolve) => (take = resolve));
    const result = await call(client, traces(1));
    take();
    const enhanceYourCalm = status.RESOURCE_EXHAUSTED; // as grpc-js reports that HTTP/2 error
    expect(result.code).toBe(enhanceYourCalm);
  });

  it('keepalive.enforcement_policy.permit_without_stream', async () => {
    const outcomes: string[] = [];
    for (const permit of [true, false]) {
      const test = await start({ grpc: { keepalive: { enforcement_policy: { min_time: '1ms', permit_without_stream: permit } } } });
      const session = connect(`http://${test.grpc}`);
      session.on('error', () => undefined);
      const goaway = new Promise<string>((resolve) => session.on('goaway', () => resolve('sent away')));
      await once(session, 'connect');
      const pings = (async () => {
        for (let i = 0; i < 6; i++) {
          await new Promise((resolve) => setTimeout(resolve, 5));
          await new Promise((resolve) => session.ping(resolve));
        }
        return 'kept';
      })();
      outcomes.push(await Promise.race([pings, goaway]));
      session.destroy();
    }
    expect(outcomes).toEqual(['kept', 'sent away']);
  });

  it('keepalive.time and keepalive.timeout', async () => {
    const test = await start({ grpc: { keepalive: { server_parameters: { time: '20ms', timeout: '20ms' } } } });
    const session = connect(`http://${test.grpc}`);
    await once(session, 'ping');
    session.destroy();
    const deaf = connectTcp(Number(test.grpc.split(':')[1]), '127.0.0.1');
    deaf.resume().write(Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])]));
    await once(deaf, 'close');
  });

  it('transport', async () => {
    const test = await start({ grpc: { endpoint: 'localhost:0', transport: 'tcp6' } });
    expect(test.grpc).toMatch(/^\[::1\]:/);
  });
});
