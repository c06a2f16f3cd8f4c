/** The checked configuration. */
export interface DeltaToCumulativeConfig {
  readonly max_stale: string;
  /** Absent: as many as memory allows. */
  readonly max_streams?: number;
}

/** JSON Schema of the settings. */
export const configSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    max_stale: {
      type: 'string',
      format: 'duration',
      default: '5m',
      description: 'How long after it was seen last a series is forgotten; looked at once a minute.',
    },
    max_streams: {
      type: 'integer',
      description: 'How many series are remembered; points of others are dropped. Absent: as many as the budget for telemetry allows.',
    },
  },
} as const;
