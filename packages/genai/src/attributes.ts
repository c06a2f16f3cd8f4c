import { key } from '@millrace/wire';
import type { Key } from '@millrace/wire';
import { tokenKinds } from './usage.ts';

/** Attributes that processor `genai` adds to an operation, and that everything after it reads. Amounts are in `costCurrency`. */
export const added: {
  /** What the price list says the operation costs: a double. */
  readonly costEstimated: Key;
  /** What the provider reported or the caller recorded: a double, never overwritten. */
  readonly costActual: Key;
  /** The actual cost, else the estimated one: what sums are made of. */
  readonly costAmount: Key;
  /** ISO 4217. */
  readonly costCurrency: Key;
  /** How far the actual cost is above the estimated one, in percent of the latter. */
  readonly costDrift: Key;
  /** `priced`, `unpriced` (a model that no price list knows), `cached` (answered by a cache of the application), `no_usage`. */
  readonly costStatus: Key;
  /** Which price list: its name and date. */
  readonly costCatalog: Key;
  /** What was saved, and by what: `millrace.savings.cache`, `.routing`, `.batch`. */
  readonly savingsCache: Key;
  readonly savingsRouting: Key;
  readonly savingsBatch: Key;
  /** Whether the usage is an estimate of millrace. */
  readonly usageEstimated: Key;
  /** Whether a call that ended well said nothing of its usage. */
  readonly usageMissing: Key;
  readonly usageTotal: Key;
  readonly modelFamily: Key;
  readonly cacheTier: Key;
  readonly cacheResult: Key;
} = {
  costEstimated: key('millrace.cost.estimated'),
  costActual: key('millrace.cost.actual'),
  costAmount: key('millrace.cost.amount'),
  costCurrency: key('millrace.cost.currency'),
  costDrift: key('millrace.cost.drift_percent'),
  costStatus: key('millrace.cost.status'),
  costCatalog: key('millrace.cost.catalog'),
  savingsCache: key('millrace.savings.cache'),
  savingsRouting: key('millrace.savings.routing'),
  savingsBatch: key('millrace.savings.batch'),
  usageEstimated: key('millrace.usage.estimated'),
  usageMissing: key('millrace.usage.missing'),
  usageTotal: key('millrace.usage.total'),
  modelFamily: key('millrace.model.family'),
  cacheTier: key('millrace.cache.tier'),
  cacheResult: key('millrace.cache.result'),
};

/** `millrace.usage.<kind>` by `tokenIndex`: whole numbers, absent when 0. */
export const usageKeys: readonly Key[] = tokenKinds.map((kind) => key(`millrace.usage.${kind}`));
