import { durationMs } from '@millrace/config';
import { parseMoney } from '@millrace/genai';
import type { Call, Money } from '@millrace/genai';
import { Account } from './account.ts';
import { Calendar, calendarUnits } from './calendar.ts';
import type { CalendarUnit } from './calendar.ts';
import type { BudgetSettings } from './config.ts';
import { attributeOf, Labels } from './labels.ts';
import type { Hasher } from './labels.ts';
import type { Spend } from './spend.ts';
import { CalendarWindow, RollingWindow } from './window.ts';
import type { Window } from './window.ts';

/** What the budgets of a component have in common. */
export interface BudgetOptions {
  readonly hash: readonly string[];
  readonly hasher: Hasher;
  readonly maxKeys: number;
  readonly latenessMs: number;
}

type Item = Parameters<Labels['read']>[1];

/** One budget with its accounts, at most `maxKeys` and one for the rest. */
export class Budget {
  readonly settings: BudgetSettings;
  /** Percentages, ascending. */
  readonly thresholds: readonly number[];
  readonly window: Window;
  readonly accounts: Map<string, Account> = new Map();
  /** Of all combinations of values that no account could be made for; made when it is needed. */
  overflow: Account | undefined;
  /** The attributes that the values of an account go under. */
  readonly attributes: readonly string[];
  /** Which windows and values its state means: another one is another budget. */
  readonly fingerprint: string;
  /** Whether its values are hashed, some of them. */
  readonly isHashed: boolean;
  readonly #options: BudgetOptions;
  readonly #labels: Labels;
  readonly #values: string[] = [];

  constructor(settings: BudgetSettings, options: BudgetOptions) {
    const { by, window, time_zone: timeZone, week_start: weekStart, measure, currency } = settings;
    this.settings = settings;
    this.thresholds = settings.thresholds.toSorted((a, b) => a - b);
    const { hash } = options;
    this.attributes = by.map((name) => attributeOf(name, hash.includes(name)));
    this.fingerprint = JSON.stringify([measure, currency, window, timeZone, weekStart, by.map((name) => [name, hash.includes(name)])]);
    this.isHashed = by.some((name) => hash.includes(name));
    this.window = isCalendarUnit(window)
      ? new CalendarWindow(new Calendar(window, timeZone, weekStart), options.latenessMs)
      : new RollingWindow(durationMs(window));
    this.#options = options;
    this.#labels = new Labels(by, hash, options.hasher);
  }

  /** The account of an item, made when it is not there; the common one when there are too many. */
  accountOf(call: Call, item: Item): Account {
    this.#labels.read(call, item, this.#values);
    return this.accountFor(this.#values);
  }

  /** The values of an item. */
  valuesOf(call: Call, item: Item): string[] {
    const values: string[] = [];
    this.#labels.read(call, item, values);
    return values;
  }

  /** The account of an item when it is there already; what is no call needs all its values. */
  findAccount(call: Call, item: Item): Account | undefined {
    this.#labels.read(call, item, this.#values);
    return !call.billed && this.#values.includes('') ? undefined : this.accounts.get(identityOf(this.#values));
  }

  /** The account of these values, as `accountOf`. */
  accountFor(values: readonly string[]): Account {
    const identity = identityOf(values);
    const found = this.accounts.get(identity);
    if (found !== undefined) return found;
    if (this.accounts.size >= this.#options.maxKeys) return this.overflowAccount();
    const account = new Account([...values], this.#limitOf(values), this.thresholds);
    this.accounts.set(identity, account);
    return account;
  }

  /** The account of all combinations beyond the most. */
  overflowAccount(): Account {
    return (this.overflow ??= new Account([], undefined, []));
  }

  #limitOf(values: readonly string[]): Money {
    const { by, overrides, limit } = this.settings;
    const { hash, hasher } = this.#options;
    const fits = overrides.find((override) =>
      Object.entries(override.values).every(
        ([name, value]) => values[by.indexOf(name)] === (hash.includes(name) ? hasher.hash(value) : value),
      ),
    );
    return parseMoney(String(fits?.limit ?? limit)) ?? 0n;
  }

  /** Every account, the common one last. */
  *all(): Iterable<Account> {
    yield* this.accounts.values();
    if (this.overflow !== undefined) yield this.overflow;
  }

  /** Forgets what is over for good; an account whose last amount was said to be more than nothing stays until 0 was said. */
  sweep(nowMs: number, says: boolean): void {
    const { window } = this;
    for (const [identity, account] of this.accounts) {
      window.sweep(account, nowMs);
      if (account.spends.length === 0 && !(says && (account.emitted ?? 0n) !== 0n)) this.accounts.delete(identity);
    }
    if (this.overflow !== undefined) window.sweep(this.overflow, nowMs);
  }

  /** Forgets an account that was made for nothing: it must not take the place of another. */
  forgetUnused(account: Account): void {
    if (account === this.overflow || account.spends.length > 0 || (account.emitted ?? 0n) !== 0n) return;
    this.accounts.delete(identityOf(account.values));
  }

  /** What an account spent in the window of now. */
  current(account: Account, nowMs: number): Spend | undefined {
    return this.window.find(account, nowMs, nowMs);
  }
}

/** Whether a window is one of the calendar; a duration otherwise. */
export function isCalendarUnit(text: string): text is CalendarUnit {
  return (calendarUnits as readonly string[]).includes(text);
}

/** Texts for values: different ones for different values, whatever is in them. */
function identityOf(values: readonly string[]): string {
  if (values.length === 1) return values[0]!;
  let identity = '';
  for (const value of values) identity += `${value.length} ${value}`;
  return identity;
}
