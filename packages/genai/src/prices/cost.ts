import { tokenKinds } from '../usage.ts';
import type { TokenKind } from '../usage.ts';
import type { Money } from './money.ts';

/** What an amount is for: each kind of tokens, at its `tokenIndex`, then searches of the web and fees per request. */
export const costKinds: readonly (TokenKind | 'web_search' | 'request')[] = [...tokenKinds, 'web_search', 'request'];

/**
 * `priced`; `unpriced`: no price list knows what it costs; `cached`: answered by a cache of the application, for nothing; `no_usage`: the
 * sender did not say what was used.
 */
export type CostStatus = 'priced' | 'unpriced' | 'cached' | 'no_usage';

/**
 * Why a call is `unpriced`: nobody knows the model, tokens that it used have no price, or the numbers of tokens cannot be. A `priced` one has
 * `missing_price` when its searches of the web have none: they are left out.
 */
export type UnpricedReason = '' | 'unknown_model' | 'missing_price' | 'invalid_usage';

/** What one call costs. Reused by its `PriceList`: valid until its next `price`. */
export class Cost {
  status: CostStatus = 'no_usage';
  reason: UnpricedReason = '';
  /** ISO 4217: of every amount here. What was reported decides; there are no exchange rates, so an estimate in another currency is left out. */
  currency = 'USD';
  /** What the price list says: the sum of `byKind`. */
  estimated: Money = 0n;
  /** What the provider or the caller says, as they say it; undefined when nobody did. */
  actual: Money | undefined = undefined;
  /** The actual cost, else the estimated one: what sums are made of. */
  amount: Money = 0n;
  /** How far `actual` is above `estimated`, in percent of the latter; NaN unless there are both. */
  driftPercent = Number.NaN;
  /** Parts of `estimated`, by the places of `costKinds`. */
  readonly byKind: Money[] = costKinds.map(() => 0n);
  /**
   * What was saved, without counting anything twice; a negative amount is what was paid on top. `cache`: a hit of the application's own cache
   * avoided the call. `routing`: `baseline_model` would have been dearer. `batch`: it was part of a batch job.
   */
  readonly savings: { cache: Money; routing: Money; batch: Money } = { cache: 0n, routing: 0n, batch: 0n };
  /** What the vendor's prompt cache saved against the same input without it, writes included: part of the estimate, in none of `savings`. */
  promptCacheSavings: Money = 0n;
  /** Whose prices they are: `standard`, `batch`, or a service tier such as `flex`. */
  tier = 'standard';
  /** Whether the call names a service tier or batch that has no prices of its own, so that it counts as `standard`. */
  tierAssumed = false;
  /** The price list: its name and date. */
  listName = '';

  /** As new. */
  clear(): void {
    this.status = 'no_usage';
    this.reason = '';
    this.currency = 'USD';
    this.estimated = this.amount = this.promptCacheSavings = 0n;
    this.actual = undefined;
    this.driftPercent = Number.NaN;
    this.byKind.fill(0n);
    this.savings.cache = this.savings.routing = this.savings.batch = 0n;
    this.tier = 'standard';
    this.tierAssumed = false;
  }
}
