import { isRecord } from '../json.ts';
import type { StatedUsage } from '../stated-usage.ts';
import type { Body } from './pick.ts';
import { hasMember, part, pick } from './pick.ts';

/** Cohere: `billed_units` is what is paid for; `tokens` includes what the vendor adds itself. Both versions of its API. */
export function readCohereUsage(usage: Body, into: StatedUsage): boolean {
  const billed = part(usage, 'billed_units', 'billedUnits');
  const tokens = part(usage, 'tokens');
  const units = billed ?? tokens;
  if (units === undefined) return false;
  into.input = pick(units, 'input_tokens', 'inputTokens');
  into.output = pick(units, 'output_tokens', 'outputTokens');
  into.inputImage = pick(units, 'image_tokens');
  into.cacheRead = pick(usage, 'cached_tokens', 'cachedTokens');
  // Ranking is billed by searches, not by tokens.
  if (hasMember(units, 'search_units', 'searchUnits') && Number.isNaN(into.input)) into.input = 0;
  return true;
}

/** Amazon Bedrock, Converse: the input is beyond what was read from and written to the cache. */
export function readConverseUsage(usage: Body, into: StatedUsage): boolean {
  if (!hasMember(usage, 'inputTokens', 'outputTokens')) return false;
  into.input = pick(usage, 'inputTokens');
  into.output = pick(usage, 'outputTokens');
  into.total = pick(usage, 'totalTokens');
  into.cacheRead = pick(usage, 'cacheReadInputTokens', 'cacheReadInputTokenCount', 'cacheReadTokens');
  into.cacheWrite = pick(usage, 'cacheWriteInputTokens', 'cacheWriteInputTokenCount', 'cacheWriteTokens');
  into.inputIncludesCache = false;
  const details = usage['cacheDetails'];
  for (const detail of Array.isArray(details) ? (details as readonly unknown[]) : []) {
    if (!isRecord(detail)) continue;
    const tokens = pick(detail, 'inputTokens');
    if (detail['ttl'] === '1h') into.cacheWrite1h = tokens;
    else if (detail['ttl'] === '5m') into.cacheWrite5m = tokens;
  }
  return true;
}

/** Amazon Bedrock, the last chunk of an invocation that streams. */
export function readInvocationMetrics(usage: Body, into: StatedUsage): boolean {
  if (!hasMember(usage, 'inputTokenCount', 'outputTokenCount')) return false;
  into.input = pick(usage, 'inputTokenCount');
  into.output = pick(usage, 'outputTokenCount');
  into.cacheRead = pick(usage, 'cacheReadInputTokenCount');
  into.cacheWrite = pick(usage, 'cacheWriteInputTokenCount');
  into.inputIncludesCache = false;
  return true;
}
