import type { Call } from './call.ts';
import { isRecord, numberOf, parseJson } from './json.ts';
import { readGeminiUsage } from './bodies/gemini.ts';
import { readCohereUsage, readConverseUsage, readInvocationMetrics } from './bodies/others.ts';
import { readInputTokensUsage } from './bodies/input-tokens.ts';
import { readPromptTokensUsage } from './bodies/prompt-tokens.ts';
import { readVercelUsage } from './bodies/vercel.ts';
import { providerName } from './provider.ts';
import { StatedUsage } from './stated-usage.ts';
import type { Usage } from './usage.ts';

type Body = Readonly<Record<string, unknown>>;

/** Where responses keep their usage, first match first: each is a path. */
const roots: readonly (readonly string[])[] = [
  ['usage'],
  ['usageMetadata'],
  ['usage_metadata'],
  ['response', 'usage'],
  ['response', 'usageMetadata'],
  ['message', 'usage'],
  ['result', 'usage'],
  ['metadata', 'usage'],
  ['meta'],
  ['x_groq', 'usage'],
  ['tokenUsage'],
  ['amazon-bedrock-invocationMetrics'],
];

const stated = new StatedUsage();

/**
 * Reads what a vendor answered: its JSON `usage` (or the whole response, or the event of a stream that carries it, as an object or as text),
 * whatever vendor it is; `provider` decides where the shape alone does not say. False, and nothing changed, when there is no usage in it.
 */
export function readUsageBody(body: unknown, provider: string, into: Usage): boolean {
  const whole = typeof body === 'string' ? parseJson(body) : body;
  if (!isRecord(whole)) return false;
  for (const path of roots) {
    const root = at(whole, path);
    if (isRecord(root) && readUsage(root, provider, into)) return true;
  }
  return readUsage(whole, provider, into);
}

/**
 * The same, and what else a response says of the call: the model that answered, the service tier, a cost. Only what is there is changed; the
 * provider is the call's own.
 */
export function readResponseBody(body: unknown, into: Call): boolean {
  const whole = typeof body === 'string' ? parseJson(body) : body;
  if (!isRecord(whole)) return false;
  const known = readUsageBody(whole, into.provider, into.usage);
  const parts: readonly unknown[] = [
    whole,
    whole['response'],
    whole['message'],
    whole['usage'],
    at(whole, ['response', 'usage']),
    at(whole, ['message', 'usage']),
  ];
  for (const part of parts) {
    if (!isRecord(part)) continue;
    const model = part['model'] ?? part['modelVersion'] ?? part['model_version'];
    if (typeof model === 'string' && model !== '') into.responseModel = model;
    const tier = part['service_tier'] ?? part['serviceTier'];
    if (typeof tier === 'string') into.serviceTier = tier === 'default' ? 'standard' : tier;
    if (into.serviceTier === 'batch') into.batch = true;
    const cost = part['cost'];
    if (part !== whole && (typeof cost === 'string' || typeof cost === 'number') && numberOf(cost) >= 0) {
      into.reportedCost = String(cost);
      into.reportedCurrency = 'USD';
    }
  }
  if (known) into.usageMissing = false;
  return known;
}

/** The same of an object that is the `usage` of a response itself, without a look for one inside. */
export function readUsage(usage: Body, providerOrAlias: string, into: Usage): boolean {
  const provider = providerName(providerOrAlias);
  stated.clear();
  const isRead =
    readGeminiUsage(usage, stated) ||
    readCohereUsage(usage, stated) ||
    readInvocationMetrics(usage, stated) ||
    readVercelUsage(usage, provider, stated) ||
    readConverseUsage(usage, stated) ||
    readPromptTokensUsage(usage, provider, stated) ||
    readInputTokensUsage(usage, provider, stated);
  if (!isRead) return false;
  return stated.settle(into);
}

function at(body: Body, path: readonly string[]): unknown {
  let found: unknown = body;
  for (const name of path) found = isRecord(found) ? found[name] : undefined;
  return found;
}
