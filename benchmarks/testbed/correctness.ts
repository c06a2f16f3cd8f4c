import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { ByteWriter, walk } from '@millrace/wire';
import type { Batch, ResourceView, ScopeView, SpanView } from '@millrace/wire';
import { fromPlain, toPlain } from '@millrace/wire/plain';
import { writeJson } from '../../packages/exporter-zipkin/src/write-json.ts';
import { resourceTags, scopeTags, zipkinSpan } from '../../packages/exporter-zipkin/src/zipkin-span.ts';
import { freePort } from '../target.ts';
import { startAgent } from './agent.ts';
import { startBackend } from './backend.ts';
import { correctnessConfiguration, receiverYaml } from './configuration.ts';
import { addOtlp, compare, partsOf } from './facts.ts';
import type { Comparison, Items, Part as ItemPart } from './facts.ts';
import { goldenLogs, goldenMetrics, goldenPrometheusMetrics, goldenSpans } from './golden.ts';
import type { Part, PartOptions } from './part.ts';
import { pool, postSpansRequest } from './payload.ts';
import { openStream } from './sender.ts';
import { addExposition, addMetric, expositionOf } from './series.ts';
import { addSpan, zipkinSpans } from './span-facts.ts';
import type { SpanFormat } from './span-facts.ts';

interface Pair {
  readonly signal: 'traces' | 'metrics' | 'logs';
  readonly receiver: 'grpc' | 'http' | 'jaeger' | 'zipkin' | 'prometheus';
  readonly exporter: 'grpc' | 'http' | 'zipkin' | 'prometheus';
}

interface Outcome extends Comparison {
  readonly sent: number;
  readonly refused: number;
  readonly exitCode: number;
}

const pairsOf = (signal: Pair['signal'], receivers: readonly Pair['receiver'][], exporters: readonly Pair['exporter'][]): Pair[] =>
  receivers.flatMap((receiver) => exporters.map((exporter) => ({ signal, receiver, exporter })));
const pairs: readonly Pair[] = [
  ...pairsOf('traces', ['grpc', 'http', 'jaeger', 'zipkin'], ['grpc', 'http', 'zipkin']),
  ...pairsOf('metrics', ['grpc', 'http', 'prometheus'], ['grpc', 'http', 'prometheus']),
  ...pairsOf('logs', ['grpc', 'http'], ['grpc', 'http']),
];

/** Upstream's load: so many items a second, one in a batch, for two seconds. */
const itemsPerSecond = 1024;
const loadSeconds = 2;
/** Upstream waits for 3 s; the discovery of the Collector's prometheus receiver alone takes 5 s. */
const arriveWithinMs = 10_000;
const toleranceNs = 1_000_000n;

const golden = ({ signal, receiver, exporter }: Pair): typeof goldenSpans =>
  signal === 'traces'
    ? goldenSpans
    : signal === 'logs'
      ? goldenLogs
      : receiver === 'prometheus' || exporter === 'prometheus'
        ? goldenPrometheusMetrics
        : goldenMetrics;

/** Adds what is known of an item on the way of a pair. */
function adder({ signal, receiver, exporter }: Pair): (items: Items, part: ItemPart) => void {
  const formats = [receiver, exporter].filter((name): name is SpanFormat => name === 'jaeger' || name === 'zipkin');
  if (formats.length > 0) return (items, part) => addSpan(items, part, formats);
  if (receiver === 'prometheus' || exporter === 'prometheus') return addMetric;
  return (items, part) => addOtlp(items, signal, part);
}

function zipkinRequest(batch: Batch): Buffer {
  const writer = new ByteWriter(pool.lease(batch.sizeBytes * 4 + 4096));
  let tags: ReturnType<typeof resourceTags>;
  writer.text('[');
  const visitor = {
    onResource: (resource: ResourceView) => void (tags = resourceTags(resource, 'none')),
    onScope: (scope: ScopeView) => void (tags = scopeTags(tags, scope)),
    onSpan: (span: SpanView) => writeJson(writer, zipkinSpan(span, tags)!),
  };
  walk([visitor], (_visitor, problem) => {
    throw problem;
  }).run(batch);
  writer.text(']');
  return Buffer.from(writer.buffer.subarray(0, writer.position));
}

/** A page of metrics to be scraped. */
async function servePage(page: string): Promise<{ port: number; close(): void }> {
  const server = createServer((_request, response) => response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(page));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function exporterYaml(exporter: Pair['exporter'], port: number): { id: string; yaml: string } {
  const address = `127.0.0.1:${port}`;
  if (exporter === 'prometheus') return { id: 'prometheus', yaml: `prometheus:\n    endpoint: "${address}"` };
  if (exporter === 'zipkin') return { id: 'zipkin', yaml: `zipkin:\n    endpoint: "http://${address}/api/v2/spans"` };
  const id = exporter === 'http' ? 'otlphttp' : 'otlp';
  return { id, yaml: `${id}:\n    endpoint: "${exporter === 'http' ? 'http://' : ''}${address}"\n    \n    tls:\n      insecure: true` };
}

const scraping = (port: number): { id: string; yaml: string } => ({
  id: 'prometheus',
  yaml: `prometheus:
    config:
      scrape_configs:
        - job_name: testbed
          scrape_interval: 200ms
          scrape_timeout: 200ms
          static_configs:
            - targets: ['127.0.0.1:${port}']`,
});

async function run(pair: Pair, command: readonly string[]): Promise<Outcome> {
  const { signal, receiver, exporter } = pair;
  const make = golden(pair);
  const add = adder(pair);
  const sent: Items = new Map();
  const received: Items = new Map();
  const batches = Array.from({ length: itemsPerSecond * loadSeconds }, (_, item) => fromPlain(signal, make(item), pool));
  const parts = batches.flatMap((batch) => partsOf(signal, toPlain(signal, batch)));
  for (const part of parts) add(sent, part);

  const backend = await startBackend(exporter === 'grpc' ? 'grpc' : 'http', (body) => {
    const arrived = exporter === 'zipkin' ? zipkinSpans(body) : partsOf(signal, toPlain(signal, body));
    for (const part of arrived) add(received, part);
  });
  const page = receiver === 'prometheus' ? await servePage(parts.map(expositionOf).join('')) : undefined;
  const [receiverPort, telemetryPort, scrapePort] = [await freePort(), await freePort(), await freePort()];
  const from = page === undefined ? receiverYaml(receiver as 'grpc', receiverPort) : scraping(page.port);
  const to = exporterYaml(exporter, exporter === 'prometheus' ? scrapePort : backend.port);
  const configuration = correctnessConfiguration(signal, from, to, telemetryPort);
  try {
    const agent = await startAgent(command, () => configuration, page === undefined ? receiverPort : telemetryPort);
    const refused = page === undefined ? await sendAll(pair, batches, receiverPort) : 0;
    const deadline = performance.now() + arriveWithinMs;
    do {
      if (exporter === 'prometheus') {
        const answer = await fetch(`http://127.0.0.1:${scrapePort}/metrics`);
        addExposition(received, await answer.text());
      }
      await delay(100);
    } while (received.size < sent.size && performance.now() < deadline);
    const { exitCode } = await agent.stop();
    return { sent: sent.size, refused, exitCode, ...compare(sent, received, toleranceNs) };
  } finally {
    page?.close();
    await backend.close();
  }
}

/** Sends each batch once, at the rate of the load; how many were refused. */
async function sendAll({ signal, receiver }: Pair, batches: readonly Batch[], port: number): Promise<number> {
  const stream = openStream({ signal, protocol: receiver as 'grpc' }, port);
  const encode =
    receiver === 'jaeger' ? postSpansRequest : receiver === 'zipkin' ? zipkinRequest : (batch: Batch): Buffer => Buffer.from(batch.bytes);
  const bodies = batches.map((batch) => stream.prepare(encode(batch)));
  let refused = 0;
  const began = performance.now();
  for (const [i, body] of bodies.entries()) {
    const waitMs = began + (i * 1000) / itemsPerSecond - performance.now();
    if (waitMs > 1) await delay(waitMs);
    if (!(await stream.send(body))) refused++;
  }
  stream.close();
  return refused;
}

function problemsOf({ missing, different, refused, exitCode, examples }: Outcome): string[] {
  return [
    ...(refused > 0 ? [`${refused} refused`] : []),
    ...(missing > 0 ? [`${missing} missing`] : []),
    ...(different > 0 ? [`${different} different, as ${examples[0]!.slice(0, 200).replaceAll('|', '\\|')}`] : []),
    ...(exitCode === 0 ? [] : [`exit code ${exitCode}`]),
  ];
}

const names = { grpc: 'otlp gRPC', http: 'otlp HTTP', jaeger: 'jaeger', zipkin: 'zipkin', prometheus: 'prometheus' } as const;
const cell = (outcome: Outcome): string => {
  const problems = problemsOf(outcome);
  return problems.length === 0 ? `${outcome.sent} of ${outcome.sent}` : `**${problems.join('; ')}**`;
};

/** Sends golden data through every pair of a receiver and an exporter of otelcol and millrace, and compares what arrives field by field. */
export async function runCorrectness({ commands, only, verbose }: PartOptions): Promise<Part> {
  const rows: string[] = [];
  let failures = 0;
  for (const pair of pairs) {
    const name = `${pair.signal}: ${names[pair.receiver]} to ${names[pair.exporter]}`;
    if (!name.includes(only)) continue;
    const theirs = pair.exporter === 'zipkin' ? undefined : await run(pair, commands.otelcol);
    const ours = await run(pair, commands.millrace);
    if (problemsOf(ours).length > 0) failures++;
    if (verbose)
      for (const example of [...(theirs?.examples ?? []).map((text) => `otelcol ${text}`), ...ours.examples]) console.log(example);
    const row = `| ${name} | ${theirs === undefined ? 'not run: it has no exporter zipkin' : cell(theirs)} | ${cell(ours)} |`;
    rows.push(row);
    console.log(row);
  }
  const text = `## Correctness

Golden data of our own (pairwise combinations; attributes and bodies of every type, control characters included) goes through each pair of a receiver
and an exporter: ${itemsPerSecond} items a second, one in a batch, for ${loadSeconds} s. What arrives is compared field by field. Times may be off by 1 ms. Through OTLP
alone everything else must be the same; in Jaeger's and Zipkin's formats names and texts may change their case, attributes are texts and have no
level, and trace flags and numbers of dropped things do not exist, nor what Jaeger's links lack. Prometheus is compared as series. The cells tell
the items that arrived unchanged.

| pair | otelcol | millrace |
| --- | --- | --- |
${rows.join('\n')}
`;
  return { text, rows: rows.length, failures };
}
