import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Recorder } from '@millrace/sdk';
import { startDestination } from '../../../test/harness.ts';
import { createApp } from '../src/app.ts';
import { DemoClock } from '../src/clock.ts';
import { Demo, priceSettings } from '../src/index.ts';
import type { TrafficOptions } from '../src/index.ts';

const traffic: TrafficOptions = { seed: 'app', requestsPerSecond: 1, incidents: ['cost_spike'] };
const now = Date.UTC(2026, 10, 10, 12);

let app: Server;
let url: string;
let recorder: Recorder;
let exported: object[];

beforeEach(async () => {
  exported = [];
  recorder = new Recorder({ prices: priceSettings(), now: () => now });
  await recorder.ready();
  const demo = new Demo({ ...traffic, recorder, export: async (request) => void exported.push(request) });
  app = createApp({ demo, traffic, now: () => now });
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(app.address() as AddressInfo).port}`;
});

afterEach(async () => {
  app.closeAllConnections();
  await new Promise((resolve) => app.close(resolve));
  await recorder.shutdown();
});

async function call(route: string, body?: unknown): Promise<{ status: number; body: Record<string, unknown> & string }> {
  const [method, path] = route.split(' ') as [string, string];
  const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
  const response = await fetch(`${url}${path}`, { method, ...sent });
  const isJson = response.headers.get('content-type')!.startsWith('application/json');
  return { status: response.status, body: (isJson ? await response.json() : await response.text()) as Record<string, unknown> & string };
}

describe("The demo's interface (LAO-demo)", () => {
  it('answers by models and caches, and tells what it used, in its metrics, tally and spans alike', async () => {
    const answers = [];
    for (let i = 0; i < 20; i++)
      answers.push(await call('POST /api/llm', { task: 'support_chat', model: 'gpt-4o', user: 'ann', prompt: 'canary' }));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const cached = answers.filter(({ body }) => body['cached'] !== false).length;
    expect(cached).toBeGreaterThan(0);
    expect(cached).toBeLessThan(20);
    const metrics = (await call('GET /metrics')).body;
    const tally = (await call('GET /tally')).body as unknown as Record<string, { sum: number }>;
    const tokens = [...metrics.matchAll(/^millrace_tokens_total\{.*\} (\S+)$/gm)].reduce((sum, [, value]) => sum + Number(value), 0);
    expect(tokens).toBeGreaterThan(0);
    expect(tally['millrace.tokens']!.sum).toBe(tokens);
    expect(metrics).toMatch(/^millrace_requests_total\{.*gpt-4o-2024-11-20.*\} /m);
    expect(exported).toHaveLength(20);
    expect(JSON.stringify([exported, metrics])).not.toContain('canary');
  });

  it('registers, optimises, uses its cache, and counts every HTTP request', async () => {
    expect((await call('GET /health')).body).toEqual({ status: 'ok', time: '2026-11-10T12:00:00.000Z' });
    expect((await call('POST /api/register', { source: 'app', username: 'ann' })).status).toBe(201);
    expect((await call('POST /api/optimize', { parameter: 'timeout_ms', value: 6000 })).body).toEqual({
      parameter: 'timeout_ms',
      value: 6000,
      score: 1,
    });
    expect((await call('POST /api/cache', { tier: 2, operation: 'put' })).body).toEqual({ tier: '2', operation: 'put' });
    const metrics = (await call('GET /metrics')).body;
    for (const line of [
      'millrace_user_registrations_total{millrace_registration_source="app"} 1',
      'millrace_optimization_parameter_value_ratio{millrace_optimization_parameter="timeout_ms"} 6000',
      'millrace_cache_operations_total{millrace_cache_operation="put",millrace_cache_tier="2"} 1',
      'http_server_active_requests{http_request_method="GET",http_route="/metrics"} 1',
    ])
      expect(metrics).toContain(line);
    for (const route of ['/health', '/api/register', '/api/optimize', '/api/cache'])
      expect(metrics).toMatch(new RegExp(`^millrace_http_requests_total\\{.*http_route="${route}"\\} 1$`, 'm'));
  });

  it('tells the truth about incidents', async () => {
    const { body } = await call('GET /incidents?days=30');
    const incidents = body as unknown as { kind: string; fromMs: number; untilMs: number }[];
    expect(incidents.length).toBeGreaterThan(3);
    expect(new Set(incidents.map(({ kind }) => kind))).toEqual(new Set(['cost_spike']));
  });

  it.each([
    ['POST /api/llm', '{', 400],
    ['POST /api/llm', '[]', 400],
    ['POST /api/llm', { model: 'gpt-9' }, 400],
    ['POST /api/llm', { task: 'dance' }, 400],
    ['POST /api/register', { source: 'x'.repeat(100_000) }, 400],
    ['POST /api/optimize', { value: 'many' }, 400],
    ['GET /incidents?days=never', undefined, 400],
    ['GET /nothing', undefined, 404],
    ['POST /health', {}, 404],
  ])('answers %s with %j by %s', async (route, body, status) => {
    const answer = await call(route, body);
    expect({ status: answer.status, error: typeof answer.body['error'] }).toEqual({ status, error: 'string' });
  });
});

describe("The demo's time", () => {
  it('runs fast from the past until it has caught up', () => {
    let real = 1_000_000_000_000;
    const clock = new DemoClock(3600, 1, () => real);
    const day = 86_400_000;
    expect(clock.now()).toBe(real - day);
    real += 12_000;
    expect(clock.now()).toBe(1_000_000_000_000 - day + 12 * 3_600_000);
    real += 60_000;
    expect(clock.now()).toBe(real);
    expect(new DemoClock(1, 7, () => real).now()).toBe(real);
  });
});

describe('npm run demo', () => {
  let child: ChildProcess | undefined;
  afterEach(() => void child?.kill('SIGKILL'));

  it('lives fast, sends its spans, answers, and ends when it is told', async () => {
    const destination = await startDestination();
    const main = join(import.meta.dirname, '../src/main.ts');
    const flags = [
      '--no-pipeline',
      '--port',
      '0',
      '--otlp',
      `http://127.0.0.1:${destination.port}`,
      '--speed',
      '7200',
      '--days',
      '0.2',
      '--rate',
      '0.5',
    ];
    const running = spawn(process.execPath, ['--conditions=@millrace/source', main, ...flags], { stdio: ['ignore', 'ignore', 'pipe'] });
    child = running;
    let errors = '';
    running.stderr.on('data', (data: Buffer) => void (errors += data.toString()));
    for (const until = Date.now() + 30_000; destination.requests < 3 && Date.now() < until;) await delay(50);
    expect(destination.requests).toBeGreaterThanOrEqual(3);
    const [, port] = /answers on http:\/\/127\.0\.0\.1:(\d+)/.exec(errors)!;
    expect(((await (await fetch(`http://127.0.0.1:${port}/health`)).json()) as { status: string }).status).toBe('ok');
    running.kill('SIGTERM');
    expect(await once(running, 'exit')).toEqual([0, null]);
    await destination.close();
  }, 60_000);
});
