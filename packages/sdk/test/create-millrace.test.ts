import { createServer } from 'node:net';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createMillrace } from '@millrace/sdk';
import type { Millrace, MillraceConfig } from '@millrace/sdk';
import { startCollector } from './collector.ts';
import type { Collector } from './collector.ts';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** An SDK that reads no variables of this process. */
async function make(config: MillraceConfig | string = {}, options: MillraceConfig = {}): Promise<Millrace> {
  const millrace = await (typeof config === 'string'
    ? createMillrace(config, { env: {}, ...options })
    : createMillrace({ env: {}, ...config }));
  stops.push(() => millrace.shutdown());
  return millrace;
}

async function collect(): Promise<Collector> {
  const collector = await startCollector();
  stops.push(() => collector.close());
  return collector;
}

const problemsOf = (config: MillraceConfig | string): Promise<string> =>
  make(config).then(
    () => '',
    (error: Error) => error.message,
  );

describe('createMillrace without a pipeline', () => {
  it('records, and tells at once what it recorded', async () => {
    const millrace = await make({ serviceName: 'shop', resource: { 'deployment.environment.name': 'test' } });
    millrace.recordInference({ model: 'gpt-4o', provider: 'openai', usage: { input: 1000, output: 100 }, durationMs: 250, task: 'chat' });
    millrace.recordCacheEvent({ tier: 1, hit: true });
    millrace.recordRouting({ strategy: 'cheapest', model: 'gpt-4o', durationMs: 3 });
    millrace.recordBatch({ size: 8 });
    millrace.recordError({ type: 'timeout', component: 'router' });
    millrace.recordPolicy({ name: 'pii', violation: 'high' });
    millrace.recordRetry({ model: 'gpt-4o' });
    millrace.recordQuality('gpt-4o', 0.9);
    await millrace.recorder.ready();
    const text = millrace.metricsText();
    expect(text).toMatch(/millrace_requests_total\{[^}]*model[^}]*\} 1/);
    for (const name of ['cache_hits', 'model_selections', 'batch_size', 'errors', 'policy_violations', 'retries', 'cost']) {
      expect(text).toContain(`millrace_${name}`);
    }
    expect(text).toContain('service_name="shop"');
    expect(millrace.summary(60_000)).toMatchObject({ totals: { requests: 1 } });
    expect(millrace.hasPipeline).toBe(false);
  });

  it("has instruments of the application's own, shaped by views", async () => {
    const millrace = await make({ views: [{ instrument: 'orders', withoutLabels: ['customer'] }] });
    const orders = millrace.counter('orders', { labels: ['shop', 'customer'] });
    orders.add(2, { shop: 'a', customer: 'x' });
    orders.add(3, { customer: 'y', shop: 'a' });
    millrace.gauge('queue.length').set(4);
    millrace.upDownCounter('open').add(-1);
    millrace.histogram('latency', { unit: 's' }).record(0.2);
    millrace.summary('size', { unit: 'By' }).record(17);
    const text = millrace.metricsText();
    expect(text).toContain('orders_total{shop="a"} 5');
    for (const line of ['queue_length 4', 'open -1', 'latency_seconds_count 1', 'size_bytes_count 1']) expect(text).toContain(line);
    expect(() => millrace.counter('1 bad name')).toThrow('nearest valid name');
  });

  it('keeps counters only with detail: off', async () => {
    const millrace = await make({ detail: 'off' });
    millrace.recordInference({ model: 'gpt-4o', usage: { input: 1 }, durationMs: 10 });
    await millrace.recorder.ready();
    expect(millrace.metricsText()).toContain('millrace_requests_total');
    expect(millrace.metricsText()).not.toContain('duration');
    expect(millrace.summary()).toMatchObject({ totals: { requests: 0 } });
  });

  it('shuts down twice', async () => {
    const millrace = await make();
    await Promise.all([millrace.shutdown(), millrace.shutdown()]);
    await millrace.shutdown();
    millrace.recordInference({ model: 'gpt-4o' });
  });
});

describe('createMillrace with a pipeline', () => {
  it('forwards spans, metrics and what is recorded to another process, and drains at the shutdown', async () => {
    const collector = await collect();
    const millrace = await make({ serviceName: 'shop', ...collector.pipeline() });
    millrace.span('work', { attributes: { n: 1 } }, () => {});
    millrace.counter('orders').add(2);
    await millrace.shutdown();
    expect(collector.spans()).toMatchObject([{ name: 'work', attributes: [{ key: 'n', value: { intValue: '1' } }] }]);
    const metrics = JSON.stringify(collector.requests.filter(({ path }) => path === '/v1/metrics'));
    expect(metrics).toContain('"name":"orders"');
    expect(metrics).toContain('"stringValue":"shop"');
  });

  it('reads what is recorded at the interval of each reader', async () => {
    const collector = await collect();
    const millrace = await make({ ...collector.pipeline(), readers: [{ intervalMs: 5 }, { intervalMs: 5, temporality: 'delta' }] });
    millrace.counter('orders').add(2);
    const sent = (): string => JSON.stringify(collector.requests);
    while (!(sent().includes('"aggregationTemporality":1') && sent().includes('"aggregationTemporality":2'))) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await millrace.shutdown();
  });

  it('takes the path of a file, and its text', async () => {
    const collector = await collect();
    const text = `receivers: { sdk: }
exporters: { otlp_http: { endpoint: "\${env:WHERE}", encoding: json, compression: none } }
service: { pipelines: { traces: { receivers: [sdk], exporters: [otlp_http] } } }\n`;
    const path = join(mkdtempSync(join(tmpdir(), 'sdk-')), 'pipeline.yaml');
    writeFileSync(path, text);
    for (const config of [path, text]) {
      const millrace = await make(config, { env: { WHERE: collector.url } });
      millrace.span(config === path ? 'by path' : 'by text', {}, () => {});
      await millrace.shutdown();
    }
    expect(collector.spans().map(({ name }) => name)).toEqual(['by path', 'by text']);
  });

  it('says what is wrong as the program does, without lines that nobody wrote', async () => {
    const message = await problemsOf({
      receivers: { sdk: { flush_intervall: '1s' } },
      exporters: { debug: {} },
      service: { pipelines: { traces: { receivers: ['sdk'], exporters: ['dbug'] } } },
    });
    expect(message).toContain("'receivers' error reading configuration for \"sdk\": 'sdk' has invalid keys: flush_intervall");
    expect(message).toContain('at createMillrace (receivers::sdk::flush_intervall)');
    expect(message).toContain('did you mean "flush_interval"?');
    expect(message).toContain('did you mean "debug"?');
    expect(await problemsOf('receivers: { sdk: }\nexporters: { dbg: }\n')).toContain('yaml::2:14');
    expect(await problemsOf({ servicename: 'x' } as never)).toContain('did you mean "serviceName"?');
    expect(
      await problemsOf({ sampling: 2, detail: 'low' as never, memoryLimitMib: 0, readers: [{ intervalMs: 0 }], views: 1 as never }),
    ).toBe(
      [
        'views: expected object, got number',
        'detail: expected one of: full, off',
        'sampling: 2 is not between 0 and 1',
        'memoryLimitMib: 0 is not above 0',
        'readers: intervalMs 0 is not above 0',
      ]
        .map((line) => `${line}\n    at createMillrace`)
        .join('\n'),
    );
  });

  it('opens no port of its own, and can run twice in a process', async () => {
    const collector = await collect();
    // The port where the program serves its own metrics.
    const taken = createServer().listen(8888, '127.0.0.1');
    const lines: string[] = [];
    try {
      for (const _ of [1, 2]) await make({ ...collector.pipeline(), log: (line) => lines.push(line) });
    } finally {
      taken.close();
    }
    expect(lines).toEqual([]);
  });

  it('records the calls in spans that come from elsewhere, by exporter sdk', async () => {
    const port = await freePort();
    const millrace = await make({
      receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
      exporters: { sdk: {} },
      service: { pipelines: { traces: { receivers: ['otlp'], exporters: ['sdk'] } } },
    });
    const attributes = Object.entries({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-4o',
      'gen_ai.usage.input_tokens': 100,
      'gen_ai.usage.output_tokens': 10,
    }).map(([key, value]) => ({ key, value: typeof value === 'number' ? { intValue: value } : { stringValue: value } }));
    const endMs = Date.now();
    const span = {
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      name: 'chat gpt-4o',
      kind: 3,
      startTimeUnixNano: `${endMs - 200}000000`,
      endTimeUnixNano: `${endMs}000000`,
      attributes,
    };
    const body = JSON.stringify({
      resourceSpans: [{ scopeSpans: [{ spans: [span] }, { scope: { name: '@millrace/sdk' }, spans: [span] }] }],
    });
    const response = await fetch(`http://127.0.0.1:${port}/v1/traces`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    });
    expect(response.status).toBe(200);
    await millrace.recorder.ready();
    expect(millrace.metricsText()).toMatch(/millrace_requests_total\{[^}]*gpt-4o[^}]*\} 1/);
    expect(millrace.summary()).toMatchObject({ totals: { requests: 1 } });
  });
});

async function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

describe('The OTEL variables', () => {
  it('name the service, make a pipeline and choose what is sampled', async () => {
    const collector = await collect();
    const millrace = await createMillrace({
      env: {
        OTEL_SERVICE_NAME: 'from-env',
        OTEL_RESOURCE_ATTRIBUTES: 'team=search%20and%20rank,service.name=other',
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
        OTEL_EXPORTER_OTLP_HEADERS: 'x-key=a%20$b',
        OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
        OTEL_TRACES_SAMPLER_ARG: '0',
        OTEL_LOGS_EXPORTER: 'none',
      },
    });
    millrace.span('lost', {}, () => {});
    const headers = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
    millrace.span('kept', { kind: 'server', headers }, () => {});
    millrace.counter('orders').add(1);
    await millrace.shutdown();
    expect(collector.spans()).toMatchObject([
      { name: 'kept', traceId: '0af7651916cd43dd8448eb211c80319c', parentSpanId: 'b7ad6b7169203331', kind: 2 },
    ]);
    expect(collector.requests[0]!.headers['x-key']).toBe('a $b');
    const resource = JSON.stringify(collector.requests.map(({ body }) => body));
    expect(resource).toContain('"stringValue":"from-env"');
    expect(resource).toContain('"stringValue":"search and rank"');
    expect(new Set(collector.requests.map(({ path }) => path))).toEqual(new Set(['/v1/traces', '/v1/metrics']));
  });

  it('switch everything off, and calls go through untouched', async () => {
    const millrace = await createMillrace({
      serviceName: 'shop',
      env: { OTEL_SDK_DISABLED: 'true', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' },
    });
    const client = { chat: { completions: { create: () => 1 } } };
    const { create } = client.chat.completions;
    expect(millrace.observe(client).chat.completions.create).toBe(create);
    expect(millrace.wrapAI(client)).toBe(client);
    millrace.recordInference({ model: 'gpt-4o' });
    expect([millrace.metricsText(), millrace.hasPipeline]).toEqual(['', false]);
    await millrace.shutdown();
  });

  it('that are wrong are told of, not followed', async () => {
    const lines: string[] = [];
    await createMillrace({
      log: (line) => lines.push(line),
      env: {
        OTEL_TRACES_SAMPLER: 'jaeger_remote',
        OTEL_METRIC_EXPORT_INTERVAL: 'soon',
        OTEL_PROPAGATORS: 'xray',
        OTEL_RESOURCE_ATTRIBUTES: 'secret',
      },
    });
    expect(lines.map((line) => line.split(':')[0])).toEqual([
      'OTEL_PROPAGATORS',
      'OTEL_RESOURCE_ATTRIBUTES',
      'OTEL_TRACES_SAMPLER',
      'OTEL_METRIC_EXPORT_INTERVAL',
    ]);
    expect(lines.join('')).not.toContain('secret');
  });
});
