/**
 * Mutation fuzzing of everything that reads requests, against the independent reference decoder of packages/wire/test.
 *
 *   npm run fuzz -- [--seconds 60] [--seed N] [--in-process]
 *
 * Sends mutants of realistic requests of three signals, protobuf and JSON, over HTTP and gRPC, plain, compressed, and compressed and damaged, to
 * the built command in the configuration of the benchmarks (or, with --in-process, to `admit` and `admitJson`). Fails when the process dies, an answer is late or odd, a verdict differs from the
 * reference's without being one of the written differences, or what arrives at the destination is not, as a multiset of items, what was
 * acknowledged. A quarter of the time goes to receivers jaeger and zipkin (see trace-formats.ts). The inputs of a failure are kept in the folder for temporary files.
 */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { differences, explain } from '../../packages/wire/test/differences.ts';
import { decode } from '../../packages/wire/test/reference.ts';
import { inProcessTarget } from './in-process.ts';
import { input, plainInput } from './inputs.ts';
import { itemsOf, judge } from './judge.ts';
import type { Input } from './judge.ts';
import { Multiset } from './multiset.ts';
import { runningReceiver } from './running-receiver.ts';
import type { Target } from './target.ts';
import { fuzzTraceFormats } from './trace-formats.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    'in-process': { type: 'boolean', default: false },
  },
});
const seconds = Number(values.seconds);
const seed = Number(values.seed);
/** The door itself knows nothing of compression. */
const inputOf = values['in-process'] ? plainInput : input;
const parallel = 8;
/** The part of the time that OTLP gets; the rest is for Jaeger and Zipkin. */
const otlpShare = 0.75;
const roundSize = 1000;
const drainLimitMs = 20_000;

/** Items that were acknowledged and have not arrived, as a multiset. */
const outstanding = new Multiset();
const counts = { accepted: 0, refused: 0, explained: 0, skipped: 0, items: 0, arrived: 0 };

const arrived: Target['arrived'] = (signal, bytes, items) => {
  const found = itemsOf(decode(signal, bytes));
  if (items !== undefined && items !== found.length) throw new Error(`${found.length} items are counted as ${items}`);
  counts.arrived += found.length;
  for (const item of found) outstanding.add(item, -1);
};

async function one(target: Target, tested: Input): Promise<void> {
  const { verdict, items } = judge(tested);
  if (verdict === 'unknown') {
    counts.skipped++;
    return;
  }
  const { accepted, reason } = await target.send(tested);
  if (accepted) {
    if (verdict === 'refuse') throw new Error('accepted what the reference refuses');
    counts.accepted++;
    counts.items += items.length;
    for (const item of items) outstanding.add(item, 1);
  } else {
    counts.refused++;
    if (verdict !== 'accept') return;
    if (explain(reason) === undefined) throw new Error(`refused what the reference accepts: ${reason}`);
    counts.explained++;
  }
}

/** Throws when what arrived is not what was acknowledged. */
async function drained(): Promise<void> {
  const limit = performance.now() + drainLimitMs;
  while (outstanding.size > 0 && performance.now() < limit) await delay(20);
  if (outstanding.size === 0) return;
  const { missing, surplus } = outstanding.difference();
  throw new Error(`${missing} acknowledged items did not arrive, ${surplus} items arrived that nobody sent`);
}

async function report(first: number, tested: readonly Input[], error: unknown): Promise<void> {
  process.exitCode = 1;
  const folder = await mkdtemp(join(tmpdir(), 'millrace-fuzz-failure-'));
  for (const [i, { signal, encoding, coding, sent }] of tested.entries()) {
    await writeFile(join(folder, [first + i, signal, encoding, ...(coding === undefined ? [] : [coding])].join('.')), sent);
  }
  console.error(`FAILED: ${error instanceof Error ? error.stack : String(error)}`);
  console.error(
    `${tested.length === 1 ? 'The input is' : 'The inputs of the round are'} in ${folder}. Again: npm run fuzz -- --seed ${seed}${values['in-process'] ? ' --in-process' : ''}`,
  );
}

async function round(target: Target, first: number): Promise<boolean> {
  let next = first;
  let failed = false;
  const worker = async (): Promise<void> => {
    while (next < first + roundSize && !failed) {
      const number = next++;
      const tested = inputOf(seed, number);
      try {
        await one(target, tested);
        target.check();
      } catch (error) {
        if (failed) return;
        failed = true;
        await report(number, [tested], error);
      }
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  if (failed) return false;
  try {
    await drained();
    return true;
  } catch (error) {
    await report(
      first,
      Array.from({ length: roundSize }, (_, i) => inputOf(seed, first + i)),
      error,
    );
    return false;
  }
}

console.log(`seed ${seed}, ${seconds} s, ${values['in-process'] ? 'in this process' : 'through the running receiver'}`);
const target = values['in-process'] ? inProcessTarget(arrived) : await runningReceiver(arrived);
const end = performance.now() + seconds * (values['in-process'] ? 1 : otlpShare) * 1000;
let number = 0;
try {
  while (performance.now() < end && (await round(target, number))) number += roundSize;
} finally {
  await target.stop();
}
console.log(
  `${counts.accepted} requests accepted with ${counts.items} items (${counts.arrived} arrived), ${counts.refused} refused, ` +
    `of which ${counts.explained} by the ${differences.length} explained differences; ${counts.skipped} not sent, as the reference cannot judge them`,
);
if (!values['in-process'] && process.exitCode === undefined) {
  try {
    console.log(await fuzzTraceFormats(seed, seconds * (1 - otlpShare)));
  } catch (error) {
    process.exitCode = 1;
    console.error('FAILED:', error);
    console.error(`Again: npm run fuzz -- --seed ${seed}`);
  }
}
