import { FakeClock } from '@millrace/api/testing';
import { encodeStats, statsMetric } from '@millrace/datadog-format';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Intake } from './intake.ts';
import { start } from './start.ts';

let intake: Intake;
beforeEach(async () => {
  intake = await new Intake().listen();
});
afterEach(() => intake.close());

const startMs = 1_790_000_000_000;
const nano = (seconds: number): string => `${startMs + seconds * 1000}000000`;
const text = (key: string, stringValue: string): object => ({ key, value: { stringValue } });

const point = (value: number, seconds: number, more: object = {}): object => ({
  startTimeUnixNano: nano(0),
  timeUnixNano: nano(seconds),
  asDouble: value,
  ...more,
});

const request = (metric: object, resource: readonly object[] = []): object => ({
  resourceMetrics: [
    { resource: { attributes: resource }, scopeMetrics: [{ scope: { name: 'lib', version: '2' }, metrics: [{ name: 'm', ...metric }] }] },
  ],
});

const counter = (...points: readonly object[]): object =>
  request({ sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: points } });
const histogram = (more: object = {}): object =>
  request({
    histogram: {
      aggregationTemporality: 1,
      dataPoints: [{ timeUnixNano: nano(1), count: '3', sum: 20, min: 1, max: 12, bucketCounts: ['1', '2'], explicitBounds: [5], ...more }],
    },
  });

/** What an exporter with these settings sends for some requests. */
async function sent(metrics: object, ...requests: readonly object[]): Promise<[string, number, number][]> {
  const exporter = await start(
    { ...intake.settings, metrics: { endpoint: intake.url, ...metrics } },
    'metrics',
    new FakeClock(startMs + 500),
  );
  for (const each of requests) await exporter.send(each);
  await exporter.stop();
  return intake.series.map(({ metric, type, points }) => [metric, type, points[0]!.value]);
}

const count = 1;
const gauge = 3;

describe('Metrics', () => {
  it('go to the metrics intake with the key, types, units, host and tags', async () => {
    const exporter = await start(intake.settings, 'metrics');
    const values = { unit: 'By', gauge: { dataPoints: [point(7, 1, { attributes: [text('disk', 'sda')] })] } };
    await exporter.send(request(values, [text('service.name', 'shop'), text('custom', 'x')]));
    await exporter.stop();
    const [taken] = intake.taken.filter(({ path }) => path === '/api/v2/series');
    expect(taken!.headers).toMatchObject({ 'dd-api-key': 'f00d', 'content-type': 'application/x-protobuf', 'content-encoding': 'deflate' });
    expect(intake.series).toMatchObject([
      {
        metric: 'm',
        type: gauge,
        unit: 'byte',
        resources: [{ type: 'host', name: 'here' }],
        points: [{ value: 7, timestamp: String(startMs / 1000 + 1) }],
        tags: ['disk:sda', 'service:shop', 'instrumentation_scope:lib', 'instrumentation_scope_version:2'],
      },
    ]);
  });

  it.each([
    ['resource_attributes_as_tags', true, ['custom:x', 'instrumentation_scope:lib', 'instrumentation_scope_version:2']],
    ['instrumentation_scope_metadata_as_tags', false, []],
  ])('with `%s: %s` have the tags %j', async (setting, value, tags) => {
    await sent({ [setting]: value }, request({ gauge: { dataPoints: [point(1, 1)] } }, [text('custom', 'x')]));
    expect(intake.series.map((each) => each.tags)).toEqual([tags]);
  });

  it('send what cumulative sums grew by, or with `cumulative_monotonic_mode: raw_value` the sums', async () => {
    expect(
      await sent(
        { sums: { initial_cumulative_monotonic_value: 'drop' } },
        counter(point(5, 1)),
        counter(point(8, 2)),
        counter(point(2, 3)),
      ),
    ).toEqual([['m', count, 3]]);
    intake.taken.length = 0;
    expect(await sent({ sums: { cumulative_monotonic_mode: 'raw_value' } }, counter(point(5, 1)), counter(point(8, 2)))).toEqual([
      ['m', gauge, 5],
      ['m', gauge, 8],
    ]);
  });

  it.each([
    ['auto', '0', []],
    ['auto', nano(1), [['m', count, 5]]],
    ['keep', '0', [['m', count, 5]]],
    ['drop', nano(1), []],
  ])('with `initial_cumulative_monotonic_value: %s` and a series since %s send %j first', async (mode, startTimeUnixNano, first) => {
    expect(await sent({ sums: { initial_cumulative_monotonic_value: mode } }, counter(point(5, 2, { startTimeUnixNano })))).toEqual(first);
  });

  it('forget a series after `delta_ttl` seconds', async () => {
    const clock = new FakeClock(startMs);
    const sums = { initial_cumulative_monotonic_value: 'drop' };
    const exporter = await start({ ...intake.settings, metrics: { endpoint: intake.url, delta_ttl: 60, sums } }, 'metrics', clock);
    await exporter.send(counter(point(5, 1)));
    await clock.advance(30_000);
    await exporter.send(counter(point(6, 31)));
    expect(intake.series.map(({ points }) => points[0]!.value)).toEqual([1]);
    expect(exporter.host.memory.accounted).toBeGreaterThan(100);
    await clock.advance(61_000);
    await exporter.send(counter(point(9, 92)));
    expect(intake.series).toHaveLength(1);
    await exporter.stop();
    expect(exporter.host.memory.accounted).toBe(0);
  });

  it('send summaries with quantiles, unless `summaries.mode` is `noquantiles`', async () => {
    const summary = request({
      summary: { dataPoints: [{ timeUnixNano: nano(1), count: '4', sum: 8, quantileValues: [{ quantile: 0.5, value: 2 }] }] },
    });
    const sums = { initial_cumulative_monotonic_value: 'keep' };
    expect(await sent({ sums }, summary)).toEqual([
      ['m.count', count, 4],
      ['m.quantile', gauge, 2],
    ]);
    intake.taken.length = 0;
    expect(await sent({ sums, summaries: { mode: 'noquantiles' } }, summary)).toEqual([['m.count', count, 4]]);
  });

  it.each([
    [{ mode: 'distributions' }, [], 1],
    [
      { mode: 'counters' },
      [
        ['m.bucket', count, 1],
        ['m.bucket', count, 2],
      ],
      0,
    ],
    [
      { mode: 'nobuckets', send_aggregation_metrics: true },
      [
        ['m.count', count, 3],
        ['m.sum', count, 20],
        ['m.min', gauge, 1],
        ['m.max', gauge, 12],
      ],
      0,
    ],
    [
      { send_count_sum_metrics: true },
      [
        ['m.count', count, 3],
        ['m.sum', count, 20],
        ['m.min', gauge, 1],
        ['m.max', gauge, 12],
      ],
      1,
    ],
  ])('with `histograms` %j send %j and %i sketches', async (histograms, series, sketches) => {
    expect(await sent({ histograms }, histogram())).toEqual(series);
    expect(intake.sketches).toHaveLength(sketches);
    for (const { dogsketches } of intake.sketches) expect(dogsketches).toMatchObject([{ cnt: '3', sum: 20, min: 1, max: 12 }]);
  });

  it('that Datadog cannot take are counted as rejected, and a point without a value is not missed', async () => {
    const exporter = await start(intake.settings, 'metrics');
    await exporter.send(histogram({ bucketCounts: ['1', '2', '3'] }));
    expect(exporter.context.items).toMatchObject({ absorbed: 0, dropped: { partial_success: 1 } });
    await exporter.send(request({ gauge: { dataPoints: [point(1, 1, { flags: 1 }), point(2, 1)] } }));
    await exporter.send(request({ exponentialHistogram: { aggregationTemporality: 2, dataPoints: [{ count: '1', scale: 1 }] } }));
    await exporter.stop();
    expect(intake.series.map(({ points }) => points[0]!.value)).toEqual([2]);
    expect(exporter.context.items).toMatchObject({ absorbed: 2, dropped: { partial_success: 2 } });
  });

  it('that are too many for one request are sent in halves', async () => {
    intake.maxBytes = 300;
    const exporter = await start(intake.settings, 'metrics');
    await exporter.send(request({ gauge: { dataPoints: Array.from({ length: 20 }, (_, i) => point(i, 1)) } }));
    await exporter.stop();
    expect(intake.series.map(({ points }) => points[0]!.value)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(intake.bodies('/api/v2/series').length).toBeGreaterThan(4);
    expect(exporter.context.items).toMatchObject({ absorbed: 20, dropped: {} });
  });

  it('that are sent again are converted once and go on where they were', async () => {
    intake.refusals = [{ path: '/api/beta/sketches', status: 503 }];
    const retry = { enabled: true, initial_interval: '1ms', max_interval: '5ms', max_elapsed_time: '1m' };
    const exporter = await start(
      { ...intake.settings, retry_on_failure: { randomization_factor: 0.5, multiplier: 1.5, ...retry } },
      'metrics',
    );
    await exporter.send({
      resourceMetrics: [
        ...(histogram() as { resourceMetrics: object[] }).resourceMetrics,
        ...(request({ gauge: { dataPoints: [point(1, 1)] } }) as { resourceMetrics: object[] }).resourceMetrics,
      ],
    });
    await exporter.stop();
    expect(intake.series).toHaveLength(1);
    expect(intake.sketches).toHaveLength(1);
    expect(exporter.context.items).toMatchObject({ absorbed: 2, dropped: {} });
  });

  it('bring the statistics of a connector', async () => {
    const group = {
      service: 's',
      name: 'n',
      resource: 'r',
      httpStatusCode: 200,
      type: 'web',
      dbType: '',
      hits: 3n,
      errors: 1n,
      duration: 9n,
    };
    const more = {
      okSummary: new Uint8Array([1]),
      errorSummary: new Uint8Array(),
      synthetics: false,
      topLevelHits: 2n,
      spanKind: 'server',
      peerTags: ['a:b'],
    };
    const names = { isTraceRoot: 1, grpcStatusCode: '', httpMethod: '', httpEndpoint: '' };
    const bucket = { start: 10n, duration: 5n, agentTimeShift: 0n, groups: [{ ...group, ...more, ...names }] };
    const client = {
      hostname: 'h',
      env: 'e',
      version: 'v',
      lang: '',
      tracerVersion: '',
      runtimeId: '',
      sequence: 0n,
      agentAggregation: '',
      service: '',
    };
    const rest = { containerId: 'c', tags: [], gitCommitSha: '', imageTag: '', processTagsHash: 0n, processTags: '', buckets: [bucket] };
    const bytes = encodeStats({
      agentHostname: '',
      agentEnv: 'none',
      agentVersion: '',
      clientComputed: false,
      splitPayload: false,
      stats: [{ ...client, ...rest }],
    });
    const attributes = [{ key: statsMetric, value: { bytesValue: bytes.toString('base64') } }];
    const carrier = (some: object[]): object => request({ name: statsMetric, sum: { dataPoints: [{ attributes: some }] } });
    const exporter = await start(intake.settings, 'metrics');
    await exporter.send(carrier(attributes));
    expect(intake.stats).toMatchObject([
      {
        AgentVersion: 'datadogexporter-millrace-1.2.3',
        Stats: [
          {
            Hostname: 'h',
            ContainerID: '',
            TracerVersion: 'millrace1.2.3',
            Stats: [{ Start: 10n, Stats: [{ Hits: 3n, PeerTags: ['a:b'] }] }],
          },
        ],
      },
    ]);
    expect(intake.series).toEqual([]);
    await exporter.send(carrier([{ key: statsMetric, value: { bytesValue: Buffer.from([0xff]).toString('base64') } }]));
    await exporter.stop();
    expect(exporter.context.items).toMatchObject({ absorbed: 1, dropped: { partial_success: 1 } });
  });
});
