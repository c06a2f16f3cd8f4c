import { once } from 'node:events';
import { Client, credentials, logVerbosity, setLogVerbosity, status } from '@grpc/grpc-js';
import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import type { ComponentInfo, Host, Status } from '@millrace/api';
import { configOf, FakeClock, noDeadline, testContext, testHost } from '@millrace/api/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';

const startMs = 1_790_000_000_000;
const names = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];
const same = (bytes: Buffer): Buffer => bytes;
/** HealthCheckRequest{service} and the status in HealthCheckResponse{status}. */
const request = (service: string): Buffer =>
  service === '' ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a, Buffer.byteLength(service)]), Buffer.from(service)]);
const statusIn = (response: Buffer): string => {
  expect([response.length, response[0]]).toEqual([2, 0x08]);
  return names[response[1]!]!;
};

setLogVerbosity(logVerbosity.NONE);
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** What a watching client is told, one after the other, and what ends it. */
class Watch {
  readonly #stream: ClientReadableStream<Buffer>;
  readonly #told: string[] = [];
  readonly ended: Promise<ServiceError>;

  constructor(stream: ClientReadableStream<Buffer>) {
    this.#stream = stream;
    this.ended = once(stream, 'error').then(([error]) => error as ServiceError);
    stream.on('data', (response: Buffer) => this.#told.push(statusIn(response)));
  }

  async next(): Promise<string> {
    while (this.#told.length === 0) await once(this.#stream, 'data');
    return this.#told.shift()!;
  }

  leave(): void {
    this.#stream.cancel();
  }
}

async function serve(settings: object = {}) {
  const clock = new FakeClock(startMs);
  const context = testContext({ id: 'healthcheckv2', kind: 'extension', clock });
  const config = configOf(factory, { use_v2: true, grpc: { endpoint: '127.0.0.1:0' }, ...settings });
  const extension = factory.create(config, context);
  const plain = testHost();
  const pipeline = (id: string) => ({ id, signal: 'traces' as const, receivers: ['otlp'], processors: [], exporters: ['debug'] });
  const components = new Map<string, ComponentInfo>();
  const watchers = new Set<() => void>();
  const set = (id: string, present: Status, kind: ComponentInfo['kind'] = 'exporter', pipelines = ['traces']): void => {
    components.set(id, { kind, id, pipelines, report: { status: present, atMs: clock.now() } });
    for (const changed of watchers) changed();
  };
  set('otlp', 'OK', 'receiver', ['traces', 'traces/2']);
  set('debug', 'OK');
  set('healthcheckv2', 'OK', 'extension', []);
  const host: Host = {
    ...plain,
    service: {
      ...plain.service,
      startedAtMs: startMs,
      pipelines: [pipeline('traces'), pipeline('traces/2')],
      components: () => [...components.values()],
      watchStatus: (changed) => {
        watchers.add(changed);
        return () => void watchers.delete(changed);
      },
    },
  };
  await extension.start?.(host);
  const stop = async () => extension.shutdown?.(noDeadline());
  const client = new Client(context.lines[0].attributes!['grpc_endpoint'] as string, credentials.createInsecure());
  ends.push(() => client.close(), stop);
  const check = (service = '', body = request(service)) =>
    new Promise<string>((resolve) => {
      client.makeUnaryRequest('/grpc.health.v1.Health/Check', same, same, body, (error: ServiceError | null, response?: Buffer) =>
        resolve(error === null ? statusIn(response!) : `${status[error.code]}: ${error.details}`),
      );
    });
  const watch = (service = '') => new Watch(client.makeServerStreamRequest('/grpc.health.v1.Health/Watch', same, same, request(service)));
  return { set, check, watch, clock, stop, watchers, ledger: plain.pool.ledger };
}

describe('Check of grpc.health.v1.Health', () => {
  it('tells of the whole service, of a pipeline and of the extensions', async () => {
    const { set, check, ledger } = await serve();
    expect(await Promise.all(['', 'traces', 'traces/2', 'extensions'].map((scope) => check(scope)))).toEqual(Array(4).fill('SERVING'));
    set('debug', 'FatalError');
    expect(await Promise.all(['', 'traces', 'traces/2', 'extensions'].map((scope) => check(scope)))).toEqual([
      'NOT_SERVING',
      'NOT_SERVING',
      'SERVING',
      'SERVING',
    ]);
    expect(await check('logs')).toBe('NOT_FOUND: Service not found.');
    expect(ledger.accounted).toBe(0);
  });

  it.each<[Status, string]>([
    ['Starting', 'NOT_SERVING'],
    ['Stopping', 'NOT_SERVING'],
    ['Stopped', 'NOT_SERVING'],
    ['RecoverableError', 'SERVING'],
    ['PermanentError', 'SERVING'],
  ])('answers %s with %s unless told to count more', async (present, expected) => {
    const { set, check } = await serve();
    set('debug', present);
    expect(await check()).toBe(expected);
  });

  it('counts permanent errors, and temporary ones once they last, when it is told to', async () => {
    const { set, check, clock } = await serve({
      component_health: { include_permanent_errors: true, include_recoverable_errors: true, recovery_duration: '30s' },
    });
    set('debug', 'RecoverableError');
    await clock.advance(30_000);
    set('otlp', 'RecoverableError', 'receiver', ['traces']);
    expect(await check()).toBe('SERVING');
    await clock.advance(1);
    expect(await check()).toBe('NOT_SERVING');
    set('debug', 'OK');
    expect(await check()).toBe('SERVING');
    set('debug', 'PermanentError');
    expect(await check()).toBe('NOT_SERVING');
  });

  it('does not let a permanent error that does not count hide a temporary one that does', async () => {
    const { set, check, clock } = await serve({ component_health: { include_recoverable_errors: true, recovery_duration: '30s' } });
    set('debug', 'PermanentError');
    set('otlp', 'RecoverableError', 'receiver', ['traces']);
    await clock.advance(30_001);
    expect(await check('traces')).toBe('NOT_SERVING');
  });

  it('refuses what is no request', async () => {
    const { check } = await serve();
    expect(await check('', Buffer.from([0x0a, 0x05, 0x61]))).toBe('INTERNAL: grpc: error unmarshalling request: unexpected EOF');
  });
});

describe('Watch of grpc.health.v1.Health', () => {
  it('tells the state at once and then each change of it, once', async () => {
    const { set, watch } = await serve();
    const all = watch();
    const other = watch('traces/2');
    expect([await all.next(), await other.next()]).toEqual(['SERVING', 'SERVING']);
    set('debug', 'RecoverableError');
    set('debug', 'Stopping');
    expect(await all.next()).toBe('NOT_SERVING');
    set('debug', 'Stopped');
    set('debug', 'OK');
    expect(await all.next()).toBe('SERVING');
    set('otlp', 'Stopping', 'receiver', ['traces/2']);
    expect([await all.next(), await other.next()]).toEqual(['NOT_SERVING', 'NOT_SERVING']);
  });

  it('goes on for a name that there is not', async () => {
    const { set, watch } = await serve();
    const unknown = watch('logs');
    expect(await unknown.next()).toBe('SERVICE_UNKNOWN');
    set('debug', 'FatalError');
    unknown.leave();
    expect((await unknown.ended).details).toBe('Cancelled on client');
  });

  it('tells of a temporary error once it has lasted too long, and of its end', async () => {
    const { set, watch, clock } = await serve({ component_health: { include_recoverable_errors: true, recovery_duration: '30s' } });
    const one = watch('traces');
    expect(await one.next()).toBe('SERVING');
    set('debug', 'RecoverableError');
    await clock.advance(20_000);
    set('otlp', 'RecoverableError', 'receiver', ['traces']);
    await clock.advance(10_001);
    expect(await one.next()).toBe('NOT_SERVING');
    set('debug', 'OK');
    expect(await one.next()).toBe('SERVING');
    await clock.advance(20_000);
    expect(await one.next()).toBe('NOT_SERVING');
    set('otlp', 'OK', 'receiver', ['traces']);
    expect(await one.next()).toBe('SERVING');
  });

  it('ends when the server does, and keeps nothing', async () => {
    const { watch, stop, watchers } = await serve();
    const one = watch();
    expect(await one.next()).toBe('SERVING');
    expect(watchers.size).toBe(1);
    await stop();
    expect(await one.ended).toMatchObject({ code: status.CANCELLED, details: 'Server shutting down.' });
    expect(watchers.size).toBe(0);
  });
});

describe('The protocols of healthcheckv2', () => {
  it('are those that are mentioned', async () => {
    const context = testContext({ id: 'healthcheckv2', kind: 'extension' });
    const local = { endpoint: '127.0.0.1:0' };
    const extension = factory.create(configOf(factory, { use_v2: true, http: local, grpc: local }), context);
    await extension.start?.(testHost());
    ends.push(async () => extension.shutdown?.(noDeadline()));
    const { endpoint, grpc_endpoint: other } = context.lines[0].attributes!;
    expect((await fetch(`http://${String(endpoint)}/status`)).status).toBe(200);
    // The port of one that cannot be had is no reason to keep that of the other.
    const second = testContext({ id: 'healthcheckv2/2', kind: 'extension' });
    const taken = factory.create(configOf(factory, { use_v2: true, http: local, grpc: { endpoint: other } }), second);
    await expect(taken.start?.(testHost())).rejects.toThrow('address already in use');
    expect(second.lines).toEqual([]);
  });

  it('have the ports of the Collector when nothing else is said', () => {
    expect(configOf(factory, { use_v2: true, http: {}, grpc: {} })).toMatchObject({
      http: { endpoint: 'localhost:13133', status: { enabled: true, path: '/status' }, config: { enabled: false, path: '/config' } },
      grpc: { endpoint: 'localhost:13132', max_concurrent_streams: 1000 },
    });
  });
});
