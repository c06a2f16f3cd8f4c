import { parseArgs } from 'node:util';
import { measureStarts, measureVisibility } from './sdk/fresh.ts';
import { measureOverhead } from './sdk/overhead.ts';
import type { Overhead, Pair } from './sdk/overhead.ts';
import { cores, Program } from './sdk/program.ts';
import { middle, shown } from './sdk/statistics.ts';

/**
 * What millrace costs an application, the package as it is published: how soon it is ready, what recording a call costs by itself, and what a
 * service whose handler asks a vendor's model once takes with and without it. Everything is measured in turn with what it is compared to, in
 * processes of their own.
 *
 *   node benchmarks/sdk-overhead.ts [--pairs 1] [--rounds 40] [--requests 500] [--connections 100] [--delay 100] [--warm-up 20] [--control]
 *
 * What is measured has core 0, load and vendor the last one. `--pairs`: so many times with fresh processes, since no two are compiled alike.
 * `--control`: both services without millrace, which shows what the measurement itself is worth.
 */

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '40' },
    requests: { type: 'string', default: '500' },
    connections: { type: 'string', default: '100' },
    delay: { type: 'string', default: '100' },
    'warm-up': { type: 'string', default: '20' },
    control: { type: 'boolean', default: false },
  },
});
const starts = 15;
const portions = 60;

function row(name: string, value: string, limit = '', aim = ''): void {
  console.log(`| ${name} | ${value} | ${limit} | ${aim} |`);
}

const mib = (bytes: number): number => bytes / 2 ** 20;

async function showServices(): Promise<void> {
  const results: Overhead[] = [];
  for (let pair = 0; pair < Number(values.pairs); pair++) {
    const result = await measureOverhead({
      rounds: Number(values.rounds),
      warmUp: Number(values['warm-up']),
      requests: Number(values.requests),
      connections: Number(values.connections),
      delayMs: Number(values.delay),
      control: values.control,
      pair,
    });
    results.push(result);
    process.stderr.write(`pair ${pair + 1}: ${shown(middle(result.rounds.map(moreCpuUs)), 'µs')} more per request\n`);
  }
  const rounds = results.flatMap((result) => result.rounds);
  const plain = middle(rounds.map(({ without }) => without.cpuMs));
  const more = rounds.map(moreCpuUs);
  row('CPU per request, without', shown(plain, 'ms', 3));
  row('CPU per request, more', shown(middle(more), 'µs'));
  row('CPU per request, more', shown(middle(more.map((us) => us / plain.median / 10)), '%'), '2 %', '0.5 %');
  row('mean latency, more', shown(middle(rounds.map((pair) => pair.with.meanMs - pair.without.meanMs)), 'ms'), '3 ms');
  row('p99 latency, more', shown(middle(rounds.map((pair) => pair.with.p99Ms - pair.without.p99Ms)), 'ms'));
  const all = (of: (result: Overhead) => number): string => `${results.map((result) => mib(of(result)).toFixed(1)).join(', ')} MiB`;
  row(
    'resident memory at the end, more',
    all((result) => result.rssBytes),
    '100 MB',
    '25 MB',
  );
  row(
    'heap and buffers at the end, more',
    all((result) => result.heapBytes),
  );
}

/** Microseconds of CPU per request. */
const moreCpuUs = (pair: Pair): number => (pair.with.cpuMs - pair.without.cpuMs) * 1000;

async function showCalls(): Promise<void> {
  type Calls = Readonly<Record<'recordInference' | 'without' | 'observed' | 'traced', readonly number[]>>;
  const { said } = await Program.start(cores.measured, 'micro.ts', String(portions));
  const calls = said as Calls;
  const beyond = (us: readonly number[]): string => shown(middle(us.map((one, i) => one - calls.without[i]!)), 'µs');
  row('`recordInference`', shown(middle(calls.recordInference), 'µs', 2), '', '3 µs');
  row('`recordInference`, best portion', `${Math.min(...calls.recordInference).toFixed(2)} µs`, '', '3 µs');
  row('an observed call of `openai`, more', beyond(calls.observed));
  row('the same, with a span into a pipeline, more', beyond(calls.traced));
}

function showStarts(): void {
  const { bare, recording, pipeline } = measureStarts(starts);
  const idle = middle(bare.map(({ rssBytes }) => mib(rssBytes))).median;
  row('ready (import and `createMillrace`)', shown(middle(recording.map(({ readyMs }) => readyMs)), 'ms'), '50 ms');
  row('the same, CPU of all threads', shown(middle(recording.map(({ readyCpuMs }) => readyCpuMs)), 'ms'));
  row('ready, with a pipeline in the process', shown(middle(pipeline.map(({ readyMs }) => readyMs)), 'ms'));
  row('the same, CPU of all threads', shown(middle(pipeline.map(({ readyCpuMs }) => readyCpuMs)), 'ms'));
  row('node alone, since the process began', shown(middle(bare.map(({ wholeMs }) => wholeMs)), 'ms'));
  row('resident memory when ready, more', shown(middle(recording.map(({ rssBytes }) => mib(rssBytes) - idle)), 'MiB'), '100 MB', '25 MB');
  row('the same, with a pipeline in the process', shown(middle(pipeline.map(({ rssBytes }) => mib(rssBytes) - idle)), 'MiB'), '100 MB');
}

async function showVisibility(): Promise<void> {
  const { recordedMs, spanMs } = await measureVisibility();
  row('visible after `recordInference`', `${recordedMs.toFixed(1)} ms`, '1 s');
  row('visible after a span of OTLP was sent', `${spanMs.toFixed(1)} ms`, '1 s');
}

console.log(
  `${values.pairs} pairs of services, ${values.rounds} rounds each of ${values.requests} requests over ${values.connections} connections; ` +
    `the vendor answers after ${values.delay} ms${values.control ? '; control: both without millrace' : ''}\n`,
);
row('', 'median (95 % interval)', 'limit', 'aim');
row('---', '---', '---', '---');
if (!values.control) {
  showStarts();
  await showCalls();
  await showVisibility();
}
await showServices();
