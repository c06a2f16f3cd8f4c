import { deserialize, serialize } from 'node:v8';
import type { Money } from '@millrace/genai';
import type { Account } from './account.ts';
import type { Hasher } from './labels.ts';
import type { Ledger } from './ledger.ts';
import { RollingSpend } from './spend.ts';

const version = 1;
/** Accounts of a record: a few hundred kilobytes. */
const accountsPerRecord = 2000;

interface SpendState {
  readonly startMs: number;
  readonly amount: Money;
  /** Of a rolling window, by the end of each part. */
  readonly buckets: ReadonlyMap<number, Money> | undefined;
  /** When each threshold was reported, by its percentage. */
  readonly fired: ReadonlyMap<number, number>;
}

interface AccountState {
  /** Of the budget: its name and fingerprint. */
  readonly budget: string;
  readonly fingerprint: string;
  /** Undefined: the common one. */
  readonly values: readonly string[] | undefined;
  readonly spends: readonly SpendState[];
}

interface StateRecord {
  readonly version: number;
  readonly hashKey: string;
  readonly maxTimeMs: number;
  readonly accounts: readonly AccountState[];
}

/**
 * The state of accounts as records, each of which stands for itself: what a later one says of an account replaces what an earlier one says. `all`: also those that
 * the storage has as they are. The accounts count as stored from here on.
 */
export function encodeState(ledger: Ledger, hasher: Hasher, all: boolean): Buffer[] {
  const accounts: AccountState[] = [];
  for (const budget of ledger.budgets) {
    const { fingerprint, settings, thresholds } = budget;
    for (const account of budget.all()) {
      if (!account.dirty && !all) continue;
      account.dirty = false;
      const spends = account.spends.map((spend) => ({
        startMs: spend.startMs,
        amount: spend.amount,
        buckets: spend instanceof RollingSpend ? spend.buckets : undefined,
        fired: new Map(
          thresholds.map((percent, i) => [percent, spend.firedAtMs[i] ?? Number.NaN] as const).filter(([, ms]) => !Number.isNaN(ms)),
        ),
      }));
      const values = account === budget.overflow ? undefined : account.values;
      accounts.push({ budget: settings.name, fingerprint, values, spends });
    }
  }
  // Without accounts the key of the hashes is still worth a record, when all before is thrown away.
  if (accounts.length === 0 && !all) return [];
  const records: Buffer[] = [];
  let from = 0;
  do {
    const record: StateRecord = {
      version,
      hashKey: hasher.mark,
      maxTimeMs: ledger.maxTimeMs,
      accounts: accounts.slice(from, from + accountsPerRecord),
    };
    records.push(serialize(record));
    from += accountsPerRecord;
  } while (from < accounts.length);
  return records;
}

/** A record; undefined when it is none of ours, or of another version. */
function recordIn(bytes: Buffer): StateRecord | undefined {
  try {
    const record = deserialize(bytes) as Partial<StateRecord> | undefined;
    return record?.version === version && Array.isArray(record.accounts) ? (record as StateRecord) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Applies records of an earlier run, oldest first. Returns the budgets that are not what they were: their state is left out. `unreadable` is told of every
 * record that is damaged, and left out too.
 */
export function restoreState(ledger: Ledger, hasher: Hasher, records: readonly Buffer[], unreadable: () => void): string[] {
  const changed = new Set<string>();
  const budgets = new Map(ledger.budgets.map((budget) => [budget.settings.name, budget]));
  const latest = new Map<string, AccountState>();
  for (const bytes of records) {
    const record = recordIn(bytes);
    if (record === undefined) {
      unreadable();
      continue;
    }
    ledger.maxTimeMs = record.maxTimeMs;
    const isKeyKnown = hasher.continue(record.hashKey);
    for (const state of record.accounts) {
      if (!isKeyKnown && budgets.get(state.budget)?.isHashed) {
        changed.add(state.budget);
        continue;
      }
      const identity = JSON.stringify([state.budget, state.values]);
      latest.delete(identity);
      latest.set(identity, state);
    }
  }
  for (const { budget: name, fingerprint, values, spends } of latest.values()) {
    const budget = budgets.get(name);
    if (budget?.fingerprint !== fingerprint) {
      changed.add(name);
      continue;
    }
    const account = values === undefined ? budget.overflowAccount() : budget.accountFor(values);
    for (const state of spends) restoreSpend(account, budget, state, ledger.maxTimeMs);
  }
  return [...changed];
}

function restoreSpend(account: Account, budget: Ledger['budgets'][number], state: SpendState, nowMs: number): void {
  const spend = budget.window.open(account, state.buckets === undefined ? state.startMs : nowMs, nowMs);
  if (spend === undefined) return;
  if (spend instanceof RollingSpend && state.buckets !== undefined) {
    for (const [bucket, amount] of state.buckets) spend.add(spend.timeOf(bucket), amount);
  } else spend.amount += state.amount;
  budget.thresholds.forEach((percent, i) => {
    if (i < account.at.length) spend.firedAtMs[i] = state.fired.get(percent) ?? Number.NaN;
  });
}
