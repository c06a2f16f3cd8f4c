import { pricesSchema } from '@millrace/genai';
import type { PricesConfig } from '@millrace/genai';
import type { AnomalyKind } from './measures.ts';
import { kinds } from './measures.ts';

/** A time in which nothing is unusual. */
export interface KnownEventConfig {
  readonly from: string;
  readonly until: string;
  readonly kinds: readonly AnomalyKind[];
}

/** What makes something unusual. */
export interface RulesConfig {
  readonly cost_spike_threshold: number;
  readonly latency_spike_threshold: number;
  readonly error_rate_threshold: number;
  readonly cache_degradation_threshold: number;
  readonly quality_drop_threshold: number;
  readonly min_cost_increase: number;
  readonly min_latency_increase: string;
  readonly min_cache_hit_rate: number;
  readonly min_events: number;
}

/** The checked configuration of processor and connector `anomaly`. */
export interface AnomalyConfig {
  readonly group_by: readonly (readonly string[])[];
  readonly interval: string;
  readonly allowed_lateness: string;
  readonly max_clock_skew: string;
  readonly baseline: 'seasonal' | 'seed';
  readonly rolling_window: string;
  readonly learning_period: string;
  readonly time_zone: string;
  readonly sensitivity: number;
  readonly adapt_after: string;
  readonly rules: RulesConfig;
  readonly known_events: readonly KnownEventConfig[];
  readonly tag: boolean;
  readonly metrics_interval: string;
  readonly hash: readonly string[];
  readonly hash_key?: string;
  readonly max_groups: number;
  readonly group_expiry: string;
  readonly storage?: string;
  readonly checkpoint_interval: string;
  readonly prices: PricesConfig;
}

const factor = { type: 'number', exclusiveMinimum: 1 } as const;
const share = { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 } as const;

/** JSON Schema of `AnomalyConfig`. */
export const configSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    group_by: {
      type: 'array',
      items: { type: 'array', items: { type: 'string', minLength: 1 } },
      default: [['model'], ['task'], []],
      description:
        'What is watched by itself: each combination of the values of each of these lists of names; an empty list is all calls together. `user`, `team`, `key`, `task`, `conversation`, `model`, `family`, `provider`, `operation` and `service` are read in every dialect; any other name is an attribute of the span or else of its resource. Calls that have none of the values are not in a group of that list.',
    },
    interval: {
      type: 'string',
      format: 'duration',
      default: '2s',
      description: 'How often, in event time, it is decided what is unusual.',
    },
    allowed_lateness: {
      type: 'string',
      format: 'duration',
      default: '5s',
      description: 'How long, in event time, an interval waits for calls that arrive out of order. What comes later is only counted.',
    },
    max_clock_skew: {
      type: 'string',
      format: 'duration',
      default: '1m',
      description: 'How far ahead of the clock the time of a span may be. One that is further ahead does not move event time.',
    },
    baseline: {
      type: 'string',
      enum: ['seasonal', 'seed'],
      default: 'seasonal',
      description:
        'What is expected: the usual value of this hour of the day and day of the week, or the mean of `rolling_window` alone, whatever the hour, with which little evidence is asked for.',
    },
    rolling_window: { type: 'string', format: 'duration', default: '24h', description: 'How long ago calls count for what is usual.' },
    learning_period: {
      type: 'string',
      format: 'duration',
      default: '1h',
      description: 'How long a new group is only learned about. It also takes 100 calls.',
    },
    time_zone: { type: 'string', default: 'UTC', description: 'The time zone of the hours of the day, such as Europe/Berlin.' },
    sensitivity: {
      type: 'number',
      minimum: 0.2,
      maximum: 5,
      default: 1,
      description: 'With 2 half of the evidence is enough, with 0.5 twice as much is needed.',
    },
    adapt_after: {
      type: 'string',
      format: 'duration',
      default: '6h',
      description: 'An anomaly that lasts for so long is what is usual from then on.',
    },
    rules: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'What makes something unusual, against what is expected.',
      properties: {
        cost_spike_threshold: { ...factor, default: 2, description: 'So many times the expected cost of a call is a spike.' },
        latency_spike_threshold: { ...factor, default: 2, description: 'So many times the expected duration of a call is a spike.' },
        error_rate_threshold: {
          ...share,
          default: 0.01,
          description: 'The share of calls that may fail, besides those that usually do.',
        },
        cache_degradation_threshold: {
          ...share,
          default: 0.5,
          description: 'When this share of the expected hits of the cache is missing, it is degraded.',
        },
        quality_drop_threshold: {
          type: 'number',
          exclusiveMinimum: 0,
          default: 0.5,
          description: 'How far, in points, the score of evaluations drops when quality does.',
        },
        min_cost_increase: {
          type: 'number',
          minimum: 0,
          default: 0.00001,
          description: 'How much more a call costs at least in a spike, in the currency of its price.',
        },
        min_latency_increase: {
          type: 'string',
          format: 'duration',
          default: '50ms',
          description: 'How much longer a call takes at least in a spike.',
        },
        min_cache_hit_rate: {
          ...share,
          default: 0.1,
          description: 'Caches that usually have less than this share of answers are not watched.',
        },
        min_events: {
          type: 'integer',
          minimum: 2,
          default: 5,
          description: 'How many calls an anomaly must be seen in; of errors, how many must have failed.',
        },
      },
    },
    known_events: {
      type: 'array',
      default: [],
      description: 'Times in which nothing is unusual, and nothing is learned.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['from', 'until'],
        properties: {
          from: { type: 'string', description: 'When it begins: an ISO 8601 time.' },
          until: { type: 'string', description: 'When it ends: an ISO 8601 time.' },
          kinds: {
            type: 'array',
            items: { type: 'string', enum: kinds },
            default: [],
            description: 'Which anomalies it hides. None: all.',
          },
        },
      },
    },
    tag: {
      type: 'boolean',
      default: true,
      description: 'Whether spans of calls get attributes while one of their groups is in an anomaly.',
    },
    metrics_interval: {
      type: 'string',
      format: 'duration',
      default: '1m',
      description: 'How often, in event time, the connector emits the gauges of groups with calls.',
    },
    hash: {
      type: 'array',
      items: { type: 'string' },
      default: ['user', 'user.id', 'user.name', 'user.email', 'enduser.id', 'langfuse.user.id'],
      description: 'Names in `group_by` whose values appear in tags, events, metrics and the storage only as keyed hashes.',
    },
    hash_key: {
      type: 'string',
      minLength: 16,
      'x-secret': true,
      description:
        'The key of the hashes: at least 16 characters. Default: a random one of the process, so that hashed groups begin anew after a restart.',
    },
    max_groups: {
      type: 'integer',
      minimum: 1,
      default: 100_000,
      description: 'The most groups at a time. Calls of others are counted.',
    },
    group_expiry: {
      type: 'string',
      format: 'duration',
      default: '192h',
      description: 'After so long, in event time, without calls a group is forgotten.',
    },
    storage: {
      type: 'string',
      description: 'The storage extension that keeps what is usual over restarts. Without it a restart learns anew.',
    },
    checkpoint_interval: {
      type: 'string',
      format: 'duration',
      default: '1m',
      description: 'How often what was learned is written to the storage.',
    },
    prices: { ...pricesSchema, description: 'What calls cost that processor `genai` has not priced.' },
  },
} as const;
