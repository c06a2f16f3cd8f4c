import type { DataPointView, LogView, SpanView } from '@millrace/wire';
import type { Component, Context } from '../component.ts';
import type { ProcessorFactory, ProcessorVisitor, Scope, Stability } from '../factory.ts';
import type { ConfigOf, ConfigSchema, NoSettings, OnlyKeywords } from './config-of.ts';
import { checkDefinition, withCommonSettings } from './definition.ts';
import { PluginRun } from './plugin-run.ts';
import type { PluginSettings } from './plugin-run.ts';
import { lookupSettings, PluginStage } from './plugin-stage.ts';

/** What a hook says of its item: nothing keeps it, with the edits made to it; `drop` removes it. */
export type ItemVerdict = void | 'drop';

/**
 * A processor in one file. Hooks are called for one item after the other, must not be asynchronous, and see the item as the processors before
 * them left it; a view is valid inside its call only. A throw undoes that call's edits, is counted, and the item goes on as it was
 * (setting `on_error`).
 */
export interface ProcessorPlugin<S, T, V> {
  /** The name that configurations use, such as `tenant_tier`. */
  readonly type: string;
  /** JSON Schema of the settings; the type of `config` follows from it. Default: no settings. */
  readonly configSchema?: S & OnlyKeywords<S>;
  /** `process`: one instance for all threads, which sees everything, at the cost of handing batches over. Default `worker`: one per thread. */
  readonly scope?: Scope;
  /** Makes the state that every hook is given. Called once per pipeline (and thread) before the first item; a throw stops the start. */
  setup?(this: void, config: ConfigOf<S>, context: Context): T | Promise<T>;
  spans?(this: void, span: SpanView, state: T, found: ReadonlyMap<string, V>): ItemVerdict;
  logs?(this: void, log: LogView, state: T, found: ReadonlyMap<string, V>): ItemVerdict;
  points?(this: void, point: DataPointView, state: T, found: ReadonlyMap<string, V>): ItemVerdict;
  /** The key that the item's hook will look for in `found`, if any. Must not edit. */
  wants?(this: void, item: SpanView | LogView | DataPointView, state: T): string | undefined;
  /**
   * Fetches values for keys: once per batch, for the wanted keys that are not cached, each at most once. What it leaves out is remembered as
   * having no value. It has to stop when `signal` aborts (`lookup_timeout`). When it fails, `on_error` decides about the items that wanted a key.
   */
  lookup?(this: void, keys: readonly string[], state: T, signal: AbortSignal): ReadonlyMap<string, V> | Promise<ReadonlyMap<string, V>>;
  /** Releases what `setup` opened. Called after the last item. */
  shutdown?(this: void, state: T): void | Promise<void>;
}

const hooks = { spans: 'traces', logs: 'logs', points: 'metrics' } as const;
const definition = {
  type: 'a text',
  configSchema: 'an object',
  scope: 'a text',
  setup: 'a function',
  spans: 'a function',
  logs: 'a function',
  points: 'a function',
  wants: 'a function',
  lookup: 'a function',
  shutdown: 'a function',
};

const commonSettings = {
  on_error: {
    type: 'string',
    enum: ['keep', 'drop', 'reject'],
    default: 'keep',
    description:
      'What happens to an item when the plugin throws: `keep` passes it on as it was, `drop` drops and counts it, `reject` refuses its whole batch, so that the sender learns of it.',
  },
  isolate: {
    type: 'string',
    enum: ['none', 'worker'],
    default: 'none',
    description: '`worker` runs the plugin in a thread of its own, which is stopped and started again when it hangs.',
  },
  isolate_timeout: {
    type: 'string',
    format: 'duration',
    default: '5s',
    description: 'How long one batch may take under `isolate: worker`; then `on_error` decides about the batch.',
  },
};

/**
 * Defines a processor plugin: the default export of its file. It runs in the same walk as its neighbours unless it has a `lookup`. Throws a
 * `PluginError` for a definition that types would refuse.
 */
export function defineProcessor<const S extends ConfigSchema = NoSettings, T = undefined, V = never>(
  plugin: ProcessorPlugin<S, T, V>,
): ProcessorFactory<ConfigOf<S> & PluginSettings> {
  checkDefinition('defineProcessor', plugin, definition, Object.keys(hooks));
  checkDefinition('defineProcessor', plugin, definition, plugin.wants === undefined ? [] : ['lookup']);
  checkDefinition('defineProcessor', plugin, definition, plugin.lookup === undefined ? [] : ['wants']);
  const stability: Partial<Record<'traces' | 'logs' | 'metrics', Stability>> = {};
  for (const [hook, signal] of Object.entries(hooks)) if (plugin[hook as keyof typeof hooks] !== undefined) stability[signal] = 'stable';
  const runOf = (config: PluginSettings, context: Context): PluginRun<T, V> =>
    new PluginRun(plugin as unknown as ProcessorPlugin<never, T, V>, config, context);
  return {
    kind: 'processor',
    type: plugin.type,
    stability,
    ...(plugin.scope !== undefined && { scope: plugin.scope }),
    configSchema: withCommonSettings('processor', plugin.configSchema, {
      ...commonSettings,
      ...(plugin.lookup !== undefined && lookupSettings),
    }),
    needsStage: () => plugin.lookup !== undefined || plugin.scope === 'process',
    visit: (config, context) => visitor(runOf(config, context)),
    create: (config, next, context) => new PluginStage(runOf(config, context), config, next, context),
  };
}

function visitor<T, V>(run: PluginRun<T, V>): ProcessorVisitor {
  const lifecycle: Component = { start: () => run.start(), shutdown: () => run.shutdown() };
  return Object.defineProperty({ ...lifecycle, ...run.visitor }, 'failedItems', { get: () => run.failedItems });
}
