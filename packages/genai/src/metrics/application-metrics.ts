import { httpBounds, longBounds, quickBounds, scoreBounds } from './boundaries.ts';
import { rowsOf } from './metric-definition.ts';
import type { MetricDefinition } from './metric-definition.ts';

const sdk = ['sdk'] as const;
const pipeline = ['millrace.pipeline.name'];
const backend = ['millrace.state.backend'];
const pool = ['millrace.pool.name'];
const queue = ['millrace.queue.name'];
const parameter = ['millrace.optimization.parameter'];
const experiment = ['millrace.experiment.name'];
const destination = ['messaging.destination.name'];
const requirementsOf = (...more: readonly string[]) => rowsOf({ producers: sdk, requirements: ['SHM-1', ...more, 'PXY-20'] });

const queues = requirementsOf('IMS-2');
const pools = requirementsOf('PXY-4');
const models = requirementsOf();
const health = requirementsOf('IMS-2');
const demo = requirementsOf('LAO-demo');
const tuning = requirementsOf('LAO-demo', 'SHM-7');

/** What an application records of itself around its calls of models. */
export const applicationMetrics: readonly MetricDefinition[] = [
  queues.gauge('millrace.queue.depth', '{item}', 'Items that wait in a queue', queue, ['ims_queue_depth', 'SHM Request: queue depth']),
  queues.histogram('millrace.queue.processing.duration', 's', 'Duration of the work on an item of a queue', queue, httpBounds, [
    'ims_queue_processing_seconds',
    'SHM Request: processing times',
  ]),

  pools.gauge('millrace.pool.health', '1', 'Share of the members of a pool that are healthy', pool, ['PXY FR-004']),
  pools.gauge('millrace.pool.members', '{member}', 'Members of a pool by state', [...pool, 'millrace.pool.state'], ['PXY FR-004']),
  pools.gauge(
    'millrace.connection_pool.connections',
    '{connection}',
    'Connections of a pool by state: used, idle',
    [...pool, 'millrace.pool.state'],
    ['SHM Resource: connection pool', 'LAO State: connection pool'],
  ),
  pools.gauge('millrace.connection_pool.limit', '{connection}', 'Connections that a pool may have', pool, ['LAO State: connection pool']),
  pools.gauge('millrace.connection_pool.utilization', '1', 'Share of the connections of a pool that are used', pool, [
    'SHM Resource: connection pool',
    'LAO State: connection pool',
    'SHM Business: capacity utilization',
  ]),
  pools.histogram('millrace.connection_pool.wait.duration', 's', 'Time that a request waited for a connection', pool, quickBounds, [
    'SHM Resource: connection pool',
  ]),
  pools.counter('millrace.connection_pool.timeouts', '{timeout}', 'Requests that got no connection in time', pool, [
    'SHM Resource: connection pool',
  ]),

  models.gauge('millrace.rate_limit.limit', '{unit}', 'What a vendor admits in its period', [
    'gen_ai.provider.name',
    'millrace.rate_limit.kind',
  ]),
  models.gauge('millrace.rate_limit.remaining', '{unit}', 'What a vendor still admits in its period', [
    'gen_ai.provider.name',
    'millrace.rate_limit.kind',
  ]),
  models.histogram('millrace.model.load.duration', 's', 'Duration of loading a model', ['millrace.model.name'], longBounds, [
    'SHM Resource: model loading',
  ]),
  models.gauge('millrace.model.memory', 'By', 'Memory that a loaded model takes', ['millrace.model.name'], ['SHM Resource: model memory']),
  models.gauge('millrace.model.loaded', '{model}', 'Models that are loaded', []),

  health.gauge('millrace.health.status', '1', 'Whether a component is healthy: 1 or 0', ['millrace.component'], ['ims_health_status']),
  health.counter(
    'millrace.resource.warnings',
    '{warning}',
    'Warnings that a resource runs out',
    ['millrace.resource.name'],
    ['SHM System: resource exhaustion'],
  ),
  health.gauge(
    'millrace.capacity.utilization',
    '1',
    'Share of a capacity that is used',
    ['millrace.resource.name'],
    ['SHM Business: capacity utilization'],
  ),

  demo.counter(
    'millrace.http.requests',
    '{request}',
    'HTTP requests that were answered',
    ['http.request.method', 'http.route', 'http.response.status_code'],
    ['LAO HTTP: requests', 'LAO demo: request counters'],
  ),
  demo.histogram(
    'http.server.request.duration',
    's',
    'Duration of an HTTP request',
    ['http.request.method', 'http.route', 'http.response.status_code', 'error.type'],
    httpBounds,
    ['LAO HTTP: latency', 'LAO demo: request duration'],
  ),
  demo.upDown(
    'http.server.active_requests',
    '{request}',
    'HTTP requests that are under way',
    ['http.request.method', 'http.route'],
    ['LAO demo: active requests'],
  ),
  demo.upDown('millrace.http.connections', '{connection}', 'Connections of the HTTP server', [], ['LAO HTTP: connections']),
  demo.counter(
    'millrace.user.registrations',
    '{registration}',
    'Users that registered',
    ['millrace.registration.source'],
    ['LAO demo: user registrations'],
  ),
  demo.gauge('millrace.user.active', '{user}', 'Users that were active over the rolling window', [], ['SHM Business: user behavior']),

  tuning.histogram('millrace.optimization.score', '1', 'Score of an optimisation', ['millrace.optimization.strategy'], scoreBounds, [
    'LAO demo: optimization score',
  ]),
  tuning.gauge('millrace.optimization.parameter.value', '1', 'Value of a parameter that is tuned', parameter, [
    'LAO Optimization: parameters',
  ]),
  tuning.counter('millrace.optimization.parameter.changes', '{change}', 'Changes of a parameter that is tuned', parameter, [
    'LAO Optimization: parameters',
  ]),
  tuning.counter(
    'millrace.optimization.recommendations',
    '{recommendation}',
    'Recommendations that were made',
    ['millrace.recommendation.category'],
    ['SHM System: recommendations'],
  ),
  tuning.upDown('millrace.experiment.active', '{experiment}', 'Experiments that run', [], ['LAO Optimization: A/B testing']),
  tuning.counter(
    'millrace.experiment.assignments',
    '{assignment}',
    'Assignments to a variant',
    [...experiment, 'millrace.experiment.variant'],
    ['LAO Optimization: A/B testing'],
  ),
  tuning.counter(
    'millrace.experiment.successes',
    '{success}',
    'Assignments that had the wanted effect',
    [...experiment, 'millrace.experiment.variant'],
    ['LAO Optimization: A/B testing'],
  ),
  tuning.gauge('millrace.experiment.confidence', '1', 'Confidence that one variant is the better one', experiment, [
    'LAO Optimization: A/B testing',
    'LAO alert: ExperimentConverged',
  ]),
  tuning.counter(
    'millrace.bandit.selections',
    '{selection}',
    'Choices of an arm',
    ['millrace.bandit.name', 'millrace.bandit.arm'],
    ['LAO Optimization: bandits'],
  ),
  tuning.histogram('millrace.bandit.reward', '1', 'Reward of a choice', ['millrace.bandit.name', 'millrace.bandit.arm'], scoreBounds, [
    'LAO Optimization: bandits',
  ]),

  demo.counter(
    'millrace.stream.events.received',
    '{event}',
    'Events that came in',
    [...pipeline, 'millrace.event.type'],
    ['LAO Stream: events'],
  ),
  demo.counter(
    'millrace.stream.events.processed',
    '{event}',
    'Events that were processed',
    [...pipeline, 'millrace.event.type'],
    ['LAO Stream: events'],
  ),
  demo.counter('millrace.stream.events.late', '{event}', 'Events that came behind the watermark', pipeline, [
    'LAO Stream: late events',
    'LAO alert: ManyLateEvents',
  ]),
  demo.counter(
    'millrace.stream.errors',
    '{error}',
    'Events that could not be processed',
    [...pipeline, 'error.type'],
    ['LAO Stream: errors'],
  ),
  demo.histogram('millrace.stream.processing.duration', 's', 'Duration of the work on an event', pipeline, quickBounds, [
    'LAO Stream: latency',
  ]),
  demo.gauge('millrace.stream.backpressure', '{event}', 'Events that wait for a pipeline', pipeline, ['LAO Stream: backpressure']),
  demo.gauge(
    'millrace.stream.operator.queue.size',
    '{event}',
    'Events that wait for an operator',
    [...pipeline, 'millrace.operator.name'],
    ['LAO Stream: operator queues'],
  ),
  demo.gauge('millrace.stream.lag', 's', 'How far a pipeline is behind what was sent', pipeline, ['LAO Stream: pipeline lag']),
  demo.gauge('millrace.stream.windows.active', '{window}', 'Windows that are open', pipeline, ['LAO Stream: windows']),
  demo.counter('millrace.stream.windows.closed', '{window}', 'Windows that were closed', pipeline, ['LAO Stream: windows']),
  demo.gauge('millrace.stream.watermark.lag', 's', 'How far the watermark is behind the clock', pipeline, [
    'LAO Stream: watermarks',
    'LAO alert: HighWatermarkLag',
  ]),

  demo.counter(
    'millrace.state.operations',
    '{operation}',
    'Operations of a state backend: get, put, delete',
    [...backend, 'millrace.state.operation'],
    ['LAO State: operations'],
  ),
  demo.histogram(
    'millrace.state.operation.duration',
    's',
    'Duration of an operation of a state backend',
    [...backend, 'millrace.state.operation'],
    quickBounds,
    ['LAO State: latency', 'LAO alert: SlowDatabaseQueries'],
  ),
  demo.gauge('millrace.state.size', 'By', 'Bytes in a state backend', backend, ['LAO State: size']),
  demo.gauge('millrace.state.entries', '{entry}', 'Entries in a state backend', backend, ['LAO State: entries']),
  demo.counter(
    'millrace.state.checkpoints',
    '{checkpoint}',
    'Checkpoints of a state backend',
    [...backend, 'millrace.checkpoint.outcome'],
    ['LAO State: checkpoints'],
  ),
  demo.histogram('millrace.state.checkpoint.duration', 's', 'Duration of a checkpoint', backend, longBounds, ['LAO State: checkpoints']),

  demo.counter(
    'messaging.client.sent.messages',
    '{message}',
    'Messages that a producer sent',
    [...destination, 'error.type'],
    ['LAO Kafka: producer'],
  ),
  demo.counter(
    'messaging.client.consumed.messages',
    '{message}',
    'Messages that a consumer took',
    [...destination, 'error.type'],
    ['LAO Kafka: consumer'],
  ),
  demo.gauge(
    'millrace.messaging.consumer.lag',
    '{message}',
    'Messages that a consumer has yet to take',
    [...destination, 'messaging.consumer.group.name'],
    ['LAO Kafka: lag', 'LAO alert: KafkaConsumerLag'],
  ),
];
