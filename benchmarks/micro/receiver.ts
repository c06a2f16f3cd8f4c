/**
 * What receiving costs: receiver `otlp` in this process with a consumer that does nothing, loaded by a child process over raw sockets.
 * Prints CPU microseconds of this process (all threads) per request of 100 items. Arguments: names of cases; none means all.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Consumer, Signal } from '@millrace/api';
import { configOf, systemClock, testContext, testHost } from '@millrace/api/testing';
import { factory } from '@millrace/receiver-otlp';
import { BufferPool, MemoryLedger } from '@millrace/wire';
import type { LoadCounters } from '../load/http1-load.ts';
import type { Workload } from '../load/workload.ts';

const cases: Readonly<Record<string, Workload>> = {
  http: { signal: 'traces', protocol: 'http', itemsPerRequest: 100 },
  grpc: { signal: 'traces', protocol: 'grpc', itemsPerRequest: 100 },
  'http-gzip': { signal: 'traces', protocol: 'http', itemsPerRequest: 100, compression: 'gzip' },
  'grpc-gzip': { signal: 'traces', protocol: 'grpc', itemsPerRequest: 100, compression: 'gzip' },
  'http-json': { signal: 'traces', protocol: 'http', itemsPerRequest: 100, encoding: 'json' },
  'http-logs': { signal: 'logs', protocol: 'http', itemsPerRequest: 100 },
  'http-metrics': { signal: 'metrics', protocol: 'http', itemsPerRequest: 100 },
};
const warmUpMs = 1500;
const windowMs = 1000;
const windows = 5;
const loadProgram = new URL('../load/load.ts', import.meta.url).pathname;

async function measure(workload: Workload): Promise<string> {
  const pool = new BufferPool(new MemoryLedger(1024 * 1024 * 1024));
  const sink: Consumer = { consume: () => undefined };
  const next = new Map<Signal, Consumer>([[workload.signal, sink]]);
  const context = testContext({ kind: 'receiver', clock: systemClock });
  const config = configOf(factory, { protocols: { [workload.protocol]: { endpoint: '127.0.0.1:0' } } });
  const receiver = factory.create(config, next, context);
  const host = {
    ...testHost(),
    pool,
    memory: pool.ledger,
    fatal: (error: Error) => {
      throw error;
    },
  };
  await receiver.start?.(host);
  const port = /\d+$/.exec(context.lines[0]!.attributes!['endpoint'] as string)![0];
  const load = fork(loadProgram, [port, JSON.stringify(workload)], { execArgv: ['--conditions=@millrace/source'] });
  await once(load, 'message');
  const sample = async (): Promise<LoadCounters> => {
    load.send('sample');
    return (await once(load, 'message'))[0] as LoadCounters;
  };
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  await pause(warmUpMs);
  const costs: number[] = [];
  for (let i = 0; i < windows; i++) {
    const before = await sample();
    const cpu = process.cpuUsage();
    await pause(windowMs);
    const used = process.cpuUsage(cpu);
    const after = await sample();
    if (after.refused + after.failed > 0) throw new Error('requests failed');
    costs.push((used.user + used.system) / (after.acknowledged - before.acknowledged));
  }
  costs.sort((a, b) => a - b);
  load.disconnect();
  await receiver.shutdown?.(AbortSignal.timeout(1000));
  const rssMb = Math.round(process.memoryUsage.rss() / 1e6);
  return `${costs[windows >> 1]!.toFixed(1)} µs (${costs[0]!.toFixed(1)} to ${costs.at(-1)!.toFixed(1)}), ${rssMb} MB`;
}

const wanted = process.argv.slice(2);
for (const [name, workload] of Object.entries(cases)) {
  if (wanted.length === 0 || wanted.includes(name)) console.log(`${name.padEnd(14)}${await measure(workload)}`);
}
