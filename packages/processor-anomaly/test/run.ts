import { configOf, FakeClock, noDeadline, settle, Sink, testContext, testHost } from '@millrace/api/testing';
import type { TestContext } from '@millrace/api/testing';
import type { Host, Stage } from '@millrace/api';
import { admitJson, noClient } from '@millrace/wire';
import { toPlain } from '@millrace/wire/plain';
import { createNoopMeter } from '@opentelemetry/api';
import { connectorFactory, factory } from '../src/index.ts';

type Value = string | number | boolean;
export type Attributes = Readonly<Record<string, Value>>;
export type Out = Readonly<Record<string, unknown>>;

export const second = 1000;
export const minute = 60 * second;
export const hour = 60 * minute;
export const day = 24 * hour;
/** A Monday. */
export const t0: number = Date.UTC(2026, 10, 2);

/** A call of a model. */
export interface Item {
  readonly startMs: number;
  readonly seconds?: number;
  readonly cost?: number | undefined;
  readonly failed?: boolean;
  readonly cached?: boolean;
  readonly quality?: number | undefined;
  readonly model?: string;
  readonly attributes?: Attributes;
  /** Of the first of a batch counts. */
  readonly resource?: Attributes;
  /** No call at all. */
  readonly plain?: boolean;
}

const keyValues = (values: Readonly<Record<string, Value | undefined>>): object[] =>
  Object.entries(values).flatMap(([key, value]) => {
    if (value === undefined) return [];
    return [
      {
        key,
        value:
          typeof value === 'string' ? { stringValue: value } : typeof value === 'boolean' ? { boolValue: value } : { doubleValue: value },
      },
    ];
  });

const nanos = (ms: number): string => `${Math.round(ms * 1000)}000`;

function spanOf(item: Item): object {
  const { startMs, seconds = 1, failed, cached, quality, model = 'gpt-4o', attributes, plain } = item;
  const cost = 'cost' in item ? item.cost : 0.01;
  const call = {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': model,
    ...(failed && { 'error.type': 'timeout' }),
    ...(cached && { 'millrace.cache.result': 'hit', 'millrace.cache.tier': '1' }),
    ...(cached || failed || cost === undefined ? {} : { 'millrace.cost.amount': cost, 'millrace.cost.currency': 'USD' }),
  };
  const end = nanos(startMs + 1000 * seconds);
  return {
    traceId: '0123456789abcdef0123456789abcdef',
    spanId: Math.round(startMs * 1000)
      .toString(16)
      .padStart(16, '0'),
    name: plain ? 'GET /' : `chat ${model}`,
    kind: 3,
    startTimeUnixNano: nanos(startMs),
    endTimeUnixNano: end,
    attributes: keyValues({ ...(plain ? {} : call), ...attributes }),
    ...(quality !== undefined && {
      events: [
        {
          timeUnixNano: end,
          name: 'gen_ai.evaluation.result',
          attributes: keyValues({ 'gen_ai.evaluation.name': 'helpfulness', 'gen_ai.evaluation.score.value': quality }),
        },
      ],
    }),
    ...(failed && { status: { code: 2 } }),
  };
}

/** What came out, attributes as plain values. */
function itemsOf(signal: 'traces' | 'logs' | 'metrics', bytes: Uint8Array): Out[] {
  const json = JSON.stringify(toPlain(signal, bytes), (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
  const plainAttributes = (attributes: readonly { key: string; value: Out }[] = []): Out =>
    Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
  type Plain = Out & { attributes?: { key: string; value: Out }[]; dataPoints?: Plain[]; gauge?: Plain; sum?: Plain; name?: string };
  const items: Out[] = [];
  for (const group of Object.values(JSON.parse(json) as Record<string, Record<string, Record<string, Plain[]>[]>[]>).flat()) {
    for (const scope of group['scopeSpans'] ?? group['scopeLogs'] ?? group['scopeMetrics'] ?? []) {
      for (const item of scope['spans'] ?? scope['logRecords'] ?? scope['metrics'] ?? []) {
        const points = (item.gauge ?? item.sum)?.dataPoints;
        if (points === undefined) items.push({ ...item, attributes: plainAttributes(item.attributes) });
        for (const point of points ?? [])
          items.push({ ...point, metric: item.name, unit: item['unit'], attributes: plainAttributes(point.attributes) });
      }
    }
  }
  return items;
}

export interface Options {
  /** What a connector makes; absent: the processor. */
  readonly to?: 'traces' | 'logs' | 'metrics';
  readonly host?: Host;
  readonly now?: number;
}

/** A random source that repeats. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
  }
}

/** The processor or connector, running. */
export class Run {
  readonly context: TestContext;
  readonly clock: FakeClock;
  readonly host: Host;
  readonly sink = new Sink();
  readonly stage: Stage;
  readonly #to: 'traces' | 'logs' | 'metrics';
  readonly #callbacks: [string, (result: object) => void][] = [];
  readonly #counted = new Map<string, number>();

  constructor(settings: object, { to, host = testHost(), now = Date.UTC(2027, 0, 1) }: Options = {}) {
    this.#to = to ?? 'traces';
    this.host = host;
    this.clock = new FakeClock(now);
    const observable = (name: string) => ({
      addCallback: (callback: (result: object) => void) => void this.#callbacks.push([name, callback]),
    });
    const noop = createNoopMeter();
    const meter = Object.assign(Object.create(noop) as typeof noop, {
      createObservableCounter: observable,
      createObservableGauge: observable,
      createCounter: () => ({
        add: (value: number, { state }: { state: string }) => void this.#counted.set(state, (this.#counted.get(state) ?? 0) + value),
      }),
    });
    const kind = to === undefined ? 'processor' : 'connector';
    const { sink, clock } = this;
    this.context = testContext({ id: 'anomaly', kind, signal: 'traces', clock, meter, ...(to === undefined && { pipeline: 'traces' }) });
    this.stage =
      to === undefined
        ? factory.create!(configOf(factory, settings), sink, this.context)
        : connectorFactory.create(
            configOf(connectorFactory, settings),
            { all: sink, byPipeline: new Map([[`${to}/out`, sink]]) },
            this.context,
          );
  }

  static async start(settings: object = {}, options: Options = {}): Promise<Run> {
    const run = new Run(settings, options);
    await run.stage.start?.(run.host);
    return run;
  }

  async send(items: readonly Item[]): Promise<void> {
    const resourceSpans = [
      { resource: { attributes: keyValues(items[0]?.resource ?? {}) }, scopeSpans: [{ scope: { name: 'lib' }, spans: items.map(spanOf) }] },
    ];
    const body = Buffer.from(JSON.stringify({ resourceSpans }));
    const lease = this.host.pool.lease(body.length);
    lease.buffer.set(body);
    using batch = admitJson('traces', lease, 0, body.length, noClient);
    await this.stage.consume(batch);
  }

  /** A call every `everyMs` from one time to before another, in batches. */
  async traffic(fromMs: number, untilMs: number, everyMs: number, make: (atMs: number, dice: Dice) => Partial<Item>): Promise<void> {
    const dice = new Dice(fromMs % 1_000_003);
    let batch: Item[] = [];
    for (let at = fromMs; at < untilMs; at += everyMs) {
      batch.push({ startMs: at, ...make(at, dice) });
      if (batch.length < 500) continue;
      await this.send(batch);
      batch = [];
    }
    if (batch.length > 0) await this.send(batch);
  }

  /** What came out since the last call. */
  async take(): Promise<Out[]> {
    await settle();
    return this.sink.requests.splice(0).flatMap((bytes) => itemsOf(this.#to, bytes));
  }

  /** Of log records, what matters of them. */
  async events(): Promise<Out[]> {
    return (await this.take()).map(({ attributes, body, severityText, eventName }) => ({
      eventName,
      severityText,
      body: Object.values(body as Out)[0],
      ...(attributes as Out),
    }));
  }

  async stop(signal = noDeadline()): Promise<void> {
    const stopped = this.stage.shutdown?.(signal);
    await this.clock.advance(1000);
    await stopped;
  }

  /** Own metrics. */
  own(): Record<string, number> {
    const values = Object.fromEntries(this.#counted);
    for (const [name, callback] of this.#callbacks) callback({ observe: (value: number) => void (values[name] = value) });
    return values;
  }
}
