import { configOf, FakeClock, noDeadline, settle, Sink, testContext, testHost } from '@millrace/api/testing';
import type { TestContext } from '@millrace/api/testing';
import type { Batch, Host, Signal, Stage } from '@millrace/api';
import { admitJson, noClient } from '@millrace/wire';
import { toPlain } from '@millrace/wire/plain';
import { createNoopMeter } from '@opentelemetry/api';
import { connectorFactory, factory } from '../src/index.ts';

/** A whole hour, in milliseconds. */
export const epoch = 1_790_002_800_000;

export interface Point {
  /** Milliseconds after `epoch`. */
  readonly at: number;
  readonly attributes?: Readonly<Record<string, string | number | boolean>>;
  readonly [field: string]: unknown;
}

export interface Metric {
  readonly name?: string;
  readonly unit?: string;
  readonly type?: 'gauge' | 'sum' | 'histogram' | 'exponentialHistogram' | 'summary';
  readonly temporality?: 1 | 2;
  readonly monotonic?: boolean;
  readonly resource?: Readonly<Record<string, string>>;
  readonly points: readonly Point[];
}

const attributesOf = (values: Readonly<Record<string, unknown>>): object[] =>
  Object.entries(values).map(([key, value]) => ({
    key,
    value: typeof value === 'string' ? { stringValue: value } : typeof value === 'boolean' ? { boolValue: value } : { doubleValue: value },
  }));

const json = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);
export const nanos = (at: number): string => `${epoch + at}000000`;
const resourceOf = (values: Readonly<Record<string, string>> = { 'service.name': 'shop' }): object => ({
  attributes: attributesOf(values),
});

/** A batch of metrics. */
export function metricsBatch(host: Host, metrics: readonly Metric[]): Batch {
  return batchOf(host, 'metrics', {
    resourceMetrics: metrics.map(({ name = 'load', unit = 'By', type = 'gauge', temporality = 1, monotonic = true, resource, points }) => ({
      resource: resourceOf(resource),
      scopeMetrics: [
        {
          scope: { name: 'lib' },
          metrics: [
            {
              name,
              unit,
              [type]: {
                dataPoints: points.map(({ at, start, attributes = {}, ...point }) => ({
                  timeUnixNano: nanos(at),
                  ...(start !== undefined && { startTimeUnixNano: nanos(start as number) }),
                  ...point,
                  attributes: attributesOf(attributes),
                })),
                ...(type !== 'gauge' && type !== 'summary' && { aggregationTemporality: temporality }),
                ...(type === 'sum' && { isMonotonic: monotonic }),
              },
            },
          ],
        },
      ],
    })),
  });
}

/** A batch of spans or log records. */
export function itemsBatch(
  host: Host,
  signal: 'traces' | 'logs',
  items: readonly (Point & object)[],
  resource?: Readonly<Record<string, string>>,
): Batch {
  const [groups, scopes, list] =
    signal === 'traces' ? ['resourceSpans', 'scopeSpans', 'spans'] : ['resourceLogs', 'scopeLogs', 'logRecords'];
  const all = items.map(({ at, attributes = {}, seconds = 0, ...item }) => ({
    ...(signal === 'traces'
      ? {
          startTimeUnixNano: nanos(at - (seconds as number) * 1e3),
          endTimeUnixNano: nanos(at),
          traceId: '0123456789abcdef0123456789abcdef',
          spanId: '0123456789abcdef',
        }
      : { timeUnixNano: nanos(at) }),
    ...item,
    attributes: attributesOf(attributes),
  }));
  return batchOf(host, signal, { [groups!]: [{ resource: resourceOf(resource), [scopes!]: [{ scope: { name: 'lib' }, [list!]: all }] }] });
}

/** A batch of a request as JSON. */
export function batchOf(host: Host, signal: Signal, request: object): Batch {
  const body = Buffer.from(JSON.stringify(request, json));
  const lease = host.pool.lease(body.length);
  lease.buffer.set(body);
  return admitJson(signal, lease, 0, body.length, noClient);
}

export interface OutPoint {
  readonly metric: string;
  readonly unit: string;
  readonly resource: Readonly<Record<string, unknown>>;
  readonly window: string;
  /** Start and end, in milliseconds after `epoch`. */
  readonly from: number;
  readonly to: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly value: number;
  readonly [field: string]: unknown;
}

const plainAttributes = (attributes: readonly { key: string; value: Record<string, unknown> }[] = []): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

/** The points of an encoded request. */
export function pointsOf(bytes: Uint8Array): OutPoint[] {
  const plain = JSON.parse(JSON.stringify(toPlain('metrics', bytes), json)) as {
    resourceMetrics: {
      resource?: { attributes: { key: string; value: Record<string, unknown> }[] };
      scopeMetrics: { metrics: { name: string; unit: string; [type: string]: unknown }[] }[];
    }[];
  };
  return plain.resourceMetrics.flatMap(({ resource, scopeMetrics }) =>
    scopeMetrics.flatMap(({ metrics }) =>
      metrics.flatMap((metric) => {
        const data = (metric['gauge'] ?? metric['exponentialHistogram'] ?? metric['sum'] ?? metric['histogram']) as {
          dataPoints: { attributes?: { key: string; value: Record<string, unknown> }[]; [field: string]: unknown }[];
        };
        return data.dataPoints.map((point) => {
          const { window, ...attributes } = plainAttributes(point.attributes);
          const ms = (field: string): number => Number(BigInt((point[field] as string | undefined) ?? 0) / 1_000_000n) - epoch;
          return {
            ...point,
            metric: metric.name,
            unit: metric.unit,
            resource: plainAttributes(resource?.attributes),
            window: window as string,
            from: ms('startTimeUnixNano'),
            to: ms('timeUnixNano'),
            attributes,
            value: Number(point['asInt'] ?? point['asDouble']),
          };
        });
      }),
    ),
  );
}

export interface Run {
  readonly context: TestContext;
  readonly clock: FakeClock;
  readonly host: Host;
  readonly sink: Sink;
  readonly stage: Stage;
  metrics(...metrics: readonly Metric[]): Promise<void>;
  items(items: readonly (Point & object)[], resource?: Readonly<Record<string, string>>): Promise<void>;
  /** What came out since the last call. */
  take(): Promise<OutPoint[]>;
  /** Shuts down and returns what came out since the last call. */
  stop(): Promise<OutPoint[]>;
  own(): Record<string, number>;
}

type Observe = (result: { observe(value: number, attributes: Record<string, unknown>): void }) => void;

/** A clock that goes on by a millisecond whenever somebody looks at it: all work seems to take long. */
export class BusyClock extends FakeClock {
  #looks = 0;

  override now(): number {
    return super.now() + this.#looks++;
  }
}

/** Starts the processor, or the connector for a signal. The clock stands an hour after `epoch`. */
export async function start(
  config: object = {},
  options: { connector?: Signal; host?: Host; now?: number; isBusy?: boolean } = {},
): Promise<Run> {
  const clock = new (options.isBusy === true ? BusyClock : FakeClock)(epoch + (options.now ?? 3_600_000));
  const callbacks: [string, Observe][] = [];
  const noop = createNoopMeter();
  const observable = (name: string) => ({
    addCallback: (callback: Observe) => void callbacks.push([name.replace('aggregate_', ''), callback]),
  });
  const meter = Object.assign(Object.create(noop) as typeof noop, {
    createObservableCounter: observable,
    createObservableGauge: observable,
  });
  const signal = options.connector ?? 'metrics';
  const host = options.host ?? testHost();
  const sink = new Sink();
  const context = testContext({
    id: 'aggregate',
    kind: options.connector === undefined ? 'processor' : 'connector',
    signal,
    clock,
    meter,
    ...(options.connector === undefined && { pipeline: 'metrics' }),
  });
  const stage =
    options.connector === undefined
      ? factory.create!(configOf(factory, config), sink, context)
      : connectorFactory.create(configOf(connectorFactory, config), { all: sink, byPipeline: new Map([['metrics', sink]]) }, context);
  await stage.start?.(host);
  const send = async (batch: Batch): Promise<void> => {
    try {
      await stage.consume(batch);
    } finally {
      batch.release();
    }
  };
  const run: Run = {
    context,
    clock,
    host,
    sink,
    stage,
    metrics: (...metrics) => send(metricsBatch(host, metrics)),
    items: (items, resource) => send(itemsBatch(host, signal === 'logs' ? 'logs' : 'traces', items, resource)),
    async take() {
      await settle();
      return sink.requests.splice(0).flatMap(pointsOf);
    },
    async stop() {
      const stopped = stage.shutdown?.(noDeadline());
      await clock.advance(1e3);
      await stopped;
      return run.take();
    },
    own() {
      const values: Record<string, number> = {};
      for (const [name, callback] of callbacks) callback({ observe: (value) => void (values[name] = value) });
      return values;
    },
  };
  return run;
}

/** `metric{attributes} window@from = value`, sorted. */
export function lines(points: readonly OutPoint[]): string[] {
  return points
    .map(
      ({ metric, attributes, window, from, value }) =>
        `${metric}${JSON.stringify(attributes)} ${window}@${from / 1000} = ${+value.toPrecision(6)}`,
    )
    .toSorted();
}
