import { tokenKinds, type Usage } from '../usage.ts';
import type { Call } from '../call.ts';
import { leavesCacheOutOfInput } from './deviations.ts';
import { leavesCacheOut } from '../bodies/vercel.ts';
import type { Facts } from '../facts.ts';
import { isRecord, numberOf, parseJson, parsePython } from '../json.ts';
import { field, fields } from '../field.ts';
import { readUsageBody } from '../read-usage-body.ts';
import type { Origin } from '../origin.ts';
import { StatedUsage } from '../stated-usage.ts';

/** Every key for the same number, the standard's newest first. */
const input = fields(
  'gen_ai.usage.input_tokens',
  'gen_ai.usage.prompt_tokens',
  'llm.token_count.prompt',
  'llm.usage.prompt_tokens',
  'llm.usage.input_tokens',
  'ai.usage.inputTokens',
  'ai.usage.promptTokens',
  'ai.usage.tokens',
);
const output = fields(
  'gen_ai.usage.output_tokens',
  'gen_ai.usage.completion_tokens',
  'llm.token_count.completion',
  'llm.usage.completion_tokens',
  'llm.usage.output_tokens',
  'ai.usage.outputTokens',
  'ai.usage.completionTokens',
);
const total = fields('gen_ai.usage.total_tokens', 'llm.usage.total_tokens', 'llm.token_count.total', 'ai.usage.totalTokens');
const cacheRead = fields(
  'gen_ai.usage.cache_read.input_tokens',
  'gen_ai.usage.cache_read_input_tokens',
  'llm.token_count.prompt_details.cache_read',
  'ai.usage.inputTokenDetails.cacheReadTokens',
  'ai.usage.cachedInputTokens',
  'gen_ai.usage.cached_input_tokens',
  'gen_ai.usage.input_cached_tokens',
  'gen_ai.usage.cached_tokens',
  'gen_ai.usage.input_tokens.cached',
  'gen_ai.usage.cache_read_tokens',
  'gen_ai.usage.details.cache_read_tokens',
  'gen_ai.usage.details.cache_read_input_tokens',
  'gen_ai.usage.details.cached_tokens',
  'gen_ai.usage.prompt_tokens_details.cached_tokens',
  'llm.usage.cache_read_input_tokens',
  'llm.token_count.prompt_details.cache_input',
);
const cacheWrite = fields(
  'gen_ai.usage.cache_write.input_tokens',
  'gen_ai.usage.cache_creation.input_tokens',
  'gen_ai.usage.cache_creation_input_tokens',
  'llm.token_count.prompt_details.cache_write',
  'ai.usage.inputTokenDetails.cacheWriteTokens',
  'gen_ai.usage.cache_write_input_tokens',
  'gen_ai.usage.cache_write_tokens',
  'gen_ai.usage.cache_creation_tokens',
  'gen_ai.usage.input_tokens.cache_write',
  'gen_ai.usage.details.cache_write_tokens',
  'gen_ai.usage.details.cache_creation_input_tokens',
  'llm.usage.cache_creation_input_tokens',
);
const cacheWrite5m = fields(
  'gen_ai.usage.cache_creation.ephemeral_5m_input_tokens',
  'gen_ai.usage.cache_creation_5m.input_tokens',
  'anthropic.usage.cache_creation.ephemeral_5m_input_tokens',
  'gen_ai.usage.details.ephemeral_5m_input_tokens',
);
const cacheWrite1h = fields(
  'gen_ai.usage.cache_creation.ephemeral_1h_input_tokens',
  'gen_ai.usage.cache_creation_1h.input_tokens',
  'anthropic.usage.cache_creation.ephemeral_1h_input_tokens',
  'gen_ai.usage.details.ephemeral_1h_input_tokens',
);
const reasoning = fields(
  'gen_ai.usage.reasoning.output_tokens',
  'gen_ai.usage.reasoning_tokens',
  'llm.token_count.completion_details.reasoning',
  'ai.usage.outputTokenDetails.reasoningTokens',
  'ai.usage.reasoningTokens',
  'gen_ai.usage.output_tokens.reasoning',
  'gen_ai.usage.details.reasoning_tokens',
  'gen_ai.usage.completion_tokens_details.reasoning_tokens',
  'llm.usage.reasoning_tokens',
);
const inputAudio = fields(
  'gen_ai.usage.audio.input_tokens',
  'llm.token_count.prompt_details.audio',
  'gen_ai.usage.details.input_audio_tokens',
  'gen_ai.usage.input_token_details.audio_tokens',
);
const inputImage = fields(
  'gen_ai.usage.image.input_tokens',
  'llm.token_count.prompt_details.image',
  'gen_ai.usage.details.input_image_tokens',
);
const inputVideo = fields(
  'gen_ai.usage.video.input_tokens',
  'llm.token_count.prompt_details.video',
  'gen_ai.usage.details.input_video_tokens',
);
const inputText = fields('gen_ai.usage.text.input_tokens');
const cacheReadAudio = fields('gen_ai.usage.audio.cache_read.input_tokens', 'gen_ai.usage.details.cache_audio_read_tokens');
const cacheReadImage = fields('gen_ai.usage.image.cache_read.input_tokens');
const cacheReadVideo = fields('gen_ai.usage.video.cache_read.input_tokens');
const outputAudio = fields(
  'gen_ai.usage.audio.output_tokens',
  'llm.token_count.completion_details.audio',
  'gen_ai.usage.details.output_audio_tokens',
);
const outputImage = fields('gen_ai.usage.image.output_tokens', 'llm.token_count.completion_details.image');
const outputVideo = fields('gen_ai.usage.video.output_tokens');
const outputText = fields('gen_ai.usage.text.output_tokens');
const notCached = fields('ai.usage.inputTokenDetails.noCacheTokens');
const webSearches = fields(
  'gen_ai.usage.web_search_requests',
  'gen_ai.usage.server_tool_use.web_search_requests',
  'gen_ai.usage.details.web_search_requests',
);

/** Keys whose value is the vendor's own number, whatever that means there. */
const asVendorSays = fields('gen_ai.usage.prompt_tokens', 'llm.usage.prompt_tokens', 'llm.usage.input_tokens');
const standardInput = field('gen_ai.usage.input_tokens');
const vercelInput = fields('ai.usage.inputTokens', 'ai.usage.promptTokens');
const vercelDetails = fields(
  'ai.usage.inputTokenDetails.cacheReadTokens',
  'ai.usage.inputTokenDetails.cacheWriteTokens',
  'ai.usage.inputTokenDetails.noCacheTokens',
);
const vercelMetadata = field('ai.response.providerMetadata');
const inputDetails = field('gen_ai.usage.input_token_details');
const outputDetails = field('gen_ai.usage.output_token_details');
/** What LangChain answers, which LangSmith keeps whole: it writes the details apart only of what it wraps itself. */
const langchainUsage = field('langsmith.metadata.usage_metadata');
/** What LiteLLM made of the vendor's answer, in OpenAI's form. A call that failed has one, of zeros. */
const litellmUsage = field('metadata.usage_object');
const langfuseDetails = [field('langfuse.observation.usage_details'), field('langfuse.usage_details')];
const ours = tokenKinds.map((kind) => field(`millrace.usage.${kind}`));
const ourTotal = field('millrace.usage.total');
const ourEstimate = field('millrace.usage.estimated');

const stated = new StatedUsage();

/** Fills the usage. What `millrace.usage.*` says is taken as it is: it was settled before. */
export function readUsage(facts: Facts, { scope }: Origin, call: Call): void {
  const { usage } = call;
  if (facts.has(ourTotal)) {
    readOurs(facts, usage);
    return;
  }
  for (const details of langfuseDetails) if (facts.has(details) && readLangfuse(facts.json(details), call.provider, usage)) return;
  if (facts.has(litellmUsage) && facts.hasAny(input) && readUsageBody(mapIn(facts, litellmUsage), call.provider, usage)) return;
  stated.clear();
  stated.input = facts.firstNumber(input);
  stated.output = facts.firstNumber(output);
  stated.total = facts.firstNumber(total);
  stated.cacheRead = facts.firstNumber(cacheRead);
  stated.cacheWrite = facts.firstNumber(cacheWrite);
  stated.cacheWrite5m = facts.firstNumber(cacheWrite5m);
  stated.cacheWrite1h = facts.firstNumber(cacheWrite1h);
  stated.reasoning = facts.firstNumber(reasoning);
  stated.inputNotCached = facts.firstNumber(notCached);
  stated.inputText = facts.firstNumber(inputText);
  stated.inputAudio = facts.firstNumber(inputAudio);
  stated.inputImage = facts.firstNumber(inputImage);
  stated.inputVideo = facts.firstNumber(inputVideo);
  stated.cacheReadAudio = facts.firstNumber(cacheReadAudio);
  stated.cacheReadImage = facts.firstNumber(cacheReadImage);
  stated.cacheReadVideo = facts.firstNumber(cacheReadVideo);
  stated.outputText = facts.firstNumber(outputText);
  stated.outputAudio = facts.firstNumber(outputAudio);
  stated.outputImage = facts.firstNumber(outputImage);
  stated.outputVideo = facts.firstNumber(outputVideo);
  stated.webSearches = facts.firstNumber(webSearches);
  if (facts.has(inputDetails)) readInputDetails(mapIn(facts, inputDetails));
  if (facts.has(outputDetails)) readOutputDetails(mapIn(facts, outputDetails));
  if (facts.has(langchainUsage) && !facts.has(inputDetails)) readLangchain(facts.json(langchainUsage));
  if (facts.hasAny(vercelInput)) {
    if (facts.has(vercelMetadata) && readVercelMetadata(facts.wholeText(vercelMetadata), call)) return;
    stated.totalIsNaive = true;
    if (!facts.hasAny(vercelDetails)) stated.inputIncludesCache = !leavesCacheOut(call.provider);
  } else if (stated.cacheRead > 0 || stated.cacheWrite > 0 || stated.cacheWrite5m > 0 || stated.cacheWrite1h > 0) {
    const isRaw = !facts.has(standardInput) && facts.hasAny(asVendorSays) && leavesCacheOut(call.provider);
    if (leavesCacheOutOfInput(scope, call.provider)) {
      stated.inputIncludesCache = false;
      stated.totalIsNaive = true;
    } else if (isRaw) stated.inputIncludesCache = false;
  }
  // Libraries for Gemini pass on the candidates and the total; what is between them are thoughts.
  if (call.provider.startsWith('gcp.') && Number.isNaN(stated.reasoning) && stated.total > stated.input + stated.output) {
    stated.reasoning = stated.total - stated.input - stated.output;
    stated.outputIncludesReasoning = false;
  }
  stated.settle(usage);
}

function readOurs(facts: Facts, usage: Usage): void {
  for (let index = 0; index < ours.length; index++) {
    const tokens = facts.number(ours[index]!);
    usage.tokens[index] = tokens >= 0 ? tokens : 0;
  }
  const searches = facts.firstNumber(webSearches);
  usage.webSearches = searches > 0 ? searches : 0;
  usage.known = true;
  usage.estimated = facts.flag(ourEstimate);
}

/** What a text of JSON or of Python holds: LangSmith and LiteLLM write maps as Python does. */
function mapIn(facts: Facts, text: number): unknown {
  return facts.json(text) ?? parsePython(facts.wholeText(text));
}

function readLangchain(usage: unknown): void {
  if (!isRecord(usage) || stated.cacheRead >= 0 || stated.cacheWrite >= 0 || stated.reasoning >= 0) return;
  readInputDetails(usage['input_token_details']);
  readOutputDetails(usage['output_token_details']);
}

/** LangSmith's details, parts of the whole. */
function readInputDetails(details: unknown): void {
  if (!isRecord(details)) return;
  stated.cacheRead = numberOf(details['cache_read'] ?? details['cached_tokens'] ?? details['cached']);
  stated.cacheWrite = numberOf(details['cache_creation'] ?? details['cache_write']);
  stated.cacheWrite5m = numberOf(details['ephemeral_5m_input_tokens']);
  stated.cacheWrite1h = numberOf(details['ephemeral_1h_input_tokens']);
  stated.inputAudio = numberOf(details['audio'] ?? details['audio_tokens']);
}

function readOutputDetails(details: unknown): void {
  if (!isRecord(details)) return;
  stated.reasoning = numberOf(details['reasoning'] ?? details['reasoning_tokens']);
  stated.outputAudio = numberOf(details['audio'] ?? details['audio_tokens']);
}

/** The vendor's own usage, which the Vercel AI SDK keeps beside its own: it alone tells what was written to the cache until version 6, and for how long. */
function readVercelMetadata(text: string, call: Call): boolean {
  if (!text.includes('_input_tokens') && !text.includes('usageMetadata') && !text.includes('ache')) return false;
  const metadata = parseJson(text);
  if (!isRecord(metadata)) return false;
  for (const vendor of Object.values(metadata)) {
    if (!isRecord(vendor)) continue;
    const raw = vendor['usage'] ?? vendor['usageMetadata'];
    const hasOwn = isRecord(raw) && ('cache_read_input_tokens' in raw || 'cache_creation_input_tokens' in raw || 'promptTokenCount' in raw);
    if (hasOwn && readUsageBody(raw, call.provider, call.usage)) return true;
    const written = numberOf(vendor['cacheCreationInputTokens'] ?? (isRecord(raw) ? raw['cacheWriteInputTokens'] : undefined));
    if (written > 0 && !(stated.cacheWrite > 0)) stated.cacheWrite = written;
    const read = numberOf(vendor['cacheReadInputTokens'] ?? (isRecord(raw) ? raw['cacheReadInputTokens'] : undefined));
    if (read > 0 && !(stated.cacheRead > 0)) stated.cacheRead = read;
  }
  return false;
}

/** Langfuse's own keys are disjoint, of any name: what begins with `input` or `output`, or says `cache` or `reasoning`, is put where it belongs. */
function readLangfuse(details: unknown, provider: string, usage: Usage): boolean {
  if (!isRecord(details)) return false;
  if (details['input'] === undefined && details['output'] === undefined) return readUsageBody(details, provider, usage);
  stated.clear();
  stated.inputIncludesCache = stated.outputIncludesReasoning = false;
  stated.input = numberOf(details['input']);
  stated.output = numberOf(details['output']);
  stated.total = numberOf(details['total']);
  let audioIn = 0;
  let audioOut = 0;
  let images = 0;
  let read = 0;
  let write = 0;
  let hidden = 0;
  for (const [name, value] of Object.entries(details)) {
    const tokens = numberOf(value);
    if (!(tokens > 0) || name === 'input' || name === 'output' || name === 'total') continue;
    if (/ephemeral_5m|cache_(?:creation|write)_5m/.test(name)) stated.cacheWrite5m = tokens;
    else if (/ephemeral_1h|cache_(?:creation|write)_1h/.test(name)) stated.cacheWrite1h = tokens;
    else if (/cache_?(?:creation|write)/i.test(name)) write += tokens;
    else if (/cache/i.test(name)) read += tokens;
    else if (/reasoning|thinking|thoughts/i.test(name)) hidden += tokens;
    else if (/audio/i.test(name)) {
      if (/^output|^completion/.test(name)) audioOut += tokens;
      else audioIn += tokens;
    } else if (/image/i.test(name) && /^input|^prompt/.test(name)) images += tokens;
  }
  stated.cacheRead = read;
  stated.cacheWrite = write;
  stated.reasoning = hidden;
  const parts = stated.input + stated.output;
  // Parts are beyond the two, unless the total says that they are within.
  if (stated.total !== parts) {
    stated.input += audioIn + images;
    stated.output += audioOut;
  }
  stated.inputAudio = audioIn;
  stated.inputImage = images;
  stated.outputAudio = audioOut;
  return stated.settle(usage);
}
