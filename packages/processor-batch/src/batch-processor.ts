import { PipelineError } from '@millrace/api';
import type { Batch, Client, Consumed, Consumer, Context, Host, Stage } from '@millrace/api';
import { noClient } from '@millrace/wire';
import { durationMs } from '@millrace/config';
import { createBatchMetrics } from './batch-metrics.ts';
import { Batcher } from './batcher.ts';
import type { BatcherOptions } from './batcher.ts';
import type { BatchConfig } from './config.ts';

/** How long a combination of metadata values keeps its place without data when others want it. */
const idleMs = 60_000;

const tooMany = new PipelineError('too many batcher metadata-value combinations', { kind: 'permanent' });
const notRunning = new PipelineError('batch is not running', { kind: 'retryable' });

/** Sorts batches by the values of `metadata_keys` and hands each to the batcher of its combination. */
export class BatchProcessor implements Stage {
  readonly #options: Omit<BatcherOptions, 'host' | 'client'>;
  readonly #keys: readonly string[];
  readonly #limit: number;
  #host: Host | undefined;
  /** The batcher when there are no `metadata_keys`. */
  #only: Batcher | undefined;
  readonly #batchers = new Map<string, Batcher>();
  #stopped: Promise<void> | undefined;

  constructor(config: BatchConfig, next: Consumer, context: Context) {
    this.#options = {
      next,
      context,
      signal: context.signal ?? 'traces',
      batchItems: config.send_batch_size,
      maxItems: config.send_batch_max_size,
      timeoutMs: durationMs(config.timeout),
      metrics: createBatchMetrics(context, () => (this.#only === undefined ? this.#batchers.size : 1)),
    };
    this.#keys = config.metadata_keys.map((name) => name.toLowerCase());
    this.#limit = config.metadata_cardinality_limit;
  }

  start(host: Host): void {
    this.#host = host;
    if (this.#keys.length === 0) this.#only = new Batcher({ ...this.#options, host, client: noClient });
  }

  consume(batch: Batch): Consumed {
    if (this.#host === undefined || this.#stopped !== undefined) throw notRunning;
    return (this.#only ?? this.#batcherOf(batch.client, this.#host)).consume(batch);
  }

  refusing(): PipelineError | undefined {
    return this.#only?.refusing();
  }

  shutdown(signal: AbortSignal): Promise<void> {
    this.#stopped ??= this.#drain(signal);
    return this.#stopped;
  }

  async #drain(signal: AbortSignal): Promise<void> {
    const batchers = this.#only === undefined ? [...this.#batchers.values()] : [this.#only];
    await Promise.all(batchers.map((batcher) => batcher.shutdown(signal)));
  }

  #batcherOf({ metadata }: Client, host: Host): Batcher {
    let combination = '';
    for (const name of this.#keys) {
      for (const value of metadata.get(name) ?? []) combination += `${value.length}:${value}`;
      combination += ';';
    }
    let batcher = this.#batchers.get(combination);
    if (batcher === undefined) {
      if (this.#limit > 0 && this.#batchers.size >= this.#limit) this.#dropIdle();
      if (this.#limit > 0 && this.#batchers.size >= this.#limit) throw tooMany;
      const kept = new Map<string, readonly string[]>();
      for (const name of this.#keys) {
        const values = metadata.get(name);
        if (values !== undefined) kept.set(name, values);
      }
      batcher = new Batcher({ ...this.#options, host, client: { metadata: kept } });
      this.#batchers.set(combination, batcher);
    }
    return batcher;
  }

  #dropIdle(): void {
    const since = this.#options.context.clock.now() - idleMs;
    for (const [combination, batcher] of this.#batchers) if (batcher.idleSince(since)) this.#batchers.delete(combination);
  }
}
