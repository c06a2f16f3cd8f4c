import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decode, nameOf } from '../../packages/exporter-prometheus-remote-write/test/reference.ts';
import type { ReadSeries } from '../../packages/exporter-prometheus-remote-write/test/reference.ts';
import { balances, freePorts, ledgerOf, post, runConfig, startMillrace, temporaryFolder } from '../harness.ts';
import type { Millrace } from '../harness.ts';
import { startOtelcol } from './otelcol.ts';
import { startPrometheus } from './prometheus.ts';
import type { Prometheus, PrometheusVersion } from './prometheus.ts';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const text = (key: string, value: string): object => ({ key, value: { stringValue: value } });
const nowSeconds = Math.floor(Date.now() / 1000) - 10;
const at = (seconds: number): string => `${nowSeconds + seconds}000000000`;
const cumulative = { aggregationTemporality: 2 };

/** A request of two resources. `step` is the number of the request: values and times go on. */
function request(step: number): object {
  const times = { startTimeUnixNano: at(-60), timeUnixNano: at(step) };
  const exemplar = {
    traceId: '5b8efff798038103d269b633813fc60c',
    spanId: 'eee19b7ec3c1b174',
    timeUnixNano: at(step),
    filteredAttributes: [text('user', 'u1')],
  };
  const attributes = [text('route', '/é'), text('', 'nameless'), text('Upper', 'u'), text('a.b', '2'), text('a_b', '1'), text('gone', '')];
  const metrics = [
    {
      name: 'http.requests',
      description: 'Requests served.',
      sum: {
        ...cumulative,
        isMonotonic: true,
        dataPoints: [
          {
            attributes: [text('http.method', 'GET'), text('_x', 'under'), text('x..y', '"\\\n')],
            ...times,
            asInt: String(10 + step),
            exemplars: [{ ...exemplar, asInt: '3' }],
          },
          {
            attributes: [text('http.method', 'POST'), { key: 'n', value: { intValue: '-5' } }, { key: 'f', value: { doubleValue: 0.5 } }],
            ...times,
            asInt: '9007199254740993',
          },
        ],
      },
    },
    { name: 'jobs.done', sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: [{ ...times, asInt: '7' }] } },
    { name: 'queue.size', unit: '{items}', sum: { ...cumulative, dataPoints: [{ ...times, asInt: '-4' }] } },
    {
      name: 'mem.use',
      unit: 'By',
      description: 'Memory.',
      gauge: { dataPoints: [{ attributes: attributes.filter((_, index) => index !== 1), timeUnixNano: at(step), asDouble: 1.5e-7 }] },
    },
    { name: 'cpu.use', unit: '1', gauge: { dataPoints: [{ timeUnixNano: at(step), asDouble: 0.25 }] } },
    {
      name: 'http.duration',
      unit: 'ms',
      histogram: {
        ...cumulative,
        dataPoints: [
          {
            attributes: [text('route', '/é')],
            ...times,
            count: '10',
            sum: 123.5,
            explicitBounds: [0.000_000_5, 1, 25, 1e6],
            bucketCounts: ['1', '2', '3', '0', '4'],
            exemplars: [
              { ...exemplar, asDouble: 0.7 },
              { ...exemplar, asDouble: 2e6 },
            ],
          },
          { attributes: [text('route', '/sumless')], ...times, count: '3', explicitBounds: [], bucketCounts: ['3'] },
        ],
      },
    },
    {
      name: 'wait.time',
      unit: 's',
      exponentialHistogram: {
        ...cumulative,
        dataPoints: [
          {
            ...times,
            count: String(12 + step),
            sum: 30.25,
            scale: 3,
            zeroCount: String(2 + step),
            positive: { offset: -3, bucketCounts: ['1', '0', '0', '0', '4', '2'] },
            negative: { offset: 5, bucketCounts: ['3'] },
          },
        ],
      },
    },
    {
      name: 'fine.time',
      exponentialHistogram: {
        ...cumulative,
        dataPoints: [
          { ...times, count: '6', sum: 8, scale: 10, zeroCount: '0', positive: { offset: 4095, bucketCounts: ['1', '2', '3'] } },
        ],
      },
    },
    {
      name: 'rpc.latency',
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
    { name: 'gone', gauge: { dataPoints: [{ timeUnixNano: at(step), ...(step < 2 ? { asInt: '1' } : { flags: 1 }) }] } },
  ];
  const resource = (id: string): object => ({
    attributes: [
      text('service.name', 'shop'),
      text('service.namespace', 'eu'),
      text('service.instance.id', id),
      text('host.name', 'h"1'),
      text('a..b', 'x'),
    ],
  });
  const scope = { name: 'scope', version: '1.2', attributes: [text('team', 'red')] };
  const nameless = {
    resource: { attributes: [text('host.name', 'h2')] },
    scopeMetrics: [{ metrics: [{ name: 'lonely', gauge: { dataPoints: [{ timeUnixNano: at(step), asInt: '1' }] } }] }],
  };
  return { resourceMetrics: [{ resource: resource('shop-1'), scopeMetrics: [{ scope, schemaUrl: 'https://schema', metrics }] }, nameless] };
}

const steps = 3;

async function sendAll(port: number): Promise<void> {
  for (let step = 0; step < steps; step++) expect((await post(port, 'metrics', JSON.stringify(request(step)))).status).toBe(200);
}

const messages = { v1: 'prometheus.WriteRequest', v2: 'io.prometheus.write.v2.Request' } as const;
type Version = keyof typeof messages;

function config(otlp: number, endpoint: string, settings: object = {}): object {
  return {
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${otlp}` } } } },
    exporters: { prometheusremotewrite: { endpoint, ...settings } },
    service: {
      telemetry: { metrics: { level: 'none' } },
      pipelines: { metrics: { receivers: ['otlp'], exporters: ['prometheusremotewrite'] } },
    },
  };
}

/** A destination that decodes what it takes. */
class Sink {
  readonly series: ReadSeries[] = [];
  readonly metadata: unknown[] = [];
  #waiting: (() => void)[] = [];
  readonly #server: Server;

  constructor(version: Version) {
    this.#server = createServer((incoming, response) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        const { series, metadata } = decode(Buffer.concat(chunks), version);
        this.series.push(...series);
        this.metadata.push(...metadata);
        const written = (value: number): string => String(value);
        response.writeHead(204, {
          'x-prometheus-remote-write-samples-written': written(series.reduce((sum, { samples }) => sum + samples.length, 0)),
          'x-prometheus-remote-write-histograms-written': written(series.reduce((sum, { histograms }) => sum + histograms.length, 0)),
          'x-prometheus-remote-write-exemplars-written': '0',
        });
        response.end();
        const woken = this.#waiting;
        this.#waiting = [];
        for (const wake of woken) wake();
      });
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => void this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/api/v1/write`;
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  /** What is told about metrics. The Collector does so for those, too, of which it sends nothing. */
  described(): string[] {
    return [...new Set(this.metadata.map((metric) => JSON.stringify(metric)))].toSorted();
  }

  /** Every series with all that it has, in order of time and of names. */
  read(): Record<string, object> {
    const all: Record<string, { samples: unknown[]; histograms: unknown[]; exemplars: unknown[]; metadata: unknown }> = {};
    for (const series of this.series) {
      const one = (all[nameOf(series)] ??= { samples: [], histograms: [], exemplars: [], metadata: series.metadata });
      // Start times are ours alone.
      one.samples.push(...series.samples.map(({ value, timestamp }) => ({ value, timestamp })));
      one.histograms.push(
        ...series.histograms.map((histogram) => (histogram.sum === 'stale' ? { isStale: true } : { ...histogram, start: 0 })),
      );
      // In version 2 the Collector leaves out those of buckets.
      if (series.metadata === undefined || !series.labels['__name__']!.endsWith('_bucket')) one.exemplars.push(...series.exemplars);
    }
    return all;
  }
}

/** `gone` ends with the last step. */
const isComplete = (sink: Sink) => (): boolean =>
  sink.series.filter(({ labels }) => labels['__name__']!.endsWith('lonely')).length === steps;

describe.each<[string, Version, object, boolean?]>([
  ['as people write it', 'v1', { tls: { insecure: true }, headers: { 'X-Scope-OrgID': 'demo' } }],
  ['with all resource attributes', 'v1', { resource_to_telemetry_conversion: { enabled: true } }],
  [
    'with everything turned round',
    'v1',
    {
      namespace: 'my-ns',
      external_labels: { region: 'x"y', route: 'never', 'a.c': 'c' },
      send_metadata: true,
      disable_scope_info: true,
      target_info: { enabled: false },
      translation_strategy: 'UnderscoreEscapingWithoutSuffixes',
      resource_to_telemetry_conversion: { enabled: true, exclude_service_attributes: true },
      max_batch_size_bytes: 400,
      remote_write_queue: { num_consumers: 2 },
    },
  ],
  ['in version 2', 'v2', {}, true],
  ['in version 2 without translation', 'v2', { translation_strategy: 'NoTranslation' }, true],
])('The exporter, %s', (_name, version, settings, isGated = false) => {
  it('sends what a real Collector sends', async () => {
    const [ourOtlp, theirOtlp] = (await freePorts(2)) as [number, number];
    const [ours, theirs] = [new Sink(version), new Sink(version)];
    const all = { protobuf_message: messages[version], ...settings };
    const [millrace, otelcol] = await Promise.all([
      runConfig(config(ourOtlp, await ours.listen(), all)),
      startOtelcol(
        config(theirOtlp, await theirs.listen(), all),
        {},
        undefined,
        isGated ? ['exporter.prometheusremotewritexporter.enableSendingRW2'] : [],
      ),
    ]);
    await Promise.all([sendAll(ourOtlp), sendAll(theirOtlp)]);
    await Promise.all([ours.until(isComplete(ours)), theirs.until(isComplete(theirs))]);
    await Promise.all([millrace.stop(), otelcol.stop()]);
    await Promise.all([ours.close(), theirs.close()]);
    expect(ours.read()).toEqual(theirs.read());
    expect(ours.described()).toEqual(theirs.described().filter((metric) => !metric.includes('jobs_done')));
    expect(Object.keys(ours.read()).length).toBeGreaterThan(20);
  });
});

/** Each Prometheus with each version that it takes. */
const receivers: readonly (readonly [PrometheusVersion, Version])[] = [
  ['prometheus2', 'v1'],
  ['prometheus3', 'v1'],
  ['prometheus3', 'v2'],
];

async function eventually<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe.each(receivers.map(([prometheusVersion, version]) => ({ prometheusVersion, version })))(
  'A real $prometheusVersion that is written to in $version',
  ({ prometheusVersion, version }) => {
    let prometheus: Prometheus;
    let millrace: Millrace;
    const time = nowSeconds + steps - 1;

    beforeAll(async () => {
      const [otlp] = (await freePorts(1)) as [number];
      prometheus = await startPrometheus(prometheusVersion, {}, ['native-histograms']);
      millrace = await runConfig(config(otlp, `${prometheus.url}/api/v1/write`, { protobuf_message: messages[version] }));
      await sendAll(otlp);
      await eventually(async () => (await prometheus.query(`timestamp(lonely @ ${time}) == ${time}`)).length > 0 || undefined);
    });
    afterAll(() => Promise.all([millrace.stop(), prometheus.stop()]));

    const valuesAt = async (seconds: number): Promise<Record<string, number>> => {
      const found: Record<string, number> = {};
      for (const { metric, value } of await prometheus.query(`{job="eu/shop"} @ ${seconds}`)) {
        if (value === undefined) continue;
        const { __name__: name, job: _job, instance: _instance, ...labels } = metric;
        const pairs = Object.entries(labels).filter(([label]) => !label.startsWith('otel_scope_'));
        found[`${name} ${JSON.stringify(Object.fromEntries(pairs.toSorted(([a], [b]) => (a < b ? -1 : 1))))}`] = Number(value[1]);
      }
      return found;
    };

    it('finds every series with its value', async () => {
      const bucket = (le: string, route: string): string => `http_duration_milliseconds_bucket {"le":"${le}","route":"${route}"}`;
      const values = await valuesAt(time);
      expect(values).toEqual({
        'http_requests_total {"http_method":"GET","key_x":"under","x_y":"\\"\\\\\\n"}': 12,
        'http_requests_total {"f":"0.5","http_method":"POST","n":"-5"}': 9007199254740992,
        'queue_size {}': -4,
        'mem_use_bytes {"Upper":"u","a_b":"2;1","route":"/é"}': 1.5e-7,
        'cpu_use_ratio {}': 0.25,
        'http_duration_milliseconds_sum {"route":"/é"}': 123.5,
        'http_duration_milliseconds_count {"route":"/é"}': 10,
        [bucket('0.0000005', '/é')]: 1,
        [bucket('1', '/é')]: 3,
        [bucket('25', '/é')]: 6,
        [bucket('1000000', '/é')]: 6,
        [bucket('+Inf', '/é')]: 10,
        'http_duration_milliseconds_count {"route":"/sumless"}': 3,
        [bucket('+Inf', '/sumless')]: 3,
        'rpc_latency_sum {}': 2.5,
        'rpc_latency_count {}': 5,
        'rpc_latency {"quantile":"0.99"}': 2,
        'rpc_latency {"quantile":"0.5"}': 0.25,
        [`target_info {"${version === 'v1' ? 'a__b' : 'a_b'}":"x","host_name":"h\\"1"}`]: 1,
      });
    });

    it('knows the values of every time', async () => {
      const counts: unknown[] = [];
      for (let step = 0; step < steps; step++)
        counts.push((await prometheus.query(`http_requests_total{http_method="GET"} @ ${nowSeconds + step}`))[0]!.value![1]);
      expect(counts).toEqual(['10', '11', '12']);
    });

    it('sees a series end', async () => {
      expect(await prometheus.query(`gone @ ${time - 1}`)).toHaveLength(1);
      expect(await prometheus.query(`gone @ ${time}`)).toEqual([]);
    });

    it('finds the native histograms', async () => {
      const [wait] = await prometheus.query(`wait_time_seconds @ ${time}`);
      expect(wait!.histogram![1]).toMatchObject({ count: '14', sum: '30.25' });
      expect(wait!.histogram![1].buckets).toHaveLength(5);
      const [fine] = await prometheus.query(`fine_time @ ${time}`);
      expect(fine!.histogram![1]).toMatchObject({ count: '6', sum: '8' });
    });

    it('finds the exemplars', async () => {
      const all = (await prometheus.api(`query_exemplars?query={__name__=~"http_.*"}&start=${nowSeconds - 60}&end=${time + 60}`)) as {
        seriesLabels: { __name__: string };
        exemplars: { labels: object; value: string; timestamp: number }[];
      }[];
      const ids = { trace_id: '5b8efff798038103d269b633813fc60c', span_id: 'eee19b7ec3c1b174', user: 'u1' };
      const found = all.flatMap(({ seriesLabels, exemplars }) =>
        exemplars.map(
          ({ labels, value }) => `${seriesLabels.__name__} ${value} ${JSON.stringify(labels, ['trace_id', 'span_id', 'user'])}`,
        ),
      );
      expect(new Set(found)).toEqual(
        new Set(
          ['http_duration_milliseconds_bucket 0.7', 'http_duration_milliseconds_bucket 2e+06', 'http_requests_total 3'].map(
            (one) => `${one.replace('2e+06', '2000000')} ${JSON.stringify(ids)}`,
          ),
        ),
      );
    });
  },
);

describe('A destination that is down', () => {
  it('gets everything, in order, when it comes back, although millrace was killed meanwhile', async () => {
    const [otlp, port] = (await freePorts(2)) as [number, number];
    const storage = temporaryFolder();
    const base = config(otlp, `http://127.0.0.1:${port}/api/v1/write`, {
      remote_write_queue: { storage: 'file_storage' },
      retry_on_failure: { max_interval: '200ms' },
    }) as { service: object };
    const file = join(temporaryFolder(), 'config.yaml');
    const extensions = { file_storage: { directory: storage } };
    writeFileSync(file, JSON.stringify({ ...base, extensions, service: { ...base.service, extensions: ['file_storage'] } }));
    const first = startMillrace(['--config', file]);
    await first.says('Everything is ready');
    await sendAll(otlp);
    await first.says('Will retry the request after interval.');
    first.child.kill('SIGKILL');
    await first.exited;
    const second = startMillrace(['--config', file]);
    await second.says('Will retry the request after interval.');
    const prometheus = await startPrometheus('prometheus2', {}, ['native-histograms'], port);
    const time = nowSeconds + steps - 1;
    await eventually(async () => (await prometheus.query(`timestamp(lonely @ ${time}) == ${time}`)).length > 0 || undefined);
    const counts: unknown[] = [];
    for (let step = 0; step < steps; step++) {
      counts.push((await prometheus.query(`http_requests_total{http_method="GET"} @ ${nowSeconds + step}`))[0]!.value![1]);
    }
    await second.stop();
    await prometheus.stop();
    expect(counts).toEqual(['10', '11', '12']);
    // Of each request one point cannot be sent: a delta.
    const books = Object.entries(ledgerOf(second.output())).find(([name]) => name.includes('prometheusremotewrite'));
    expect(books?.[1].dropped).toEqual({ partial_success: steps });
    expect(Object.values(balances(second.output())).every((balance) => balance === 0)).toBe(true);
  });
});
