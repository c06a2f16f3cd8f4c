import { spawn } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createMillrace } from '@millrace/sdk';
import { createApp } from './app.ts';
import { DemoClock } from './clock.ts';
import { Demo } from './demo.ts';
import { incidentKinds } from './incidents.ts';
import type { IncidentKind } from './incidents.ts';
import { priceSettings } from './price.ts';
import type { TrafficOptions } from './traffic.ts';

const usage = `Usage: npm run demo -- [flags]

  --seed <text>        the same seed makes the same traffic (default: demo)
  --rate <number>      requests a second, on average (default: 5)
  --speed <number>     how fast time passes; over 1 it begins --days ago and catches up (default: 1)
  --days <number>      how long ago a fast demo begins (default: 7)
  --incidents <list>   what goes wrong: all, none, or some of ${incidentKinds.join(', ')} (default: all)
  --port <number>      of the demo's own interface (default: 8088)
  --otlp <url>         where the spans go (default: http://localhost:4318)
  --no-pipeline        do not start millrace beside it
`;

const { values } = parseArgs({
  allowNegative: true,
  options: {
    seed: { type: 'string', default: 'demo' },
    rate: { type: 'string', default: '5' },
    speed: { type: 'string', default: '1' },
    days: { type: 'string', default: '7' },
    incidents: { type: 'string', default: 'all' },
    port: { type: 'string', default: '8088' },
    otlp: { type: 'string', default: 'http://localhost:4318' },
    pipeline: { type: 'boolean', default: true },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(usage);
  process.exit(0);
}

const number = (name: 'rate' | 'speed' | 'days' | 'port'): number => {
  const value = Number(values[name]);
  if (!(value >= 0)) throw new Error(`--${name}: expected a number, got "${values[name]}"`);
  return value;
};

function incidents(): IncidentKind[] {
  if (values.incidents === 'all') return [...incidentKinds];
  if (values.incidents === 'none') return [];
  return values.incidents.split(',').map((name) => {
    const kind = incidentKinds.find((known) => known === name.trim());
    if (kind === undefined) throw new Error(`--incidents: "${name}" is none of ${incidentKinds.join(', ')}`);
    return kind;
  });
}

const traffic: TrafficOptions = { seed: values.seed, requestsPerSecond: number('rate'), incidents: incidents() };
const clock = new DemoClock(Math.max(1, number('speed')), number('days'));
const folder = join(import.meta.dirname, '..');
const pipeline = values.pipeline
  ? spawn(join(folder, '../cli/bin/millrace'), ['--config', join(folder, 'pipeline.yaml')], { stdio: 'inherit', cwd: folder })
  : undefined;

async function exportSpans(request: object): Promise<void> {
  const body = JSON.stringify(request);
  for (let attempt = 1; !stop.signal.aborted; attempt++) {
    try {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${values.otlp}/v1/traces`, { method: 'POST', headers, body, signal: AbortSignal.timeout(10_000) });
      await response.arrayBuffer();
      if (response.ok) return;
      if (response.status < 500 && response.status !== 429) throw new TypeError(`refused with ${response.status}`);
    } catch (error) {
      if (attempt === 1) process.stderr.write(`spans wait: ${(error as Error).message}\n`);
    }
    await delay(Math.min(5000, 100 * 2 ** attempt));
  }
}

const stop = new AbortController();
const millrace = await createMillrace({ serviceName: 'demo', prices: priceSettings() });
await millrace.recorder.ready();
const demo = new Demo({ ...traffic, recorder: millrace.recorder, export: exportSpans });
const app = createApp({ demo, traffic, now: () => clock.now() });
app.listen(number('port'), '127.0.0.1', () => {
  const { port } = app.address() as AddressInfo;
  process.stderr.write(`the demo answers on http://127.0.0.1:${port}\n`);
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    stop.abort();
    app.close();
    app.closeAllConnections();
    pipeline?.kill(signal);
  });
}

const stepMs = 250;
/** A step of a fast demo covers this much of its time at most, so that requests stay small. */
const longestMs = 60_000;
let lived = clock.now();
while (!stop.signal.aborted) {
  const until = Math.min(clock.now(), lived + longestMs);
  await demo.live(lived, until);
  lived = until;
  if (lived >= clock.now() - stepMs) await delay(stepMs);
}
await millrace.shutdown();
