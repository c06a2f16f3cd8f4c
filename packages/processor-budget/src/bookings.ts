import type { Money } from '@millrace/genai';
import type { Account } from './account.ts';
import type { Budget } from './budget.ts';
import type { UnbookedReason } from './ledger.ts';
import type { Spend } from './spend.ts';

/** A threshold that was reached: what the event says. */
export interface Crossing {
  readonly budget: Budget;
  readonly account: Account;
  readonly spend: Spend;
  /** Place among the thresholds. */
  readonly threshold: number;
  /** Of the item that did it. */
  readonly timeMs: number;
  readonly traceId: string;
  readonly spanId: string;
  /** What was spent then, and the window. */
  readonly amount: Money;
  readonly startMs: number;
  readonly endMs: number;
}

/** What one batch booked, to be taken back when the batch is refused: it comes again. */
export class Bookings {
  readonly crossings: Crossing[] = [];
  /** Why what was not booked, once for each call and budget. */
  readonly unbooked: UnbookedReason[] = [];
  /** Calls that came when there were too many combinations of values. */
  overflowCalls = 0;
  /** What is to be done once the batch is taken. */
  readonly held: (() => void)[] = [];
  readonly #accounts: Account[] = [];
  readonly #spends: Spend[] = [];
  readonly #times: number[] = [];
  readonly #amounts: Money[] = [];

  add(account: Account, spend: Spend, timeMs: number, amount: Money): void {
    this.#accounts.push(account);
    this.#spends.push(spend);
    this.#times.push(timeMs);
    this.#amounts.push(amount);
  }

  /** Takes everything back. Thresholds that are reached without this batch stay in `crossings`; the others can be reached again. */
  undo(): void {
    this.#spends.forEach((spend, i) => {
      spend.add(this.#times[i]!, -this.#amounts[i]!);
      this.#accounts[i]!.dirty = true;
    });
    const stay = this.crossings.filter(({ account, spend, threshold }) => {
      if (spend.amount >= account.at[threshold]!) return true;
      spend.firedAtMs[threshold] = Number.NaN;
      return false;
    });
    this.crossings.splice(0, Infinity, ...stay);
  }
}
