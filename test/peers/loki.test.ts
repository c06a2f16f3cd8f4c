import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BatchBuilder, BufferPool, type LogInput, MemoryLedger, type PlainAttributes } from '@millrace/wire';
import { freePorts, type Millrace, post, runConfig } from '../harness.ts';
import { type Loki, startLoki } from './loki.ts';

const pool = new BufferPool(new MemoryLedger(64 * 1024 * 1024));

/** A request with these records; Loki takes no old ones. */
function request(resource: PlainAttributes, records: readonly LogInput[]): Buffer {
  const builder = new BatchBuilder('logs', pool);
  const scope = builder.resource(resource).scope('scope', '1');
  for (const record of records) scope.log({ timeUnixNano: BigInt(Date.now()) * 1_000_000n, ...record });
  const batch = builder.finish()!;
  const bytes = Buffer.from(batch.bytes);
  batch.release();
  return bytes;
}

const exporters = {
  otlphttp: (url: string) => ({ endpoint: `${url}/otlp`, headers: { 'X-Scope-OrgID': 'acme' } }),
  loki: (url: string) => ({ endpoint: `${url}/loki/api/v1/push`, headers: { 'X-Scope-OrgID': 'acme' } }),
  'loki/bare': (url: string) => ({
    endpoint: `${url}/loki/api/v1/push`,
    headers: { 'X-Scope-OrgID': 'acme' },
    default_labels_enabled: { exporter: false, job: false, instance: false, level: false },
  }),
} as const;
const names = Object.keys(exporters) as (keyof typeof exporters)[];

describe('a real Loki', () => {
  let loki: Loki;
  let millrace: Millrace;
  let ports: number[];

  beforeAll(async () => {
    loki = await startLoki();
    ports = await freePorts(names.length);
    millrace = await runConfig({
      receivers: Object.fromEntries(names.map((_, i) => [`otlp/${i}`, { protocols: { http: { endpoint: `127.0.0.1:${ports[i]}` } } }])),
      exporters: Object.fromEntries(names.map((name) => [name, exporters[name](loki.url)])),
      service: {
        telemetry: { metrics: { level: 'none' } },
        pipelines: Object.fromEntries(names.map((name, i) => [`logs/${i}`, { receivers: [`otlp/${i}`], exporters: [name] }])),
      },
    });
  });

  afterAll(async () => {
    try {
      expect(await millrace.stop()).toBe(0);
    } finally {
      await loki.stop();
    }
  });

  async function send(exporter: keyof typeof exporters, resource: PlainAttributes, ...records: readonly LogInput[]): Promise<void> {
    expect((await post(ports[names.indexOf(exporter)]!, 'logs', request(resource, records))).status).toBe(200);
  }

  it.each(['otlphttp', 'loki/bare'] as const)('finds what exporter %s sends', async (exporter) => {
    const service = exporter.replace('/', '-');
    const traceId = '5b8efff798038103d269b633813fc60c';
    await send(
      exporter,
      { 'service.name': service, custom: 'c' },
      { body: 'hello loki', severityNumber: 9, attributes: { k: 'v' }, traceId },
    );
    const [found] = await loki.query('acme', `{service_name="${service}"}`, 1);
    expect(found).toMatchObject({
      line: 'hello loki',
      labels: { service_name: service },
      metadata: { k: 'v', custom: 'c', trace_id: traceId, severity_number: '9', scope_name: 'scope' },
    });
    expect(found!.labels).not.toHaveProperty('job');
  });

  it('gets the labels of the push API from exporter loki', async () => {
    const resource = { 'service.namespace': 'shop', 'service.name': 'cart', 'service.instance.id': 'cart-1' };
    await send('loki', resource, { body: 'labelled', severityNumber: 17 });
    const [found] = await loki.query('acme', '{job="shop/cart", instance="cart-1", exporter="OTLP"} | level="ERROR"', 1);
    expect(found).toMatchObject({ line: 'labelled', labels: { service_name: 'cart' } });
  });

  it('gets a label of an attribute that a hint names', async () => {
    const hint = { 'loki.attribute.labels': 'event.domain' };
    await send(
      'loki',
      { 'service.name': 'hinted' },
      { body: 'paid', attributes: { ...hint, 'event.domain': 'payment', k: 'v' } },
      { body: 'sent', attributes: { ...hint, 'event.domain': 'shipping' } },
    );
    const found = await loki.query('acme', '{service_name="hinted", event_domain="payment"}', 1);
    expect(found).toMatchObject([{ line: 'paid', metadata: { k: 'v' } }]);
    expect(JSON.stringify(found)).not.toContain('loki_');
    expect(await loki.query('acme', '{service_name="hinted"}', 2)).toHaveLength(2);
  });

  it('gets each record for the tenant that a hint names', async () => {
    const records = [1, 2].map((i) => ({ body: `for ${i}`, attributes: { 'loki.tenant': 'customer', customer: `tenant-${i}` } }));
    await send('loki', { 'service.name': 'tenants' }, ...records, { body: 'for nobody' });
    for (const [tenant, line] of [
      ['tenant-1', 'for 1'],
      ['tenant-2', 'for 2'],
      ['acme', 'for nobody'],
    ] as const) {
      const found = await loki.query(tenant, '{service_name="tenants"}', 1);
      expect(found.map((one) => one.line)).toEqual([line]);
    }
  });

  it('gets lines in the format that a hint names', async () => {
    await send(
      'loki/bare',
      { 'service.name': 'formats', zone: 'z' },
      { body: 'as json', attributes: { 'loki.format': 'json', k: 'v' } },
      { body: 'as logfmt', attributes: { 'loki.format': 'logfmt', k: 'v' } },
    );
    const lines = (await loki.query('acme', '{service_name="formats"}', 2)).map(({ line }) => line).toSorted();
    expect(lines).toEqual([
      'msg="as logfmt" attribute_k=v resource_service.name=formats resource_zone=z instrumentation_scope_name=scope instrumentation_scope_version=1',
      '{"body":"as json","attributes":{"k":"v"},"resources":{"service.name":"formats","zone":"z"},"instrumentation_scope":{"name":"scope","version":"1"}}',
    ]);
  });
});
