import { describe, expect, it } from '@jest/globals';
import { MetricMapper, type MetricOptions } from '../src/index.ts';
import { type DecodedSketch, decodeSeries, decodeSketches } from './decode.ts';
import { attributes, type Value, withBatch } from './map.ts';

const startMs = 1_790_000_000_000;
const nano = (seconds: number): string => (seconds === 0 ? '0' : `${startMs + seconds * 1000}000000`);

const defaults: MetricOptions = {
  hostname: 'fallback',
  deltaTtlMs: 3_600_000,
  histogramMode: 'distributions',
  sendAggregations: false,
  rawSums: false,
  initialValue: 'drop',
  quantiles: true,
  resourceAttributesAsTags: false,
  scopeAsTags: false,
  startNanos: 0n,
  nowMs: () => startMs,
};

interface Mapped {
  readonly series: [string, number][];
  readonly sketches: readonly DecodedSketch[];
  readonly tags: readonly (readonly string[])[];
  readonly dropped: Readonly<Record<string, number>>;
}

function mapperOf(options: Partial<MetricOptions> = {}) {
  const mapper = new MetricMapper({ ...defaults, ...options });
  return (metric: object, resource: Record<string, Value> = {}, scope = 'lib'): Mapped => {
    const request = {
      resourceMetrics: [
        { resource: { attributes: attributes(resource) }, scopeMetrics: [{ scope: { name: scope }, metrics: [{ name: 'm', ...metric }] }] },
      ],
    };
    const mapped = withBatch('metrics', request, (batch) => mapper.map(batch));
    const series = mapped.series.flatMap(({ bytes }) => decodeSeries(bytes));
    return {
      series: series.map(({ metric: name, points }) => [name, points[0]!.value]),
      sketches: mapped.sketches.flatMap(({ bytes }) => decodeSketches(bytes)),
      tags: series.map(({ tags }) => tags),
      dropped: Object.fromEntries(mapped.dropped),
    };
  };
}

const counter = (value: number, seconds: number, start = 0): object => ({
  sum: {
    aggregationTemporality: 2,
    isMonotonic: true,
    dataPoints: [{ startTimeUnixNano: nano(start), timeUnixNano: nano(seconds), asDouble: value }],
  },
});
const histogram = (temporality: number, more: object): object => ({
  histogram: { aggregationTemporality: temporality, dataPoints: [{ timeUnixNano: nano(1), ...more }] },
});
const exponential = (more: object, aggregationTemporality = 1): object => ({
  exponentialHistogram: { aggregationTemporality, dataPoints: [{ timeUnixNano: nano(1), ...more }] },
});

describe('Cumulative sums', () => {
  it('become differences through resets, without late and repeated points', () => {
    const map = mapperOf();
    const values = [
      counter(10, 1),
      counter(15, 2),
      counter(15, 2),
      counter(3, 1),
      counter(4, 3),
      counter(9, 4),
      counter(20, 5, 4.5),
      counter(26, 6, 4.5),
      counter(30, 7, 7),
    ].flatMap((metric) => map(metric).series);
    expect(values).toEqual([
      ['m', 5],
      ['m', 5],
      ['m', 6],
    ]);
  });

  it('keep series apart by attributes, resource tags and host', () => {
    const map = mapperOf();
    map(counter(1, 1), { 'host.name': 'a' });
    map(counter(5, 1), { 'host.name': 'b' });
    map(counter(7, 1), { 'host.name': 'b', 'container.id': 'c' });
    expect(map(counter(2, 2), { 'host.name': 'a' }).series).toEqual([['m', 1]]);
    expect(map(counter(8, 2), { 'host.name': 'b' }).series).toEqual([['m', 3]]);
    expect(map(counter(17, 2), { 'host.name': 'b', 'container.id': 'c' }).series).toEqual([['m', 10]]);
  });

  it('that are not monotonic, and gauges, are sent as they are', () => {
    const map = mapperOf();
    const point = { timeUnixNano: nano(1), asInt: '-3' };
    expect(map({ sum: { aggregationTemporality: 2, dataPoints: [point] } }).series).toEqual([['m', -3]]);
    expect(map({ gauge: { dataPoints: [point] } }).series).toEqual([['m', -3]]);
    expect(map({ sum: { aggregationTemporality: 1, dataPoints: [point] } }).series).toEqual([['m', -3]]);
  });
});

describe('Points that Datadog cannot take', () => {
  it.each([
    [{ gauge: { dataPoints: [{ asDouble: 'NaN' }] } }, 'not_finite'],
    [{ gauge: { dataPoints: [{ asInt: '1', flags: 1 }] } }, 'no_recorded_value'],
    [{ sum: { dataPoints: [{ asInt: '1' }] } }, 'unsupported_metric'],
    [histogram(0, { count: '1', sum: 1 }), 'unsupported_metric'],
    [exponential({ count: '1', scale: 1 }, 2), 'unsupported_metric'],
    [histogram(1, { count: '1', sum: 1, bucketCounts: ['1'], explicitBounds: [1] }), 'invalid_histogram'],
    [histogram(1, { count: '1', sum: 1, bucketCounts: ['0', '1', '0'], explicitBounds: [5, 1] }), 'invalid_histogram'],
    [histogram(1, { count: '1', sum: 1, bucketCounts: ['0', '1', '0'], explicitBounds: [5, 'NaN'] }), 'invalid_histogram'],
    [{ name: 'dd.internal.stats.payload', sum: { dataPoints: [{}] } }, 'unsupported_metric'],
  ])('such as %j are dropped', (metric, reason) => {
    expect(mapperOf()(metric)).toEqual({ series: [], sketches: [], tags: [], dropped: { [reason]: 1 } });
  });
});

describe('Sketches', () => {
  const total = ({ dogsketches: [sketch] }: DecodedSketch): number => sketch!.n.reduce((sum, n) => sum + n, 0);

  it('hold the counts of a histogram between its bounds', () => {
    const point = { count: '100', sum: 5000, bucketCounts: ['0', '40', '60', '0'], explicitBounds: [10, 50, 100] };
    const [sketch] = mapperOf()(histogram(1, point)).sketches;
    expect(total(sketch!)).toBe(100);
    expect(sketch!.dogsketches).toMatchObject([{ ts: String(startMs / 1000 + 1), cnt: '100', sum: 5000, avg: 50, min: 10, max: 100 }]);
    const values = sketch!.dogsketches[0]!.k.map((key) => (1 + 1 / 64) ** (key - 1338));
    expect(Math.min(...values)).toBeGreaterThan(9.8);
    expect(Math.max(...values)).toBeLessThan(101);
  });

  it('know the extremes of a point better than its bounds', () => {
    const point = { count: '2', sum: 30, min: 12, max: 18, bucketCounts: ['0', '2', '0'], explicitBounds: [10, 50] };
    expect(mapperOf()(histogram(1, point)).sketches[0]!.dogsketches).toMatchObject([{ min: 12, max: 18 }]);
  });

  it('of unbounded buckets stay at their finite bound', () => {
    const point = { count: '3', sum: 100, bucketCounts: ['1', '0', '2'], explicitBounds: [10, 50] };
    const [sketch] = mapperOf()(histogram(1, point)).sketches[0]!.dogsketches;
    expect(sketch!.n).toEqual([1, 2]);
  });

  it('of a histogram without buckets lie between its extremes', () => {
    const map = mapperOf();
    const [sketch] = map(histogram(1, { count: '4', sum: 40, min: 5, max: 15 })).sketches;
    expect(total(sketch!)).toBe(4);
    expect(sketch!.dogsketches).toMatchObject([{ cnt: '4', sum: 40, min: 5, max: 15 }]);
    expect(map(histogram(1, { count: '4', sum: 40 })).sketches).toHaveLength(1);
  });

  it('of cumulative histograms hold what came since the point before', () => {
    const map = mapperOf();
    const point = (seconds: number, counts: string[], sum: number, min: number, max: number): object =>
      histogram(2, {
        timeUnixNano: nano(seconds),
        count: String(counts.map(Number).reduce((a, b) => a + b)),
        sum,
        min,
        max,
        bucketCounts: counts,
        explicitBounds: [10, 50],
      });
    expect(map(point(1, ['1', '2', '0'], 60, 3, 40)).sketches).toEqual([]);
    const [second] = map(point(2, ['1', '5', '1'], 260, 3, 90)).sketches;
    expect(second!.dogsketches).toMatchObject([{ cnt: '4', sum: 200, max: 90 }]);
    expect(total(second!)).toBe(4);
    const [third] = map(point(3, ['2', '5', '1'], 262, 2, 90)).sketches;
    expect(third!.dogsketches).toMatchObject([{ cnt: '1', sum: 2, min: 2 }]);
    expect(map(point(2, ['9', '9', '9'], 999, 1, 99)).sketches).toEqual([]);
  });

  it('of cumulative histograms without buckets take one difference only', () => {
    const map = mapperOf();
    const point = (seconds: number, count: number): object =>
      histogram(2, { timeUnixNano: nano(seconds), count: String(count), sum: count * 2 });
    map(point(1, 3));
    expect(map(point(2, 5)).sketches.map(({ dogsketches }) => dogsketches[0]!.cnt)).toEqual(['2']);
    expect(map(point(3, 9)).sketches.map(({ dogsketches }) => dogsketches[0]!.cnt)).toEqual(['4']);
  });

  it('repeat a key whose count is too large for one bin, within a bound', () => {
    const point = (count: string): object => histogram(1, { count, sum: 1, bucketCounts: ['0', count], explicitBounds: [7] });
    const [sketch] = mapperOf()(point('200000')).sketches[0]!.dogsketches;
    expect(sketch!.n).toEqual([3395, 65535, 65535, 65535]);
    expect(new Set(sketch!.k).size).toBe(1);
    const [bounded] = mapperOf()(point('9000000000000000000')).sketches[0]!.dogsketches;
    expect(bounded!.n.length).toBeLessThanOrEqual(4097);
  });

  it('fold the lowest of too many keys', () => {
    const bounds = Array.from({ length: 200 }, (_, i) => -(10 ** (100 - i))).concat(Array.from({ length: 200 }, (_, i) => 10 ** (i - 100)));
    const point = { count: String(401 * 1000), sum: 1, bucketCounts: Array.from({ length: 401 }, () => '1000'), explicitBounds: bounds };
    const [sketch] = mapperOf()(histogram(1, point)).sketches[0]!.dogsketches;
    expect(sketch!.k.length).toBeLessThanOrEqual(4096 + 16);
    expect(sketch!.n.reduce((sum, n) => sum + n, 0)).toBe(401_000);
  });

  it('hold the counts of exponential histograms', () => {
    const point = {
      count: '10',
      sum: 100,
      scale: 1,
      zeroCount: '2',
      positive: { offset: 2, bucketCounts: ['3', '4'] },
      negative: { offset: 0, bucketCounts: ['1'] },
    };
    const [sketch] = mapperOf({ sendAggregations: true })(exponential({ ...point, min: -1.3, max: 3.9 })).sketches;
    expect(total(sketch!)).toBe(10);
    expect(sketch!.dogsketches).toMatchObject([{ cnt: '10', sum: 100, avg: 10, min: -1.3, max: 3.9 }]);
    const [unknown] = mapperOf()(exponential({ ...point, sum: 'NaN' })).sketches[0]!.dogsketches;
    expect(unknown!.min).toBeCloseTo(-1.41, 1);
    expect(unknown!.max).toBeCloseTo(4, 0);
    expect(unknown!.cnt).toBe('10');
  });

  it('of one exponential value have that value', () => {
    const [sketch] = mapperOf()(exponential({ count: '1', sum: 7, scale: 3, positive: { offset: 22, bucketCounts: ['1'] } })).sketches[0]!
      .dogsketches;
    expect(sketch).toMatchObject({ cnt: '1', min: 7, max: 7, n: [1] });
    const [negative] = mapperOf()(exponential({ count: '1', sum: -7, scale: 3, negative: { offset: 22, bucketCounts: ['1'] } }))
      .sketches[0]!.dogsketches;
    expect(negative).toMatchObject({ min: -7, max: -7, n: [1] });
  });

  it.each([
    [{ count: '0', scale: 1 }, {}],
    [{ count: '1', scale: -11, positive: { offset: 0, bucketCounts: ['1'] } }, { invalid_histogram: 1 }],
    [{ count: '1', scale: 60, positive: { offset: 0, bucketCounts: ['1'] } }, { invalid_histogram: 1 }],
    [{ count: '2', scale: 0, positive: { offset: 2_000_000_000, bucketCounts: ['2'] } }, { invalid_histogram: 1 }],
  ])('are not made of %j', (point, dropped) => {
    expect(mapperOf()(exponential(point))).toMatchObject({ sketches: [], dropped });
  });

  it('count tiny exponential values as zero', () => {
    const [sketch] = mapperOf()(exponential({ count: '4', sum: 0, scale: 0, positive: { offset: -60, bucketCounts: ['2', '2'] } }))
      .sketches[0]!.dogsketches;
    expect(sketch).toMatchObject({ k: [0], n: [4] });
  });
});

describe('Buckets as counters', () => {
  it('are tagged with their bounds and take differences', () => {
    const map = mapperOf({ histogramMode: 'counters' });
    const point = (seconds: number, counts: string[]): object =>
      histogram(2, { timeUnixNano: nano(seconds), count: '1', sum: 1, bucketCounts: counts, explicitBounds: [0.00001, 2.5, 1_000_000] });
    expect(map(point(1, ['1', '1', '1', '1'])).series).toEqual([]);
    const { series, tags } = map(point(2, ['1', '2', '3', '4']));
    expect(series).toEqual([0, 1, 2, 3].map((value) => ['m.bucket', value]));
    expect(tags).toEqual([
      ['lower_bound:-inf', 'upper_bound:1e-05'],
      ['lower_bound:1e-05', 'upper_bound:2.5'],
      ['lower_bound:2.5', 'upper_bound:1e+06.0'],
      ['lower_bound:1e+06.0', 'upper_bound:inf'],
    ]);
  });
});

describe('Summaries', () => {
  it('send counts, sums and quantiles', () => {
    const map = mapperOf();
    const summary = (seconds: number, count: string, sum: number): object => ({
      summary: {
        dataPoints: [
          {
            timeUnixNano: nano(seconds),
            count,
            sum,
            quantileValues: [
              { quantile: 0, value: 1 },
              { quantile: 0.9, value: 'NaN' },
            ],
          },
        ],
      },
    });
    expect(map(summary(1, '3', 9)).series).toEqual([['m.quantile', 1]]);
    const { series, tags } = map(summary(2, '5', 19));
    expect(series).toEqual([
      ['m.count', 2],
      ['m.sum', 10],
      ['m.quantile', 1],
    ]);
    expect(tags[2]).toEqual(['quantile:0']);
  });
});

describe('Tags and origin', () => {
  it('come from the resource', () => {
    const gauge = { gauge: { dataPoints: [{ asInt: '1', timeUnixNano: nano(1), attributes: attributes({ empty: '', n: 1 }) }] } };
    const { tags } = mapperOf()(gauge, {
      'service.name': 'shop',
      'service.instance.id': 'i',
      'app.kubernetes.io/name': 'app',
      kube_node: 'ignored',
      region: 'eu',
      'container.runtime': 'crio',
      'process.command': 'node',
      'os.type': 'linux',
    });
    expect(tags).toEqual([
      [
        'empty:n/a',
        'n:1',
        'service:shop',
        'service.instance.id:i',
        'kube_app_name:app',
        'region:eu',
        'runtime:crio',
        'process.command:node',
        'os.type:linux',
      ],
    ]);
  });

  it.each([
    ['github.com/open-telemetry/opentelemetry-collector-contrib/receiver/kubeletstatsreceiver', 229],
    ['github.com/open-telemetry/opentelemetry-collector-contrib/receiver/hostmetricsreceiver/disk', 224],
    ['github.com/open-telemetry/opentelemetry-collector-contrib/receiver/couchdbreceiver', 258],
    ['github.com/open-telemetry/opentelemetry-collector-contrib/receiver/newreceiver', 0],
    ['lib', 0],
  ])('of scope %s is %i', (scope, origin) => {
    const mapper = new MetricMapper(defaults);
    const request = {
      resourceMetrics: [{ scopeMetrics: [{ scope: { name: scope }, metrics: [{ name: 'm', gauge: { dataPoints: [{ asInt: '1' }] } }] }] }],
    };
    const { series } = withBatch('metrics', request, (batch) => mapper.map(batch));
    expect(decodeSeries(series[0]!.bytes)[0]!.metadata.origin).toMatchObject({ originProduct: 19, originService: origin });
  });

  it.each([
    ['By', 'byte'],
    ['ms', 'millisecond'],
    ['{requests}', 'request'],
    ['{process}', 'process'],
    ['1', ''],
    ['{furlong}', ''],
  ])('of unit %s is %s', (unit, expected) => {
    const mapper = new MetricMapper(defaults);
    const request = { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'm', unit, gauge: { dataPoints: [{ asInt: '1' }] } }] }] }] };
    const { series } = withBatch('metrics', request, (batch) => mapper.map(batch));
    expect(decodeSeries(series[0]!.bytes)[0]!.unit).toBe(expected);
  });
});

describe('The host', () => {
  it.each<[Record<string, Value>, string]>([
    [{ host: 'literal', 'datadog.host.name': 'own' }, 'literal'],
    [{ 'datadog.host.name': 'own', 'host.name': 'n' }, 'own'],
    [{ 'cloud.provider': 'aws', 'host.id': 'i-1', 'host.name': 'n' }, 'i-1'],
    [{ 'cloud.provider': 'aws', 'host.name': 'n' }, 'fallback'],
    [{ 'cloud.provider': 'gcp', 'host.name': 'n.zone.c.project', 'cloud.account.id': 'acc' }, 'n.acc'],
    [{ 'cloud.provider': 'gcp', 'host.name': 'n' }, 'fallback'],
    [{ 'cloud.provider': 'azure', 'host.id': 'vm', 'host.name': 'n' }, 'vm'],
    [{ 'cloud.provider': 'azure', 'host.name': 'n' }, 'n'],
    [{ 'k8s.node.name': 'node', 'k8s.cluster.name': 'cluster', 'host.name': 'n' }, 'node-cluster'],
    [{ 'k8s.node.name': 'node', 'cloud.provider': 'other' }, 'node'],
    [{ 'host.id': 'id', 'host.name': 'n' }, 'id'],
    [{ 'host.name': 'n' }, 'n'],
    [{ 'host.name': 'localhost' }, 'fallback'],
    [{ 'aws.ecs.launchtype': 'fargate', 'host.name': 'n' }, 'fallback'],
    [{ 'aws.ecs.launchtype': 'fargate', 'aws.ecs.task.arn': 'a' }, ''],
  ])('of %j is %s', (resource, host) => {
    const mapper = new MetricMapper(defaults);
    const request = {
      resourceMetrics: [
        {
          resource: { attributes: attributes(resource) },
          scopeMetrics: [{ metrics: [{ name: 'm', gauge: { dataPoints: [{ asInt: '1' }] } }] }],
        },
      ],
    };
    const { series } = withBatch('metrics', request, (batch) => mapper.map(batch));
    expect(decodeSeries(series[0]!.bytes)[0]!.resources).toEqual([{ type: 'host', name: host }]);
  });
});

describe('Requests', () => {
  it('have at most ten thousand points', () => {
    const mapper = new MetricMapper(defaults);
    const dataPoints = Array.from({ length: 10_500 }, (_, i) => ({ asInt: String(i) }));
    const request = { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'm', gauge: { dataPoints } }] }] }] };
    const { series } = withBatch('metrics', request, (batch) => mapper.map(batch));
    expect(series.map(({ items }) => items)).toEqual([10_000, 500]);
    expect(series.map(({ bytes }) => decodeSeries(bytes).length)).toEqual([10_000, 500]);
  });
});
