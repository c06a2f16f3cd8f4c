import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePorts, runConfig, temporaryFolder } from '../harness.ts';
import { datadogInput } from './datadog-input.ts';
import { groupsOf, recordsOf, seriesOf, sketchesOf, spansOf } from './datadog-payloads.ts';
import { type DatadogSink, startDatadogSink } from './datadog-sink.ts';
import { install } from './install.ts';
import { peers } from './peers.ts';

/** The settings of exporter `datadog` that both programs get. */
function exporter(url: string): object {
  return {
    api: { key: '0123456789abcdef0123456789abcdef' },
    hostname: 'fallback',
    host_metadata: { enabled: false },
    metrics: { endpoint: url },
    traces: { endpoint: url },
    logs: { endpoint: url },
  };
}

function config(port: number, more: { readonly exporters: object; readonly connectors?: object; readonly pipelines: object }): object {
  const { pipelines, ...components } = more;
  return {
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
    ...components,
    service: { telemetry: { metrics: { level: 'none' } }, pipelines },
  };
}

const direct = { receivers: ['otlp'], exporters: ['datadog'] };
const allDirect = { traces: direct, metrics: direct, logs: direct };

/** The Collector with contrib's exporter, which computes statistics once a gate lets it. */
async function startReference(port: number, url: string): Promise<() => Promise<unknown>> {
  const file = join(temporaryFolder(), 'otelcol.yaml');
  writeFileSync(file, JSON.stringify(config(port, { exporters: { datadog: exporter(url) }, pipelines: allDirect })));
  const gate = '--feature-gates=-exporter.datadogexporter.DisableAPMStats';
  const child = spawn(install(peers.datadogCollector), ['--config', file, gate], { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit');
  let output = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.includes('Everything is ready')) resolve();
    });
    void exited.then(() => reject(new Error(`otelcol-datadog ended:\n${output}`)));
  });
  return () => {
    child.kill('SIGTERM');
    return exited;
  };
}

async function post(port: number, signal: string, request: object): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/${signal}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
  });
  if (!response.ok) throw new Error(`${signal}: ${response.status} ${await response.text()}`);
}

const count = (sink: DatadogSink, path: string, contentType?: string): number =>
  sink.requests.filter((request) => request.path === path && (contentType === undefined || request.headers['content-type'] === contentType))
    .length;

/** The groups of statistics once there are so many: those of two intervals come in two requests. */
async function groupsWhen(sink: DatadogSink, length: number): Promise<unknown[]> {
  for (;;) {
    const requests = count(sink, '/api/v0.2/stats');
    const groups = await groupsOf(sink.requests);
    if (groups.length >= length) return groups;
    await sink.until(() => count(sink, '/api/v0.2/stats') > requests);
  }
}

/** Sends everything in order: the second metrics request only after the first has come out, since its differences depend on it. */
async function sendAll(port: number, sink: DatadogSink, input: ReturnType<typeof datadogInput>): Promise<void> {
  await post(port, 'traces', input.traces);
  for (const [i, request] of input.metrics.entries()) {
    await post(port, 'metrics', request);
    await sink.until(() => count(sink, '/api/v2/series', 'application/x-protobuf') > i && count(sink, '/api/beta/sketches') > i);
  }
  await post(port, 'logs', input.logs);
  await sink.until(() => count(sink, '/api/v0.2/traces') > 0 && recordsOf(sink.requests).length === 6);
}

describe('The payloads for Datadog', () => {
  let theirs: DatadogSink;
  let ours: DatadogSink;
  let stopReference: () => Promise<unknown>;

  beforeAll(async () => {
    [theirs, ours] = await Promise.all([startDatadogSink(), startDatadogSink()]);
    const [theirPort, ourPort] = (await freePorts(2)) as [number, number];
    stopReference = await startReference(theirPort, theirs.url);
    const millrace = await runConfig(config(ourPort, { exporters: { datadog: exporter(ours.url) }, pipelines: allDirect }));
    const input = datadogInput(Date.now());
    await sendAll(theirPort, theirs, input);
    await sendAll(ourPort, ours, input);
    expect(await millrace.stop()).toBe(0);
  });

  afterAll(async () => {
    await stopReference();
    await Promise.all([theirs.close(), ours.close()]);
  });

  it('have the spans that contrib’s exporter sends, field by field', async () => {
    const spans = await spansOf(ours.requests);
    expect(Object.keys(spans)).toHaveLength(21);
    expect(spans).toEqual(await spansOf(theirs.requests));
  });

  it('have its series, and units besides', async () => {
    const [own, reference] = [await seriesOf(ours.requests), await seriesOf(theirs.requests)];
    expect(own.series).toHaveLength(22);
    expect(own.series).toEqual(reference.series);
    expect(reference.units).toEqual(new Set());
    expect(own.units).toEqual(new Set(['in.flight byte', 'requests request', 'rpc.summary.quantile second', 'rpc.summary.sum second']));
  });

  it('have its sketches, bin by bin', async () => {
    const sketches = await sketchesOf(ours.requests);
    expect(sketches).toHaveLength(13);
    expect(sketches).toEqual(await sketchesOf(theirs.requests));
  });

  it('have its log records', async () => {
    const records = recordsOf(ours.requests);
    expect(records).toHaveLength(6);
    expect(records).toEqual(recordsOf(theirs.requests));
  });

  it('have its statistics, which it sends after half a minute', async () => {
    const groups = await groupsOf(ours.requests);
    expect(groups).toHaveLength(20);
    expect(groups).toEqual(await groupsWhen(theirs, groups.length));
  });

  it('have statistics of connector datadog that contrib’s exporter takes and sends as ours does', async () => {
    const [reference, own] = await Promise.all([startDatadogSink(), startDatadogSink()]);
    const [referencePort, port] = (await freePorts(2)) as [number, number];
    const stop = await startReference(referencePort, reference.url);
    const millrace = await runConfig(
      config(port, {
        exporters: {
          datadog: exporter(own.url),
          otlphttp: { endpoint: `http://127.0.0.1:${referencePort}`, tls: { insecure: true } },
        },
        connectors: { 'datadog/stats': null },
        pipelines: {
          traces: { receivers: ['otlp'], exporters: ['datadog/stats'] },
          'traces/sampled': { receivers: ['datadog/stats'], exporters: ['datadog'] },
          metrics: { receivers: ['datadog/stats'], exporters: ['datadog', 'otlphttp'] },
        },
      }),
    );
    await post(port, 'traces', datadogInput(Date.now()).traces);
    expect(await millrace.stop()).toBe(0);
    const groups = await groupsOf(own.requests);
    expect(groups).toHaveLength(20);
    expect(groups).toEqual(await groupsWhen(reference, groups.length));
    await stop();
    await Promise.all([reference.close(), own.close()]);
  });
});
