/** The checked configuration of exporter `debug`. */
export interface DebugConfig {
  readonly verbosity: 'basic' | 'normal' | 'detailed';
  readonly sampling_initial: number;
  readonly sampling_thereafter: number;
  readonly use_internal_logger: boolean;
  /** Absent: `stdout`. */
  readonly output_paths?: readonly string[];
}

export const configSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    verbosity: {
      type: 'string',
      enum: ['basic', 'normal', 'detailed'],
      'x-enum-insensitive': true,
      default: 'basic',
      description: 'How much to write: counts (basic), a line per item (normal) or every field (detailed).',
    },
    sampling_initial: {
      type: 'integer',
      minimum: 0,
      default: 2,
      description: 'Number of batches that are written in each second before sampling sets in.',
    },
    sampling_thereafter: {
      type: 'integer',
      minimum: 0,
      default: 1,
      description: 'After the first ones of a second, every how many batches one is written: 1 writes all, 0 none.',
    },
    use_internal_logger: {
      type: 'boolean',
      default: true,
      description: "Whether to write into the program's own log rather than to output_paths.",
    },
    output_paths: {
      type: 'array',
      items: { type: 'string' },
      description: 'Where to write when use_internal_logger is false: stdout, stderr or paths of files to append to. Default [stdout].',
    },
    sending_queue: { 'x-unsupported': 'this exporter writes at once; leave it out' },
  },
} as const;
