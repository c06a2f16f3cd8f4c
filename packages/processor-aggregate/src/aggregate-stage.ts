import { lend, PipelineError } from '@millrace/api';
import type { Batch, Consumed, Consumer, Context, Host, Signal, Stage, Timer } from '@millrace/api';
import { durationMs } from '@millrace/config';
import type { MemoryAccount, MemoryLedger } from '@millrace/wire';
import { walk } from '@millrace/wire';
import { Aggregator } from './aggregator.ts';
import { createMetrics } from './aggregate-metrics.ts';
import { Checkpoints } from './checkpoints.ts';
import { type AggregateConfig, rulesFor } from './config.ts';
import type { Moment } from './journal.ts';
import { Rule } from './rule.ts';
import { ItemSource, PointSource, ruleFor } from './sources.ts';
import { WindowSender } from './window-sender.ts';

/** Closed windows of each length that may wait to be sent; then input is refused. */
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
  readonly #aggregator: Aggregator;
  readonly #walk: Walk;
  /** Leaves what no rule names; absent: nothing is passed on. */
  readonly #rest: Walk | undefined;
  readonly #idleMs: number;
  readonly #process: (batch: Batch, nowMs: number) => Consumed = (batch, nowMs) => this.#passAndCount(batch, nowMs);
  #memory: MemoryLedger | undefined;
  #account: MemoryAccount | undefined;
  #sender: WindowSender | undefined;
  #checkpoints: Checkpoints | undefined;
  #idleTimer: Timer | undefined;
  #lastDataMs = 0;
  #isRunning = false;
  #stopped: Promise<void> | undefined;

  constructor(config: AggregateConfig, next: Consumer, context: Context, forward: boolean) {
    const signal = context.signal ?? 'metrics';
    this.#config = config;
    this.#next = next;
    this.#context = context;
    this.#signal = signal;
    const rules = rulesFor(config, signal).map((rule, index) => new Rule(rule, index));
    this.#rules = rules;
    this.#aggregator = new Aggregator({
      windows: config.windows,
      allowedLatenessMs: durationMs(config.allowed_lateness),
      maxClockSkewMs: durationMs(config.max_clock_skew),
      lateData: config.late_data,
      exemplars: config.exemplars,
      memoryBytes: config.memory_limit_mib * 2 ** 20,
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
    const { storage, windows, checkpoint_interval: interval } = this.#config;
    this.#memory = host.memory;
    this.#account = host.memory.account();
    this.#lastDataMs = this.#context.clock.now();
    this.#sender = new WindowSender(this.#aggregator, this.#next, this.#context, host.pool, () => this.#declare());
    if (storage !== undefined) {
      this.#checkpoints = await Checkpoints.open(host, storage, {
        aggregator: this.#aggregator,
        rules: this.#rules,
        fingerprint: JSON.stringify([windows, rulesFor(this.#config, this.#signal)]),
        sender: this.#sender,
        context: this.#context,
        intervalMs: durationMs(interval),
        replay: (batch, moment) => this.#replay(batch, moment),
      });
    }
    this.#isRunning = true;
    this.#afterData();
  }

  consume(batch: Batch): Consumed {
    if (!this.#isRunning) throw notRunning;
    const refusal = this.refusing();
    if (refusal !== undefined) throw refusal;
    const checkpoints = batch.items > 0 ? this.#checkpoints : undefined;
    return checkpoints === undefined ? this.#passAndCount(batch, this.#context.clock.now()) : checkpoints.keep(batch, this.#process);
  }

  /** Input waits while too much is closed and not sent: too many windows, or more than there is memory for. */
  refusing(): PipelineError | undefined {
    const { windows, isFull } = this.#aggregator;
    return windows.waiting > maxWaiting * this.#config.windows.length || (!windows.isSettled && isFull) ? waiting : undefined;
  }

  /** Passes on what is not counted, then counts the rest. */
  #passAndCount(batch: Batch, nowMs: number): Consumed {
    const rest = this.#restOf(batch);
    const items = rest?.items ?? 0;
    const passed = rest === undefined ? undefined : rest === batch ? this.#next.consume(batch) : lend(this.#next, rest);
    if (passed === undefined) {
      this.#take(batch, nowMs, items);
      return undefined;
    }
    const held = batch.hold();
    return passed.then(() => this.#take(held, nowMs, items)).finally(() => held.release());
  }

  /** What is to be passed on: the batch itself, another one that is the caller's, or nothing. */
  #restOf(batch: Batch): Batch | undefined {
    if (this.#rest === undefined) return undefined;
    return this.#config.keep_input ? batch : this.#rest.run(batch);
  }

  /** Counts a batch of which so many items were passed on. */
  #take(batch: Batch, nowMs: number, passedItems: number): void {
    this.#count(batch, nowMs);
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

  /** Counts a batch of an earlier run as that run did. Windows that it closes are sent as they are then. */
  async #replay(batch: Batch, moment: Moment | undefined): Promise<void> {
    const aggregator = this.#aggregator;
    if (moment !== undefined && moment.eventMs > aggregator.maxTimeMs) aggregator.advance(moment.eventMs);
    this.#count(batch, moment?.nowMs ?? this.#context.clock.now());
    this.#declare();
    if (this.refusing() === undefined) return;
    this.#sender!.work();
    await this.#sender!.pause();
  }

  #count(batch: Batch, nowMs: number): void {
    const memory = this.#memory!;
    const before = this.#aggregator.pressure.level;
    this.#aggregator.begin(nowMs, memory.accounted / memory.budget);
    this.#walk.run(batch);
    const { level } = this.#aggregator.pressure;
    if (level === before) return;
    this.#context.logger.warn('The detail of open windows changed with the memory in use.', { level });
    if (level === 0) this.#context.report('OK');
    else
      this.#context.report('RecoverableError', new Error(`detail of open windows is given up under memory pressure: level ${level} of 3`));
  }

  #afterData(): void {
    this.#declare();
    if (!this.#aggregator.windows.isSettled) this.#sender!.work();
    if (this.#idleMs > 0 && this.#isRunning && this.#aggregator.windows.openCount > 0) {
      this.#idleTimer ??= this.#context.clock.setTimeout(() => this.#idle(), this.#idleMs);
    }
  }

  /** Declares the memory in use. */
  #declare(): void {
    this.#account!.set(this.#aggregator.sizeBytes + this.#sender!.sizeBytes);
  }

  /** Live data that pauses: event time goes on with the clock. */
  #idle(): void {
    this.#idleTimer = undefined;
    const writing = this.#checkpoints?.writing;
    if (writing !== undefined) {
      void writing.then(() => this.#idle());
      return;
    }
    const aggregator = this.#aggregator;
    const now = this.#context.clock.now();
    const pausedMs = now - this.#lastDataMs;
    const isLive = this.#lastDataMs - aggregator.maxTimeMs <= this.#idleMs;
    if (!isLive || !this.#isRunning) return;
    if (pausedMs >= this.#idleMs) {
      aggregator.advance(Math.max(aggregator.maxTimeMs, aggregator.maxTimeMs + pausedMs));
      this.#lastDataMs = now;
    }
    this.#afterData();
  }

  shutdown(signal: AbortSignal): Promise<void> {
    this.#stopped ??= this.#end(signal);
    return this.#stopped;
  }

  async #end(signal: AbortSignal): Promise<void> {
    const wasRunning = this.#isRunning;
    this.#isRunning = false;
    this.#idleTimer?.cancel();
    if (wasRunning) {
      const { windows } = this.#aggregator;
      if (this.#checkpoints === undefined) this.#aggregator.close(Infinity);
      await this.#sender!.drain(signal);
      if (this.#checkpoints === undefined && !windows.isSettled)
        this.#context.logger.error('Windows were not sent before the end.', { windows: windows.waiting });
      await this.#checkpoints?.close();
      this.#sender!.stop();
    }
    this.#account?.set(0);
  }
}
