import { walk } from '@millrace/wire';
import type { DataPointView, LogInput, LogView, Plain, PlainAttributes, Signal, SpanInput, SpanView } from '@millrace/wire';
import type { Clock, Context, Host } from '../component.ts';
import type { Consumer } from '../consumer.ts';
import type { ConnectorFactory, ExporterFactory, ProcessorFactory, ReceiverFactory, Stage } from '../factory.ts';
import { emitTo } from '../plugin/emit.ts';
import type { EmittedSignal, MetricWithPoints, Origin } from '../plugin/emit.ts';
import { configOf } from './config-of.ts';
import { noDeadline } from './contract.ts';
import { systemClock, testContext, testHost } from './test-context.ts';
import type { TestContext } from './test-context.ts';

/** What a plugin is given in a test. */
export interface PluginInput<C> extends PluginItems {
  /** The settings as a user writes them; the others have their defaults. */
  readonly config?: Partial<C>;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** What arrives after the items above. */
  readonly batches?: readonly PluginStep[];
}

/** What happens in a test, one after the other: batches arrive, or something else is done, such as moving the clock on. */
export type PluginStep = PluginItems | (() => Promise<void> | void);

/** Items of one signal or several. */
export interface PluginItems {
  readonly spans?: readonly SpanInput[];
  readonly logs?: readonly LogInput[];
  readonly metrics?: readonly MetricWithPoints[];
  /** Attributes of the resource of all items. */
  readonly resource?: PlainAttributes;
}

/** A span that came out. */
export interface SpanOutput {
  readonly name: string;
  readonly kind: number;
  readonly status: { readonly code: number; readonly message: string };
  readonly attributes: PlainAttributes;
  readonly events: readonly { readonly name: string; readonly attributes: PlainAttributes }[];
  readonly resource: PlainAttributes;
}

/** A log record that came out. */
export interface LogOutput {
  readonly body: Plain;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly attributes: PlainAttributes;
  readonly resource: PlainAttributes;
}

/** A data point that came out; `value` of gauges and sums, `count` and `sum` of the others. */
export interface PointOutput {
  readonly metric: string;
  readonly value?: number;
  readonly count?: number;
  readonly sum?: number | undefined;
  readonly attributes: PlainAttributes;
  readonly resource: PlainAttributes;
}

/** What a plugin did: integers in attributes are bigints. */
export interface PluginOutput {
  readonly spans: readonly SpanOutput[];
  readonly logs: readonly LogOutput[];
  readonly points: readonly PointOutput[];
  /** Items it dropped, by reason: `filtered` by a hook, `error` under `on_error: drop`. */
  readonly dropped: Readonly<Record<string, number>>;
  /** The texts of what it threw and logged as errors. */
  readonly errors: readonly string[];
}

/** Runs items through a processor plugin, as a pipeline would, from its start to its shutdown. */
export function runProcessor<C>(plugin: ProcessorFactory<C>, input: PluginInput<C> = {}): Promise<PluginOutput> {
  return runStages(input, (run, signal) => {
    const stage = plugin.create?.(configOf(plugin, input.config), run.output, run.context('processor', plugin.type, signal));
    if (stage === undefined) throw new TypeError(`${plugin.type} was not made by defineProcessor`);
    return stage;
  });
}

/** Runs items through a connector plugin to its end, so that it emits what it gathered. */
export function runConnector<C>(plugin: ConnectorFactory<C>, input: PluginInput<C> = {}): Promise<PluginOutput> {
  return runStages(input, (run, signal) => {
    const next = { all: run.output, byPipeline: new Map() };
    return plugin.create(configOf(plugin, input.config), next, run.context('connector', plugin.type, signal));
  });
}

/** Gives items to an exporter plugin. Rejects with what `push` threw. */
export function runExporter<C>(plugin: ExporterFactory<C>, input: PluginInput<C> = {}): Promise<PluginOutput> {
  return runStages(input, (run, signal) => plugin.create(configOf(plugin, input.config), run.context('exporter', plugin.type, signal)));
}

async function runStages<C>(input: PluginInput<C>, make: (run: Run, signal: EmittedSignal) => Stage): Promise<PluginOutput> {
  const run = new Run(input.clock);
  const stages = new Map<EmittedSignal, Stage>();
  const steps: readonly PluginStep[] = [input, ...(input.batches ?? [])];
  try {
    for (const step of steps) {
      if (typeof step === 'function') {
        await step();
        continue;
      }
      for (const signal of signalsOf(step)) {
        let stage = stages.get(signal);
        if (stage === undefined) {
          stages.set(signal, (stage = make(run, signal)));
          await stage.start?.(run.host);
        }
        await run.send(stage, signal, { ...(input.resource !== undefined && { resource: input.resource }), ...step });
      }
    }
  } finally {
    for (const stage of stages.values()) await stage.shutdown?.(noDeadline());
  }
  return run.result();
}

/** Starts a receiver plugin, stops it when `until` settles, and returns what it emitted. */
export async function runReceiver<C>(
  plugin: ReceiverFactory<C>,
  config: Partial<C>,
  until: (seen: () => PluginOutput) => Promise<void> | void,
): Promise<PluginOutput> {
  const run = new Run();
  const next = new Map<Signal, Consumer>(Object.keys(plugin.stability).map((signal) => [signal as Signal, run.output]));
  const receiver = plugin.create(configOf(plugin, config), next, run.context('receiver', plugin.type));
  await receiver.start?.(run.host);
  try {
    await until(() => run.result());
  } finally {
    await receiver.shutdown?.(noDeadline());
  }
  return run.result();
}

function signalsOf({ spans, logs, metrics }: PluginItems): EmittedSignal[] {
  return [...(spans ? ['traces' as const] : []), ...(logs ? ['logs' as const] : []), ...(metrics ? ['metrics' as const] : [])];
}

/** One test: what goes in, and what came out so far. */
class Run {
  readonly host: Host = testHost();
  readonly output: Consumer;
  readonly #spans: SpanOutput[] = [];
  readonly #logs: LogOutput[] = [];
  readonly #points: PointOutput[] = [];
  readonly #contexts: TestContext[] = [];
  readonly #clock: Clock;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
    const read = walk(
      [
        {
          onSpan: (span) => void this.#spans.push(spanOutput(span)),
          onLog: (log) => void this.#logs.push(logOutput(log)),
          onDataPoint: (point) => void this.#points.push(pointOutput(point)),
        },
      ],
      (_, error) => {
        throw error;
      },
    );
    this.output = { consume: (batch) => void read.run(batch) };
  }

  context(kind: Context['kind'], id: string, signal?: Signal): TestContext {
    const context = testContext({ id, kind, clock: this.#clock, ...(signal !== undefined && { signal }) });
    this.#contexts.push(context);
    return context;
  }

  async send(stage: Stage, signal: EmittedSignal, { resource, spans, logs, metrics }: PluginItems): Promise<void> {
    const origin: Origin = resource === undefined ? {} : { resource };
    const emit = emitTo(this.host.pool, 'test', async (made) => {
      using batch = made;
      await stage.consume(batch);
    });
    if (signal === 'traces') await emit.spans(spans ?? [], origin);
    if (signal === 'logs') await emit.logs(logs ?? [], origin);
    if (signal === 'metrics') await emit.metrics(metrics ?? [], origin);
  }

  result(): PluginOutput {
    const dropped: Record<string, number> = {};
    for (const { items } of this.#contexts)
      for (const [reason, count] of Object.entries(items.dropped)) dropped[reason] = (dropped[reason] ?? 0) + count;
    const errors = this.#contexts
      .flatMap(({ lines }) => lines.filter(({ level }) => level === 'error'))
      .map(({ message, attributes }) => (typeof attributes?.['error'] === 'string' ? attributes['error'] : message));
    return { spans: [...this.#spans], logs: [...this.#logs], points: [...this.#points], dropped, errors };
  }
}

function spanOutput({ name, kind, statusCode, statusMessage, attributes, events, resource }: SpanView): SpanOutput {
  return {
    name,
    kind,
    status: { code: statusCode, message: statusMessage },
    attributes: attributes.toPlain(),
    events: Array.from({ length: events.size }, (_, i) => {
      const event = events.at(i);
      return { name: event.name, attributes: event.attributes.toPlain() };
    }),
    resource: resource.attributes.toPlain(),
  };
}

function logOutput({ body, severityNumber, severityText, attributes, resource }: LogView): LogOutput {
  return { body: body.toPlain(), severityNumber, severityText, attributes: attributes.toPlain(), resource: resource.attributes.toPlain() };
}

function pointOutput(point: DataPointView): PointOutput {
  const { metric, attributes, resource } = point;
  const number = metric.type === 'gauge' || metric.type === 'sum';
  return {
    metric: metric.name,
    ...(number ? { value: point.isInt ? Number(point.int) : point.number } : { count: Number(point.count), sum: point.sum }),
    attributes: attributes.toPlain(),
    resource: resource.attributes.toPlain(),
  };
}
