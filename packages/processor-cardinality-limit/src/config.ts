/** Limits of the metrics that some patterns name. */
export interface Override {
  readonly metrics: readonly string[];
  readonly limit?: number;
  readonly key_limits?: Readonly<Record<string, number>>;
}

/** The checked configuration of processor `cardinality_limit`. */
export interface CardinalityLimitConfig {
  readonly limit: number;
  readonly key_limits: Readonly<Record<string, number>>;
  readonly overrides: readonly Override[];
  readonly expiry: string;
  readonly memory_limit_mib: number;
}

const keyLimits = { type: 'object', additionalProperties: { type: 'integer', minimum: 0 } } as const;

export const configSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    limit: {
      type: 'integer',
      minimum: 0,
      default: 2000,
      description: 'How many series (distinct sets of attributes) a metric of a resource may have; points of further ones are folded.',
    },
    key_limits: {
      ...keyLimits,
      default: {},
      description:
        'By attribute: how many distinct values it may have in a metric of a resource. Points with further ones lose the attribute and are folded.',
    },
    overrides: {
      type: 'array',
      default: [],
      description: 'Other limits for some metrics; the first entry that names a metric counts.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['metrics'],
        properties: {
          metrics: {
            type: 'array',
            items: { type: 'string' },
            description: 'Names of metrics, in which `*` stands for any text.',
          },
          limit: { type: 'integer', minimum: 0, description: 'How many series these metrics may have, in place of `limit` above.' },
          key_limits: { ...keyLimits, description: 'Limits by attribute for these metrics, in place of `key_limits` above.' },
        },
      },
    },
    expiry: {
      type: 'string',
      format: 'duration',
      default: '10m',
      description: 'How long a series without points keeps its place. Longer than the longest interval at which series are reported.',
    },
    memory_limit_mib: {
      type: 'integer',
      minimum: 1,
      default: 256,
      description: 'What the processor may remember, in MiB, some 40 bytes a series. Beyond it no further series gets a place of its own.',
    },
  },
} as const;
