import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createParser } from '@millrace/prometheus-format';
import type { Exemplar, ParsedFormat, ParsedHistogram } from '@millrace/prometheus-format';
import { freePorts, post, runConfig } from '../harness.ts';
import type { Millrace } from '../harness.ts';
import { startOtelcol } from './otelcol.ts';
import { checkMetrics, startPrometheus } from './prometheus.ts';
import type { Prometheus, PrometheusVersion, QueriedSeries } from './prometheus.ts';

const text = (key: string, value: string): object => ({ key, value: { stringValue: value } });
const nowSeconds = Math.floor(Date.now() / 1000);
const at = (seconds: number): string => `${nowSeconds + seconds}000000000`;
const cumulative = { aggregationTemporality: 2 };
const delta = { aggregationTemporality: 1 };

/** A request of one resource. `step` is the number of the request: values and times go on. */
function request(step: number): object {
  const times = { startTimeUnixNano: at(-60), timeUnixNano: at(step) };
  const since = { startTimeUnixNano: at(step === 0 ? -60 : step - 1), timeUnixNano: at(step) };
  const span = { traceId: '5b8efff798038103d269b633813fc60c', spanId: 'eee19b7ec3c1b174', timeUnixNano: at(step) };
  const counters = [
    {
      attributes: [text('http.method', 'GET'), text('path', '/a "b" \\ c\nd')],
      ...times,
      asInt: String(10 + step),
      exemplars: [{ ...span, asInt: '3' }],
    },
    {
      attributes: [text('http.method', 'POST'), { key: 'n', value: { intValue: '-5' } }, { key: 'f', value: { doubleValue: 0.5 } }],
      ...times,
      asInt: '9007199254740993',
    },
  ];
  const attributes = [text('route', '/é')];
  const metrics = [
    { name: 'http.requests', description: 'Requests served.', sum: { ...cumulative, isMonotonic: true, dataPoints: counters } },
    {
      name: 'cpu.time',
      unit: 's',
      description: 'Time.',
      sum: { ...cumulative, isMonotonic: true, dataPoints: [{ ...times, asDouble: 1e9 / 3 }] },
    },
    { name: 'jobs.done', description: 'Jobs done.', sum: { ...delta, isMonotonic: true, dataPoints: [{ ...since, asInt: '7' }] } },
    { name: 'queue.size', unit: '{items}', description: 'Queue.', sum: { ...cumulative, dataPoints: [{ ...times, asInt: '-4' }] } },
    {
      name: 'mem.use',
      unit: 'By',
      description: 'Memory.',
      gauge: { dataPoints: [{ attributes, timeUnixNano: at(step), asDouble: 1.5e-7 }] },
    },
    { name: 'cpu.use', unit: '1', description: 'Share.', gauge: { dataPoints: [{ timeUnixNano: at(step), asDouble: 0.25 }] } },
    { name: 'io.rate', unit: 'By/s', description: 'Rate.', gauge: { dataPoints: [{ timeUnixNano: at(step), asInt: '1234567' }] } },
    {
      name: 'http.duration',
      unit: 'ms',
      description: 'Durations.',
      histogram: {
        ...cumulative,
        dataPoints: [
          {
            attributes,
            ...times,
            count: '10',
            sum: 123.5,
            explicitBounds: [0.5, 1, 25, 1e6],
            bucketCounts: ['1', '2', '3', '0', '4'],
            exemplars: [
              { ...span, asDouble: 0.7 },
              { ...span, asDouble: 2e6 },
            ],
          },
        ],
      },
    },
    {
      name: 'batch.size',
      description: 'Batches.',
      histogram: { ...delta, dataPoints: [{ ...since, count: '3', sum: 6, explicitBounds: [1, 2], bucketCounts: ['1', '1', '1'] }] },
    },
    {
      name: 'wait.time',
      unit: 's',
      description: 'Waits.',
      exponentialHistogram: {
        ...cumulative,
        dataPoints: [
          {
            attributes,
            ...times,
            count: '12',
            sum: 30.25,
            scale: 3,
            zeroCount: '2',
            positive: { offset: -3, bucketCounts: ['1', '0', '0', '0', '4', '2'] },
            negative: { offset: 5, bucketCounts: ['3'] },
          },
        ],
      },
    },
    {
      name: 'fine.time',
      unit: 's',
      description: 'Fine.',
      exponentialHistogram: {
        ...delta,
        dataPoints: [
          { ...since, count: '6', sum: 8, scale: 10, zeroCount: '0', positive: { offset: 4095, bucketCounts: ['1', '2', '3'] } },
        ],
      },
    },
    {
      name: 'rpc.latency',
      description: 'Latencies.',
      summary: {
        dataPoints: [
          {
            ...times,
            count: '5',
            sum: 2.5,
            quantileValues: [
              { quantile: 0.99, value: 2 },
              { quantile: 0.5, value: 0.25 },
            ],
          },
        ],
      },
    },
    {
      name: 'gone',
      description: 'Gone.',
      gauge: { dataPoints: [{ timeUnixNano: at(step), ...(step === 0 ? { asInt: '1' } : { flags: 1 }) }] },
    },
    { name: 'cpu.use', unit: '1', description: 'Share.', gauge: { dataPoints: [{ attributes, timeUnixNano: at(step), asDouble: 0.5 }] } },
    { name: 'unspecified', description: 'None.', sum: { isMonotonic: true, dataPoints: [{ ...times, asInt: '1' }] } },
    { name: 'swinging', description: 'None.', sum: { ...delta, dataPoints: [{ ...since, asInt: '1' }] } },
  ];
  const resource = [
    text('service.name', 'shop'),
    text('service.namespace', 'eu'),
    text('service.instance.id', 'shop-1'),
    text('host.name', 'h"1'),
  ];
  const scope = { name: 'scope', version: '1.2', attributes: [text('team', 'red')] };
  return { resourceMetrics: [{ resource: { attributes: resource }, scopeMetrics: [{ scope, schemaUrl: 'https://schema', metrics }] }] };
}

function config(otlp: number, prometheus: number, settings: object): unknown {
  return {
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${otlp}` } } } },
    exporters: { prometheus: { endpoint: `127.0.0.1:${prometheus}`, ...settings } },
    service: { telemetry: { metrics: { level: 'none' } }, pipelines: { metrics: { receivers: ['otlp'], exporters: ['prometheus'] } } },
  };
}

async function sendAll(port: number): Promise<void> {
  for (let step = 0; step < 3; step++) expect((await post(port, 'metrics', JSON.stringify(request(step)))).status).toBe(200);
}

const accepts: Record<ParsedFormat, string> = {
  text: 'text/plain;version=0.0.4',
  openmetrics: 'application/openmetrics-text;version=1.0.0',
  protobuf: 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited',
};

async function scrape(port: number, accept: string): Promise<Buffer> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { accept } });
  expect(response.status).toBe(200);
  return Buffer.from(await response.arrayBuffer());
}

interface Series {
  readonly value: number;
  readonly timestampMs: number;
  readonly createdMs: number;
  readonly exemplar: Exemplar | undefined;
  readonly histogram: object | undefined;
}

/** Counts of a native histogram by bucket. Programs differ in how they part buckets into runs. */
function byBucket({ spans, counts }: { readonly spans: ArrayLike<number>; readonly counts: ArrayLike<number> }): Record<number, number> {
  const found: Record<number, number> = {};
  for (let i = 0, index = 0, next = 0; i < spans.length; i += 2) {
    index += spans[i]!;
    for (let j = 0; j < spans[i + 1]!; j++, index++) if (counts[next++]! > 0) found[index] = counts[next - 1]!;
  }
  return found;
}

function plain({ count, sum, schema, zeroThreshold, zeroCount, positive, negative, isGauge }: ParsedHistogram): object {
  return { count, sum, schema, zeroThreshold, zeroCount, isGauge, positive: byBucket(positive), negative: byBucket(negative) };
}

/** Everything that an exposition says, in an order that does not depend on who wrote it. */
function parse(format: ParsedFormat, body: Buffer): { families: Record<string, string[]>; series: Record<string, Series> } {
  const families: Record<string, string[]> = {};
  const series: Record<string, Series> = {};
  const parser = createParser(format, {
    type: (name, type) => void (families[name] ??= []).push(type),
    help: (name, help) => void (families[name] ??= []).push(help),
    sample: (sample) => {
      const labels = sample
        .labels()
        .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
        .toSorted();
      const exemplar = sample.exemplar();
      series[`${sample.name}{${labels.join(',')}}${sample.histogram === undefined ? '' : ' native'}`] = {
        value: sample.value,
        timestampMs: sample.timestampMs,
        createdMs: sample.createdMs,
        exemplar: exemplar === undefined ? undefined : { ...exemplar, labels: exemplar.labels.toSorted(([a], [b]) => (a < b ? -1 : 1)) },
        histogram: sample.histogram === undefined ? undefined : plain(sample.histogram),
      };
    },
  });
  parser.push(body);
  parser.end();
  return { families, series };
}

describe.each([
  ['as people write it', {}],
  [
    'with everything turned round',
    {
      namespace: 'my-ns',
      const_labels: { region: 'x"y', cluster: 'c' },
      send_timestamps: true,
      enable_open_metrics: true,
      without_scope_info: true,
      translation_strategy: 'UnderscoreEscapingWithoutSuffixes',
      resource_to_telemetry_conversion: { enabled: true },
    },
  ],
  ['without escaping', { enable_open_metrics: true, translation_strategy: 'NoUTF8EscapingWithSuffixes' }],
  [
    'without translation',
    {
      enable_open_metrics: true,
      translation_strategy: 'NoTranslation',
      resource_to_telemetry_conversion: { enabled: true, exclude_service_attributes: true },
    },
  ],
])('The exporter, %s', (_name, settings) => {
  let programs: { stop(): Promise<unknown> }[];
  let ports: number[];

  beforeAll(async () => {
    ports = await freePorts(4);
    const [ourOtlp, ours, theirOtlp, theirs] = ports as [number, number, number, number];
    programs = await Promise.all([runConfig(config(ourOtlp, ours, settings)), startOtelcol(config(theirOtlp, theirs, settings))]);
    await Promise.all([sendAll(ourOtlp), sendAll(theirOtlp)]);
  });
  afterAll(() => Promise.all(programs.map((program) => program.stop())));

  it.each([
    ['text', ''],
    ['openmetrics', ''],
    ['protobuf', ''],
    ['text', ';escaping=allow-utf-8'],
    ['openmetrics', ';escaping=allow-utf-8'],
    ['openmetrics', ';escaping=dots'],
    ['protobuf', ';escaping=values'],
  ] as const)('exposes in %s%s what a real Collector exposes', async (format, escaping) => {
    const [, ours, , theirs] = ports as [number, number, number, number];
    const [mine, expected] = await Promise.all([scrape(ours, accepts[format] + escaping), scrape(theirs, accepts[format] + escaping)]);
    const isOpenMetrics = expected.toString().endsWith('# EOF\n');
    const actual = format === 'openmetrics' && !isOpenMetrics ? 'text' : format;
    expect(parse(actual, mine)).toEqual(parse(actual, expected));
    expect(Object.keys(parse(actual, mine).series).length).toBeGreaterThan(20);
  });
});

describe('promtool', () => {
  it('finds nothing in what the exporter writes', async () => {
    const [otlp, port] = (await freePorts(2)) as [number, number];
    const millrace = await runConfig(config(otlp, port, {}));
    await sendAll(otlp);
    const { exitCode, output } = checkMetrics((await scrape(port, accepts.text)).toString());
    await millrace.stop();
    // What users call a metric is theirs: a unit that is no base unit.
    expect(output.trim().split('\n')).toEqual(['http_duration_milliseconds use base unit "seconds" instead of "milliseconds"']);
    expect(exitCode).toBe(3);
  });
});

/** Each Prometheus with each format that it can ask for. */
const scrapers: readonly (readonly [PrometheusVersion, string, readonly string[], object])[] = [
  ['prometheus2', 'OpenMetrics', [], {}],
  ['prometheus2', 'protobuf', ['native-histograms'], {}],
  ['prometheus3', 'text', [], { scrape_protocols: ['PrometheusText1.0.0'] }],
  ['prometheus3', 'OpenMetrics', [], { scrape_protocols: ['OpenMetricsText1.0.0'] }],
  ['prometheus3', 'protobuf', [], { scrape_protocols: ['PrometheusProto'], scrape_native_histograms: true }],
];

describe('A real Prometheus', () => {
  let millrace: Millrace;
  let port: number;
  const running = new Map<string, Prometheus>();

  beforeAll(async () => {
    const [otlp, exposed] = (await freePorts(2)) as [number, number];
    port = exposed;
    millrace = await runConfig(config(otlp, port, { enable_open_metrics: true }));
    await sendAll(otlp);
    const scrape = {
      job_name: 'millrace',
      scrape_interval: '1s',
      honor_labels: true,
      static_configs: [{ targets: [`127.0.0.1:${port}`] }],
    };
    const start = async ([version, format, features, settings]: (typeof scrapers)[number]): Promise<void> => {
      const prometheus = await startPrometheus(version, { scrape_configs: [{ ...scrape, ...settings }] }, features);
      running.set(version + format, prometheus);
      while ((await prometheus.query('up == 1')).length === 0 || (await prometheus.query('target_info')).length === 0) {
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    };
    await Promise.all(scrapers.map(start));
  });
  afterAll(() => Promise.all([...[...running.values()].map((prometheus) => prometheus.stop()), millrace.stop()]));

  describe.each(scrapers.map(([version, format]) => ({ version, format })))('$version that asks for $format', ({ version, format }) => {
    const prometheus = (): Prometheus => running.get(version + format)!;
    const hasNative = format === 'protobuf';

    it('finds every series with its value', async () => {
      const { series } = parse('openmetrics', await scrape(port, accepts.openmetrics));
      const found: Record<string, number> = {};
      for (const { metric, value } of await prometheus().query('{instance="shop-1"}')) {
        if (value === undefined) continue;
        const { __name__: name, ...labels } = metric;
        const pairs = Object.entries(labels).map(([label, content]) => `${label}=${JSON.stringify(content)}`);
        found[comparable(`${name}{${pairs.toSorted().join(',')}}`)] = Number(value[1]);
      }
      const wanted = Object.entries(series).map(([key, { value }]) => [comparable(key), value] as const);
      // What comes as a native histogram has no count and sum beside it.
      expect(found).toEqual(Object.fromEntries(wanted.filter(([key]) => !hasNative || !/^(wait|fine)_time_seconds_/.test(key))));
    });

    it('knows the type and the help of every metric', async () => {
      const metadata = (await prometheus().api('metadata')) as Record<string, { type: string; help: string }[]>;
      expect(metadata['http_requests_total'] ?? metadata['http_requests']).toMatchObject([{ type: 'counter', help: 'Requests served.' }]);
      expect(metadata['http_duration_milliseconds']).toMatchObject([{ type: 'histogram', help: 'Durations.' }]);
      expect(metadata['cpu_use_ratio']).toMatchObject([{ type: 'gauge', help: 'Share.' }]);
      expect(metadata['rpc_latency']).toMatchObject([{ type: 'summary', help: 'Latencies.' }]);
    });

    const native = hasNative ? it : undefined;
    native?.('finds the native histograms', async () => {
      const [wait] = await prometheus().query('wait_time_seconds');
      expect(wait!.histogram![1]).toMatchObject({ count: '12', sum: '30.25' });
      const [fine] = await prometheus().query('fine_time_seconds');
      expect(fine!.histogram![1]).toMatchObject({ count: '18', sum: '24' });
    });

    const exemplars = format === 'text' ? undefined : it;
    exemplars?.('finds the exemplars', async () => {
      const all = (await prometheus().api('query_exemplars?query={__name__=~"http_.*"}')) as {
        seriesLabels: { __name__: string };
        exemplars: { labels: object; value: string }[];
      }[];
      const ids = { trace_id: '5b8efff798038103d269b633813fc60c', span_id: 'eee19b7ec3c1b174' };
      const found = all.flatMap(({ seriesLabels, exemplars: list }) =>
        list.map(({ labels, value }) => [seriesLabels.__name__, value, labels]),
      );
      expect(found.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))).toEqual([
        ['http_duration_milliseconds_bucket', '0.7', ids],
        ['http_duration_milliseconds_bucket', '2000000', ids],
        ['http_requests_total', '3', ids],
      ]);
    });
  });
});

/** A series as all servers name it: without empty labels, which are none, and with bounds as numbers. */
function comparable(key: string): string {
  const named = key.replaceAll(/[a-zA-Z_]+="",?/g, '').replace(',}', '}');
  return named.replaceAll(
    /(le|quantile)="([^"]*)"/g,
    (_match, label: string, bound: string) => `${label}="${Number(bound.replace('+Inf', 'Infinity'))}"`,
  );
}

describe('A real prometheus3 that takes UTF-8', () => {
  it('finds the names of OpenTelemetry', async () => {
    const [otlp, port] = (await freePorts(2)) as [number, number];
    const millrace = await runConfig(config(otlp, port, { translation_strategy: 'NoTranslation' }));
    await sendAll(otlp);
    const targets = [{ targets: [`127.0.0.1:${port}`] }];
    const prometheus = await startPrometheus('prometheus3', {
      scrape_configs: [{ job_name: 'millrace', scrape_interval: '1s', honor_labels: true, static_configs: targets }],
    });
    let found: readonly QueriedSeries[] = [];
    while ((found = await prometheus.query('{"http.requests","http.method"="GET"}')).length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await Promise.all([prometheus.stop(), millrace.stop()]);
    expect(found).toMatchObject([
      { metric: { __name__: 'http.requests', 'http.method': 'GET', job: 'eu/shop' }, value: [expect.any(Number), '12'] },
    ]);
  });
});
