import { lend, PipelineError } from '@millrace/api';
import type { Batch, Consumed, Consumer, Context, Host, Signal, Stage, Timer, Visitor } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { added, AgentUsage, CallCost, CallReader, PriceList } from '@millrace/genai';
import { Outbox } from '@millrace/trace-buffer';
import { key, walk } from '@millrace/wire';
import type { BufferPool, LogView, MemoryAccount, SpanView } from '@millrace/wire';
import { Bookings } from './bookings.ts';
import type { Crossing } from './bookings.ts';
import { Budget } from './budget.ts';
import type { BudgetConfig } from './config.ts';
import { eventAttributes, statusAt } from './describe.ts';
import { crossingPoints, eventsBatch } from './events.ts';
import { Hasher } from './labels.ts';
import { Ledger } from './ledger.ts';
import type { HeldSpending } from './ledger.ts';
import { createMetrics } from './own-metrics.ts';
import { Snapshots } from './snapshots.ts';
import { StateKeeper } from './state-keeper.ts';

const tags = {
  name: key('millrace.budget.name'),
  status: key('millrace.budget.status'),
  threshold: key('millrace.budget.threshold'),
  ratio: key('millrace.budget.used_ratio'),
};

const nanosPerMs = 1e6;
/** About what an agent's spending in one budget takes. */
const heldBytes = 200;

const notRunning = new PipelineError('budget is not running', { kind: 'retryable' });
const waiting = new PipelineError('budget waits for the next component to take what it reports', { kind: 'retryable' });

/** What comes out: what came in, tagged; log records of thresholds; metrics. */
export interface Outputs {
  readonly items: boolean;
  readonly events: boolean;
  readonly metrics: boolean;
}

/** Books calls into budgets, and passes them on tagged or reports what is spent, or both. */
export class BudgetStage implements Stage {
  readonly #config: BudgetConfig;
  readonly #next: Consumer;
  readonly #context: Context;
  readonly #outputs: Outputs;
  /** Tells its storage and own metrics apart from those of other instances with its id. */
  readonly #place: string;
  readonly #ledger: Ledger;
  readonly #keeper: StateKeeper;
  readonly #outbox: Outbox;
  readonly #snapshots: Snapshots | undefined;
  readonly #countCrossing: ReturnType<typeof createMetrics>;
  readonly #reader = new CallReader();
  #walk: ReturnType<typeof walk> | undefined;
  #bookings = new Bookings();
  /** What agents used, and what of it counts: booked for good. */
  readonly #agents: AgentUsage<HeldSpending>;
  #settled = new Bookings();
  #prices: PriceList | undefined;
  #pool: BufferPool | undefined;
  #account: MemoryAccount | undefined;
  #idleTimer: Timer | undefined;
  #lastDataMs = 0;
  /** Events that wait for the storage. */
  #reporting: Promise<unknown> | undefined;
  #isStopping = false;
  #stopped: Promise<void> | undefined;

  constructor(config: BudgetConfig, next: Consumer, context: Context, outputs: Outputs, out?: Signal) {
    this.#config = config;
    this.#next = next;
    this.#context = context;
    this.#outputs = outputs;
    const signal = context.signal ?? 'traces';
    this.#place = context.pipeline ?? (out === undefined ? signal : `${signal}_${out}`);
    const hasher = new Hasher(config.hash_key);
    const options = {
      hash: config.hash,
      hasher,
      maxKeys: config.max_keys,
      latenessMs: durationMs(config.allowed_lateness),
    };
    this.#ledger = new Ledger({
      budgets: config.budgets.map((budget) => new Budget(budget, options)),
      maxClockSkewMs: durationMs(config.max_clock_skew),
      now: () => context.clock.now(),
      ...(outputs.metrics && { onAdvance: (toMs) => this.#snapshots!.passTo(toMs, (atMs) => this.#agents.advance(atMs)) }),
    });
    this.#keeper = new StateKeeper(this.#ledger, hasher, context, durationMs(config.checkpoint_interval));
    this.#agents = new AgentUsage({
      waitMs: durationMs(config.wait),
      decide: (outcome, held) => {
        if (outcome === 'counted') this.#ledger.bookHeld(held, this.#settled);
        else if (outcome === 'overflow') this.#ledger.unbooked.agent_overflow++;
      },
    });
    this.#outbox = new Outbox(next, context);
    if (outputs.metrics) {
      this.#snapshots = new Snapshots(this.#ledger, durationMs(config.metrics_interval), (batch) => this.#outbox.sendNew(batch));
    }
    const place = { [context.kind]: context.id, [context.pipeline === undefined ? 'signals' : 'pipeline']: this.#place };
    this.#countCrossing = createMetrics(context, this.#ledger, place);
  }

  async start(host: Host): Promise<void> {
    const { logger } = this.#context;
    const countsCost = this.#config.budgets.some(({ measure }) => measure === 'cost');
    this.#prices = await PriceList.load({
      ...(countsCost ? this.#config.prices : { catalog: 'none' }),
      onReload: (problem) => {
        if (problem === undefined) logger.info('Read the prices again.');
        else logger.error('The prices could not be read again; those before stay.', { error: String(problem) });
      },
    });
    this.#walk = walk([this.#visitor(new CallCost(this.#prices))], (_, error) => {
      logger.error('Booking an item failed.', { error: String(error) });
    });
    if (this.#config.storage !== undefined) await this.#keeper.open(host, this.#config.storage, this.#place);
    this.#lastDataMs = this.#context.clock.now();
    this.#snapshots?.start(host.pool);
    this.#account = host.memory.account();
    this.#pool = host.pool;
  }

  #visitor(cost: CallCost): Visitor {
    const visit = (item: SpanView | LogView): void => {
      const isSpan = 'endTimeUnixNano' in item;
      const call = isSpan ? this.#reader.readSpan(item) : this.#reader.readLog(item);
      const { tag } = this.#config;
      const isTagged =
        this.#outputs.items && (tag === 'all' || (call.level !== 'none' && tag === 'operations') || (call.billed && tag === 'calls'));
      const saysUsage = call.level !== 'none' && (call.usage.known || item.attributes.has(added.costAmount));
      const isAgent = isSpan && saysUsage && (call.level === 'agent' || call.level === 'workflow');
      if (!call.billed && !isAgent && !isTagged) return;
      const timeMs = this.#ledger.timeOf(item);
      if (call.billed || isAgent) this.#ledger.advance(timeMs);
      if (call.billed) {
        this.#ledger.book(call, item, timeMs, cost, this.#bookings);
        if (saysUsage) this.#agents.call(item.traceIdHex, timeMs);
        else this.#agents.advance(timeMs);
      }
      if (isAgent) this.#hold(item, timeMs, this.#ledger.look(call, item, timeMs, cost));
      if (!isTagged) return;
      const state = this.#ledger.state(call, item, timeMs);
      if (state === undefined) return;
      const { budget, account, spend, reached } = state;
      const percent = budget.thresholds[reached - 1]!;
      item.attributes.setString(tags.name, budget.settings.name);
      item.attributes.setString(tags.status, statusAt(percent));
      item.attributes.setDouble(tags.threshold, percent);
      item.attributes.setDouble(tags.ratio, account.usedRatio(spend));
    };
    return { onSpan: visit, onLog: visit };
  }

  /** Keeps what an agent used; a batch that can be refused says it when it is taken. */
  #hold(span: SpanView, endMs: number, held: HeldSpending): void {
    const run = {
      trace: span.traceIdHex,
      span: span.spanIdHex,
      parent: span.parentSpanIdHex,
      startMs: endMs - span.durationNanos / nanosPerMs,
      endMs,
    };
    const hold = (): void => this.#agents.hold(run, held, heldBytes * held.parts.length);
    if (this.#outputs.items) this.#bookings.held.push(hold);
    else hold();
  }

  consume(batch: Batch): Consumed {
    if (this.#pool === undefined || this.#isStopping) throw notRunning;
    const refusal = this.refusing();
    if (refusal !== undefined) throw refusal;
    this.#ledger.begin();
    const bookings = (this.#bookings = new Bookings());
    const tagged = this.#walk!.run(batch) ?? batch;
    this.#watchForPause();
    this.#account?.set(this.#ledger.sizeBytes + this.#agents.sizeBytes);
    if (!this.#outputs.items) {
      this.#context.items.absorb(batch.items);
      this.#commit(bookings);
      return undefined;
    }
    const undo = (error: unknown): never => {
      bookings.undo();
      this.#announce(bookings.crossings);
      throw error;
    };
    let passed: Consumed;
    try {
      passed = tagged === batch ? this.#next.consume(batch) : lend(this.#next, tagged);
    } catch (error) {
      return undo(error);
    }
    if (passed !== undefined) return passed.then(() => this.#commit(bookings), undo);
    this.#commit(bookings);
    return undefined;
  }

  #commit(bookings: Bookings): void {
    for (const hold of bookings.held) hold();
    this.#ledger.count(bookings);
    this.#announce(bookings.crossings);
    this.#announceSettled();
  }

  #announceSettled(): void {
    const settled = this.#settled;
    this.#settled = new Bookings();
    this.#ledger.count(settled);
    this.#announce(settled.crossings);
  }

  refusing(): PipelineError | undefined {
    return this.#outbox.isFull ? waiting : undefined;
  }

  /** Says that thresholds were reached, when the storage knows it: so it is said once. */
  #announce(crossings: readonly Crossing[]): void {
    if (crossings.length === 0) return;
    for (const crossing of crossings) {
      const percent = crossing.budget.thresholds[crossing.threshold]!;
      this.#countCrossing(crossing.budget, crossing.account, percent);
      // A connector has pipelines to say it in, and an instance for each.
      const { kind, logger } = this.#context;
      logger[kind === 'processor' ? 'warn' : 'debug']('A budget reached a threshold.', { ...eventAttributes(crossing) });
    }
    const report = (): void => {
      if (this.#outputs.events) this.#outbox.sendNew(eventsBatch(crossings, this.#pool!));
      if (this.#outputs.metrics) this.#outbox.sendNew(crossingPoints(crossings, this.#pool!));
    };
    const saved = this.#keeper.save();
    if (saved === undefined) report();
    else this.#reporting = Promise.all([this.#reporting, saved.then(report)]);
  }

  #watchForPause(): void {
    this.#lastDataMs = this.#context.clock.now();
    const idleMs = durationMs(this.#config.idle_timeout);
    if (idleMs > 0) this.#idleTimer ??= this.#context.clock.setTimeout(() => this.#pause(idleMs), idleMs);
  }

  /** Live data that pauses: event time goes on with the clock. */
  #pause(idleMs: number): void {
    this.#idleTimer = undefined;
    const { maxTimeMs } = this.#ledger;
    const now = this.#context.clock.now();
    const pausedMs = now - this.#lastDataMs;
    if (maxTimeMs === -Infinity || this.#lastDataMs - maxTimeMs > idleMs) return;
    if (pausedMs >= idleMs) {
      this.#ledger.advance(maxTimeMs + pausedMs);
      this.#agents.advance(maxTimeMs + pausedMs);
      this.#announceSettled();
      this.#lastDataMs = now;
    }
    this.#idleTimer = this.#context.clock.setTimeout(() => this.#pause(idleMs), idleMs);
  }

  shutdown(signal: AbortSignal): Promise<void> {
    this.#isStopping = true;
    this.#stopped ??= this.#end(signal);
    return this.#stopped;
  }

  async #end(signal: AbortSignal): Promise<void> {
    this.#idleTimer?.cancel();
    this.#agents.settle();
    if (this.#pool !== undefined) this.#announceSettled();
    if (this.#pool !== undefined && this.#snapshots !== undefined && this.#ledger.maxTimeMs !== -Infinity) {
      this.#snapshots.say(this.#ledger.maxTimeMs + 1);
    }
    await this.#reporting;
    await this.#outbox.drain(signal);
    await this.#keeper.close();
    this.#prices?.close();
    this.#account?.set(0);
  }
}
