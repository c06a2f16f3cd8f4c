import { mkdtempSync, watch, writeFileSync, type FSWatcher } from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { exampleRequest, itemNames } from '@millrace/api/testing';
import { freePorts, startMillrace, type Millrace } from '../harness.ts';

/**
 * kill -9 under load with a stored queue and a destination that flaps: what was acknowledged arrives, what arrives twice was in flight at a
 * kill, and every start works. `node test/soak/kill.ts --kills 200`; `--fsync`, `--batch` and `--seed N` vary it. Exits with 1 when a bound is broken.
 */
const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    fsync: { type: 'boolean', default: false },
    batch: { type: 'boolean', default: false },
  },
});
const kills = Number(values.kills);
const itemsPerRequest = 100;
const offeredPerSecond = 9_000;
const floorPerSecond = 5_000;
const consumers = 8;
const batchItems = 1_000;
const senders = 16;
/** Half a minute for what is left at the end. */
const drainLimitMs = 30_000;

/** When a kill comes: at any time, just after a segment was made or deleted, or while the start reads what is there. */
type Phase = 'any' | 'rotation' | 'deletion' | 'recovery';
const phases: readonly Phase[] = ['any', 'rotation', 'deletion', 'recovery', 'any'];

let randomState = Number(values.seed);
function random(): number {
  randomState = (Math.imul(randomState, 1_664_525) + 1_013_904_223) >>> 0;
  return randomState / 2 ** 32;
}

// The destination: takes everything, is slow, answers 503, or breaks connections, each for a short time.
/** Items that arrived, with the number of kills before they last did. */
const received = new Map<string, number>();
/** Of the items that arrived again: how many had arrived before each kill last. */
const doubled: number[] = [];
let killed = 0;
let arrivals = 0;
type Mood = 'takes' | 'slow' | 'unavailable' | 'breaks';
let mood: Mood = 'takes';
const moods: readonly Mood[] = ['takes', 'slow', 'takes', 'unavailable', 'takes', 'breaks'];
const sink = createServer((incoming, response) => {
  const chunks: Buffer[] = [];
  incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
  incoming.on('error', () => {});
  incoming.on('end', () => {
    const take = (): void => {
      for (const name of itemNames(chunks)) {
        const before = received.get(name);
        if (before !== undefined) doubled[before] = (doubled[before] ?? 0) + 1;
        received.set(name, killed);
      }
      arrivals++;
      response.writeHead(200, { 'content-type': 'application/x-protobuf', 'content-length': '0' }).end();
    };
    if (mood === 'takes') take();
    else if (mood === 'slow') setTimeout(take, 30);
    else if (mood === 'unavailable') response.writeHead(503, { 'content-length': '0' }).end();
    else incoming.socket.destroy();
  });
});
sink.listen(0, '127.0.0.1');
await new Promise((resolve) => sink.once('listening', resolve));
let turn = 0;
const flapping = setInterval(() => (mood = moods[++turn % moods.length]!), 170);

const [port] = await freePorts(1);
const folder = mkdtempSync(join(tmpdir(), 'millrace-kill-'));
const queueDirectory = join(folder, 'queue', 'exporter_otlp_http__traces');
const config = {
  extensions: {
    file_storage: { directory: join(folder, 'queue'), create_directory: true, segment_size_mib: 0.1, fsync: values.fsync, timeout: '5s' },
  },
  receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
  exporters: {
    otlp_http: {
      endpoint: `http://127.0.0.1:${(sink.address() as AddressInfo).port}`,
      compression: 'none',
      retry_on_failure: { initial_interval: '20ms', max_interval: '100ms', max_elapsed_time: '0s' },
      sending_queue: {
        storage: 'file_storage',
        queue_size: 100_000,
        num_consumers: consumers,
        ...(values.batch && { batch: { flush_timeout: '20ms', min_size: 500, max_size: batchItems } }),
      },
    },
  },
  service: {
    telemetry: { metrics: { level: 'none' } },
    extensions: ['file_storage'],
    pipelines: { traces: { receivers: ['otlp'], exporters: ['otlp_http'] } },
  },
};
writeFileSync(join(folder, 'config.yaml'), JSON.stringify(config));
const start = (): Millrace => startMillrace(['--config', 'config.yaml'], { cwd: folder });

// The senders: each item has a number of its own, and is sent once.
let nextItem = 0;
let open = 0;
let acknowledgedItems = 0;
let refused = 0;
let maybeItems = 0;
/** First numbers of the acknowledged requests. */
const acknowledged: number[] = [];
const agent = new Agent({ keepAlive: true, maxSockets: senders });
function send(): void {
  const first = nextItem;
  nextItem += itemsPerRequest;
  open++;
  const outgoing = request(
    { host: '127.0.0.1', port, path: '/v1/traces', method: 'POST', agent, headers: { 'content-type': 'application/x-protobuf' } },
    (response) => {
      if (response.statusCode === 200) {
        acknowledged.push(first);
        acknowledgedItems += itemsPerRequest;
      } else {
        refused++;
      }
      response.resume();
    },
  );
  // The process was killed before it answered: the items may arrive, or not.
  outgoing.on('error', () => (maybeItems += itemsPerRequest));
  outgoing.on('close', () => open--);
  outgoing.end(exampleRequest('traces', itemsPerRequest, first));
}

let sending = false;
let readyMs = 0;
let due = 0;
let last = performance.now();
const load = setInterval(() => {
  const now = performance.now();
  if (sending) {
    readyMs += now - last;
    due = Math.min(due + ((now - last) / 1_000) * offeredPerSecond, offeredPerSecond / 5);
    for (; due >= itemsPerRequest && open < senders; due -= itemsPerRequest) send();
  }
  last = now;
}, 5);

/** Resolves with the next event in the directory of the queue that the test recognises, or after a second. */
function nextEvent(recognise: (event: string, name: string) => boolean): Promise<boolean> {
  return new Promise((resolve) => {
    let watcher: FSWatcher | undefined;
    const done = (found: boolean): void => {
      clearTimeout(timer);
      watcher?.close();
      resolve(found);
    };
    const timer = setTimeout(() => done(false), 1_000);
    try {
      watcher = watch(queueDirectory, (event, name) => {
        if (name !== null && recognise(event, name)) done(true);
      });
      watcher.on('error', () => done(false));
    } catch {
      done(false);
    }
  });
}

const known = new Set<string>();
/** inotify says `rename` when a name appears and when it goes. */
const made = (event: string, name: string): boolean => {
  if (event !== 'rename' || !name.endsWith('.segment')) return false;
  if (known.delete(name)) return false;
  known.add(name);
  return true;
};
const deleted = (event: string, name: string): boolean => {
  if (event !== 'rename' || !name.endsWith('.segment')) return false;
  if (known.delete(name)) return true;
  known.add(name);
  return false;
};

const done: Record<Phase, number> = { any: 0, rotation: 0, deletion: 0, recovery: 0 };
const failedStarts: string[] = [];
const outputs: string[] = [];

async function killOnce(phase: Phase): Promise<void> {
  const locked = phase === 'recovery' ? nextEvent((_event, name) => name === 'lock') : undefined;
  const millrace = start();
  if (locked !== undefined && (await locked)) {
    await delay(random() * 8);
    millrace.child.kill('SIGKILL');
    await millrace.exited;
    done.recovery++;
    return;
  }
  try {
    await millrace.says('Everything is ready');
  } catch (error) {
    failedStarts.push((error as Error).message);
    return;
  }
  sending = true;
  await delay(150 + random() * 500);
  let at: Phase = 'any';
  if (phase === 'rotation' && (await nextEvent(made))) at = 'rotation';
  if (phase === 'deletion' && (await nextEvent(deleted))) at = 'deletion';
  millrace.child.kill('SIGKILL');
  sending = false;
  await millrace.exited;
  outputs.push(millrace.output());
  done[at]++;
}

const startedMs = performance.now();
for (; killed < kills; killed++) await killOnce(phases[killed % phases.length]!);
clearInterval(flapping);
mood = 'takes';

const missing = (): number => {
  let count = 0;
  for (const first of acknowledged) {
    for (let i = 0; i < itemsPerRequest; i++) if (!received.has(`item-${String(first + i).padStart(8, '0')}`)) count++;
  }
  return count;
};
const millrace = start();
await millrace.says('Everything is ready');
for (let waited = 0; missing() > 0 && waited < drainLimitMs; waited += 200) await delay(200);
// What is left beside it, such as items whose sender was not answered, has come when nothing comes any more.
for (let before = -1; before !== arrivals;) {
  before = arrivals;
  await delay(500);
}
const code = await millrace.stop();
outputs.push(millrace.output());
clearInterval(load);
agent.destroy();
sink.closeAllConnections();
sink.close();

const lost = missing();
const duplicates = doubled.reduce((sum, items) => sum + items, 0);
const mostDuplicates = doubled.reduce((most, items) => Math.max(most, items), 0);
// A request that was cut in two has one half in flight and may have the other one delivered.
const inFlight = consumers * (values.batch ? batchItems + itemsPerRequest : itemsPerRequest);
const targeted = done.rotation + done.deletion + done.recovery;
const perSecond = (acknowledgedItems * 1_000) / readyMs;
const complaints = outputs.flatMap((output) =>
  output.split('\n').filter((line) => /damaged|Deleting from the storage failed|left alone/.test(line)),
);
const cut = outputs.flatMap((output) => output.split('\n').filter((line) => line.includes('It is cut off'))).length;
const checks: [string, boolean][] = [
  [`${kills} kills in ${((performance.now() - startedMs) / 1_000).toFixed(0)} s: ${JSON.stringify(done)}`, targeted >= kills / 4],
  [`every start worked (${failedStarts.length} failed) ${failedStarts[0] ?? ''}`, failedStarts.length === 0],
  [`${perSecond.toFixed(0)} items/s were acknowledged while it ran`, perSecond >= floorPerSecond],
  [`${lost} of ${acknowledgedItems} acknowledged items are lost`, lost === 0 && acknowledgedItems > 0],
  [
    `${duplicates} items arrived more than once: at most ${mostDuplicates} for one kill, at which at most ${inFlight} can have been in flight`,
    mostDuplicates <= inFlight,
  ],
  [`${maybeItems} items whose sender was not answered, ${refused} requests refused`, refused === 0],
  [`${cut} torn writes were cut off, nothing was damaged ${complaints[0] ?? ''}`, complaints.length === 0],
  [`clean exit (code ${code})`, code === 0],
];
for (const [text, holds] of checks) console.log(`${holds ? 'ok  ' : 'FAIL'} ${text}`);
if (checks.some(([, holds]) => !holds)) process.exitCode = 1;
