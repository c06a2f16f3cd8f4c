import {
  agentDurationBounds,
  callCountBounds,
  durationBounds,
  firstTokenBounds,
  mcpBounds,
  perTokenBounds,
  tokenBounds,
} from './boundaries.ts';
import { rowsOf } from './metric-definition.ts';
import type { MetricDefinition } from './metric-definition.ts';

const operation = [
  'gen_ai.operation.name',
  'gen_ai.provider.name',
  'gen_ai.request.model',
  'gen_ai.response.model',
  'server.address',
  'server.port',
];
const ended = [...operation, 'error.type'];
const byModality = [...operation, 'gen_ai.token.modality'];
const agent = ['gen_ai.agent.name', 'gen_ai.provider.name', 'gen_ai.request.model'];
const tool = ['gen_ai.tool.name', 'gen_ai.tool.type', 'error.type'];

const spans = rowsOf({ producers: ['genaimetrics', 'sdk'], requirements: ['SHM-1', 'IMS-2', 'PXY-20'] });
const tokens = rowsOf({ producers: ['genaimetrics', 'sdk'], requirements: ['SHM-1', 'ASA-2', 'IMS-2', 'PXY-20'] });
/** What one span does not tell. */
const chunks = rowsOf({ producers: ['sdk'], requirements: ['SHM-1', 'PXY-3', 'PXY-20'] });

/** The metrics of the conventions 1.37 to 1.41. */
export const metrics137: readonly MetricDefinition[] = [
  tokens.histogram(
    'gen_ai.client.token.usage',
    '{token}',
    'Tokens used by an operation',
    [...operation, 'gen_ai.token.type'],
    tokenBounds,
    ['asahi_token_count', 'LAO LLM provider: tokens'],
  ),
  spans.histogram('gen_ai.client.operation.duration', 's', 'Duration of an operation', ended, durationBounds, [
    'asahi_latency_ms',
    'ims_request_duration_seconds',
  ]),
  spans.histogram(
    'gen_ai.client.operation.time_to_first_chunk',
    's',
    'Time from the request to the first chunk of a streamed answer',
    operation,
    durationBounds,
  ),
  chunks.histogram(
    'gen_ai.client.operation.time_per_output_chunk',
    's',
    'Time between two chunks of a streamed answer',
    operation,
    durationBounds,
  ),
  spans.histogram('gen_ai.server.request.duration', 's', 'Duration of a request in the server of a model', ended, durationBounds),
  spans.histogram(
    'gen_ai.server.time_per_output_token',
    's',
    'Time for each token after the first one in the server of a model',
    operation,
    perTokenBounds,
  ),
  spans.histogram(
    'gen_ai.server.time_to_first_token',
    's',
    'Time to the first token in the server of a model',
    operation,
    firstTokenBounds,
  ),
];

/** The metrics of the conventions' own repository, which follow those of 1.41. */
export const metricsLatest: readonly MetricDefinition[] = [
  spans.histogram('gen_ai.client.inference.duration', 's', 'Duration of a call of a model', ended, durationBounds, [
    'asahi_latency_ms',
    'ims_request_duration_seconds',
  ]),
  spans.histogram(
    'gen_ai.client.inference.time_to_first_chunk',
    's',
    'Time from the call to the first chunk of a streamed answer',
    operation,
    durationBounds,
  ),
  chunks.histogram(
    'gen_ai.client.inference.time_per_output_chunk',
    's',
    'Time between two chunks of a streamed answer',
    operation,
    durationBounds,
  ),
  tokens.counter('gen_ai.client.inference.usage.input_tokens', '{token}', 'Input tokens used, cached ones included', byModality, [
    'LAO LLM provider: tokens',
  ]),
  tokens.counter('gen_ai.client.inference.usage.output_tokens', '{token}', 'Output tokens used, reasoning included', byModality, [
    'LAO LLM provider: tokens',
  ]),
  tokens.counter(
    'gen_ai.client.inference.usage.cache_read.input_tokens',
    '{token}',
    "Input tokens that the provider's prompt cache served",
    byModality,
  ),
  tokens.counter(
    'gen_ai.client.inference.usage.cache_write.input_tokens',
    '{token}',
    "Input tokens written to the provider's prompt cache",
    byModality,
  ),
  tokens.counter(
    'gen_ai.client.inference.usage.reasoning.output_tokens',
    '{token}',
    'Output tokens spent on reasoning that is not shown',
    byModality,
  ),
  tokens.histogram(
    'gen_ai.client.inference.operation.input_tokens',
    '{token}',
    'Input tokens of a call of a model',
    operation,
    tokenBounds,
    ['asahi_token_count'],
  ),
  tokens.histogram(
    'gen_ai.client.inference.operation.output_tokens',
    '{token}',
    'Output tokens of a call of a model',
    operation,
    tokenBounds,
    ['asahi_token_count'],
  ),
  spans.histogram('gen_ai.client.embeddings.duration', 's', 'Duration of a call for embeddings', ended, durationBounds),
  tokens.histogram(
    'gen_ai.client.embeddings.operation.input_tokens',
    '{token}',
    'Input tokens of a call for embeddings',
    operation,
    tokenBounds,
  ),
  spans.histogram('gen_ai.invoke_agent.duration', 's', 'Duration of a run of an agent', [...agent, 'error.type'], agentDurationBounds),
  chunks.histogram(
    'gen_ai.invoke_agent.inference_calls',
    '{inference_call}',
    'Calls of a model within a run of an agent',
    agent,
    callCountBounds,
  ),
  chunks.histogram('gen_ai.invoke_agent.tool_calls', '{tool_call}', 'Runs of tools within a run of an agent', agent, callCountBounds),
  spans.histogram('gen_ai.execute_tool.duration', 's', 'Duration of a run of a tool', tool, durationBounds),
  spans.histogram(
    'gen_ai.invoke_workflow.duration',
    's',
    'Duration of a run of a workflow',
    ['gen_ai.workflow.name', 'error.type'],
    agentDurationBounds,
  ),
];

const mcp = ['mcp.method.name', 'gen_ai.tool.name', 'error.type'];

/** The metrics of the model context protocol, alike in both generations. */
export const metricsMcp: readonly MetricDefinition[] = [
  chunks.histogram('mcp.client.operation.duration', 's', 'Duration of a request or notification as its sender sees it', mcp, mcpBounds),
  chunks.histogram('mcp.server.operation.duration', 's', 'Duration of a request or notification as its receiver sees it', mcp, mcpBounds),
  chunks.histogram('mcp.client.session.duration', 's', 'Duration of a session as its client sees it', ['error.type'], mcpBounds),
  chunks.histogram('mcp.server.session.duration', 's', 'Duration of a session as its server sees it', ['error.type'], mcpBounds),
];
