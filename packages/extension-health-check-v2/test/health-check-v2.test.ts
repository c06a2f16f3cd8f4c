import type { ComponentInfo, Host, Status } from '@millrace/api';
import { configOf, FakeClock, noDeadline, testContext, testHost } from '@millrace/api/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';

const startMs = 1_790_000_000_000;
let stop: (() => Promise<void>) | undefined;

afterEach(async () => {
  await stop?.();
  stop = undefined;
});

function component(kind: ComponentInfo['kind'], id: string, pipelines: string[], status: Status, error?: Error): ComponentInfo {
  return { kind, id, pipelines, report: { status, atMs: startMs, ...(error !== undefined && { error }) } };
}

async function healthCheck(settings: object, components: () => ComponentInfo[]) {
  const clock = new FakeClock(startMs);
  const context = testContext({ id: 'healthcheckv2', kind: 'extension', clock });
  const extension = factory.create(configOf(factory, { use_v2: true, http: { endpoint: '127.0.0.1:0' }, ...settings }), context);
  const plain = testHost();
  const pipeline = (id: string) => ({ id, signal: 'traces' as const, receivers: ['otlp'], processors: [], exporters: ['debug'] });
  const host: Host = {
    ...plain,
    service: {
      ...plain.service,
      startedAtMs: startMs,
      pipelines: [pipeline('traces'), pipeline('traces/2')],
      components,
      printedConfig: (format) => `{"as":"${format}"}`,
    },
  };
  await extension.start?.(host);
  stop = async () => extension.shutdown?.(noDeadline());
  const endpoint = context.lines[0].attributes!['endpoint'] as string;
  const ask = async (path: string, method = 'GET') => {
    const response = await fetch(`http://${endpoint}${path}`, { method });
    const text = await response.text();
    return { status: response.status, body: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : text };
  };
  return { ask, clock };
}

const well = [component('receiver', 'otlp', ['traces'], 'OK'), component('exporter', 'debug', ['traces', 'traces/2'], 'OK')];

describe('healthcheckv2', () => {
  it('answers 200 with the start of the service while all is well', async () => {
    const { ask } = await healthCheck({}, () => well);
    expect(await ask('/status')).toEqual({
      status: 200,
      body: { start_time: '2026-09-21T14:13:20.000Z', healthy: true, status: 'StatusOK', status_time: '2026-09-21T14:13:20.000Z' },
    });
  });

  it.each<[Status, number]>([
    ['Starting', 503],
    ['Stopping', 503],
    ['Stopped', 503],
    ['RecoverableError', 200],
    ['PermanentError', 200],
    ['FatalError', 500],
  ])('answers %s with %i unless told to count more', async (status, code) => {
    const { ask } = await healthCheck({}, () => [...well, component('exporter', 'otlp', ['traces'], status, new Error('boom'))]);
    expect(await ask('/status')).toMatchObject({ status: code, body: { healthy: code === 200, status: `Status${status}`, error: 'boom' } });
  });

  it('counts permanent errors, and temporary ones once they last, when it is told to', async () => {
    const rules = { component_health: { include_permanent_errors: true, include_recoverable_errors: true, recovery_duration: '30s' } };
    let status: Status = 'RecoverableError';
    const { ask, clock } = await healthCheck(rules, () => [component('exporter', 'otlp', ['traces'], status)]);
    expect((await ask('/status')).status).toBe(200);
    await clock.advance(30_001);
    expect((await ask('/status')).status).toBe(500);
    status = 'PermanentError';
    expect((await ask('/status')).status).toBe(500);
  });

  it('tells about one pipeline, and about every component when asked', async () => {
    const { ask } = await healthCheck({}, () => [
      ...well,
      component('exporter', 'otlp', ['traces'], 'FatalError', new Error('boom')),
      component('extension', 'zpages', [], 'OK'),
    ]);
    expect(await ask('/status?pipeline=traces/2')).toMatchObject({ status: 200, body: { healthy: true } });
    expect(await ask('/status?pipeline=traces')).toMatchObject({ status: 500, body: { error: 'boom' } });
    expect((await ask('/status?pipeline=logs')).status).toBe(404);
    expect(await ask('/status?pipeline=extensions&verbose')).toMatchObject({
      status: 200,
      body: { components: { 'extension:zpages': {} } },
    });
    expect((await ask('/status?verbose')).body).toMatchObject({
      healthy: false,
      components: {
        extensions: { healthy: true, components: { 'extension:zpages': { status: 'StatusOK' } } },
        'pipeline:traces': { healthy: false, components: { 'receiver:otlp': { healthy: true }, 'exporter:otlp': { error: 'boom' } } },
        'pipeline:traces/2': { healthy: true },
      },
    });
  });

  it('serves its pages where it is told to, and nothing but GET', async () => {
    const http = { endpoint: '127.0.0.1:0', status: { path: '/health' }, config: { enabled: true, path: '/conf' } };
    const { ask } = await healthCheck({ http }, () => well);
    expect((await ask('/health')).status).toBe(200);
    expect(await ask('/conf')).toEqual({ status: 200, body: { as: 'json' } });
    expect((await ask('/status')).status).toBe(404);
    expect((await ask('/health', 'POST')).status).toBe(405);
    await stop!();
    const off = await healthCheck({ http: { endpoint: '127.0.0.1:0', status: { enabled: false } } }, () => well);
    expect((await off.ask('/status')).status).toBe(404);
    expect((await off.ask('/config')).status).toBe(404);
  });

  it('is not well since the first of the errors that last', async () => {
    const rules = { component_health: { include_recoverable_errors: true } };
    const at = (id: string, agoMs: number): ComponentInfo => ({
      ...component('exporter', id, ['traces'], 'RecoverableError', new Error(id)),
      report: { status: 'RecoverableError', atMs: startMs - agoMs, error: new Error(id) },
    });
    const { ask } = await healthCheck(rules, () => [
      at('late', 0),
      at('early', 60_001),
      component('exporter', 'x', ['traces'], 'PermanentError'),
    ]);
    expect(await ask('/status')).toMatchObject({ status: 500, body: { error: 'early', status_time: '2026-09-21T14:12:19.999Z' } });
  });

  it('refuses a configuration of the first version, no protocol, no endpoint, and a path that is none', () => {
    const problems = (config: object) => factory.validateConfig?.(configOf(factory, config));
    expect(problems({ use_v2: false })).toEqual(['use_v2: must be true; for the first version use extension health_check']);
    expect(problems({ use_v2: true })).toEqual(['must specify at least one protocol']);
    expect(problems({ use_v2: true, http: { endpoint: '' }, grpc: { endpoint: '' } })).toEqual([
      'http endpoint required',
      'grpc endpoint required',
    ]);
    expect(problems({ use_v2: true, grpc: { endpoint: 'nowhere' } })).toEqual([expect.stringContaining('grpc::endpoint')]);
    expect(problems({ use_v2: true, http: { endpoint: 'nowhere', status: { path: 'x' }, config: { path: 'x' } } })).toEqual([
      expect.stringContaining('http::endpoint'),
      'http::status::path must start with /',
    ]);
  });
});
