import type { Call } from '../call.ts';
import type { Facts } from '../facts.ts';
import { field, fields } from '../field.ts';
import type { Origin } from '../origin.ts';

const responseTiers = fields(
  'openai.response.service_tier',
  'gen_ai.openai.response.service_tier',
  'gen_ai.response.service_tier',
  'anthropic.response.service_tier',
  'gen_ai.anthropic.response.service_tier',
  'gen_ai.usage.service_tier',
  'aws.bedrock.service_tier',
);
const requestTiers = fields(
  'openai.request.service_tier',
  'gen_ai.openai.request.service_tier',
  'gen_ai.request.service_tier',
  'llm.request.service_tier',
);
const batches = fields('gen_ai.request.batch', 'gen_ai.batch', 'millrace.batch', 'llm.is_batch', 'litellm.is_batch');
const batchIds = fields('gen_ai.batch.id', 'gen_ai.request.batch.id', 'millrace.batch.id');
const invocation = field('llm.invocation_parameters');
const streams = fields(
  'gen_ai.request.stream',
  'gen_ai.is_streaming',
  'llm.is_streaming',
  'gen_ai.request.is_stream',
  'llm.request.streaming',
);
const operationId = field('ai.operationId');

/** How the call was made: streamed, in a batch, in which tier of service. */
export function readManner(facts: Facts, into: Call): void {
  let tier = facts.firstText(responseTiers) || facts.firstText(requestTiers);
  if (facts.anyFlag(streams)) into.streamed = true;
  if (facts.has(operationId) && facts.text(operationId).endsWith('Stream')) into.streamed = true;
  if (facts.has(invocation)) {
    const text = facts.wholeText(invocation);
    if (/"stream"\s*:\s*true/.test(text)) into.streamed = true;
    if (tier === '') tier = /"service_tier"\s*:\s*"([^"]+)"/.exec(text)?.[1] ?? '';
  }
  // What was asked for, not what was given.
  if (tier === 'auto') tier = '';
  into.serviceTier = tier === 'default' ? 'standard' : tier.toLowerCase();
  into.batch = into.serviceTier === 'batch' || facts.firstText(batchIds) !== '' || facts.anyFlag(batches);
}

const seconds = fields(
  'gen_ai.response.time_to_first_chunk',
  'gen_ai.client.operation.time_to_first_chunk',
  'gen_ai.client.inference.time_to_first_chunk',
  'gen_ai.server.time_to_first_token',
  'gen_ai.server.ttft',
  'gen_ai.response.time_to_first_token',
  'llm.time_to_first_token',
);
const milliseconds = fields('ai.response.msToFirstChunk', 'ai.stream.msToFirstChunk', 'gen_ai.response.ttft_ms');
const completionStart = field('langfuse.observation.completion_start_time');

/** When the first chunk came; `origin` began the operation. */
export function readFirstChunk(facts: Facts, into: Call, origin: Origin): void {
  let first = facts.firstNumber(seconds);
  if (Number.isNaN(first)) first = facts.firstNumber(milliseconds) / 1000;
  if (Number.isNaN(first) && facts.has(completionStart) && origin.startTimeUnixNano > 0n) {
    first = (Date.parse(facts.text(completionStart).replaceAll('"', '')) - Number(origin.startTimeUnixNano) / 1e6) / 1000;
  }
  if (!(first >= 0 && first < Infinity)) return;
  into.timeToFirstChunk = first;
  into.streamed = true;
}
