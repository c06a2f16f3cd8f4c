/** The checked configuration of receiver `sdk`. */
export interface SdkReceiverConfig {
  readonly flush_interval: string;
  readonly max_batch_size: number;
  readonly max_buffer_mib: number;
}

export const configSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    flush_interval: {
      type: 'string',
      format: 'duration',
      default: '200ms',
      description: 'Duration for which spans and log records that came one by one wait for others to be passed on together.',
    },
    max_batch_size: {
      type: 'integer',
      minimum: 1,
      default: 512,
      description: 'Number of such spans or log records that are passed on without waiting any longer.',
    },
    max_buffer_mib: {
      type: 'integer',
      minimum: 1,
      default: 16,
      description: 'MiB that each signal may hold while the pipelines refuse it or are slow; beyond it new items are dropped and counted.',
    },
  },
} as const;
