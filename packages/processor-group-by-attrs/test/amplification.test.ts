import { describe, expect, it } from '@jest/globals';
import { configOf, FakeClock, Sink, testContext, testHost } from '@millrace/api/testing';
import { PipelineError } from '@millrace/api';
import type { Batch, Consumer, Factory, FactoryEntry, Host, Signal } from '@millrace/api';
import { admitJson, noClient } from '@millrace/wire';
import { toPlain } from '@millrace/wire/plain';
import { catalogOf, Service } from '@millrace/service';
import { checkConfig, resolveConfig } from '@millrace/config';
import { factory } from '../src/index.ts';

const mebibyte = 2 ** 20;
const text = (key: string, stringValue: string): object => ({ key, value: { stringValue } });

/** Log records, each of another host, of one resource with so many bytes of attributes. */
function logs(hosts: number, resourceBytes: number, from = 0): object {
  const logRecords = Array.from({ length: hosts }, (_, i) => ({
    body: { stringValue: `${from + i}` },
    attributes: [text('host', `h${from + i}`)],
  }));
  return { resource: { attributes: [text('pod', 'x'.repeat(resourceBytes))] }, scopeLogs: [{ scope: { name: 'lib' }, logRecords }] };
}

function batchOf(pool: Host['pool'], signal: Signal, request: object): Batch {
  const body = Buffer.from(JSON.stringify(request));
  const lease = pool.lease(body.length);
  lease.buffer.set(body);
  return admitJson(signal, lease, 0, body.length, noClient);
}

/** Notes the most memory that was accounted for at any time. */
function peakOf({ memory }: Host): () => number {
  const add = memory.add.bind(memory);
  let peak = 0;
  memory.add = (bytes) => {
    add(bytes);
    peak = Math.max(peak, memory.accounted);
  };
  return () => peak;
}

interface Logs {
  readonly resourceLogs: {
    resource: { attributes: { key: string; value: { stringValue: string } }[] };
    scopeLogs: { logRecords: { body: { stringValue: string } }[] }[];
  }[];
}

/** `host: bodies` of each resource of a request. */
function found(request: Buffer): string[] {
  const { resourceLogs } = toPlain('logs', request) as unknown as Logs;
  return resourceLogs.map(({ resource, scopeLogs }) => {
    const host = resource.attributes.find(({ key }) => key === 'host')?.value.stringValue;
    return `${host}: ${scopeLogs.flatMap(({ logRecords }) => logRecords.map(({ body }) => body.stringValue)).join()}`;
  });
}

describe('A request that regrouping makes very large', () => {
  it('leaves in several batches, which have every item and every resource once', async () => {
    const host = testHost();
    const sink = new Sink();
    const stage = factory.create!(configOf(factory, { keys: ['host'] }), sink, testContext({ signal: 'logs' }));
    const hosts = 300;
    const before = logs(hosts, 100_000) as { scopeLogs: object[] };
    // The hosts come again, in another scope, when the first batch is full.
    const again = logs(hosts, 0) as { scopeLogs: object[] };
    using batch = batchOf(host.pool, 'logs', { resourceLogs: [{ ...before, scopeLogs: [...before.scopeLogs, ...again.scopeLogs] }] });
    const peak = peakOf(host);
    const batches: number[] = [];
    sink.before = ({ sizeBytes }) => void batches.push(sizeBytes);
    await stage.consume(batch);
    expect(sink.requests.flatMap(found).toSorted()).toEqual(Array.from({ length: hosts }, (_, i) => `h${i}: ${i},${i}`).toSorted());
    expect(batches.reduce((sum, size) => sum + size, 0)).toBeGreaterThan(hosts * 100_000);
    expect(Math.max(...batches)).toBeLessThan(3 * batch.sizeBytes + 4 * mebibyte);
    // What is being made, and what was made of it.
    expect(peak()).toBeLessThan(20 * mebibyte);
  });

  it('leaves in smaller ones when little memory is left', async () => {
    const host = testHost(4 * mebibyte);
    const peak = peakOf(host);
    const sink = new Sink();
    const stage = factory.create!(configOf(factory, { keys: ['host'] }), sink, testContext({ signal: 'logs' }));
    using batch = batchOf(host.pool, 'logs', { resourceLogs: [logs(300, 20_000)] });
    await stage.consume(batch);
    expect(sink.requests.flatMap(found)).toHaveLength(300);
    expect(peak()).toBeLessThan(2 * mebibyte);
  });

  it('is bounded as well when scopes or metrics are large', async () => {
    const host = testHost();
    const sink = new Sink();
    const stage = factory.create!(configOf(factory, { keys: ['host'] }), sink, testContext({ signal: 'metrics' }));
    const metric = (name: string): object => ({
      name,
      description: 'x'.repeat(100_000),
      gauge: { dataPoints: Array.from({ length: 50 }, (_, i) => ({ asInt: '1', attributes: [text('host', `h${i}`)] })) },
    });
    using batch = batchOf(host.pool, 'metrics', {
      resourceMetrics: [{ scopeMetrics: ['a', 'b'].map((name) => ({ scope: { name }, metrics: ['m', 'n'].map(metric) })) }],
    });
    const batches: number[] = [];
    sink.before = ({ sizeBytes }) => void batches.push(sizeBytes);
    await stage.consume(batch);
    expect(sink.items).toBe(200);
    expect(batches.length).toBeGreaterThan(2);
    expect(Math.max(...batches)).toBeLessThan(3 * batch.sizeBytes + 4 * mebibyte);
  });

  it('is refused when one of its batches is, and lets go of everything', async () => {
    const host = testHost(4 * mebibyte);
    const sink = new Sink();
    sink.before = () => {
      if (sink.requests.length === 2) throw new PipelineError('full', { kind: 'retryable' });
    };
    const stage = factory.create!(configOf(factory, { keys: ['host'] }), sink, testContext({ signal: 'logs' }));
    const batch = batchOf(host.pool, 'logs', { resourceLogs: [logs(200, 20_000)] });
    await expect(stage.consume(batch)).rejects.toThrow('full');
    batch.release();
    expect(host.memory.accounted).toBe(0);
  });

  it('stays within the memory of a service', async () => {
    let next: Consumer | undefined;
    let pool: Host['pool'] | undefined;
    let bytes = 0;
    let items = 0;
    let most = 0;
    const factories: Factory[] = [
      {
        kind: 'receiver',
        type: 'in',
        stability: { logs: 'beta' },
        create(_: never, pipelines: ReadonlyMap<Signal, Consumer>) {
          next = pipelines.get('logs');
          return { start: (host) => void ({ pool } = host) };
        },
      },
      factory as Factory,
      {
        kind: 'exporter',
        type: 'out',
        stability: { logs: 'beta' },
        create: () => ({
          async consume(batch: Batch) {
            most = Math.max(most, service.memory.accounted);
            bytes += batch.sizeBytes;
            items += batch.items;
          },
        }),
      },
    ];
    const components: FactoryEntry[] = factories.map((one) => ({ kind: one.kind, type: one.type, load: async () => ({ factory: one }) }));
    const config = {
      receivers: { in: null },
      processors: { groupbyattrs: { keys: ['host'] } },
      exporters: { out: null },
      service: {
        pipelines: { logs: { receivers: ['in'], processors: ['groupbyattrs'], exporters: ['out'] } },
        telemetry: { metrics: { level: 'none' } },
      },
    };
    const resolved = await resolveConfig({ locations: [`yaml:${JSON.stringify(config)}`], env: {}, cwd: '.' });
    const service = await Service.create({
      config: await checkConfig(
        resolved,
        catalogOf(components, () => undefined),
      ),
      components,
      program: { name: 'test', version: '0' },
      clock: new FakeClock(),
      writeLog: () => {},
      memoryBudgetBytes: 32 * mebibyte,
    });
    await service.start();
    // Each becomes 60 MB.
    const requests = Array.from({ length: 3 }, () => batchOf(pool!, 'logs', { resourceLogs: [logs(600, 100_000)] }));
    await Promise.all(requests.map(async (batch) => next!.consume(batch)));
    expect(items).toBe(1800);
    expect(bytes).toBeGreaterThan(170 * mebibyte);
    expect(most).toBeLessThan(32 * mebibyte);
    for (const batch of requests) batch.release();
    await service.shutdown();
    expect(service.memory.accounted).toBe(0);
  });
});
