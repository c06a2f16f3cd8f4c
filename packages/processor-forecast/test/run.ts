import { configOf, FakeClock, noDeadline, settle, Sink, testContext, testHost } from '@millrace/api/testing';
import type { TestContext } from '@millrace/api/testing';
import type { Host, Stage } from '@millrace/api';
import { admitJson, noClient } from '@millrace/wire';
import { toPlain } from '@millrace/wire/plain';
import { createNoopMeter } from '@opentelemetry/api';
import { connectorFactory, factory } from '../src/index.ts';

type Value = string | number | boolean;
export type Attributes = Readonly<Record<string, Value>>;

export const minute = 60_000;
export const hour = 60 * minute;
export const day = 24 * hour;
/** A Monday. */
export const t0: number = Date.UTC(2026, 10, 2);

export interface Point {
  readonly at: number;
  readonly start?: number;
  readonly attributes?: Attributes;
  readonly [field: string]: unknown;
}

export interface Metric {
  readonly name: string;
  readonly unit?: string;
  readonly type?: 'gauge' | 'sum' | 'histogram' | 'summary';
  readonly temporality?: 1 | 2;
  readonly monotonic?: boolean;
  readonly resource?: Attributes;
  readonly points: readonly Point[];
}

/** A point of what was said. */
export interface Said {
  readonly metric: string;
  readonly unit: string;
  readonly at: number;
  readonly value: number;
  readonly attributes: Attributes;
  readonly resource: Attributes;
}

const keyValues = (values: Attributes = {}): object[] =>
  Object.entries(values).map(([key, value]) => ({
    key,
    value: typeof value === 'string' ? { stringValue: value } : typeof value === 'boolean' ? { boolValue: value } : { doubleValue: value },
  }));
const nanos = (ms: number): string => `${Math.round(ms * 1000)}000`;

/** An OTLP request. */
export function requestOf(metrics: readonly Metric[]): object {
  return {
    resourceMetrics: metrics.map(({ name, unit = '', type = 'sum', temporality = 1, monotonic = true, resource, points }) => ({
      resource: { attributes: keyValues(resource) },
      scopeMetrics: [
        {
          scope: { name: 'lib' },
          metrics: [
            {
              name,
              unit,
              [type]: {
                dataPoints: points.map(({ at, start, attributes, ...point }) => ({
                  timeUnixNano: nanos(at),
                  ...(start !== undefined && { startTimeUnixNano: nanos(start) }),
                  attributes: keyValues(attributes),
                  ...point,
                })),
                ...((type === 'sum' || type === 'histogram') && { aggregationTemporality: temporality }),
                ...(type === 'sum' && { isMonotonic: monotonic }),
              },
            },
          ],
        },
      ],
    })),
  };
}

type Plain = Record<string, unknown> & { key: string; value: Record<string, Value> };
const plainAttributes = (attributes: readonly Plain[] = []): Attributes =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]!]));

/** What requests say, input that was passed on too. */
export function saidIn(requests: readonly Uint8Array[]): Said[] {
  return requests.flatMap((bytes) => {
    const json = JSON.stringify(toPlain('metrics', bytes), (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
    type Group = { resource?: { attributes?: Plain[] }; scopeMetrics: { metrics: Record<string, unknown>[] }[] };
    return (JSON.parse(json) as { resourceMetrics: Group[] }).resourceMetrics.flatMap(({ resource, scopeMetrics }) =>
      scopeMetrics.flatMap(({ metrics }) =>
        metrics.flatMap(({ name, unit, gauge, sum, histogram, summary }) =>
          ((gauge ?? sum ?? histogram ?? summary) as { dataPoints: Record<string, unknown>[] }).dataPoints.map((point) => ({
            metric: name as string,
            unit: (unit ?? '') as string,
            at: Number((point['timeUnixNano'] as string).slice(0, -6)),
            value: (point['asDouble'] ?? Number(point['asInt'])) as number,
            attributes: plainAttributes(point['attributes'] as Plain[]),
            resource: plainAttributes(resource?.attributes),
          })),
        ),
      ),
    );
  });
}

export interface Options {
  readonly kind?: 'processor' | 'connector';
  readonly host?: Host;
  readonly now?: number;
}

/** The processor or connector, running. */
export class Run {
  readonly context: TestContext;
  readonly clock: FakeClock;
  readonly host: Host;
  readonly sink = new Sink();
  readonly stage: Stage;
  readonly #callbacks: [string, (result: object) => void][] = [];

  constructor(settings: object, { kind = 'connector', host = testHost(), now = Date.UTC(2027, 0, 1) }: Options = {}) {
    this.host = host;
    this.clock = new FakeClock(now);
    const observable = (name: string) => ({
      addCallback: (callback: (result: object) => void) => void this.#callbacks.push([name, callback]),
    });
    const noop = createNoopMeter();
    const meter = Object.assign(Object.create(noop) as typeof noop, {
      createObservableCounter: observable,
      createObservableGauge: observable,
    });
    const { sink, clock } = this;
    this.context = testContext({
      id: 'forecast',
      kind,
      signal: 'metrics',
      clock,
      meter,
      ...(kind === 'processor' && { pipeline: 'metrics' }),
    });
    this.stage =
      kind === 'processor'
        ? factory.create!(configOf(factory, settings), sink, this.context)
        : connectorFactory.create(
            configOf(connectorFactory, settings),
            { all: sink, byPipeline: new Map([['metrics/out', sink]]) },
            this.context,
          );
  }

  static async start(settings: object = {}, options: Options = {}): Promise<Run> {
    const run = new Run(settings, options);
    await run.stage.start?.(run.host);
    return run;
  }

  async send(...metrics: readonly Metric[]): Promise<void> {
    const body = Buffer.from(JSON.stringify(requestOf(metrics)));
    const lease = this.host.pool.lease(body.length);
    lease.buffer.set(body);
    using batch = admitJson('metrics', lease, 0, body.length, noClient);
    await this.stage.consume(batch);
  }

  /** Sends points of one metric, so many in a batch. */
  async sendAll(metric: Omit<Metric, 'points'>, points: readonly Point[], batchPoints = 24): Promise<void> {
    for (let from = 0; from < points.length; from += batchPoints)
      await this.send({ ...metric, points: points.slice(from, from + batchPoints) });
  }

  /** What came out since the last call, when all forecasts are made. */
  async take(): Promise<Said[]> {
    const stopped = new Promise<void>((resolve) => void setImmediate(resolve));
    await stopped;
    await settle();
    return saidIn(this.sink.requests.splice(0));
  }

  async stop(signal = noDeadline()): Promise<Said[]> {
    const stopped = this.stage.shutdown?.(signal);
    for (let i = 0; i < 100; i++) await settle();
    await this.clock.advance(1000);
    await stopped;
    return this.take();
  }

  /** Own metrics. */
  own(): Record<string, number> {
    const values: Record<string, number> = {};
    for (const [name, callback] of this.#callbacks) callback({ observe: (value: number) => void (values[name] = value) });
    return values;
  }
}

/** What a shop sells in an hour: by day and weekday, the same every week. */
export function usual(atMs: number): number {
  const hourOfDay = (atMs % day) / hour;
  const weekday = (Math.floor(atMs / day) + 3) % 7;
  return 100 * (1 + 0.6 * Math.sin(((hourOfDay - 8) / 24) * 2 * Math.PI)) * (weekday > 4 ? 0.6 : 1.16);
}

/** The same with noise, always the same: a tenth up or down. */
export function noisy(atMs: number): number {
  const hourIndex = Math.floor(atMs / hour);
  const mixed = Math.imul(hourIndex ^ (hourIndex >>> 7), 0x9e3779b1) >>> 0;
  return usual(atMs) * (1 + 0.2 * ((((mixed ^ (mixed >>> 15)) >>> 0) % 10_007) / 10_007 - 0.5));
}

/** A value for each hour, in the middle of it. */
export function hourly(fromMs: number, untilMs: number, value: (atMs: number) => number, attributes: Attributes = {}): Point[] {
  const points: Point[] = [];
  for (let at = fromMs; at < untilMs; at += hour) points.push({ at: at + (at === t0 ? 0 : 30 * minute), asDouble: value(at), attributes });
  return points;
}

/** The points of a gauge with these attributes, among others. */
export function of(said: readonly Said[], metric: string, attributes: Attributes = {}): Said[] {
  return said.filter(
    (point) => point.metric === metric && Object.entries(attributes).every(([name, value]) => point.attributes[name] === value),
  );
}
