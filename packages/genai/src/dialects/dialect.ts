import type { Dialect } from '../call.ts';
import type { Facts } from '../facts.ts';
import { fields } from '../field.ts';

const vercel = fields('ai.operationId', 'ai.model.id', 'ai.usage.promptTokens', 'ai.usage.inputTokens');
const openInference = fields(
  'openinference.span.kind',
  'llm.model_name',
  'llm.token_count.prompt',
  'llm.token_count.completion',
  'embedding.model_name',
  'reranker.model_name',
);
const langfuse = fields(
  'langfuse.observation.type',
  'langfuse.observation.model.name',
  'langfuse.observation.usage_details',
  'langfuse.usage_details',
);
const langsmith = fields(
  'langsmith.span.kind',
  'ls_provider',
  'langsmith.metadata.ls_provider',
  'gen_ai.usage.input_token_details',
  'langsmith.trace.session_id',
);
const traceloop = fields(
  'llm.request.type',
  'llm.usage.total_tokens',
  'traceloop.span.kind',
  'llm.is_streaming',
  'gen_ai.is_streaming',
  'gen_ai.prompt.0.content',
  'gen_ai.prompt.0.role',
  'gen_ai.usage.cache_read_input_tokens',
  'gen_ai.usage.cache_creation_input_tokens',
);
const latest = fields(
  'gen_ai.usage.cache_write.input_tokens',
  'gen_ai.usage.text.input_tokens',
  'gen_ai.usage.text.output_tokens',
  'gen_ai.usage.image.input_tokens',
  'gen_ai.usage.image.output_tokens',
  'gen_ai.usage.audio.input_tokens',
  'gen_ai.usage.audio.output_tokens',
  'gen_ai.request.reasoning.level',
  'gen_ai.prompt.version',
  'gen_ai.conversation.compacted',
  'gen_ai.request.previous_response.id',
);
const provider = fields('gen_ai.provider.name');
const old = fields(
  'gen_ai.system',
  'gen_ai.usage.prompt_tokens',
  'gen_ai.usage.completion_tokens',
  'gen_ai.openai.request.seed',
  'gen_ai.prompt',
  'gen_ai.completion',
);

/** Whose words these are: the most particular ones decide, since many senders write the standard's beside their own. */
export function readDialect(facts: Facts): Dialect {
  if (facts.hasAny(vercel)) return 'vercel';
  if (facts.hasAny(openInference)) return 'openinference';
  if (facts.hasAny(langfuse)) return 'langfuse';
  if (facts.hasAny(langsmith)) return 'langsmith';
  if (facts.hasAny(traceloop)) return 'traceloop';
  if (facts.hasAny(latest)) return 'semconv_latest';
  if (facts.hasAny(provider)) return 'semconv_1.37';
  return facts.hasAny(old) ? 'semconv_1.36' : 'semconv_1.37';
}
