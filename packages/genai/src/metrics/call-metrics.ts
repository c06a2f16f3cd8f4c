import {
  costBounds,
  driftBounds,
  durationBounds,
  quickBounds,
  scoreBounds,
  sizeBounds,
  speedBounds,
  tokenBounds,
  percentBounds,
} from './boundaries.ts';
import { rowsOf } from './metric-definition.ts';
import type { MetricDefinition } from './metric-definition.ts';

const model = ['gen_ai.provider.name', 'millrace.model.name'];
const call = ['gen_ai.operation.name', ...model];
const money = [...model, 'millrace.task_type', 'millrace.cache.tier', 'millrace.service_tier', 'millrace.cost.currency'];
const budgetLabels = ['millrace.budget.name', 'millrace.cost.currency'];
const tier = ['millrace.cache.tier'];

const both = ['genaimetrics', 'sdk'] as const;
const requests = rowsOf({ producers: both, requirements: ['PXY-1', 'PXY-2', 'PXY-3', 'SHM-1', 'ASA-2', 'IMS-2', 'PXY-20'] });
const tokens = rowsOf({ producers: both, requirements: ['SHM-1', 'ASA-2', 'IMS-2', 'PXY-20'] });
const cost = rowsOf({ producers: both, requirements: ['IMS-2b', 'ASA-2', 'SHM-1', 'PXY-20'] });
const budget = rowsOf({ producers: ['budget'], requirements: ['IMS-2b', 'ASA-4', 'PXY-20'] });
const cache = rowsOf({ producers: both, requirements: ['PXY-12', 'ASA-2', 'SHM-1', 'IMS-2', 'PXY-20'] });
const store = rowsOf({ producers: ['sdk'], requirements: ['PXY-12', 'SHM-1', 'IMS-2', 'PXY-20'] });
const quality = rowsOf({ producers: both, requirements: ['ASA-2', 'PXY-20'] });
const errors = rowsOf({ producers: both, requirements: ['ASA-2', 'IMS-2', 'PXY-2', 'PXY-20'] });
const routing = rowsOf({ producers: both, requirements: ['IMS-2b', 'PXY-13', 'ASA-1', 'PXY-20'] });
const attempts = rowsOf({ producers: both, requirements: ['PXY-14', 'PXY-20'] });
const policy = rowsOf({ producers: both, requirements: ['IMS-2b', 'PXY-20'] });
const active = rowsOf({ producers: ['sdk'], requirements: ['SHM-1', 'PXY-20'] });

/** What calls of models, and what surrounds them, are counted by. */
export const callMetrics: readonly MetricDefinition[] = [
  requests.counter(
    'millrace.requests',
    '{request}',
    'Calls of models that ended, failed ones included',
    [...call, 'millrace.task_type', 'millrace.cache.tier', 'server.address', 'error.type'],
    [
      'asahi_requests_total',
      'ims_requests_total',
      'PXY FR-001',
      'PXY FR-002',
      'PXY FR-011',
      'LAO LLM provider: requests',
      'SHM Request: count',
      'SHM Business: model popularity',
    ],
  ),
  active.upDown('millrace.request.active', '{request}', 'Calls of models that are under way', model, ['LAO demo: active requests']),
  requests.histogram(
    'millrace.request.duration',
    's',
    'Duration of a call of a model',
    [...call, 'millrace.cache.tier', 'error.type'],
    durationBounds,
    [
      'asahi_latency_ms',
      'ims_request_duration_seconds',
      'PXY FR-003',
      'LAO demo: request duration',
      'SHM Request: latency',
      'SHM Request: model performance',
    ],
  ),
  requests.gauge('millrace.request.success_rate', '1', 'Share of calls that went well over the rolling window', model, [
    'ims_model_success_rate',
    'PXY FR-002',
  ]),
  requests.histogram(
    'millrace.request.time_to_first_token',
    's',
    'Time from the call to the first chunk of a streamed answer',
    call,
    durationBounds,
  ),
  tokens.histogram(
    'millrace.request.token_rate',
    '{token}/s',
    'Output tokens of a call by the seconds that it took, after the first chunk where that is known',
    model,
    speedBounds,
  ),
  tokens.histogram(
    'millrace.request.tokens',
    '{token}',
    'Tokens of a call by direction',
    [...model, 'millrace.token.direction'],
    tokenBounds,
    ['asahi_token_count'],
  ),
  tokens.counter(
    'millrace.tokens',
    '{token}',
    'Tokens used, by direction and kind, each token in one kind',
    [...call, 'millrace.token.direction', 'millrace.token.kind'],
    ['LAO LLM provider: tokens', 'asahi_token_count'],
  ),
  tokens.counter('millrace.usage.missing', '{request}', 'Calls that went well and said nothing of their usage', model),
  tokens.counter('millrace.usage.estimated', '{request}', 'Calls whose usage is an estimate', model),
  tokens.counter(
    'millrace.usage.agent',
    '{operation}',
    'Runs of agents and workflows that said their usage, by what became of it: counted, repeated (their calls said it), overflow, late',
    ['millrace.usage.outcome'],
  ),

  cost.counter('millrace.cost.amount', '{currency}', 'What calls cost: the actual cost where it is known, else the estimated one', money, [
    'asahi_cost_dollars_total',
    'LAO LLM provider: cost',
    'LAO demo: cost',
    'SHM Business: cost per request',
  ]),
  cost.counter('millrace.cost.actual', '{currency}', 'What calls cost as the provider or the caller said', money, ['ims_cost_actual_usd']),
  cost.counter('millrace.cost.estimated', '{currency}', 'What calls cost by the price list', money, ['ims_cost_estimated_usd']),
  cost.histogram('millrace.cost.drift', '%', 'How far the actual cost of a call is above the estimated one', model, driftBounds, [
    'ims_cost_drift_percentage',
  ]),
  cost.histogram('millrace.request.cost', '{currency}', 'Cost of a call', [...model, 'millrace.cost.currency'], costBounds, [
    'SHM Business: cost per request',
  ]),
  cost.counter('millrace.cost.unpriced', '{request}', 'Calls of models that no price list knows', model),
  cost.counter(
    'millrace.savings',
    '{currency}',
    'What was saved, by source: cache, routing, batch',
    [...model, 'millrace.savings.source', 'millrace.cost.currency'],
    ['asahi_savings_dollars_total'],
  ),
  cost.counter(
    'millrace.extra_cost',
    '{currency}',
    'What was paid on top where a choice did not save but cost more, by source as in millrace.savings',
    [...model, 'millrace.savings.source', 'millrace.cost.currency'],
  ),
  budget.counter('millrace.budget.thresholds_crossed', '{threshold}', 'Thresholds of budgets that were reached', [
    'millrace.budget.name',
    'millrace.budget.threshold',
    'millrace.cost.currency',
  ]),
  budget.gauge('millrace.budget.spent', '{currency}', 'What was spent of a budget in its present window', budgetLabels),
  budget.gauge('millrace.budget.limit', '{currency}', 'What may be spent of a budget in a window', budgetLabels),
  budget.gauge('millrace.budget.used_ratio', '1', 'Share of a budget that was spent in its present window', budgetLabels),

  cache.counter('millrace.cache.hits', '{hit}', "Answers that the application's cache had", tier, [
    'asahi_cache_hits_total',
    'ims_cache_hits_total',
    'PXY FR-012',
    'LAO Cache: operations',
    'SHM Request: cache hit/miss',
  ]),
  cache.counter('millrace.cache.misses', '{miss}', "Answers that the application's cache did not have", tier, [
    'asahi_cache_misses_total',
    'ims_cache_misses_total',
    'PXY FR-012',
    'LAO Cache: operations',
    'SHM Request: cache hit/miss',
  ]),
  cache.gauge('millrace.cache.hit_rate', '1', 'Share of hits over the rolling window', tier, [
    'asahi_cache_hit_rate',
    'PXY FR-012',
    'LAO Cache: hit rate',
  ]),
  cache.histogram(
    'millrace.cache.operation.duration',
    's',
    'Duration of an operation of the cache',
    [...tier, 'millrace.cache.operation', 'millrace.cache.result'],
    quickBounds,
    ['LAO Cache: latency'],
  ),
  store.counter(
    'millrace.cache.operations',
    '{operation}',
    'Operations of the cache',
    [...tier, 'millrace.cache.operation'],
    ['LAO Cache: operations', 'LAO demo: cache operations'],
  ),
  cache.counter('millrace.cache.evictions', '{entry}', 'Entries that the cache gave up for want of room', tier, ['LAO Cache: evictions']),
  cache.counter('millrace.cache.expirations', '{entry}', 'Entries that the cache gave up for their age', tier, ['LAO Cache: expirations']),
  store.gauge('millrace.cache.size', 'By', 'Bytes in the cache', tier, ['ims_cache_size_bytes', 'LAO Cache: size']),
  store.gauge('millrace.cache.entries', '{entry}', 'Entries in the cache', tier, ['LAO Cache: size']),

  quality.gauge(
    'millrace.quality.score',
    '1',
    'Average score of evaluations over the rolling window',
    [...model, 'gen_ai.evaluation.name'],
    ['asahi_quality_score'],
  ),
  quality.histogram('millrace.evaluation.score', '1', 'Score of an evaluation', [...model, 'gen_ai.evaluation.name'], scoreBounds, [
    'asahi_quality_score',
  ]),

  errors.counter(
    'millrace.errors',
    '{error}',
    'Errors, by type and by the component where they arose',
    ['error.type', 'millrace.component', 'millrace.error.severity'],
    ['asahi_errors_total', 'ims_errors_total', 'LAO demo: errors by severity', 'SHM Request: error rates', 'SHM System: errors by type'],
  ),
  errors.counter(
    'millrace.api.errors',
    '{error}',
    'Calls that a vendor failed',
    ['gen_ai.provider.name', 'error.type'],
    ['ims_api_errors_total'],
  ),
  errors.counter('millrace.rate_limit.hits', '{request}', 'Calls that a vendor refused because of a rate limit', model, [
    'IMS alert: FrequentRateLimiting',
  ]),

  cost.histogram('millrace.batch.size', '{request}', 'Requests in a batch', ['gen_ai.provider.name'], sizeBounds, ['asahi_batch_size']),
  cost.histogram('millrace.batch.savings', '%', 'What a batch saves of the price', ['gen_ai.provider.name'], percentBounds, [
    'ASA record_batch_event: savings',
  ]),

  routing.counter(
    'millrace.model.selections',
    '{selection}',
    'Choices of a model',
    ['millrace.routing.strategy', 'gen_ai.provider.name', 'gen_ai.request.model'],
    ['ims_model_selections_total', 'ASA record_routing_decision'],
  ),
  routing.counter(
    'millrace.model.fallbacks',
    '{fallback}',
    'Calls that another model than the one asked for answered',
    ['millrace.fallback.from', 'millrace.fallback.to'],
    ['ims_model_fallbacks_total'],
  ),
  routing.histogram(
    'millrace.routing.decision.duration',
    's',
    'Duration of the choice of a model',
    ['millrace.routing.strategy'],
    quickBounds,
    ['ASA record_routing_decision'],
  ),
  attempts.counter('millrace.retries', '{retry}', 'Calls that were tried again', [...model, 'error.type'], ['PXY FR-014']),
  attempts.counter(
    'millrace.failovers',
    '{failover}',
    'Calls that moved to another endpoint',
    ['millrace.failover.from', 'millrace.failover.to'],
    ['PXY FR-014'],
  ),
  routing.counter(
    'millrace.rotation.requests',
    '{request}',
    'Calls by the strategy that chose the endpoint',
    ['millrace.rotation.strategy', 'server.address', 'error.type'],
    ['PXY FR-013', 'PXY FR-001'],
  ),
  routing.histogram(
    'millrace.rotation.request.duration',
    's',
    'Duration of a call by the strategy that chose the endpoint',
    ['millrace.rotation.strategy'],
    durationBounds,
    ['PXY FR-013'],
  ),

  policy.counter(
    'millrace.policy.evaluations',
    '{evaluation}',
    'Evaluations of a policy',
    ['millrace.policy.name', 'millrace.policy.result'],
    ['ims_policy_evaluations_total'],
  ),
  policy.counter(
    'millrace.policy.violations',
    '{violation}',
    'Violations of a policy',
    ['millrace.policy.name', 'millrace.policy.severity'],
    ['ims_policy_violations_total'],
  ),
];
