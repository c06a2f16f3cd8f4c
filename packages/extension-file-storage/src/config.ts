/** The checked configuration of extension `file_storage`. */
export interface FileStorageConfig {
  readonly directory: string;
  readonly create_directory: boolean;
  readonly directory_permissions: string;
  readonly timeout: string;
  readonly fsync: boolean;
  readonly recreate: boolean;
  readonly max_size_mib: number;
  readonly segment_size_mib: number;
}

const noCompaction = 'remove it: space is given back by itself, whole segments at a time';

export const configSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    directory: {
      type: 'string',
      default: '/var/lib/otelcol/file_storage',
      description: 'Where the queues are kept, each in a directory of its own. It must exist unless `create_directory` is on.',
    },
    create_directory: { type: 'boolean', default: false, description: 'Whether to make a missing directory at the start.' },
    directory_permissions: {
      type: 'string',
      default: '0750',
      description: 'The permissions of directories that are made, in octal digits.',
    },
    timeout: {
      type: 'string',
      format: 'duration',
      default: '1s',
      description: 'How long the start waits for a queue that another process has open.',
    },
    fsync: {
      type: 'boolean',
      default: false,
      description:
        'Whether data counts as stored only when the device has it. Without it data survives the death of the process, but not a power failure or a crash of the kernel.',
    },
    recreate: {
      type: 'boolean',
      default: false,
      description:
        'What happens to a damaged segment: set aside with everything in it (true), or set aside after the intact batches in it were sent (false).',
    },
    max_size_mib: {
      type: 'number',
      default: 10_240,
      description: 'The most that all queues of this storage may occupy, in MiB: beyond it data is refused for the moment. 0 for no limit.',
    },
    segment_size_mib: {
      type: 'number',
      default: 32,
      description:
        'The size in MiB at which a file of a queue is followed by the next one. A file is deleted when everything in it is delivered.',
    },
    compaction: {
      type: 'object',
      additionalProperties: false,
      'x-deprecated': noCompaction,
      description: 'Has no effect: there is nothing to compact. Accepted for configurations of the Collector.',
      properties: {
        on_start: { type: 'boolean', description: 'Has no effect.' },
        on_rebound: { type: 'boolean', description: 'Has no effect.' },
        directory: { type: 'string', description: 'Has no effect.' },
        max_transaction_size: { type: 'integer', description: 'Has no effect.' },
        rebound_needed_threshold_mib: { type: 'integer', description: 'Has no effect.' },
        rebound_trigger_threshold_mib: { type: 'integer', description: 'Has no effect.' },
        check_interval: { type: 'string', format: 'duration', description: 'Has no effect.' },
        cleanup_on_start: { type: 'boolean', description: 'Has no effect.' },
      },
    },
  },
} as const;
