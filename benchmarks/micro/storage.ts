/**
 * What a stored queue costs: OTLP/HTTP in, a queue with and without storage, OTLP/HTTP out, one core; millrace beside the Collector with its
 * own file_storage. Prints items a second at saturation and CPU microseconds a request of 100 spans. `--quick` measures shorter; `--check` exits with 1 when a floor
 * is missed three times. Arguments: names of cases.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { install } from '../../test/peers/install.ts';
import { peers } from '../../test/peers/peers.ts';
import { floors } from '../floors.ts';
import { harnessCore, measure, type Plan } from '../measure.ts';
import type { Row, TargetName } from '../rows.ts';

interface Case {
  readonly target: TargetName;
  /** Absent: a queue in memory. */
  readonly fsync?: boolean;
}

const cases: Readonly<Record<string, Case>> = {
  'millrace-memory': { target: 'millrace' },
  'millrace-stored': { target: 'millrace', fsync: false },
  'millrace-fsync': { target: 'millrace', fsync: true },
  'otelcol-memory': { target: 'otelcol' },
  'otelcol-stored': { target: 'otelcol', fsync: false },
  'otelcol-fsync': { target: 'otelcol', fsync: true },
};

const { values, positionals } = parseArgs({ options: { quick: { type: 'boolean' }, check: { type: 'boolean' } }, allowPositionals: true });
const plan: Plan =
  values.quick === true || values.check === true
    ? { warmUpMs: 1000, windowMs: 1500, windows: 1 }
    : { warmUpMs: 2000, windowMs: 2000, windows: 3 };
const row: Row = { name: 'http', title: 'traces, HTTP', workload: { signal: 'traces', protocol: 'http', itemsPerRequest: 100 } };
const root = join(import.meta.dirname, '..', '..');
// On the disk of the repository: a temporary folder may be in memory.
const scratch = mkdtempSync(join(import.meta.dirname, '..', 'dist-storage-'));
const programs: Readonly<Record<TargetName, readonly string[]>> = {
  millrace: [join(root, 'packages/cli/bin/millrace'), '--workers', '1'],
  otelcol: [install(peers.otelcol)],
};

function configuration({ fsync }: Case, port: number, sinkPort: number): string {
  const directory = mkdtempSync(join(scratch, 'queue-'));
  const stored = fsync !== undefined;
  return JSON.stringify({
    ...(stored && { extensions: { file_storage: { directory, fsync } } }),
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
    exporters: {
      otlphttp: {
        endpoint: `http://127.0.0.1:${sinkPort}`,
        compression: 'none',
        sending_queue: { queue_size: 64, block_on_overflow: true, num_consumers: 8, ...(stored && { storage: 'file_storage' }) },
      },
    },
    service: {
      ...(stored && { extensions: ['file_storage'] }),
      telemetry: { metrics: { level: 'none' }, logs: { level: 'error' } },
      pipelines: { traces: { receivers: ['otlp'], exporters: ['otlphttp'] } },
    },
  });
}

execFileSync('taskset', ['-a', '-p', '-c', String(harnessCore), String(process.pid)], { stdio: 'ignore' });
/** Measures one case and returns its CPU microseconds a request; lost and refused requests count as a failure. */
async function run(name: string): Promise<number> {
  const one = cases[name]!;
  const result = await measure(row, plan, (port, sinkPort) => {
    const file = join(scratch, 'config.yaml');
    writeFileSync(file, configuration(one, port, sinkPort));
    return [...programs[one.target], '--config', file];
  });
  const perSecond = (result.utilisation / result.cpuPerRequestUs) * 1e6 * row.workload.itemsPerRequest;
  console.log(
    `${name.padEnd(18)}${perSecond.toFixed(0).padStart(8)} items/s  ${result.cpuPerRequestUs.toFixed(0).padStart(5)} µs CPU a request  ` +
      `${(result.utilisation * 100).toFixed(0)} % of the core  ${result.rssMiB.toFixed(0)} MiB  lost ${result.lost}, refused ${result.refused}` +
      (result.foreign > 0.1 ? `  (other programs used ${(result.foreign * 100).toFixed(0)} %)` : ''),
  );
  if (result.lost !== 0 || result.refused !== 0) process.exitCode = 1;
  return result.cpuPerRequestUs;
}

/** What a round of all cases misses of the floors. */
async function misses(): Promise<string[]> {
  const costUs: Record<string, number> = {};
  for (const name of Object.keys(cases)) costUs[name] = await run(name);
  const { minShareOfMemory, minStoredRatio, minFsyncRatio } = floors.storage;
  const shares: [string, number, number][] = [
    ['stored, of the rate in memory', costUs['millrace-memory']! / costUs['millrace-stored']!, minShareOfMemory],
    ['stored, of otelcol', costUs['otelcol-stored']! / costUs['millrace-stored']!, minStoredRatio],
    ['fsync, of otelcol', costUs['otelcol-fsync']! / costUs['millrace-fsync']!, minFsyncRatio],
  ];
  for (const [name, ratio, floor] of shares) console.log(`${name}: ${ratio.toFixed(2)}x, the floor is ${floor}x`);
  return shares.filter(([, ratio, floor]) => ratio < floor).map(([name]) => name);
}

execFileSync('taskset', ['-a', '-p', '-c', String(harnessCore), String(process.pid)], { stdio: 'ignore' });
try {
  if (values.check === true) {
    let missed = await misses();
    for (let attempt = 1; missed.length > 0 && attempt < 3; attempt++) missed = await misses();
    if (missed.length > 0) process.exitCode = 1;
  } else {
    for (const name of Object.keys(cases)) if (positionals.length === 0 || positionals.includes(name)) await run(name);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
