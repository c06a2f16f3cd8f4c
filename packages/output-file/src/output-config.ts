import { durationMs } from '@millrace/config';

/** The checked settings that every exporter to files has. */
export interface OutputConfig {
  readonly append: boolean;
  readonly flush_interval: string;
  readonly rotation?: {
    readonly max_megabytes: number;
    readonly max_days: number;
    readonly max_backups: number;
    readonly localtime: boolean;
  };
  readonly create_directory: boolean;
  /** Octal; absent: 0755. */
  readonly directory_permissions?: string;
}

/** JSON Schemas of these settings; spread them into the component's `properties`. */
export const outputProperties: Readonly<Record<keyof OutputConfig, object>> = {
  append: {
    type: 'boolean',
    default: false,
    description:
      'Whether to keep what is in the file at the start, rather than to empty it. A file that is rotated keeps it in every case.',
  },
  flush_interval: {
    type: 'string',
    format: 'duration',
    default: '1s',
    description: 'Longest duration for which data waits in memory to be written in larger pieces. 0 writes at once.',
  },
  rotation: {
    type: 'object',
    additionalProperties: false,
    'x-null-enables': true,
    description: 'Renames the file before it becomes too large, and starts a new one. Off unless it is mentioned.',
    properties: {
      max_megabytes: { type: 'integer', minimum: 0, default: 100, description: 'Largest size of a file, in MiB. 0 means 100.' },
      max_days: {
        type: 'integer',
        minimum: 0,
        default: 0,
        description: 'Days (of 24 hours) after which a rotated file is deleted. 0: never.',
      },
      max_backups: { type: 'integer', minimum: 0, default: 100, description: 'Number of rotated files to keep. 0: all.' },
      localtime: {
        type: 'boolean',
        default: false,
        description: "Whether the names of rotated files carry this machine's local time rather than UTC.",
      },
    },
  },
  create_directory: {
    type: 'boolean',
    default: false,
    description: 'Whether to create the directory of the file. With rotation or groups it is created in every case.',
  },
  directory_permissions: { type: 'string', description: 'Permissions of a created directory, as an octal number. Default "0755".' },
};

/** What is wrong with these settings, in the Collector's words; for `validateConfig`. */
export function outputProblems(config: OutputConfig): string[] {
  const { append, rotation, create_directory, directory_permissions: permissions } = config;
  const problems: string[] = [];
  if (append && rotation !== undefined) problems.push('append and rotation enabled at the same time is not supported');
  if (durationMs(config.flush_interval) < 0) problems.push('flush_interval must be larger than zero');
  if (permissions === undefined) return problems;
  if (!create_directory) problems.push('directory_permissions requires create_directory to be true');
  if (!/^[0-7]+$/.test(permissions)) problems.push('directory_permissions value must be a valid octal representation');
  else if (Number.parseInt(permissions, 8) > 0o777) problems.push('directory_permissions contain invalid bits for file access');
  return problems;
}
