import type { ClientAuthenticator } from '@millrace/api';
import { PipelineError } from '@millrace/api';
import {
  configOf,
  exampleBatch,
  exampleRequest,
  exporterContract,
  itemNames,
  systemClock,
  testContext,
  testHost,
} from '@millrace/api/testing';
import { type Batch, BatchBuilder, type BufferPool, type LogInput, type PlainAttributes } from '@millrace/wire';
import { toPlain } from '@millrace/wire/plain';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Destination, type Received } from '../../trace-format/test/http-destination.ts';
import { factory } from '../src/index.ts';

let destination: Destination;

beforeEach(async () => {
  destination = await new Destination().listen();
});

afterEach(() => destination.close());

const off = { enabled: false };
const direct = { sending_queue: off, retry_on_failure: off };
const bare = { exporter: false, job: false, instance: false, level: false };

async function start(settings: object = {}, extensions: ReadonlyMap<string, unknown> = new Map()) {
  const context = testContext({ id: 'loki', kind: 'exporter', signal: 'logs', clock: systemClock });
  const host = testHost(undefined, extensions);
  const config = configOf(factory, {
    endpoint: `${destination.url}/loki/api/v1/push`,
    default_labels_enabled: bare,
    ...direct,
    ...settings,
  });
  const stage = factory.create(config, context);
  await stage.start!(host);
  const send = async (make: (pool: BufferPool) => Batch): Promise<void> => {
    using batch = make(host.pool);
    await stage.consume(batch);
  };
  const stop = async (): Promise<void> => {
    await stage.shutdown!(new AbortController().signal);
    expect({ held: context.items.held, leased: host.memory.accounted }).toEqual({ held: 0, leased: 0 });
  };
  return { context, send, stop };
}

const logs =
  (resource: PlainAttributes, ...records: readonly LogInput[]) =>
  (pool: BufferPool): Batch => {
    const builder = new BatchBuilder('logs', pool);
    const scope = builder.resource(resource).scope('scope', '1');
    for (const record of records) scope.log(record);
    return builder.finish()!;
  };

interface Message {
  readonly [field: string]: unknown;
}

const attributesOf = (list: unknown): Record<string, unknown> =>
  Object.fromEntries((list as Message[]).map(({ key, value }) => [key as string, Object.values((value ?? {}) as Message)[0]] as const));

/** All records of a request: with the attributes of their resource, their own, and the body. */
function recordsOf({ body }: Received): { resource: unknown; attributes: unknown; body: unknown }[] {
  return (toPlain('logs', body)['resourceLogs'] as Message[]).flatMap(({ resource, scopeLogs }) =>
    (scopeLogs as Message[]).flatMap(({ logRecords }) =>
      (logRecords as Message[]).map((record) => ({
        resource: attributesOf((resource as Message | undefined)?.['attributes'] ?? []),
        attributes: attributesOf(record['attributes']),
        body: Object.values((record['body'] ?? {}) as Message)[0],
      })),
    ),
  );
}

/** Sends records of one resource; what arrives, with the tenant of each. */
async function sent(resource: PlainAttributes, records: readonly LogInput[], settings: object = {}): Promise<unknown[]> {
  const exporter = await start(settings);
  await exporter.send(logs(resource, ...records));
  await exporter.stop();
  return destination.accepted.flatMap((request) => {
    const tenant = request.headers['x-scope-orgid'];
    return recordsOf(request).map((record) => ({ ...record, ...(tenant !== undefined && { tenant }) }));
  });
}

for (const [name, labels] of Object.entries({ 'with labels': {}, 'without labels': bare })) {
  describe(name, () => {
    exporterContract({ describe, it, expect }, factory, async () => {
      const here = await new Destination().listen();
      return {
        config: configOf(factory, { endpoint: here.url, default_labels_enabled: labels }),
        receivedItems: () => itemNames(here.accepted.map(({ body }) => body)).length,
        close: () => here.close(),
      };
    });
  });
}

describe('exporter loki', () => {
  it('sends a batch as it is when there is nothing to do', async () => {
    const exporter = await start();
    await exporter.send((pool) => exampleBatch(pool, 'logs', 10));
    await exporter.stop();
    const [request] = destination.accepted;
    expect(request).toMatchObject({
      url: '/otlp/v1/logs',
      headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip' },
    });
    expect(request!.body.equals(exampleRequest('logs', 10))).toBe(true);
  });

  it('default_labels_enabled', async () => {
    const resource = { 'service.namespace': 'shop', 'service.name': 'cart', 'service.instance.id': 'i-1' };
    const records = [
      { body: 'a', severityNumber: 9 },
      { body: 'b', severityNumber: 14, attributes: { level: 'own' } },
      { body: 'c', severityNumber: 24 },
      { body: 'd' },
    ];
    expect(await sent(resource, records, { default_labels_enabled: {} })).toEqual(
      [{ level: 'INFO' }, { level: 'own' }, { level: 'FATAL4' }, {}].map((attributes, i) => ({
        resource: { ...resource, exporter: 'OTLP', job: 'shop/cart', instance: 'i-1' },
        attributes,
        body: 'abcd'[i],
      })),
    );
    const one = async (labels: object, own: PlainAttributes = resource): Promise<unknown> => {
      destination.accepted.length = 0;
      const [found] = (await sent(own, records.slice(0, 1), { default_labels_enabled: { ...bare, ...labels } })) as {
        resource: unknown;
        attributes: unknown;
      }[];
      return { ...(found!.resource as object), ...(found!.attributes as object) };
    };
    expect(await one({ exporter: true })).toEqual({ ...resource, exporter: 'OTLP' });
    expect(await one({ job: true })).toEqual({ ...resource, job: 'shop/cart' });
    expect(await one({ instance: true })).toEqual({ ...resource, instance: 'i-1' });
    expect(await one({ level: true })).toEqual({ ...resource, level: 'INFO' });
    const named = { 'service.name': 'cart', job: 'mine', exporter: 'mine', instance: 'mine' };
    expect(await one({ exporter: true, job: true, instance: true }, named)).toEqual(named);
    expect(await one({ job: true }, { 'service.name': 'cart' })).toEqual({ 'service.name': 'cart', job: 'cart' });
    expect(await one({ job: true, instance: true }, {})).toEqual({});
  });

  it('moves attributes that loki.attribute.labels names to the resource, record by record', async () => {
    const hint = { 'loki.attribute.labels': ' event.domain , user.id, absent' };
    const records = [
      { body: 'a', attributes: { ...hint, 'event.domain': 'shop', k: 'v' } },
      { body: 'b', attributes: { 'event.domain': 'shop' } },
      { body: 'c', attributes: { 'loki.attribute.labels': ['event.domain'], 'event.domain': 7n } },
      { body: 'd', attributes: { ...hint, user: { id: 'u', name: 'n' }, zone: 'z' } },
      { body: 'e', attributes: { 'loki.attribute.labels': 'zone', zone: 'own' } },
    ];
    expect(await sent({ 'service.name': 's', zone: 'of the resource' }, records)).toEqual([
      { resource: { 'service.name': 's', zone: 'of the resource', 'event.domain': 'shop' }, attributes: { k: 'v' }, body: 'a' },
      { resource: { 'service.name': 's', zone: 'of the resource' }, attributes: { 'event.domain': 'shop' }, body: 'b' },
      { resource: { 'service.name': 's', zone: 'of the resource', 'event.domain': '7' }, attributes: {}, body: 'c' },
      {
        resource: { 'service.name': 's', zone: 'of the resource', 'user.id': 'u' },
        attributes: { user: expect.anything(), zone: 'z' },
        body: 'd',
      },
      { resource: { 'service.name': 's', zone: 'own' }, attributes: {}, body: 'e' },
    ]);
  });

  it('sends each record for the tenant that loki.tenant names', async () => {
    const hint = { 'loki.tenant': 'customer' };
    const records = [
      { body: 'a', attributes: { ...hint, customer: 'x' } },
      { body: 'b', attributes: { ...hint, customer: 'y' } },
      { body: 'c', attributes: { ...hint, customer: 'x' } },
      { body: 'd' },
      { body: 'e', attributes: hint },
    ];
    const found = (await sent({}, records, { headers: { 'X-Scope-OrgID': 'default' } })) as {
      tenant: string;
      body: string;
      attributes: object;
    }[];
    expect(found.map(({ tenant, body }) => [tenant, body])).toEqual([
      ['x', 'a'],
      ['x', 'c'],
      ['y', 'b'],
      ['default', 'd'],
      ['default', 'e'],
    ]);
    expect(found[0]!.attributes).toEqual({ customer: 'x' });
  });

  it('takes the tenant of the resource before that of a record', async () => {
    const records = [{ body: 'a', attributes: { 'loki.tenant': 'customer', customer: 'x' } }];
    const resource = { 'loki.tenant': 'owner', owner: 'o', 'loki.resource.labels': 'owner' };
    expect(await sent(resource, records)).toEqual([{ resource: { owner: 'o' }, attributes: { customer: 'x' }, body: 'a', tenant: 'o' }]);
  });

  it('puts the tenant after what an authenticator does', async () => {
    const authenticator: ClientAuthenticator = {
      requiresTls: false,
      authorize: (headers) => void headers.set('x-scope-orgid', 'from auth').set('authorization', 'token'),
    };
    const exporter = await start({ auth: { authenticator: 'auth' } }, new Map([['auth', authenticator]]));
    await exporter.send(logs({ 'loki.tenant': 't', t: 'hinted' }, { body: 'a' }));
    await exporter.send(logs({}, { body: 'b' }));
    await exporter.stop();
    expect(destination.accepted.map(({ headers }) => [headers['x-scope-orgid'], headers['authorization']])).toEqual([
      ['hinted', 'token'],
      ['from auth', 'token'],
    ]);
  });

  it.each([
    [
      'json',
      'text',
      '{"body":"text","traceid":"01010101010101010101010101010101","spanid":"0202020202020202","severity":"Info","flags":1,"attributes":{"k":"v"},"resources":{"r":1},"instrumentation_scope":{"name":"scope","version":"1"}}',
    ],
    [
      'json',
      { a: [1n] },
      '{"body":{"a":[1]},"traceid":"01010101010101010101010101010101","spanid":"0202020202020202","severity":"Info","flags":1,"attributes":{"k":"v"},"resources":{"r":1},"instrumentation_scope":{"name":"scope","version":"1"}}',
    ],
    [
      'logfmt',
      'some text',
      'msg="some text" traceID=01010101010101010101010101010101 spanID=0202020202020202 severity=Info flags=1 attribute_k=v resource_r=1 instrumentation_scope_name=scope instrumentation_scope_version=1',
    ],
    [
      'logfmt',
      ' a=b c="d e" ',
      'a=b c="d e" traceID=01010101010101010101010101010101 spanID=0202020202020202 severity=Info flags=1 attribute_k=v resource_r=1 instrumentation_scope_name=scope instrumentation_scope_version=1',
    ],
    [
      'logfmt',
      { 'a b': { c: true }, n: undefined, list: ['x', ''] },
      'ab_c=true list_0=x list_1= traceID=01010101010101010101010101010101 spanID=0202020202020202 severity=Info flags=1 attribute_k=v resource_r=1 instrumentation_scope_name=scope instrumentation_scope_version=1',
    ],
    [
      'logfmt',
      [1n],
      'body_0=1 traceID=01010101010101010101010101010101 spanID=0202020202020202 severity=Info flags=1 attribute_k=v resource_r=1 instrumentation_scope_name=scope instrumentation_scope_version=1',
    ],
    ['raw', 'text', 'text'],
    ['other', 'text', 'text'],
  ])('writes lines in the format that loki.format names: %s of %j', async (format, body, line) => {
    const record = {
      body,
      attributes: { k: 'v', moved: 'm', 'loki.format': format, 'loki.attribute.labels': 'moved', 'loki.resource.labels': 'label' },
      traceId: '01'.repeat(16),
      spanId: '02'.repeat(8),
      severityText: 'Info',
      flags: 1,
    };
    expect(await sent({ r: 1n, label: 'l' }, [record])).toEqual([
      { resource: { r: 1n, label: 'l', moved: 'm' }, attributes: { k: 'v' }, body: line },
    ]);
  });

  it('takes the format of the resource where a record names none', async () => {
    const found = await sent({ 'loki.format': 'json' }, [{}, { body: 'b', attributes: { 'loki.format': 'raw' } }]);
    expect(found).toMatchObject([{ body: '{"instrumentation_scope":{"name":"scope","version":"1"}}' }, { body: 'b' }]);
  });

  it.each([
    [400, 'permanent'],
    [401, 'permanent'],
    [408, 'retryable'],
    [429, 'retryable'],
    [500, 'retryable'],
    [503, 'retryable'],
  ])('takes status %d for a %s error', async (status, kind) => {
    destination.refuse(status, { 'retry-after': '2' });
    const exporter = await start();
    const error: unknown = await exporter.send(logs({}, { body: 'a' })).catch((reason: unknown) => reason);
    await exporter.stop();
    expect(error).toBeInstanceOf(PipelineError);
    expect(error).toMatchObject({ kind, message: `HTTP ${status}: no`, retryAfterMs: kind === 'retryable' ? 2000 : undefined });
  });

  const tenants = logs({ 'loki.tenant': 'unused' }, ...Array.from({ length: 9 }, () => ({ body: 'x' })));
  const threeTenants = (pool: BufferPool): Batch =>
    logs(
      {},
      ...Array.from({ length: 9 }, (_, i) => ({ body: `item-0000000${i}`, attributes: { 'loki.tenant': 't', t: `tenant-${i % 3}` } })),
    )(pool);
  const bodies = (): string[] => destination.accepted.flatMap((request) => recordsOf(request).map(({ body }) => body as string)).toSorted();
  const all = Array.from({ length: 9 }, (_, i) => `item-0000000${i}`);

  it('sends again only what was not taken, for the same tenants', async () => {
    let calls = 0;
    destination.behave = (request, response) => (++calls === 2 ? response.writeHead(503).end() : destination.accept(request, response));
    const exporter = await start({ retry_on_failure: { initial_interval: '1ms', max_interval: '2ms' } });
    await exporter.send(threeTenants);
    await exporter.stop();
    expect(bodies()).toEqual(all);
    expect(destination.accepted.map(({ headers }) => headers['x-scope-orgid'])).toEqual(['tenant-0', 'tenant-1', 'tenant-2']);
    expect(exporter.context.items).toMatchObject({ absorbed: 9, dropped: {} });
  });

  it('loses only the records of the tenant that is refused for good', async () => {
    destination.behave = (request, response) =>
      request.headers['x-scope-orgid'] === 'tenant-1' ? response.writeHead(400).end() : destination.accept(request, response);
    const exporter = await start({ sending_queue: {} });
    await exporter.send(threeTenants);
    await exporter.stop();
    expect(bodies()).toEqual([0, 3, 6, 2, 5, 8].map((i) => all[i]).toSorted());
    expect(exporter.context.items).toMatchObject({ absorbed: 6, dropped: { permanent: 3 } });
  });

  it('halves what is too large, whole and in parts', async () => {
    destination.behave = (request, response) =>
      recordsOf(request).length > 2 ? response.writeHead(413).end() : destination.accept(request, response);
    const exporter = await start({ sending_queue: {}, retry_on_failure: { initial_interval: '1ms', max_interval: '2ms' } });
    await exporter.send(tenants);
    await exporter.send(
      logs(
        {},
        ...Array.from({ length: 5 }, (_, i) => ({
          body: `item-0000000${i}`,
          attributes: { 'loki.tenant': 't', t: i < 4 ? 'many' : 'few' },
        })),
      ),
    );
    while (exporter.context.items.held > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await exporter.stop();
    expect(bodies()).toEqual([...all.slice(0, 5), ...Array.from({ length: 9 }, () => 'x')]);
    expect(exporter.context.items).toMatchObject({ absorbed: 14, dropped: {} });
  });

  it('takes a Loki that cannot be reached for a temporary failure', async () => {
    const exporter = await start();
    await destination.close();
    await expect(exporter.send(threeTenants)).rejects.toMatchObject({
      kind: 'retryable',
      message: expect.stringMatching(/^failed to push logs to Loki: /),
    });
    await exporter.stop();
    destination = await new Destination().listen();
  });

  it('does not send before it is started', async () => {
    const context = testContext({ id: 'loki', kind: 'exporter', signal: 'logs', clock: systemClock });
    const stage = factory.create(configOf(factory, { endpoint: destination.url, ...direct }), context);
    using batch = exampleBatch(testHost().pool, 'logs', 1);
    await expect(stage.consume(batch)).rejects.toMatchObject({ kind: 'retryable', message: 'loki exporter not started' });
  });
});

describe('the endpoint of exporter loki', () => {
  it.each([
    ['/loki/api/v1/push', '/otlp/v1/logs'],
    ['/prefix/loki/api/v1/push', '/prefix/otlp/v1/logs'],
    ['/api/prom/push/', '/otlp/v1/logs'],
    ['/otlp', '/otlp/v1/logs'],
    ['/otlp/v1/logs?x=y', '/otlp/v1/logs?x=y'],
    ['', '/otlp/v1/logs'],
  ])('%s becomes %s', async (path, expected) => {
    const exporter = await start({ endpoint: destination.url + path });
    await exporter.send(logs({}, { body: 'a' }));
    await exporter.stop();
    expect(destination.accepted.map(({ url }) => url)).toEqual([expected]);
  });

  it.each([
    [undefined, ['"endpoint" must be a valid URL']],
    ['loki:3100', ['"endpoint" must be a valid URL']],
    ['http://loki:3100/some/path', ['"endpoint" must end with /loki/api/v1/push, or be the URL of a Loki without a path']],
    ['http://loki:3100/loki/api/v1/push', []],
  ])('%s has the problems %j', (endpoint, problems) => {
    expect(factory.validateConfig!(configOf(factory, { endpoint }))).toEqual(problems);
  });
});
