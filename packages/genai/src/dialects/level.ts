import type { Level } from '../call.ts';
import type { Facts } from '../facts.ts';
import { field, fields } from '../field.ts';
import type { Scope } from '../origin.ts';

/** The words of each dialect for what kind of operation a span is. Words are compared in lower case. */
const openInferenceKind = field('openinference.span.kind');
const openInferenceKinds: ReadonlyMap<string, Level> = table({
  llm: 'inference',
  embedding: 'embeddings',
  reranker: 'rerank',
  chain: 'workflow',
  agent: 'agent',
  tool: 'tool',
  retriever: 'retrieval',
  guardrail: 'evaluation',
  evaluator: 'evaluation',
  prompt: 'workflow',
});

const langsmithKind = field('langsmith.span.kind');
const langsmithKinds: ReadonlyMap<string, Level> = table({
  llm: 'inference',
  chat_model: 'inference',
  embedding: 'embeddings',
  chain: 'workflow',
  prompt: 'workflow',
  parser: 'workflow',
  agent: 'agent',
  tool: 'tool',
  retriever: 'retrieval',
});

const langfuseType = field('langfuse.observation.type');
const langfuseTypes: ReadonlyMap<string, Level> = table({
  generation: 'inference',
  embedding: 'embeddings',
  span: 'workflow',
  chain: 'workflow',
  agent: 'agent',
  tool: 'tool',
  retriever: 'retrieval',
  evaluator: 'evaluation',
  guardrail: 'evaluation',
  event: 'none',
});

const traceloopKind = field('traceloop.span.kind');
const traceloopKinds: ReadonlyMap<string, Level> = table({ workflow: 'workflow', task: 'workflow', agent: 'agent', tool: 'tool' });

const requestType = field('llm.request.type');
const requestTypes: ReadonlyMap<string, Level> = table({
  chat: 'inference',
  completion: 'inference',
  embedding: 'embeddings',
  rerank: 'rerank',
  rerankv2: 'rerank',
});

const operationName = field('gen_ai.operation.name');
const operations: ReadonlyMap<string, Level> = table({
  chat: 'inference',
  text_completion: 'inference',
  completion: 'inference',
  completions: 'inference',
  generate_content: 'inference',
  message: 'inference',
  messages: 'inference',
  responses: 'inference',
  response: 'inference',
  generate_text: 'inference',
  generate_object: 'inference',
  stream_text: 'inference',
  stream_object: 'inference',
  image: 'inference',
  image_generation: 'inference',
  generate_image: 'inference',
  speech: 'inference',
  audio: 'inference',
  transcription: 'inference',
  translation: 'inference',
  moderation: 'inference',
  realtime: 'inference',
  embeddings: 'embeddings',
  embedding: 'embeddings',
  embed: 'embeddings',
  rerank: 'rerank',
  invoke_agent: 'agent',
  create_agent: 'agent',
  plan: 'agent',
  agent: 'agent',
  invoke_workflow: 'workflow',
  workflow: 'workflow',
  chain: 'workflow',
  agent_step: 'workflow',
  execute_task: 'workflow',
  // The answer to an earlier call, whose tokens that call has.
  fetch_response: 'workflow',
  execute_tool: 'tool',
  tool: 'tool',
  retrieval: 'retrieval',
  search: 'retrieval',
  evaluate: 'evaluation',
  evaluation: 'evaluation',
});

/** Names for the same operation, in the newest words. */
const renamed: ReadonlyMap<string, string> = new Map(
  Object.entries({
    completion: 'text_completion',
    completions: 'text_completion',
    message: 'chat',
    messages: 'chat',
    response: 'chat',
    responses: 'chat',
    generate_text: 'chat',
    generate_object: 'chat',
    stream_text: 'chat',
    stream_object: 'chat',
    embedding: 'embeddings',
    embed: 'embeddings',
    agent: 'invoke_agent',
    workflow: 'invoke_workflow',
    chain: 'invoke_workflow',
    tool: 'execute_tool',
    search: 'retrieval',
    evaluation: 'evaluate',
  }),
);

const usual: Readonly<Record<Level, string>> = {
  none: '',
  inference: 'chat',
  embeddings: 'embeddings',
  rerank: 'rerank',
  agent: 'invoke_agent',
  workflow: 'invoke_workflow',
  tool: 'execute_tool',
  retrieval: 'retrieval',
  evaluation: 'evaluate',
  memory: 'memory',
  cache: '',
};

/** Scopes of instrumentations that name no operation, whose clients generate content. */
const contentGenerators: ReadonlySet<string> = new Set(['openinference.instrumentation.google_genai']);

const vercelOperation = field('ai.operationId');
const model = fields(
  'gen_ai.request.model',
  'gen_ai.response.model',
  'llm.model_name',
  'llm.request.model_name',
  'llm.response.model_name',
  'langfuse.observation.model.name',
);
const embeddingModel = fields('embedding.model_name', 'embedding.text');
const rerankModel = fields('reranker.model_name');
const answerUsage = fields(
  'gen_ai.usage.output_tokens',
  'gen_ai.usage.completion_tokens',
  'llm.token_count.completion',
  'gen_ai.usage.input_tokens',
  'gen_ai.usage.prompt_tokens',
  'llm.token_count.prompt',
  'llm.usage.total_tokens',
);
const tool = fields('gen_ai.tool.name', 'gen_ai.tool.call.id', 'tool.name');
const agent = fields('gen_ai.agent.name', 'gen_ai.agent.id');
const workflow = fields('gen_ai.workflow.name');
const retrieval = fields('gen_ai.retrieval.documents', 'gen_ai.retrieval.query.text', 'gen_ai.data_source.id');
const evaluation = fields('gen_ai.evaluation.name', 'gen_ai.evaluation.score.value');

/** What kind of operation it is, by the dialect that says it most surely. */
export function readLevel(facts: Facts): Level {
  if (facts.has(vercelOperation)) {
    const level = vercelLevel(facts.text(vercelOperation));
    if (level !== undefined) return level;
  }
  const told =
    word(facts, openInferenceKind, openInferenceKinds) ??
    word(facts, langsmithKind, langsmithKinds) ??
    word(facts, langfuseType, langfuseTypes) ??
    operationLevel(facts) ??
    word(facts, traceloopKind, traceloopKinds) ??
    word(facts, requestType, requestTypes);
  return told ?? evidence(facts);
}

/** `gen_ai.operation.name` in the newest words; the usual one of the level when the sender gives none that fits. */
export function readOperation(facts: Facts, level: Level, scope: Scope): string {
  const given = facts.text(operationName);
  if (given !== '') {
    const name = operations.has(given) ? given : given.toLowerCase();
    const known = operations.get(name);
    if (known === undefined || known === level) return renamed.get(name) ?? name;
  }
  if (level === 'inference') {
    if (facts.text(requestType) === 'completion') return 'text_completion';
    if (contentGenerators.has(scope.name)) return 'generate_content';
  }
  return usual[level];
}

function word(facts: Facts, key: number, words: ReadonlyMap<string, Level>): Level | undefined {
  if (!facts.has(key)) return undefined;
  const text = facts.text(key);
  return words.get(text) ?? words.get(text.toLowerCase());
}

function operationLevel(facts: Facts): Level | undefined {
  if (!facts.has(operationName)) return undefined;
  const name = facts.text(operationName);
  return (
    operations.get(name) ??
    operations.get(name.toLowerCase()) ??
    (name.endsWith('_memory') || name.endsWith('_memories') ? 'memory' : undefined)
  );
}

/** Spans of the Vercel AI SDK: calls of a provider are those of `.do...`; what is around one or several of them repeats their usage. */
function vercelLevel(id: string): Level | undefined {
  const at = id.lastIndexOf('.do');
  const call = at < 0 ? '' : id.slice(at + 1);
  if (call.startsWith('doEmbed')) return 'embeddings';
  if (call.startsWith('doRerank')) return 'rerank';
  if (call !== '') return 'inference';
  if (id === 'ai.toolCall') return 'tool';
  if (id.startsWith('ai.embed') || id === 'ai.rerank') return 'workflow';
  return id.startsWith('ai.') ? 'agent' : undefined;
}

/** What the attributes make likely when none names the kind. */
function evidence(facts: Facts): Level {
  if (facts.hasAny(tool)) return 'tool';
  if (facts.hasAny(embeddingModel)) return 'embeddings';
  if (facts.hasAny(rerankModel)) return 'rerank';
  if (facts.hasAny(answerUsage)) return 'inference';
  if (facts.hasAny(agent)) return 'agent';
  if (facts.hasAny(workflow)) return 'workflow';
  if (facts.hasAny(model)) return 'inference';
  if (facts.hasAny(retrieval)) return 'retrieval';
  return facts.hasAny(evaluation) ? 'evaluation' : 'none';
}

function table(words: Readonly<Record<string, Level>>): ReadonlyMap<string, Level> {
  return new Map(Object.entries(words));
}
