import type { Call } from '../call.ts';
import type { Facts } from '../facts.ts';
import { field, fields } from '../field.ts';
import { isRecord, numberOf } from '../json.ts';

/** `local` means that whoever wrote the draft convention's amount worked it out: an estimate, not what was reported. */
const draftCost = field('gen_ai.usage.cost.amount');
const draftSource = field('gen_ai.usage.cost.source');
const costs = fields(
  'millrace.cost.actual',
  'gen_ai.usage.cost',
  'llm.cost.total',
  'gen_ai.cost.amount',
  'gen_ai.cost.total_cost',
  'gen_ai.cost.total_tokens',
  'gen_ai.usage.total_cost',
  'gen_ai.client.operation.cost',
  'llm.usage.total_cost',
  'ai.total_cost',
  'operation.cost',
  'genai_cost',
  'llm.cost.response_cost',
  'litellm.response_cost',
);
const costOfPrompt = field('llm.cost.prompt');
const costOfCompletion = field('llm.cost.completion');
const currencies = fields('gen_ai.usage.cost.currency', 'millrace.cost.currency', 'gen_ai.cost.currency', 'llm.cost.currency');
const langfuseCosts = [field('langfuse.observation.cost_details'), field('langfuse.cost_details')];
const litellmParameters = field('hidden_params');
const providerMetadata = field('ai.response.providerMetadata');

/** What the provider or the caller says it cost. */
export function readReportedCost(facts: Facts, into: Call): void {
  // LiteLLM repeats what the answer cost when it was not yet in the cache.
  if (into.cacheResult === 'hit' && facts.has(litellmParameters)) return;
  const isStated = facts.number(draftCost) >= 0 && facts.text(draftSource) !== 'local';
  let cost = isStated ? facts.text(draftCost) : '';
  if (cost === '' && facts.hasAny(costs)) {
    const stated = costs.fields.find((candidate) => facts.number(candidate) >= 0);
    if (stated !== undefined) cost = facts.text(stated);
  }
  if (cost === '') {
    const parts = facts.number(costOfPrompt) + facts.number(costOfCompletion);
    if (parts >= 0) cost = String(parts);
  }
  for (const candidate of langfuseCosts) if (cost === '' && facts.has(candidate)) cost = langfuseCost(facts.json(candidate));
  if (cost === '' && facts.has(providerMetadata)) cost = gatewayCost(facts, facts.wholeText(providerMetadata));
  if (cost === '') return;
  into.reportedCost = cost;
  into.reportedCurrency = facts.firstText(currencies).toUpperCase() || 'USD';
}

function langfuseCost(details: unknown): string {
  if (!isRecord(details)) return '';
  if (numberOf(details['total']) >= 0) return String(details['total']);
  let sum = Number.NaN;
  for (const value of Object.values(details)) {
    const part = numberOf(value);
    if (part >= 0) sum = (sum || 0) + part;
  }
  return sum >= 0 ? String(sum) : '';
}

/** Gateways behind the Vercel AI SDK: `gateway.cost`, `openrouter.usage.cost`. */
function gatewayCost(facts: Facts, text: string): string {
  if (!text.includes('"cost"')) return '';
  const metadata = facts.json(providerMetadata);
  if (!isRecord(metadata)) return '';
  for (const vendor of Object.values(metadata)) {
    if (!isRecord(vendor)) continue;
    const cost = vendor['cost'] ?? (isRecord(vendor['usage']) ? vendor['usage']['cost'] : undefined);
    if (numberOf(cost) >= 0) return String(cost);
  }
  return '';
}
