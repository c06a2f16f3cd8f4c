/**
 * What own metrics cost: a request of 100 spans from the receiver's edge through a processor to an exporter, with level none and detailed, and
 * one reading of the page. The requests come from memory, so that the share is larger than it can be with a socket before it.
 */
import { noClient } from '@millrace/api';
import { admitBytes, BufferPool, MemoryLedger } from '@millrace/wire';
import { negotiate, writeFamilies } from '@millrace/prometheus-format';
import { Exposition } from '../../packages/service/src/telemetry/exposition.ts';
import { pull, startLab } from '../../packages/service/test/telemetry-lab.ts';
import { traces } from '../../test/payloads.ts';

const rounds = 15;
const requests = 3_000;
const body = traces(100, { seed: 1 });
const pool = new BufferPool(new MemoryLedger(2 ** 30));

async function requestMicros(lab: Awaited<ReturnType<typeof startLab>>): Promise<number> {
  const next = lab.inputs.get('traces')!.over!('http');
  const before = process.cpuUsage();
  for (let i = 0; i < requests; i++) {
    const batch = admitBytes('traces', body, noClient, pool);
    await next.consume(batch);
    batch.release();
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / requests;
}

const labs = {
  none: await startLab({ metrics: { level: 'none' } }),
  detailed: await startLab(pull({}, { level: 'detailed' })),
};
for (const lab of Object.values(labs)) await lab.service.start();
const micros: Record<string, number[]> = { none: [], detailed: [] };
for (let round = 0; round < rounds; round++) for (const [level, lab] of Object.entries(labs)) micros[level]!.push(await requestMicros(lab));
for (const [level, values] of Object.entries(micros)) {
  const sorted = values.toSorted((a, b) => a - b);
  console.log(`${level.padEnd(10)} ${sorted[0]!.toFixed(2)} µs of CPU a request (best), ${sorted[rounds >> 1]!.toFixed(2)} (median)`);
}

const reader = { host: '', port: 0, without_scope_info: true, without_units: true, without_type_suffix: true };
const exposition = new Exposition(reader, { attributes: {}, schemaUrl: '', version: '' });
const before = process.cpuUsage();
const pages = 500;
for (let i = 0; i < pages; i++) {
  writeFamilies(exposition.families(await labs.detailed.service.ownMetrics()), negotiate('', { openMetrics: true }));
}
const { user, system } = process.cpuUsage(before);
console.log(`page       ${((user + system) / pages).toFixed(0)} µs of CPU`);
for (const lab of Object.values(labs)) await lab.service.shutdown();
