import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { balances, freePorts, ledgerOf, runConfig, startDestination } from '../harness.ts';
import { traces } from '../payloads.ts';

/**
 * Ten times overload against a slow sink: memory stays flat, the sink keeps receiving at its capacity, refusals are signalled, the books
 * balance. `node test/soak/overload.ts --seconds 30`: that long at one time the sink's capacity and that long at ten times. Exits with 1
 * when a bound is broken.
 */
const { values } = parseArgs({ options: { seconds: { type: 'string', default: '30' } } });
const phaseMs = Number(values.seconds) * 1_000;
const spansPerRequest = 100;
const consumers = 4;
const batchSize = 1_000;
const capacityPerSecond = 10_000;
/** Each worker has consumers of its own. */
const answerAfterMs = (availableParallelism() * consumers * batchSize * 1_000) / capacityPerSecond;
const rssRatioLimit = 1.3;
const capacityShareFloor = 0.9;

const [port] = await freePorts(1);
const sink = await startDestination();
let answering = 0;
sink.behave = (_request, response) => {
  answering++;
  setTimeout(() => {
    answering--;
    response.writeHead(200, { 'content-type': 'application/x-protobuf', 'content-length': '0' }).end();
  }, answerAfterMs);
};
const millrace = await runConfig({
  receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
  processors: { batch: { send_batch_size: batchSize, send_batch_max_size: batchSize, timeout: '200ms' } },
  exporters: {
    otlp_http: {
      endpoint: `http://127.0.0.1:${sink.port}`,
      compression: 'none',
      sending_queue: { queue_size: 16, num_consumers: consumers, block_on_overflow: true },
    },
  },
  service: { pipelines: { traces: { receivers: ['otlp'], processors: ['batch'], exporters: ['otlp_http'] } } },
});

const bodies = Array.from({ length: 8 }, (_, seed) => traces(spansPerRequest, { seed: seed + 1 }));
const clients = 400;
/** Each client keeps its connection and takes its turn, so that the same connections are open at both rates and both workers have their share. */
const agent = new Agent({ keepAlive: true, maxSockets: clients, maxFreeSockets: clients, scheduling: 'fifo' });
const rssMiB = (): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${millrace.pid}/status`, 'latin1'))?.[1]) / 1024;

/** Sends one request and says the status of its answer once, 0 when there is none. */
function send(body: Uint8Array, answered: (code: number) => void): void {
  const outgoing = request(
    { host: '127.0.0.1', port, path: '/v1/traces', method: 'POST', agent, headers: { 'content-type': 'application/x-protobuf' } },
    (response) => response.resume().on('close', () => answered(response.statusCode ?? 0)),
  );
  outgoing.on('error', () => answered(0));
  outgoing.end(body);
}

/** Sends at a fixed rate whatever the answers are, as independent clients would; returns what was seen. */
async function load(times: number): Promise<{ accepted: number; refused: number; peakRssMiB: number; sinkBusyShare: number }> {
  const perSecond = (capacityPerSecond / spansPerRequest) * times;
  const seen = { accepted: 0, refused: 0, peakRssMiB: 0, sinkBusyShare: 0 };
  let sent = 0;
  let open = 0;
  let ticks = 0;
  let busy = 0;
  const start = performance.now();
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const elapsedMs = performance.now() - start;
      ticks++;
      busy += answering / (availableParallelism() * consumers);
      seen.peakRssMiB = Math.max(seen.peakRssMiB, rssMiB());
      if (elapsedMs > phaseMs) {
        clearInterval(timer);
        resolve();
        return;
      }
      const due = (elapsedMs / 1_000) * perSecond;
      for (; sent < due; sent++) {
        if (open >= clients) continue;
        open++;
        send(bodies[sent % bodies.length]!, (code) => {
          open--;
          if (code === 200) seen.accepted++;
          else seen.refused++;
        });
      }
    }, 20);
  });
  seen.sinkBusyShare = busy / ticks;
  return seen;
}

await Promise.all(
  Array.from({ length: clients }, (_, index) => new Promise<number>((resolve) => send(bodies[index % bodies.length]!, resolve))),
);
await load(0.9);
const once = await load(1);
const tenfold = await load(10);
agent.destroy();
sink.behave = (_request, response) => void response.writeHead(200, { 'content-length': '0' }).end();
const code = await millrace.stop();
await sink.close();

const unbalanced = Object.entries(balances(millrace.output())).filter(([, balance]) => balance !== 0);
const checks: [string, boolean][] = [
  [
    `RSS ${tenfold.peakRssMiB.toFixed(0)} MiB at ten times, ${once.peakRssMiB.toFixed(0)} MiB at one`,
    tenfold.peakRssMiB <= rssRatioLimit * once.peakRssMiB,
  ],
  [
    `the sink was used to ${(100 * tenfold.sinkBusyShare).toFixed(0)} % of its capacity of ${capacityPerSecond} spans/s`,
    tenfold.sinkBusyShare >= capacityShareFloor,
  ],
  [`${tenfold.refused} requests were refused, ${tenfold.accepted} accepted`, tenfold.refused > 0],
  [`the books balance (${JSON.stringify(unbalanced)})`, unbalanced.length === 0 && Object.keys(ledgerOf(millrace.output())).length > 0],
  [`clean exit (code ${code})`, code === 0],
];
for (const [text, holds] of checks) console.log(`${holds ? 'ok  ' : 'FAIL'} ${text}`);
if (checks.some(([, holds]) => !holds)) process.exitCode = 1;
