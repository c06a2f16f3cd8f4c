import { setImmediate } from 'node:timers/promises';
import { isPermanent, PipelineError } from '@millrace/api';
import type { Batch, Consumed, Context, Host, ItemLedger, Stage, Timer } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { isHistory } from '@millrace/history';
import type { HistoryStore, ItemSignal } from '@millrace/history';
import { Registry } from '@millrace/prometheus-format';
import { walk } from '@millrace/wire';
import type { Walk } from '@millrace/wire';
import type { HistoryExporterConfig } from './config.ts';
import { ContentStrip } from './content-strip.ts';
import { SeriesHandles } from './series-handles.ts';

const notRunning = new PipelineError('history is not running', { kind: 'retryable' });

/** Targets are described so often, so that a look back of five minutes finds them. */
const targetInfoMs = 60_000;

/** A store without space is complained of so often. */
const complaintMs = 60_000;

/**
 * Writes what it gets into a store. It acknowledges when that is safe from `kill -9`; what finds no space is dropped and counted, and
 * everything else in the pipeline goes on.
 */
export class HistoryExporter implements Stage {
  readonly #config: HistoryExporterConfig;
  readonly #context: Context;
  readonly #strip: Walk | undefined;
  readonly #pending = new Set<Promise<void>>();
  #store: HistoryStore | undefined;
  #metrics: { readonly registry: Registry; readonly series: SeriesHandles } | undefined;
  /** Items of the batch at hand that the registry took. */
  #taken = 0;
  #timer: Timer | undefined;
  #targetsMs = -Infinity;
  #complainedMs = -Infinity;

  constructor(config: HistoryExporterConfig, context: Context) {
    this.#config = config;
    this.#context = context;
    this.#strip = config.content === 'keep' ? undefined : walk([new ContentStrip()], () => undefined);
  }

  start(host: Host): void {
    const { store } = host.extension(this.#extensionId(host), isHistory);
    this.#store = store;
    if (this.#context.signal !== 'metrics' && this.#context.signal !== undefined) return;
    const { items } = this.#context;
    // What the registry takes is done with when it is stored.
    const ledger: ItemLedger = {
      drop: (count, reason) => items.drop(count, reason),
      create: (count) => items.create(count),
      absorb: (count) => void (this.#taken += count),
      hold: (count) => items.hold(count),
      label: (attributes) => items.label(attributes),
    };
    const series = new SeriesHandles(store);
    const registry = new Registry(this.#config, { ...this.#context, items: ledger }, series);
    registry.start(host.memory);
    this.#metrics = { registry, series };
    this.#expireLater();
  }

  consume(batch: Batch): Consumed {
    const store = this.#store;
    if (store === undefined) throw notRunning;
    const { signal } = batch;
    let written: Promise<void>;
    let items = batch.items;
    if (signal === 'metrics') {
      written = this.#writeMetrics(batch);
      items = this.#taken;
    } else if (signal === 'traces' || signal === 'logs') written = this.#writeItems(store, signal, batch);
    else throw new PipelineError(`history does not keep ${signal}`, { kind: 'permanent' });
    const settled = written.then(
      () => this.#context.items.absorb(items),
      (error: unknown) => this.#lost(items, error),
    );
    this.#pending.add(settled);
    return settled.finally(() => this.#pending.delete(settled));
  }

  async shutdown(): Promise<void> {
    this.#timer?.cancel();
    this.#store = undefined;
    await Promise.all(this.#pending);
    this.#metrics?.registry.stop();
    this.#metrics = undefined;
  }

  #extensionId({ service }: Host): string {
    const { store } = this.#config;
    if (store !== '') return store;
    const ids = service
      .components()
      .filter(({ kind, id }) => kind === 'extension' && /^history(?:\/|$)/.test(id))
      .map(({ id }) => id);
    if (ids.length > 1) throw new Error(`there are several extensions history (${ids.join(', ')}): set \`store\` to one of them`);
    return ids[0] ?? 'history';
  }

  #writeMetrics(batch: Batch): Promise<void> {
    const { registry, series } = this.#metrics!;
    series.begin();
    this.#taken = 0;
    registry.consume(batch);
    const nowMs = this.#context.clock.now();
    if (series.latestMs > 0 && nowMs - this.#targetsMs >= targetInfoMs) {
      this.#targetsMs = nowMs;
      const { name, labels } = registry.targetInfo;
      series.targets(name, labels);
    }
    return series.commit();
  }

  #writeItems(store: HistoryStore, signal: ItemSignal, batch: Batch): Promise<void> {
    const stripped = this.#strip === undefined ? batch : this.#strip.run(batch);
    if (stripped === undefined) return Promise.resolve();
    const bytes = new Uint8Array(stripped.sizeBytes);
    stripped.bytes.copy(bytes);
    if (stripped !== batch) stripped.release();
    return store.append({ items: { signal, bytes, count: batch.items } });
  }

  #lost(items: number, error: unknown): void {
    const { clock, logger } = this.#context;
    this.#context.items.drop(items, isPermanent(error) ? 'storage_error' : 'storage_full');
    if (clock.now() - this.#complainedMs < complaintMs) return;
    this.#complainedMs = clock.now();
    logger.error('History could not be written; items are dropped.', { items, error: (error as Error).message });
  }

  #expireLater(): void {
    this.#timer = this.#context.clock.setTimeout(() => void this.#expire(), durationMs(this.#config.metric_expiration));
  }

  async #expire(): Promise<void> {
    for (const _step of this.#metrics?.registry.expire() ?? []) await setImmediate();
    if (this.#store !== undefined) this.#expireLater();
  }
}
