import {
  FakeClock,
  configOf,
  exampleBatch,
  exampleRequest,
  exporterContract,
  itemNames,
  settle,
  systemClock,
  testContext,
  testHost,
} from '@millrace/api/testing';
import { encodeStatus } from '@millrace/transport';
import { admitJson, noClient, type Signal } from '@millrace/wire';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { deflateSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import { factory } from '../src/index.ts';

interface Received {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A destination on a local port that keeps what it accepts. */
class Destination {
  readonly accepted: Received[] = [];
  /** Called for each request; the default accepts it. */
  behave: (request: Received, response: ServerResponse, incoming: IncomingMessage) => void = (request, response) =>
    this.accept(request, response);
  readonly #server: Server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('error', () => {});
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () =>
      this.behave({ url: incoming.url!, headers: incoming.headers, body: Buffer.concat(chunks) }, response, incoming),
    );
  });

  accept(request: Received, response: ServerResponse): void {
    this.accepted.push(request);
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async listen(port = 0): Promise<this> {
    await new Promise<void>((resolve) => void this.#server.listen(port, '127.0.0.1', resolve));
    return this;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => void this.#server.close(resolve));
  }
}

const plain = ({ headers, body }: Received): Buffer => (headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body);
/** What arrived, once each: an attempt whose answer came too late is made again. */
const names = (requests: readonly Received[]): string[] => [...new Set(itemNames(requests.map(plain)))].sort();

let destination: Destination;

beforeEach(async () => {
  destination = await new Destination().listen();
});

afterEach(() => destination.close());

const off = { enabled: false };
const direct = { sending_queue: off, retry_on_failure: off };
const quick = { initial_interval: '1ms', max_interval: '5ms' };

async function start(
  settings: object,
  { signal = 'traces' as Signal, clock = systemClock as FakeClock | typeof systemClock, extensions = new Map<string, unknown>() } = {},
) {
  const context = testContext({ id: 'otlp_http', kind: 'exporter', signal, clock, program: { name: 'millrace', version: '1.2.3' } });
  const host = testHost(undefined, extensions);
  const stage = factory.create(configOf(factory, { endpoint: destination.url, ...settings }), context);
  await stage.start!(host);
  const offer = async (items = 10, first = 0): Promise<void> => {
    const batch = exampleBatch(host.pool, signal, items, first);
    try {
      await stage.consume(batch);
    } finally {
      batch.release();
    }
  };
  const stop = async (): Promise<void> => {
    await stage.shutdown!(new AbortController().signal);
    expect({ held: context.items.held, leased: host.memory.accounted }).toEqual({ held: 0, leased: 0 });
  };
  return { context, host, stage, offer, stop };
}

/** What one request that the destination treats like this ends with, without queue and retry. */
async function outcomeOf(behave: Destination['behave'], settings: object = {}, clock: FakeClock | typeof systemClock = systemClock) {
  destination.behave = behave;
  const exporter = await start({ ...direct, ...settings }, { clock });
  const error: unknown = await exporter.offer().catch((reason: unknown) => reason);
  await exporter.stop();
  return { error, context: exporter.context };
}

describe('auth of otlp_http', () => {
  const auth = { authenticator: 'badge' };

  it.each(['proto', 'json'])('adds the credentials of the extension to each request as %s, and better ones after 401', async (encoding) => {
    const tokens = ['old', 'new'];
    const badge = {
      requiresTls: true,
      authorize: (headers: Map<string, string>) => void headers.set('authorization', tokens[0]!),
      rejected: () => tokens.shift() === 'old',
    };
    const seen: (string | undefined)[] = [];
    destination.behave = (request, response) => {
      seen.push(request.headers.authorization);
      if (request.headers.authorization === 'old') response.writeHead(401).end();
      else destination.accept(request, response);
    };
    const exporter = await start({ ...direct, encoding, auth }, { extensions: new Map([['badge', badge]]) });
    await exporter.offer();
    await exporter.offer();
    await exporter.stop();
    expect(seen).toEqual(['old', 'new', 'new']);
  });

  it('takes missing credentials for an error that may pass', async () => {
    const badge = { requiresTls: false, authorize: () => Promise.reject(new Error('no token')) };
    const exporter = await start({ ...direct, auth }, { extensions: new Map([['badge', badge]]) });
    await expect(exporter.offer()).rejects.toMatchObject({ kind: 'retryable', message: expect.stringContaining('no token') });
    await exporter.stop();
  });

  it('does not start without the extension', async () => {
    await expect(start({ auth })).rejects.toThrow('failed to resolve authenticator "badge": authenticator not found');
  });
});

exporterContract({ describe, it, expect }, factory, async () => {
  const here = await new Destination().listen();
  return {
    config: configOf(factory, { endpoint: here.url }),
    receivedItems: () => itemNames(here.accepted.map(plain)).length,
    close: () => here.close(),
  };
});

describe('a destination that answers 413', () => {
  it('gets the data in parts', async () => {
    destination.behave = (request, response) => {
      if (plain(request).length <= 1000) destination.accept(request, response);
      else response.writeHead(413).end();
    };
    const exporter = await start({ retry_on_failure: quick });
    await exporter.offer(100);
    await exporter.stop();
    expect(destination.accepted.length).toBeGreaterThan(4);
    expect(itemNames(destination.accepted.map(plain))).toEqual(itemNames([exampleRequest('traces', 100)]));
    expect(exporter.context.items).toMatchObject({ absorbed: 100, dropped: {} });
  });

  it('is not asked again for a single item', async () => {
    let requests = 0;
    destination.behave = (_request, response) => {
      requests++;
      response.writeHead(413).end();
    };
    const exporter = await start({ retry_on_failure: quick });
    await exporter.offer(4);
    await exporter.stop();
    expect(requests).toBe(7);
    expect(exporter.context.items).toMatchObject({ absorbed: 0, dropped: { permanent: 4 } });
  });
});

describe('exporter otlp_http', () => {
  it.each([
    ['traces', '/v1/traces'],
    ['metrics', '/v1/metrics'],
    ['logs', '/v1/logs'],
    ['profiles', '/v1development/profiles'],
  ] as const)('posts %s to %s as they are', async (signal, path) => {
    const exporter = await start({ ...direct, compression: 'none' }, { signal });
    await exporter.offer();
    await exporter.stop();
    expect(destination.accepted).toHaveLength(1);
    expect(destination.accepted[0]).toMatchObject({ url: path, body: exampleRequest(signal, 10) });
    expect(destination.accepted[0]!.headers).toMatchObject({
      'content-type': 'application/x-protobuf',
      'user-agent': expect.stringMatching(/^millrace\/1\.2\.3 \(\w+\/\w+\)$/),
    });
    expect(exporter.context.items).toMatchObject({ absorbed: 10, dropped: {} });
  });

  it.each([
    ['a base with a path', { endpoint: '/base' }, '/base/v1/traces'],
    ['a base that ends in a slash', { endpoint: '/base/' }, '/base/v1/traces'],
    ['a signal’s own URL, used as it stands', { endpoint: '/base', traces_endpoint: '/other?key=1' }, '/other?key=1'],
    ['a signal’s own URL alone', { endpoint: undefined, traces_endpoint: '/only' }, '/only'],
  ])('understands %s', async (_name, endpoints, url) => {
    const absolute = Object.fromEntries(
      Object.entries(endpoints).map(([name, path]) => [name, path === undefined ? '' : destination.url + path]),
    );
    const exporter = await start({ ...direct, ...absolute });
    await exporter.offer();
    await exporter.stop();
    expect(destination.accepted.map((request) => request.url)).toEqual([url]);
  });

  it.each([
    ['metrics', 'metrics_endpoint'],
    ['logs', 'logs_endpoint'],
    ['profiles', 'profiles_endpoint'],
  ] as const)('sends %s to their own URL, %s', async (signal, setting) => {
    const exporter = await start({ ...direct, [setting]: `${destination.url}/own` }, { signal });
    await exporter.offer();
    await exporter.stop();
    expect(destination.accepted.map((request) => request.url)).toEqual(['/own']);
  });

  it('sends headers in place of its own, and its secrets only there', async () => {
    const exporter = await start({ ...direct, headers: { Authorization: 'Bearer t', 'User-Agent': 'mine', Host: 'shop.example' } });
    await exporter.offer();
    await exporter.stop();
    expect(destination.accepted[0]!.headers).toMatchObject({ authorization: 'Bearer t', 'user-agent': 'mine', host: 'shop.example' });
  });

  it.each([
    ['gzip', gunzipSync],
    ['zstd', zstdDecompressSync],
    ['zlib', inflateSync],
    ['deflate', inflateSync],
  ] as const)('compresses with %s', async (compression, unpack) => {
    const exporter = await start({ ...direct, compression });
    await exporter.offer();
    await exporter.stop();
    expect(destination.accepted[0]!.headers['content-encoding']).toBe(compression);
    expect(unpack(destination.accepted[0]!.body)).toEqual(exampleRequest('traces', 10));
  });

  it('compresses as hard as compression_params say', async () => {
    for (const level of [1, 9]) {
      const exporter = await start({ ...direct, compression: 'zlib', compression_params: { level } });
      await exporter.offer(1000);
      await exporter.stop();
    }
    const sizes = destination.accepted.map((request) => request.body.length);
    expect(sizes[1]).toBeLessThan(sizes[0]!);
    expect(sizes[1]).toBeLessThanOrEqual(deflateSync(exampleRequest('traces', 1000), { level: 9 }).length);
  });

  it('compresses nothing when compression is empty', async () => {
    const exporter = await start({ ...direct, compression: '' });
    await exporter.offer();
    await exporter.stop();
    expect(destination.accepted[0]!.headers['content-encoding']).toBeUndefined();
  });

  it.each(['traces', 'metrics', 'logs'] as const)('writes %s as OTLP/JSON that reads back the same', async (signal) => {
    const exporter = await start({ ...direct, encoding: 'json', compression: 'none' }, { signal });
    await exporter.offer();
    const [request] = destination.accepted;
    expect(request!.headers['content-type']).toBe('application/json');
    const lease = exporter.host.pool.lease(request!.body.length);
    request!.body.copy(lease.buffer);
    const batch = admitJson(signal, lease, 0, request!.body.length, noClient);
    expect(batch.items).toBe(10);
    expect(itemNames([batch.bytes])).toEqual(itemNames([exampleRequest(signal, 10)]));
    batch.release();
    await exporter.stop();
  });

  it('refuses to make JSON of profiles', () => {
    const context = testContext({ signal: 'profiles' });
    expect(() => factory.create(configOf(factory, { endpoint: 'http://127.0.0.1:1', encoding: 'json' }), context)).toThrow('profiles');
  });

  it.each([
    [400, 'permanent', 3],
    [401, 'permanent', 16],
    [403, 'permanent', 7],
    [404, 'permanent', 12],
    [500, 'permanent', 2],
    [301, 'permanent', 2],
    [429, 'retryable', 8],
    [502, 'retryable', 14],
    [503, 'retryable', 14],
    [504, 'retryable', 14],
  ])('takes status %d for a %s error', async (status, kind, grpcCode) => {
    const { error } = await outcomeOf((_request, response) => void response.writeHead(status).end());
    expect(error).toMatchObject({ kind, grpcCode });
    expect((error as Error).message).toMatch(
      new RegExp(`^error exporting items, request to ${destination.url}/v1/traces responded with HTTP Status Code ${status}`),
    );
  });

  it('says what the destination says', async () => {
    const status = encodeStatus({ code: 3, message: 'no such tenant', retryAfterMs: 1000 });
    const proto = await outcomeOf(
      (_request, response) => void response.writeHead(400, { 'content-type': 'application/x-protobuf' }).end(status),
    );
    expect((proto.error as Error).message).toBe(
      `error exporting items, request to ${destination.url}/v1/traces responded with HTTP Status Code 400, Message=no such tenant, Details=[google.rpc.RetryInfo]`,
    );
    const json = await outcomeOf(
      (_request, response) =>
        void response.writeHead(400, { 'content-type': 'application/json' }).end('{"code":3,"message":"no such tenant"}'),
    );
    expect((json.error as Error).message).toMatch(/Code 400, Message=no such tenant, Details=\[\]$/);
    const html = await outcomeOf((_request, response) => void response.writeHead(400, { 'content-type': 'text/html' }).end('<h1>No</h1>'));
    expect((html.error as Error).message).toMatch(/HTTP Status Code 400$/);
  });

  it('reads Retry-After in seconds and as a date, for 429 and 503 only', async () => {
    const clock = new FakeClock(Date.parse('2026-01-01T00:00:00Z'));
    const after = async (status: number, value: string): Promise<unknown> => {
      const { error } = await outcomeOf((_request, response) => void response.writeHead(status, { 'retry-after': value }).end(), {}, clock);
      return (error as { retryAfterMs?: number }).retryAfterMs;
    };
    expect(await after(429, '7')).toBe(7000);
    expect(await after(503, 'Thu, 01 Jan 2026 00:01:00 GMT')).toBe(60_000);
    expect(await after(503, 'Wed, 31 Dec 2025 00:01:00 GMT')).toBe(0);
    expect(await after(503, 'soon')).toBeUndefined();
    expect(await after(502, '7')).toBeUndefined();
  });

  it.each([
    ['application/x-protobuf', Buffer.from([0x0a, 9, 0x08, 3, 0x12, 5, ...Buffer.from('stale')]), 3],
    ['application/json; charset=utf-8', Buffer.from('{"partialSuccess":{"rejectedSpans":"4","errorMessage":"stale"}}'), 4],
    ['application/json', Buffer.from('{"partial_success":{"rejected_spans":2,"error_message":"stale"}}'), 2],
  ])('counts what a partial success in %s rejects', async (type, body, rejected) => {
    const { error, context } = await outcomeOf((_request, response) => void response.writeHead(200, { 'content-type': type }).end(body));
    expect(error).toBeUndefined();
    expect(context.items).toMatchObject({ absorbed: 10 - rejected, dropped: { partial_success: rejected } });
    expect(context.lines).toEqual([
      { level: 'warn', message: 'Partial success response', attributes: { message: 'stale', dropped_spans: rejected } },
    ]);
  });

  it.each([
    ['application/x-protobuf', ''],
    ['application/json', '{"partialSuccess":{}}'],
    ['application/json', '{}'],
    ['text/plain', 'thank you'],
  ])('is content with a success in %s that says "%s"', async (type, body) => {
    const { error, context } = await outcomeOf((_request, response) => void response.writeHead(200, { 'content-type': type }).end(body));
    expect(error).toBeUndefined();
    expect(context.items).toMatchObject({ absorbed: 10, dropped: {} });
  });

  it.each([
    ['application/x-protobuf', 'garbage', /^error parsing protobuf response: /],
    ['application/json', '{', /^error parsing json response: /],
    ['application/json', '[]', /^error parsing json response: /],
    ['application/json', '{"partialSuccess":5}', /^error parsing json response: /],
    ['application/json', '{"partialSuccess":{"rejectedSpans":"x"}}', /^error parsing json response: /],
    ['application/json', '{"partialSuccess":{"errorMessage":1}}', /^error parsing json response: /],
  ])('takes a success in %s that says "%s" for a permanent error', async (type, body, message) => {
    const { error } = await outcomeOf((_request, response) => void response.writeHead(200, { 'content-type': type }).end(body));
    expect(error).toMatchObject({ kind: 'permanent', message: expect.stringMatching(message) });
  });

  it('takes a lost connection for a retryable error', async () => {
    const { error } = await outcomeOf((_request, _response, incoming) => void incoming.socket.destroy());
    expect(error).toMatchObject({ kind: 'retryable' });
    expect((error as Error).message).toMatch(new RegExp(`^failed to make an HTTP request: Post "${destination.url}/v1/traces": `));
  });

  it('does not tell the password of its endpoint in errors, which senders may see', async () => {
    const endpoint = destination.url.replace('//', '//me:top%20secret@');
    const failures = [
      await outcomeOf((_request, _response, incoming) => void incoming.socket.destroy(), { endpoint }),
      await outcomeOf((_request, response) => void response.writeHead(400).end(), { endpoint }),
    ];
    for (const { error } of failures) {
      expect((error as Error).message).toContain('//me:***@');
      expect((error as Error).message).not.toContain('secret');
    }
  });

  it('ends a request after its timeout', async () => {
    const { error } = await outcomeOf(() => {}, { timeout: '20ms' });
    expect(error).toMatchObject({ kind: 'retryable', message: expect.stringMatching(/context deadline exceeded$/) });
  });

  it('opens no more connections than max_conns_per_host', async () => {
    const ports = new Set<number | undefined>();
    destination.behave = (request, response, incoming) => {
      ports.add(incoming.socket.remotePort);
      setImmediate(() => destination.accept(request, response));
    };
    const exporter = await start({ max_conns_per_host: 1 });
    for (let i = 0; i < 10; i++) await exporter.offer();
    await exporter.stop();
    expect(ports.size).toBe(1);
  });

  it('opens a connection for each request with disable_keep_alives, or with one idle connection at most', async () => {
    const ports: (number | undefined)[] = [];
    destination.behave = (request, response, incoming) => {
      ports.push(incoming.socket.remotePort);
      destination.accept(request, response);
    };
    const exporter = await start({ ...direct, disable_keep_alives: true });
    for (let i = 0; i < 3; i++) await exporter.offer();
    await exporter.stop();
    expect(new Set(ports).size).toBe(3);
    const waiting: (() => void)[] = [];
    let closings = 0;
    destination.behave = (request, response) => {
      if (request.headers.connection === 'close') closings++;
      waiting.push(() => destination.accept(request, response));
      if (waiting.length === 4) for (const answer of waiting) answer();
    };
    const few = await start({ max_idle_conns: 50, max_idle_conns_per_host: 1 });
    for (let i = 0; i < 4; i++) await few.offer();
    await few.stop();
    expect(closings).toBe(3);
  });

  it('does not start with an authority file that cannot be read', async () => {
    const settings = { endpoint: 'https://127.0.0.1:1', tls: { ca_file: '/nowhere/ca.pem' } };
    await expect(start(settings)).rejects.toThrow(/^failed to load TLS config: .*\/nowhere\/ca\.pem/);
  });

  it('closes connections that were idle for idle_conn_timeout', async () => {
    let closed: Promise<unknown> | undefined;
    destination.behave = (request, response, incoming) => {
      closed = new Promise((resolve) => incoming.socket.once('close', resolve));
      destination.accept(request, response);
    };
    const exporter = await start({ ...direct, idle_conn_timeout: '10ms' });
    await exporter.offer();
    await closed;
    await exporter.stop();
  });
});

describe('a destination of otlp_http', () => {
  const misbehaviours: [string, Destination['behave']][] = [
    ['answers 503', (_request, response) => void response.writeHead(503).end()],
    ['answers 429 with Retry-After', (_request, response) => void response.writeHead(429, { 'retry-after': '0' }).end()],
    ['resets connections', (_request, _response, incoming) => void incoming.socket.resetAndDestroy()],
    ['hangs', () => {}],
    [
      'breaks off in the middle of a success',
      (_request, response, incoming) => {
        response.writeHead(200, { 'content-length': 100 }).write('half', () => incoming.socket.destroy());
      },
    ],
  ];

  it.each(misbehaviours)('that %s for a while gets every item in the end', async (_name, misbehave) => {
    let calls = 0;
    destination.behave = (request, response, incoming) => {
      if (calls++ % 3 < 2) misbehave(request, response, incoming);
      else destination.accept(request, response);
    };
    const exporter = await start({ timeout: '50ms', retry_on_failure: quick });
    for (let i = 0; i < 30; i++) await exporter.offer(10, i * 10);
    while (exporter.context.items.held > 0) await settle();
    await exporter.stop();
    expect(names(destination.accepted)).toEqual(itemNames([exampleRequest('traces', 300)]));
    expect(exporter.context.items).toMatchObject({ absorbed: 300, dropped: {} });
  });

  it('that comes up later gets every item, in spite of the connections refused before', async () => {
    const { port } = destination;
    const exporter = await start({ retry_on_failure: quick });
    await destination.close();
    for (let i = 0; i < 20; i++) await exporter.offer(10, i * 10);
    while (!exporter.context.lines.some((line) => String(line.attributes?.['error']).includes('ECONNREFUSED'))) await settle();
    destination = await new Destination().listen(port);
    while (exporter.context.items.held > 0) await settle();
    await exporter.stop();
    expect(names(destination.accepted)).toEqual(itemNames([exampleRequest('traces', 200)]));
  });

  it('that refuses for good costs a counted drop', async () => {
    destination.behave = (_request, response) => void response.writeHead(400).end();
    const exporter = await start({});
    await exporter.offer();
    await exporter.stop();
    expect(exporter.context.items).toMatchObject({ absorbed: 0, dropped: { permanent: 10 } });
  });

  it('that speaks another protocol costs nothing but time', async () => {
    const server = createTcpServer((socket) => void socket.on('error', () => {}).end('220 smtp.example\r\n'));
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const exporter = await start({ ...direct, endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
    await expect(exporter.offer()).rejects.toMatchObject({ kind: 'retryable' });
    await exporter.stop();
    server.close();
  });
});
