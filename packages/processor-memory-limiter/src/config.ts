/** The checked configuration of processor `memory_limiter`. */
export interface MemoryLimiterConfig {
  readonly check_interval: string;
  readonly limit_mib: number;
  readonly spike_limit_mib: number;
  readonly limit_percentage: number;
  readonly spike_limit_percentage: number;
  readonly min_gc_interval_when_soft_limited: string;
  readonly min_gc_interval_when_hard_limited: string;
  readonly max_gc_interval_when_soft_limited: string;
  readonly max_gc_interval_when_hard_limited: string;
}

export const configSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    check_interval: {
      type: 'string',
      format: 'duration',
      default: '0s',
      description: 'Duration between two measurements of the memory in use. Required; 1s is a good value.',
    },
    limit_mib: {
      type: 'integer',
      minimum: 0,
      default: 0,
      description:
        'Hard limit in MiB of the telemetry in flight and what it adds to the idle process. Takes precedence over limit_percentage.',
    },
    spike_limit_mib: {
      type: 'integer',
      minimum: 0,
      default: 0,
      description: 'Expected growth in MiB between two measurements: the soft limit is limit_mib less this. 0 means 20 % of limit_mib.',
    },
    limit_percentage: {
      type: 'integer',
      minimum: 0,
      default: 0,
      description: "Hard limit of the process's resident memory in percent of the memory of its cgroup or machine.",
    },
    spike_limit_percentage: {
      type: 'integer',
      minimum: 0,
      default: 0,
      description: 'Expected growth between two measurements in percent of the memory of the cgroup or machine. 0 means 20 % of the limit.',
    },
    min_gc_interval_when_soft_limited: {
      type: 'string',
      format: 'duration',
      default: '10s',
      description: 'Shortest duration between two forced garbage collections between the soft and the hard limit.',
    },
    min_gc_interval_when_hard_limited: {
      type: 'string',
      format: 'duration',
      default: '0s',
      description: 'Shortest duration between two forced garbage collections above the hard limit.',
    },
    max_gc_interval_when_soft_limited: {
      type: 'string',
      format: 'duration',
      default: '30s',
      description: 'Longest duration to which that between the limits grows while collections free little.',
    },
    max_gc_interval_when_hard_limited: {
      type: 'string',
      format: 'duration',
      default: '30s',
      description: 'Longest duration to which that above the hard limit grows while collections free little.',
    },
  },
} as const;
