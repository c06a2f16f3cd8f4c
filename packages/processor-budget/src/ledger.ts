import type { Call, CallCost, Money } from '@millrace/genai';
import type { LogView, SpanView } from '@millrace/wire';
import type { Account } from './account.ts';
import type { Bookings } from './bookings.ts';
import type { Budget } from './budget.ts';
import type { Spend } from './spend.ts';

const nanosPerMs = 1_000_000n;
/** A token or request as an amount: amounts have 15 digits after the point. */
const one = 10n ** 15n;

/**
 * Why a call is not in a budget. `late`: its window is over; `currency`: it costs another one; `agent_overflow`: an agent's, of which too much waits to be
 * compared with its calls. The others as `millrace.cost.status` says.
 */
export const unbookedReasons = ['late', 'currency', 'unpriced', 'no_usage', 'agent_overflow'] as const;

/** One of `unbookedReasons`. */
export type UnbookedReason = (typeof unbookedReasons)[number];

/** What `state` found out: the budget that an item's window has used most of. */
export interface State {
  readonly budget: Budget;
  readonly account: Account;
  readonly spend: Spend;
  /** Thresholds reached, at least one. */
  readonly reached: number;
}

interface Ids {
  readonly traceIdHex: string;
  readonly spanIdHex: string;
}

/** Spending that waits: whether it counts is not known yet. */
export interface HeldSpending extends Ids {
  readonly parts: readonly { readonly budget: Budget; readonly values: readonly string[]; readonly amount: Money | UnbookedReason }[];
  readonly timeMs: number;
}

/** What a ledger is made of. */
export interface LedgerOptions {
  readonly budgets: readonly Budget[];
  readonly maxClockSkewMs: number;
  readonly now: () => number;
  /** Before event time goes on; absent: nobody says what was spent. */
  readonly onAdvance?: (toMs: number) => void;
}

/**
 * Books calls into the windows of their own time. Time goes on with the largest time seen, so that the result depends on the calls and their order alone, not
 * on when they come or how they are batched.
 */
export class Ledger {
  readonly budgets: readonly Budget[];
  /** The largest time seen. */
  maxTimeMs = -Infinity;
  skewedItems = 0;
  /** Calls that came when there were too many combinations of values. */
  overflowCalls = 0;
  /** Times that a call was not booked into a budget, by reason. */
  readonly unbooked: Record<UnbookedReason, number> = { late: 0, currency: 0, unpriced: 0, no_usage: 0, agent_overflow: 0 };
  readonly #options: LedgerOptions;
  #sweepAtMs = -Infinity;
  #nowMs = 0;

  constructor(options: LedgerOptions) {
    this.budgets = options.budgets;
    this.#options = options;
  }

  /** About the bytes of what is remembered. */
  get sizeBytes(): number {
    let bytes = 0;
    for (const { accounts, window } of this.budgets) bytes += accounts.size * window.accountBytes;
    return bytes;
  }

  /** A batch begins. When the clock was set back, so is event time: else everything would be late until the clock is there again. */
  begin(): void {
    this.#nowMs = this.#options.now();
    const latestMs = this.#nowMs + this.#options.maxClockSkewMs;
    if (this.maxTimeMs <= latestMs) return;
    this.maxTimeMs = latestMs;
    this.#sweepAtMs = -Infinity;
  }

  /** The time of an item that counts: when it ended, or now when it does not say or that is too far ahead. */
  timeOf(item: SpanView | LogView): number {
    const nanos = 'endTimeUnixNano' in item ? item.endTimeUnixNano : item.timeUnixNano || item.observedTimeUnixNano;
    const ms = Number(nanos / nanosPerMs);
    if (ms === 0) return this.#nowMs;
    if (ms <= this.#nowMs + this.#options.maxClockSkewMs) return ms;
    this.skewedItems++;
    return this.#nowMs;
  }

  /** Event time goes on. */
  advance(toMs: number): void {
    if (toMs <= this.maxTimeMs) return;
    this.#options.onAdvance?.(toMs);
    this.maxTimeMs = toMs;
    if (toMs < this.#sweepAtMs) return;
    this.#sweepAtMs = Infinity;
    for (const { window } of this.budgets) this.#sweepAtMs = Math.min(this.#sweepAtMs, window.nextChangeMs(toMs));
    for (const budget of this.budgets) budget.sweep(toMs, this.#options.onAdvance !== undefined);
  }

  /** Books a call into every budget. */
  book(call: Call, item: SpanView | LogView, timeMs: number, cost: CallCost, into: Bookings): void {
    let isRead = false;
    for (const budget of this.budgets) {
      if (budget.settings.measure === 'cost' && !isRead) {
        cost.read(call, item.attributes, requestMs(item, timeMs));
        isRead = true;
      }
      const amount = amountOf(budget, call, cost);
      if (typeof amount === 'string') into.unbooked.push(amount);
      else this.#put(budget, budget.accountOf(call, item), amount, timeMs, item, into);
    }
  }

  /** What `book` would book, for later. */
  look(call: Call, item: SpanView, timeMs: number, cost: CallCost): HeldSpending {
    cost.read(call, item.attributes, requestMs(item, timeMs));
    const parts = this.budgets.map((budget) => ({ budget, values: budget.valuesOf(call, item), amount: amountOf(budget, call, cost) }));
    const { traceIdHex, spanIdHex } = item;
    return { parts, timeMs, traceIdHex, spanIdHex };
  }

  /** Books what `look` returned. */
  bookHeld(held: HeldSpending, into: Bookings): void {
    for (const { budget, values, amount } of held.parts) {
      if (typeof amount === 'string') into.unbooked.push(amount);
      else this.#put(budget, budget.accountFor(values), amount, held.timeMs, held, into);
    }
  }

  /** Counts what was not booked, when what was is there to stay. */
  count({ unbooked, overflowCalls }: Bookings): void {
    for (const reason of unbooked) this.unbooked[reason]++;
    this.overflowCalls += overflowCalls;
  }

  #put(
    budget: Budget,
    account: Account,
    amount: Money,
    timeMs: number,
    { traceIdHex: traceId, spanIdHex: spanId }: Ids,
    into: Bookings,
  ): void {
    const spend = budget.window.open(account, timeMs, this.maxTimeMs);
    if (spend === undefined) {
      into.unbooked.push('late');
      budget.forgetUnused(account);
      return;
    }
    if (account === budget.overflow) into.overflowCalls++;
    spend.add(timeMs, amount);
    account.dirty = true;
    into.add(account, spend, timeMs, amount);
    for (let i = 0; i < account.at.length && spend.amount >= account.at[i]!; i++) {
      if (!Number.isNaN(spend.firedAtMs[i]!)) continue;
      spend.firedAtMs[i] = this.maxTimeMs;
      const { startMs, endMs } = spend;
      into.crossings.push({ budget, account, spend, threshold: i, timeMs, traceId, spanId, amount: spend.amount, startMs, endMs });
    }
  }

  /** The budget that an item is in and that is used most, when a threshold of it is reached in the window of the item. */
  state(call: Call, item: SpanView | LogView, timeMs: number): State | undefined {
    let most: State | undefined;
    let mostRatio = 0;
    for (const budget of this.budgets) {
      const account = budget.findAccount(call, item);
      const spend = account && budget.window.find(account, timeMs, this.maxTimeMs);
      if (spend === undefined) continue;
      const reached = account!.reached(spend);
      const ratio = account!.usedRatio(spend);
      if (reached === 0 || ratio <= mostRatio) continue;
      most = { budget, account: account!, spend, reached };
      mostRatio = ratio;
    }
    return most;
  }
}

/** When a call began, which decides its price; its time when it does not say. */
function requestMs(item: SpanView | LogView, timeMs: number): number {
  const begin = 'startTimeUnixNano' in item ? Number(item.startTimeUnixNano / nanosPerMs) : 0;
  return begin > 0 && begin < timeMs ? begin : timeMs;
}

/** What counts of a call in a budget; or why nothing does. */
function amountOf({ settings: { measure, currency } }: Budget, { usage, cacheResult }: Call, cost: CallCost): Money | UnbookedReason {
  if (measure === 'requests') return one;
  // What the application's cache answered used none, whatever the answer says.
  if (measure === 'tokens' && cacheResult === 'hit') return 0n;
  if (measure === 'tokens') return usage.known || usage.estimated ? BigInt(usage.totalTokens) * one : 'no_usage';
  return cost.missing ?? (cost.currency === currency ? cost.amount : 'currency');
}
