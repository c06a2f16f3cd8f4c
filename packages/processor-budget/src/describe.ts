import { moneyToNumber } from '@millrace/genai';
import type { Money } from '@millrace/genai';
import type { PlainAttributes } from '@millrace/wire';
import type { Account } from './account.ts';
import type { Bookings } from './bookings.ts';
import type { Budget } from './budget.ts';

/** What the budget has used: `warning` from the first threshold on, `exceeded` from 100 % on. */
export type BudgetStatus = 'ok' | 'warning' | 'exceeded';

/** The status when a threshold is the highest one that is reached; undefined: none. */
export function statusAt(percent: number | undefined): BudgetStatus {
  if (percent === undefined) return 'ok';
  return percent >= 100 ? 'exceeded' : 'warning';
}

/** The unit of a budget's amounts: `{currency}` where an attribute names it. */
export function unitOf({ settings: { measure } }: Budget): string {
  if (measure === 'cost') return '{currency}';
  return measure === 'tokens' ? '{token}' : '{request}';
}

/** What tells an account's series apart from all others. */
export function attributesOf(budget: Budget, account: Account): PlainAttributes {
  const { name, measure, currency } = budget.settings;
  const attributes: Record<string, string | boolean> = { 'millrace.budget.name': name };
  if (measure === 'cost') attributes['millrace.cost.currency'] = currency;
  if (account === budget.overflow) attributes['otel.metric.overflow'] = true;
  else
    account.values.forEach((value, i) => {
      if (value !== '') attributes[budget.attributes[i]!] = value;
    });
  return attributes;
}

/** The attributes of an event, which says everything by itself. */
export function eventAttributes(crossing: Bookings['crossings'][number]): PlainAttributes {
  const { budget, account, threshold, amount, startMs, endMs } = crossing;
  const percent = budget.thresholds[threshold]!;
  return {
    ...attributesOf(budget, account),
    'millrace.budget.threshold': percent,
    'millrace.budget.status': statusAt(percent),
    'millrace.budget.spent': moneyToNumber(amount),
    'millrace.budget.limit': moneyToNumber(account.limit!),
    'millrace.budget.used_ratio': ratio(amount, account.limit!),
    'millrace.budget.measure': budget.settings.measure,
    'millrace.budget.window': budget.settings.window,
    'millrace.budget.period.start': new Date(startMs).toISOString(),
    'millrace.budget.period.end': new Date(endMs).toISOString(),
  };
}

function ratio(amount: Money, limit: Money): number {
  return Number(amount) / Number(limit);
}
