import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startFakeVendor } from '../../../test/fake-vendor.ts';
import type { FakeVendor } from '../../../test/fake-vendor.ts';
import { attributesOf, startCollector } from './collector.ts';
import type { Collector } from './collector.ts';

const root = join(import.meta.dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'application-'));
let vendor: FakeVendor;
let collector: Collector;

beforeAll(async () => {
  mkdirSync(join(folder, 'node_modules/@millrace'), { recursive: true });
  symlinkSync(join(root, 'packages/sdk'), join(folder, 'node_modules/@millrace/sdk'));
  for (const name of ['openai', '@opentelemetry']) symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  [vendor, collector] = await Promise.all([startFakeVendor(), startCollector()]);
});
afterAll(() => Promise.all([vendor.close(), collector.close()]));

/** Runs an application that has the package installed, and tells what it printed and how it ended. */
async function application(
  text: string,
  env: Record<string, string> = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const file = join(folder, `${Math.random().toString(36).slice(2)}.js`);
  writeFileSync(file, text);
  const child = spawn(process.execPath, [file], { cwd: folder, env: { ...env, VENDOR: vendor.url, COLLECTOR: collector.url } });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, stdout, stderr };
}

describe('An application that imports @millrace/sdk', () => {
  it('needs four lines to see its calls, and ends by itself', async () => {
    const { code, stdout, stderr } = await application(`
      import OpenAI from 'openai';
      import { createMillrace } from '@millrace/sdk';
      const millrace = await createMillrace({ serviceName: 'shop' });
      const client = millrace.observe(new OpenAI({ apiKey: 'key', baseURL: process.env.VENDOR + '/v1' }));
      await client.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: 'hello' }] });
      await millrace.shutdown();
      console.log(JSON.stringify({ requests: millrace.summary().totals.requests, text: millrace.metricsText().includes('millrace_requests_total') }));
    `);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({ requests: 1, text: true });
  });

  it('loads neither pipelines nor OpenTelemetry unless it asks for them', async () => {
    const { stdout } = await application(`
      import { registerHooks } from 'node:module';
      const loaded = [];
      registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
      const { createMillrace } = await import('@millrace/sdk');
      const millrace = await createMillrace();
      millrace.recordInference({ model: 'gpt-4o', usage: { input: 1 } });
      await millrace.recorder.ready();
      console.log(loaded.filter((url) => /opentelemetry|undici|yaml/.test(url)).length, loaded.length < 40);
    `);
    expect(stdout).toBe('0 true\n');
  });

  it('sets OpenTelemetry up on request, with W3C propagation', async () => {
    const { code, stderr } = await application(
      `
      import { createMillrace } from '@millrace/sdk';
      const millrace = await createMillrace({ sdkNode: true });
      const { trace, metrics, propagation, context } = await import('@opentelemetry/api');
      const parent = propagation.extract(context.active(), { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' });
      context.with(parent, () => trace.getTracer('app').startActiveSpan('from the api', (span) => {
        millrace.span('from millrace', {}, () => {});
        if (!millrace.traceHeaders().traceparent.startsWith('00-0af7651916cd43dd8448eb211c80319c-')) throw new Error('not propagated');
        span.end();
      }));
      metrics.getMeter('app').createCounter('api.counter').add(3);
      await millrace.shutdown();
    `,
      {
        OTEL_SERVICE_NAME: 'by sdk-node',
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      },
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const [api, own] = ['from the api', 'from millrace'].map((name) => collector.spans().find((span) => span.name === name)!);
    expect([api!.traceId, api!.parentSpanId, own!.parentSpanId]).toEqual([
      '0af7651916cd43dd8448eb211c80319c',
      'b7ad6b7169203331',
      api!.spanId,
    ]);
    const sent = JSON.stringify(collector.requests);
    expect(sent).toContain('"name":"api.counter"');
    expect(sent).toContain('by sdk-node');
    expect(attributesOf(api!)).toEqual({});
  });

  it.each(['create({ model: "gpt-4o", messages: [] })', 'parse({ model: "gpt-4o", messages: [] })'])(
    'has its unhandled rejections as before: %s',
    async (call) => {
      const { code, stdout } = await application(`
        import OpenAI from 'openai';
        import { createMillrace } from '@millrace/sdk';
        const millrace = await createMillrace();
        const client = millrace.observe(new OpenAI({ apiKey: 'key', baseURL: process.env.VENDOR + '/failed/v1', maxRetries: 0 }));
        let unhandled = 0;
        process.on('unhandledRejection', () => unhandled++);
        await client.chat.completions.${call}.catch(() => {});
        await new Promise(setImmediate);
        const handled = unhandled;
        void client.chat.completions.${call}.asResponse;
        void client.chat.completions.${call};
        process.on('exit', () => console.log(handled, unhandled));
      `);
      expect({ code, stdout }).toEqual({ code: 0, stdout: '0 2\n' });
    },
  );
});
