import type { Scope } from '@millrace/api';
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
  /** Absent: `requests`. */
  readonly sizer?: 'requests' | 'items' | 'bytes' | undefined;
  readonly block_on_overflow: boolean;
  readonly wait_for_result?: boolean | undefined;
  readonly storage?: string | undefined;
  readonly dead_letter?: string | undefined;
  readonly batch?: BatchingConfig | undefined;
}

/** The checked `sending_queue.batch` (queuebatch.BatchConfig). */
export interface BatchingConfig {
  readonly enabled: boolean;
  readonly flush_timeout: string;
  readonly min_size: number;
  readonly max_size: number;
  /** Absent: that of the queue where it is set, otherwise `items`. */
  readonly sizer?: 'requests' | 'items' | 'bytes' | undefined;
  readonly partition: { readonly metadata_keys: readonly string[] };
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
  description: 'Holds batches, so that a slow destination does not hold up the pipeline.',
  properties: {
    enabled: { type: 'boolean', default: true, description: 'Whether to queue; without a queue the sender waits for the destination.' },
    num_consumers: { type: 'integer', default: 10, description: 'The number of batches that are being sent at a time.' },
    queue_size: {
      type: 'integer',
      default: 1000,
      description:
        'The most that is held, batches being sent included, in units of `sizer`. The byte budget of the process is a second limit for what is in memory.',
    },
    sizer: {
      enum: ['requests', 'items', 'bytes'],
      description: 'What `queue_size` counts: batches (`requests`, the default), items (spans, data points or log records) or bytes.',
    },
    block_on_overflow: {
      type: 'boolean',
      default: false,
      description: 'When the queue is full, let the sender wait for room instead of refusing.',
    },
    wait_for_result: {
      type: 'boolean',
      default: false,
      description: 'Let the sender wait until its batch is delivered, and tell it when that failed. Not with `storage`.',
    },
    storage: {
      type: 'string',
      description: 'The id of a storage extension, such as `file_storage`, that keeps the queue across restarts and crashes.',
    },
    dead_letter: {
      type: 'string',
      description:
        'The id of a storage extension that keeps what would be dropped because sending failed for good; `millrace replay` sends it again.',
    },
    batch: {
      type: 'object',
      additionalProperties: false,
      'x-null-enables': true,
      description: 'Merges and splits batches in the queue. Off unless mentioned.',
      properties: {
        enabled: { type: 'boolean', default: true, description: 'Whether to merge and split at all.' },
        flush_timeout: {
          type: 'string',
          format: 'duration',
          default: '200ms',
          description: 'After this time what was collected is sent whatever its size.',
        },
        min_size: { type: 'integer', default: 8192, description: 'The size in units of `sizer` at which a batch is sent.' },
        max_size: {
          type: 'integer',
          default: 0,
          description: 'The largest size of a batch in units of `sizer`: larger ones are split; 0 for no limit.',
        },
        sizer: {
          enum: ['requests', 'items', 'bytes'],
          description: 'What the sizes count: `items` or `bytes`. Default: as the queue where its `sizer` is set, otherwise `items`.',
        },
        partition: {
          type: 'object',
          additionalProperties: false,
          default: {},
          description: 'Which data may be in one batch.',
          properties: {
            metadata_keys: {
              type: 'array',
              items: { type: 'string' },
              default: [],
              description:
                'Names of client metadata (case-insensitive): only data with the same values of them is merged, and keeps them. Default: all is merged.',
            },
          },
        },
      },
    },
  },
} as const;

/** Where an exporter with these settings lives: a queue or dead letters in a storage have one owner in the process. For `scope` of its factory. */
export function exporterScope({ sending_queue: queue }: ExporterSettings): Scope {
  return queue?.enabled === true && (queue.storage !== undefined || queue.dead_letter !== undefined) ? 'process' : 'worker';
}

/** The rules across settings, in the Collector's words, for the `validateConfig` of an exporter. */
export function validateSettings(settings: ExporterSettings): string[] {
  const problems: string[] = [];
  if (durationMs(settings.timeout ?? '0s') < 0) problems.push(`'timeout' must be non-negative`);
  const queue = settings.sending_queue;
  if (queue?.enabled === true) {
    if (queue.num_consumers <= 0) problems.push('sending_queue: `num_consumers` must be positive');
    if (queue.queue_size <= 0) problems.push('sending_queue: `queue_size` must be positive');
    if (queue.storage !== undefined && queue.wait_for_result === true) {
      problems.push('sending_queue: `wait_for_result` is not supported with a persistent queue configured with `storage`');
    }
    if (queue.batch?.enabled === true) problems.push(...batchProblems(queue, queue.batch));
  }
  if (settings.retry_on_failure?.enabled === true) {
    for (const problem of retryProblems(settings.retry_on_failure)) problems.push(`retry_on_failure: ${problem}`);
  }
  return problems;
}

function batchProblems(queue: QueueConfig, batch: BatchingConfig): string[] {
  const { min_size: minSize, max_size: maxSize } = batch;
  const sizer = batch.sizer ?? queue.sizer ?? 'items';
  const problems: string[] = [];
  const fail = (problem: string): number => problems.push(`sending_queue::batch: ${problem}`);
  if (sizer === (queue.sizer ?? 'requests') && minSize > queue.queue_size) {
    problems.push('sending_queue: `min_size` must be less than or equal to `queue_size`');
  }
  if (sizer === 'requests') fail('`batch` supports only `items` or `bytes` sizer, found "requests"');
  const flushMs = durationMs(batch.flush_timeout);
  if (flushMs <= 0) fail(`\`flush_timeout\` must be positive, found ${Math.round(flushMs * 1_000_000)}`);
  if (minSize < 0) fail(`\`min_size\` must be non-negative, found ${minSize}`);
  if (maxSize < 0) fail(`\`max_size\` must be non-negative, found ${maxSize}`);
  if (maxSize > 0 && maxSize < minSize) fail(`\`max_size\` (${maxSize}) must be greater or equal to \`min_size\` (${minSize})`);
  const seen = new Set<string>();
  for (const name of batch.partition.metadata_keys.map((key) => key.toLowerCase())) {
    if (seen.has(name)) {
      problems.push(`sending_queue::batch::partition: duplicate entry in metadata_keys: ${JSON.stringify(name)} (case-insensitive)`);
    }
    seen.add(name);
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
