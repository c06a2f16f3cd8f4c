import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Context, Stage } from '@millrace/api';
import { configOf, noDeadline, systemClock, testContext, testHost } from '@millrace/api/testing';
import type { TestContext } from '@millrace/api/testing';
import { admitJson, noClient } from '@millrace/wire';
import type { Batch } from '@millrace/wire';
import { factory } from '../src/index.ts';
import { decode, nameOf } from './reference.ts';
import type { ReadRequest, ReadSeries } from './reference.ts';

type Meter = Context['meter'];

export const v2 = { protobuf_message: 'io.prometheus.write.v2.Request' };

/** A request as it came to a destination. */
export interface Received extends ReadRequest {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

/** A destination on a local port that keeps what it accepts. */
export class Destination {
  readonly accepted: Received[] = [];
  /** Requests, in the order in which they came, whatever became of them. */
  readonly seen: Received[] = [];
  behave: (request: Received, response: ServerResponse) => void = (request, response) => this.accept(request, response);
  readonly #server: Server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const isV2 = incoming.headers['x-prometheus-remote-write-version'] === '2.0.0';
      const request = { ...decode(Buffer.concat(chunks), isV2 ? 'v2' : 'v1'), url: incoming.url!, headers: incoming.headers };
      this.seen.push(request);
      this.behave(request, response);
    });
  });

  accept(request: Received, response: ServerResponse): void {
    this.accepted.push(request);
    response.writeHead(204, writtenHeaders(request)).end();
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/api/v1/write`;
  }

  /** All series that were accepted. */
  get series(): ReadSeries[] {
    return this.accepted.flatMap(({ series }) => series);
  }

  /** The values of all series that were accepted, by name. */
  get values(): Record<string, unknown> {
    return Object.fromEntries(this.series.flatMap((series) => series.samples.map(({ value }) => [nameOf(series), value])));
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => void this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** What a destination of version 2 says when it wrote everything, or `less`. */
export function writtenHeaders({ series }: ReadRequest, less = 0): Record<string, string> {
  const count = (what: 'samples' | 'histograms' | 'exemplars'): string =>
    String(series.reduce((sum, one) => sum + one[what].length, 0) - (what === 'samples' ? less : 0));
  return {
    'x-prometheus-remote-write-samples-written': count('samples'),
    'x-prometheus-remote-write-histograms-written': count('histograms'),
    'x-prometheus-remote-write-exemplars-written': count('exemplars'),
  };
}

/** Attributes in OTLP/JSON. */
export function attributes(values: Readonly<Record<string, string | number>>): object[] {
  return Object.entries(values).map(([key, value]) => ({
    key,
    value: typeof value === 'string' ? { stringValue: value } : { intValue: value },
  }));
}

/** A time in OTLP/JSON: seconds after a moment. */
export const at = (seconds: number): string => `${1_790_000_000 + seconds}000000000`;
/** The same in milliseconds. */
export const ms = (seconds: number): number => (1_790_000_000 + seconds) * 1000;

export function gauge(
  name: string,
  value: number,
  labels: Readonly<Record<string, string | number>> = {},
  seconds = 1,
  more: object = {},
): object {
  return { name, ...more, gauge: { dataPoints: [{ attributes: attributes(labels), timeUnixNano: at(seconds), asDouble: value }] } };
}

export function counter(name: string, value: number, point: object = {}, sum: object = {}): object {
  const dataPoints = [{ startTimeUnixNano: at(0), timeUnixNano: at(1), asInt: String(value), ...point }];
  return { name, sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints, ...sum } };
}

export function histogram(name: string, point: object): object {
  return { name, histogram: { aggregationTemporality: 2, dataPoints: [{ startTimeUnixNano: at(0), timeUnixNano: at(1), ...point }] } };
}

/** A request with metrics of one resource and scope. */
export function metricsOf(
  metrics: readonly object[],
  resource: Readonly<Record<string, string | number>> = {},
  scope: object = {},
): object {
  return { resourceMetrics: [{ resource: { attributes: attributes(resource) }, scopeMetrics: [{ scope, metrics }] }] };
}

export interface Running {
  readonly context: TestContext;
  readonly memory: { readonly accounted: number };
  /** What its counters have, by name without `exporter_prometheusremotewrite_`. */
  counted(): Record<string, number>;
  send(request: object): Promise<void>;
  stop(): Promise<void>;
}

/** A started exporter without pauses between retries, and without a queue unless the settings say otherwise. */
export async function run(endpoint: string, settings: object = {}, budgetBytes?: number): Promise<Running> {
  const counted: Record<string, number> = {};
  const instrument = (name: string): { add(value: number): void } => ({
    add: (value) => {
      counted[name] = (counted[name] ?? 0) + value;
    },
  });
  const { meter: none } = testContext();
  const meter = new Proxy(none, {
    get: (target, method: keyof Meter) =>
      method === 'createCounter' || method === 'createUpDownCounter' ? instrument : target[method].bind(target),
  });
  const context = testContext({ id: 'prometheus_remote_write', kind: 'exporter', signal: 'metrics', clock: systemClock, meter });
  const host = testHost(budgetBytes);
  const config = configOf(factory, {
    ...('http' in settings ? {} : { endpoint }),
    remote_write_queue: { enabled: false },
    retry_on_failure: { initial_interval: '1ms', max_interval: '2ms' },
    ...settings,
  });
  const stage: Stage = factory.create(config, context);
  await stage.start?.(host);
  const prepare = (json: object): Batch => {
    const bytes = Buffer.from(JSON.stringify(json));
    const lease = host.pool.lease(bytes.length);
    bytes.copy(lease.buffer);
    return admitJson('metrics', lease, 0, bytes.length, noClient);
  };
  return {
    context,
    memory: host.memory,
    counted: () =>
      Object.fromEntries(Object.entries(counted).map(([name, value]) => [name.replace('exporter_prometheusremotewrite_', ''), value])),
    send: async (json) => {
      using batch = prepare(json);
      await stage.consume(batch);
    },
    stop: async () => stage.shutdown?.(noDeadline()),
  };
}
