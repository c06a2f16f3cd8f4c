import { durationMs } from '@millrace/config';
import { walk } from '@millrace/wire';
import type { Batch, DataPointView, LogView, SpanView, Walk } from '@millrace/wire';
import type { Component, Context, Host, Timer } from '../component.ts';
import { lend } from '../consumer.ts';
import type { Consumed } from '../consumer.ts';
import type { ConnectorFactory, ConnectorOutputs, Scope, Stability, Stage } from '../factory.ts';
import type { ConfigOf, ConfigSchema, NoSettings, OnlyKeywords } from './config-of.ts';
import { checkDefinition, withCommonSettings } from './definition.ts';
import { emitTo } from './emit.ts';
import type { Emit, EmittedSignal } from './emit.ts';
import { messageOf } from './plugin-run.ts';

/** A connector in one file: it looks at items of one kind and emits items of another, such as metrics about spans. */
export interface ConnectorPlugin<S, T> {
  readonly type: string;
  /** JSON Schema of the settings; the type of `config` follows from it. Default: no settings. */
  readonly configSchema?: S & OnlyKeywords<S>;
  readonly emits: readonly EmittedSignal[];
  /** Default `process`: one instance that sees what all threads receive. */
  readonly scope?: Scope;
  /** Makes the state that every hook is given; there is one for each pair of signals. */
  setup?(this: void, config: ConfigOf<S>, context: Context): T | Promise<T>;
  /** Looks at an item; it ends here, and edits lead nowhere. A throw is counted and logged. */
  spans?(this: void, span: SpanView, state: T): void;
  logs?(this: void, log: LogView, state: T): void;
  points?(this: void, point: DataPointView, state: T): void;
  /** Emits what was gathered. Called every `flush_interval` and at the end, when something came since. */
  flush(this: void, state: T, emit: Emit): void | Promise<void>;
  shutdown?(this: void, state: T): void | Promise<void>;
}

const inputs = { spans: 'traces', logs: 'logs', points: 'metrics' } as const;
const definition = {
  type: 'a text',
  configSchema: 'an object',
  emits: 'a list of texts',
  scope: 'a text',
  setup: 'a function',
  spans: 'a function',
  logs: 'a function',
  points: 'a function',
  flush: 'a function',
  shutdown: 'a function',
};
const commonSettings = {
  flush_interval: { type: 'string', format: 'duration', default: '10s', description: 'How often the connector emits what it gathered.' },
};

interface FlushSettings {
  readonly flush_interval: string;
}

/** Defines a connector plugin: the default export of its file. Throws a `PluginError` for a definition that types would refuse. */
export function defineConnector<const S extends ConfigSchema = NoSettings, T = undefined>(
  plugin: ConnectorPlugin<S, T>,
): ConnectorFactory<ConfigOf<S> & FlushSettings> {
  checkDefinition('defineConnector', plugin, definition, Object.keys(inputs));
  checkDefinition('defineConnector', plugin, definition, ['flush']);
  checkDefinition('defineConnector', plugin, definition, ['emits']);
  const outputs = Object.fromEntries(plugin.emits.map((signal): [string, Stability] => [signal, 'stable']));
  const from = Object.entries(inputs).filter(([hook]) => plugin[hook as keyof typeof inputs] !== undefined);
  return {
    kind: 'connector',
    type: plugin.type,
    scope: plugin.scope ?? 'process',
    signals: Object.fromEntries(from.map(([, signal]) => [signal, outputs])),
    configSchema: withCommonSettings('connector', plugin.configSchema, commonSettings),
    validateConfig: ({ flush_interval }) => (durationMs(flush_interval) > 0 ? [] : ['flush_interval: must be greater than zero']),
    create: (config, next, context) => new PluginConnector(plugin, config, next, context),
  };
}

class PluginConnector<S, T> implements Stage, Component {
  readonly #plugin: ConnectorPlugin<S, T>;
  readonly #config: ConfigOf<S> & FlushSettings;
  readonly #next: ConnectorOutputs;
  readonly #context: Context;
  readonly #walk: Walk;
  #state = undefined as T;
  #emit: Emit | undefined;
  #timer: Timer | undefined;
  #errors = 0;
  /** Items that no flush has seen. */
  #since = 0;
  #flushing: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(plugin: ConnectorPlugin<S, T>, config: ConfigOf<S> & FlushSettings, next: ConnectorOutputs, context: Context) {
    this.#plugin = plugin;
    this.#config = config;
    this.#next = next;
    this.#context = context;
    const { spans, logs, points } = plugin;
    this.#walk = walk(
      [
        {
          ...(spans !== undefined && { onSpan: (span: SpanView) => spans(span, this.#state) }),
          ...(logs !== undefined && { onLog: (log: LogView) => logs(log, this.#state) }),
          ...(points !== undefined && { onDataPoint: (point: DataPointView) => points(point, this.#state) }),
        },
      ],
      (_, error) => this.#failed('Looking at an item failed.', error),
    );
    context.meter
      .createObservableCounter('connector_plugin_errors', { description: 'Calls of a plugin that failed.', unit: '{call}' })
      .addCallback((result) => result.observe(this.#errors, { connector: context.id }));
  }

  async start(host: Host): Promise<void> {
    const { setup } = this.#plugin;
    if (setup !== undefined) this.#state = await setup(this.#config, this.#context);
    this.#emit = emitTo(host.pool, this.#context.id, async (batch) => {
      const { items } = batch;
      await lend(this.#next.all, batch);
      this.#context.items.create(items);
    });
    this.#arm();
  }

  consume(batch: Batch): Consumed {
    const result = this.#walk.run(batch);
    if (result !== batch) result?.release();
    this.#since += batch.items;
    this.#context.items.absorb(batch.items);
    return undefined;
  }

  shutdown(): Promise<void> {
    this.#stopping ??= this.#shutdown();
    return this.#stopping;
  }

  async #shutdown(): Promise<void> {
    this.#timer?.cancel();
    if (this.#emit === undefined) return;
    await this.#flushing;
    await this.#flush(this.#emit);
    await this.#plugin.shutdown?.(this.#state);
  }

  #arm(): void {
    this.#timer = this.#context.clock.setTimeout(() => {
      this.#flushing = this.#flush(this.#emit!).finally(() => {
        if (this.#stopping === undefined) this.#arm();
      });
    }, durationMs(this.#config.flush_interval));
  }

  async #flush(emit: Emit): Promise<void> {
    const items = this.#since;
    if (items === 0) return;
    this.#since = 0;
    try {
      await this.#plugin.flush(this.#state, emit);
    } catch (error) {
      this.#since += items;
      this.#failed('Emitting what was gathered failed.', error);
    }
  }

  #failed(message: string, error: unknown): void {
    this.#errors++;
    this.#context.logger.error(message, { error: messageOf(error) });
  }
}
