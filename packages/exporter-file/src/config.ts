/** The checked configuration of exporter `file`. */
export interface FileConfig {
  readonly path: string;
  readonly append: boolean;
  readonly format: 'json' | 'proto';
  readonly flush_interval: string;
  readonly create_directory: boolean;
  /** Octal; absent: 0755. */
  readonly directory_permissions?: string;
}

const later = (instead: string): { readonly 'x-unsupported': string } => ({ 'x-unsupported': `comes in a later version; ${instead}` });

export const configSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    path: { type: 'string', default: '', description: 'Path of the file. Required.' },
    append: { type: 'boolean', default: false, description: 'Whether to keep what is in the file at the start, rather than to empty it.' },
    format: {
      type: 'string',
      enum: ['json', 'proto'],
      default: 'json',
      description: 'json: one OTLP/JSON object a line. proto: protobuf messages, each after its length in 4 bytes, big-endian.',
    },
    flush_interval: {
      type: 'string',
      format: 'duration',
      default: '1s',
      description: 'Longest duration for which data waits in memory to be written in larger pieces. 0 writes at once.',
    },
    create_directory: { type: 'boolean', default: false, description: 'Whether to create the directory of the file.' },
    directory_permissions: {
      type: 'string',
      description: 'Permissions of a created directory, as an octal number. Default "0755".',
    },
    rotation: later('rotate the file with logrotate (copytruncate) and append: true'),
    group_by: later('use one file exporter for each group'),
    compression: later('compress the finished file'),
    encoding: later('use format'),
  },
} as const;
