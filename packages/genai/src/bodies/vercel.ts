import type { StatedUsage } from '../stated-usage.ts';
import type { Body } from './pick.ts';
import { hasMember, part, pick } from './pick.ts';

/** Providers whose own input leaves the cache out, which the Vercel AI SDK passed on as it was until its version 6. */
export function leavesCacheOut(provider: string): boolean {
  return provider === 'anthropic' || provider === 'aws.bedrock';
}

/** The `usage` of results of the Vercel AI SDK: that of models of its third specification (`inputTokens.total`), and that of versions 5 and 6. */
export function readVercelUsage(usage: Body, provider: string, into: StatedUsage): boolean {
  const inputs = part(usage, 'inputTokens');
  if (inputs !== undefined) {
    const outputs = part(usage, 'outputTokens');
    into.input = pick(inputs, 'total');
    into.inputNotCached = pick(inputs, 'noCache');
    into.cacheRead = pick(inputs, 'cacheRead');
    into.cacheWrite = pick(inputs, 'cacheWrite');
    into.output = pick(outputs, 'total');
    into.reasoning = pick(outputs, 'reasoning');
    return true;
  }
  if (!hasMember(usage, 'cachedInputTokens', 'reasoningTokens', 'inputTokenDetails', 'outputTokenDetails')) return false;
  const inputDetails = part(usage, 'inputTokenDetails');
  into.input = pick(usage, 'inputTokens');
  into.output = pick(usage, 'outputTokens');
  into.total = pick(usage, 'totalTokens');
  into.totalIsNaive = true;
  into.inputNotCached = pick(inputDetails, 'noCacheTokens');
  into.cacheRead = pick(inputDetails, 'cacheReadTokens');
  if (Number.isNaN(into.cacheRead)) into.cacheRead = pick(usage, 'cachedInputTokens');
  into.cacheWrite = pick(inputDetails, 'cacheWriteTokens');
  into.reasoning = pick(part(usage, 'outputTokenDetails'), 'reasoningTokens');
  if (Number.isNaN(into.reasoning)) into.reasoning = pick(usage, 'reasoningTokens');
  into.inputIncludesCache = inputDetails !== undefined || !leavesCacheOut(provider);
  return true;
}
