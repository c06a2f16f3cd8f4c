/** The checked configuration of processor `groupbytrace`. */
export interface GroupByTraceConfig {
  readonly wait_duration: string;
  readonly num_traces: number;
  readonly num_workers: number;
  readonly discard_orphans: boolean;
  readonly store_on_disk: boolean;
}

export const configSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    wait_duration: {
      type: 'string',
      format: 'duration',
      default: '1s',
      description: 'Duration from the first span of a trace until what came of it is passed on.',
    },
    num_traces: {
      type: 'integer',
      minimum: 1,
      default: 1_000_000,
      description: 'Traces in memory; for one more, the oldest is given up.',
    },
    num_workers: {
      type: 'integer',
      minimum: 1,
      default: 1,
      description:
        'How many parts share num_traces: each trace belongs to one, which gives up its own oldest one. All are worked on by one thread.',
    },
    discard_orphans: {
      type: 'boolean',
      default: false,
      description: 'Must be false: neither this program nor the Collector can discard traces without a root span.',
    },
    store_on_disk: {
      type: 'boolean',
      default: false,
      description: 'Must be false: neither this program nor the Collector can hold traces on disk.',
    },
  },
} as const;
