import type { ByteRange } from '@millrace/wire';
import { KeyTest } from './key-test.ts';

/** Keys of content. Those below them, such as `gen_ai.prompt.0.content`, are content, too, but for the keys of `safeEnds`. */
const structured = [
  // OpenTelemetry, up to 1.36 and what grew out of it (Traceloop, OpenLIT, Sentry).
  'gen_ai.prompt',
  'gen_ai.completion',
  'gen_ai.content.prompt',
  'gen_ai.content.completion',
  'gen_ai.event.content',
  'gen_ai.output.text',
  'gen_ai.request.messages',
  'gen_ai.request.available_tools',
  'gen_ai.response.text',
  'gen_ai.response.tool_calls',
  'gen_ai.response.object',
  'gen_ai.response.reasoning',
  'gen_ai.tool.input',
  'gen_ai.tool.output',
  'gen_ai.tool.message',
  'gen_ai.system.message',
  'gen_ai.user.message',
  'gen_ai.assistant.message',
  'gen_ai.choice',
  'llm.prompts',
  'llm.completions',
  'llm.request.functions',
  'traceloop.entity.input',
  'traceloop.entity.output',
  'traceloop.prompt.template',
  // OpenTelemetry from 1.37 on, and semantic-conventions-genai.
  'gen_ai.input.messages',
  'gen_ai.output.messages',
  'gen_ai.system_instructions',
  'gen_ai.tool.definitions',
  'gen_ai.retrieval.documents',
  'gen_ai.retrieval.query.text',
  'gen_ai.memory.query.text',
  'gen_ai.memory.records',
  'gen_ai.evaluation.explanation',
  // OpenInference.
  'input.value',
  'output.value',
  'llm.input_messages',
  'llm.output_messages',
  'llm.choices',
  'llm.prompt_template',
  'llm.function_call',
  'llm.tools',
  'message.content',
  'message.contents',
  'message.function_call_arguments_json',
  'message.tool_calls',
  'message_content.text',
  'message_content.image',
  'message_content.audio',
  'prompt.text',
  'completion.text',
  'retrieval.documents',
  'reranker.query',
  'reranker.input_documents',
  'reranker.output_documents',
  'document.content',
  'document.metadata',
  'embedding.embeddings',
  'embedding.text',
  'embedding.vector',
  'tool.json_schema',
  'evaluation.explanation',
  'annotation.explanation',
  // Vercel AI SDK.
  'ai.prompt',
  'ai.response.text',
  'ai.response.object',
  'ai.response.reasoning',
  'ai.response.toolCalls',
  'ai.response.files',
  'ai.result',
  'ai.toolCall.result',
  'ai.value',
  'ai.values',
  'ai.embedding',
  'ai.embeddings',
  'ai.documents',
  'ai.input',
  'ai.output',
  'ai.input_messages',
  'ai.responses',
  'ai.preamble',
  'ai.texts',
  'ai.citations',
  'ai.search_queries',
  'ai.search_results',
  // Frameworks.
  'langfuse.observation.input',
  'langfuse.observation.output',
  'langfuse.trace.input',
  'langfuse.trace.output',
  'lmnr.span.input',
  'lmnr.span.output',
  'braintrust.input',
  'braintrust.input_json',
  'braintrust.output',
  'braintrust.output_json',
  'mlflow.spanInputs',
  'mlflow.spanOutputs',
  'mlflow.chat.messages',
  'mlflow.chat.tools',
  'haystack.component.input',
  'haystack.component.output',
  'haystack.pipeline.input_data',
  'haystack.pipeline.output_data',
  'genkit:input',
  'genkit:output',
  'gcp.vertex.agent.llm_request',
  'gcp.vertex.agent.llm_response',
  'gcp.vertex.agent.tool_response',
  'gcp.vertex.agent.data',
  'pydantic_ai.all_messages',
  'all_messages_events',
  'mcp.response.value',
];

/** Keys of content whose children have names that a user chose, so that none of them is safe. */
const free = [
  'gen_ai.prompt.variable',
  'gen_ai.tool.call.arguments',
  'gen_ai.tool.call.result',
  'llm.prompt_template.variables',
  'traceloop.prompt.template_variables',
  'tool.parameters',
  'tool_call.function.arguments',
  'ai.toolCall.args',
  'ai.toolCall.input',
  'ai.toolCall.output',
  'gcp.vertex.agent.tool_call_args',
  'mcp.request.argument',
];

/** Bare names by which frameworks and coding assistants record content. */
const bare = [
  'prompt',
  'prompts',
  'completion',
  'completions',
  'input',
  'output',
  'inputs',
  'outputs',
  'user_prompt',
  'system_prompt',
  'request_text',
  'response_text',
  'request_data',
  'response_data',
  'all_messages',
  'final_result',
  'tool_input',
  'tool_output',
  'tool_arguments',
  'tool_parameters',
  'tool_response',
  'function_args',
  'llm.prompt',
  'llm.completion',
  'gen_ai.input',
  'gen_ai.output',
];

/** Last segments of keys below content that say something about it and are none. */
const safeEnds = new Set([
  'role',
  'id',
  'type',
  'name',
  'index',
  'version',
  'format',
  'mime_type',
  'finish_reason',
  'finishReason',
  'tool_call_id',
  'toolChoice',
  'score',
  'count',
  'length',
]);

const content = new Map<string, 'structured' | 'free' | 'bare'>();
for (const key of structured) content.set(key, 'structured');
for (const key of free) content.set(key, 'free');
for (const key of bare) content.set(key, 'bare');

/** No name of content is this long; what is longer is below one. */
const longestName = 64;

function judge(key: string): boolean {
  if (content.has(key)) return true;
  let isBelow = false;
  for (let dot = key.indexOf('.'); dot > 0 && dot <= longestName; dot = key.indexOf('.', dot + 1)) {
    const kind = content.get(key.slice(0, dot));
    if (kind === 'free') return true;
    if (kind === 'structured') isBelow = true;
  }
  return isBelow && !safeEnds.has(key.slice(key.lastIndexOf('.') + 1));
}

const test = new KeyTest(judge);

/**
 * Whether an attribute holds what was said to or by a model: prompts, responses, reasoning, instructions, arguments and results of tools,
 * retrieved documents, embeddings. Knows OpenTelemetry's gen_ai conventions of all generations, OpenInference, Traceloop, Vercel's AI SDK
 * and the larger frameworks. What describes content is none: roles, ids, finish reasons, token counts.
 */
export function isContentKey(key: string | ByteRange): boolean {
  return test.ask(key);
}

/** Events that carry a message or a whole call; in older instrumentations their body is the content. */
const contentEvents =
  /^gen_ai\.(?:[\w.]+\.message|choice|content\.(?:prompt|completion)|client\.inference\.operation\.details)$|\.user_prompt$/;

/** Whether a span event or log record of this name carries content: then its body is content, and so are its attributes as `isEventContentKey` says. */
export function isContentEvent(name: string): boolean {
  return name.length <= longestName * 2 && contentEvents.test(name);
}

const eventMetadata = new Set(['event.name', 'event.domain', 'index', 'role', 'id', 'finish_reason', 'tool_call_id', 'type', 'name']);
const eventTest = new KeyTest(
  (key) => judge(key) || !(eventMetadata.has(key) || /^(?:gen_ai|server|error|session|user|service|event)\./.test(key)),
);

/** Whether an attribute of an event with content (`isContentEvent`) holds content: all do but conventional ones that do not and those that name, number or classify. */
export function isEventContentKey(key: string | ByteRange): boolean {
  return eventTest.ask(key);
}
