import { encodeJson, walk } from '@millrace/wire';
import type { Batch, DataPointView, LogView, SpanView } from '@millrace/wire';
import type { Component, Context, Host } from '../component.ts';
import type { ExporterFactory, Stability, Stage } from '../factory.ts';
import { isPipelineError, PipelineError } from '../pipeline-error.ts';
import type { ConfigOf, ConfigSchema, NoSettings, OnlyKeywords } from './config-of.ts';
import { checkDefinition, withCommonSettings } from './definition.ts';
import type { EmittedSignal } from './emit.ts';
import { messageOf } from './plugin-run.ts';

/** A batch as an exporter plugin sees it; valid until its `push` settles. */
export interface ExportBatch {
  readonly signal: EmittedSignal;
  /** Spans, log records or data points. */
  readonly items: number;
  /** The OTLP protobuf request. */
  readonly bytes: Uint8Array;
  /** The OTLP/JSON request. */
  json(): string;
  /** Shows every item, one after the other; each view is valid inside its call only. */
  each(hooks: { spans?(span: SpanView): void; logs?(log: LogView): void; points?(point: DataPointView): void }): void;
}

/** An exporter in one file. It has the Collector's `timeout`, `retry_on_failure` and `sending_queue` beside its own settings. */
export interface ExporterPlugin<S, T> {
  readonly type: string;
  /** JSON Schema of the settings; the type of `config` follows from it. Default: no settings. */
  readonly configSchema?: S & OnlyKeywords<S>;
  readonly signals: readonly EmittedSignal[];
  setup?(this: void, config: ConfigOf<S>, context: Context): T | Promise<T>;
  /**
   * One attempt to deliver a batch. A throw means that nothing was taken: it is tried again, unless it is a `PipelineError` of kind `permanent`.
   * It has to stop when `signal` aborts.
   */
  push(this: void, batch: ExportBatch, state: T, signal: AbortSignal): void | Promise<void>;
  shutdown?(this: void, state: T): void | Promise<void>;
}

/** An opened exporter plugin: what queue and retry are put around. */
export interface OpenExporter {
  start(host: Host): Promise<void>;
  push(batch: Batch, signal: AbortSignal): Promise<undefined>;
  shutdown(): Promise<void>;
}

/** The factory of an exporter plugin. The running program puts its queue, retry and timeout around what `open` returns. */
export interface ExporterPluginFactory<C> extends ExporterFactory<C> {
  open(config: C, context: Context): OpenExporter;
}

const definition = {
  type: 'a text',
  configSchema: 'an object',
  signals: 'a list of texts',
  setup: 'a function',
  push: 'a function',
  shutdown: 'a function',
};

/** Defines an exporter plugin: the default export of its file. Throws a `PluginError` for a definition that types would refuse. */
export function defineExporter<const S extends ConfigSchema = NoSettings, T = undefined>(
  plugin: ExporterPlugin<S, T>,
): ExporterPluginFactory<ConfigOf<S>> {
  checkDefinition('defineExporter', plugin, definition, ['push']);
  checkDefinition('defineExporter', plugin, definition, ['signals']);
  const open = (config: ConfigOf<S>, context: Context): OpenExporter => {
    let state = undefined as T;
    let stopped = false;
    return {
      start: async () => {
        if (plugin.setup !== undefined) state = await plugin.setup(config, context);
      },
      push: async (batch, signal) => {
        await plugin.push(exportBatch(batch), state, signal);
        return undefined;
      },
      shutdown: async () => {
        if (stopped) return;
        stopped = true;
        await plugin.shutdown?.(state);
      },
    };
  };
  return {
    kind: 'exporter',
    type: plugin.type,
    stability: Object.fromEntries(plugin.signals.map((signal): [string, Stability] => [signal, 'stable'])),
    configSchema: withCommonSettings('exporter', plugin.configSchema, {}),
    open,
    create: (config, context) => withoutQueue(open(config, context), context),
  };
}

function exportBatch(batch: Batch): ExportBatch {
  return {
    signal: batch.signal as EmittedSignal,
    items: batch.items,
    bytes: batch.bytes,
    json: () => {
      const { lease, length } = encodeJson(batch);
      try {
        return lease.buffer.utf8Slice(0, length);
      } finally {
        lease.release();
      }
    },
    each: ({ spans, logs, points }) => {
      const readers = {
        ...(spans !== undefined && { onSpan: (span: SpanView) => spans(span) }),
        ...(logs !== undefined && { onLog: (log: LogView) => logs(log) }),
        ...(points !== undefined && { onDataPoint: (point: DataPointView) => points(point) }),
        traits: { refuses: true as const },
      };
      const result = walk([readers], () => {}).run(batch);
      if (result !== batch) result?.release();
    },
  };
}

/** The exporter where there is no program around it: one attempt. */
function withoutQueue(exporter: OpenExporter, context: Context): Stage & Component {
  const stop = new AbortController();
  return {
    start: (host) => exporter.start(host),
    consume: async (batch) => {
      try {
        await exporter.push(batch, stop.signal);
      } catch (error) {
        throw isPipelineError(error) ? error : new PipelineError(messageOf(error), { kind: 'retryable', cause: error });
      }
      context.items.absorb(batch.items);
    },
    shutdown: () => exporter.shutdown(),
  };
}
