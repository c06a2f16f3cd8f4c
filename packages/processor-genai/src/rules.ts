/**
 * How the value of an attribute becomes that of another. `fact`: what it says is in the canonical record, which is written anyway; the second
 * word names the part of the record. The others read this one attribute.
 */
export type Conversion =
  | 'usage'
  | 'model'
  | 'provider'
  | 'operation'
  | 'conversation'
  | 'same'
  | 'int'
  | 'double'
  | 'flag'
  | 'seconds'
  | 'texts'
  | 'input'
  | 'output'
  | 'entityInput'
  | 'entityOutput'
  | 'systemPrompt'
  | 'promptBody'
  | 'instructions'
  | 'answer'
  | 'tools'
  | 'outputType'
  | 'parameters';

/** One attribute of a dialect. */
export interface Rule {
  readonly source: string;
  /** The newest name of what it becomes; '' when the conversion decides. */
  readonly target: string;
  readonly as: Conversion;
  /** Stays in any case: it has a meaning beyond generative AI. */
  readonly stays?: true;
  /** Only on spans of OpenInference, since the name is used by others too. */
  readonly openInference?: true;
}

const request = 'gen_ai.request.';

function facts(as: Conversion, ...sources: readonly string[]): Rule[] {
  return sources.map((source) => ({ source, target: '', as }));
}

function to(target: string, as: Conversion, ...sources: readonly string[]): Rule[] {
  return sources.map((source) => ({ source, target, as }));
}

const inOpenInference = (rule: Rule): Rule => ({ ...rule, openInference: true });
const staying = (rule: Rule): Rule => ({ ...rule, stays: true });

/** All attributes that mean the same as one of OpenTelemetry's newest. What is not here stays as it is. */
export const rules: readonly Rule[] = [
  // OpenTelemetry's own, older and newer.
  ...facts('provider', 'gen_ai.system', 'gen_ai.provider.name'),
  ...facts('usage', 'gen_ai.usage.prompt_tokens', 'gen_ai.usage.completion_tokens', 'gen_ai.usage.total_tokens'),
  ...facts('usage', 'gen_ai.usage.cache_creation.input_tokens', 'gen_ai.usage.cache_write.input_tokens'),
  ...facts('usage', 'gen_ai.usage.cache_read.input_tokens', 'gen_ai.usage.reasoning.output_tokens'),
  ...['audio', 'image', 'video'].flatMap((modality) =>
    facts('usage', ...['input_tokens', 'cache_read.input_tokens', 'output_tokens'].map((part) => `gen_ai.usage.${modality}.${part}`)),
  ),
  ...to('gen_ai.input.messages', 'input', 'gen_ai.prompt', 'gen_ai.input.messages'),
  ...to('gen_ai.output.messages', 'output', 'gen_ai.completion', 'gen_ai.output.messages'),
  ...to('openai.request.service_tier', 'same', 'gen_ai.openai.request.service_tier', 'openai.request.service_tier'),
  ...to('openai.response.service_tier', 'same', 'gen_ai.openai.response.service_tier', 'openai.response.service_tier'),
  ...to('openai.response.system_fingerprint', 'same', 'gen_ai.openai.response.system_fingerprint', 'openai.response.system_fingerprint'),
  ...to(`${request}seed`, 'int', 'gen_ai.openai.request.seed'),
  ...to('gen_ai.output.type', 'outputType', 'gen_ai.openai.request.response_format'),

  // OpenLLMetry and what it grew from.
  ...facts('usage', 'llm.usage.prompt_tokens', 'llm.usage.completion_tokens', 'llm.usage.total_tokens', 'llm.usage.reasoning_tokens'),
  ...facts('usage', 'gen_ai.usage.cache_read_input_tokens', 'gen_ai.usage.cache_creation_input_tokens', 'gen_ai.usage.reasoning_tokens'),
  ...facts('model', 'llm.request.model', 'llm.response.model'),
  ...facts('provider', 'llm.vendor'),
  ...facts('operation', 'llm.request.type', 'traceloop.span.kind'),
  ...to(`${request}max_tokens`, 'int', 'llm.request.max_tokens'),
  ...to(`${request}temperature`, 'double', 'llm.request.temperature', 'llm.temperature'),
  ...to(`${request}top_p`, 'double', 'llm.request.top_p', 'llm.top_p'),
  ...to(`${request}top_k`, 'int', 'llm.request.top_k', 'llm.top_k'),
  ...to(`${request}frequency_penalty`, 'double', 'llm.frequency_penalty'),
  ...to(`${request}presence_penalty`, 'double', 'llm.presence_penalty'),
  ...to(`${request}stop_sequences`, 'texts', 'llm.chat.stop_sequences'),
  ...to(`${request}stream`, 'flag', 'llm.is_streaming', 'gen_ai.is_streaming', 'gen_ai.request.is_stream'),
  ...to(`${request}reasoning.level`, 'same', 'gen_ai.request.reasoning_effort'),
  ...to('gen_ai.response.finish_reasons', 'texts', 'llm.response.finish_reason', 'llm.response.stop_reason'),
  ...to('gen_ai.input.messages', 'entityInput', 'traceloop.entity.input'),
  ...to('gen_ai.output.messages', 'entityOutput', 'traceloop.entity.output'),

  // OpenInference.
  ...facts('operation', 'openinference.span.kind'),
  ...facts('usage', 'llm.token_count.prompt', 'llm.token_count.completion', 'llm.token_count.total'),
  ...facts('usage', 'llm.token_count.prompt_details.cache_read', 'llm.token_count.prompt_details.cache_write'),
  ...facts('usage', 'llm.token_count.prompt_details.cache_input', 'llm.token_count.prompt_details.audio'),
  ...facts('usage', 'llm.token_count.completion_details.reasoning', 'llm.token_count.completion_details.audio'),
  ...facts('model', 'llm.model_name', 'llm.request.model_name', 'llm.response.model_name'),
  ...facts('model', 'embedding.model_name', 'reranker.model_name'),
  ...facts('provider', 'llm.provider', 'llm.system'),
  ...facts('conversation', 'session.id').map(staying),
  ...to('', 'parameters', 'llm.invocation_parameters', 'embedding.invocation_parameters'),
  ...to('gen_ai.response.finish_reasons', 'texts', 'llm.finish_reason'),
  ...to('gen_ai.input.messages', 'entityInput', 'input.value').map(inOpenInference),
  ...to('gen_ai.output.messages', 'entityOutput', 'output.value').map(inOpenInference),
  ...to('gen_ai.tool.name', 'same', 'tool.name').map(inOpenInference),
  ...to('gen_ai.tool.description', 'same', 'tool.description').map(inOpenInference),
  ...to('gen_ai.tool.call.arguments', 'same', 'tool.parameters', 'tool_call.function.arguments').map(inOpenInference),
  ...to('gen_ai.tool.call.id', 'same', 'tool_call.id', 'tool.id').map(inOpenInference),
  ...to('gen_ai.agent.name', 'same', 'agent.name').map(inOpenInference),

  // The Vercel AI SDK.
  ...facts('operation', 'ai.operationId'),
  ...facts('model', 'ai.model.id', 'ai.response.model'),
  ...facts('provider', 'ai.model.provider'),
  ...facts('usage', 'ai.usage.promptTokens', 'ai.usage.completionTokens', 'ai.usage.inputTokens', 'ai.usage.outputTokens'),
  ...facts('usage', 'ai.usage.totalTokens', 'ai.usage.cachedInputTokens', 'ai.usage.reasoningTokens', 'ai.usage.tokens'),
  ...facts('usage', 'ai.usage.inputTokenDetails.cacheReadTokens', 'ai.usage.inputTokenDetails.cacheWriteTokens'),
  ...facts('usage', 'ai.usage.inputTokenDetails.noCacheTokens', 'ai.usage.outputTokenDetails.reasoningTokens'),
  ...facts('usage', 'ai.usage.outputTokenDetails.textTokens'),
  ...to('gen_ai.input.messages', 'input', 'ai.prompt.messages'),
  ...to('gen_ai.input.messages', 'promptBody', 'ai.prompt'),
  ...to('gen_ai.output.messages', 'answer', 'ai.response.text', 'ai.response.object', 'ai.response.reasoning', 'ai.response.toolCalls'),
  ...to('gen_ai.tool.definitions', 'tools', 'ai.prompt.tools'),
  ...to('gen_ai.response.finish_reasons', 'texts', 'ai.response.finishReason'),
  ...to('gen_ai.response.id', 'same', 'ai.response.id'),
  ...to('gen_ai.response.time_to_first_chunk', 'seconds', 'ai.response.msToFirstChunk', 'ai.stream.msToFirstChunk'),
  ...to(`${request}max_tokens`, 'int', 'ai.settings.maxOutputTokens', 'ai.settings.maxTokens'),
  ...to(`${request}temperature`, 'double', 'ai.settings.temperature'),
  ...to(`${request}top_p`, 'double', 'ai.settings.topP'),
  ...to(`${request}top_k`, 'int', 'ai.settings.topK'),
  ...to(`${request}frequency_penalty`, 'double', 'ai.settings.frequencyPenalty'),
  ...to(`${request}presence_penalty`, 'double', 'ai.settings.presencePenalty'),
  ...to(`${request}stop_sequences`, 'texts', 'ai.settings.stopSequences'),
  ...to(`${request}seed`, 'int', 'ai.settings.seed'),
  ...to('gen_ai.tool.name', 'same', 'ai.toolCall.name'),
  ...to('gen_ai.tool.call.id', 'same', 'ai.toolCall.id'),
  ...to('gen_ai.tool.call.arguments', 'same', 'ai.toolCall.args', 'ai.toolCall.input'),
  ...to('gen_ai.tool.call.result', 'same', 'ai.toolCall.result', 'ai.toolCall.output'),

  // LangSmith and Langfuse.
  ...facts('operation', 'langsmith.span.kind', 'langfuse.observation.type'),
  ...facts('model', 'langsmith.metadata.ls_model_name', 'ls_model_name', 'langfuse.observation.model.name'),
  ...facts('provider', 'langsmith.metadata.ls_provider', 'ls_provider'),
  ...facts('usage', 'gen_ai.usage.input_token_details', 'gen_ai.usage.output_token_details', 'langfuse.observation.usage_details'),
  ...facts('conversation', 'langsmith.trace.session_id', 'langfuse.session.id').map(staying),
  ...to(`${request}temperature`, 'double', 'langsmith.metadata.ls_temperature', 'ls_temperature'),
  ...to(`${request}max_tokens`, 'int', 'langsmith.metadata.ls_max_tokens', 'ls_max_tokens'),
  ...to('', 'parameters', 'langfuse.observation.model.parameters'),
  ...to('gen_ai.input.messages', 'entityInput', 'langfuse.observation.input'),
  ...to('gen_ai.output.messages', 'entityOutput', 'langfuse.observation.output'),
];

/** Attributes that come as one per element and field, `<prefix>.<index>.<path>`, and what they become together. */
export const indexed = [
  { prefix: 'llm.input_messages', target: 'gen_ai.input.messages', as: 'input' },
  { prefix: 'gen_ai.prompt', target: 'gen_ai.input.messages', as: 'input' },
  { prefix: 'llm.prompts', target: 'gen_ai.input.messages', as: 'input' },
  { prefix: 'llm.output_messages', target: 'gen_ai.output.messages', as: 'output' },
  { prefix: 'gen_ai.completion', target: 'gen_ai.output.messages', as: 'output' },
  { prefix: 'llm.completions', target: 'gen_ai.output.messages', as: 'output' },
  { prefix: 'llm.choices', target: 'gen_ai.output.messages', as: 'output' },
  { prefix: 'llm.tools', target: 'gen_ai.tool.definitions', as: 'tools' },
  { prefix: 'llm.request.functions', target: 'gen_ai.tool.definitions', as: 'tools' },
  { prefix: 'retrieval.documents', target: 'gen_ai.retrieval.documents', as: 'documents' },
] as const;

const firstIndexed = 200;

/** What a key is: 0 nothing of ours, below 200 the place in `rules` plus one, from there on the place in `indexed`. */
const exact = new Map(rules.map(({ source }, place) => [source, place + 1]));

export function codeOf(key: string): number {
  const rule = exact.get(key);
  if (rule !== undefined) return rule;
  const digits = /\.\d{1,6}\./.exec(key);
  if (digits === null) return 0;
  const place = indexed.findIndex(({ prefix }) => prefix.length === digits.index && key.startsWith(prefix));
  return place < 0 ? 0 : firstIndexed + place;
}

/** The place in `indexed`, negative for the code of a single attribute. */
export function indexedPlace(code: number): number {
  return code - firstIndexed;
}
