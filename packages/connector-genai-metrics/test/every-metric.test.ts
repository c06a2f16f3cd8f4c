import { describe, expect, it } from '@jest/globals';
import { metricDefinitions } from '@millrace/genai';
import { chat, start } from './harness.ts';

const usage = {
  'gen_ai.usage.input_tokens': 100n,
  'gen_ai.usage.output_tokens': 20n,
  'gen_ai.usage.cache_read.input_tokens': 10n,
  'gen_ai.usage.cache_write.input_tokens': 10n,
  'gen_ai.usage.reasoning.output_tokens': 5n,
};
const cost = {
  'millrace.cost.status': 'priced',
  'millrace.cost.currency': 'USD',
  'millrace.cost.amount': 0.25,
  'millrace.cost.estimated': 0.2,
  'millrace.cost.actual': 0.25,
  'millrace.cost.drift_percent': 25,
  'millrace.savings.routing': 0.5,
  'millrace.savings.batch': -0.5,
};
const streamed = { 'gen_ai.request.stream': true, 'gen_ai.response.time_to_first_chunk': 0.5 };
const facts = {
  'millrace.routing.strategy': 'cheapest',
  'millrace.rotation.strategy': 'round_robin',
  'millrace.retry.count': 2n,
  'millrace.fallback.from': 'gpt-5',
  'millrace.failover.from': 'eu',
  'millrace.batch.size': 8n,
};

describe('The list of metrics', () => {
  it('names as made by this connector exactly what it makes', async () => {
    const connector = await start({ emit: 'both' });
    connector.send([
      chat({ ...usage, ...cost, ...streamed, ...facts, 'millrace.cache.result': 'miss' }),
      chat({ ...usage, ...streamed }, { kind: 2 }),
      chat({ ...usage, 'gen_ai.operation.name': 'embeddings' }),
      chat({ 'error.type': '429', 'millrace.cache.result': 'hit' }, { status: { code: 2 } }),
      chat({
        'millrace.cost.status': 'unpriced',
        'millrace.usage.input': 5n,
        'millrace.usage.total': 5n,
        'millrace.usage.estimated': true,
      }),
      chat(),
      chat({ ...usage, 'gen_ai.operation.name': 'invoke_agent' }, { spanId: '1111111111111111' }),
      chat({ 'gen_ai.operation.name': 'invoke_workflow' }),
      chat({ 'gen_ai.operation.name': 'execute_tool' }),
    ]);
    const event = (eventName: string, attributes: Record<string, string | number> = {}) => ({ eventName, attributes });
    connector.log([
      event('gen_ai.evaluation.result', { 'gen_ai.evaluation.name': 'relevance', 'gen_ai.evaluation.score.value': 0.5 }),
      event('millrace.cache.lookup', { 'millrace.cache.result': 'hit', 'millrace.duration': 0.002 }),
      event('millrace.cache.eviction'),
      event('millrace.cache.expiration'),
      event('millrace.routing.decision', { 'millrace.duration': 0.002 }),
      event('millrace.batch', { 'millrace.batch.savings': 50 }),
      event('millrace.policy.evaluation'),
      event('millrace.policy.violation'),
    ]);
    await connector.stop();
    const listed = metricDefinitions.filter(({ producers }) => producers.includes('genaimetrics')).map(({ name }) => name);
    expect(connector.names()).toEqual(listed.sort());
  });
});
