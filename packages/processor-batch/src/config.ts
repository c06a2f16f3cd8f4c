/** The checked configuration of processor `batch`. */
export interface BatchConfig {
  readonly send_batch_size: number;
  readonly timeout: string;
  readonly send_batch_max_size: number;
  readonly metadata_keys: readonly string[];
  readonly metadata_cardinality_limit: number;
}

export const configSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    send_batch_size: {
      type: 'integer',
      minimum: 0,
      default: 8192,
      description: 'Number of spans, data points or log records after which a batch is sent. 0 forwards everything at once.',
    },
    timeout: {
      type: 'string',
      format: 'duration',
      default: '200ms',
      description: 'Duration after which a batch is sent whatever its size. 0 forwards everything at once and ignores send_batch_size.',
    },
    send_batch_max_size: {
      type: 'integer',
      minimum: 0,
      default: 0,
      description: 'Largest number of items in a batch: larger ones are split. At least send_batch_size; 0 means no limit.',
    },
    metadata_keys: {
      type: 'array',
      items: { type: 'string' },
      default: [],
      description: 'Names of client metadata (case-insensitive): items are batched separately for each combination of their values.',
    },
    metadata_cardinality_limit: {
      type: 'integer',
      minimum: 0,
      default: 1000,
      description: 'Largest number of combinations of metadata values at a time; items of further ones are refused. 0 means no limit.',
    },
  },
} as const;
