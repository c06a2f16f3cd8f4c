import { randomUUID } from 'node:crypto';
import {
  type Batch,
  type Consumed,
  type Consumer,
  type Context,
  type Host,
  type MemoryLedger,
  PipelineError,
  type Stage,
  type Timer,
} from '@millrace/api';
import { durationMs } from '@millrace/config';
import { Outbox } from '@millrace/trace-buffer';
import { type BufferPool, type MemoryAccount, type Walk, walk } from '@millrace/wire';
import { Aggregator } from './aggregator.ts';
import type { SpanMetricsConfig } from './config.ts';
import { gatesOf } from './gates.ts';
import { Report } from './report.ts';

/** While so many reports wait for a pipeline that refuses them, no further one is made: what it would say goes with a later one. */
const maxWaiting = 3;

const notRunning = new PipelineError('span_metrics is not running', { kind: 'retryable' });

/** Counts the spans of every batch and reports metrics about them at an interval, and what is left at the end. */
export class SpanMetricsConnector implements Stage {
  readonly #config: SpanMetricsConfig;
  readonly #context: Context;
  readonly #outbox: Outbox;
  readonly #intervalMs: number;
  #pool: BufferPool | undefined;
  #memory: MemoryLedger | undefined;
  #account: MemoryAccount | undefined;
  #aggregator: Aggregator | undefined;
  #report: Report | undefined;
  #walk: Walk | undefined;
  #timer: Timer | undefined;
  #stopped: Promise<void> | undefined;

  constructor(config: SpanMetricsConfig, next: Consumer, context: Context) {
    this.#config = config;
    this.#context = context;
    this.#outbox = new Outbox(next, context);
    this.#intervalMs = durationMs(config.metrics_flush_interval);
    if (config.dimensions_cache_size) {
      context.logger.warn('DimensionsCacheSize is deprecated, please use AggregationCardinalityLimit instead.');
    }
  }

  start(host: Host): void {
    const gates = gatesOf(host);
    this.#pool = host.pool;
    this.#memory = host.memory;
    this.#account = host.memory.account();
    this.#aggregator = new Aggregator(this.#config, gates, this.#context, randomUUID());
    this.#report = new Report(this.#config, gates, this.#context.logger);
    this.#walk = walk([this.#aggregator], (_visitor, error) => this.#context.logger.error('A span could not be counted', { error }));
    this.#schedule();
  }

  consume(batch: Batch): Consumed {
    const aggregator = this.#aggregator;
    if (aggregator === undefined || this.#stopped !== undefined) throw notRunning;
    const { series } = aggregator;
    aggregator.begin(this.#memory!.budget);
    this.#walk!.run(batch);
    this.#context.items.absorb(batch.items);
    if (aggregator.hasGrown) this.#account!.set(series.sizeBytes);
    return undefined;
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    this.#stopped ??= this.#end(signal);
    return this.#stopped;
  }

  async #end(signal: AbortSignal): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#flush(true);
    this.#account?.set(0);
    await this.#outbox.drain(signal);
  }

  #schedule(): void {
    this.#timer = this.#context.clock.setTimeout(() => {
      this.#schedule();
      this.#flush(false);
    }, this.#intervalMs);
  }

  /** Sends a report; the last one says only what none has said. */
  #flush(isLast: boolean): void {
    const { series } = this.#aggregator ?? {};
    if (series === undefined || (!isLast && this.#outbox.size >= maxWaiting)) return;
    const batch = this.#report!.write(series, this.#pool!, this.#context.clock.now(), isLast);
    this.#account!.set(series.sizeBytes);
    if (batch === undefined) return;
    this.#context.items.create(batch.items);
    this.#context.items.hold(batch.items);
    this.#outbox.send(batch);
  }
}
