/** Walks over requests of 100 items with realistic attributes: nanoseconds per item, from batch to new batch, whose release is included. */
import { BatchBuilder, BufferPool, MemoryLedger, admitBytes, key, noClient, walk } from '@millrace/wire';
import type { Visitor } from '@millrace/wire';
import { logs, metrics, traces } from '../../test/payloads.ts';
import { measure, printTable } from './measure.ts';
import type { Measurement } from './measure.ts';

const items = 100;
const pool = new BufferPool(new MemoryLedger(2 ** 30));
const requests = 8;
const batchesOf = {
  traces: Array.from({ length: requests }, (_, i) => admitBytes('traces', traces(items, { seed: i + 1 }), noClient, pool)),
  metrics: Array.from({ length: requests }, (_, i) => admitBytes('metrics', metrics(items, { seed: i + 1 }), noClient, pool)),
  logs: Array.from({ length: requests }, (_, i) => admitBytes('logs', logs(items, { seed: i + 1 }), noClient, pool)),
};

const region = key('deployment.region');
const route = key('http.route');
const thread = key('thread.name');
const tier = key('tenant.tier');
let seen = 0;

const insert: Visitor = { onSpan: (span) => span.attributes.setString(region, 'eu-west-1') };
const filter: Visitor = { onSpan: (span) => (span.attributes.equals(route, tier) ? 'drop' : undefined) };
const plugin: Visitor = {
  onSpan: ({ attributes }) => {
    const found = attributes.string(route);
    if (found !== undefined) attributes.setString(tier, `${found}!`);
  },
};
const remove: Visitor = { onSpan: (span) => void span.attributes.delete(thread) };
const count: Visitor = { onSpan: () => void seen++ };
const hash = new Uint32Array(2);

function run(name: string, signal: 'traces' | 'metrics' | 'logs', ...visitors: Visitor[]): Measurement {
  const group = walk(visitors, (_, error) => {
    throw error;
  });
  let next = 0;
  return measure(name, items, () => {
    const batch = batchesOf[signal][next++ % requests]!;
    const result = group.run(batch);
    if (result !== batch) result?.release();
  });
}

const builder = new BatchBuilder('traces', pool);
let copied = 0;

printTable([
  run('spans: name', 'traces', { onSpan: (span) => void (seen += Number(span.nameEquals(route))) }),
  run('spans: one attribute', 'traces', { onSpan: (span) => void (seen += Number(span.attributes.has(region))) }),
  run('spans: drop every tenth', 'traces', { onSpan: () => (seen++ % 10 === 0 ? 'drop' : undefined) }),
  run('spans: insert into every resource', 'traces', { onResource: (resource) => resource.attributes.setString(region, 'eu-west-1') }),
  run('spans: insert into every span', 'traces', insert),
  run('spans: five light visitors', 'traces', insert, filter, plugin, remove, count),
  run('spans: copy into a builder', 'traces', {
    onSpan: (span) => {
      builder.copy(span);
      if (++copied % items === 0) builder.finish()?.release();
    },
  }),
  run('points: count', 'metrics', { onDataPoint: () => void seen++ }),
  run('points: one attribute', 'metrics', { onDataPoint: (point) => void (seen += Number(point.attributes.has(region))) }),
  run('points: hash of the attributes', 'metrics', { onDataPoint: (point) => point.attributes.hash64(hash) }),
  run('points: insert into every point', 'metrics', { onDataPoint: (point) => point.attributes.setString(region, 'eu-west-1') }),
  run('records: severity', 'logs', { onLog: (log) => void (seen += log.severityNumber) }),
  run('records: one attribute', 'logs', { onLog: (log) => void (seen += Number(log.attributes.has(region))) }),
  run('records: insert into every record', 'logs', { onLog: (log) => log.attributes.setString(region, 'eu-west-1') }),
]);
