import { describe, expect, it } from '@jest/globals';
import { metricDefinition } from '@millrace/genai';
import { chat, nowMs, start } from './harness.ts';

const usage = { 'gen_ai.usage.input_tokens': 100n, 'gen_ai.usage.output_tokens': 20n };
const cost = {
  'millrace.cost.status': 'priced',
  'millrace.cost.currency': 'USD',
  'millrace.cost.amount': 0.25,
  'millrace.cost.estimated': 0.2,
  'millrace.cost.actual': 0.25,
  'millrace.cost.drift_percent': 25,
};

describe('Calls of models', () => {
  it('are counted with what they are, and only they (PXY-1, ASA-2)', async () => {
    const connector = await start();
    connector.send([
      chat(),
      chat({ 'millrace.task_type': 'summary', 'server.address': 'api.openai.com', 'server.port': 443n }),
      { ...chat(), attributes: { 'http.request.method': 'GET' } },
    ]);
    await connector.flush();
    expect(connector.points('millrace.requests').map(connector.labelsOf)).toEqual([
      { 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'openai', 'millrace.model.name': 'gpt-4o-2024-08-06' },
      {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'openai',
        'millrace.model.name': 'gpt-4o-2024-08-06',
        'millrace.task_type': 'summary',
        'server.address': 'api.openai.com',
      },
    ]);
    expect(connector.total('millrace.requests')).toBe(2);
    expect(connector.resources()).toEqual([{ 'service.name': 'shop' }]);
    await connector.stop();
  });

  it('have a name, unit, description and buckets as the list of metrics says (PXY-20)', async () => {
    const connector = await start({ emit: 'both' });
    connector.send([chat({ ...usage, ...cost })]);
    await connector.flush();
    for (const metric of connector.metricsOf(connector.reports[0])) {
      const definition = metricDefinition(metric.name);
      expect({ unit: metric.unit, description: metric.description }).toEqual({
        unit: definition.unit,
        description: definition.description,
      });
      const [point] = metric.histogram?.dataPoints ?? [];
      if (point !== undefined) expect(point.explicitBounds).toEqual(definition.boundaries);
    }
    await connector.stop();
  });

  it('have a duration, a time to the first chunk and a speed (PXY-3)', async () => {
    const connector = await start();
    connector.send([
      chat({ ...usage, 'gen_ai.request.stream': true, 'gen_ai.response.time_to_first_chunk': 0.5 }, { seconds: 2.5 }),
      chat({}, { seconds: 0.5 }),
    ]);
    await connector.flush();
    expect(connector.total('millrace.request.duration')).toBeCloseTo(3, 6);
    expect(connector.total('gen_ai.client.inference.duration')).toBeCloseTo(3, 6);
    expect(connector.total('millrace.request.time_to_first_token')).toBe(0.5);
    expect(connector.total('gen_ai.client.inference.time_to_first_chunk')).toBe(0.5);
    expect(connector.total('millrace.request.token_rate')).toBeCloseTo(10, 6);
    expect(connector.count('millrace.request.token_rate')).toBe(1);
    await connector.stop();
  });

  it('have tokens by direction and kind, each in one kind (ASA-2)', async () => {
    const connector = await start();
    connector.send([
      chat({
        ...usage,
        'gen_ai.usage.cache_read.input_tokens': 30n,
        'gen_ai.usage.cache_write.input_tokens': 10n,
        'gen_ai.usage.reasoning.output_tokens': 5n,
      }),
    ]);
    await connector.flush();
    const kinds = Object.fromEntries(
      connector.points('millrace.tokens').map((point) => [connector.labelsOf(point)['millrace.token.kind'], Number(point.asDouble)]),
    );
    expect(kinds).toEqual({ input: 60, cache_read: 30, cache_write: 10, output: 15, reasoning: 5 });
    expect(connector.total('millrace.tokens', { 'millrace.token.direction': 'input' })).toBe(100);
    expect(connector.total('gen_ai.client.inference.usage.input_tokens', { 'gen_ai.token.modality': 'unknown' })).toBe(100);
    expect(connector.total('gen_ai.client.inference.usage.output_tokens')).toBe(20);
    expect(connector.total('gen_ai.client.inference.usage.cache_read.input_tokens')).toBe(30);
    expect(connector.total('gen_ai.client.inference.usage.cache_write.input_tokens')).toBe(10);
    expect(connector.total('gen_ai.client.inference.usage.reasoning.output_tokens')).toBe(5);
    expect(connector.total('gen_ai.client.inference.operation.input_tokens')).toBe(100);
    expect(connector.total('millrace.request.tokens', { 'millrace.token.direction': 'output' })).toBe(20);
    await connector.stop();
  });

  it('say that nothing was used where a call failed without usage', async () => {
    const connector = await start();
    connector.send([chat({ 'error.type': 'timeout' }, { status: { code: 2 } })]);
    await connector.flush();
    expect(connector.value('gen_ai.client.inference.usage.input_tokens')).toBe(0);
    expect(connector.points('millrace.tokens')).toEqual([]);
    await connector.stop();
  });

  it('are counted as without usage, and as estimated (SHM-1)', async () => {
    const connector = await start();
    connector.send([chat(), chat({ 'millrace.usage.input': 100n, 'millrace.usage.total': 100n, 'millrace.usage.estimated': true })]);
    await connector.flush();
    expect(connector.total('millrace.usage.missing')).toBe(1);
    expect(connector.total('millrace.usage.estimated')).toBe(1);
    await connector.stop();
  });

  it('have the cost that is written on them, and what was saved or paid on top (IMS-2b)', async () => {
    const connector = await start();
    connector.send([
      chat({ ...usage, ...cost, 'millrace.savings.batch': 0.125, 'millrace.savings.routing': -0.0625 }),
      chat({ ...usage, 'millrace.cost.status': 'unpriced' }),
    ]);
    await connector.flush();
    expect(connector.value('millrace.cost.amount', { 'millrace.cost.currency': 'USD' })).toBe(0.25);
    expect(connector.total('millrace.cost.actual')).toBe(0.25);
    expect(connector.total('millrace.cost.estimated')).toBe(0.2);
    expect(connector.total('millrace.cost.drift')).toBe(25);
    expect(connector.total('millrace.request.cost')).toBe(0.25);
    expect(connector.value('millrace.savings', { 'millrace.savings.source': 'batch' })).toBe(0.125);
    expect(connector.value('millrace.extra_cost', { 'millrace.savings.source': 'routing' })).toBe(0.0625);
    expect(connector.total('millrace.cost.unpriced')).toBe(1);
    await connector.stop();
  });

  it('have no duration when they do not say when they began, and are priced at their end', async () => {
    const overrides = [
      { provider: 'openai', model: 'gpt-4o-2024-08-06', input: '2.5', output: '10', from: '2020-01-01' },
      { provider: 'openai', model: 'gpt-4o-2024-08-06', input: '1', output: '1', until: '2020-01-01' },
    ];
    const connector = await start({ prices: { catalog: 'none', overrides } });
    connector.send([chat(usage, { startTimeUnixNano: 0n }), chat({}, { seconds: 2 })]);
    await connector.flush();
    expect(connector.total('millrace.requests')).toBe(2);
    expect(connector.total('millrace.request.duration')).toBe(2);
    expect(connector.count('millrace.request.duration')).toBe(1);
    expect(connector.total('millrace.cost.amount')).toBeCloseTo(0.00025 + 0.0002, 12);
    await connector.stop();
  });

  it('have no cost where the one that is written cannot be', async () => {
    const connector = await start();
    const written = { 'millrace.cost.status': 'priced', 'millrace.cost.currency': 'USD' };
    connector.send([
      chat({ ...written, 'millrace.cost.amount': 0.5 }),
      chat({
        ...written,
        'millrace.cost.amount': 1e300,
        'millrace.cost.actual': 1e300,
        'millrace.cost.estimated': 1e300,
        'millrace.savings.cache': -1e300,
      }),
      chat({ ...written, 'millrace.cost.amount': -1, 'millrace.savings.cache': 1e300 }),
    ]);
    await connector.flush();
    expect(connector.value('millrace.cost.amount')).toBe(0.5);
    for (const name of ['actual', 'estimated']) expect(connector.points(`millrace.cost.${name}`)).toEqual([]);
    expect([...connector.points('millrace.savings'), ...connector.points('millrace.extra_cost')]).toEqual([]);
    await connector.stop();
  });

  it('have the tokens that processor genai estimated, and say so', async () => {
    const connector = await start();
    connector.send([
      chat({ 'millrace.usage.input': 30, 'millrace.usage.output': 12, 'millrace.usage.total': 42, 'millrace.usage.estimated': true }),
    ]);
    await connector.flush();
    expect(connector.total('millrace.tokens')).toBe(42);
    expect(connector.value('millrace.usage.estimated')).toBe(1);
    expect(connector.points('millrace.usage.missing')).toEqual([]);
    await connector.stop();
  });

  it('have the cost of the price list where none is written on them', async () => {
    const overrides = [{ provider: 'openai', model: 'gpt-4o-2024-08-06', input: '2.5', output: '10' }];
    const connector = await start({ prices: { catalog: 'none', overrides } });
    connector.send([chat(usage), chat({ ...usage, ...cost })]);
    await connector.flush();
    expect(connector.total('millrace.cost.amount')).toBeCloseTo(0.25 + 0.00025 + 0.0002, 12);
    await connector.stop();
    const without = await start();
    without.send([chat(usage)]);
    await without.flush();
    expect(without.points('millrace.cost.amount')).toEqual([]);
    await without.stop();
  });

  it('count hits and misses of the cache of the application, by tier (PXY-12)', async () => {
    const connector = await start();
    const hit = { 'millrace.cache.result': 'hit', 'millrace.cache.tier': '1' };
    connector.send([chat(hit), chat(hit), chat(hit), chat({ 'millrace.cache.result': 'miss', 'millrace.cache.tier': '1' })]);
    await connector.flush();
    expect(connector.value('millrace.cache.hits', { 'millrace.cache.tier': '1' })).toBe(3);
    expect(connector.value('millrace.cache.misses')).toBe(1);
    expect(connector.value('millrace.cache.hit_rate')).toBe(0.75);
    await connector.stop();
  });

  it('that the cache of the application answered used no tokens, and were no call of a vendor', async () => {
    const connector = await start({ emit: 'both' });
    const usage = { 'gen_ai.usage.input_tokens': 10n, 'gen_ai.usage.output_tokens': 5n, 'gen_ai.response.time_to_first_chunk': 0.1 };
    connector.send([chat({ ...usage, 'millrace.cache.result': 'hit' }), chat({ 'millrace.cache.result': 'hit' })]);
    await connector.flush();
    expect(connector.value('millrace.requests')).toBe(2);
    expect(connector.count('millrace.request.duration')).toBe(2);
    const counted = connector.names();
    expect(counted.filter((name) => name.startsWith('gen_ai.') || /token|usage/.test(name))).toEqual([
      'millrace.request.time_to_first_token',
    ]);
    connector.send([chat({ ...usage, 'millrace.cache.result': 'miss' })]);
    await connector.flush();
    expect(connector.total('millrace.tokens')).toBe(15);
    expect(connector.count('gen_ai.client.operation.duration')).toBe(1);
    await connector.stop();
  });

  it('are not the only ones that tell of the cache: a span may be a look into it and nothing else', async () => {
    const connector = await start();
    const look = (result: string) => ({
      ...chat(),
      attributes: { 'millrace.cache.result': result, 'millrace.cache.tier': '2' },
    });
    connector.send([look('hit'), look('miss'), look('miss'), look('miss')]);
    await connector.flush();
    const tier = { 'millrace.cache.tier': '2' };
    expect(connector.value('millrace.cache.hits', tier)).toBe(1);
    expect(connector.value('millrace.cache.misses', tier)).toBe(3);
    expect(connector.value('millrace.cache.hit_rate', tier)).toBe(0.25);
    expect(connector.count('millrace.cache.operation.duration', { ...tier, 'millrace.cache.operation': 'get' })).toBe(4);
    expect(connector.names()).not.toContain('millrace.requests');
    await connector.stop();
  });

  it('count what failed, by type, component and vendor, and the rate of success (PXY-2, IMS-2)', async () => {
    const connector = await start();
    const failed = { status: { code: 2 } };
    connector.send([
      chat(),
      chat(),
      chat({ 'error.type': '429' }, failed),
      chat({ 'error.type': 'timeout', 'gen_ai.response.model': '' }, failed),
    ]);
    await connector.flush();
    expect(connector.value('millrace.errors', { 'error.type': 'timeout', 'millrace.component': 'inference' })).toBe(1);
    expect(connector.value('millrace.api.errors', { 'gen_ai.provider.name': 'openai', 'error.type': '429' })).toBe(1);
    expect(connector.total('millrace.rate_limit.hits')).toBe(1);
    expect(connector.value('millrace.request.success_rate', { 'millrace.model.name': 'gpt-4o-2024-08-06' })).toBeCloseTo(2 / 3, 12);
    expect(connector.value('millrace.request.success_rate', { 'millrace.model.name': 'gpt-4o' })).toBe(0);
    await connector.stop();
  });

  it('count how a model and an endpoint were chosen, and what was tried before (PXY-13, PXY-14, IMS-2b)', async () => {
    const connector = await start();
    connector.send([
      chat({
        'millrace.routing.strategy': 'cheapest',
        'millrace.rotation.strategy': 'round_robin',
        'http.request.resend_count': 2n,
        'millrace.fallback.from': 'gpt-5',
        'millrace.failover.from': 'eu',
        'millrace.failover.to': 'us',
        'millrace.batch.size': 8n,
      }),
    ]);
    await connector.flush();
    expect(
      connector.total('millrace.model.selections', { 'millrace.routing.strategy': 'cheapest', 'gen_ai.request.model': 'gpt-4o' }),
    ).toBe(1);
    expect(connector.total('millrace.rotation.requests', { 'millrace.rotation.strategy': 'round_robin' })).toBe(1);
    expect(connector.count('millrace.rotation.request.duration')).toBe(1);
    expect(connector.total('millrace.retries')).toBe(2);
    expect(
      connector.total('millrace.model.fallbacks', { 'millrace.fallback.from': 'gpt-5', 'millrace.fallback.to': 'gpt-4o-2024-08-06' }),
    ).toBe(1);
    expect(connector.total('millrace.failovers', { 'millrace.failover.from': 'eu', 'millrace.failover.to': 'us' })).toBe(1);
    expect(connector.total('millrace.batch.size')).toBe(8);
    await connector.stop();
  });

  it('are measured by the metrics of servers where a server tells of them', async () => {
    const connector = await start();
    connector.send([chat({ ...usage, 'gen_ai.response.time_to_first_chunk': 0.5 }, { kind: 2, seconds: 2.4 })]);
    await connector.flush();
    expect(connector.total('gen_ai.server.request.duration')).toBeCloseTo(2.4, 6);
    expect(connector.total('gen_ai.server.time_to_first_token')).toBe(0.5);
    expect(connector.total('gen_ai.server.time_per_output_token')).toBeCloseTo(0.1, 6);
    expect(connector.names().filter((name) => name.startsWith('gen_ai.client'))).toEqual([]);
    await connector.stop();
  });

  it.each([
    ['latest', ['gen_ai.client.inference.duration', 'gen_ai.client.embeddings.duration'], ['gen_ai.client.token.usage']],
    ['1.37', ['gen_ai.client.operation.duration', 'gen_ai.client.token.usage'], ['gen_ai.client.inference.duration']],
    ['both', ['gen_ai.client.operation.duration', 'gen_ai.client.token.usage', 'gen_ai.client.inference.duration'], []],
    ['none', ['millrace.requests'], ['gen_ai.client.operation.duration', 'gen_ai.client.inference.duration', 'gen_ai.client.token.usage']],
  ])('are measured under the standard names of generation %s', async (emit, there, absent) => {
    const connector = await start({ emit });
    connector.send([
      chat(usage),
      chat({ ...usage, 'gen_ai.operation.name': 'embeddings' }),
      chat({ 'gen_ai.operation.name': 'retrieval' }),
    ]);
    await connector.flush();
    expect(connector.names()).toEqual(expect.arrayContaining(there));
    for (const name of absent) expect(connector.names()).not.toContain(name);
    await connector.stop();
  });
});

describe('Other operations', () => {
  it('are measured: agents, workflows, tools and retrievals', async () => {
    const connector = await start();
    connector.send([
      chat({ 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'planner' }, { seconds: 3 }),
      chat({ 'gen_ai.operation.name': 'invoke_workflow', 'gen_ai.workflow.name': 'night' }, { seconds: 5 }),
      chat({ 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'search', 'gen_ai.tool.type': 'function' }, { seconds: 0.25 }),
      chat({ 'gen_ai.operation.name': 'retrieval' }, { seconds: 0.125 }),
      chat({ 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'search', 'error.type': 'timeout' }, { status: { code: 2 } }),
    ]);
    await connector.flush();
    expect(connector.value('gen_ai.invoke_agent.duration', { 'gen_ai.agent.name': 'planner' })).toBeCloseTo(3, 6);
    expect(connector.value('gen_ai.invoke_workflow.duration', { 'gen_ai.workflow.name': 'night' })).toBeCloseTo(5, 6);
    expect(connector.value('gen_ai.execute_tool.duration', { 'gen_ai.tool.name': 'search', 'gen_ai.tool.type': 'function' })).toBeCloseTo(
      0.25,
      6,
    );
    expect(connector.value('gen_ai.client.operation.duration', { 'gen_ai.operation.name': 'retrieval' })).toBeCloseTo(0.125, 6);
    expect(connector.value('millrace.errors', { 'error.type': 'timeout', 'millrace.component': 'tool' })).toBe(1);
    expect(connector.points('millrace.requests')).toEqual([]);
    await connector.stop();
  });

  it('have a quality that evaluations say, in spans and in events (ASA-2)', async () => {
    const connector = await start();
    const event = (score: number) => ({
      eventName: 'gen_ai.evaluation.result',
      attributes: { 'gen_ai.evaluation.name': 'relevance', 'gen_ai.evaluation.score.value': score, 'gen_ai.response.model': 'm' },
    });
    connector.log([event(0.25), event(0.75)]);
    await connector.flush();
    expect(connector.value('millrace.quality.score', { 'gen_ai.evaluation.name': 'relevance', 'millrace.model.name': 'm' })).toBe(0.5);
    expect(connector.total('millrace.evaluation.score')).toBe(1);
    expect(connector.count('millrace.evaluation.score')).toBe(2);
    await connector.stop();
  });

  it('become metrics of log events of the same names', async () => {
    const connector = await start();
    const event = (eventName: string, attributes: Record<string, string | number | bigint> = {}) => ({ eventName, attributes });
    connector.log([
      event('millrace.cache.lookup', { 'millrace.cache.tier': '2', 'millrace.cache.result': 'hit', 'millrace.duration': 0.002 }),
      event('millrace.cache.lookup', { 'millrace.cache.tier': '2', 'millrace.cache.result': 'miss' }),
      event('millrace.cache.eviction', { 'millrace.cache.tier': '2' }),
      event('millrace.cache.expiration', { 'millrace.cache.tier': '2' }),
      event('millrace.routing.decision', {
        'millrace.routing.strategy': 'cheapest',
        'gen_ai.request.model': 'm',
        'millrace.duration': 0.004,
      }),
      event('millrace.batch', { 'millrace.batch.size': 16n, 'millrace.batch.savings': 50 }),
      event('millrace.error', { 'error.type': 'oom', 'millrace.component': 'cache', 'millrace.error.severity': 'critical' }),
      event('millrace.policy.evaluation', { 'millrace.policy.name': 'pii', 'millrace.policy.result': 'deny' }),
      event('millrace.policy.violation', { 'millrace.policy.name': 'pii', 'millrace.policy.severity': 'high' }),
      event('millrace.fallback', { 'millrace.fallback.from': 'a', 'millrace.fallback.to': 'b' }),
      event('millrace.retry', { 'error.type': '500' }),
      event('millrace.failover', { 'millrace.failover.from': 'a', 'millrace.failover.to': 'b' }),
      event('millrace.unknown'),
      event('constructor'),
    ]);
    await connector.flush();
    const tier = { 'millrace.cache.tier': '2' };
    expect(connector.value('millrace.cache.hits', tier)).toBe(1);
    expect(connector.value('millrace.cache.misses', tier)).toBe(1);
    expect(connector.value('millrace.cache.hit_rate', tier)).toBe(0.5);
    expect(connector.value('millrace.cache.operation.duration', { ...tier, 'millrace.cache.result': 'hit' })).toBe(0.002);
    expect(connector.value('millrace.cache.evictions', tier)).toBe(1);
    expect(connector.value('millrace.cache.expirations', tier)).toBe(1);
    expect(connector.value('millrace.model.selections', { 'millrace.routing.strategy': 'cheapest', 'gen_ai.request.model': 'm' })).toBe(1);
    expect(connector.value('millrace.routing.decision.duration')).toBe(0.004);
    expect(connector.value('millrace.batch.size')).toBe(16);
    expect(connector.value('millrace.batch.savings')).toBe(50);
    expect(connector.value('millrace.errors', { 'millrace.component': 'cache', 'millrace.error.severity': 'critical' })).toBe(1);
    expect(connector.value('millrace.policy.evaluations', { 'millrace.policy.name': 'pii', 'millrace.policy.result': 'deny' })).toBe(1);
    expect(connector.value('millrace.policy.violations', { 'millrace.policy.severity': 'high' })).toBe(1);
    expect(connector.value('millrace.model.fallbacks', { 'millrace.fallback.from': 'a' })).toBe(1);
    expect(connector.value('millrace.retries', { 'error.type': '500' })).toBe(1);
    expect(connector.value('millrace.failovers', { 'millrace.failover.to': 'b' })).toBe(1);
    await connector.stop();
  });

  it('count calls that only a log record tells of, and none that a span tells of too', async () => {
    const connector = await start();
    const details = {
      eventName: 'gen_ai.client.inference.operation.details',
      attributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'm', ...usage },
    };
    connector.log([details, { ...details, traceId: '0123456789abcdef0123456789abcdef', spanId: '0123456789abcdef' }]);
    await connector.flush();
    expect(connector.total('millrace.requests')).toBe(1);
    expect(connector.total('millrace.tokens')).toBe(120);
    expect(connector.points('millrace.request.duration')).toEqual([]);
    await connector.stop();
  });
});

describe('The usage of agents', () => {
  const agent = { ...usage, 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'planner' };
  const at = (ms: number) => ({ endTimeUnixNano: BigInt(ms) * 1_000_000n, startTimeUnixNano: BigInt(ms - 100) * 1_000_000n });
  const other = { traceId: 'ffffffffffffffffffffffffffffffff' };

  it('is left out where its calls say theirs, and counts where they do not, with what it cost', async () => {
    const connector = await start({ wait: '10s' });
    connector.send([
      chat(usage, { ...at(nowMs - 60_000) }),
      chat({ ...agent, ...cost }, { ...at(nowMs - 59_990), spanId: '1111111111111111' }),
      chat({ ...agent, ...cost }, { ...at(nowMs - 59_980), ...other, spanId: '2222222222222222' }),
    ]);
    await connector.flush();
    expect(connector.total('millrace.tokens')).toBe(120);
    connector.send([chat({}, { ...at(nowMs - 40_000), traceId: 'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee' })]);
    await connector.flush();
    expect(connector.total('millrace.tokens')).toBe(240);
    expect(connector.total('millrace.tokens', { 'gen_ai.operation.name': 'invoke_agent' })).toBe(120);
    expect(connector.total('millrace.cost.amount')).toBe(0.25);
    expect(connector.total('millrace.requests')).toBe(2);
    expect(connector.value('millrace.usage.agent', { 'millrace.usage.outcome': 'counted' })).toBe(1);
    expect(connector.value('millrace.usage.agent', { 'millrace.usage.outcome': 'repeated' })).toBe(1);
    connector.send([chat(usage, { ...at(nowMs - 60_000), ...other })]);
    await connector.flush();
    expect(connector.value('millrace.usage.agent', { 'millrace.usage.outcome': 'late' })).toBe(1);
    await connector.stop();
  });

  it('counts when nothing comes that would move event time on, and at the end', async () => {
    const connector = await start({ wait: '10s' });
    connector.send([chat(agent)]);
    await connector.flush();
    expect(connector.points('millrace.tokens')).toEqual([]);
    await connector.clock.advance(10_000);
    expect(connector.total('millrace.tokens')).toBe(120);
    connector.send([chat(agent, other)]);
    await connector.stop();
    expect(connector.total('millrace.tokens')).toBe(240);
  });

  it('is not decided early because one clock is ahead', async () => {
    const connector = await start({ wait: '10s' });
    connector.send([chat(agent), chat({}, { ...at(nowMs + 3_600_000), ...other })]);
    await connector.flush();
    expect(connector.points('millrace.tokens')).toEqual([]);
    await connector.stop();
  });
});
