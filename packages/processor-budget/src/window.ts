import type { Account } from './account.ts';
import type { Calendar } from './calendar.ts';
import { bucketsPerWindow, RollingSpend, Spend } from './spend.ts';

/** When the spending of an account starts anew. `nowMs` is event time: the largest time seen. */
export interface Window {
  /** Where spending of a time belongs, made when it is not there; undefined when that is over for good. */
  open(account: Account, timeMs: number, nowMs: number): Spend | undefined;
  /** The same when it is there, for looking only. */
  find(account: Account, timeMs: number, nowMs: number): Spend | undefined;
  /** The first time after `nowMs` at which what is spent may change without spending. */
  nextChangeMs(nowMs: number): number;
  /** About the bytes of an account. */
  readonly accountBytes: number;
  /** Forgets what is over for good. */
  sweep(account: Account, nowMs: number): void;
}

/** Hours, days, weeks or months of a calendar; each can be booked into until `latenessMs` after its end. */
export class CalendarWindow implements Window {
  readonly accountBytes = 1000;
  readonly #calendar: Calendar;
  readonly #latenessMs: number;

  constructor(calendar: Calendar, latenessMs: number) {
    this.#calendar = calendar;
    this.#latenessMs = latenessMs;
  }

  open(account: Account, timeMs: number, nowMs: number): Spend | undefined {
    const { startMs, endMs } = this.#calendar.at(timeMs);
    if (endMs + this.#latenessMs <= nowMs) return undefined;
    const found = findSpend(account, startMs);
    if (found !== undefined) return found;
    const spend = new Spend(startMs, endMs, account.at.length);
    account.spends.push(spend);
    return spend;
  }

  find(account: Account, timeMs: number): Spend | undefined {
    return findSpend(account, this.#calendar.at(timeMs).startMs);
  }

  nextChangeMs(nowMs: number): number {
    return this.#calendar.at(nowMs).endMs;
  }

  sweep(account: Account, nowMs: number): void {
    const { spends } = account;
    for (let i = spends.length - 1; i >= 0; i--) if (spends[i]!.endMs + this.#latenessMs <= nowMs) spends.splice(i, 1);
  }
}

function findSpend({ spends }: Account, startMs: number): Spend | undefined {
  for (let i = spends.length - 1; i >= 0; i--) if (spends[i]!.startMs === startMs) return spends[i];
  return undefined;
}

/** The time before now. */
export class RollingWindow implements Window {
  readonly accountBytes: number = 1000 + 60 * bucketsPerWindow;
  readonly #windowMs: number;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  open(account: Account, timeMs: number, nowMs: number): Spend | undefined {
    let spend = account.spends[0] as RollingSpend | undefined;
    if (spend === undefined) account.spends.push((spend = new RollingSpend(this.#windowMs, account.at.length)));
    spend.moveTo(nowMs, account.at);
    return spend.holds(timeMs) ? spend : undefined;
  }

  find(account: Account, _timeMs: number, nowMs: number): Spend | undefined {
    const spend = account.spends[0] as RollingSpend | undefined;
    spend?.moveTo(nowMs, account.at);
    return spend;
  }

  nextChangeMs(nowMs: number): number {
    const bucketMs = this.#windowMs / bucketsPerWindow;
    return (Math.floor(nowMs / bucketMs) + 1) * bucketMs;
  }

  sweep(account: Account, nowMs: number): void {
    const spend = this.find(account, nowMs, nowMs) as RollingSpend | undefined;
    if (spend?.buckets.size === 0 && spend.firedAtMs.every(Number.isNaN)) account.spends.length = 0;
  }
}
