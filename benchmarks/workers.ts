import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { floors } from './floors.ts';
import type { LoadCounters } from './load/http1-load.ts';
import type { Workload } from './load/workload.ts';
import { median } from './measure.ts';
import { sampleCpu } from './process-tree.ts';
import { freePort, startTarget } from './target.ts';

/**
 * How much more two workers carry than one, on all cores: JSON traces in, batches out to nowhere, so that the load generator, which shares
 * the cores, takes little of them. Alternates between one and two workers; the medians are compared. `--check` compares with the floor.
 */
const rounds = 5;
const warmUpMs = 1500;
const windowMs = 2000;
const connections = 32;
const workload: Workload = { signal: 'traces', protocol: 'http', itemsPerRequest: 100, encoding: 'json', compression: 'gzip' };
const launcher = join(import.meta.dirname, '../packages/cli/bin/millrace');
const scratch = mkdtempSync(join(tmpdir(), 'millrace-workers-'));

async function itemsPerSecond(workers: number): Promise<{ rate: number; cores: number }> {
  const port = await freePort();
  const file = join(scratch, 'config.yaml');
  writeFileSync(
    file,
    `receivers: { otlp: { protocols: { http: { endpoint: 127.0.0.1:${port} } } } }
processors: { batch: { send_batch_size: 1024 } }
exporters: { nop: }
service:
  telemetry: { metrics: { level: none }, logs: { level: error } }
  pipelines: { traces: { receivers: [otlp], processors: [batch], exporters: [nop] } }
`,
  );
  const target = await startTarget([launcher, '--config', file, '--workers', String(workers)], port, undefined);
  // The port is open before the last worker listens.
  await delay(warmUpMs);
  const load = fork(join(import.meta.dirname, 'load/load.ts'), [String(port), JSON.stringify(workload), String(connections)], {
    execArgv: ['--conditions=@millrace/source'],
  });
  try {
    await once(load, 'message');
    const sample = async (): Promise<LoadCounters> => {
      load.send('sample');
      return ((await once(load, 'message')) as [LoadCounters])[0];
    };
    await delay(warmUpMs);
    const [before, cpuBefore, begin] = [await sample(), sampleCpu(target.pid, process.pid), performance.now()];
    await delay(windowMs);
    const [after, cpuAfter, end] = [await sample(), sampleCpu(target.pid, process.pid), performance.now()];
    load.send('stop');
    const seconds = (end - begin) / 1000;
    return {
      rate: ((after.acknowledged - before.acknowledged) * workload.itemsPerRequest) / seconds,
      cores: (cpuAfter.tree - cpuBefore.tree) / seconds,
    };
  } finally {
    load.disconnect();
    await target.stop();
  }
}

try {
  const rates: Record<1 | 2, number[]> = { 1: [], 2: [] };
  for (let round = 0; round < rounds; round++) {
    for (const workers of [1, 2] as const) {
      const { rate, cores } = await itemsPerSecond(workers);
      rates[workers].push(rate);
      console.log(`${workers} worker(s): ${Math.round(rate).toLocaleString('en')} spans/s, ${cores.toFixed(2)} cores`);
    }
  }
  const ratio = median(rates[2]) / median(rates[1]);
  console.log(`2 workers carry ${ratio.toFixed(2)} times what 1 carries (floor ${floors.workers.minRatio})`);
  if (process.argv.includes('--check') && ratio < floors.workers.minRatio) process.exitCode = 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
