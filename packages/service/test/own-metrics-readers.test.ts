import { describe, expect, it } from '@jest/globals';
import { FakeClock, testHost } from '@millrace/api/testing';
import { createGrpcServer } from '@millrace/transport';
import { mergeSnapshots } from '../src/telemetry/snapshot.ts';
import type { ExponentialSnapshot, MetricSnapshot, PointSnapshot } from '../src/telemetry/snapshot.ts';
import { decoded, startLab, startOtlpDestination } from './telemetry-lab.ts';
import type { Json } from './telemetry-lab.ts';

const periodic = (otlp: object, more: object = {}): object => ({
  metrics: { level: 'detailed', readers: [{ periodic: { interval: 1000, exporter: { otlp }, ...more } }] },
});

interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly [type: string]: Json;
}

const metricsOf = (body: Json): Metric[] => body['resourceMetrics'][0].scopeMetrics[0].metrics as Metric[];

describe('A periodic reader', () => {
  it.each([
    ['http/protobuf', 'none', {}],
    ['http/protobuf', 'gzip', { headers: { 'X-Key': 'abc' }, headers_list: 'x-other=a%20b' }],
    ['http/json', 'none', {}],
  ])('sends own metrics by %s, compression %s, at its interval and at the end', async (protocol, compression, headers) => {
    const destination = await startOtlpDestination();
    const clock = new FakeClock();
    const lab = await startLab(periodic({ endpoint: destination.url, protocol, compression, ...headers }), { clock });
    await lab.service.start();
    const { meter } = lab.contexts[0];
    meter.createHistogram('sizes', { unit: 'By', description: 'x' }).record(7, { a: 'b', n: 3, f: 1.5, ok: true });
    await lab.send(4, 'http');
    await clock.advance(1000);
    const { path, body, headers: sent } = await destination.until(() => true);
    await lab.send(1, 'http');
    await lab.service.shutdown();
    const last = destination.received.at(-1)!.body;
    await destination.close();

    expect(path).toBe('/v1/metrics');
    expect(sent['user-agent']).toMatch(/^test\/1.2.3/);
    if ('headers' in headers) expect([sent['x-key'], sent['x-other']]).toEqual(['abc', 'a b']);
    const { resource, scopeMetrics } = body['resourceMetrics'][0];
    expect(resource.attributes.map((attribute: { key: string }) => attribute.key)).toEqual([
      'service.instance.id',
      'service.name',
      'service.version',
    ]);
    expect(scopeMetrics[0].scope).toEqual({ name: 'millrace', version: '1.2.3' });
    const find = (where: Json, name: string): Metric => metricsOf(where).find((metric) => metric.name === `otelcol_${name}`)!;
    expect(find(body, 'receiver_accepted_spans')['sum']).toMatchObject({
      aggregationTemporality: 2,
      isMonotonic: true,
      dataPoints: [{ asInt: '4' }],
    });
    expect(find(last, 'receiver_accepted_spans')['sum'].dataPoints[0].asInt).toBe('5');
    expect(find(body, 'process_uptime')['sum'].dataPoints[0]).toHaveProperty('asDouble');
    expect(find(body, 'process_memory_rss')['gauge'].dataPoints[0]).toHaveProperty('asInt');
    expect(find(body, 'held_items')['sum']).not.toHaveProperty('isMonotonic');
    expect(find(body, 'sizes')['histogram'].dataPoints[0]).toMatchObject({ count: '1', sum: 7, min: 7, max: 7 });
  });

  it('sends exponential histograms of views', async () => {
    const destination = await startOtlpDestination();
    const clock = new FakeClock();
    const telemetry = periodic({ endpoint: destination.url }) as { metrics: object };
    const view = { selector: { instrument_name: 'otelcol_sizes' }, stream: { aggregation: { base2_exponential_bucket_histogram: {} } } };
    const lab = await startLab({ metrics: { ...telemetry.metrics, views: [view] }, resource: { schema_url: 'https://schema' } }, { clock });
    lab.contexts[0].meter.createHistogram('sizes', { unit: 'By', description: 'x' }).record(7);
    await lab.service.start();
    await clock.advance(1000);
    const { body } = await destination.until(() => true);
    await lab.service.shutdown();
    await destination.close();
    const found = metricsOf(body).find(({ name }) => name === 'otelcol_sizes')!;
    expect(found['exponentialHistogram'].dataPoints[0]).toMatchObject({ count: '1', scale: 20, positive: { bucketCounts: ['1'] } });
    expect(body['resourceMetrics'][0].schemaUrl).toBe('https://schema');
  });

  it('sends own metrics by gRPC', async () => {
    const { pool } = testHost();
    const arrived = Promise.withResolvers<Json>();
    const path = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export';
    const method = {
      receive: (call: { succeed(): void }, message: { buffer: Buffer; release(): void }, length: number) => {
        arrived.resolve(decoded('metrics', Buffer.from(message.buffer.subarray(0, length))));
        message.release();
        call.succeed();
      },
    };
    const keepalive = {
      maxConnectionIdleMs: 0,
      maxConnectionAgeMs: 0,
      maxConnectionAgeGraceMs: 0,
      timeMs: 7_200_000,
      timeoutMs: 20_000,
      enforcement: undefined,
    };
    const settings = {
      endpoint: '127.0.0.1:0',
      transport: 'tcp',
      maxReceiveMessageBytes: 1e6,
      maxConcurrentStreams: 10,
      includeMetadata: false,
      keepalive,
    };
    const server = createGrpcServer(settings as never, new Map([[path, method as never]]), pool);
    const endpoint = await server.start();
    const clock = new FakeClock();
    const lab = await startLab(periodic({ endpoint, protocol: 'grpc', insecure: true }), { clock });
    await lab.service.start();
    await clock.advance(1000);
    expect(metricsOf(await arrived.promise).map(({ name }) => name)).toContain('otelcol_process_uptime');
    await lab.service.shutdown();
    await server.stop(AbortSignal.abort());
  });

  it('logs what the destination does not take, and goes on', async () => {
    const destination = await startOtlpDestination();
    destination.status = 503;
    const clock = new FakeClock();
    const lab = await startLab(periodic({ endpoint: destination.url }), { clock });
    await lab.service.start();
    await clock.advance(1000);
    await destination.until(() => true);
    await clock.advance(1000);
    await destination.until(() => destination.received.length > 1);
    await lab.service.shutdown();
    await destination.close();
    expect(lab.lines.join('')).toContain('failed to upload metrics');
    expect(lab.lines.join('')).toContain('responded with HTTP Status Code 503');
  });

  it('gives up on what takes longer than its timeout', async () => {
    const clock = new FakeClock();
    const lab = await startLab(periodic({ endpoint: 'http://127.0.0.1:9', timeout: 0 }, { timeout: 10 }), { clock });
    lab.contexts[0].meter.createObservableGauge('slow').addCallback(() => new Promise((resolve) => clock.setTimeout(resolve, 500)));
    await lab.service.start();
    await clock.advance(1010);
    expect(lab.lines.join('')).toContain('own metrics were not sent within 10 ms');
    const stopped = lab.service.shutdown();
    await clock.advance(600);
    await stopped;
  });

  it('writes to standard output with the exporter console, beside another reader', async () => {
    const destination = await startOtlpDestination();
    const clock = new FakeClock();
    const readers = [{ periodic: { exporter: { console: null } } }, { periodic: { exporter: { otlp: { endpoint: destination.url } } } }];
    const lab = await startLab({ metrics: { readers } }, { clock });
    await lab.service.start();
    await lab.service.shutdown();
    const printed = JSON.parse(lab.printed.at(-1)!) as { resource: object; metrics: MetricSnapshot[] };
    await destination.close();
    expect(printed.resource).toMatchObject({ 'service.name': 'test' });
    expect(printed.metrics.map(({ name }) => name)).toContain('otelcol_process_uptime');
    expect(destination.received).toHaveLength(1);
  });
});

describe('The metrics of several threads', () => {
  const point = (value: PointSnapshot['value'], attributes = {}): PointSnapshot => ({ attributes, startMs: 1, timeMs: 2, value });
  const metric = (name: string, type: MetricSnapshot['type'], unit: string, points: PointSnapshot[]): MetricSnapshot => ({
    name,
    type,
    unit,
    points,
    description: '',
    isInt: true,
  });
  const merged = (a: MetricSnapshot, b: MetricSnapshot): readonly PointSnapshot[] =>
    mergeSnapshots([{ metrics: [a] }, { metrics: [b] }]).metrics[0].points;

  it('add up by attributes: sums, and gauges that count something; of other gauges the largest counts', () => {
    const both = (type: MetricSnapshot['type'], unit: string): number[] =>
      merged(
        metric('m', type, unit, [point(2, { a: 1, b: 2 }), point(9, { a: 2 })]),
        metric('m', type, unit, [point(5, { b: 2, a: 1 })]),
      ).map(({ value }) => value as number);
    expect(both('counter', '1')).toEqual([7, 9]);
    expect(both('updown', '1')).toEqual([7, 9]);
    expect(both('gauge', 'By')).toEqual([7, 9]);
    expect(both('gauge', '{batches}')).toEqual([7, 9]);
    expect(both('gauge', 's')).toEqual([5, 9]);
    expect(
      merged(metric('queue_capacity', 'gauge', '{batch}', [point(7)]), metric('queue_capacity', 'gauge', '{batch}', [point(7)])),
    ).toEqual([point(7)]);
    expect(mergeSnapshots([])).toEqual({ metrics: [] });
  });

  it('add up histograms, bucket by bucket', () => {
    const one = { count: 3, sum: 6, min: 1, max: 3, bounds: [1, 2], counts: [1, 1, 1] };
    const other = { count: 1, sum: 9, min: 9, max: 9, bounds: [1, 2], counts: [0, 0, 1] };
    expect(merged(metric('h', 'histogram', 'By', [point(one)]), metric('h', 'histogram', 'By', [point(other)]))[0].value).toEqual({
      count: 4,
      sum: 15,
      min: 1,
      max: 9,
      bounds: [1, 2],
      counts: [1, 1, 2],
    });
  });

  it('add up exponential histograms at the coarser scale', () => {
    const none = { offset: 0, counts: [] };
    const fine: ExponentialSnapshot = {
      count: 4,
      sum: 1,
      scale: 1,
      zeroCount: 1,
      positive: { offset: -1, counts: [1, 1, 1] },
      negative: none,
    };
    const coarse: ExponentialSnapshot = {
      count: 1,
      sum: 2,
      scale: 0,
      zeroCount: 0,
      positive: { offset: 1, counts: [1] },
      negative: { offset: 2, counts: [1] },
    };
    const value = merged(metric('e', 'exponential', 'By', [point(fine)]), metric('e', 'exponential', 'By', [point(coarse)]))[0].value;
    expect(value).toEqual({
      count: 5,
      sum: 3,
      scale: 0,
      zeroCount: 1,
      positive: { offset: -1, counts: [1, 2, 1] },
      negative: { offset: 2, counts: [1] },
    });
  });
});
