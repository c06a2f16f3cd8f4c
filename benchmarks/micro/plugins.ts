/**
 * Plugins against the built-in processor `attributes`, and five of them in one walk against one: nanoseconds per span over requests of 100 spans
 * with realistic attributes, from batch to new batch. The ratios are checked against benchmarks/floors.json.
 */
import { defineProcessor, key } from '@millrace/api';
import type { ProcessorFactory, Visitor } from '@millrace/api';
import { configOf, testContext } from '@millrace/api/testing';
import { factory as attributes } from '@millrace/processor-attributes';
import { BufferPool, MemoryLedger, admitBytes, noClient, walk } from '@millrace/wire';
import { traces } from '../../test/payloads.ts';
import { floors } from '../floors.ts';
import { printTable } from './measure.ts';
import type { Measurement } from './measure.ts';

const items = 100;
const rounds = 105;
const pool = new BufferPool(new MemoryLedger(2 ** 30));
const batches = Array.from({ length: 8 }, (_, i) => admitBytes('traces', traces(items, { seed: i + 1 }), noClient, pool));

const region = key('deployment.region');
const eu = key('eu-west-1');
const us = key('us-east-1');
const method = key('http.request.method');
const get = key('GET');
const route = key('http.route');
const status = key('http.response.status_code');
const tier = key('tenant.tier');
const thread = key('thread.name');

/** Compares an attribute, reads a number, sets a third. */
const tag = defineProcessor({
  type: 'tag',
  spans: ({ attributes: found }) => {
    const failed = found.equals(method, get) && (found.number(status) ?? 0) >= 500;
    found.setString(region, failed ? us : eu);
  },
});
/** The same with a text that is decoded, since a plugin may want one. */
const decode = defineProcessor({
  type: 'decode',
  spans: ({ attributes: found }) => {
    const failed = found.string(route)?.startsWith('/') === true && (found.number(status) ?? 0) >= 500;
    found.setString(region, failed ? us : eu);
  },
});
const filter = defineProcessor({ type: 'filter', spans: (span) => (span.attributes.equals(route, tier) ? 'drop' : undefined) });
const remove = defineProcessor({ type: 'remove', spans: (span) => void span.attributes.delete(thread) });
const slow = defineProcessor({
  type: 'slow',
  setup: () => ({ count: 0 }),
  spans: (span, state) => {
    if (span.durationNanos > 1e9) state.count++;
  },
});
const count = defineProcessor({ type: 'count', setup: () => ({ count: 0 }), spans: (_, state) => void state.count++ });

async function visitorOf<C>(factory: ProcessorFactory<C>, config: object = {}): Promise<Visitor> {
  const visitor = factory.visit?.(configOf(factory, config), testContext());
  if (visitor === undefined) throw new Error(`${factory.type} is no visitor`);
  await visitor.start?.(undefined as never);
  return visitor;
}

/** One way to process a batch, of which the fastest rounds are kept. */
function candidate(
  name: string,
  visitors: readonly Visitor[],
): { readonly name: string; readonly nanos: number[]; run(times: number): void } {
  const group = walk(visitors, (_, error) => {
    throw error;
  });
  let next = 0;
  const nanos: number[] = [];
  const run = (times: number): void => {
    const start = process.hrtime.bigint();
    for (let i = 0; i < times; i++) {
      const batch = batches[next++ % batches.length]!;
      const result = group.run(batch);
      if (result !== batch) result?.release();
    }
    nanos.push(Number(process.hrtime.bigint() - start) / times / items);
  };
  return { name, nanos, run };
}

const insert = await visitorOf(attributes, { actions: [{ key: 'deployment.region', value: 'eu-west-1', action: 'upsert' }] });
const candidates = [
  candidate('built-in attributes, one upsert', [insert]),
  candidate('plugin, two reads and one set', [await visitorOf(tag)]),
  candidate('the same, one of them decoded to a text', [await visitorOf(decode)]),
  candidate('five plugins in one walk', await Promise.all([tag, filter, remove, slow, count].map((plugin) => visitorOf(plugin)))),
];
// Side by side, so that a change of the machine's speed meets all of them.
for (let round = 0; round < rounds; round++) for (const one of candidates) one.run(50);

const rows: Measurement[] = candidates.map(({ name, nanos }) => {
  const sorted = nanos.slice(5).sort((a, b) => a - b);
  return { name, nanosPerItem: sorted[0]!, medianNanosPerItem: sorted[sorted.length >> 1]! };
});
printTable(rows);

/** The median of the ratios of single rounds: the two were measured within milliseconds of each other. */
function ratio(of: number, to: number): number {
  const rounds = candidates[of]!.nanos.map((nanos, round) => nanos / candidates[to]!.nanos[round]!).slice(5);
  return rounds.sort((a, b) => a - b)[rounds.length >> 1]!;
}

const { maxOfBuiltIn, maxDecodingOfBuiltIn, maxFiveOfOne } = floors.plugins;
const results = [
  { name: 'a plugin against the built-in', ratio: ratio(1, 0), limit: maxOfBuiltIn },
  { name: 'a plugin that decodes a text', ratio: ratio(2, 0), limit: maxDecodingOfBuiltIn },
  { name: 'five plugins against one', ratio: ratio(3, 1), limit: maxFiveOfOne },
];
for (const { name, ratio, limit } of results) {
  console.log(`${name}: ${ratio.toFixed(2)} (at most ${limit})`);
  if (ratio > limit) process.exitCode = 1;
}
