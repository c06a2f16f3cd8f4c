import type { Context } from '@millrace/api';
import { moneyToNumber } from '@millrace/genai';
import type { Account } from './account.ts';
import type { Budget } from './budget.ts';
import { attributesOf } from './describe.ts';
import { unbookedReasons } from './ledger.ts';
import type { Ledger } from './ledger.ts';

type Attributes = Readonly<Record<string, string | boolean>>;

/** Makes the own metrics of a component. `place` tells its instances apart. Returns what counts a threshold. */
export function createMetrics(
  { meter, clock }: Pick<Context, 'meter' | 'clock'>,
  ledger: Ledger,
  place: Readonly<Record<string, string>>,
): (budget: Budget, account: Account, percent: number) => void {
  const accounts = (
    name: string,
    unit: string,
    description: string,
    read: (budget: Budget, account: Account) => number | undefined,
  ): void =>
    meter.createObservableGauge(`budget_${name}`, { description, unit }).addCallback((result) => {
      if (ledger.maxTimeMs === -Infinity) return;
      for (const budget of ledger.budgets) {
        for (const account of budget.all()) {
          const value = read(budget, account);
          if (value !== undefined) result.observe(value, { ...(attributesOf(budget, account) as Attributes), ...place });
        }
      }
    });
  const counter = (name: string, description: string, read: () => number): void =>
    meter
      .createObservableCounter(`budget_${name}`, { description, unit: '{items}' })
      .addCallback((result) => result.observe(read(), place));
  accounts('spent', '1', 'What was spent of a budget in its present window', (budget, account) =>
    moneyToNumber(budget.current(account, ledger.maxTimeMs)?.amount ?? 0n),
  );
  accounts('limit', '1', 'What may be spent of a budget in a window', (_, { limit }) =>
    limit === undefined ? undefined : moneyToNumber(limit),
  );
  accounts('used_ratio', '1', 'Share of a budget that was spent in its present window', (budget, account) =>
    account.limit === undefined ? undefined : account.usedRatio(budget.current(account, ledger.maxTimeMs)),
  );
  meter
    .createObservableGauge('budget_keys', { description: 'Number of combinations of values that a budget tells apart', unit: '{keys}' })
    .addCallback((result) => {
      for (const { settings, accounts: known } of ledger.budgets)
        result.observe(known.size, { 'millrace.budget.name': settings.name, ...place });
    });
  meter.createObservableGauge('budget_lag', { description: 'How far event time is behind the clock', unit: 's' }).addCallback((result) => {
    if (ledger.maxTimeMs !== -Infinity) result.observe((clock.now() - ledger.maxTimeMs) / 1000, place);
  });
  meter
    .createObservableCounter('budget_unbooked_calls', {
      description: 'Number of times that a call was not booked into a budget',
      unit: '{calls}',
    })
    .addCallback((result) => {
      for (const reason of unbookedReasons) result.observe(ledger.unbooked[reason], { reason, ...place });
    });
  counter('overflow_calls', 'Number of calls that came when there were too many combinations of values', () => ledger.overflowCalls);
  counter('skewed_items', 'Number of items whose time was too far ahead of the clock', () => ledger.skewedItems);
  const crossed = meter.createCounter('budget_thresholds_crossed', {
    description: 'Number of thresholds of budgets that were reached',
    unit: '{thresholds}',
  });
  return (budget, account, percent) =>
    crossed.add(1, { ...(attributesOf(budget, account) as Attributes), 'millrace.budget.threshold': percent, ...place });
}
