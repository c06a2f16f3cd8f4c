import { context, trace } from '@opentelemetry/api';
import { logs } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import OpenAI from 'openai';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createMillrace } from '@millrace/sdk';
import type { Millrace, MillraceConfig } from '@millrace/sdk';
import { startFakeVendor } from '../../../test/fake-vendor.ts';
import { attributesOf, startCollector } from './collector.ts';
import type { Collector } from './collector.ts';

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function start(config: MillraceConfig = {}): Promise<{ millrace: Millrace; collector: Collector }> {
  const collector = await startCollector();
  stops.push(() => collector.close());
  const millrace = await createMillrace({ env: {}, ...collector.pipeline(), ...config });
  stops.push(() => millrace.shutdown());
  return { millrace, collector };
}

const resource = resourceFromAttributes({ 'service.name': 'the application' });
const genAi = {
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': 'openai',
  'gen_ai.request.model': 'gpt-4o',
  'gen_ai.usage.input_tokens': 100,
  'gen_ai.usage.output_tokens': 10,
};

describe('The hooks for an application with OpenTelemetry', () => {
  it('take its spans one by one, and record the calls among them', async () => {
    const { millrace, collector } = await start();
    const provider = new TracerProvider({ resource, spanProcessors: [millrace.spanProcessor() as never] });
    provider.getTracer('some.instrumentation').startSpan('chat gpt-4o', { attributes: genAi }).end();
    provider.getTracer('some.instrumentation').startSpan('other').end();
    await millrace.recorder.ready();
    expect(millrace.summary()).toMatchObject({ totals: { requests: 1, input_tokens: 100, output_tokens: 10 } });
    expect(millrace.metricsText()).toMatch(/millrace_requests_total\{[^}]*gpt-4o[^}]*\} 1/);
    await provider.forceFlush();
    await provider.shutdown();
    await millrace.shutdown();
    expect(collector.spans().map(({ name }) => name)).toEqual(['chat gpt-4o', 'other']);
    expect(JSON.stringify(collector.requests)).toContain('the application');
  });

  it('take its spans from a batching processor, and say what became of them', async () => {
    const { millrace, collector } = await start();
    const exporter = millrace.spanExporter();
    const provider = new TracerProvider({ resource, spanProcessors: [new BatchSpanProcessor({ exporter: exporter as never })] });
    provider.getTracer('t').startSpan('a', { attributes: genAi }).end();
    await provider.forceFlush();
    await provider.shutdown();
    await millrace.recorder.ready();
    expect(millrace.summary()).toMatchObject({ totals: { requests: 1 } });
    await millrace.shutdown();
    expect(collector.spans().map(({ name }) => name)).toEqual(['a']);
  });

  it('say when the pipelines refuse', async () => {
    const millrace = await createMillrace({
      env: {},
      log: () => {},
      receivers: { sdk: {} },
      exporters: { otlp_http: { endpoint: 'http://127.0.0.1:1', retry_on_failure: { enabled: false }, sending_queue: { enabled: false } } },
      service: { pipelines: { traces: { receivers: ['sdk'], exporters: ['otlp_http'] } } },
    });
    stops.push(() => millrace.shutdown());
    const exporter = millrace.spanExporter();
    const results: { code: number; error?: Error }[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const processor = {
      onStart: () => {},
      onEnd: (span: unknown) =>
        exporter.export([span as never], (result) => {
          results.push(result);
          resolve();
        }),
      forceFlush: () => Promise.resolve(),
      shutdown: () => Promise.resolve(),
    };
    new TracerProvider({ spanProcessors: [processor] }).getTracer('t').startSpan('a').end();
    await promise;
    expect(results).toMatchObject([{ code: 1, error: { name: 'PipelineError' } }]);
  });

  it('take its log records', async () => {
    const { millrace, collector } = await start();
    const provider = new LoggerProvider({
      resource,
      processors: [
        millrace.logRecordProcessor() as never,
        new BatchLogRecordProcessor({ exporter: millrace.logRecordExporter() as never }),
      ],
    });
    provider.getLogger('app').emit({ body: 'sold', severityNumber: 9 });
    await provider.forceFlush();
    await provider.shutdown();
    await millrace.shutdown();
    const bodies = collector.requests.filter(({ path }) => path === '/v1/logs').map(({ body }) => JSON.stringify(body));
    expect(bodies).toHaveLength(2);
    for (const body of bodies) expect(body).toContain('"body":{"stringValue":"sold"}');
    expect(logs).toBeDefined();
  });

  it('read its metrics, at an interval, when it asks, and at the end', async () => {
    const { millrace, collector } = await start();
    const provider = new MeterProvider({
      resource,
      readers: [
        millrace.metricReader({ intervalMs: 3_600_000, temporality: 'delta' }) as never,
        new PeriodicExportingMetricReader({ exporter: millrace.metricExporter() as never, exportIntervalMillis: 3_600_000 }),
      ],
    });
    const counter = provider.getMeter('app').createCounter('sold');
    counter.add(2);
    await provider.forceFlush();
    counter.add(3);
    await provider.shutdown();
    await millrace.shutdown();
    const sums = collector.requests
      .filter(({ path }) => path === '/v1/metrics')
      .map(({ body }) => JSON.stringify(body))
      .filter((body) => body.includes('"name":"sold"'));
    const values = sums.map((body) => [/"aggregationTemporality":(\d)/.exec(body)![1], /"as(?:Int|Double)":"?(\d+)/.exec(body)![1]]);
    expect(values.map((pair) => pair.join(' ')).toSorted()).toEqual(['1 2', '1 3', '2 2', '2 5']);
    expect(sums[0]).toContain('the application');
  });

  it('give what is recorded here to its metric readers', async () => {
    const { millrace } = await start();
    millrace.counter('orders', { labels: ['shop'] }).add(2, { shop: 'a' });
    millrace.histogram('latency', { boundaries: [1] }).record(0.5);
    millrace.histogram('size', { exponential: true }).record(8);
    millrace.summary('delay').record(3);
    millrace.gauge('stock').set(7);
    const { resourceMetrics, errors } = await millrace.metricProducer().collect();
    expect(errors).toEqual([]);
    const points = resourceMetrics.scopeMetrics[0]!.metrics.map(({ descriptor, dataPointType, dataPoints }) => [
      descriptor.name,
      dataPointType,
      dataPoints[0]!.value,
    ]);
    expect(Object.fromEntries(points.map(([name, ...rest]) => [name, rest]))).toMatchObject({
      orders: [3, 2],
      latency: [0, { count: 1, sum: 0.5, buckets: { boundaries: [1], counts: [1, 0] } }],
      size: [1, { count: 1, sum: 8 }],
      delay: [0, { count: 1, sum: 3 }],
      stock: [2, 7],
    });
  });

  it('serve what is recorded at a port of its own, by @opentelemetry/exporter-prometheus', async () => {
    const millrace = await createMillrace({ env: {}, serviceName: 'shop', prometheus: { port: 0, host: '127.0.0.1' } });
    stops.push(() => millrace.shutdown());
    millrace.counter('orders', { labels: ['shop'] }).add(2, { shop: 'a' });
    const read = async (): Promise<string> => (await fetch(millrace.scrapeUrl!)).text();
    expect(await read()).toMatch(/orders_total\{[^}]*shop="a"[^}]*\} 2/);
    millrace.counter('orders', { labels: ['shop'] }).add(3, { shop: 'a' });
    expect(await read()).toMatch(/orders_total\{[^}]*shop="a"[^}]*\} 5/);
    expect((await fetch(new URL('/other', millrace.scrapeUrl))).status).toBe(404);
    await expect(
      createMillrace({ env: {}, prometheus: { port: Number(new URL(millrace.scrapeUrl!).port), host: '127.0.0.1' } }),
    ).rejects.toThrow('EADDRINUSE');
    const url = millrace.scrapeUrl!;
    await millrace.shutdown();
    await expect(fetch(url)).rejects.toThrow();
  });
});

describe('Spans of observed calls', () => {
  it('belong to the trace of the application, and are counted once', async () => {
    const vendor = await startFakeVendor();
    stops.push(() => vendor.close());
    const { millrace, collector } = await start();
    const provider = new TracerProvider({ resource, spanProcessors: [millrace.spanProcessor() as never] });
    trace.setGlobalTracerProvider(provider);
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    try {
      const client = millrace.observe(new OpenAI({ apiKey: 'key', baseURL: `${vendor.url}/v1`, maxRetries: 0, fetch: instrumentedFetch }));
      await provider.getTracer('app').startActiveSpan('request', async (span) => {
        await client.chat.completions.create({ model: 'gpt-4o', messages: [] });
        span.end();
      });
    } finally {
      trace.disable();
      context.disable();
    }
    await millrace.recorder.ready();
    expect(millrace.summary()).toMatchObject({ totals: { requests: 1 } });
    await millrace.shutdown();
    const [nested, chat, request] = ['nested', 'chat gpt-4o', 'request'].map((name) =>
      collector.spans().find((span) => span.name === name)!,
    );
    expect([nested!.traceId, chat!.traceId]).toEqual([request!.traceId, request!.traceId]);
    expect([nested!.parentSpanId, chat!.parentSpanId]).toEqual([chat!.spanId, request!.spanId]);
    expect(attributesOf(chat!)).toMatchObject({
      'gen_ai.provider.name': 'openai',
      'gen_ai.usage.input_tokens': vendor.bills[0]!.usage.input,
    });
  });

  it('are light ones of the SDK where the application has no OpenTelemetry', async () => {
    const vendor = await startFakeVendor();
    stops.push(() => vendor.close());
    const { millrace, collector } = await start({ serviceName: 'light' });
    const client = millrace.observe(new OpenAI({ apiKey: 'key', baseURL: `${vendor.at('rate_limited')}/v1`, maxRetries: 0 }));
    const headers = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'a=b' };
    let sent: Record<string, string> = {};
    const work = millrace.span('GET /', { kind: 'server', headers }, async () => {
      sent = millrace.traceHeaders();
      await client.chat.completions.create({ model: 'gpt-4o', messages: [] });
    });
    await expect(work).rejects.toMatchObject({ status: 429 });
    expect(() =>
      millrace.span('broken', {}, () => {
        throw new TypeError('no');
      }),
    ).toThrow('no');
    expect(millrace.traceHeaders()).toEqual({});
    await millrace.shutdown();
    const [chat, request, broken] = ['chat gpt-4o', 'GET /', 'broken'].map((name) => collector.spans().find((span) => span.name === name)!);
    expect([request!.traceId, request!.parentSpanId, chat!.parentSpanId]).toEqual([
      headers.traceparent.slice(3, 35),
      'b7ad6b7169203331',
      request!.spanId,
    ]);
    expect(sent).toEqual({ traceparent: `00-${request!.traceId}-${request!.spanId}-01`, tracestate: 'a=b' });
    expect([chat!.status, request!.status, broken!.status]).toMatchObject([{ code: 2 }, { code: 2 }, { code: 2, message: 'no' }]);
    expect(attributesOf(chat!)['error.type']).toBe('429');
    expect(JSON.stringify(collector.requests)).toContain('"stringValue":"light"');
  });
});

/** As an instrumentation of the vendor's library below the observed call would: it tells of the same call. */
const instrumentedFetch: typeof fetch = async (...args) => {
  const span = trace.getTracer('another.instrumentation').startSpan('nested', { attributes: genAi });
  const response = await fetch(...args);
  span.end();
  return response;
};
