import { isRecord } from '../json.ts';
import type { StatedUsage } from '../stated-usage.ts';
import type { Body } from './pick.ts';
import { hasMember, part, pick } from './pick.ts';

/**
 * Bodies that speak of `input_tokens` and `output_tokens`: Anthropic, whose input is beyond what was read from and written to the cache, and
 * OpenAI's newer interfaces (responses, realtime, images, transcriptions), whose input includes all.
 */
export function readInputTokensUsage(usage: Body, provider: string, into: StatedUsage): boolean {
  if (!hasMember(usage, 'input_tokens', 'output_tokens')) return false;
  into.input = pick(usage, 'input_tokens');
  into.output = pick(usage, 'output_tokens');
  into.total = pick(usage, 'total_tokens');
  const inputs = part(usage, 'input_tokens_details', 'input_token_details');
  const outputs = part(usage, 'output_tokens_details', 'output_token_details');
  const creation = part(usage, 'cache_creation');
  const isAnthropic =
    inputs === undefined &&
    (creation !== undefined ||
      hasMember(usage, 'cache_read_input_tokens', 'cache_creation_input_tokens', 'server_tool_use') ||
      provider === 'anthropic');
  into.inputIncludesCache = !isAnthropic;
  addIterations(usage, into);
  into.cacheRead = pick(inputs, 'cached_tokens', 'cache_read', 'cache_read_tokens');
  if (Number.isNaN(into.cacheRead)) into.cacheRead = pick(usage, 'cache_read_input_tokens', 'cached_tokens');
  into.cacheWrite = pick(inputs, 'cache_write_tokens', 'cache_creation', 'cache_creation_tokens');
  if (Number.isNaN(into.cacheWrite)) into.cacheWrite = pick(usage, 'cache_creation_input_tokens', 'cache_write_input_tokens');
  into.cacheWrite5m = pick(creation, 'ephemeral_5m_input_tokens');
  into.cacheWrite1h = pick(creation, 'ephemeral_1h_input_tokens');
  into.inputAudio = pick(inputs, 'audio_tokens', 'audio');
  into.inputImage = pick(inputs, 'image_tokens');
  into.outputAudio = pick(outputs, 'audio_tokens', 'audio');
  into.outputImage = pick(outputs, 'image_tokens');
  into.reasoning = pick(outputs, 'reasoning_tokens', 'thinking_tokens', 'reasoning');
  const cached = part(inputs, 'cached_tokens_details');
  into.cacheReadAudio = pick(cached, 'audio_tokens');
  into.cacheReadImage = pick(cached, 'image_tokens');
  into.webSearches = pick(part(usage, 'server_tool_use'), 'web_search_requests');
  return true;
}

/**
 * A request that Anthropic answered in several steps, such as one that was compacted first, is billed by step; the numbers on top leave some out.
 * Where another model stepped in, they are whole.
 */
function addIterations(usage: Body, into: StatedUsage): void {
  const list = usage['iterations'];
  if (!Array.isArray(list) || list.length === 0) return;
  const iterations = (list as readonly unknown[]).filter(isRecord);
  if (iterations.some((iteration) => iteration['type'] === 'fallback_message')) return;
  let input = 0;
  let output = 0;
  for (const iteration of iterations) {
    input += pick(iteration, 'input_tokens');
    output += pick(iteration, 'output_tokens');
  }
  if (!(input >= 0 && output >= 0)) return;
  into.input = input;
  into.output = output;
}
