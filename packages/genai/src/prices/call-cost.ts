import type { AttributesView } from '@millrace/wire';
import { added } from '../attributes.ts';
import type { Call } from '../call.ts';
import { moneyOf } from './money.ts';
import type { Money } from './money.ts';
import type { PriceList } from './price-list.ts';

/** Why a call's cost is not known: as `millrace.cost.status` says. */
export type NoCost = 'unpriced' | 'no_usage';

/** What a call costs: what processor `genai` wrote on it, else what the price list says. Reused: valid until the next `read`. */
export class CallCost {
  amount: Money = 0n;
  currency = '';
  /** Undefined when the amount is known. */
  missing: NoCost | undefined;
  readonly #prices: PriceList;

  constructor(prices: PriceList) {
    this.#prices = prices;
  }

  /** Of a call that came in these attributes, at a time. */
  read(call: Call, attributes: AttributesView, unixMs: number): this {
    const written = attributes.number(added.costAmount);
    if (written !== undefined) {
      this.currency = attributes.string(added.costCurrency) ?? 'USD';
      return this.#set(written < 0 ? undefined : moneyOf(written));
    }
    // A call that was looked at and has no amount is not priced again, by another list perhaps.
    const status = attributes.string(added.costStatus);
    if (status === 'unpriced' || status === 'no_usage') return this.#none(status);
    const cost = this.#prices.price(call, unixMs);
    if ((cost.status === 'unpriced' || cost.status === 'no_usage') && cost.actual === undefined) return this.#none(cost.status);
    this.currency = cost.currency;
    return this.#set(cost.amount);
  }

  #set(amount: Money | undefined): this {
    if (amount === undefined) return this.#none('unpriced');
    this.amount = amount;
    this.missing = undefined;
    return this;
  }

  #none(status: NoCost): this {
    this.missing = status;
    return this;
  }
}
