import { FakeClock, Sink, configOf, exampleBatch, noDeadline, settle, testContext, testHost } from '@millrace/api/testing';
import { decodeStats, hasStatsConnector, type StatsPayload } from '@millrace/datadog-format';
import { PipelineError } from '@millrace/api';
import { admitJson, noClient } from '@millrace/wire';
import { toPlain } from '@millrace/wire/plain';
import { describe, expect, it } from '@jest/globals';
import type { DatadogConnectorConfig } from '../src/config.ts';
import { factory } from '../src/index.ts';

const now = 1_790_000_000_000;

async function start(traces: object = {}) {
  const clock = new FakeClock(now);
  const context = testContext({ id: 'datadog', kind: 'connector', signal: 'traces', clock });
  const host = testHost();
  const sink = new Sink();
  const sent: StatsPayload[] = [];
  let refusal: PipelineError | undefined;
  sink.before = (batch) => {
    if (refusal !== undefined) throw refusal;
    const text = JSON.stringify(toPlain('metrics', batch.bytes), (_key, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value instanceof Uint8Array ? { base64: Buffer.from(value).toString('base64') } : value,
    );
    sent.push(decodeStats(Buffer.from(/"base64":"([^"]*)"/.exec(text)![1]!, 'base64')));
    return undefined;
  };
  const stage = factory.create(configOf(factory, { traces }), { all: sink, byPipeline: new Map([['metrics', sink]]) }, context);
  await stage.start!(host);
  return {
    clock,
    context,
    host,
    sent,
    refuse: (error?: PipelineError) => void (refusal = error),
    send(...spans: readonly object[]): void {
      const resource = {
        attributes: [
          { key: 'container.id', value: { stringValue: 'c' } },
          { key: 'team', value: { stringValue: 'core' } },
        ],
      };
      const body = Buffer.from(JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'lib' }, spans }] }] }));
      const lease = host.pool.lease(body.length);
      lease.buffer.set(body);
      using batch = admitJson('traces', lease, 0, body.length, noClient);
      void stage.consume(batch);
    },
    stop: async () => stage.shutdown!(noDeadline()),
    stage,
  };
}

const span = (id: number, more: object = {}): object => ({
  traceId: '0123456789abcdef00000000000000a1',
  spanId: id.toString(16).padStart(16, '0'),
  name: `span ${id}`,
  kind: 2,
  startTimeUnixNano: `${now}000000`,
  endTimeUnixNano: `${now}000500`,
  ...more,
});
const groups = (sent: readonly StatsPayload[]) =>
  sent.flatMap(({ stats }) => stats.flatMap(({ buckets }) => buckets.flatMap((bucket) => bucket.groups)));

describe('The connector', () => {
  it('sends statistics of what it saw when their time is over, and the rest at the end', async () => {
    const connector = await start();
    connector.send(span(1), span(2));
    expect(connector.host.memory.accounted).toBeGreaterThan(0);
    await connector.clock.advance(10_000);
    expect(connector.sent).toEqual([]);
    await connector.clock.advance(10_000);
    expect(groups(connector.sent).map(({ resource, hits }) => [resource, hits])).toEqual([
      ['span 1', 1n],
      ['span 2', 1n],
    ]);
    expect(connector.clock.pending).toBe(0);
    connector.send(span(3));
    await connector.stop();
    expect(groups(connector.sent)).toHaveLength(3);
    expect(connector.context.items).toMatchObject({ absorbed: 3, created: 2, held: 0, dropped: {} });
  });

  it('makes exporters leave statistics to it as long as it runs', async () => {
    const connector = await start();
    expect(hasStatsConnector()).toBe(true);
    await connector.stop();
    expect(hasStatsConnector()).toBe(false);
  });

  it.each([
    [{ bucket_interval: '1s' }, 1000],
    [{ bucket_interval: '0s' }, 10_000],
  ])('with %j covers %i ms at a time', async (settings, intervalMs) => {
    const connector = await start(settings);
    connector.send(span(1));
    await connector.clock.advance(intervalMs * 3);
    expect(connector.sent[0]!.stats[0]!.buckets).toMatchObject([{ duration: BigInt(intervalMs) * 1_000_000n }]);
    await connector.stop();
  });

  it.each<[object, (string | number | undefined)[]]>([
    [{}, ['span 1', 'span 2', 'span 3']],
    [{ ignore_resources: ['span 2'] }, ['span 1', 'span 3']],
    [{ compute_stats_by_span_kind: false }, ['span 1', 'span 3']],
    [{ compute_stats_by_span_kind: false, compute_top_level_by_span_kind: true }, ['span 1', 'span 2']],
  ])('with %j counts %j', async (settings, resources) => {
    const connector = await start(settings);
    const client = { kind: 3, parentSpanId: '0000000000000001' };
    connector.send(span(1), span(2, client), span(3, { kind: 1, parentSpanId: 'ffffffffffffffff' }));
    await connector.stop();
    expect(groups(connector.sent).map(({ resource }) => resource)).toEqual(resources);
  });

  it.each([
    [{}, 'server.request'],
    [{ span_name_as_resource_name: true }, 'span_1'],
    [{ span_name_remappings: { 'lib.server': 'renamed' } }, 'renamed'],
  ])('with %j names operations %s', async (settings, name) => {
    const connector = await start(settings);
    connector.send(span(1));
    await connector.stop();
    expect(groups(connector.sent).map((group) => group.name)).toEqual([name]);
  });

  it.each([
    [{}, ['peer.service:pay']],
    [{ peer_tags: ['region'] }, ['peer.service:pay', 'region:eu']],
    [{ peer_tags_aggregation: false }, []],
  ])('with %j tells peers by %j', async (settings, tags) => {
    const connector = await start(settings);
    const values = Object.entries({ 'peer.service': 'pay', region: 'eu' }).map(([key, stringValue]) => ({ key, value: { stringValue } }));
    connector.send(span(1, { kind: 3, attributes: values }));
    await connector.stop();
    expect(groups(connector.sent)[0]!.peerTags).toEqual(tags);
  });

  it('tags statistics with `resource_attributes_as_container_tags`', async () => {
    const connector = await start({ resource_attributes_as_container_tags: ['team'] });
    connector.send(span(1));
    await connector.stop();
    expect(connector.sent[0]!.stats).toMatchObject([{ containerId: 'c', tags: ['team:core'] }]);
  });

  it('offers again what is refused for now, and gives up the oldest of too much', async () => {
    const connector = await start({ bucket_interval: '1s' });
    connector.refuse(new PipelineError('full', { kind: 'retryable' }));
    for (let i = 0; i < 40; i++) {
      connector.send(span(i + 1, { startTimeUnixNano: '0', endTimeUnixNano: '0' }));
      await connector.clock.advance(1000);
    }
    expect(connector.sent).toEqual([]);
    expect(connector.context.items.dropped['refused']).toBeGreaterThan(5);
    connector.refuse(undefined);
    const stopping = connector.stop();
    await settle();
    await connector.clock.advance(1000);
    await stopping;
    expect(connector.sent.length).toBeGreaterThan(25);
    expect(connector.context.items.held).toBe(0);
    expect(connector.host.memory.accounted).toBe(0);
  });

  it('drops what is refused for good, and at the end of its time', async () => {
    const connector = await start();
    connector.refuse(new PipelineError('no', { kind: 'permanent' }));
    connector.send(span(1));
    await connector.clock.advance(30_000);
    expect(connector.context.items.dropped).toEqual({ permanent: 1 });
    connector.refuse(new PipelineError('full', { kind: 'retryable' }));
    connector.send(span(2));
    const aborted = new AbortController();
    aborted.abort();
    await connector.stage.shutdown!(aborted.signal);
    expect(connector.context.items.dropped).toEqual({ permanent: 1, shutdown: 1 });
    using batch = exampleBatch(connector.host.pool, 'traces', 1);
    expect(() => connector.stage.consume(batch)).toThrow('datadog is not running');
  });
});

describe('The settings', () => {
  it.each([
    [{ bucket_interval: '-1s' }, ['traces::bucket_interval: bucket interval must be non-negative']],
    [{ span_name_remappings: { a: '' } }, ["traces: '' is not valid value for span name remapping"]],
    [{ span_name_remappings: { '': 'a' } }, ["traces: '' is not valid key for span name remapping"]],
    [{}, []],
  ])('%j have the problems %j', (traces, problems) => {
    expect(factory.validateConfig!(configOf<DatadogConnectorConfig>(factory, { traces }))).toEqual(problems);
  });
});

describe('Traces to traces', () => {
  it('hand batches on', async () => {
    const sink = new Sink();
    const stage = factory.create(
      configOf(factory, {}),
      { all: sink, byPipeline: new Map([['traces/2', sink]]) },
      testContext({ kind: 'connector', signal: 'traces' }),
    );
    using batch = exampleBatch(testHost().pool, 'traces', 3);
    await stage.consume(batch);
    expect(sink.items).toBe(3);
    expect(stage.refusing?.()).toBeUndefined();
  });
});
