import { describe, expect, it } from '@jest/globals';
import { metricDefinition, metricDefinitions } from '@millrace/genai';

/** What the specifications name or ask for, place by place. */
const asked: Readonly<Record<string, readonly string[]>> = {
  'ASA-2: table 2.4': [
    'asahi_requests_total',
    'asahi_cost_dollars_total',
    'asahi_savings_dollars_total',
    'asahi_latency_ms',
    'asahi_cache_hits_total',
    'asahi_cache_misses_total',
    'asahi_cache_hit_rate',
    'asahi_token_count',
    'asahi_quality_score',
    'asahi_errors_total',
    'asahi_batch_size',
  ],
  'ASA-1: the recording API': ['ASA record_routing_decision', 'ASA record_batch_event: savings'],
  'IMS-2 and IMS-2b': [
    'ims_requests_total',
    'ims_request_duration_seconds',
    'ims_model_selections_total',
    'ims_model_fallbacks_total',
    'ims_model_success_rate',
    'ims_cost_actual_usd',
    'ims_cost_estimated_usd',
    'ims_cost_drift_percentage',
    'ims_errors_total',
    'ims_api_errors_total',
    'ims_policy_evaluations_total',
    'ims_policy_violations_total',
    'ims_cache_hits_total',
    'ims_cache_misses_total',
    'ims_cache_size_bytes',
    'ims_queue_depth',
    'ims_queue_processing_seconds',
    'ims_health_status',
    'IMS alert: FrequentRateLimiting',
  ],
  'PXY-1, 2, 3, 4, 12, 13, 14': [
    'PXY FR-001',
    'PXY FR-002',
    'PXY FR-003',
    'PXY FR-004',
    'PXY FR-011',
    'PXY FR-012',
    'PXY FR-013',
    'PXY FR-014',
  ],
  'SHM-1': [
    'SHM Request: count',
    'SHM Request: latency',
    'SHM Request: error rates',
    'SHM Request: model performance',
    'SHM Request: queue depth',
    'SHM Request: processing times',
    'SHM Request: cache hit/miss',
    'SHM Resource: CPU',
    'SHM Resource: memory',
    'SHM Resource: disk',
    'SHM Resource: network',
    'SHM Resource: GPU',
    'SHM Resource: model loading',
    'SHM Resource: model memory',
    'SHM Resource: connection pool',
    'SHM Business: model popularity',
    'SHM Business: cost per request',
    'SHM Business: user behavior',
    'SHM Business: capacity utilization',
    'SHM System: errors by type',
    'SHM System: resource exhaustion',
    'SHM System: recommendations',
  ],
  'LAO: the metrics reference': [
    'LAO System: CPU',
    'LAO System: memory',
    'LAO System: threads',
    'LAO System: disk I/O',
    'LAO HTTP: requests',
    'LAO HTTP: latency',
    'LAO HTTP: connections',
    'LAO Stream: events',
    'LAO Stream: latency',
    'LAO Stream: backpressure',
    'LAO Stream: operator queues',
    'LAO Stream: errors',
    'LAO Stream: pipeline lag',
    'LAO Stream: windows',
    'LAO Stream: watermarks',
    'LAO Stream: late events',
    'LAO State: operations',
    'LAO State: latency',
    'LAO State: size',
    'LAO State: entries',
    'LAO State: checkpoints',
    'LAO State: connection pool',
    'LAO Cache: operations',
    'LAO Cache: size',
    'LAO Cache: latency',
    'LAO Cache: hit rate',
    'LAO Cache: evictions',
    'LAO Cache: expirations',
    'LAO Kafka: producer',
    'LAO Kafka: consumer',
    'LAO Kafka: lag',
    'LAO LLM provider: requests',
    'LAO LLM provider: tokens',
    'LAO LLM provider: cost',
    'LAO Optimization: A/B testing',
    'LAO Optimization: bandits',
    'LAO Optimization: parameters',
  ],
  'LAO-demo': [
    'LAO demo: request counters',
    'LAO demo: request duration',
    'LAO demo: active requests',
    'LAO demo: user registrations',
    'LAO demo: cost',
    'LAO demo: errors by severity',
    'LAO demo: optimization score',
    'LAO demo: cache operations',
  ],
  'LAO: what its alerts stand on': [
    'LAO alert: KafkaConsumerLag',
    'LAO alert: HighWatermarkLag',
    'LAO alert: ManyLateEvents',
    'LAO alert: SlowDatabaseQueries',
    'LAO alert: ExperimentConverged',
    'LAO alert: DiskSpaceWarning',
  ],
};

describe('The list of metrics', () => {
  it.each(Object.entries(asked))('has a row for everything that is asked for in %s', (_, names) => {
    const answered = new Set(metricDefinitions.flatMap(({ seeds }) => seeds));
    expect(names.filter((name) => !answered.has(name))).toEqual([]);
  });

  it('answers nothing that nobody asked for', () => {
    const known = new Set(Object.values(asked).flat());
    expect(metricDefinitions.flatMap(({ seeds }) => seeds).filter((seed) => !known.has(seed))).toEqual([]);
  });

  it('has more than fifty metrics of its own, each name once (SHM-1, IMS-2)', () => {
    const names = metricDefinitions.map(({ name }) => name);
    expect(names.filter((name) => name.startsWith('millrace.')).length).toBeGreaterThan(50);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  it.each(metricDefinitions.map((definition) => [definition.name, definition] as const))(
    '%s says what it is, in what unit, and which requirement it answers (PXY-20)',
    (name, { unit, description, labels, requirements, producers, instrument, boundaries }) => {
      expect(name).toMatch(/^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$/);
      expect(unit).not.toBe('');
      expect(description).toMatch(/^[A-Z].*[^.]$/);
      expect(new Set(labels).size).toBe(labels.length);
      expect(requirements).toContain('PXY-20');
      expect(producers).not.toEqual([]);
      expect(boundaries === undefined).toBe(instrument !== 'histogram');
      expect(boundaries ?? []).toEqual([...(boundaries ?? [])].sort((a, b) => a - b));
    },
  );

  it('has names that no other name continues, and labels that are written alike', () => {
    const names = metricDefinitions.map(({ name }) => name).filter((name) => name.startsWith('millrace.'));
    const continued = names.filter((name) => names.some((other) => other.startsWith(`${name}.`)));
    expect(continued).toEqual([]);
    for (const { labels } of metricDefinitions) for (const label of labels) expect(label).toMatch(/^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$/);
  });

  it('has the buckets of the conventions', () => {
    expect(metricDefinition('gen_ai.client.operation.duration').boundaries).toEqual([
      0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
    ]);
    expect(metricDefinition('gen_ai.client.token.usage').boundaries).toEqual([
      1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864,
    ]);
    expect(metricDefinition('gen_ai.invoke_agent.duration').boundaries).toEqual([
      0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 102.4, 204.8, 409.6,
    ]);
    expect(metricDefinition('gen_ai.server.time_to_first_token').boundaries).toEqual([
      0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
    ]);
    expect(metricDefinition('gen_ai.server.time_per_output_token').boundaries).toEqual([
      0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5,
    ]);
    expect(metricDefinition('mcp.server.operation.duration').boundaries).toEqual([
      0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300,
    ]);
  });

  it('refuses a name that is not in it', () => {
    expect(() => metricDefinition('millrace.requets')).toThrow('there is no metric millrace.requets');
  });
});
