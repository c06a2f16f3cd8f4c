import { durationMs } from '@millrace/config';

/** The checked `retry_on_failure` (configretry.BackOffConfig). Durations are Go duration strings. */
export interface RetryConfig {
  readonly enabled: boolean;
  readonly initial_interval: string;
  readonly randomization_factor: number;
  readonly multiplier: number;
  readonly max_interval: string;
  readonly max_elapsed_time: string;
}

/** The checked `sending_queue` (queuebatch.Config). */
export interface QueueConfig {
  readonly enabled: boolean;
  readonly num_consumers: number;
  readonly queue_size: number;
  readonly sizer: 'requests' | 'items' | 'bytes';
  readonly block_on_overflow: boolean;
}

/** The settings of an exporter that `createExporter` reads; each absent one turns its part off. */
export interface ExporterSettings {
  /** Go duration string; `0s` for no limit. */
  readonly timeout?: string | undefined;
  readonly retry_on_failure?: RetryConfig | undefined;
  readonly sending_queue?: QueueConfig | undefined;
}

/** JSON Schema of `timeout`: give it the default of the exporter by spreading. */
export const timeoutSchema = {
  type: 'string',
  format: 'duration',
  default: '5s',
  description: 'How long one attempt to send may take; `0s` for no limit.',
} as const;

/** JSON Schema of `retry_on_failure`. */
export const retrySchema = {
  type: 'object',
  additionalProperties: false,
  default: {},
  description: 'Sends again, after growing pauses, what a destination did not take.',
  properties: {
    enabled: { type: 'boolean', default: true, description: 'Whether to send again at all.' },
    initial_interval: { type: 'string', format: 'duration', default: '5s', description: 'The pause after the first failure.' },
    randomization_factor: {
      type: 'number',
      default: 0.5,
      description: 'How far a pause may differ from its nominal length, as a fraction from 0 to 1.',
    },
    multiplier: { type: 'number', default: 1.5, description: 'How much longer each pause is than the one before, as a factor.' },
    max_interval: { type: 'string', format: 'duration', default: '30s', description: 'The longest pause, before randomization.' },
    max_elapsed_time: {
      type: 'string',
      format: 'duration',
      default: '5m',
      description: 'After this time since the first attempt the data is dropped; `0s` to try forever.',
    },
  },
} as const;

/** JSON Schema of `sending_queue`. */
export const queueSchema = {
  type: 'object',
  additionalProperties: false,
  default: {},
  description: 'Holds batches in memory, so that a slow destination does not hold up the pipeline.',
  properties: {
    enabled: { type: 'boolean', default: true, description: 'Whether to queue; without a queue the sender waits for the destination.' },
    num_consumers: { type: 'integer', default: 10, description: 'The number of batches that are being sent at a time.' },
    queue_size: {
      type: 'integer',
      default: 1000,
      description:
        'The most that is held, batches being sent included, in units of `sizer`. The byte budget of the process is a second limit.',
    },
    sizer: {
      enum: ['requests', 'items', 'bytes'],
      default: 'requests',
      description: 'What `queue_size` counts: batches, items (spans, data points or log records) or bytes.',
    },
    block_on_overflow: {
      type: 'boolean',
      default: false,
      description: 'When the queue is full, let the sender wait for room instead of refusing.',
    },
    wait_for_result: {
      type: 'boolean',
      default: false,
      description: 'Let the sender wait until its batch is delivered.',
      'x-unsupported': 'not available yet; `enabled: false` makes the sender wait for the destination',
    },
    storage: {
      type: 'string',
      description: 'The id of a storage extension that keeps the queue across restarts.',
      'x-unsupported': 'persistent queues are not available yet; the queue is kept in memory and drained at shutdown',
    },
    batch: {
      type: 'object',
      description: 'Merges and splits batches in the queue.',
      'x-unsupported': 'not available yet; put the `batch` processor at the end of the pipeline',
    },
  },
} as const;

/** The rules across settings, in the Collector's words, for the `validateConfig` of an exporter. */
export function validateSettings(settings: ExporterSettings): string[] {
  const problems: string[] = [];
  if (durationMs(settings.timeout ?? '0s') < 0) problems.push(`'timeout' must be non-negative`);
  const queue = settings.sending_queue;
  if (queue?.enabled === true) {
    if (queue.num_consumers <= 0) problems.push('sending_queue: `num_consumers` must be positive');
    if (queue.queue_size <= 0) problems.push('sending_queue: `queue_size` must be positive');
  }
  if (settings.retry_on_failure?.enabled === true) {
    for (const problem of retryProblems(settings.retry_on_failure)) problems.push(`retry_on_failure: ${problem}`);
  }
  return problems;
}

function retryProblems(retry: RetryConfig): string[] {
  const initialMs = durationMs(retry.initial_interval);
  const maxMs = durationMs(retry.max_interval);
  const elapsedMs = durationMs(retry.max_elapsed_time);
  const problems: string[] = [];
  if (initialMs < 0) problems.push(`'initial_interval' must be non-negative`);
  if (retry.randomization_factor < 0 || retry.randomization_factor > 1) problems.push(`'randomization_factor' must be within [0, 1]`);
  if (retry.multiplier < 0) problems.push(`'multiplier' must be non-negative`);
  if (maxMs < 0) problems.push(`'max_interval' must be non-negative`);
  if (elapsedMs < 0) problems.push(`'max_elapsed_time' must be non-negative`);
  if (elapsedMs > 0 && elapsedMs < initialMs) problems.push(`'max_elapsed_time' must not be less than 'initial_interval'`);
  if (elapsedMs > 0 && elapsedMs < maxMs) problems.push(`'max_elapsed_time' must not be less than 'max_interval'`);
  return problems;
}
