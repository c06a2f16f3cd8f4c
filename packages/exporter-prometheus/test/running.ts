import { gunzipSync } from 'node:zlib';
import { request } from 'node:http';
import type { Stage } from '@millrace/api';
import { admitJson, noClient } from '@millrace/wire';
import type { Batch, BufferPool } from '@millrace/wire';
import { configOf, FakeClock, noDeadline, testContext, testHost } from '@millrace/api/testing';
import type { TestContext } from '@millrace/api/testing';
import { factory } from '../src/index.ts';

/** Attributes in OTLP/JSON. */
export function attributes(values: Readonly<Record<string, string | number | boolean>>): object[] {
  return Object.entries(values).map(([key, value]) => ({
    key,
    value:
      typeof value === 'string'
        ? { stringValue: value }
        : typeof value === 'boolean'
          ? { boolValue: value }
          : Number.isInteger(value)
            ? { intValue: String(value) }
            : { doubleValue: value },
  }));
}

/** A time in OTLP/JSON: seconds after a moment. */
export function at(seconds: number): string {
  return `${1_790_000_000 + seconds}000000000`;
}

/** A request with metrics of one resource and scope. */
export function metricsOf(
  metrics: readonly object[],
  resource: Readonly<Record<string, string | number>> = {},
  scope: object = {},
): object {
  return { resourceMetrics: [{ resource: { attributes: attributes(resource) }, scopeMetrics: [{ scope, metrics }] }] };
}

export function gauge(
  name: string,
  value: number,
  labels: Readonly<Record<string, string | number | boolean>> = {},
  more: object = {},
): object {
  return { name, ...more, gauge: { dataPoints: [{ attributes: attributes(labels), timeUnixNano: at(1), asDouble: value }] } };
}

export function counter(name: string, value: number, point: object = {}, sum: object = {}, more: object = {}): object {
  const dataPoints = [{ startTimeUnixNano: at(0), timeUnixNano: at(1), asInt: String(value), ...point }];
  return { name, ...more, sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints, ...sum } };
}

/** What came back from a scrape. */
export interface Scraped {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  readonly text: string;
  /** Without comments. */
  readonly samples: readonly string[];
}

export interface Running {
  readonly context: TestContext;
  readonly clock: FakeClock;
  readonly pool: BufferPool;
  readonly memory: { readonly accounted: number };
  readonly address: string;
  send(request: object): void;
  readonly stage: Stage;
  batch(request: object): Batch;
  /** As `send`, made once and sent as often as the result is called. */
  prepare(request: object): () => void;
  scrape(headers?: Readonly<Record<string, string>>, path?: string): Promise<Scraped>;
  stop(): Promise<void>;
}

/** A started exporter on a free port. */
export async function run(settings: object = {}, budgetBytes?: number): Promise<Running> {
  const clock = new FakeClock();
  const context = testContext({ id: 'prometheus', kind: 'exporter', signal: 'metrics', clock });
  const host = testHost(budgetBytes);
  const stage = factory.create(configOf(factory, { endpoint: '127.0.0.1:0', ...settings }), context);
  await stage.start?.(host);
  const address = String(context.lines.find(({ message }) => message === 'Serving metrics')!.attributes!['endpoint']);
  const prepare = (json: object): Batch => {
    const bytes = Buffer.from(JSON.stringify(json));
    const lease = host.pool.lease(bytes.length);
    bytes.copy(lease.buffer);
    return admitJson('metrics', lease, 0, bytes.length, noClient);
  };
  return {
    context,
    clock,
    pool: host.pool,
    memory: host.memory,
    address,
    send: (json) => {
      using batch = prepare(json);
      void stage.consume(batch);
    },
    stage,
    batch: prepare,
    prepare: (json) => {
      const batch = prepare(json);
      return () => void stage.consume(batch);
    },
    scrape: (headers = {}, path = '/metrics') => get(address, path, headers),
    stop: async () => stage.shutdown?.(noDeadline()),
  };
}

function get(address: string, path: string, headers: Readonly<Record<string, string>>): Promise<Scraped> {
  return new Promise((resolve, reject) => {
    const outgoing = request(`http://${address}${path}`, { headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const packed = Buffer.concat(chunks);
        const body = response.headers['content-encoding'] === 'gzip' ? gunzipSync(packed) : packed;
        const text = body.toString();
        const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
        resolve({ status: response.statusCode!, headers: response.headers, body, text, samples });
      });
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}
