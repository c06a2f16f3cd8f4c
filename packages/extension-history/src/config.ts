/** How long items of one signal are kept, and how much of them. */
interface ItemsConfig {
  readonly retention: string;
  readonly max_size_mib: number;
}

/** The checked configuration of extension `history`. Times are Go durations. */
export interface HistoryConfig {
  readonly directory: string;
  readonly fsync: boolean;
  readonly max_size_mib: number;
  readonly retention: Readonly<Record<'raw' | '1m' | '5m' | '1h' | '1d', string>>;
  readonly traces: ItemsConfig;
  readonly logs: ItemsConfig;
}

const duration = (value: string, description: string): object => ({ type: 'string', format: 'duration', default: value, description });

const items = (what: string): object => ({
  type: 'object',
  additionalProperties: false,
  default: {},
  description: `The recent ${what} that can be searched.`,
  properties: {
    retention: duration('24h', `How long ${what} are kept.`),
    max_size_mib: {
      type: 'number',
      default: 256,
      description: `The most that ${what} may occupy, compressed, in MiB: then the oldest go.`,
    },
  },
});

export const configSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    directory: {
      type: 'string',
      default: 'history',
      description: 'Where the files of the store are. It is made when it is missing, and has one user at a time.',
    },
    fsync: {
      type: 'boolean',
      default: false,
      description:
        'Whether data counts as stored only when the device has it. Without it data survives the death of the process, but not a power failure or a crash of the kernel.',
    },
    max_size_mib: {
      type: 'number',
      default: 10_240,
      description: 'The most that the store may hold, in MiB: then the oldest samples of the finest resolution go. 0 for no limit.',
    },
    retention: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'How long samples are kept, by resolution.',
      properties: {
        raw: duration('168h', 'The samples as they came.'),
        '1m': duration('168h', 'Rollups by the minute.'),
        '5m': duration('720h', 'Rollups by 5 minutes.'),
        '1h': duration('720h', 'Rollups by the hour.'),
        '1d': duration('720h', 'Rollups by the day (UTC).'),
      },
    },
    traces: items('traces'),
    logs: items('log records'),
  },
} as const;
