import { FakeClock, Sink, configOf, noDeadline, settle, testContext, testHost } from '@millrace/api/testing';
import { type Batch, PipelineError } from '@millrace/api';
import { BatchBuilder, encodeJson } from '@millrace/wire';
import { describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';

const now = 1_790_000_000_000;

interface Point {
  readonly startTimeUnixNano: string;
  readonly timeUnixNano: string;
  readonly asInt?: string;
  readonly count?: string;
  readonly exemplars?: readonly unknown[];
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
}
interface Metric {
  readonly name: string;
  readonly sum?: { readonly dataPoints?: readonly Point[] };
  readonly histogram?: { readonly dataPoints?: readonly Point[] };
}
interface Request {
  readonly resourceMetrics: readonly {
    readonly resource: { readonly attributes?: readonly { readonly key: string }[] };
    readonly scopeMetrics: readonly { readonly metrics: readonly Metric[] }[];
  }[];
}

async function start(settings: object = {}, budgetBytes?: number) {
  const clock = new FakeClock(now);
  const context = testContext({ id: 'span_metrics', kind: 'connector', signal: 'traces', clock });
  const host = testHost(budgetBytes);
  const sink = new Sink();
  const reports: Request[] = [];
  let refusal: PipelineError | undefined;
  sink.before = (batch: Batch) => {
    if (refusal !== undefined) throw refusal;
    const { lease, length } = encodeJson(batch);
    reports.push(JSON.parse(lease.buffer.toString('utf8', 0, length)) as Request);
    lease.release();
    return undefined;
  };
  const stage = factory.create(configOf(factory, settings), { all: sink, byPipeline: new Map([['metrics', sink]]) }, context);
  await stage.start!(host);
  const points = (report: number, name: string): readonly Point[] =>
    (reports[report]?.resourceMetrics ?? [])
      .flatMap(({ scopeMetrics }) => scopeMetrics)
      .flatMap(({ metrics }) => metrics)
      .filter((metric) => metric.name === `traces.span.metrics.${name}`)
      .flatMap(({ sum, histogram }) => (sum ?? histogram)?.dataPoints ?? []);
  return {
    clock,
    context,
    host,
    stage,
    reports,
    refuse: (error?: PipelineError) => void (refusal = error),
    points,
    counts: (report: number) => points(report, 'calls').map(({ asInt }) => Number(asInt)),
    send(service: string, ...names: readonly string[]): void {
      const builder = new BatchBuilder('traces', host.pool);
      const scope = builder.resource({ 'service.name': service }).scope();
      for (const name of names) {
        scope.span({ name, traceId: '0123456789abcdef0123456789abcdef', spanId: '0123456789abcdef', endTimeUnixNano: 5_000_000n });
      }
      using batch = builder.finish()!;
      void stage.consume(batch);
    },
    stop: async () => stage.shutdown!(noDeadline()),
  };
}

const delta = { aggregation_temporality: 'AGGREGATION_TEMPORALITY_DELTA' };

describe('Reports', () => {
  it('come at an interval and say what was counted up to then', async () => {
    const connector = await start({ metrics_flush_interval: '10s' });
    connector.send('shop', 'a', 'a', 'b');
    await connector.clock.advance(10_000);
    connector.send('shop', 'a');
    await connector.clock.advance(10_000);
    expect([connector.counts(0), connector.counts(1)]).toEqual([
      [0, 0],
      [3, 1],
    ]);
    const [first, second] = [0, 1].map((report) => connector.points(report, 'calls')[0]!);
    expect(first!.startTimeUnixNano).toBe(`${now}000000`);
    expect([second!.startTimeUnixNano, second!.timeUnixNano]).toEqual([`${now}000000`, `${now + 20_000}000000`]);
    await connector.stop();
    expect(connector.reports).toHaveLength(2);
    expect(connector.context.items).toMatchObject({ absorbed: 4, created: 8, held: 0, dropped: {} });
  });

  it('have at the end what no report said', async () => {
    const connector = await start();
    connector.send('shop', 'a');
    await connector.clock.advance(60_000);
    connector.send('shop', 'a');
    connector.send('pay', 'x', 'x');
    await connector.stop();
    expect([connector.counts(0), connector.counts(1)]).toEqual([[0], [2, 2]]);
    expect(connector.host.memory.accounted).toBe(0);
  });

  it('are not made when there is nothing to say', async () => {
    const connector = await start();
    await connector.clock.advance(300_000);
    await connector.stop();
    expect(connector.reports).toEqual([]);
  });

  it('with delta temporality begin where the one before ended, for as many series as are remembered', async () => {
    const connector = await start({ ...delta, metrics_flush_interval: '10s', metric_timestamp_cache_size: 1 });
    for (let i = 0; i < 2; i++) {
      await connector.clock.advance(1000);
      connector.send('shop', 'a', 'b');
      await connector.clock.advance(9000);
    }
    expect(connector.points(1, 'calls').map(({ startTimeUnixNano }) => startTimeUnixNano)).toEqual([
      `${now + 11_000}000000`,
      `${now + 10_000}000000`,
    ]);
    expect(connector.context.lines.map(({ message }) => message)).toContain('Evicting cached delta timestamp');
    await connector.stop();
  });

  it('have the exemplars of their time', async () => {
    const connector = await start({ exemplars: { enabled: true, max_per_data_point: 1 } });
    connector.send('shop', 'a', 'a');
    await connector.clock.advance(60_000);
    await connector.clock.advance(60_000);
    expect([0, 1].map((report) => connector.points(report, 'duration')[0]!.exemplars?.length ?? 0)).toEqual([1, 0]);
    await connector.stop();
  });
});

describe('Refused reports', () => {
  it('are offered again, and no further one is made while three wait', async () => {
    const connector = await start({ ...delta, metrics_flush_interval: '1s' });
    connector.refuse(new PipelineError('full', { kind: 'retryable' }));
    for (let i = 0; i < 10; i++) {
      connector.send('shop', 'a');
      await connector.clock.advance(1000);
    }
    expect(connector.context.items.held).toBe(6);
    connector.refuse();
    await connector.clock.advance(5000);
    await connector.stop();
    expect(connector.reports.flatMap((_, report) => connector.counts(report)).reduce((sum, count) => sum + count, 0)).toBe(10);
    expect(connector.context.items).toMatchObject({ absorbed: 10, held: 0, dropped: {} });
  });

  it('are dropped and counted when it is for good, or when the time is up', async () => {
    const connector = await start();
    connector.refuse(new PipelineError('no', { kind: 'permanent' }));
    connector.send('shop', 'a');
    await connector.clock.advance(60_000);
    connector.refuse(new PipelineError('full', { kind: 'retryable' }));
    connector.send('shop', 'a');
    const aborted = new AbortController();
    const stopping = connector.stage.shutdown!(aborted.signal);
    await settle();
    aborted.abort();
    await stopping;
    expect(connector.context.items.dropped).toEqual({ permanent: 2, shutdown: 2 });
    expect(() => connector.send('shop', 'a')).toThrow('span_metrics is not running');
  });
});

describe('What is remembered', () => {
  it('of a silent series ends with `series_expiration`', async () => {
    const connector = await start({ series_expiration: '90s' });
    connector.send('shop', 'a', 'b');
    await connector.clock.advance(60_000);
    connector.send('shop', 'a');
    await connector.clock.advance(120_000);
    expect([0, 1, 2].map((report) => connector.counts(report))).toEqual([[0, 0], [2, 1], [2]]);
    connector.send('shop', 'b');
    await connector.clock.advance(60_000);
    expect(connector.counts(3)).toEqual([0]);
    await connector.stop();
  });

  it('of a silent resource ends with `metrics_expiration`', async () => {
    const connector = await start({ metrics_expiration: '90s' });
    connector.send('shop', 'a');
    for (let i = 0; i < 3; i++) {
      connector.send('pay', 'b');
      await connector.clock.advance(60_000);
    }
    connector.send('pay', 'b');
    await connector.clock.advance(60_000);
    expect([0, 1, 2, 3].map((report) => connector.counts(report))).toEqual([[0, 0], [1, 2], [3, 1], [4]]);
    await connector.stop();
  });

  it('of a resource comes back when a span of it arrives before its last report', async () => {
    const connector = await start({ resource_metrics_cache_size: 1 });
    connector.send('shop', 'a');
    connector.send('pay', 'b');
    connector.send('shop', 'a');
    await connector.clock.advance(120_000);
    expect([connector.counts(0), connector.counts(1)]).toEqual([[0, 0], [2]]);
    await connector.stop();
  });

  it('has a bound: beyond half of the memory, spans are counted in the series of the overflow', async () => {
    const connector = await start({}, 2 * 1024 * 1024);
    const names = Array.from({ length: 10_000 }, (_, i) => `name ${i}`);
    connector.send('shop', ...names);
    await connector.stop();
    expect(connector.counts(0).reduce((sum, count) => sum + count, 0)).toBe(10_000);
    expect(connector.counts(0).length).toBeLessThan(10_000);
    expect(
      connector
        .points(0, 'calls')
        .at(-1)!
        .attributes.map((attribute) => attribute.key),
    ).toEqual(['otel.metric.overflow']);
    expect(connector.context.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
  });

  it('has a bound: beyond half of the memory, spans of new resources are counted in one resource of the overflow', async () => {
    const connector = await start({ resource_metrics_cache_size: 10 }, 2 * 1024 * 1024);
    for (let i = 0; i < 5_000; i++) connector.send(`service ${i}`, 'a');
    const accounted = connector.host.memory.accounted;
    for (let i = 5_000; i < 10_000; i++) connector.send(`service ${i}`, 'a');
    expect(connector.host.memory.accounted).toBe(accounted);
    await connector.stop();
    expect(connector.counts(0).reduce((sum, count) => sum + count, 0)).toBe(10_000);
    const overflow = connector.reports[0]!.resourceMetrics.filter(({ resource }) =>
      resource.attributes?.some(({ key }) => key === 'otel.metric.overflow'),
    );
    expect(overflow).toHaveLength(1);
    expect(overflow[0]).toMatchObject({ resource: { attributes: [{ key: 'otel.metric.overflow', value: { boolValue: true } }] } });
  });

  it('is accounted', async () => {
    const connector = await start({ histogram: { exponential: {} }, exemplars: { enabled: true } });
    connector.send('shop', ...Array.from({ length: 1000 }, (_, i) => `name ${i}`));
    expect(connector.host.memory.accounted).toBeGreaterThan(200_000);
    await connector.stop();
    expect(connector.host.memory.accounted).toBe(0);
  });
});

describe('An instance', () => {
  it('has an id of its own', async () => {
    const ids = new Set<string | undefined>();
    for (let i = 0; i < 2; i++) {
      const connector = await start();
      connector.send('shop', 'a');
      await connector.stop();
      const attribute = connector.points(0, 'calls')[0]!.attributes.find(({ key }) => key === 'collector.instance.id');
      ids.add(attribute?.value.stringValue);
    }
    expect([...ids].every((id) => /^[0-9a-f-]{36}$/.test(id ?? ''))).toBe(true);
    expect(ids.size).toBe(2);
  });

  it('says that `dimensions_cache_size` is over', async () => {
    const connector = await start({ dimensions_cache_size: 5 });
    expect(connector.context.lines[0]!.message).toContain('DimensionsCacheSize is deprecated');
    await connector.stop();
  });
});
