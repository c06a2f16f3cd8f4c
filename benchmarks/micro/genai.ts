/**
 * What processor `genai` and connector `genaimetrics` cost: nanoseconds a span, and above the bare walk a span of generative AI, over requests of
 * 100 spans of which 30 % are calls of models, and over spans of real instrumentations (packages/genai/testdata/spans). From batch to new batch.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessorVisitor } from '@millrace/api';
import { Sink, configOf, systemClock, testContext } from '@millrace/api/testing';
import { factory as connectorFactory } from '@millrace/connector-genai-metrics';
import { CallReader } from '@millrace/genai';
import { factory as processorFactory } from '@millrace/processor-genai';
import { BufferPool, MemoryLedger, admitBytes, admitJson, noClient, walk } from '@millrace/wire';
import type { Batch, Visitor } from '@millrace/wire';
import { traces } from '../../test/payloads.ts';

const memory = new MemoryLedger(2 ** 30);
const pool = new BufferPool(memory);
const host = { pool, memory } as never;
/** Short ones, so that some are not interrupted. */
const rounds = 400;

function recorded(): Batch[] {
  const folder = join(import.meta.dirname, '../../packages/genai/testdata/spans');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => {
      const { request } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as { request: object };
      const text = Buffer.from(JSON.stringify(request));
      const lease = pool.lease(text.length);
      text.copy(lease.buffer);
      return admitJson('traces', lease, 0, text.length, noClient);
    });
}

const fail = (_: unknown, error: unknown): never => {
  throw error;
};

async function processor(emit: string): Promise<ProcessorVisitor> {
  const visitor = processorFactory.visit!(configOf(processorFactory, { emit }), testContext({ id: 'genai', signal: 'traces' }));
  await visitor.start?.(host);
  return visitor;
}

/** A stage that counts and never reports in between. */
async function connector(): Promise<(batch: Batch) => void> {
  const context = testContext({
    id: 'genaimetrics',
    kind: 'connector',
    signal: 'traces',
    clock: { ...systemClock, now: () => Date.now() },
  });
  const sink = new Sink();
  const config = configOf(connectorFactory, { flush_interval: '1h' });
  const stage = connectorFactory.create(config, { all: sink, byPipeline: new Map([['metrics', sink]]) }, context);
  await stage.start?.(host);
  return (batch) => void stage.consume(batch);
}

function through(...visitors: Visitor[]): (batch: Batch, then?: (batch: Batch) => void) => void {
  const group = walk(visitors, fail);
  return (batch, then) => {
    const result = group.run(batch);
    if (result === undefined) return;
    then?.(result);
    if (result !== batch) result.release();
  };
}

const reader = new CallReader();
let seen = 0;
const count = await connector();
const countBoth = await connector();
const process1 = through(await processor('latest'));
const variants: Readonly<Record<string, (batch: Batch) => void>> = {
  'bare walk': through({ onSpan: () => void seen++ }),
  CallReader: through({ onSpan: (span) => void (seen += reader.readSpan(span).level.length) }),
  'genai, emit: keep': through(await processor('keep')),
  'genai, emit: latest': through(await processor('latest')),
  'genai, emit: 1.36': through(await processor('1.36')),
  genaimetrics: count,
  'genai (latest), then genaimetrics': (batch) => process1(batch, countBoth),
};
const workloads = {
  'requests of 100 spans, 30 % of generative AI': Array.from({ length: 8 }, (_, i) =>
    admitBytes('traces', traces(100, { seed: i + 1 }), noClient, pool),
  ),
  'spans of real instrumentations': recorded(),
};

/** Parts of the names of a row and of a workload: to profile one. */
const [, , row = '', workload = ''] = process.argv;
for (const [title, batches] of Object.entries(workloads)) {
  if (!title.includes(workload)) continue;
  let items = 0;
  let operations = 0;
  const tally = through({ onSpan: (span) => void (operations += Number(reader.readSpan(span).level !== 'none')) });
  for (const batch of batches) {
    items += batch.items;
    tally(batch);
  }
  const nanos = new Map<string, number[]>(Object.keys(variants).map((name) => [name, []]));
  // Side by side, so that a change of the machine's speed meets all of them.
  for (let round = -20; round < rounds; round++) {
    for (const [name, run] of Object.entries(variants)) {
      if (!name.includes(row)) continue;
      const start = process.hrtime.bigint();
      for (const batch of batches) run(batch);
      if (round >= 0) nanos.get(name)!.push(Number(process.hrtime.bigint() - start) / items);
    }
  }
  const best = (name: string): number => Math.min(...nanos.get(name)!);
  const median = (name: string): number => nanos.get(name)!.toSorted((a, b) => a - b)[rounds / 2] ?? Number.NaN;
  console.log(`\n${title}: ${items} spans, ${operations} of generative AI`);
  console.log(`${'ns'.padEnd(36)}a span (best)   median   an operation`);
  for (const name of Object.keys(variants)) {
    const above = ((best(name) - best('bare walk')) * items) / operations;
    console.log(
      `${name.padEnd(36)}${best(name).toFixed(0).padStart(13)}${median(name).toFixed(0).padStart(9)}${above.toFixed(0).padStart(15)}`,
    );
  }
}
process.exit();
