import type { StatedUsage } from '../stated-usage.ts';
import type { Body } from './pick.ts';
import { isRecord } from '../json.ts';
import { hasMember, pick } from './pick.ts';

/**
 * Gemini and Vertex AI, `usageMetadata`: the prompt includes what the cache held; thoughts are beyond the candidates; what tools added to the
 * prompt is beyond the prompt.
 */
export function readGeminiUsage(usage: Body, into: StatedUsage): boolean {
  if (
    !hasMember(
      usage,
      'promptTokenCount',
      'prompt_token_count',
      'candidatesTokenCount',
      'candidates_token_count',
      'totalTokenCount',
      'total_token_count',
    )
  ) {
    return false;
  }
  const prompt = pick(usage, 'promptTokenCount', 'prompt_token_count');
  const tools = pick(usage, 'toolUsePromptTokenCount', 'tool_use_prompt_token_count');
  into.input = tools > 0 ? (prompt || 0) + tools : prompt;
  into.output = pick(usage, 'candidatesTokenCount', 'candidates_token_count', 'responseTokenCount', 'response_token_count');
  into.reasoning = pick(usage, 'thoughtsTokenCount', 'thoughts_token_count');
  into.cacheRead = pick(usage, 'cachedContentTokenCount', 'cached_content_token_count');
  into.total = pick(usage, 'totalTokenCount', 'total_token_count');
  // Absent means none, here as in all of the vendor's JSON.
  if (Number.isNaN(into.output) && !Number.isNaN(into.input)) into.output = 0;
  into.outputIncludesReasoning = false;
  const input = modalities(
    usage,
    'promptTokensDetails',
    'prompt_tokens_details',
    'toolUsePromptTokensDetails',
    'tool_use_prompt_tokens_details',
  );
  into.inputAudio = input.audio;
  into.inputImage = input.image;
  into.inputVideo = input.video;
  const cache = modalities(usage, 'cacheTokensDetails', 'cache_tokens_details');
  into.cacheReadAudio = cache.audio;
  into.cacheReadImage = cache.image;
  into.cacheReadVideo = cache.video;
  const output = modalities(
    usage,
    'candidatesTokensDetails',
    'candidates_tokens_details',
    'responseTokensDetails',
    'response_tokens_details',
  );
  into.outputAudio = output.audio;
  into.outputImage = output.image;
  into.outputVideo = output.video;
  return true;
}

function modalities(usage: Body, ...names: readonly string[]): { audio: number; image: number; video: number } {
  const sums = { audio: 0, image: 0, video: 0 };
  for (const name of names) {
    const entries = usage[name];
    if (!Array.isArray(entries)) continue;
    for (const entry of entries as readonly unknown[]) {
      if (!isRecord(entry)) continue;
      const modality = String(entry['modality']).toLowerCase();
      const tokens = pick(entry, 'tokenCount', 'token_count');
      if (tokens > 0 && (modality === 'audio' || modality === 'image' || modality === 'video')) sums[modality] += tokens;
    }
  }
  return sums;
}
