import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { nameOf } from './reference.ts';
import { at, attributes, counter, Destination, gauge, histogram, metricsOf, ms, run, v2 } from './running.ts';
import type { Running } from './running.ts';

let destination: Destination;
let running: Running | undefined;
beforeEach(async () => {
  destination = await new Destination().listen();
});
afterEach(async () => {
  await running?.stop();
  running = undefined;
  await destination.close();
});

async function sent(request: object, settings: object = {}): Promise<void> {
  running = await run(destination.url, settings);
  await running.send(request);
}

const shop = { 'service.name': 'shop', 'service.namespace': 'eu', 'service.instance.id': 'i1', 'host.name': 'h' };

describe.each([
  ['1.0', {}],
  ['2.0', v2],
])('remote write %s', (version, message) => {
  const start = version === '2.0' ? ms(0) : 0;

  it('has one sample of each number, with its name, labels and time', async () => {
    const labels = { 'http.method': 'GET', Upper: 'u', zeta: 1, le: 'x', quantile: 'y', empty: '' };
    await sent(
      metricsOf([counter('requests', 5, { attributes: attributes(labels) }), gauge('use', 0.5, {}, 2, { unit: '1' })], shop),
      message,
    );
    expect(destination.series.map(({ labels: all, samples }) => [all, samples])).toEqual([
      [
        {
          __name__: 'requests_total',
          http_method: 'GET',
          Upper: 'u',
          zeta: '1',
          exported_le: 'x',
          exported_quantile: 'y',
          job: 'eu/shop',
          instance: 'i1',
        },
        [{ value: 5, timestamp: ms(1), start }],
      ],
      [{ __name__: 'use_ratio', job: 'eu/shop', instance: 'i1' }, [{ value: 0.5, timestamp: ms(2), start: 0 }]],
      [{ __name__: 'target_info', job: 'eu/shop', instance: 'i1', host_name: 'h' }, [{ value: 1, timestamp: ms(2), start: 0 }]],
    ]);
    for (const { names } of destination.series) expect(names).toEqual(names.toSorted());
  });

  it('has the same for a series that is known', async () => {
    running = await run(destination.url, message);
    for (let step = 1; step <= 3; step++) await running.send(metricsOf([gauge('a', step, { x: 'y' }, step)], shop, { name: 's' }));
    const all = destination.series.filter(({ labels }) => labels['__name__'] === 'a');
    expect(all.map(({ labels, samples }) => [labels, samples[0]!.value])).toEqual(
      [1, 2, 3].map((value) => [{ __name__: 'a', x: 'y', job: 'eu/shop', instance: 'i1', otel_scope_name: 's' }, value]),
    );
  });

  it('has a histogram as buckets that count up, with sum, count and exemplars', async () => {
    const exemplar = { timeUnixNano: at(1), traceId: '5b8efff798038103d269b633813fc60c', filteredAttributes: attributes({ user: 'u1' }) };
    const exemplars = [
      { ...exemplar, asDouble: 0.5 },
      { ...exemplar, asInt: '7', filteredAttributes: attributes({ long: 'x'.repeat(100) }) },
    ];
    await sent(
      metricsOf([
        histogram('h', { count: '6', sum: 3.5, explicitBounds: [0.000_000_1, 1, 1e21], bucketCounts: ['1', '2', '3', '0'], exemplars }),
      ]),
      message,
    );
    const found = destination.series.map((series) => [
      nameOf(series),
      series.samples[0]!.value,
      series.exemplars.map(({ labels }) => labels),
    ]);
    const trace = { trace_id: '5b8efff798038103d269b633813fc60c' };
    expect(found).toEqual([
      ['h_sum{}', 3.5, []],
      ['h_count{}', 6, []],
      ['h_bucket{le="0.0000001"}', 1, []],
      ['h_bucket{le="1"}', 3, [{ ...trace, user: 'u1' }]],
      ['h_bucket{le="1000000000000000000000"}', 6, [trace]],
      ['h_bucket{le="+Inf"}', 6, []],
    ]);
    expect(destination.series[3]!.exemplars[0]).toMatchObject({ value: 0.5, timestamp: ms(1) });
  });

  it('has an exponential histogram as a native one', async () => {
    const point = {
      startTimeUnixNano: at(0),
      timeUnixNano: at(1),
      count: '11',
      sum: -2.5,
      scale: 9,
      zeroCount: '1',
      positive: { offset: -2, bucketCounts: ['1', '1', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '5'] },
      negative: { offset: 3, bucketCounts: ['3'] },
      exemplars: [{ asDouble: 2, timeUnixNano: at(1) }],
    };
    await sent(metricsOf([{ name: 'e', exponentialHistogram: { aggregationTemporality: 2, dataPoints: [point] } }]), message);
    expect(destination.series).toMatchObject([
      {
        labels: { __name__: 'e' },
        samples: [],
        exemplars: [{ value: 2 }],
        histograms: [
          {
            count: 11,
            sum: -2.5,
            schema: 8,
            zeroThreshold: 1e-128,
            zeroCount: 1,
            positive: { 0: 2, 6: 5 },
            negative: { 2: 3 },
            timestamp: ms(1),
            start,
          },
        ],
      },
    ]);
  });

  it('has a summary as quantiles with sum and count', async () => {
    const quantileValues = [
      { quantile: 0.5, value: 1 },
      { quantile: 0.99, value: 2 },
    ];
    await sent(metricsOf([{ name: 's', summary: { dataPoints: [{ timeUnixNano: at(1), count: '4', sum: 5, quantileValues }] } }]), message);
    expect(destination.values).toEqual({ 's_sum{}': 5, 's_count{}': 4, 's{quantile="0.5"}': 1, 's{quantile="0.99"}': 2 });
  });

  it('marks the end of a series that has no value any more', async () => {
    const point = { timeUnixNano: at(1), flags: 1 };
    const metrics = [
      { name: 'g', gauge: { dataPoints: [point] } },
      histogram('h', { ...point, sum: 0, explicitBounds: [1], bucketCounts: ['0', '0'] }),
      { name: 'e', exponentialHistogram: { aggregationTemporality: 2, dataPoints: [point] } },
      { name: 's', summary: { dataPoints: [point] } },
    ];
    await sent(metricsOf(metrics), message);
    for (const { samples } of destination.series) for (const { value } of samples) expect(value).toBe('stale');
    expect(Object.keys(destination.values)).toEqual([
      'g{}',
      'h_sum{}',
      'h_count{}',
      'h_bucket{le="1"}',
      'h_bucket{le="+Inf"}',
      's_sum{}',
      's_count{}',
    ]);
    expect(destination.series.find(({ labels }) => labels['__name__'] === 'e')!.histograms).toMatchObject([{ sum: 'stale', count: 0 }]);
  });

  it('has exemplars of counters', async () => {
    const exemplars = [
      { asDouble: 3, timeUnixNano: at(1), spanId: 'eee19b7ec3c1b174', filteredAttributes: attributes({ span_id: 'other', 'a.b': 1 }) },
    ];
    await sent(metricsOf([counter('c', 5, { exemplars })]), message);
    expect(destination.series[0]!.exemplars).toEqual([{ labels: { span_id: 'eee19b7ec3c1b174', 'a.b': '1' }, value: 3, timestamp: ms(1) }]);
  });

  it('puts samples of one series in order of time, also when its attributes come in another order', async () => {
    const point = (seconds: number, labels: Record<string, string>): object => gauge('g', seconds, labels, seconds);
    await sent(metricsOf([point(3, { a: '1', b: '2' }), point(1, { b: '2', a: '1' }), point(2, { a: '1', b: '2' })]), message);
    expect(destination.series.map(({ samples }) => samples[0]!.timestamp)).toEqual([ms(1), ms(2), ms(3)]);
  });
});

describe('remote write', () => {
  it('refuses what is not cumulative, and what cannot be a native histogram', async () => {
    const invalid = { startTimeUnixNano: at(0), timeUnixNano: at(1), count: '5', scale: 0, positive: { offset: 0, bucketCounts: ['1'] } };
    const metrics = [
      gauge('good', 1),
      counter('delta', 1, {}, { aggregationTemporality: 1 }),
      { name: 'wrong', exponentialHistogram: { aggregationTemporality: 2, dataPoints: [invalid] } },
      { name: 'coarse', exponentialHistogram: { aggregationTemporality: 2, dataPoints: [{ ...invalid, scale: -5 }] } },
      gauge('__', 1),
    ];
    await sent(metricsOf(metrics));
    expect(destination.values).toEqual({ 'good{}': 1 });
    expect(running!.context.items).toMatchObject({ absorbed: 1, dropped: { partial_success: 4 } });
    expect(running!.context.lines.find(({ message }) => message === 'Partial success response')!.attributes).toEqual({
      message: 'invalid temporality and type combination for metric "delta"',
      dropped_data_points: 4,
    });
  });

  it('refuses a batch of which nothing can be sent', async () => {
    running = await run(destination.url);
    await expect(running.send(metricsOf([counter('delta', 1, {}, { aggregationTemporality: 1 })]))).rejects.toMatchObject({
      kind: 'permanent',
      message: 'not retryable error: invalid temporality and type combination for metric "delta"',
    });
    expect(destination.seen).toEqual([]);
  });

  it('sends metadata only with send_metadata, once in each batch', async () => {
    const metrics = [
      gauge('a', 1, { x: '1' }, 1, { unit: 'By', description: 'Bytes.' }),
      gauge('a', 2, { x: '2' }, 1, { unit: 'By', description: 'Bytes.' }),
      counter('c', 1),
    ];
    await sent(metricsOf(metrics), { send_metadata: true });
    await running!.send(metricsOf(metrics));
    expect(destination.accepted.map(({ metadata }) => metadata)).toEqual(
      [1, 2].map(() => [
        { type: 2, family: 'a_bytes', help: 'Bytes.', unit: 'bytes' },
        { type: 1, family: 'c_total', help: '', unit: '' },
      ]),
    );
    await running!.stop();
    await sent(metricsOf(metrics));
    expect(destination.accepted.at(-1)!.metadata).toEqual([]);
  });

  it('tells the types that Prometheus has beside those of OpenTelemetry', async () => {
    const typed = (name: string, type: string, data: object): object => ({
      name,
      metadata: attributes({ 'prometheus.type': type }),
      ...data,
    });
    const dataPoints = [{ timeUnixNano: at(1), asInt: '1' }];
    const metrics = [
      typed('u', 'unknown', { gauge: { dataPoints } }),
      typed('i', 'info', { sum: { aggregationTemporality: 2, dataPoints } }),
      typed('s', 'stateset', { sum: { aggregationTemporality: 2, dataPoints } }),
      typed('n', 'gauge', { sum: { aggregationTemporality: 2, dataPoints } }),
    ];
    await sent(metricsOf(metrics), v2);
    expect(destination.series.map(({ metadata }) => metadata!.type)).toEqual([0, 6, 7, 2]);
  });

  it('in version 2 has type, help and unit in every series', async () => {
    await sent(metricsOf([gauge('a', 1, {}, 1, { unit: 'By', description: 'Bytes.' })]), v2);
    expect(destination.series[0]!.metadata).toEqual({ type: 2, help: 'Bytes.', unit: 'bytes' });
  });

  const explicit = histogram('h', {
    count: '6',
    sum: 3.5,
    explicitBounds: [1, 2.5],
    bucketCounts: ['1', '0', '5'],
    exemplars: [{ asDouble: 1, timeUnixNano: at(1) }],
  });

  it('makes native histograms of classic ones with convert_explicit_histograms_to_nhcb', async () => {
    await sent(metricsOf([explicit, histogram('none', { count: '2' })]), { ...v2, convert_explicit_histograms_to_nhcb: true });
    expect(destination.series).toMatchObject([
      {
        labels: { __name__: 'h' },
        samples: [],
        histograms: [{ count: 6, sum: 3.5, schema: -53, bounds: [1, 2.5], positive: { 0: 1, 2: 5 } }],
        exemplars: [{ value: 1 }],
      },
      { labels: { __name__: 'none' }, histograms: [{ count: 2, schema: -53, bounds: [], positive: {} }] },
    ]);
  });

  it('keeps the classic ones beside them with keep_classic_histograms', async () => {
    await sent(metricsOf([explicit]), { ...v2, convert_explicit_histograms_to_nhcb: true, keep_classic_histograms: true });
    expect(destination.series.map(nameOf)).toEqual([
      'h{}',
      'h_sum{}',
      'h_count{}',
      'h_bucket{le="1"}',
      'h_bucket{le="2.5"}',
      'h_bucket{le="+Inf"}',
    ]);
  });

  it('writes quantiles and bounds without exponents', async () => {
    const quantileValues = [1.5e-7, 1e-7, 1.25e22, Infinity, -Infinity, -1e21].map((quantile) => ({
      quantile: Number.isFinite(quantile) ? quantile : String(quantile),
      value: 1,
    }));
    await sent(metricsOf([{ name: 's', summary: { dataPoints: [{ timeUnixNano: at(1), count: '4', quantileValues }] } }]));
    expect(destination.series.slice(2).map(({ labels }) => labels['quantile'])).toEqual([
      '0.00000015',
      '0.0000001',
      '12500000000000000000000',
      '+Inf',
      '-Inf',
      '-1000000000000000000000',
    ]);
  });
});
