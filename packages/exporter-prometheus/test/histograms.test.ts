import { createParser } from '@millrace/prometheus-format';
import type { ParsedHistogram } from '@millrace/prometheus-format';
import { afterEach, describe, expect, it } from '@jest/globals';
import { at, attributes, metricsOf, run } from './running.ts';
import type { Running } from './running.ts';

const protobuf = { accept: 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited' };
const cumulative = 2;
const delta = 1;
const span = { traceId: '5b8efff798038103d269b633813fc60c', spanId: 'eee19b7ec3c1b174', timeUnixNano: at(1) };

let exporter: Running | undefined;

afterEach(() => exporter?.stop());

async function samplesOf(settings: object, ...requests: readonly object[]): Promise<readonly string[]> {
  exporter = await run({ without_scope_info: true, ...settings });
  for (const request of requests) exporter.send(request);
  return (await exporter.scrape()).samples;
}

function histogram(point: object, aggregationTemporality = cumulative): object {
  const dataPoints = [{ startTimeUnixNano: at(0), timeUnixNano: at(1), ...point }];
  return metricsOf([{ name: 'h', unit: 's', histogram: { aggregationTemporality, dataPoints } }]);
}

const three = { count: '6', sum: 10.5, explicitBounds: [0.5, 2], bucketCounts: ['1', '2', '3'] };

describe('prometheus, histograms with bounds', () => {
  it('have cumulative buckets', async () => {
    expect(await samplesOf({}, histogram({ ...three, attributes: attributes({ a: 'b' }) }))).toEqual([
      'h_seconds_bucket{a="b",le="0.5"} 1',
      'h_seconds_bucket{a="b",le="2"} 3',
      'h_seconds_bucket{a="b",le="+Inf"} 6',
      'h_seconds_sum{a="b"} 10.5',
      'h_seconds_count{a="b"} 6',
    ]);
  });

  it('have their bounds in order, each once', async () => {
    const mixed = { count: '10', sum: 1, explicitBounds: [2, 1, 2], bucketCounts: ['1', '2', '3', '4'] };
    expect((await samplesOf({}, histogram(mixed))).slice(0, 3)).toEqual([
      'h_seconds_bucket{le="1"} 2',
      'h_seconds_bucket{le="2"} 3',
      'h_seconds_bucket{le="+Inf"} 10',
    ]);
  });

  it('may have no buckets and no sum', async () => {
    expect(await samplesOf({}, histogram({ count: '4' }))).toEqual([
      'h_seconds_bucket{le="+Inf"} 4',
      'h_seconds_sum 0',
      'h_seconds_count 4',
    ]);
  });

  it('have an exemplar in each bucket that it fell into, in OpenMetrics', async () => {
    exporter = await run({ without_scope_info: true, enable_open_metrics: true });
    const exemplars = [
      { ...span, asDouble: 0.1 },
      { ...span, asDouble: 0.2 },
      { timeUnixNano: at(1), asDouble: 1 },
      { ...span, asInt: '9' },
    ];
    exporter.send(histogram({ ...three, exemplars }));
    const { samples, headers } = await exporter.scrape({ accept: 'application/openmetrics-text;version=1.0.0' });
    const ids = '{span_id="eee19b7ec3c1b174",trace_id="5b8efff798038103d269b633813fc60c"}';
    expect(headers['content-type']).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores');
    expect(samples.slice(0, 3)).toEqual([
      `h_seconds_bucket{le="0.5"} 1 # ${ids} 0.2 1.790000001e+09`,
      'h_seconds_bucket{le="2.0"} 3',
      `h_seconds_bucket{le="+Inf"} 6 # ${ids} 9.0 1.790000001e+09`,
    ]);
    expect((await exporter.scrape()).text).not.toContain('#  {');
  });

  it('that are differences are added up, those that overlap are dropped, and after a gap they begin anew', async () => {
    const from = (start: number, end: number, point: object = three): object =>
      histogram({ ...point, startTimeUnixNano: at(start), timeUnixNano: at(end) }, delta);
    const counts = (samples: readonly string[]): (string | undefined)[] => samples.map((sample) => sample.split(' ').at(-1));
    expect(counts(await samplesOf({}, from(0, 1), from(1, 2)))).toEqual(['2', '6', '12', '21', '12']);
    exporter!.send(from(0, 3));
    expect(counts((await exporter!.scrape()).samples)).toEqual(['2', '6', '12', '21', '12']);
    expect(exporter!.context.items.dropped).toEqual({ misaligned_start: 1 });
    expect(exporter!.context.lines.at(-1)!.message).toBe('Misaligned starting timestamps');
    exporter!.send(from(5, 6));
    expect(counts((await exporter!.scrape()).samples)).toEqual(['1', '3', '6', '10.5', '6']);
    exporter!.send(from(6, 7, { count: '1', sum: 1, explicitBounds: [9], bucketCounts: ['1', '0'] }));
    expect((await exporter!.scrape()).samples).toEqual([
      'h_seconds_bucket{le="9"} 1',
      'h_seconds_bucket{le="+Inf"} 1',
      'h_seconds_sum 1',
      'h_seconds_count 1',
    ]);
  });

  it('that are older than the last are dropped', async () => {
    const samples = await samplesOf({}, histogram({ ...three, timeUnixNano: at(9) }), histogram({ ...three, count: '7' }));
    expect(samples.at(-1)).toBe('h_seconds_count 6');
    expect(exporter!.context.items.dropped).toEqual({ older_than_the_last_value: 1 });
  });
});

describe('prometheus, summaries', () => {
  it('have their quantiles in order', async () => {
    const quantileValues = [
      { quantile: 0.99, value: 3 },
      { quantile: 0.5, value: 1 },
      { quantile: 0.5, value: 1.5 },
    ];
    const metric = { name: 's', summary: { dataPoints: [{ timeUnixNano: at(1), count: '9', sum: 12, quantileValues }] } };
    expect(await samplesOf({ send_timestamps: true }, metricsOf([metric]))).toEqual([
      's{quantile="0.5"} 1.5 1790000001000',
      's{quantile="0.99"} 3 1790000001000',
      's_sum 12 1790000001000',
      's_count 9 1790000001000',
    ]);
  });
});

function exponential(point: object, aggregationTemporality = cumulative): object {
  const dataPoints = [{ startTimeUnixNano: at(0), timeUnixNano: at(1), ...point }];
  return metricsOf([{ name: 'e', exponentialHistogram: { aggregationTemporality, dataPoints } }]);
}

/** The one native histogram of a scrape in protobuf. */
async function native(): Promise<ParsedHistogram & { readonly createdMs: number; readonly exemplarValues: readonly number[] }> {
  const found: (ParsedHistogram & { createdMs: number; exemplarValues: readonly number[] })[] = [];
  const parser = createParser('protobuf', {
    sample: ({ histogram: value, createdMs }) => {
      if (value !== undefined)
        found.push({ ...value, createdMs, exemplarValues: (value.exemplars ?? []).map((exemplar) => exemplar.value) });
    },
  });
  parser.push((await exporter!.scrape(protobuf)).body);
  parser.end();
  expect(found).toHaveLength(1);
  return found[0]!;
}

describe('prometheus, histograms with exponential buckets', () => {
  const point = {
    count: '10',
    sum: 20,
    scale: 3,
    zeroCount: '1',
    positive: { offset: -2, bucketCounts: ['1', '0', '2', '0', '0', '0', '3'] },
    negative: { offset: 4, bucketCounts: ['3'] },
  };

  it('are native histograms in protobuf, and a count and a sum in text', async () => {
    expect(await samplesOf({}, exponential({ ...point, exemplars: [{ ...span, asDouble: 3 }] }))).toEqual([
      'e_bucket{le="+Inf"} 10',
      'e_sum 20',
      'e_count 10',
    ]);
    expect(await native()).toMatchObject({
      count: 10,
      sum: 20,
      schema: 3,
      zeroThreshold: 1e-128,
      zeroCount: 1,
      positive: { spans: [-1, 3, 3, 1], counts: [1, 0, 2, 3] },
      negative: { spans: [5, 1], counts: [3] },
      createdMs: 1_790_000_000_000,
      exemplarValues: [3],
    });
  });

  it('finer than scale 8 become coarser', async () => {
    await samplesOf(
      {},
      exponential({ count: '10', sum: 1, scale: 10, positive: { offset: -5, bucketCounts: ['1', '2', '3', '0', '0', '4'] } }),
    );
    // Buckets -5; -4 and -3; and 0 of scale 10 lie in -2, -1 and 0 of scale 8.
    expect(await native()).toMatchObject({ schema: 8, positive: { spans: [-1, 3], counts: [1, 5, 4] } });
  });

  it.each([
    [{ ...point, scale: -5 }, 'cannot convert exponential to native histogram: scale must be >= -4'],
    [{ ...point, count: '9' }, 'the buckets and the count of an exponential histogram do not agree'],
    [
      { count: '1', scale: 0, positive: { offset: 2_000_000_000, bucketCounts: ['1'] } },
      'an exponential histogram has buckets beyond all numbers',
    ],
  ])('that a server would refuse are dropped, counted and named: %j', async (bad, message) => {
    expect(await samplesOf({}, exponential(bad))).toEqual([]);
    expect(exporter!.context.items).toMatchObject({ absorbed: 0, dropped: { invalid_histogram: 1 } });
    expect(exporter!.context.lines.at(-1)).toMatchObject({ message, attributes: { about: 'e' } });
    exporter!.send(exponential(point));
    expect((await exporter!.scrape()).samples).toHaveLength(3);
  });

  it('that are differences are added up at the coarser scale and the wider zero bucket', async () => {
    const next = {
      startTimeUnixNano: at(1),
      timeUnixNano: at(2),
      count: '7',
      sum: 5,
      scale: 2,
      zeroCount: '2',
      zeroThreshold: 0.9,
      positive: { offset: 0, bucketCounts: ['4', '1'] },
    };
    await samplesOf({}, exponential(point, delta), exponential(next, delta));
    // In scale 2 the first one has 1 below 0.84..1 (covered by neither), 2 in bucket 0, 3 in bucket 2 and 3 in bucket 2 of the negative side.
    expect(await native()).toMatchObject({
      count: 17,
      sum: 25,
      schema: 2,
      zeroThreshold: 0.9,
      zeroCount: 3,
      positive: { spans: [0, 4], counts: [1, 6, 1, 3] },
      negative: { spans: [3, 1], counts: [3] },
      createdMs: 1_790_000_000_000,
    });
    const wide = {
      ...next,
      startTimeUnixNano: at(2),
      timeUnixNano: at(3),
      count: '2',
      sum: 0,
      zeroThreshold: 1.1,
      positive: { offset: 0, bucketCounts: [] },
    };
    exporter!.send(exponential(wide, delta));
    expect(await native()).toMatchObject({ count: 19, zeroThreshold: 1.1, zeroCount: 6, positive: { spans: [1, 3], counts: [6, 1, 3] } });
  });

  it('that lie far apart get coarser rather than have buckets without end', async () => {
    const at8 = (offset: number, start: number): object =>
      exponential(
        {
          startTimeUnixNano: at(start),
          timeUnixNano: at(start + 1),
          count: '1',
          sum: 1,
          scale: 8,
          positive: { offset, bucketCounts: ['1'] },
        },
        delta,
      );
    await samplesOf({}, at8(-200_000, 0), at8(200_000, 1));
    const { schema, positive } = await native();
    expect(schema).toBe(1);
    expect(Array.from(positive.counts)).toEqual([1, 1]);
  });

  it('have the latest value when they are cumulative', async () => {
    await samplesOf({}, exponential(point), exponential({ ...point, count: '11', zeroCount: '2', timeUnixNano: at(2) }));
    expect(await native()).toMatchObject({ count: 11, zeroCount: 2 });
  });
});
