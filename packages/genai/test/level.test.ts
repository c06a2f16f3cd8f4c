import { describe, expect, it } from '@jest/globals';
import { readAttributes } from './read.ts';
import type { Attributes } from './read.ts';

describe('The level and the operation of a span', () => {
  it.each<[Attributes, string, string]>([
    [{ 'http.request.method': 'GET', 'server.address': 'api.openai.com' }, 'none', ''],
    [{ 'gen_ai.conversation.id': 'c', 'http.request.method': 'GET' }, 'none', ''],
    [{ 'traceloop.workflow.name': 'w', 'db.system': 'x' }, 'none', ''],
    [{ 'gen_ai.operation.name': 'chat' }, 'inference', 'chat'],
    [{ 'gen_ai.operation.name': 'completion' }, 'inference', 'text_completion'],
    [{ 'gen_ai.operation.name': 'generate_content' }, 'inference', 'generate_content'],
    [{ 'gen_ai.operation.name': 'embeddings' }, 'embeddings', 'embeddings'],
    [{ 'gen_ai.operation.name': 'rerank' }, 'rerank', 'rerank'],
    [
      { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.request.model': 'gpt-4o', 'gen_ai.usage.input_tokens': 5 },
      'agent',
      'invoke_agent',
    ],
    [{ 'gen_ai.operation.name': 'create_agent' }, 'agent', 'create_agent'],
    [{ 'gen_ai.operation.name': 'plan' }, 'agent', 'plan'],
    [{ 'gen_ai.operation.name': 'invoke_workflow' }, 'workflow', 'invoke_workflow'],
    [{ 'gen_ai.operation.name': 'execute_task', 'traceloop.span.kind': 'task' }, 'workflow', 'execute_task'],
    [{ 'gen_ai.operation.name': 'fetch_response', 'gen_ai.response.model': 'gpt-4o' }, 'workflow', 'fetch_response'],
    [{ 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 't' }, 'tool', 'execute_tool'],
    [{ 'gen_ai.operation.name': 'retrieval' }, 'retrieval', 'retrieval'],
    [{ 'gen_ai.operation.name': 'search_memory' }, 'memory', 'search_memory'],
    [{ 'gen_ai.operation.name': 'constructor', 'gen_ai.request.model': 'm' }, 'inference', 'constructor'],
    [{ 'gen_ai.tool.name': 't' }, 'tool', 'execute_tool'],
    [{ 'gen_ai.agent.name': 'a' }, 'agent', 'invoke_agent'],
    [{ 'gen_ai.agent.name': 'a', 'gen_ai.usage.output_tokens': 5 }, 'inference', 'chat'],
    [{ 'gen_ai.workflow.name': 'w' }, 'workflow', 'invoke_workflow'],
    [{ 'gen_ai.data_source.id': 'd' }, 'retrieval', 'retrieval'],
    [{ 'gen_ai.evaluation.name': 'e' }, 'evaluation', 'evaluate'],
    [{ 'gen_ai.request.model': 'gpt-4o' }, 'inference', 'chat'],
    [{ 'embedding.model_name': 'e' }, 'embeddings', 'embeddings'],
    [{ 'reranker.model_name': 'r' }, 'rerank', 'rerank'],
    ...(
      [
        ['LLM', 'inference', 'chat'],
        ['EMBEDDING', 'embeddings', 'embeddings'],
        ['RERANKER', 'rerank', 'rerank'],
        ['CHAIN', 'workflow', 'invoke_workflow'],
        ['AGENT', 'agent', 'invoke_agent'],
        ['TOOL', 'tool', 'execute_tool'],
        ['RETRIEVER', 'retrieval', 'retrieval'],
        ['GUARDRAIL', 'evaluation', 'evaluate'],
        ['EVALUATOR', 'evaluation', 'evaluate'],
        ['PROMPT', 'workflow', 'invoke_workflow'],
      ] as const
    ).map(([kind, level, operation]): [Attributes, string, string] => [
      { 'openinference.span.kind': kind, 'llm.token_count.total': 5 },
      level,
      operation,
    ]),
    [{ 'openinference.span.kind': 'UNKNOWN', 'llm.model_name': 'm' }, 'inference', 'chat'],
    [{ 'traceloop.span.kind': 'workflow' }, 'workflow', 'invoke_workflow'],
    [{ 'traceloop.span.kind': 'task' }, 'workflow', 'invoke_workflow'],
    [{ 'traceloop.span.kind': 'agent' }, 'agent', 'invoke_agent'],
    [{ 'traceloop.span.kind': 'tool' }, 'tool', 'execute_tool'],
    [{ 'llm.request.type': 'completion', 'gen_ai.request.model': 'm' }, 'inference', 'text_completion'],
    [{ 'llm.request.type': 'embedding' }, 'embeddings', 'embeddings'],
    [{ 'llm.request.type': 'rerank' }, 'rerank', 'rerank'],
    [{ 'ai.operationId': 'ai.generateText', 'ai.usage.inputTokens': 5 }, 'agent', 'invoke_agent'],
    [{ 'ai.operationId': 'ai.streamObject' }, 'agent', 'invoke_agent'],
    [{ 'ai.operationId': 'ai.generateText.doGenerate', 'openinference.span.kind': 'LLM' }, 'inference', 'chat'],
    [{ 'ai.operationId': 'ai.streamText.doStream' }, 'inference', 'chat'],
    [{ 'ai.operationId': 'ai.embed', 'ai.usage.tokens': 5 }, 'workflow', 'invoke_workflow'],
    [{ 'ai.operationId': 'ai.embedMany.doEmbed', 'ai.usage.tokens': 5 }, 'embeddings', 'embeddings'],
    [{ 'ai.operationId': 'ai.rerank.doRerank' }, 'rerank', 'rerank'],
    [{ 'ai.operationId': 'ai.toolCall' }, 'tool', 'execute_tool'],
    [{ 'ai.operationId': 'mine', 'ai.model.id': 'm', 'gen_ai.request.model': 'm' }, 'inference', 'chat'],
    [{ 'langsmith.span.kind': 'llm' }, 'inference', 'chat'],
    [{ 'langsmith.span.kind': 'chain', 'gen_ai.usage.input_tokens': 5 }, 'workflow', 'invoke_workflow'],
    [{ 'langsmith.span.kind': 'retriever' }, 'retrieval', 'retrieval'],
    [{ 'langfuse.observation.type': 'generation' }, 'inference', 'chat'],
    [{ 'langfuse.observation.type': 'embedding' }, 'embeddings', 'embeddings'],
    [{ 'langfuse.observation.type': 'span' }, 'workflow', 'invoke_workflow'],
    [{ 'langfuse.observation.type': 'event' }, 'none', ''],
  ])('%j is %s, %s', (attributes, level, operation) => {
    const call = readAttributes(attributes);
    expect([call.level, call.operation]).toEqual([level, operation]);
  });
});
