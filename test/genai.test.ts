import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Demo, exportRequest, priceSettings, traffic } from '@millrace/demo';
import { Recorder } from '@millrace/sdk';
import { freePorts, startMillrace, temporaryFolder } from './harness.ts';
import type { Millrace } from './harness.ts';

const program = join(import.meta.dirname, '../packages/cli/bin/millrace');
const run = promisify(execFile);
const minute = 60_000;
const options = { seed: 'genai', requestsPerSecond: 1, incidents: ['error_burst'] } as const;
const prices = priceSettings();

let millrace: Millrace | undefined;
let port: number;
let scrapePort: number;
let summaryPort: number;
let folder: string;

beforeEach(async () => {
  [port, scrapePort, summaryPort] = (await freePorts(3)) as [number, number, number];
  folder = temporaryFolder();
});

afterEach(async () => {
  await millrace?.stop();
  millrace = undefined;
});

async function start(processors: object, workers = 1): Promise<void> {
  const config = {
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
    processors,
    connectors: { genaimetrics: { prices, flush_interval: '50ms', wait: '0s', emit: 'both' } },
    exporters: {
      prometheus: { endpoint: `127.0.0.1:${scrapePort}`, without_scope_info: true },
      summary: { endpoint: `127.0.0.1:${summaryPort}`, prices },
      file: { path: join(folder, 'traces.jsonl') },
    },
    service: {
      pipelines: {
        traces: { receivers: ['otlp'], processors: Object.keys(processors), exporters: ['genaimetrics', 'summary', 'file'] },
        metrics: { receivers: ['genaimetrics'], exporters: ['prometheus'] },
      },
    },
  };
  millrace = startMillrace(['--config', `yaml:${JSON.stringify(config)}`, '--workers', String(workers)]);
  await millrace.says('Everything is ready');
}

async function post(request: object): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`http://127.0.0.1:${port}/v1/traces`, { method: 'POST', headers, body: JSON.stringify(request) });
  expect(response.status).toBe(200);
  await response.arrayBuffer();
}

/** The sum of a counter's series, or of the counts of a histogram. */
function total(text: string, metric: string): number {
  let sum = 0;
  for (const line of text.split('\n')) {
    const [, name, value] = /^([^\s{#]+)(?:\{.*\})? (\S+)$/.exec(line) ?? [];
    if (name === metric) sum += Number(value);
  }
  return sum;
}

const scrape = async (): Promise<string> => (await fetch(`http://127.0.0.1:${scrapePort}/metrics`)).text();

async function scrapeWhen(metric: string, value: number): Promise<string> {
  for (const until = Date.now() + 10_000; ; await delay(50)) {
    const text = await scrape();
    if (total(text, metric) >= value || Date.now() > until) return text;
  }
}

/** Metrics of calls as Prometheus names them, by their names in the list. */
const counters = {
  'millrace.requests': 'millrace_requests_total',
  'millrace.tokens': 'millrace_tokens_total',
  'millrace.cost.unpriced': 'millrace_cost_unpriced_total',
  'millrace.usage.missing': 'millrace_usage_missing_total',
  'millrace.errors': 'millrace_errors_total',
  'millrace.api.errors': 'millrace_api_errors_total',
  'millrace.cache.hits': 'millrace_cache_hits_total',
  'millrace.cache.misses': 'millrace_cache_misses_total',
  'millrace.cost.amount': 'millrace_cost_amount_total',
  'millrace.cost.actual': 'millrace_cost_actual_total',
  'millrace.cost.estimated': 'millrace_cost_estimated_total',
  'millrace.savings': 'millrace_savings_total',
  'millrace.request.duration': 'millrace_request_duration_seconds_count',
  'millrace.evaluation.score': 'millrace_evaluation_score_count',
  'gen_ai.client.token.usage': 'gen_ai_client_token_usage_count',
  'gen_ai.client.operation.duration': 'gen_ai_client_operation_duration_seconds_count',
  'gen_ai.client.inference.usage.input_tokens': 'gen_ai_client_inference_usage_input_tokens_total',
  'gen_ai.client.inference.usage.output_tokens': 'gen_ai_client_inference_usage_output_tokens_total',
} as const;

describe('Spans of an application with generative AI', () => {
  it.each([
    ['priced by processor genai, with two workers', { genai: { prices } }, 2],
    ['renamed to the conventions of 1.36', { genai: { prices, emit: '1.36' } }, 1],
    ['priced by the connector itself', {}, 1],
  ])(
    'give the same requests, tokens, cost, savings, cache hits and errors as the application counts: %s (LAO-demo, ASA-2, IMS-2b)',
    async (_how, processors, workers) => {
      const from = Date.UTC(2026, 10, 9, 9);
      const until = from + 20 * minute;
      const recorder = new Recorder({ prices, now: () => until });
      await recorder.ready();
      const demo = new Demo({ ...options, recorder });
      const requests = [...traffic(options, from, until)];
      for (const request of requests) await demo.serve(request);
      await recorder.shutdown();
      const { expected } = demo.finishTally();
      await start(processors, workers);
      for (let i = 0; i < requests.length; i += 100) await post(exportRequest(requests.slice(i, i + 100)));
      const wanted = Object.fromEntries(
        Object.keys(counters).map((name) => [
          name,
          expected.get(name)?.kind === 'observations' ? expected.get(name)!.count : (expected.get(name)?.sum ?? 0),
        ]),
      );
      const text = await scrapeWhen('millrace_requests_total', wanted['millrace.requests']!);
      const seen = Object.fromEntries(Object.entries(counters).map(([name, exposed]) => [name, total(text, exposed)]));
      for (const [name, value] of Object.entries(wanted)) expect([name, seen[name]]).toEqual([name, expect.closeTo(value, 6)]);
      expect(wanted['millrace.savings']).toBeGreaterThan(0);

      const { stdout } = await run(program, ['summary', '--endpoint', `127.0.0.1:${summaryPort}`, '--window', '8760h', '--json']);
      const report = JSON.parse(stdout) as {
        totals: { requests: number; cost: number; errors: number };
        by: Record<string, { requests: number }[]>;
      };
      expect(report.totals).toMatchObject({
        requests: wanted['millrace.requests'],
        errors: wanted['millrace.errors'],
        cost: expect.closeTo(wanted['millrace.cost.amount']!, 6),
      });
      for (const groups of [report.by['model']!, report.by['task']!, report.by['user']!, report.by['tier']!])
        expect(groups.reduce((sum, group) => sum + group.requests, 0)).toBe(report.totals.requests);
      await millrace!.stop();
      millrace = undefined;
      // The file has what passed: a summary of it is the same one.
      const ofFile = await run(program, ['summary', join(folder, 'traces.jsonl'), '--json']);
      if ('genai' in processors)
        expect((JSON.parse(ofFile.stdout) as typeof report).totals).toMatchObject({
          requests: report.totals.requests,
          cost: report.totals.cost,
        });
    },
    60_000,
  );

  it("reach the pipeline of the demo, whose prices are the demo's own (LAO-demo)", async () => {
    const demo = join(import.meta.dirname, '../packages/demo');
    const ports = {
      'receivers.otlp.protocols.http.endpoint': `127.0.0.1:${port}`,
      'exporters.prometheus.endpoint': `127.0.0.1:${scrapePort}`,
      'exporters.summary.endpoint': `127.0.0.1:${summaryPort}`,
    };
    const set = Object.entries(ports).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
    millrace = startMillrace(['--config', 'pipeline.yaml', ...set], { cwd: demo });
    await millrace.says('Everything is ready');
    await post(exportRequest(traffic(options, Date.UTC(2026, 10, 10, 9), Date.UTC(2026, 10, 10, 9, 1))));
    expect(total(await scrapeWhen('millrace_cost_amount_total', 0.001), 'millrace_cost_amount_total')).toBeGreaterThan(0);
  });

  it('are seen within a moment in metrics and summary (SHM-3, PXY-7)', async () => {
    await start({ genai: { prices } });
    const now = Date.now();
    const [request] = [...traffic(options, now - 10 * minute, now - 9 * minute)];
    await post(exportRequest([request!]));
    expect(total(await scrapeWhen('millrace_requests_total', 1), 'millrace_requests_total')).toBeGreaterThan(0);
    const { stdout } = await run(program, ['cost', '--by', 'task', '--endpoint', `127.0.0.1:${summaryPort}`]);
    expect(stdout).toContain(request!.task.name);
  });
});
