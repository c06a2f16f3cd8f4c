import type { Signal } from '@millrace/wire';
import type { Component, Context } from '../component.ts';
import type { Consumer } from '../consumer.ts';
import { lend } from '../consumer.ts';
import type { ReceiverFactory, Scope } from '../factory.ts';
import type { ConfigOf, ConfigSchema, NoSettings, OnlyKeywords } from './config-of.ts';
import { checkDefinition, withCommonSettings } from './definition.ts';
import { emitTo } from './emit.ts';
import type { Emit, EmittedSignal } from './emit.ts';

/** A receiver in one file. */
export interface ReceiverPlugin<S, T> {
  readonly type: string;
  /** JSON Schema of the settings; the type of `config` follows from it. Default: no settings. */
  readonly configSchema?: S & OnlyKeywords<S>;
  /** What it emits. */
  readonly emits: readonly EmittedSignal[];
  /** Default `process`: one instance, however many threads there are. */
  readonly scope?: Scope;
  /** Begins to receive; what it returns is handed to `stop`. A throw stops the start of the program. */
  start(this: void, config: ConfigOf<S>, emit: Emit, context: Context): T | Promise<T>;
  /** Ends it: nothing may be emitted afterwards. */
  stop?(this: void, started: T): void | Promise<void>;
}

const definition = {
  type: 'a text',
  configSchema: 'an object',
  emits: 'a list of texts',
  scope: 'a text',
  start: 'a function',
  stop: 'a function',
};

/** Defines a receiver plugin: the default export of its file. Throws a `PluginError` for a definition that types would refuse. */
export function defineReceiver<const S extends ConfigSchema = NoSettings, T = undefined>(
  plugin: ReceiverPlugin<S, T>,
): ReceiverFactory<ConfigOf<S>> {
  checkDefinition('defineReceiver', plugin, definition, ['start']);
  checkDefinition('defineReceiver', plugin, definition, ['emits']);
  return {
    kind: 'receiver',
    type: plugin.type,
    scope: plugin.scope ?? 'process',
    stability: Object.fromEntries(plugin.emits.map((signal) => [signal, 'stable'])),
    configSchema: withCommonSettings('receiver', plugin.configSchema, {}),
    create: (config, next, context) => new PluginReceiver(plugin, config, next, context),
  };
}

class PluginReceiver<S, T> implements Component {
  readonly #plugin: ReceiverPlugin<S, T>;
  readonly #config: ConfigOf<S>;
  readonly #next: ReadonlyMap<Signal, Consumer>;
  readonly #context: Context;
  #started: { readonly value: T } | undefined;

  constructor(plugin: ReceiverPlugin<S, T>, config: ConfigOf<S>, next: ReadonlyMap<Signal, Consumer>, context: Context) {
    this.#plugin = plugin;
    this.#config = config;
    this.#next = next;
    this.#context = context;
  }

  async start(host: Parameters<NonNullable<Component['start']>>[0]): Promise<void> {
    const emit = emitTo(host.pool, this.#context.id, async (batch) => {
      const next = this.#next.get(batch.signal);
      if (next === undefined) batch.release();
      else await lend(next, batch);
    });
    this.#started = { value: await this.#plugin.start(this.#config, emit, this.#context) };
  }

  async shutdown(): Promise<void> {
    const started = this.#started;
    this.#started = undefined;
    if (started !== undefined) await this.#plugin.stop?.(started.value);
  }
}
