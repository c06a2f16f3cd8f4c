import { configOf, FakeClock, noDeadline, Sink, testContext, testHost } from '@millrace/api/testing';
import type { TestContext } from '@millrace/api/testing';
import type { Host, Stage } from '@millrace/api';
import { admitJson, noClient } from '@millrace/wire';
import { toPlain } from '@millrace/wire/plain';
import { createNoopMeter } from '@opentelemetry/api';
import { factory } from '../src/index.ts';

export interface Point {
  readonly attributes?: Readonly<Record<string, string | number | boolean>>;
  readonly [field: string]: unknown;
}

export interface Metric {
  readonly name?: string;
  readonly type?: 'gauge' | 'sum' | 'histogram' | 'exponentialHistogram' | 'summary';
  readonly temporality?: 1 | 2;
  readonly monotonic?: boolean;
  readonly resource?: string;
  readonly points: readonly Point[];
}

const attributesOf = (values: Readonly<Record<string, unknown>>) =>
  Object.entries(values).map(([key, value]) => ({
    key,
    value:
      typeof value === 'string' ? { stringValue: value } : typeof value === 'boolean' ? { boolValue: value } : { intValue: String(value) },
  }));

const json = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);

/** An OTLP/JSON request; each metric in a resource of its own. */
export function request(...metrics: readonly Metric[]): Buffer {
  const resourceMetrics = metrics.map(
    ({ name = 'requests', type = 'sum', temporality = 1, monotonic = true, resource = 'shop', points }) => ({
      resource: { attributes: attributesOf({ 'service.name': resource }) },
      scopeMetrics: [
        {
          scope: { name: 'lib', version: '1' },
          metrics: [
            {
              name,
              [type]: {
                dataPoints: points.map((point) => ({ ...point, attributes: attributesOf(point.attributes ?? {}) })),
                ...(type !== 'gauge' && type !== 'summary' && { aggregationTemporality: temporality }),
                ...(type === 'sum' && { isMonotonic: monotonic }),
              },
            },
          ],
        },
      ],
    }),
  );
  return Buffer.from(JSON.stringify({ resourceMetrics }, json));
}

export interface OutPoint {
  readonly metric: string;
  readonly resource: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly isOverflow: boolean;
  readonly [field: string]: unknown;
}

/** The points of an encoded request. */
export function pointsOf(bytes: Uint8Array): OutPoint[] {
  const plain = JSON.parse(JSON.stringify(toPlain('metrics', bytes), json)) as {
    resourceMetrics: {
      resource: { attributes: { value: { stringValue: string } }[] };
      scopeMetrics: { metrics: { name: string; [type: string]: unknown }[] }[];
    }[];
  };
  return plain.resourceMetrics.flatMap(({ resource, scopeMetrics }) =>
    scopeMetrics.flatMap(({ metrics }) =>
      metrics.flatMap((metric) => {
        const data = (metric['gauge'] ?? metric['sum'] ?? metric['histogram'] ?? metric['exponentialHistogram'] ?? metric['summary']) as {
          dataPoints: { attributes?: { key: string; value: Record<string, unknown> }[] }[];
        };
        return data.dataPoints.map((point) => {
          const attributes = Object.fromEntries((point.attributes ?? []).map(({ key, value }) => [key, Object.values(value)[0]]));
          const isOverflow = attributes['otel.metric.overflow'] === true;
          delete attributes['otel.metric.overflow'];
          return { ...point, metric: metric.name, resource: resource.attributes[0]!.value.stringValue, attributes, isOverflow };
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
  /** Sends metrics in one batch and returns the points that came out. */
  send(...metrics: readonly Metric[]): OutPoint[];
  stop(): void;
  /** What the own metrics say now, by name without the prefix. */
  metrics(): Record<string, { value: number; attributes: Record<string, unknown> }[]>;
}

type Observe = (result: { observe(value: number, attributes: Record<string, unknown>): void }) => void;

/** Starts the processor. */
export function start(config: object = {}): Run {
  const clock = new FakeClock();
  const callbacks: [string, Observe][] = [];
  const noop = createNoopMeter();
  const observable = (name: string) => ({ addCallback: (callback: Observe) => void callbacks.push([name, callback]) });
  const meter = Object.assign(Object.create(noop) as typeof noop, {
    createObservableUpDownCounter: observable,
    createObservableCounter: observable,
    createObservableGauge: observable,
  });
  const context = testContext({ id: 'cardinality_limit', kind: 'processor', signal: 'metrics', pipeline: 'metrics', clock, meter });
  const host = testHost();
  const sink = new Sink();
  const stage = factory.create!(configOf(factory, config), sink, context);
  void stage.start?.(host);
  return {
    context,
    clock,
    host,
    sink,
    stage,
    send(...metrics) {
      const body = request(...metrics);
      const lease = host.pool.lease(body.length);
      lease.buffer.set(body);
      using batch = admitJson('metrics', lease, 0, body.length, noClient);
      sink.requests.length = 0;
      void stage.consume(batch);
      return sink.requests.flatMap(pointsOf);
    },
    stop: () => void stage.shutdown?.(noDeadline()),
    metrics() {
      const found: Record<string, { value: number; attributes: Record<string, unknown> }[]> = {};
      for (const [name, callback] of callbacks) {
        const values = (found[name.replace('processor_cardinality_limit_', '')] ??= []);
        callback({ observe: (value, attributes) => void values.push({ value, attributes }) });
      }
      return found;
    },
  };
}
