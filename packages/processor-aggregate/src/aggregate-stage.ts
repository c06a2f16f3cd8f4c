import { setImmediate } from 'node:timers/promises';
import { isPermanent, isStorage, lend, PipelineError } from '@millrace/api';
import type { Batch, Consumed, Consumer, Context, Host, Signal, Stage, Timer } from '@millrace/api';
import { durationMs } from '@millrace/config';
import type { BufferPool, MemoryAccount, MemoryLedger } from '@millrace/wire';
import { walk } from '@millrace/wire';
import { Aggregator } from './aggregator.ts';
import { createMetrics } from './aggregate-metrics.ts';
import { type AggregateConfig, rulesFor } from './config.ts';
import { Emission } from './emission.ts';
import { Journal } from './journal.ts';
import { Rule } from './rule.ts';
import { ItemSource, PointSource, ruleFor } from './sources.ts';
import { encodeState, restoreState } from './state.ts';

/** Pause before a refused batch is offered again, and while the program ends. */
const retryMs = 1000;
const lastRetryMs = 100;
/** Closed windows of each length that may wait for a pipeline that refuses them; then input is refused. */
const maxWaiting = 16;

const notRunning = new PipelineError('aggregate is not running', { kind: 'retryable' });
const waiting = new PipelineError('aggregate waits for the next component to take closed windows', { kind: 'retryable' });

type Walk = ReturnType<typeof walk>;

/**
 * Counts what comes in windows and sends them when they close. `forward`: items that no rule names are passed on, before the others are counted, so that
 * a batch that is refused is counted once when it comes again.
 */
export class AggregateStage implements Stage {
  readonly #config: AggregateConfig;
  readonly #next: Consumer;
  readonly #context: Context;
  readonly #signal: Signal;
  readonly #rules: readonly Rule[];
  readonly #fingerprint: string;
  readonly #aggregator: Aggregator;
  readonly #walk: Walk;
  /** Leaves what no rule names; absent: nothing is passed on. */
  readonly #rest: Walk | undefined;
  readonly #idleMs: number;
  #pool: BufferPool | undefined;
  #memory: MemoryLedger | undefined;
  #account: MemoryAccount | undefined;
  #journal: Journal | undefined;
  #checkpointTimer: Timer | undefined;
  /** While a checkpoint waits or is written, batches wait. */
  #gate: Promise<void> | undefined;
  #inFlight = 0;
  #onQuiet: (() => void) | undefined;
  #idleTimer: Timer | undefined;
  #retryTimer: Timer | undefined;
  #lastDataMs = 0;
  #emission: Emission | undefined;
  #unsent: Batch | undefined;
  #sending: Promise<void> | undefined;
  #isStopping = false;
  #stopped: Promise<void> | undefined;

  constructor(config: AggregateConfig, next: Consumer, context: Context, forward: boolean) {
    const signal = context.signal ?? 'metrics';
    this.#config = config;
    this.#next = next;
    this.#context = context;
    this.#signal = signal;
    const rules = rulesFor(config, signal).map((rule, index) => new Rule(rule, index));
    this.#rules = rules;
    this.#fingerprint = JSON.stringify([config.windows, rulesFor(config, signal)]);
    this.#aggregator = new Aggregator({
      windows: config.windows,
      allowedLatenessMs: durationMs(config.allowed_lateness),
      maxClockSkewMs: durationMs(config.max_clock_skew),
      lateData: config.late_data,
      exemplars: config.exemplars,
      memoryBytes: config.memory_limit_mib * 2 ** 20,
      now: () => context.clock.now(),
    });
    const source =
      signal === 'metrics'
        ? new PointSource(this.#aggregator, rules)
        : new ItemSource(this.#aggregator, rules, signal === 'logs' ? 'logs' : 'traces');
    const report = (_: number, error: unknown): void => context.logger.error('Counting an item failed.', { error: String(error) });
    this.#walk = walk([source], report);
    if (forward) this.#rest = walk([{ onMetric: ({ name }) => (ruleFor(rules, name) === undefined ? undefined : 'drop') }], report);
    this.#idleMs = durationMs(config.idle_timeout);
    createMetrics(context, this.#aggregator);
  }

  async start(host: Host): Promise<void> {
    const { storage } = this.#config;
    this.#memory = host.memory;
    this.#account = host.memory.account();
    this.#lastDataMs = this.#context.clock.now();
    if (storage !== undefined) await this.#open(host, storage);
    this.#pool = host.pool;
    this.#afterData();
  }

  async #open(host: Host, storage: string): Promise<void> {
    const { id, kind, logger, pipeline } = this.#context;
    const extension = host.extension(storage, isStorage);
    const name = pipeline ?? this.#signal;
    const log = await extension.openLog({ kind, id, name, signal: this.#signal, pool: host.pool });
    this.#journal = new Journal(log, this.#signal, host.pool);
    await this.#journal.recover(
      (state) => {
        if (restoreState(this.#aggregator, state, this.#fingerprint, this.#rules)) return;
        logger.warn('The windows or rules were changed: the open windows of the earlier run are dropped.');
      },
      (batch) => this.#count(batch),
      logger,
    );
    if (log.recovered.length > 0)
      logger.info('Continued the open windows of an earlier run.', { windows: this.#aggregator.windows.openCount });
    this.#scheduleCheckpoint();
  }

  consume(batch: Batch): Consumed {
    if (this.#pool === undefined || this.#isStopping) throw notRunning;
    const refusal = this.refusing();
    if (refusal !== undefined) throw refusal;
    if (this.#journal !== undefined && batch.items > 0) return this.#consumeStored(batch, this.#journal);
    const rest = this.#restOf(batch);
    const passed = this.#pass(batch, rest);
    if (passed === undefined) {
      this.#take(batch, rest?.items ?? 0);
      return undefined;
    }
    const items = rest?.items ?? 0;
    const held = batch.hold();
    return passed.then(() => this.#take(held, items)).finally(() => held.release());
  }

  refusing(): PipelineError | undefined {
    return this.#aggregator.closed.length > maxWaiting * this.#config.windows.length ? waiting : undefined;
  }

  /** What is to be passed on: the batch itself, another one that is the caller's, or nothing. */
  #restOf(batch: Batch): Batch | undefined {
    if (this.#rest === undefined) return undefined;
    return this.#config.keep_input ? batch : this.#rest.run(batch);
  }

  #pass(batch: Batch, rest: Batch | undefined): Consumed {
    if (rest === undefined) return undefined;
    return rest === batch ? this.#next.consume(batch) : lend(this.#next, rest);
  }

  async #consumeStored(batch: Batch, journal: Journal): Promise<void> {
    const held = batch.hold();
    this.#inFlight++;
    try {
      while (this.#gate !== undefined) {
        this.#leave();
        await this.#gate;
        this.#inFlight++;
      }
      const stored = await journal.append(held);
      const rest = this.#restOf(held);
      const items = rest?.items ?? 0;
      try {
        await this.#pass(held, rest);
      } catch (error) {
        await journal.forget(stored);
        throw error;
      }
      this.#take(held, items);
    } finally {
      held.release();
      this.#leave();
    }
  }

  #leave(): void {
    if (--this.#inFlight === 0) this.#onQuiet?.();
  }

  /** Counts a batch of which so many items were passed on. */
  #take(batch: Batch, passedItems: number): void {
    this.#count(batch);
    const { droppedLate, input } = this.#aggregator;
    const droppedForMemory = this.#aggregator.droppedForMemory + input.refused;
    const { items } = this.#context;
    if (!(this.#rest !== undefined && this.#config.keep_input)) {
      items.absorb(batch.items - passedItems - droppedLate - droppedForMemory);
      if (droppedLate > 0) items.drop(droppedLate, 'late');
      if (droppedForMemory > 0) items.drop(droppedForMemory, 'memory_limit');
    }
    this.#lastDataMs = this.#context.clock.now();
    this.#afterData();
  }

  #count(batch: Batch): void {
    const memory = this.#memory!;
    const before = this.#aggregator.pressure.level;
    this.#aggregator.begin(memory.accounted / memory.budget);
    this.#walk.run(batch);
    const { level } = this.#aggregator.pressure;
    if (level !== before) this.#context.logger.warn('The detail of open windows changed with the memory in use.', { level });
  }

  #afterData(): void {
    this.#account!.set(this.#aggregator.sizeBytes);
    if (this.#aggregator.closed.length > 0) this.#send();
    if (this.#idleMs > 0 && !this.#isStopping && this.#aggregator.windows.openCount > 0) {
      this.#idleTimer ??= this.#context.clock.setTimeout(() => this.#idle(), this.#idleMs);
    }
  }

  /** Live data that pauses: event time goes on with the clock. */
  #idle(): void {
    this.#idleTimer = undefined;
    const aggregator = this.#aggregator;
    const now = this.#context.clock.now();
    const pausedMs = now - this.#lastDataMs;
    const isLive = this.#lastDataMs - aggregator.maxTimeMs <= this.#idleMs;
    if (!isLive) return;
    if (pausedMs >= this.#idleMs) {
      aggregator.advance(Math.max(aggregator.maxTimeMs, aggregator.maxTimeMs + pausedMs));
      this.#lastDataMs = now;
    }
    this.#afterData();
  }

  /** Sends what is closed, one batch after the other. */
  #send(): void {
    this.#sending ??= this.#sendAll().finally(() => (this.#sending = undefined));
  }

  async #sendAll(): Promise<void> {
    const { closed } = this.#aggregator;
    const { items, logger } = this.#context;
    for (let window = closed[0]; window !== undefined; [window] = closed) {
      this.#emission ??= new Emission(window, this.#aggregator.output, this.#pool!);
      if (this.#unsent === undefined) {
        this.#unsent = this.#emission.next();
        if (this.#unsent === undefined) {
          this.#emission = undefined;
          closed.shift();
          continue;
        }
        items.create(this.#unsent.items);
        items.hold(this.#unsent.items);
      }
      const batch = this.#unsent;
      try {
        await this.#next.consume(batch);
      } catch (error) {
        if (!isPermanent(error)) {
          if (!this.#isStopping) this.#retryTimer ??= this.#context.clock.setTimeout(() => this.#retry(), retryMs);
          return;
        }
        logger.error('Aggregated points were refused for good.', { error: String(error), items: batch.items });
        items.drop(batch.items, 'permanent');
      }
      this.#unsent = undefined;
      items.hold(-batch.items);
      batch.release();
      // A window of many series takes seconds: what waits in the event loop goes first.
      if (this.#emission.hasMore) await setImmediate();
    }
    this.#aggregator.sweep();
    this.#account?.set(this.#aggregator.sizeBytes);
  }

  #retry(): void {
    this.#retryTimer = undefined;
    this.#send();
  }

  #scheduleCheckpoint(): void {
    this.#checkpointTimer = this.#context.clock.setTimeout(() => {
      void this.#checkpoint().finally(() => {
        if (!this.#isStopping) this.#scheduleCheckpoint();
      });
    }, durationMs(this.#config.checkpoint_interval));
  }

  /** Writes the open windows, unless closed ones are not sent: they are not part of it. */
  async #checkpoint(): Promise<void> {
    const journal = this.#journal!;
    if (journal.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate = promise;
    try {
      while (this.#inFlight > 0) await new Promise<void>((quiet) => (this.#onQuiet = quiet));
      this.#onQuiet = undefined;
      await this.#sending;
      if (this.#aggregator.closed.length > 0) return;
      const state = encodeState(this.#aggregator, this.#fingerprint);
      await journal.checkpoint(state);
      this.#context.logger.debug('Wrote the open windows to the storage.', { sizeBytes: state.length });
    } catch (error) {
      this.#context.logger.error('The open windows could not be written to the storage.', { error: String(error) });
    } finally {
      this.#gate = undefined;
      resolve();
    }
  }

  shutdown(signal: AbortSignal): Promise<void> {
    this.#isStopping = true;
    this.#stopped ??= this.#end(signal);
    return this.#stopped;
  }

  async #end(signal: AbortSignal): Promise<void> {
    this.#idleTimer?.cancel();
    this.#retryTimer?.cancel();
    this.#checkpointTimer?.cancel();
    if (this.#pool === undefined) {
      await this.#journal?.close();
      this.#account?.set(0);
      return;
    }
    if (this.#journal === undefined) this.#aggregator.close(Infinity);
    this.#send();
    await this.#sending;
    while (this.#aggregator.closed.length > 0 && !signal.aborted) {
      await new Promise<void>((resolve) => void this.#context.clock.setTimeout(resolve, lastRetryMs));
      this.#send();
      await this.#sending;
    }
    if (this.#journal !== undefined) {
      await this.#checkpoint();
      await this.#journal.close();
    } else if (this.#aggregator.closed.length > 0) {
      this.#context.logger.error('Windows were not sent before the end.', { windows: this.#aggregator.closed.length });
    }
    this.#dropUnsent();
    this.#account?.set(0);
  }

  #dropUnsent(): void {
    const batch = this.#unsent;
    if (batch === undefined) return;
    this.#unsent = undefined;
    this.#context.items.hold(-batch.items);
    this.#context.items.drop(batch.items, 'shutdown');
    batch.release();
  }
}
