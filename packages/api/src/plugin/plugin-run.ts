import type { DataPointView, LogView, SpanView, Visitor } from '@millrace/wire';
import type { Context } from '../component.ts';
import { isPipelineError, PipelineError } from '../pipeline-error.ts';
import { CallTimer } from './call-timer.ts';
import type { ItemVerdict, ProcessorPlugin } from './define-processor.ts';

/** The settings that every processor plugin has; its own are beside them. */
export interface PluginSettings {
  readonly on_error: 'keep' | 'drop' | 'reject';
  readonly isolate: 'none' | 'worker';
  /** Go duration string. */
  readonly isolate_timeout: string;
}

type Item = SpanView | LogView | DataPointView;
type Hook<I, T, V> = (item: I, state: T, found: ReadonlyMap<string, V>) => ItemVerdict;

const nothing: ReadonlyMap<string, never> = new Map<string, never>();

/** One processor plugin at work in one pipeline: its state, its hooks as a visitor, and what is known about how they fare. */
export class PluginRun<T, V> {
  readonly plugin: ProcessorPlugin<never, T, V>;
  readonly visitor: Visitor;
  /** What the lookup of the current batch found. */
  found: ReadonlyMap<string, V> = nothing;
  /** Keys whose lookup failed for the current batch: under `on_error: drop` the items that want them are dropped. */
  failedKeys: ReadonlySet<string> | undefined;
  /** Items that were dropped because the plugin failed on them, so far. */
  failedItems = 0;
  errors = 0;
  readonly #config: PluginSettings;
  readonly #context: Context;
  readonly #timer = new CallTimer();
  #state: T = undefined as T;
  #stopped = false;

  constructor(plugin: ProcessorPlugin<never, T, V>, config: PluginSettings, context: Context) {
    this.plugin = plugin;
    this.#config = config;
    this.#context = context;
    const { spans, logs, points } = plugin;
    this.visitor = {
      ...(config.on_error === 'reject' && { traits: { refuses: true as const } }),
      ...(spans !== undefined && { onSpan: this.#hook(spans) }),
      ...(logs !== undefined && { onLog: this.#hook(logs) }),
      ...(points !== undefined && { onDataPoint: this.#hook(points) }),
    };
    this.#observe();
  }

  get state(): T {
    return this.#state;
  }

  async start(): Promise<void> {
    const { setup } = this.plugin;
    if (setup !== undefined) this.#state = await setup(this.#config as never, this.#context);
  }

  async shutdown(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    await this.plugin.shutdown?.(this.#state);
  }

  /** Counts a failure and says what becomes of the item: throws to keep it or to refuse the batch. */
  failed(error: unknown): ItemVerdict {
    this.errors++;
    const { id, logger } = this.#context;
    switch (this.#config.on_error) {
      case 'keep':
        throw error;
      case 'drop':
        this.failedItems++;
        logger.error('Processing an item failed; it is dropped.', { error: messageOf(error) });
        return 'drop';
      case 'reject':
        if (isPipelineError(error)) throw error;
        throw new PipelineError(`processor "${id}" failed: ${messageOf(error)}`, { kind: 'permanent', cause: error });
    }
  }

  #hook<I extends Item>(call: Hook<I, T, V>): (item: I) => ItemVerdict {
    const timer = this.#timer;
    return (item) => {
      try {
        if (this.failedKeys !== undefined) this.#requireKey(item);
        const verdict = --timer.untilSample === 0 ? this.#timed(call, item) : call(item, this.#state, this.found);
        if (verdict === undefined || verdict === 'drop') return verdict;
        return this.#checked(verdict);
      } catch (error) {
        return this.failed(error);
      }
    };
  }

  #timed<I extends Item>(call: Hook<I, T, V>, item: I): ItemVerdict {
    const start = performance.now();
    try {
      return call(item, this.#state, this.found);
    } finally {
      this.#timer.sample(performance.now() - start);
    }
  }

  #requireKey(item: Item): void {
    const key = this.plugin.wants?.(item, this.#state);
    if (key !== undefined && this.failedKeys?.has(key) === true) throw new Error(`the lookup of ${JSON.stringify(key)} failed`);
  }

  /** What a hook gave back that it must not. */
  #checked(verdict: unknown): undefined {
    if (typeof (verdict as { then?: unknown } | null)?.then !== 'function') return undefined;
    (verdict as Promise<unknown>).then(undefined, () => {});
    throw new TypeError('a hook must not be asynchronous: fetch what it needs in lookup');
  }

  #observe(): void {
    const { meter, id } = this.#context;
    const attributes = { processor: id };
    meter
      .createObservableCounter('processor_plugin_errors', { description: 'Calls of a plugin that failed.', unit: '{call}' })
      .addCallback((result) => result.observe(this.errors, attributes));
    meter
      .createObservableCounter('processor_plugin_duration', {
        description: 'Time spent in the hooks of a plugin, estimated from one call in about 256.',
        unit: 's',
      })
      .addCallback((result) => result.observe(this.#timer.seconds, attributes));
  }
}

/** The text of whatever was thrown, of whichever realm. */
export function messageOf(error: unknown): string {
  const { message } = Object(error) as { message?: unknown };
  return typeof message === 'string' ? message : String(error);
}
