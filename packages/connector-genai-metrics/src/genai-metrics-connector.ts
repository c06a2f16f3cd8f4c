import { PipelineError } from '@millrace/api';
import type { Batch, Consumed, Consumer, Context, Host, Signal, Stage } from '@millrace/api';
import { walk } from '@millrace/wire';
import type { Walk } from '@millrace/wire';
import type { GenaiMetricsConfig } from './config.ts';
import { GenaiMetrics } from './genai-metrics.ts';

const notRunning = new PipelineError('genaimetrics is not running', { kind: 'retryable' });

/** What the stages of one id share: they are made with the same configuration object. */
class Shared {
  readonly metrics: GenaiMetrics;
  readonly signals = new Set<Signal | undefined>();
  #running = 0;
  #started: Promise<void> | undefined;
  #hasStopped = false;

  constructor(metrics: GenaiMetrics) {
    this.metrics = metrics;
  }

  /** Whether another stage can join. */
  isOpen(signal: Signal | undefined): boolean {
    return !this.#hasStopped && !this.signals.has(signal);
  }

  start(host: Host): Promise<void> {
    this.#running++;
    return (this.#started ??= this.metrics.start(host));
  }

  /** The last one that stops reports what is left. */
  async stop(signal: AbortSignal): Promise<void> {
    if (--this.#running > 0) return;
    this.#hasStopped = true;
    await this.metrics.stop(signal);
  }
}

const shared = new WeakMap<GenaiMetricsConfig, Shared>();

/** Counts the operations with generative AI of every batch and reports metrics about them at an interval, and what is left at the end. */
export class GenaiMetricsConnector implements Stage {
  readonly #context: Context;
  readonly #shared: Shared;
  #walk: Walk | undefined;
  #stopped: Promise<void> | undefined;

  constructor(config: GenaiMetricsConfig, next: Consumer, context: Context) {
    this.#context = context;
    let known = shared.get(config);
    if (known === undefined || !known.isOpen(context.signal))
      shared.set(config, (known = new Shared(new GenaiMetrics(config, next, context))));
    known.signals.add(context.signal);
    this.#shared = known;
  }

  async start(host: Host): Promise<void> {
    await this.#shared.start(host);
    const { logger } = this.#context;
    this.#walk = walk([this.#shared.metrics.visitor], (_visitor, error) => logger.error('An item could not be counted', { error }));
  }

  consume(batch: Batch): Consumed {
    if (this.#walk === undefined || this.#stopped !== undefined) throw notRunning;
    this.#shared.metrics.begin();
    this.#walk.run(batch);
    this.#context.items.absorb(batch.items);
    return undefined;
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    if (this.#walk === undefined) return;
    this.#stopped ??= this.#shared.stop(signal);
    return this.#stopped;
  }
}
