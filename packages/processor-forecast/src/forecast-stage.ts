import { PipelineError } from '@millrace/api';
import type { Batch, Consumed, Consumer, Context, Host, Stage } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { Outbox } from '@millrace/trace-buffer';
import { walk } from '@millrace/wire';
import type { BufferPool, MemoryAccount } from '@millrace/wire';
import { Book } from './book.ts';
import type { ForecastConfig } from './config.ts';
import { createMetrics } from './own-metrics.ts';
import { Points } from './points.ts';
import { reportBatch } from './report-batch.ts';
import { Rounds } from './rounds.ts';
import { StateKeeper } from './state-keeper.ts';
import { createForecaster } from './statements.ts';

const notRunning = new PipelineError('forecast is not running', { kind: 'retryable' });
const waiting = new PipelineError('forecast waits for the next component to take forecasts', { kind: 'retryable' });

/** Watches the metrics that pass and sends forecasts of them. `forward`: what comes in is passed on, before it is counted, so that a batch that is refused is counted once. */
export class ForecastStage implements Stage {
  readonly #config: ForecastConfig;
  readonly #next: Consumer;
  readonly #context: Context;
  readonly #forward: boolean;
  readonly #maxSkewMs: number;
  readonly #book: Book;
  readonly #points: Points;
  readonly #rounds: Rounds;
  readonly #outbox: Outbox;
  readonly #keeper: StateKeeper;
  readonly #walk: ReturnType<typeof walk>;
  #pool: BufferPool | undefined;
  #account: MemoryAccount | undefined;
  #sizedHour = -Infinity;
  #stopped: Promise<void> | undefined;

  constructor(config: ForecastConfig, next: Consumer, context: Context, forward: boolean) {
    this.#config = config;
    this.#next = next;
    this.#context = context;
    this.#forward = forward;
    this.#maxSkewMs = durationMs(config.max_clock_skew);
    const { logger } = context;
    this.#outbox = new Outbox(next, context);
    this.#rounds = new Rounds(
      createForecaster(config),
      (atMs, reports) => this.#outbox.sendNew(reportBatch(atMs, reports, this.#pool!)),
      (error) => logger.error('Forecasting a series failed.', { error: String(error) }),
    );
    this.#book = new Book({
      latenessMs: durationMs(config.allowed_lateness),
      intervalMs: durationMs(config.interval),
      maxSeries: config.max_series,
      exactSeries: config.exact_series,
      expiryMs: durationMs(config.series_expiry),
      onClose: (target) => this.#rounds.catchUp(target),
      onRound: (atMs, end) => this.#rounds.add(atMs, end, this.#book),
      onExpire: (before) => this.#points.expire(before),
    });
    this.#points = new Points(config, this.#book);
    this.#keeper = new StateKeeper({ book: this.#book, points: this.#points, rounds: this.#rounds }, config, context);
    this.#walk = walk([this.#points], (_, error) => logger.error('Reading a data point failed.', { error: String(error) }));
    createMetrics(context, this.#book, this.#points, {
      [context.kind]: context.id,
      ...(context.pipeline !== undefined && { pipeline: context.pipeline }),
    });
  }

  async start(host: Host): Promise<void> {
    const { storage } = this.#config;
    if (storage !== undefined) await this.#keeper.open(host, storage, this.#context.pipeline ?? 'metrics');
    this.#account = host.memory.account();
    this.#pool = host.pool;
  }

  consume(batch: Batch): Consumed {
    if (this.#pool === undefined || this.#stopped !== undefined) throw notRunning;
    const refusal = this.refusing();
    if (refusal !== undefined) throw refusal;
    if (!this.#forward) {
      this.#context.items.absorb(batch.items);
      return this.#read(batch);
    }
    const passed = this.#next.consume(batch);
    if (passed === undefined) return this.#read(batch);
    const held = batch.hold();
    return passed.then(() => this.#read(held)).finally(() => held.release());
  }

  /** Whoever sends faster than forecasts are made waits for them. */
  #read(batch: Batch): Consumed {
    this.#points.latestMs = this.#context.clock.now() + this.#maxSkewMs;
    this.#walk.run(batch);
    if (this.#book.openHour !== this.#sizedHour) {
      this.#sizedHour = this.#book.openHour;
      this.#account?.set(this.#book.sizeBytes + this.#points.sizeBytes);
    }
    return this.#rounds.behind;
  }

  refusing(): PipelineError | undefined {
    return this.#outbox.isFull ? waiting : undefined;
  }

  shutdown(signal: AbortSignal): Promise<void> {
    this.#stopped ??= this.#end(signal);
    return this.#stopped;
  }

  async #end(signal: AbortSignal): Promise<void> {
    await this.#rounds.working;
    await this.#outbox.drain(signal);
    await this.#keeper.close();
    this.#account?.set(0);
  }
}
