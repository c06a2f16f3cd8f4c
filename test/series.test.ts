import { Agent, request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { toPlain } from '@millrace/wire/plain';
import { freePorts, startDestination, startMillrace, temporaryFolder } from './harness.ts';
import type { Destination, Millrace } from './harness.ts';

let destination: Destination;
let folder: string;
let port: number;
let millrace: Millrace | undefined;

beforeEach(async () => {
  destination = await startDestination();
  folder = temporaryFolder();
  [port] = await freePorts(1);
});

afterEach(async () => {
  await millrace?.stop();
  await destination.close();
  millrace = undefined;
});

async function run(signal: string, sections: object, processors: readonly string[], workers = 1): Promise<void> {
  const isConnector = 'connectors' in sections;
  const pipelines = isConnector
    ? { [signal]: { receivers: ['otlp'], exporters: ['aggregate'] }, metrics: { receivers: ['aggregate'], exporters: ['otlp_http'] } }
    : { metrics: { receivers: ['otlp'], processors, exporters: ['otlp_http'] } };
  const config = {
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
    exporters: { otlp_http: { endpoint: `http://127.0.0.1:${destination.port}`, compression: 'none' } },
    extensions: { file_storage: { directory: folder } },
    ...sections,
    service: { extensions: ['file_storage'], telemetry: { logs: { level: 'debug' } }, pipelines },
  };
  millrace = startMillrace(['--config', `yaml:${JSON.stringify(config)}`, '--workers', String(workers)]);
  await millrace.says('Everything is ready');
}

/** Posts JSON on a connection of its own, so that the kernel picks a thread for it. */
function post(signal: string, message: object): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const agent = new Agent({ keepAlive: false });
    request({ port, host: '127.0.0.1', path: `/v1/${signal}`, method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode!));
    })
      .on('error', reject)
      .end(JSON.stringify(message));
  });
}

const hour = 1_790_002_800_000;
const attribute = (key: string, stringValue: string): object => ({ key, value: { stringValue } });

/** A request whose points count one for each of ten users, from user `first` on. */
function metrics(first: number, atMs: number, temporality = 1): object {
  const dataPoints = Array.from({ length: 10 }, (_, i) => ({
    attributes: [attribute('user', `u${first + i}`)],
    startTimeUnixNano: `${hour}000000`,
    timeUnixNano: `${hour + atMs}000000`,
    asInt: '1',
  }));
  const metric = { name: 'requests', sum: { aggregationTemporality: temporality, isMonotonic: true, dataPoints } };
  return { resourceMetrics: [{ resource: { attributes: [attribute('service.name', 'shop')] }, scopeMetrics: [{ metrics: [metric] }] }] };
}

interface Found {
  readonly name: string;
  readonly user: string;
  readonly startMs: number;
  readonly timeMs: number;
  readonly value: number;
}

interface Plain {
  resourceMetrics: {
    scopeMetrics: {
      metrics: {
        name: string;
        [data: string]: unknown;
      }[];
    }[];
  }[];
}

/** The points that arrived. */
function arrived(): Found[] {
  const ms = (nanos: bigint | undefined): number => Number((nanos ?? 0n) / 1_000_000n) - hour;
  return destination.accepted.flatMap((body) =>
    (toPlain('metrics', body) as unknown as Plain).resourceMetrics.flatMap(({ scopeMetrics }) =>
      scopeMetrics.flatMap(({ metrics: list }) =>
        list.flatMap((metric) => {
          const data = (metric['sum'] ?? metric['gauge']) as {
            dataPoints: {
              attributes: { key: string; value: { stringValue?: string } }[];
              startTimeUnixNano?: bigint;
              timeUnixNano: bigint;
              asInt?: bigint;
              asDouble?: number;
            }[];
          };
          return data.dataPoints.map((point) => ({
            name: metric.name,
            user: point.attributes.find(({ key }) => key === 'user')?.value.stringValue ?? 'overflow',
            startMs: ms(point.startTimeUnixNano),
            timeMs: ms(point.timeUnixNano),
            value: Number(point.asInt ?? point.asDouble),
          }));
        }),
      ),
    ),
  );
}

describe('Processor cardinality_limit', () => {
  it.each([1, 2])('limits the series of the process, not of each of its %i workers, and loses nothing', async (workers) => {
    await run('metrics', { processors: { cardinality_limit: { limit: 25 } } }, ['cardinality_limit'], workers);
    const requests = Array.from({ length: 20 }, (_, i) => metrics(i * 10, i));
    for (const batch of [requests, requests])
      expect(new Set(await Promise.all(batch.map((body) => post('metrics', body))))).toEqual(new Set([200]));
    await millrace!.stop();
    const points = arrived();
    expect(new Set(points.filter(({ user }) => user !== 'overflow').map(({ user }) => user)).size).toBe(25);
    expect(points.reduce((sum, { value }) => sum + value, 0)).toBe(400);
  });
});

describe('aggregate', () => {
  const config = {
    windows: ['10s', '1m'],
    allowed_lateness: '5s',
    metrics: [{ dimensions: [], aggregations: ['count', 'sum', 'p99'] }],
    spans: [{ aggregations: ['count', 'max'] }],
  };
  const values = (): string[] =>
    arrived()
      .map(({ name, startMs, timeMs, value }) => `${name} ${startMs / 1000}-${timeMs / 1000} ${value}`)
      .toSorted();

  it.each([1, 2])('counts what came over %i workers in the same windows', async (workers) => {
    await run('metrics', { processors: { aggregate: config } }, ['aggregate'], workers);
    const requests = Array.from({ length: 20 }, (_, i) => metrics(i * 10, 1000 + i));
    expect(new Set(await Promise.all(requests.map((body) => post('metrics', body))))).toEqual(new Set([200]));
    expect(await post('metrics', metrics(0, 59_000))).toBe(200);
    await millrace!.stop();
    expect(values()).toEqual([
      'requests.count 0-10 200',
      'requests.count 0-60 210',
      'requests.count 50-60 10',
      'requests.p99 0-10 1',
      'requests.p99 0-60 1',
      'requests.p99 50-60 1',
      'requests.sum 0-10 200',
      'requests.sum 0-60 210',
      'requests.sum 50-60 10',
    ]);
  });

  it('makes metrics of spans as a connector', async () => {
    await run('traces', { connectors: { aggregate: config } }, []);
    const spans = [1, 2, 5].map((seconds, i) => ({
      traceId: '0123456789abcdef0123456789abcdef',
      spanId: `0123456789abcde${i}`,
      name: 'GET',
      startTimeUnixNano: `${hour}000000`,
      endTimeUnixNano: `${hour + seconds * 1000}000000`,
    }));
    expect(await post('traces', { resourceSpans: [{ scopeSpans: [{ spans }] }] })).toBe(200);
    await millrace!.stop();
    expect(values()).toEqual([
      'span.duration.count 0-10 3',
      'span.duration.count 0-60 3',
      'span.duration.max 0-10 5',
      'span.duration.max 0-60 5',
    ]);
  });

  it('continues open windows after kill -9: what was acknowledged is counted once', async () => {
    const stored = { aggregate: { ...config, storage: 'file_storage', checkpoint_interval: '1s' } };
    await run('metrics', { processors: stored }, ['aggregate']);
    for (let i = 0; i < 10; i++) expect(await post('metrics', metrics(i * 10, i * 100))).toBe(200);
    await millrace!.says('Wrote the open windows');
    for (let i = 10; i < 15; i++) expect(await post('metrics', metrics(i * 10, i * 100))).toBe(200);
    millrace!.child.kill('SIGKILL');
    await millrace!.exited;
    await run('metrics', { processors: stored }, ['aggregate']);
    expect(await post('metrics', metrics(0, 2000))).toBe(200);
    expect(await millrace!.stop()).toBe(0);
    expect(arrived()).toEqual([]);
    await run('metrics', { processors: stored }, ['aggregate']);
    expect(await post('metrics', metrics(0, 3000))).toBe(200);
    expect(await post('metrics', metrics(0, 70_000))).toBe(200);
    await millrace!.stop();
    expect(values()).toEqual([
      'requests.count 0-10 170',
      'requests.count 0-60 170',
      'requests.p99 0-10 1',
      'requests.p99 0-60 1',
      'requests.sum 0-10 170',
      'requests.sum 0-60 170',
    ]);
  });
});
