import { added, modelFamily, moneyToNumber, usageKeys } from '@millrace/genai';
import type { Call, Cost } from '@millrace/genai';
import { key } from '@millrace/wire';
import type { AttributesEdit, Key } from '@millrace/wire';
import { setChanged, setNew } from './set-attribute.ts';
import type { Setters } from './set-attribute.ts';

const draftAmount = key('gen_ai.usage.cost.amount');
const draftCurrency = key('gen_ai.usage.cost.currency');
const draftSource = key('gen_ai.usage.cost.source');

/** Writes the usage in disjoint buckets, the family of the model, and what a cache of the application did. */
export function addUsage(attributes: AttributesEdit, call: Call): void {
  const { usage } = call;
  const set = settersFor(attributes, added.usageTotal);
  if (usage.known) {
    const { tokens } = usage;
    let total = 0;
    for (let kind = 0; kind < tokens.length; kind++) {
      const count = tokens[kind]!;
      if (count === 0) continue;
      total += count;
      set.int(attributes, usageKeys[kind]!, count);
    }
    set.int(attributes, added.usageTotal, total);
    if (usage.estimated) set.flag(attributes, added.usageEstimated);
  }
  if (call.usageMissing && call.billed) set.flag(attributes, added.usageMissing);
  if (call.model !== '') set.text(attributes, added.modelFamily, modelFamily(call.model));
  if (call.cacheResult !== '') set.text(attributes, added.cacheResult, call.cacheResult);
  if (call.cacheTier !== '') set.text(attributes, added.cacheTier, call.cacheTier);
}

/** Writes what a call costs. */
export function addCost(attributes: AttributesEdit, cost: Cost): void {
  const set = settersFor(attributes, added.costStatus);
  set.text(attributes, added.costStatus, cost.status);
  const isPriced = cost.status === 'priced' || cost.status === 'cached';
  if (isPriced) {
    // An estimate in another currency than the reported cost is left out.
    if (cost.estimated !== 0n || cost.actual === undefined) set.double(attributes, added.costEstimated, moneyToNumber(cost.estimated));
    set.text(attributes, added.costCatalog, cost.listName);
  }
  if (cost.actual !== undefined) set.double(attributes, added.costActual, moneyToNumber(cost.actual));
  if (!isPriced && cost.actual === undefined) return;
  set.double(attributes, added.costAmount, moneyToNumber(cost.amount));
  set.text(attributes, added.costCurrency, cost.currency);
  if (!Number.isNaN(cost.driftPercent)) set.double(attributes, added.costDrift, cost.driftPercent);
  setSaving(set, attributes, added.savingsCache, cost.savings.cache);
  setSaving(set, attributes, added.savingsRouting, cost.savings.routing);
  setSaving(set, attributes, added.savingsBatch, cost.savings.batch);
}

function setSaving(set: Setters, attributes: AttributesEdit, to: Key, saving: bigint): void {
  if (saving !== 0n) set.double(attributes, to, moneyToNumber(saving));
}

/** Writes the cost under the names of the draft convention too, unless the sender did. */
export function mirrorCost(attributes: AttributesEdit, cost: Cost): void {
  if (cost.status !== 'priced' && cost.status !== 'cached' && cost.actual === undefined) return;
  if (attributes.has(draftAmount) && attributes.string(draftSource) !== 'local') return;
  setChanged.double(attributes, draftAmount, moneyToNumber(cost.amount));
  setChanged.text(attributes, draftCurrency, cost.currency);
  setChanged.text(attributes, draftSource, cost.actual === undefined ? 'local' : 'provider');
}

/** What was here before wrote all of them or none. */
function settersFor(attributes: AttributesEdit, first: Key): Setters {
  return attributes.has(first) ? setChanged : setNew;
}
