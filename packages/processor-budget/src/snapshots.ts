import { metricDefinition, moneyToNumber } from '@millrace/genai';
import type { MetricDefinition } from '@millrace/genai';
import { BatchBuilder } from '@millrace/wire';
import type { Batch, BufferPool } from '@millrace/wire';
import { attributesOf, unitOf } from './describe.ts';
import { nanosOf, scopeName } from './events.ts';
import type { Ledger } from './ledger.ts';

/** Points of a batch; those of an account are not split. */
const batchPoints = 6000;
const gauges = {
  spent: metricDefinition('millrace.budget.spent'),
  limit: metricDefinition('millrace.budget.limit'),
  ratio: metricDefinition('millrace.budget.used_ratio'),
};

/**
 * Says what was spent, at whole multiples of an interval of event time, of accounts for which that changed. So what comes out depends on the calls and their order
 * alone: during a pause nothing new would be said, except that windows end.
 */
export class Snapshots {
  readonly #ledger: Ledger;
  readonly #intervalMs: number;
  readonly #out: (batch: Batch) => void;
  #nextMs = Infinity;
  #pool: BufferPool | undefined;

  constructor(ledger: Ledger, intervalMs: number, out: (batch: Batch) => void) {
    this.#ledger = ledger;
    this.#intervalMs = intervalMs;
    this.#out = out;
  }

  start(pool: BufferPool): void {
    this.#pool = pool;
    if (Number.isFinite(this.#ledger.maxTimeMs)) this.#nextMs = this.#boundary(this.#ledger.maxTimeMs);
  }

  #boundary(ms: number): number {
    return (Math.floor(ms / this.#intervalMs) + 1) * this.#intervalMs;
  }

  /** Says what was so at the boundaries that event time is about to pass; `settle` is called before each. */
  passTo(toMs: number, settle: (atMs: number) => void): void {
    const { maxTimeMs } = this.#ledger;
    if (maxTimeMs === -Infinity) this.#nextMs = this.#boundary(toMs);
    while (this.#nextMs <= toMs) {
      const at = this.#nextMs;
      settle(at);
      const changesMs = this.say(at);
      this.#nextMs = changesMs === Infinity ? this.#boundary(toMs) : Math.max(this.#boundary(at), this.#boundary(changesMs));
    }
    // What is booked at this time changes what the boundary after it says.
    this.#nextMs = Math.min(this.#nextMs, this.#boundary(toMs));
  }

  /** Says what changed until a time; returns when it may change without spending. */
  say(atMs: number): number {
    let changesMs = Infinity;
    let builder = new BatchBuilder('metrics', this.#pool!);
    // The moment before: a window that begins now has nothing yet.
    const justBefore = atMs - 1;
    for (const budget of this.#ledger.budgets) {
      for (const account of budget.all()) {
        const spend = budget.current(account, justBefore);
        const amount = spend?.amount ?? 0n;
        if (amount !== 0n) changesMs = Math.min(changesMs, budget.window.nextChangeMs(justBefore));
        if (amount === account.emitted || (amount === 0n && account.emitted === undefined)) continue;
        account.emitted = amount;
        const scope = builder.resource().scope(scopeName);
        const attributes = attributesOf(budget, account);
        const time = { timeUnixNano: nanosOf(atMs), ...(spend !== undefined && { startTimeUnixNano: nanosOf(spend.startMs) }) };
        const add = ({ name, description }: MetricDefinition, unit: string, value: number): void =>
          scope.metric({ name, description, unit, type: 'gauge' }).point({ ...time, asDouble: value, attributes });
        add(gauges.spent, unitOf(budget), moneyToNumber(amount));
        if (account.limit !== undefined) {
          add(gauges.limit, unitOf(budget), moneyToNumber(account.limit));
          add(gauges.ratio, gauges.ratio.unit, account.usedRatio(spend));
        }
        if (builder.items < batchPoints) continue;
        this.#out(builder.finish()!);
        builder = new BatchBuilder('metrics', this.#pool!);
      }
    }
    const batch = builder.finish();
    if (batch !== undefined) this.#out(batch);
    return changesMs;
  }
}
