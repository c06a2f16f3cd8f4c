import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

/** What a fresh process says of itself, in milliseconds and bytes. */
interface Start {
  /** From the import of the package to what `createMillrace` resolves with. */
  readonly readyMs: number;
  /** CPU of all threads meanwhile, which says more when others use the machine. */
  readonly readyCpuMs: number;
  /** Since the process began. */
  readonly wholeMs: number;
  readonly rssBytes: number;
}

/** Fresh processes of one kind, in turn with those of the others. */
export interface Starts {
  /** Node alone. */
  readonly bare: readonly Start[];
  /** `createMillrace()` without a pipeline. */
  readonly recording: readonly Start[];
  /** With a pipeline in the process. */
  readonly pipeline: readonly Start[];
}

/** Runs a script in a fresh process, with the package as it is published, and gives back what it printed as JSON. */
function fresh(text: string): unknown {
  // Here, so that it finds the package.
  const scratch = mkdtempSync(join(import.meta.dirname, '../../node_modules/.sdk-bench-'));
  try {
    const file = join(scratch, 'script.mjs');
    writeFileSync(file, text);
    const { stdout, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } });
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

const say = (readyMs: string, readyCpuMs: string): string => `
  console.log(JSON.stringify({ readyMs: ${readyMs}, readyCpuMs: ${readyCpuMs}, wholeMs: performance.now(), rssBytes: process.memoryUsage.rss() }));
  process.exit();`;

const timed = (config: string): string => `
  const [begin, before] = [performance.now(), process.cpuUsage()];
  const { createMillrace } = await import('@millrace/sdk');
  const millrace = await createMillrace(${config});
  const [readyMs, { user, system }] = [performance.now() - begin, process.cpuUsage(before)];
  ${say('readyMs', '(user + system) / 1000')}`;

const withPipeline = `{
  env: {},
  receivers: { sdk: {} },
  exporters: { nop: {} },
  service: { pipelines: { traces: { receivers: ['sdk'], exporters: ['nop'] } } },
}`;

/** Starts so many processes of each kind. */
export function measureStarts(times: number): Starts {
  const scripts = { bare: say('0', '0'), recording: timed('{ env: {} }'), pipeline: timed(withPipeline) };
  const starts: { bare: Start[]; recording: Start[]; pipeline: Start[] } = { bare: [], recording: [], pipeline: [] };
  for (let i = 0; i < times; i++)
    for (const kind of ['bare', 'recording', 'pipeline'] as const) starts[kind].push(fresh(scripts[kind]) as Start);
  return starts;
}

/** After how many milliseconds a call is in the text and the summary, that was recorded here and that came as a span of OTLP. */
export async function measureVisibility(): Promise<{ readonly recordedMs: number; readonly spanMs: number }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return fresh(`
    import { createMillrace } from '@millrace/sdk';
    const millrace = await createMillrace({
      env: {},
      receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:${port}' } } } },
      exporters: { sdk: {} },
      service: { pipelines: { traces: { receivers: ['otlp'], exporters: ['sdk'] } } },
    });
    const visible = async (model) => {
      const begin = performance.now();
      while (!(millrace.metricsText().includes('"' + model + '"') && millrace.summary().by.model.some(({ name }) => name === model))) await new Promise(setImmediate);
      return performance.now() - begin;
    };
    millrace.recordInference({ model: 'gpt-4o', provider: 'openai', usage: { input: 10, output: 1 }, durationMs: 5 });
    const recordedMs = await visible('gpt-4o');
    const text = (key, value) => ({ key, value: { stringValue: value } });
    const now = String(BigInt(Date.now()) * 1000000n);
    const attributes = [
      text('gen_ai.operation.name', 'chat'),
      text('gen_ai.provider.name', 'openai'),
      text('gen_ai.request.model', 'gpt-4.1'),
      { key: 'gen_ai.usage.input_tokens', value: { intValue: 10 } },
    ];
    const span = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', name: 'chat', startTimeUnixNano: now, endTimeUnixNano: now, attributes };
    const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] });
    const sending = fetch('http://127.0.0.1:${port}/v1/traces', { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    const spanMs = await visible('gpt-4.1');
    await sending;
    console.log(JSON.stringify({ recordedMs, spanMs }));
    process.exit();`) as { recordedMs: number; spanMs: number };
}
