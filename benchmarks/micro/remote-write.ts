/**
 * OTLP in, Prometheus remote write out: points that a second of processor time carries, of millrace and of the real Collector in turn, each on
 * core 0, with the load and the destination on core 1. `node --conditions=@millrace/source benchmarks/micro/remote-write.ts [counters [rounds]]`
 */
import { execFileSync } from 'node:child_process';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BufferPool, MemoryLedger } from '@millrace/api';
import { admitJson, noClient, skipField } from '@millrace/wire';
import { uncompress } from 'snappyjs';
import { temporaryFolder } from '../../test/harness.ts';
import { install } from '../../test/peers/install.ts';
import { peers } from '../../test/peers/peers.ts';
import { sampleCpu } from '../process-tree.ts';
import { freePort, startTarget } from '../target.ts';

/** Load and destination stay off the core that the measured program has. */
execFileSync('taskset', ['-a', '-p', '-c', '1', String(process.pid)], { stdio: 'ignore' });

const counters = Number(process.argv[2] ?? 1_000_000);
const pointsPerRequest = 100;
const bodies = 50;
/** Points on their way at a time. */
const maxOnTheWay = 50_000;
const rounds = Number(process.argv[3] ?? 3);

const attribute = (name: string, value: string): object => ({ key: name, value: { stringValue: value } });

function attributesOf(series: number): object[] {
  return [
    attribute('http.request.method', series % 2 === 0 ? 'GET' : 'POST'),
    attribute('http.route', `/api/v1/items/${series}`),
    attribute('http.response.status_code', String(200 + (series % 5))),
    attribute('server.address', `10.0.${(series >> 8) % 256}.${series % 256}`),
    attribute('cloud.region', 'eu-west-1'),
  ];
}

type Kind = 'counters' | 'histograms';

/** The series that a point becomes. */
const seriesPerPoint: Readonly<Record<Kind, number>> = { counters: 1, histograms: 13 };

function bodyOf(kind: Kind, number: number): Buffer {
  const times = { startTimeUnixNano: '1790000000000000000', timeUnixNano: '1790000060000000000' };
  const metrics = Array.from({ length: 10 }, (_, metric) => {
    const dataPoints = Array.from({ length: pointsPerRequest / 10 }, (_point, point) => {
      const attributes = attributesOf(number * 10 + point);
      if (kind === 'counters') return { attributes, ...times, asDouble: number * 1.5 + point };
      const explicitBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
      return {
        attributes,
        ...times,
        count: '66',
        sum: 12.5,
        explicitBounds,
        bucketCounts: ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11'],
      };
    });
    const shared = { aggregationTemporality: 2, dataPoints };
    return {
      name: `http.server.metric.${metric}`,
      unit: 's',
      ...(kind === 'counters' ? { sum: { isMonotonic: true, ...shared } } : { histogram: shared }),
    };
  });
  const attributes = [attribute('service.name', 'shop'), attribute('service.instance.id', `shop-${number}`), attribute('host.name', 'h1')];
  const scopeMetrics = [{ scope: { name: 'http', version: '1.0' }, metrics }];
  const json = Buffer.from(JSON.stringify({ resourceMetrics: [{ resource: { attributes }, scopeMetrics }] }));
  const lease = new BufferPool(new MemoryLedger(2 ** 30)).lease(json.length);
  json.copy(lease.buffer);
  return Buffer.from(admitJson('metrics', lease, 0, json.length, noClient).bytes);
}

/** Samples in a body of remote write 1.0. */
function countSamples(body: Buffer): number {
  const bytes = uncompress(body);
  let samples = 0;
  for (let at = 0, end = 0; at < bytes.length; at = end) {
    end = skipField(bytes, at);
    if (bytes[at] !== 0x0a) continue;
    at++;
    while (bytes[at++]! > 0x7f);
    for (; at < end; at = skipField(bytes, at)) if (bytes[at] === 0x12) samples++;
  }
  return samples;
}

function configuration(port: number, sinkPort: number): string {
  return `receivers:
  otlp: { protocols: { http: { endpoint: 127.0.0.1:${port} } } }
processors:
  batch: { send_batch_size: 1024, timeout: 200ms }
exporters:
  prometheusremotewrite: { endpoint: 'http://127.0.0.1:${sinkPort}/api/v1/write', target_info: { enabled: false } }
service:
  telemetry: { metrics: { level: none }, logs: { level: error } }
  pipelines:
    metrics: { receivers: [otlp], processors: [batch], exporters: [prometheusremotewrite] }
`;
}

/** Points that a second of the program's processor time carries. */
async function measure(kind: Kind, command: (file: string) => readonly string[]): Promise<{ perCpuSecond: number; bytesPerPoint: number }> {
  const total = { sent: 0, arrived: 0, bytesOut: 0 };
  let waiting: (() => void)[] = [];
  const arrival = (): Promise<void> => new Promise((resolve) => waiting.push(resolve));
  const sink = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const body = Buffer.concat(chunks);
      total.bytesOut += body.length;
      total.arrived += countSamples(body) / seriesPerPoint[kind];
      response.writeHead(204).end();
      const woken = waiting;
      waiting = [];
      for (const wake of woken) wake();
    });
  });
  await new Promise<void>((resolve) => void sink.listen(0, '127.0.0.1', resolve));
  const port = await freePort();
  const file = join(temporaryFolder(), 'config.yaml');
  writeFileSync(file, configuration(port, (sink.address() as AddressInfo).port));
  const target = await startTarget(command(file), port, 0);
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const all = Array.from({ length: bodies }, (_, number) => bodyOf(kind, number));
  const post = (body: Buffer): Promise<void> =>
    new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: '127.0.0.1',
          port,
          path: '/v1/metrics',
          method: 'POST',
          agent,
          headers: { 'content-type': 'application/x-protobuf', 'content-length': body.length },
        },
        (response) => {
          response.resume().on('end', () => (response.statusCode === 200 ? resolve() : reject(new Error(`status ${response.statusCode}`))));
        },
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  const carry = async (upTo: number): Promise<void> => {
    const send = async (): Promise<void> => {
      while (total.sent < upTo) {
        total.sent += pointsPerRequest;
        await post(all[(total.sent / pointsPerRequest) % bodies]!);
        while (total.sent - total.arrived > maxOnTheWay) await arrival();
      }
    };
    await Promise.all([send(), send(), send(), send()]);
    while (total.arrived < total.sent) await arrival();
  };
  // A histogram is as much work as many counters.
  const points = kind === 'counters' ? counters : Math.ceil(counters / 500) * 100;
  await carry(points / 2);
  const before = sampleCpu(target.pid, process.pid).tree;
  const { sent: sentBefore, bytesOut: bytesBefore } = total;
  await carry(total.sent + points);
  const seconds = sampleCpu(target.pid, process.pid).tree - before;
  agent.destroy();
  await target.stop();
  sink.closeAllConnections();
  sink.close();
  return { perCpuSecond: points / seconds, bytesPerPoint: (total.bytesOut - bytesBefore) / (total.sent - sentBefore) };
}

const programs: Readonly<Record<string, (file: string) => readonly string[]>> = {
  millrace: (file) => [join(import.meta.dirname, '..', '..', 'packages', 'cli', 'bin', 'millrace'), '--config', file, '--workers', '1'],
  otelcol: (file) => [install(peers.otelcol), '--config', file],
};
for (const kind of ['counters', 'histograms'] as const) {
  const results: Record<string, number[]> = {};
  for (let round = 0; round < rounds; round++) {
    for (const [name, command] of Object.entries(programs)) {
      const { perCpuSecond, bytesPerPoint } = await measure(kind, command);
      (results[name] ??= []).push(perCpuSecond);
      console.log(
        `${kind} ${name}: ${Math.round(perCpuSecond / 1000)} thousand points per CPU-second, ${bytesPerPoint.toFixed(1)} bytes out a point`,
      );
    }
  }
  const [ours, theirs] = Object.values(results).map((values) => values.toSorted((a, b) => a - b)[Math.floor(rounds / 2)]!);
  console.log(`${kind}: ${(ours! / theirs!).toFixed(2)} times the Collector`);
}
