import type { Signal } from '@millrace/api';

/** Which items count as failures: those whose attribute has one of the values, or is there at all. */
export interface FailureConfig {
  readonly attribute: string;
  readonly values: readonly string[];
}

/** What every rule says. */
export interface RuleConfig {
  readonly dimensions?: readonly string[];
  readonly resource_attributes?: readonly string[];
  readonly aggregations: readonly string[];
  readonly failure?: FailureConfig;
}

/** A rule for metrics. */
export interface MetricRuleConfig extends RuleConfig {
  readonly metrics: readonly string[];
}

/** A rule for spans or log records. */
export interface ItemRuleConfig extends RuleConfig {
  readonly name: string;
  readonly value: string;
  readonly unit: string;
}

/** The checked configuration of processor and connector `aggregate`. */
export interface AggregateConfig {
  readonly windows: readonly string[];
  readonly metrics: readonly MetricRuleConfig[];
  readonly spans: readonly ItemRuleConfig[];
  readonly logs: readonly ItemRuleConfig[];
  readonly keep_input: boolean;
  readonly allowed_lateness: string;
  readonly late_data: 'drop' | 'oldest_window';
  readonly max_clock_skew: string;
  readonly idle_timeout: string;
  readonly exemplars: boolean;
  readonly memory_limit_mib: number;
  readonly storage?: string;
  readonly checkpoint_interval: string;
}

const failure = {
  type: 'object',
  additionalProperties: false,
  required: ['attribute'],
  description: 'Which items are failures.',
  properties: {
    attribute: { type: 'string', description: 'The attribute that tells.' },
    values: {
      type: 'array',
      items: { type: 'string' },
      default: [],
      description: 'Its values, as text, that mean a failure; `*` stands for any text. None: the attribute being there means a failure.',
    },
  },
} as const;

const texts = { type: 'array', items: { type: 'string' } } as const;
const aggregations = {
  ...texts,
  description:
    'What is computed: count, sum, min, max, avg, p0 to p100 (such as p50, p99, p99.9), success_rate, failure_rate, histogram (an exponential histogram).',
} as const;
const common = {
  failure,
  dimensions: {
    ...texts,
    description:
      'The attributes that tell series apart; all others are aggregated away. Default: all of a data point, none of a span or log record.',
  },
} as const;

const itemRules = (name: string, value: string, description: string, unit: string) =>
  ({
    type: 'array',
    default: [],
    description,
    items: {
      type: 'object',
      additionalProperties: false,
      properties: {
        ...common,
        name: { type: 'string', default: name, description: 'What the names of the metrics begin with.' },
        value: {
          type: 'string',
          default: value,
          description:
            'What is aggregated: `duration` (of spans, in seconds), `1` (each item is one), or the name of a numeric attribute; items without it are left out.',
        },
        unit: { type: 'string', default: unit, description: 'The unit of the value.' },
        resource_attributes: {
          ...texts,
          default: ['service.name'],
          description: 'The resource attributes that tell series apart.',
        },
        aggregations: { ...aggregations, default: ['count', 'failure_rate', 'p50', 'p95', 'p99'] },
      },
    },
  }) as const;

export const configSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    windows: {
      ...texts,
      default: ['1m'],
      description: 'The lengths of the windows, each a duration such as 1m, 5m, 1h or 24h, aligned to the epoch.',
    },
    metrics: {
      type: 'array',
      default: [{ metrics: ['*'], aggregations: ['count', 'sum', 'min', 'max', 'avg'] }],
      description: 'The metrics that are aggregated; the first rule that names one counts.',
      items: {
        type: 'object',
        additionalProperties: false,
        properties: {
          ...common,
          metrics: { ...texts, default: ['*'], description: 'Names of metrics, in which `*` stands for any text.' },
          resource_attributes: { ...texts, description: 'The resource attributes that tell series apart. Default: all.' },
          aggregations: { ...aggregations, default: ['count', 'sum', 'min', 'max', 'avg'] },
        },
      },
    },
    spans: itemRules('span.duration', 'duration', 'What is aggregated of spans (the connector only).', 's'),
    logs: itemRules('log.records', '1', 'What is aggregated of log records (the connector only).', '{record}'),
    keep_input: {
      type: 'boolean',
      default: false,
      description: 'Whether the processor passes on the points that it aggregates (true) or only the others.',
    },
    allowed_lateness: {
      type: 'string',
      format: 'duration',
      default: '30s',
      description: 'How long after its end, in event time, a window stays open for items that come late.',
    },
    late_data: {
      type: 'string',
      enum: ['drop', 'oldest_window'],
      default: 'drop',
      description:
        'What happens to items of a closed window: dropped and counted (drop), or counted in the oldest window that is open (oldest_window).',
    },
    max_clock_skew: {
      type: 'string',
      format: 'duration',
      default: '1m',
      description: 'How far ahead of the clock the time of an item may be. One that is further ahead is taken to be of now, and counted.',
    },
    idle_timeout: {
      type: 'string',
      format: 'duration',
      default: '1m',
      description:
        'When live data pauses for so long, event time goes on with the clock, so that windows close. Data that was older than this on arrival (a replay) waits for more. 0s: never.',
    },
    exemplars: {
      type: 'boolean',
      default: true,
      description: 'Whether the item with the largest value of a window is attached to `max` and `histogram`, with its trace and span id.',
    },
    memory_limit_mib: {
      type: 'integer',
      minimum: 1,
      default: 256,
      description:
        'What open windows may occupy, in MiB. Nearing it, detail is given up: exemplars, then half of the resolution of histograms three times, then new series.',
    },
    storage: {
      type: 'string',
      description: 'The storage extension that keeps open windows over restarts. Without it they are sent at shutdown.',
    },
    checkpoint_interval: {
      type: 'string',
      format: 'duration',
      default: '30s',
      description: 'How often the open windows are written to the storage. What came since then is kept there as it came.',
    },
  },
} as const;

/** The rules for the items of a signal. */
export function rulesFor(config: AggregateConfig, signal: Signal): readonly (MetricRuleConfig | ItemRuleConfig)[] {
  return signal === 'traces' ? config.spans : signal === 'logs' ? config.logs : config.metrics;
}
