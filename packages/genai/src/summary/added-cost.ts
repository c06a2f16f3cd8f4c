import type { AttributesView, Key } from '@millrace/wire';
import { added } from '../attributes.ts';
import type { Money } from '../prices/money.ts';
import { moneyOf } from '../prices/money.ts';
import type { SummaryCost } from './call-sums.ts';

/**
 * The cost that processor `genai` wrote on an operation; undefined when it wrote none. Doubles become the shortest decimal number that reads as
 * the same double, so amounts with up to 15 digits come back exactly. Who writes an amount alone means dollars.
 */
export function addedCost(attributes: AttributesView): SummaryCost | undefined {
  const amount = cost(attributes, added.costAmount);
  const status = attributes.string(added.costStatus) ?? (amount === undefined ? undefined : 'priced');
  if (status === undefined) return undefined;
  return {
    status,
    currency: attributes.string(added.costCurrency) ?? 'USD',
    estimated: cost(attributes, added.costEstimated) ?? 0n,
    actual: cost(attributes, added.costActual),
    amount: amount ?? 0n,
    savings: {
      cache: money(attributes, added.savingsCache) ?? 0n,
      routing: money(attributes, added.savingsRouting) ?? 0n,
      batch: money(attributes, added.savingsBatch) ?? 0n,
    },
  };
}

/** Nothing costs less than nothing. */
function cost(attributes: AttributesView, key: Key): Money | undefined {
  const amount = money(attributes, key);
  return amount === undefined || amount < 0n ? undefined : amount;
}

function money(attributes: AttributesView, key: Key): Money | undefined {
  const number = attributes.number(key);
  return number === undefined ? undefined : moneyOf(number);
}
