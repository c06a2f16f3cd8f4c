import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import type { Signal, Stage } from '@millrace/api';
import { configOf, FakeClock, noDeadline, testContext, testHost } from '@millrace/api/testing';
import { factory as prometheus } from '@millrace/exporter-prometheus';
import { HistoryStore } from '@millrace/history';
import type { StoredSamples } from '@millrace/history';
import { admitJson, noClient } from '@millrace/wire';
import { factory } from '../src/index.ts';

const root = mkdtempSync(join(tmpdir(), 'millrace-history-exporter-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let directories = 0;

const startMs = 1_790_000_000_000;
const at = (seconds: number): string => `${1_790_000_000 + seconds}000000000`;
const attributes = (values: Readonly<Record<string, string>>): object[] =>
  Object.entries(values).map(([key, value]) => ({ key, value: { stringValue: value } }));

async function running(settings: object = {}, signal: Signal = 'metrics') {
  const clock = new FakeClock(startMs);
  const store = await HistoryStore.open({ directory: join(root, String(directories++)), clock, threads: false });
  const context = testContext({ id: 'history', kind: 'exporter', signal, clock });
  const host = testHost(undefined, new Map([['history', { store }]]));
  const exporter: Stage = factory.create(configOf(factory, settings), context);
  await exporter.start!(host);
  const send = async (request: object, to: Stage = exporter): Promise<void> => {
    const text = Buffer.from(JSON.stringify(request));
    const lease = host.pool.lease(text.length);
    text.copy(lease.buffer);
    using batch = admitJson(signal, lease, 0, text.length, noClient);
    await to.consume(batch);
  };
  const close = async (): Promise<void> => {
    await exporter.shutdown!(noDeadline());
    await store.close();
    expect(host.memory.accounted).toBe(0);
    expect(clock.pending).toBe(0);
  };
  return { store, context, host, exporter, clock, send, close };
}

/** All series of a store as exposition text has them: name and labels, and the values. */
async function samplesOf(store: HistoryStore): Promise<Record<string, number[]>> {
  const found: Record<string, number[]> = {};
  const all = { matchers: [{ name: '__name__', operator: '!=', value: '' }], startMs: 0, endMs: startMs * 2 } as const;
  for await (const { labels, values } of store.metrics.select(all)) {
    const name = labels.find(([label]) => label === '__name__')![1];
    const others = labels.filter(([label]) => label !== '__name__').map(([label, value]) => `${label}=${JSON.stringify(value)}`);
    found[others.length === 0 ? name : `${name}{${others.toSorted().join(',')}}`] = [...values];
  }
  return found;
}

const metricsOf = (metrics: readonly object[], resource: Record<string, string> = {}, scope: object = {}): object => ({
  resourceMetrics: [{ resource: { attributes: attributes(resource) }, scopeMetrics: [{ scope, metrics }] }],
});
const gauge = (name: string, value: number, seconds: number, labels: Record<string, string> = {}, point: object = {}): object => ({
  name,
  gauge: { dataPoints: [{ attributes: attributes(labels), timeUnixNano: at(seconds), asDouble: value, ...point }] },
});
const sum = (name: string, value: number, seconds: number, temporality = 2, point: object = {}): object => ({
  name,
  sum: {
    aggregationTemporality: temporality,
    isMonotonic: true,
    dataPoints: [{ startTimeUnixNano: at(seconds - 10), timeUnixNano: at(seconds), asInt: String(value), ...point }],
  },
});

/** One of everything. */
const everything = metricsOf(
  [
    { ...gauge('room.temperature', 21.5, 1, { 'room name': 'a "b"\\', empty: '' }), unit: 'Cel', description: 'How warm.' },
    { ...sum('requests', 5, 1), unit: '1' },
    { ...sum('bytes.sent', 1024, 1, 1), unit: 'By' },
    {
      name: 'latency',
      unit: 's',
      histogram: {
        aggregationTemporality: 2,
        dataPoints: [{ timeUnixNano: at(1), count: '6', sum: 3.5, bucketCounts: ['1', '2', '3'], explicitBounds: [0.000001, 1e6] }],
      },
    },
    {
      name: 'size',
      summary: {
        dataPoints: [
          {
            timeUnixNano: at(1),
            count: '3',
            sum: 9,
            quantileValues: [
              { quantile: 0.5, value: 3 },
              { quantile: 0.99, value: 4 },
            ],
          },
        ],
      },
    },
  ],
  { 'service.name': 'shop', 'service.namespace': 'eu', 'service.instance.id': 'i-1', 'host.name': 'h' },
  { name: 'scope', version: '1', attributes: attributes({ team: 'x' }) },
);

/** What exporter `prometheus` serves of a request with the same settings. */
async function scraped(settings: object, request_: object): Promise<Record<string, number[]>> {
  const context = testContext({ id: 'prometheus', kind: 'exporter', signal: 'metrics' });
  const host = testHost();
  const exporter = prometheus.create(configOf(prometheus, { endpoint: '127.0.0.1:0', ...settings }), context);
  await exporter.start!(host);
  const text = Buffer.from(JSON.stringify(request_));
  const lease = host.pool.lease(text.length);
  text.copy(lease.buffer);
  using batch = admitJson('metrics', lease, 0, text.length, noClient);
  await exporter.consume(batch);
  const endpoint = String(context.lines.find(({ message }) => message === 'Serving metrics')!.attributes!['endpoint']);
  const body = await new Promise<string>((resolve, reject) => {
    const scrape = request(
      `http://${endpoint}/metrics`,
      { headers: { accept: 'text/plain;version=1.0.0;escaping=allow-utf-8' } },
      (response) => {
        let all = '';
        response
          .setEncoding('utf8')
          .on('data', (part: string) => (all += part))
          .on('end', () => resolve(all));
      },
    );
    scrape.on('error', reject).end();
  });
  await exporter.shutdown!(noDeadline());
  const found: Record<string, number[]> = {};
  for (const line of body.split('\n').filter((text_) => text_ !== '' && !text_.startsWith('#'))) {
    const value = line.slice(line.lastIndexOf(' ') + 1);
    const brace = line.indexOf('{');
    let name = brace < 0 ? line.slice(0, line.indexOf(' ')) : line.slice(0, brace);
    const labels = brace < 0 ? '' : line.slice(brace + 1, line.lastIndexOf('}'));
    let parts: readonly string[] = labels.match(/(?:"(?:[^"\\]|\\.)*"|[\w:]+)=?(?:"(?:[^"\\]|\\.)*")?/g) ?? [];
    if (name === '') {
      // A name that is no legacy one stands among the labels.
      name = JSON.parse(parts[0]!) as string;
      parts = parts.slice(1);
    }
    const others = parts.filter((part) => !part.endsWith('=""')).map((part) => part.replace(/^"(.*?)"=/, '$1='));
    found[others.length === 0 ? name : `${name}{${others.toSorted().join(',')}}`] = [Number(value.replace('Inf', 'Infinity'))];
  }
  return found;
}

describe('Names and labels', () => {
  it.each([
    [{}],
    [{ namespace: 'own', const_labels: { cluster: 'c' } }],
    [{ add_metric_suffixes: false }],
    [{ translation_strategy: 'NoTranslation', without_scope_info: true }],
    [{ translation_strategy: 'NoUTF8EscapingWithSuffixes' }],
    [{ resource_to_telemetry_conversion: { enabled: true, exclude_service_attributes: true } }],
    [{ resource_constant_labels: { included: ['host.*'], excluded: ['host.id'] } }],
  ])('are those of exporter prometheus with the same settings: %j', async (settings) => {
    const { store, send, close } = await running(settings);
    await send(everything);
    const expected = await scraped(settings, everything);
    expect(Object.keys(expected).length).toBeGreaterThan(10);
    expect(await samplesOf(store)).toEqual(expected);
    await close();
  });

  it('come with metadata', async () => {
    const { store, send, close } = await running();
    await send(everything);
    const metadata = Object.fromEntries(await store.metrics.metadata());
    expect(metadata).toEqual({
      room_temperature_celsius: { type: 'gauge', help: 'How warm.', unit: 'celsius' },
      requests_total: { type: 'counter', help: '', unit: '' },
      bytes_sent_total: { type: 'counter', help: '', unit: 'bytes' },
      latency_seconds: { type: 'histogram', help: '', unit: 'seconds' },
      size: { type: 'summary', help: '', unit: '' },
      target_info: { type: 'gauge', help: 'Target metadata', unit: '' },
    });
    await close();
  });
});

describe('Values', () => {
  it('are all kept, also late ones; deltas are added up', async () => {
    const { store, send, close, context } = await running({ without_scope_info: true });
    for (const [value, seconds] of [
      [1, 10],
      [2, 20],
      [9, 15],
      [3, 30],
    ] as const)
      await send(metricsOf([gauge('g', value, seconds)]));
    for (const [value, seconds] of [
      [5, 10],
      [6, 20],
      [7, 30],
    ] as const)
      await send(metricsOf([sum('d', value, seconds, 1)]));
    expect(await samplesOf(store)).toEqual({ g: [1, 9, 2, 3], d_total: [5, 11, 18] });
    expect(context.items).toMatchObject({ absorbed: 7, dropped: {} });
    await close();
  });

  it('end with a staleness marker', async () => {
    const { store, send, close } = await running({ without_scope_info: true });
    await send(metricsOf([gauge('g', 1, 10)]));
    await send(metricsOf([gauge('g', 0, 20, {}, { flags: 1 })]));
    await send(metricsOf([gauge('g', 2, 30)]));
    expect(await samplesOf(store)).toEqual({ g: [1, Number.NaN, 2] });
    const { matchers } = { matchers: [{ name: '__name__', operator: '=', value: 'g' }] as const };
    for await (const { values } of store.metrics.select({ matchers, startMs: 0, endMs: startMs * 2 })) {
      expect(new BigUint64Array(values.slice().buffer)[1]).toBe(0x7ff0000000000002n);
    }
    await close();
  });

  it('of exponential histograms are native histograms', async () => {
    const { store, send, close, context } = await running({ without_scope_info: true });
    const point = (count: number, seconds: number, scale = 3): object => ({
      name: 'e',
      exponentialHistogram: {
        aggregationTemporality: 2,
        dataPoints: [
          {
            timeUnixNano: at(seconds),
            count: String(count),
            sum: 2,
            scale,
            zeroCount: '1',
            positive: { offset: -1, bucketCounts: [String(count - 1)] },
          },
        ],
      },
    });
    await send(metricsOf([point(4, 10)]));
    await send(metricsOf([point(3, 5)]));
    await send(metricsOf([point(5, 20, -9)]));
    await send(metricsOf([point(5, 7, -9)]));
    const all = { matchers: [{ name: '__name__', operator: '=', value: 'e' }], startMs: 0, endMs: startMs * 2 } as const;
    const found: StoredSamples[] = [];
    for await (const part of store.metrics.select(all)) found.push(part);
    const [series] = found;
    expect(series!.histograms!.map((histogram) => histogram?.count)).toEqual([3, 4]);
    expect(series!.histograms![1]).toMatchObject({ schema: 3, zeroCount: 1, sum: 2, positive: { spans: [0, 1], counts: [3] } });
    expect(context.items.dropped).toEqual({ invalid_histogram: 2 });
    await close();
  });

  it('come with their exemplars', async () => {
    const { store, send, close } = await running({ without_scope_info: true });
    const exemplar = { timeUnixNano: at(9), asDouble: 0.5, traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) };
    const histogram = { count: '1', sum: 0.5, bucketCounts: ['1', '0'], explicitBounds: [1] };
    await send(
      metricsOf([
        sum('c', 1, 10, 2, { exemplars: [exemplar] }),
        {
          name: 'h',
          histogram: { aggregationTemporality: 2, dataPoints: [{ timeUnixNano: at(10), ...histogram, exemplars: [exemplar] }] },
        },
      ]),
    );
    const found = await store.metrics.exemplars({
      matchers: [{ name: '__name__', operator: '!=', value: '' }],
      startMs: 0,
      endMs: startMs * 2,
    });
    expect(
      found.map(({ labels, exemplars }) => [
        Object.fromEntries(labels),
        exemplars.map(({ timestampMs, value }) => [timestampMs - startMs, value]),
      ]),
    ).toEqual([
      [{ __name__: 'c_total' }, [[9000, 0.5]]],
      [{ __name__: 'h_bucket', le: '1' }, [[9000, 0.5]]],
    ]);
    await close();
  });

  it('of a series that was forgotten after `metric_expiration` go on in the same series', async () => {
    const { store, send, close, clock, host } = await running({ metric_expiration: '1m', without_scope_info: true });
    await send(metricsOf([gauge('g', 1, 10)]));
    const held = host.memory.accounted;
    await clock.advance(180_000);
    expect(host.memory.accounted).toBeLessThan(held);
    await send(metricsOf([gauge('other', 7, 190), gauge('g', 2, 200)]));
    expect(await samplesOf(store)).toEqual({ g: [1, 2], other: [7] });
    expect((await store.info()).series).toBe(2);
    await close();
  });
});

const spans = (events: readonly object[] = []): object => ({
  resourceSpans: [
    {
      resource: { attributes: attributes({ 'service.name': 'chat' }) },
      scopeSpans: [
        {
          spans: [
            {
              traceId: 'a'.repeat(32),
              spanId: 'b'.repeat(16),
              name: 'chat',
              startTimeUnixNano: at(1),
              endTimeUnixNano: at(2),
              attributes: attributes({ 'gen_ai.prompt': 'my secret', 'gen_ai.request.model': 'm' }),
              events,
            },
          ],
        },
      ],
    },
  ],
});
const event = { name: 'gen_ai.user.message', timeUnixNano: at(1), attributes: attributes({ content: 'my secret', 'gen_ai.system': 's' }) };
const logs = {
  resourceLogs: [
    {
      scopeLogs: [
        {
          logRecords: [
            {
              timeUnixNano: at(1),
              eventName: 'gen_ai.user.message',
              body: { stringValue: 'my secret' },
              attributes: attributes({ 'gen_ai.prompt': 'x' }),
            },
            { timeUnixNano: at(2), body: { stringValue: 'hello' } },
          ],
        },
      ],
    },
  ],
};

describe('Traces and logs', () => {
  it('are kept without content', async () => {
    const { store, send, close, context } = await running({}, 'traces');
    await send(spans([event]));
    const [span] = (await store.traces.search({})).items;
    expect(span!.attributes).toEqual({ 'gen_ai.request.model': 'm' });
    expect(span!.events[0]!.attributes).toEqual({ 'gen_ai.system': 's' });
    expect(context.items.absorbed).toBe(1);
    await close();
    const other = await running({}, 'logs');
    await other.send(logs);
    expect((await other.store.logs.search({})).items.map(({ body, attributes: kept }) => [body, kept])).toEqual([
      ['hello', {}],
      [undefined, {}],
    ]);
    await other.close();
  });

  it('are kept with it when `content: keep` says so', async () => {
    const { store, send, close } = await running({ content: 'keep' }, 'traces');
    await send(spans([event]));
    expect((await store.traces.search({})).items[0]!.attributes['gen_ai.prompt']).toBe('my secret');
    await close();
  });
});

describe('Exporter history', () => {
  it('finds its store: the one that `store` names, or the only one', async () => {
    const clock = new FakeClock(startMs);
    const store = await HistoryStore.open({ directory: join(root, String(directories++)), clock, threads: false });
    const start = (settings: object, ids: readonly string[]): void => {
      const host = testHost(undefined, new Map(ids.map((id) => [id, { store }])));
      const components = () =>
        ids.map((id) => ({ kind: 'extension' as const, id, pipelines: [], report: { status: 'OK' as const, atMs: 0 } }));
      const exporter = factory.create(configOf(factory, settings), testContext({ kind: 'exporter', signal: 'traces' }));
      void exporter.start!({ ...host, service: { ...host.service, components } });
    };
    start({}, ['history/main']);
    start({ store: 'history/b' }, ['history/a', 'history/b']);
    expect(() => start({}, ['history/a', 'history/b'])).toThrow(
      'there are several extensions history (history/a, history/b): set `store` to one of them',
    );
    expect(() => start({ store: 'history/c' }, ['history/a'])).toThrow('extension "history/c" not found');
    expect(() => start({}, [])).toThrow('extension "history" not found');
    await store.close();
  });

  it('drops and counts what cannot be stored, says so once, and goes on', async () => {
    const { store, send, context, exporter } = await running();
    await store.close();
    await send(metricsOf([gauge('g', 1, 10)]));
    await send(metricsOf([gauge('g', 1, 20)]));
    expect(context.items).toMatchObject({ dropped: { storage_full: 2 }, absorbed: 0 });
    expect(context.lines.filter(({ level }) => level === 'error').length).toBe(1);
    await exporter.shutdown!(noDeadline());
    await expect(send(metricsOf([gauge('g', 1, 30)]))).rejects.toMatchObject({ kind: 'retryable', message: 'history is not running' });
  });

  it('is safe to shut down without a start, and refuses settings that make no sense', async () => {
    await factory.create(configOf(factory), testContext()).shutdown!(noDeadline());
    expect(factory.validateConfig!(configOf(factory, { translation_strategy: 'x', metric_expiration: '0s' }))).toEqual([
      'invalid translation_strategy: x',
      'metric_expiration: must be positive',
    ]);
  });
});
