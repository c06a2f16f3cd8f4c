import { FakeClock, Sink, configOf, exampleBatch, noDeadline, testContext, testHost } from '@millrace/api/testing';
import { type DataPointView, PipelineError } from '@millrace/api';
import { BatchBuilder, walk } from '@millrace/wire';
import { createNoopMeter } from '@opentelemetry/api';
import { describe, expect, it } from '@jest/globals';
import type { ServiceGraphConfig } from '../src/config.ts';
import { factory } from '../src/index.ts';

const now = 1_790_000_000_000;
const client = 3;
const server = 2;

interface Side {
  readonly service: string;
  readonly trace: number;
  readonly kind: number;
  readonly id?: number;
  readonly parent?: number;
  readonly seconds?: number;
  readonly attributes?: Readonly<Record<string, string>>;
}

async function start(settings: object = {}, budgetBytes?: number) {
  const clock = new FakeClock(now);
  const counters = new Map<string, () => number>();
  const meter = Object.assign(createNoopMeter(), {
    createObservableCounter: (name: string) => ({
      addCallback: (callback: (result: { observe(value: number): void }) => void) =>
        void counters.set(name.replace('connector_servicegraph_', ''), () => {
          let read = 0;
          callback({ observe: (value) => void (read = value) });
          return read;
        }),
    }),
  });
  const context = testContext({ id: 'service_graph', kind: 'connector', signal: 'traces', clock, meter: meter as never });
  const host = testHost(budgetBytes);
  const sink = new Sink();
  const reports: { edges: string[]; counts: number[]; times: bigint[] }[] = [];
  let refusal: PipelineError | undefined;
  sink.before = (batch) => {
    if (refusal !== undefined) throw refusal;
    const report = { edges: [] as string[], counts: [] as number[], times: [] as bigint[] };
    const visitor = {
      onDataPoint: (point: DataPointView): void => {
        if (point.metric.name !== 'traces_service_graph_request_total') return;
        const { client: from, server: to, 'otel.metric.overflow': overflow } = point.attributes.toPlain();
        report.edges.push(overflow === true ? 'overflow' : `${from as string} ${to as string}`);
        report.counts.push(Number(point.int));
        report.times.push(point.timeUnixNano);
      },
    };
    walk([visitor], () => undefined).run(batch);
    reports.push(report);
    return undefined;
  };
  const stage = factory.create(configOf(factory, settings), { all: sink, byPipeline: new Map([['metrics', sink]]) }, context);
  await stage.start!(host);
  return {
    clock,
    context,
    host,
    stage,
    reports,
    edges: () => reports.map((report) => report.edges),
    counter: (name: string) => counters.get(name)!(),
    refuse: (error?: PipelineError) => void (refusal = error),
    send(...sides: readonly Side[]): void {
      const builder = new BatchBuilder('traces', host.pool);
      for (const { service, trace, kind, id = 0, parent = 0, seconds = 0, attributes = {} } of sides) {
        const hex = (value: number): string => (value === 0 ? '' : value.toString(16).padStart(16, '0'));
        builder
          .resource({ 'service.name': service })
          .scope()
          .span({
            name: 's',
            traceId: trace.toString(16).padStart(32, '0'),
            spanId: hex(id),
            parentSpanId: hex(parent),
            kind,
            attributes,
            endTimeUnixNano: BigInt(Math.round(seconds * 1e9)),
          });
      }
      using batch = builder.finish()!;
      void stage.consume(batch);
    },
    stop: async () => stage.shutdown!(noDeadline()),
  };
}

const call = (trace: number, from = 'shop', to = 'pay'): Side[] => [
  { service: from, trace, kind: client, id: 1 },
  { service: to, trace, kind: server, id: 2, parent: 1 },
];

describe('Reports', () => {
  it('come at an interval, as long as there are series, and at the end when there is news', async () => {
    const connector = await start({ metrics_flush_interval: '10s' });
    await connector.clock.advance(10_000);
    expect(connector.reports).toEqual([]);
    connector.send(...call(1), ...call(2));
    await connector.clock.advance(20_000);
    connector.send(...call(3));
    await connector.stop();
    expect(connector.reports.map(({ counts }) => counts)).toEqual([[2], [2], [3]]);
    expect(connector.context.items).toMatchObject({ absorbed: 6, created: 9, held: 0, dropped: {} });
    expect(connector.host.memory.accounted).toBe(0);
    expect(connector.clock.pending).toBe(0);
  });

  it('come after every batch where the interval is 0', async () => {
    const connector = await start({ metrics_flush_interval: '0s' });
    expect(connector.context.lines[0]!.message).toContain('MetricsFlushInterval is set to 0');
    connector.send(...call(1));
    connector.send({ service: 'x', trace: 9, kind: 1 });
    await connector.stop();
    expect(connector.reports).toHaveLength(2);
  });

  it('are in the past by `metrics_timestamp_offset`', async () => {
    const connector = await start({ metrics_flush_interval: '0s', metrics_timestamp_offset: '1h' });
    connector.send(...call(1));
    await connector.stop();
    expect(connector.reports[0]!.times).toEqual([BigInt(now - 3_600_000) * 1_000_000n]);
  });

  it('that are refused are offered again, and no further one is made while three wait', async () => {
    const connector = await start({ metrics_flush_interval: '1s' });
    connector.refuse(new PipelineError('full', { kind: 'retryable' }));
    connector.send(...call(1));
    await connector.clock.advance(10_000);
    expect(connector.context.items.held).toBe(9);
    connector.refuse();
    await connector.clock.advance(2000);
    await connector.stop();
    expect(connector.context.items).toMatchObject({ held: 0, dropped: {} });
  });
});

describe('A request', () => {
  it('whose other side never comes is given up after `store.ttl`, when `store_expiration_loop` looks', async () => {
    const settings = { store: { ttl: '5s' }, store_expiration_loop: '4s', metrics_flush_interval: '1s' };
    const connector = await start(settings);
    connector.send({ service: 'shop', trace: 1, kind: client, id: 1 });
    await connector.clock.advance(4000);
    expect(connector.counter('expired_edges')).toBe(0);
    connector.send({ service: 'pay', trace: 1, kind: server, id: 2, parent: 1 });
    connector.send({ service: 'shop', trace: 2, kind: client, id: 1 });
    await connector.clock.advance(8000);
    expect(connector.counter('expired_edges')).toBe(1);
    expect(connector.edges().at(-1)).toEqual(['shop pay', 'shop unknown']);
    expect(connector.counter('total_edges')).toBe(2);
    await connector.stop();
  });

  it('is forgotten where nothing names its other side', async () => {
    const connector = await start({ virtual_node_peer_attributes: [], metrics_flush_interval: '1s' });
    connector.send({ service: 'shop', trace: 1, kind: client, id: 1 }, { service: 'pay', trace: 2, kind: server, id: 1 });
    await connector.clock.advance(10_000);
    expect([connector.counter('expired_edges'), connector.reports.length]).toEqual([2, 0]);
    await connector.stop();
  });

  it('has no place in a full store, unless the oldest waited long enough', async () => {
    const connector = await start({ store: { max_items: 1, ttl: '1s' }, store_expiration_loop: '1h' });
    connector.send({ service: 'shop', trace: 1, kind: client, id: 1 }, { service: 'shop', trace: 2, kind: client, id: 1 });
    expect(connector.counter('dropped_spans')).toBe(1);
    await connector.clock.advance(1001);
    connector.send({ service: 'shop', trace: 3, kind: client, id: 1 });
    expect([connector.counter('dropped_spans'), connector.counter('expired_edges')]).toEqual([1, 1]);
    await connector.stop();
    expect(connector.edges()).toEqual([['shop unknown']]);
  });

  it('lasts no time when it ends before it begins', async () => {
    const connector = await start({ metrics_flush_interval: '0s', exponential_histogram_max_size: 8 });
    connector.send({ ...call(1)[0]!, seconds: 1 }, call(1)[1]!);
    await connector.stop();
    expect(connector.edges()).toEqual([['shop pay']]);
  });
});

describe('Series', () => {
  it('that were silent for 15 minutes are removed, every `cache_loop`', async () => {
    const connector = await start({ cache_loop: '10m', metrics_flush_interval: '5m' });
    connector.send(...call(1));
    await connector.clock.advance(300_000);
    connector.send(...call(2, 'shop', 'bank'));
    await connector.clock.advance(900_000);
    expect(connector.edges().at(-1)).toEqual(['shop bank']);
    await connector.clock.advance(600_000);
    expect(connector.edges().at(-1)).toEqual(['shop bank']);
    await connector.stop();
    expect(connector.edges()).toHaveLength(5);
  });

  it('have a bound: half of the memory, then new ones become one', async () => {
    const connector = await start({}, 400_000);
    for (let i = 0; i < 500; i++) connector.send(...call(i + 1, `service ${i}`));
    await connector.stop();
    const [edges] = connector.edges();
    expect(edges!.at(-1)).toBe('overflow');
    expect(edges!.length).toBeLessThan(400);
    expect(connector.reports[0]!.counts.reduce((sum, count) => sum + count, 0)).toBe(500);
  });
});

describe('The settings', () => {
  it.each([
    [{}, []],
    [{ exponential_histogram_max_size: -1 }, ['`exponential_histogram_max_size` can not be negative']],
    [
      { exponential_histogram_max_size: 5, latency_histogram_buckets: ['1s'] },
      ['use either `latency_histogram_buckets` or `exponential_histogram_max_size`'],
    ],
  ])('%j have the problems %j', (settings, problems) => {
    expect(factory.validateConfig!(configOf<ServiceGraphConfig>(factory, settings))).toEqual(problems);
  });

  it('with 0 have the usual pauses', async () => {
    const connector = await start({
      cache_loop: '0s',
      store_expiration_loop: '0s',
      database_name_attributes: [],
      metrics_flush_interval: '1s',
    });
    connector.send({ service: 'shop', trace: 1, kind: client, id: 1, attributes: { 'db.name': 'orders' } });
    connector.send({ service: 'shop', trace: 2, kind: client, id: 1 });
    await connector.clock.advance(5000);
    expect(connector.edges().at(-1)).toEqual(['shop orders', 'shop unknown']);
    await connector.stop();
  });
});

it('takes nothing after the end', async () => {
  const connector = await start();
  await connector.stop();
  using batch = exampleBatch(connector.host.pool, 'traces', 1);
  expect(() => connector.stage.consume(batch)).toThrow('service_graph is not running');
});
