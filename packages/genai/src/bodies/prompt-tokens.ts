import type { StatedUsage } from '../stated-usage.ts';
import type { Body } from './pick.ts';
import { hasMember, part, pick } from './pick.ts';

/** Whose `completion_tokens` leave reasoning out. */
const reasoningBeyond: ReadonlySet<string> = new Set(['x_ai', 'perplexity']);

/**
 * Bodies that speak of `prompt_tokens` and `completion_tokens`: OpenAI's chat completions and embeddings, and everybody who speaks like it
 * (Azure, Mistral, Groq, DeepSeek, xAI, Perplexity, OpenRouter, gateways). The prompt includes what the cache held.
 */
export function readPromptTokensUsage(usage: Body, provider: string, into: StatedUsage): boolean {
  if (!hasMember(usage, 'prompt_tokens', 'completion_tokens', 'promptTokens', 'completionTokens')) return false;
  into.input = pick(usage, 'prompt_tokens', 'promptTokens');
  into.output = pick(usage, 'completion_tokens', 'completionTokens');
  into.total = pick(usage, 'total_tokens', 'totalTokens');
  const prompts = part(usage, 'prompt_tokens_details', 'prompt_token_details', 'promptTokensDetails');
  const completions = part(usage, 'completion_tokens_details', 'completion_token_details', 'completionTokensDetails');
  into.cacheRead = pick(prompts, 'cached_tokens', 'cachedTokens', 'cache_read_tokens');
  if (Number.isNaN(into.cacheRead)) {
    into.cacheRead = pick(
      usage,
      'prompt_cache_hit_tokens',
      'cache_read_input_tokens',
      'cached_tokens',
      'num_cached_tokens',
      'cached_prompt_text_tokens',
    );
  }
  into.cacheWrite = pick(prompts, 'cache_write_tokens', 'cache_creation_tokens', 'cacheWriteTokens');
  if (Number.isNaN(into.cacheWrite)) into.cacheWrite = pick(usage, 'cache_creation_input_tokens', 'cache_write_tokens');
  const creation = part(prompts, 'cache_creation_token_details') ?? part(usage, 'cache_creation');
  into.cacheWrite5m = pick(creation, 'ephemeral_5m_input_tokens');
  into.cacheWrite1h = pick(creation, 'ephemeral_1h_input_tokens');
  into.inputAudio = pick(prompts, 'audio_tokens', 'audioTokens');
  into.inputImage = pick(prompts, 'image_tokens', 'imageTokens');
  into.inputVideo = pick(prompts, 'video_tokens');
  into.outputAudio = pick(completions, 'audio_tokens', 'audioTokens');
  into.outputImage = pick(completions, 'image_tokens');
  into.reasoning = pick(completions, 'reasoning_tokens', 'reasoningTokens');
  if (Number.isNaN(into.reasoning)) into.reasoning = pick(usage, 'reasoning_tokens');
  into.webSearches = pick(usage, 'num_search_queries', 'num_sources_used');
  if (Number.isNaN(into.webSearches)) into.webSearches = pick(part(usage, 'server_tool_use'), 'web_search_requests');
  into.outputIncludesReasoning = !reasoningBeyond.has(provider);
  if (provider === 'perplexity') {
    into.totalIsNaive = true;
    const citations = pick(usage, 'citation_tokens');
    if (citations > 0) into.output = (into.output || 0) + citations;
  }
  // Google's own imitation of this body counts thoughts in the total alone.
  if (provider.startsWith('gcp.') && Number.isNaN(into.reasoning)) {
    const beyond = into.total - into.input - into.output;
    if (beyond > 0) {
      into.reasoning = beyond;
      into.outputIncludesReasoning = false;
    }
  }
  return true;
}
