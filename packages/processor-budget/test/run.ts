import { configOf, FakeClock, noDeadline, settle, Sink, testContext, testHost } from '@millrace/api/testing';
import type { TestContext } from '@millrace/api/testing';
import type { Batch, Host, Signal, Stage } from '@millrace/api';
import { admitJson, noClient } from '@millrace/wire';
import { toPlain } from '@millrace/wire/plain';
import { createNoopMeter } from '@opentelemetry/api';
import { connectorFactory, factory } from '../src/index.ts';

type Value = string | number | boolean;
export type Attributes = Readonly<Record<string, Value>>;

/** A call of a model, or whatever the attributes say. */
export interface Item {
  /** When it ended: an ISO time, or milliseconds. */
  readonly at: string | number;
  /** What processor `genai` says that it cost. */
  readonly cost?: number;
  readonly attributes?: Attributes;
  readonly resource?: Attributes;
  readonly traceId?: string;
  /** No call at all. */
  readonly plain?: boolean;
}

export const msOf = (at: string | number): number => (typeof at === 'number' ? at : Date.parse(at));

const attributesOf = (values: Attributes): object[] =>
  Object.entries(values).map(([key, value]) => ({
    key,
    value: typeof value === 'string' ? { stringValue: value } : typeof value === 'boolean' ? { boolValue: value } : { doubleValue: value },
  }));

const json = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);

/** The request that items make. */
export function requestOf(signal: 'traces' | 'logs', items: readonly Item[]): object {
  const [groups, scopes, list] =
    signal === 'traces' ? ['resourceSpans', 'scopeSpans', 'spans'] : ['resourceLogs', 'scopeLogs', 'logRecords'];
  return {
    [groups!]: items.map(({ at, cost, attributes = {}, resource = {}, plain, traceId = '0123456789abcdef0123456789abcdef' }, i) => {
      const nanos = `${msOf(at)}000000`;
      const call = plain ? {} : { 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'openai', 'gen_ai.request.model': 'gpt-4o' };
      const priced = cost === undefined ? {} : { 'millrace.cost.amount': cost, 'millrace.cost.currency': 'USD' };
      const item = {
        // A log record with a span is told by that, too.
        ...(signal === 'traces' && { traceId, spanId: (i + 1).toString(16).padStart(16, '0') }),
        attributes: attributesOf({ ...call, ...priced, ...attributes }),
      };
      const times =
        signal === 'traces'
          ? { name: 'chat gpt-4o', kind: 3, startTimeUnixNano: `${msOf(at) - 1000}000000`, endTimeUnixNano: nanos }
          : { timeUnixNano: nanos, eventName: 'gen_ai.client.inference.operation.details' };
      return {
        resource: { attributes: attributesOf(resource) },
        [scopes!]: [{ scope: { name: 'lib' }, [list!]: [{ ...item, ...times }] }],
      };
    }),
  };
}

export function batchOf(host: Host, signal: 'traces' | 'logs', items: readonly Item[]): Batch {
  const body = Buffer.from(JSON.stringify(requestOf(signal, items)));
  const lease = host.pool.lease(body.length);
  lease.buffer.set(body);
  return admitJson(signal, lease, 0, body.length, noClient);
}

export type Out = Readonly<Record<string, unknown>>;

const plainAttributes = (attributes: readonly { key: string; value: Record<string, unknown> }[] = []): Out =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

interface PlainItem {
  readonly attributes?: { key: string; value: Record<string, unknown> }[];
  readonly [field: string]: unknown;
}

interface PlainMetric {
  readonly name: string;
  readonly unit: string;
  readonly gauge?: { readonly dataPoints: readonly PlainItem[] };
  readonly sum?: { readonly dataPoints: readonly PlainItem[] };
}

/** The items of an encoded request, attributes as plain values. */
export function itemsOf(signal: Exclude<Signal, 'profiles'>, bytes: Uint8Array): Out[] {
  const plain = JSON.parse(JSON.stringify(toPlain(signal, bytes), json)) as Record<string, Record<string, Record<string, unknown>[]>[]>;
  return (plain[`resource${signal[0]!.toUpperCase()}${signal.slice(1).replace('traces', '')}`] ?? plain['resourceSpans'] ?? [])
    .flatMap((group) => group['scopeSpans'] ?? group['scopeLogs'] ?? group['scopeMetrics'] ?? [])
    .flatMap((scope) => (scope['spans'] ?? scope['logRecords'] ?? scope['metrics'] ?? []) as (PlainItem | PlainMetric)[])
    .flatMap((item) => {
      if (!('gauge' in item || 'sum' in item)) return [{ ...item, attributes: plainAttributes((item as PlainItem).attributes) }];
      const { name, unit, gauge, sum } = item as PlainMetric;
      return (gauge ?? sum)!.dataPoints.map((point) => ({
        metric: name,
        unit,
        at: new Date(Number(BigInt(point['timeUnixNano'] as string) / 1_000_000n)).toISOString(),
        value: Number(point['asDouble'] ?? point['asInt']),
        attributes: plainAttributes(point.attributes),
      }));
    });
}

export interface Run {
  readonly context: TestContext;
  readonly clock: FakeClock;
  readonly host: Host;
  readonly sink: Sink;
  readonly stage: Stage;
  send(...items: readonly Item[]): Promise<void>;
  /** What came out since the last call. */
  take(): Promise<Out[]>;
  /** Of what came out since the last call, the tags of each item. */
  tags(): Promise<Out[]>;
  stop(): Promise<Out[]>;
  /** Own metrics: `name{budget value...}` to value. */
  own(): Record<string, number>;
}

export interface Options {
  /** Signals of a connector. */
  readonly from?: 'traces' | 'logs';
  readonly to?: Exclude<Signal, 'profiles'>;
  readonly host?: Host;
  readonly now?: string;
  readonly pipeline?: string;
}

/** Starts the processor, or the connector. The clock stands at the end of 2026 unless told otherwise. */
export async function start(
  config: object,
  { from = 'traces', to, host = testHost(), now = '2026-12-31T00:00:00Z', pipeline }: Options = {},
): Promise<Run> {
  const clock = new FakeClock(Date.parse(now));
  const counted = new Map<string, number>();
  const callbacks: [string, (result: object) => void][] = [];
  const noop = createNoopMeter();
  const line = (name: string, attributes: Out): string =>
    `${name.replace('budget_', '')}{${Object.entries(attributes)
      .filter(([key]) => !['processor', 'connector', 'pipeline', 'signals', 'millrace.cost.currency'].includes(key))
      .map(([, value]) => String(value))
      .join(' ')}}`;
  const observable = (name: string) => ({ addCallback: (callback: (result: object) => void) => void callbacks.push([name, callback]) });
  const meter = Object.assign(Object.create(noop) as typeof noop, {
    createObservableCounter: observable,
    createObservableGauge: observable,
    createCounter: (name: string) => ({
      add: (value: number, attributes: Out) => {
        const key = line(name, attributes);
        counted.set(key, (counted.get(key) ?? 0) + value);
      },
    }),
  });
  const sink = new Sink();
  const isConnector = to !== undefined;
  const context = testContext({
    id: 'budget',
    kind: isConnector ? 'connector' : 'processor',
    signal: from,
    clock,
    meter,
    ...(!isConnector && { pipeline: pipeline ?? from }),
  });
  const stage = isConnector
    ? connectorFactory.create(configOf(connectorFactory, config), { all: sink, byPipeline: new Map([[`${to}/out`, sink]]) }, context)
    : factory.create!(configOf(factory, config), sink, context);
  await stage.start?.(host);
  const run: Run = {
    context,
    clock,
    host,
    sink,
    stage,
    async send(...items) {
      const batch = batchOf(host, from, items);
      try {
        await stage.consume(batch);
      } finally {
        batch.release();
      }
    },
    async take() {
      await settle();
      return sink.requests.splice(0).flatMap((bytes) => itemsOf(to ?? from, bytes));
    },
    async tags() {
      return (await run.take()).map(({ attributes }) =>
        Object.fromEntries(
          Object.entries(attributes as Out)
            .filter(([key]) => key.startsWith('millrace.budget.'))
            .map(([key, value]) => [key.slice('millrace.budget.'.length), value]),
        ),
      );
    },
    async stop() {
      const stopped = stage.shutdown?.(noDeadline());
      await clock.advance(1000);
      await stopped;
      return run.take();
    },
    own() {
      const values = Object.fromEntries(counted);
      for (const [name, callback] of callbacks)
        callback({ observe: (value: number, attributes: Out) => void (values[line(name, attributes)] = value) });
      return values;
    },
  };
  return run;
}
