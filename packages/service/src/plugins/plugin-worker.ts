import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { createNoopMeter } from '@opentelemetry/api';
import type { Meter, ObservableCallback } from '@opentelemetry/api';
import { createBatch, isPermanent, isPipelineError } from '@millrace/api';
import type { Batch, Client, Context, Host, Logger, LogLevel, PluginSettings, ProcessorFactory, Signal, Stage } from '@millrace/api';
import { BufferPool, MemoryLedger } from '@millrace/wire';
import { LedgerEntry } from '../item-ledger.ts';
import { VisitorStage } from '../visitor-stage.ts';

/** The script that an isolated plugin's thread runs: this module. */
export const pluginWorkerUrl: string = import.meta.url;

/** What the thread of an isolated plugin is told. */
export interface PluginWorkerData {
  /** Where the plugin's code is. */
  readonly isolatedPlugin: string;
  readonly config: PluginSettings;
  readonly context: Pick<Context, 'id' | 'kind' | 'signal' | 'pipeline' | 'program'>;
}

/** A batch for the plugin; its bytes stay where they are. */
export interface PluginJob {
  readonly signal: Signal;
  readonly memory: SharedArrayBuffer;
  readonly start: number;
  readonly end: number;
  readonly items: number;
  readonly client: Client;
}

/** To the thread of a plugin. */
export type ToPlugin = { readonly kind: 'job'; readonly job: PluginJob } | { readonly kind: 'stop' };

/** From the thread of a plugin. */
export type FromPlugin =
  | { readonly kind: 'ready' }
  /** `setup` threw, or there is no such plugin. */
  | { readonly kind: 'failed'; readonly message: string }
  /** What became of the batch: `bytes` absent, nothing is left; `unchanged`, it goes on as it is. */
  | {
      readonly kind: 'done';
      readonly unchanged: boolean;
      readonly bytes?: Uint8Array<ArrayBuffer>;
      readonly items: number;
      readonly dropped: Readonly<Record<string, number>>;
      readonly totals: Readonly<Record<string, number>>;
    }
  | { readonly kind: 'refused'; readonly message: string; readonly permanent: boolean; readonly totals: Readonly<Record<string, number>> }
  | { readonly kind: 'log'; readonly level: LogLevel; readonly message: string; readonly attributes?: Readonly<Record<string, unknown>> }
  | { readonly kind: 'stopped' };

const budgetBytes = 256 * 1024 * 1024;

const textOf = (error: unknown): string => String((Object(error) as { message?: unknown }).message ?? error);

async function servePlugin({ isolatedPlugin, config, context: place }: PluginWorkerData): Promise<void> {
  const port = parentPort!;
  const post = (message: FromPlugin): void => port.postMessage(message);
  const log =
    (level: LogLevel): Logger[LogLevel] =>
    (message, attributes) =>
      post({ kind: 'log', level, message, ...(attributes !== undefined && { attributes: asData(attributes) }) });
  const logger: Logger = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
  const totals = new Totals();
  const entry = new LedgerEntry(place.id);
  const clock: Context['clock'] = {
    now: () => Date.now(),
    setTimeout: (callback, delayMs) => {
      const timer = setTimeout(callback, delayMs);
      return { cancel: () => clearTimeout(timer) };
    },
  };
  const context: Context = { ...place, logger, clock, items: entry, meter: totals.meter, report: () => {} };
  const memory = new MemoryLedger(budgetBytes);
  const pool = new BufferPool(memory);
  const host = { pool, memory } as Host;
  let output: Batch | undefined;
  const next = { consume: (batch: Batch): undefined => void (output = batch.hold()) };
  const stage = await makeStage(isolatedPlugin, config, next, context, entry);
  await stage.start?.(host);
  const receive = async (message: ToPlugin): Promise<void> => {
    if (message.kind === 'stop') {
      await Promise.resolve(stage.shutdown?.(new AbortController().signal)).catch((error: unknown) => logger.error(textOf(error)));
      post({ kind: 'stopped' });
      port.close();
      return;
    }
    const { signal, memory: bytes, start, end, items, client } = message.job;
    using batch = createBatch(
      signal,
      pool.adopt(bytes, () => {}),
      start,
      end,
      items,
      client,
    );
    const before = { ...entry.dropped };
    output = undefined;
    try {
      await stage.consume(batch);
      using result = output as Batch | undefined;
      const dropped = Object.entries(entry.dropped).map(([reason, count]) => [reason, count - (before[reason] ?? 0)] as const);
      const unchanged = result !== undefined && result.sizeBytes === batch.sizeBytes && result.bytes.buffer === batch.bytes.buffer;
      const copy = result === undefined || unchanged ? undefined : Uint8Array.from(result.bytes);
      const done: FromPlugin = {
        kind: 'done',
        unchanged,
        ...(copy !== undefined && { bytes: copy }),
        items: result?.items ?? 0,
        dropped: Object.fromEntries(dropped.filter(([, count]) => count > 0)),
        totals: totals.read(),
      };
      port.postMessage(done, copy === undefined ? [] : [copy.buffer]);
    } catch (error) {
      const permanent = !isPipelineError(error) || isPermanent(error);
      post({ kind: 'refused', message: textOf(error), permanent, totals: totals.read() });
    }
  };
  port.on('message', (message: ToPlugin) => void receive(message));
  post({ kind: 'ready' });
}

async function makeStage(url: string, config: PluginSettings, next: Stage, context: Context, entry: LedgerEntry): Promise<Stage> {
  const { importFrom } = await import('./plugin-imports.ts');
  const { default: factory } = (await importFrom(url, url)) as unknown as { readonly default: ProcessorFactory<PluginSettings> };
  if (factory.visit === undefined || factory.needsStage?.(config) === true) return factory.create!(config, next, context);
  const visitor = factory.visit(config, context);
  return new VisitorStage([{ id: context.id, visitor, entry, logger: context.logger }], next);
}

/** What can be sent to another thread. */
function asData(attributes: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return JSON.parse(JSON.stringify(attributes, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))) as Record<
    string,
    unknown
  >;
}

/** Reads the counters that the plugin's run keeps about itself. Instruments of the plugin's own lead nowhere. */
class Totals {
  readonly meter: Meter = createNoopMeter();
  readonly #callbacks = new Map<string, ObservableCallback>();

  constructor() {
    this.meter.createObservableCounter = (name) => ({
      addCallback: (callback) => void this.#callbacks.set(name, callback as ObservableCallback),
      removeCallback: () => void this.#callbacks.delete(name),
    });
  }

  read(): Record<string, number> {
    const totals: Record<string, number> = {};
    for (const [name, callback] of this.#callbacks) void callback({ observe: (value) => void (totals[name] = value) });
    return totals;
  }
}

if (!isMainThread && (workerData as Partial<PluginWorkerData> | null)?.isolatedPlugin !== undefined) {
  servePlugin(workerData as PluginWorkerData).catch((error: unknown) => {
    parentPort!.postMessage({ kind: 'failed', message: textOf(error) } satisfies FromPlugin);
    parentPort!.close();
  });
}
