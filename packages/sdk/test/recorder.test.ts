import { describe, expect, it } from '@jest/globals';
import { Call, metricDefinitions, PriceList } from '@millrace/genai';
import { Recorder } from '../src/recording/recorder.ts';
import type { RecorderOptions } from '../src/recording/recorder.ts';

const prices = {
  catalog: 'none' as const,
  overrides: [
    { provider: 'openai', model: 'large', input: '10', output: '30', cache_read: '1' },
    { provider: 'openai', model: 'small', input: '1', output: '2' },
  ],
  baseline_model: 'openai/large',
};
const nowMs = Date.UTC(2026, 0, 5, 12, 30);

async function recorderWith(options: RecorderOptions = {}): Promise<Recorder> {
  const recorder = new Recorder({ now: () => nowMs, prices: prices as never, ...options });
  await recorder.ready();
  return recorder;
}

function samples(recorder: Recorder): Record<string, number> {
  const lines = recorder
    .metricsText()
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
}

const call = { model: 'large', provider: 'openai', durationMs: 2000, usage: { input: 1000, cache_read: 500, output: 100 } } as const;

describe('recordInference', () => {
  it('counts requests, tokens, latency and cost by the price list', async () => {
    const recorder = await recorderWith();
    for (let i = 0; i < 3; i++) recorder.recordInference({ ...call, task: 'chat' });
    const found = samples(recorder);
    const model = 'gen_ai_operation_name="chat",gen_ai_provider_name="openai"';
    expect(found[`millrace_requests_total{${model},millrace_model_name="large",millrace_task_type="chat"}`]).toBe(3);
    const money = 'gen_ai_provider_name="openai",millrace_cost_currency="USD",millrace_model_name="large",millrace_task_type="chat"';
    // 1000 * 10 + 500 * 1 + 100 * 30 per million, three times.
    expect(found[`millrace_cost_amount_total{${money}}`]).toBe(0.0405);
    expect(found[`millrace_cost_estimated_total{${money}}`]).toBe(0.0405);
    expect(found[`millrace_request_duration_seconds_sum{${model},millrace_model_name="large"}`]).toBe(6);
    expect(
      found[
        `millrace_tokens_total{${model},millrace_model_name="large",millrace_token_direction="input",millrace_token_kind="cache_read"}`
      ],
    ).toBe(1500);
    expect(found['millrace_request_success_rate_ratio{gen_ai_provider_name="openai",millrace_model_name="large"}']).toBe(1);
    const standard =
      'gen_ai_operation_name="chat",gen_ai_provider_name="openai",gen_ai_request_model="large",gen_ai_response_model="large"';
    expect(found[`gen_ai_client_token_usage_sum{${standard},gen_ai_token_type="input"}`]).toBe(4500);
    expect(found[`gen_ai_client_inference_usage_input_tokens_total{${standard},gen_ai_token_modality="unknown"}`]).toBe(4500);
    expect(found[`gen_ai_client_inference_usage_cache_read_input_tokens_total{${standard},gen_ai_token_modality="unknown"}`]).toBe(1500);
    expect(recorder.summary().totals).toMatchObject({ requests: 3, success_rate: 1, input_tokens: 4500, output_tokens: 300, cost: 0.0405 });
  });

  it('tells modalities apart where the usage does', async () => {
    const recorder = await recorderWith();
    recorder.recordInference({ ...call, usage: { input: 10, input_audio: 20, cache_read_audio: 5, output: 3 } });
    const found = samples(recorder);
    const standard =
      'gen_ai_operation_name="chat",gen_ai_provider_name="openai",gen_ai_request_model="large",gen_ai_response_model="large"';
    const tokens = (name: string, modality: string): number | undefined =>
      found[`gen_ai_client_inference_usage_${name}_total{${standard},gen_ai_token_modality="${modality}"}`];
    expect([tokens('input_tokens', 'text'), tokens('input_tokens', 'audio'), tokens('output_tokens', 'unknown')]).toEqual([10, 25, 3]);
    expect(tokens('cache_read_input_tokens', 'audio')).toBe(5);
  });

  it('keeps the cost that the caller knows, and measures the drift of the estimate', async () => {
    const recorder = await recorderWith();
    recorder.recordInference({ ...call, cost: '0.027' });
    const found = samples(recorder);
    const model = 'gen_ai_provider_name="openai",millrace_model_name="large"';
    expect(found[`millrace_cost_drift_percent_sum{${model}}`]).toBeCloseTo(100, 9);
    expect(
      found['millrace_cost_actual_total{gen_ai_provider_name="openai",millrace_cost_currency="USD",millrace_model_name="large"}'],
    ).toBe(0.027);
    expect(recorder.summary()).toMatchObject({ actual_cost: 0.027, estimated_cost: 0.0135, cost_drift_percent: 100 });
  });

  it('counts what routing and the own cache saved', async () => {
    const recorder = await recorderWith();
    recorder.recordInference({ ...call, model: 'small', usage: { input: 1000, output: 100 } });
    recorder.recordInference({ ...call, cache: 'hit', cacheTier: 2, durationMs: 5 });
    recorder.recordInference({ ...call, cache: 'miss', cacheTier: 2 });
    const found = samples(recorder);
    // 0.013 at the large model against 0.0012.
    expect(
      found[
        'millrace_savings_total{gen_ai_provider_name="openai",millrace_cost_currency="USD",millrace_model_name="small",millrace_savings_source="routing"}'
      ],
    ).toBe(0.0118);
    expect(found).toMatchObject({
      'millrace_cache_hits_total{millrace_cache_tier="2"}': 1,
      'millrace_cache_misses_total{millrace_cache_tier="2"}': 1,
      'millrace_cache_hit_rate_ratio{millrace_cache_tier="2"}': 0.5,
    });
    expect(recorder.summary().totals.savings).toEqual({ cache: 0.0135, routing: 0.0118, batch: 0 });
    expect(recorder.summary().cache).toEqual([expect.objectContaining({ tier: '2', hits: 1, misses: 1, hit_rate: 0.5 })]);
  });

  it('counts failures, unknown models, missing usage and judgements', async () => {
    const recorder = await recorderWith();
    recorder.recordInference({ ...call, error: 'rate_limit_exceeded', usage: {} });
    recorder.recordInference({ ...call, model: 'unheard-of' });
    recorder.recordInference({ model: 'large', provider: 'openai', quality: 0.5, evaluation: 'helpful' });
    recorder.recordQuality('large', 1, { provider: 'openai', evaluation: 'helpful' });
    recorder.recordInference({ ...call, timeToFirstTokenMs: 250, operation: 'embeddings', usage: { input: -1, output: 2.5 } });
    const found = samples(recorder);
    expect(found).toMatchObject({
      'millrace_api_errors_total{error_type="rate_limit_exceeded",gen_ai_provider_name="openai"}': 1,
      'millrace_errors_total{error_type="rate_limit_exceeded",millrace_component="inference"}': 1,
      'millrace_rate_limit_hits_total{gen_ai_provider_name="openai",millrace_model_name="large"}': 1,
      'millrace_cost_unpriced_total{gen_ai_provider_name="openai",millrace_model_name="unheard-of"}': 1,
      'millrace_usage_missing_total{gen_ai_provider_name="openai",millrace_model_name="large"}': 1,
      'millrace_quality_score_ratio{gen_ai_evaluation_name="helpful",gen_ai_provider_name="openai",millrace_model_name="large"}': 0.75,
    });
    expect(recorder.summary().errors).toEqual({ rate_limit_exceeded: 1 });
    expect(recorder.summary().totals).toMatchObject({ unpriced: 1, usage_missing: 1, quality: 0.75 });
  });

  it('breaks the cost down by model, user, task and tier, and no metric names the user', async () => {
    const recorder = await recorderWith();
    recorder.recordInference({ ...call, user: 'ada@example.com', task: 'chat', team: 'web', apiKeyId: 'k1' });
    const { by } = recorder.summary();
    expect(by.model).toEqual([expect.objectContaining({ name: 'large', cost: 0.0135 })]);
    expect(by.user).toEqual([expect.objectContaining({ name: 'ada@example.com', cost: 0.0135 })]);
    expect(by.task).toEqual([expect.objectContaining({ name: 'chat', cost: 0.0135 })]);
    expect(recorder.metricsText()).not.toContain('ada');
  });

  it('waits for the price list, with calls that their owners reuse', async () => {
    const recorder = new Recorder({ now: () => nowMs, prices: prices as never });
    const reused = new Call();
    Object.assign(reused, { level: 'inference', operation: 'chat', provider: 'openai', requestModel: 'small' });
    reused.usage.set('input', 1_000_000);
    reused.usage.known = true;
    recorder.recordCall(reused, { unixMs: nowMs, durationMs: 1 });
    reused.clear();
    recorder.recordInference(call);
    await recorder.ready();
    expect(recorder.summary().totals).toMatchObject({ requests: 2, cost: 1.0135 });
    await recorder.shutdown();
  });

  it('takes a price list that somebody else owns, and does not close it', async () => {
    const list = await PriceList.load(prices as never);
    const recorder = new Recorder({ now: () => nowMs, prices: list });
    recorder.recordInference(call);
    expect(recorder.summary().totals.cost).toBe(0.0135);
    await recorder.shutdown();
    await recorder.shutdown();
    list.close();
  });

  it('counts calls without prices when they cannot be loaded, and tells why', async () => {
    const errors: Error[] = [];
    const recorder = new Recorder({
      now: () => nowMs,
      prices: { baseline_model: 'nobody/knows', catalog: 'none' },
      report: (error) => errors.push(error),
    });
    recorder.recordInference(call);
    await recorder.shutdown();
    expect(errors).toEqual([expect.objectContaining({ message: expect.stringContaining('baseline_model') })]);
    expect(recorder.summary().totals).toMatchObject({ requests: 1, unpriced: 1 });
  });
});

describe('recordCall', () => {
  it('counts the duration of runs of agents, tools and workflows, and no usage of theirs', async () => {
    const recorder = await recorderWith();
    for (const level of ['agent', 'tool', 'workflow'] as const) {
      const run = new Call();
      Object.assign(run, { level, provider: 'openai', requestModel: 'large' });
      run.usage.set('input', 100);
      run.usage.known = true;
      recorder.recordCall(run, { unixMs: nowMs, durationMs: 3000 });
      recorder.recordCall(run, { unixMs: nowMs, durationMs: Number.NaN });
    }
    const found = samples(recorder);
    expect(found['gen_ai_invoke_agent_duration_seconds_sum{gen_ai_provider_name="openai",gen_ai_request_model="large"}']).toBe(3);
    expect(found).toMatchObject({ gen_ai_execute_tool_duration_seconds_sum: 3, gen_ai_invoke_workflow_duration_seconds_count: 1 });
    expect(recorder.summary().totals.requests).toBe(0);
  });
});

describe('The other events', () => {
  it('fill their metrics and the summary', async () => {
    const recorder = await recorderWith();
    recorder.recordCacheEvent({ tier: 1, hit: true, durationMs: 2 });
    recorder.recordCacheEvent({ tier: 1, hit: false });
    recorder.recordCacheEvent({ tier: 1, operation: 'put', durationMs: 1, sizeBytes: 4096, entries: 3 });
    recorder.recordCacheEvent({ tier: 1, operation: 'evict', count: 2 });
    recorder.recordCacheEvent({ tier: 1, operation: 'expire' });
    recorder.recordRouting({
      strategy: 'cheapest',
      model: 'small',
      durationMs: 1,
      fallbackFrom: 'large',
      failoverFrom: 'eu',
      failoverTo: 'us',
    });
    recorder.recordBatch({ size: 20, provider: 'openai', savingsPercent: 50 });
    recorder.recordError({ type: 'timeout', component: 'router', severity: 'warning' });
    recorder.recordPolicy({ name: 'pii' });
    recorder.recordPolicy({ name: 'pii', violation: 'high' });
    recorder.recordRetry({ provider: 'openai', model: 'large', error: 'timeout' });
    expect(samples(recorder)).toMatchObject({
      'millrace_cache_hits_total{millrace_cache_tier="1"}': 1,
      'millrace_cache_misses_total{millrace_cache_tier="1"}': 1,
      'millrace_cache_operations_total{millrace_cache_operation="get",millrace_cache_tier="1"}': 2,
      'millrace_cache_operation_duration_seconds_sum{millrace_cache_operation="get",millrace_cache_result="hit",millrace_cache_tier="1"}': 0.002,
      'millrace_cache_operation_duration_seconds_sum{millrace_cache_operation="put",millrace_cache_tier="1"}': 0.001,
      'millrace_cache_size_bytes{millrace_cache_tier="1"}': 4096,
      'millrace_cache_entries{millrace_cache_tier="1"}': 3,
      'millrace_cache_evictions_total{millrace_cache_tier="1"}': 2,
      'millrace_cache_expirations_total{millrace_cache_tier="1"}': 1,
      'millrace_model_selections_total{gen_ai_request_model="small",millrace_routing_strategy="cheapest"}': 1,
      'millrace_routing_decision_duration_seconds_sum{millrace_routing_strategy="cheapest"}': 0.001,
      'millrace_model_fallbacks_total{millrace_fallback_from="large",millrace_fallback_to="small"}': 1,
      'millrace_failovers_total{millrace_failover_from="eu",millrace_failover_to="us"}': 1,
      'millrace_batch_size_sum{gen_ai_provider_name="openai"}': 20,
      'millrace_batch_savings_percent_sum{gen_ai_provider_name="openai"}': 50,
      'millrace_errors_total{error_type="timeout",millrace_component="router",millrace_error_severity="warning"}': 1,
      'millrace_policy_evaluations_total{millrace_policy_name="pii",millrace_policy_result="allow"}': 1,
      'millrace_policy_evaluations_total{millrace_policy_name="pii",millrace_policy_result="deny"}': 1,
      'millrace_policy_violations_total{millrace_policy_name="pii",millrace_policy_severity="high"}': 1,
      'millrace_retries_total{error_type="timeout",gen_ai_provider_name="openai",millrace_model_name="large"}': 1,
    });
    expect(recorder.summary()).toMatchObject({
      counts: { 'routing decisions': 1, fallbacks: 1, batches: 1, 'policy violations': 1, retries: 1 },
      errors: { timeout: 1 },
    });
  });

  it('can fill every metric of the list, each with its own labels', async () => {
    const recorder = await recorderWith();
    for (const { name, instrument, labels, producers } of metricDefinitions) {
      if (!producers.includes('sdk')) continue;
      const values = Object.fromEntries(labels.map((label) => [label, 'x']));
      if (instrument === 'counter') recorder.counter(name).add(1, values);
      else if (instrument === 'up_down_counter') recorder.upDownCounter(name).add(1, values);
      else if (instrument === 'gauge') recorder.gauge(name).set(1, values);
      else recorder.histogram(name).record(1, values);
    }
    const filled = new Set([...recorder.metricsText().matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
    expect(filled.size).toBe(metricDefinitions.filter(({ producers }) => producers.includes('sdk')).length);
  });

  it('names the nearest metric when there is none', async () => {
    const recorder = await recorderWith();
    expect(() => recorder.counter('millrace.request')).toThrow('there is no metric "millrace.request"; did you mean "millrace.requests"?');
    expect(() => recorder.counter('zzzzzzzzzz')).toThrow(/there is no metric "zzzzzzzzzz"$/);
    expect(() => recorder.gauge('millrace.requests')).toThrow('metric "millrace.requests" is a counter, not a gauge');
  });
});

describe('The gauges of a rolling window', () => {
  it('forget what is older than it, by the time of the events', async () => {
    let now = nowMs + 80_000;
    const recorder = await recorderWith({ rollingMs: 60_000, now: () => now });
    const rate = (): number | undefined => samples(recorder)['millrace_cache_hit_rate_ratio{millrace_cache_tier="1"}'];
    recorder.recordCacheEvent({ tier: 1, hit: false, unixMs: nowMs });
    recorder.recordCacheEvent({ tier: 1, hit: true, unixMs: nowMs + 30_000 });
    expect(rate()).toBe(0.5);
    recorder.recordCacheEvent({ tier: 1, hit: true, unixMs: nowMs + 80_000 });
    expect(rate()).toBe(1);
    recorder.recordCacheEvent({ tier: 1, hit: false, unixMs: nowMs });
    expect(rate()).toBe(1);
    now += 70_000;
    expect(rate()).toBeUndefined();
  });

  it('are not stopped by a time that is ahead of the clock', async () => {
    const recorder = await recorderWith({ rollingMs: 60_000 });
    recorder.recordCacheEvent({ tier: 1, hit: false, unixMs: nowMs * 1000 });
    recorder.recordCacheEvent({ tier: 1, hit: true, unixMs: nowMs });
    expect(samples(recorder)['millrace_cache_hit_rate_ratio{millrace_cache_tier="1"}']).toBe(0.5);
  });

  it('are bounded', async () => {
    const recorder = await recorderWith({ limit: 3 });
    for (let tier = 0; tier < 10; tier++) recorder.recordCacheEvent({ tier, hit: true });
    expect(Object.keys(samples(recorder)).filter((name) => name.startsWith('millrace_cache_hit_rate')).length).toBeLessThanOrEqual(3);
  });
});

describe('detail: off', () => {
  it('leaves counters, and no summary', async () => {
    const recorder = await recorderWith({ detail: 'off' });
    recorder.recordInference({ ...call, user: 'ada' });
    recorder.recordCacheEvent({ tier: 1, hit: true, sizeBytes: 1 });
    recorder.recordError({ type: 'timeout', component: 'router' });
    recorder.recordRouting({ strategy: 's', model: 'm' });
    recorder.recordQuality('large', 1);
    const types = new Set([...recorder.metricsText().matchAll(/^# TYPE \S+ (\S+)/gm)].map(([, type]) => type));
    expect([...types]).toEqual(['counter']);
    expect(samples(recorder)['millrace_cache_hits_total{millrace_cache_tier="1"}']).toBe(1);
    expect(recorder.summary()).toMatchObject({ totals: { requests: 0 }, cache: [], errors: {}, counts: {}, by: { user: [] } });
  });
});
