/** The checked configuration of receiver `otlp_json_file`. */
export interface OtlpJsonFileConfig {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly exclude_older_than?: string;
  readonly start_at: 'beginning' | 'end';
  readonly poll_interval: string;
  readonly replay_file: boolean;
  readonly compression: '' | 'gzip' | 'auto';
  readonly fingerprint_size: number | string;
  readonly max_log_size: number | string;
  readonly force_flush_period: string;
  readonly include_file_name: boolean;
  readonly include_file_path: boolean;
  readonly include_file_name_resolved: boolean;
  readonly include_file_path_resolved: boolean;
}

const unsupported = (why: string): { readonly 'x-unsupported': string } => ({ 'x-unsupported': why });
const oneByOne = 'files are read one after the other; leave it out';
const wholeLines = 'a line of the file is one JSON object; leave it out';

export const configSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    include: {
      type: 'array',
      items: { type: 'string' },
      default: [],
      description: 'Patterns of the paths to read; * and ? match within a folder, ** matches folders. Required.',
    },
    exclude: { type: 'array', items: { type: 'string' }, default: [], description: 'Patterns of included paths that are not read.' },
    exclude_older_than: {
      type: 'string',
      format: 'duration',
      description: 'Files that were changed longer ago than this duration are not read. Absent: all are.',
    },
    start_at: {
      type: 'string',
      enum: ['beginning', 'end'],
      default: 'end',
      description: 'Where reading starts in files that are there at the start. Later ones are read from their beginning.',
    },
    poll_interval: { type: 'string', format: 'duration', default: '200ms', description: 'Duration between two looks at the files.' },
    replay_file: {
      type: 'boolean',
      default: false,
      description:
        'Whether to read every file in its entirety again at every look (from the second look on, with start_at end). For tests.',
    },
    compression: {
      type: 'string',
      enum: ['', 'gzip', 'auto'],
      default: '',
      description: 'gzip: all files are compressed. auto: those whose names end with .gz are.',
    },
    fingerprint_size: {
      anyOf: [{ type: 'integer' }, { type: 'string' }],
      default: '1kb',
      description:
        'Number of first bytes by which a file is known again under another name, at least 16; units such as kb and KiB are understood.',
    },
    max_log_size: {
      anyOf: [{ type: 'integer' }, { type: 'string' }],
      default: '32MiB',
      description: 'Largest line in bytes, with or without a unit. A longer one is skipped and counted.',
    },
    force_flush_period: {
      type: 'string',
      format: 'duration',
      default: '500ms',
      description: 'Duration after which a last line without its newline is read when it is complete JSON. 0: never.',
    },
    include_file_name: {
      type: 'boolean',
      default: true,
      description: 'Whether spans and log records get the attribute log.file.name. Data points never do.',
    },
    include_file_path: { type: 'boolean', default: false, description: 'Whether spans and log records get the attribute log.file.path.' },
    include_file_name_resolved: {
      type: 'boolean',
      default: false,
      description: 'Whether spans and log records get the attribute log.file.name_resolved, with symbolic links followed.',
    },
    include_file_path_resolved: {
      type: 'boolean',
      default: false,
      description: 'Whether spans and log records get the attribute log.file.path_resolved, with symbolic links followed.',
    },
    storage: unsupported('positions are kept in memory only; use start_at: beginning to miss nothing after a restart'),
    ordering_criteria: unsupported('all matching files are read; narrow include'),
    max_concurrent_files: unsupported(oneByOne),
    max_batches: unsupported(oneByOne),
    polls_to_archive: unsupported('positions are kept in memory only; leave it out'),
    delete_after_read: unsupported('files are never deleted; leave it out'),
    acquire_fs_lock: unsupported('files are read without a lock; leave it out'),
    initial_buffer_size: unsupported('buffers have the size that they need; leave it out'),
    on_truncate: unsupported('a file that became shorter is read from its beginning; leave it out'),
    header: unsupported(wholeLines),
    multiline: unsupported(wholeLines),
    encoding: unsupported('JSON is UTF-8; leave it out'),
    preserve_leading_whitespaces: unsupported(wholeLines),
    preserve_trailing_whitespaces: unsupported(wholeLines),
    include_file_owner_name: unsupported('use include_file_path'),
    include_file_owner_group_name: unsupported('use include_file_path'),
    include_file_record_number: unsupported('use include_file_path'),
    include_file_record_offset: unsupported('use include_file_path'),
  },
} as const;
