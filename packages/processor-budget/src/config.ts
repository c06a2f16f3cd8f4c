import { pricesSchema } from '@millrace/genai';
import type { PricesConfig } from '@millrace/genai';
import type { WeekDay } from './calendar.ts';
import { weekDays } from './calendar.ts';

/** What a budget counts. */
export type Measure = 'cost' | 'tokens' | 'requests';

/** A limit of its own for some values of `by`. */
export interface OverrideConfig {
  readonly values: Readonly<Record<string, string>>;
  readonly limit: number;
}

/** One budget. */
export interface BudgetSettings {
  readonly name: string;
  readonly by: readonly string[];
  readonly measure: Measure;
  readonly currency: string;
  readonly limit: number;
  readonly overrides: readonly OverrideConfig[];
  /** `hour`, `day`, `week`, `month`, or a duration. */
  readonly window: string;
  readonly time_zone: string;
  readonly week_start: WeekDay;
  /** Percent of the limit. */
  readonly thresholds: readonly number[];
}

/** The checked configuration of processor and connector `budget`. */
export interface BudgetConfig {
  readonly budgets: readonly BudgetSettings[];
  readonly tag: 'calls' | 'operations' | 'all' | 'none';
  readonly hash: readonly string[];
  readonly hash_key?: string;
  readonly max_keys: number;
  readonly allowed_lateness: string;
  readonly max_clock_skew: string;
  readonly metrics_interval: string;
  readonly idle_timeout: string;
  readonly storage?: string;
  readonly checkpoint_interval: string;
  readonly wait: string;
  readonly prices: PricesConfig;
}

const limit = { type: 'number', exclusiveMinimum: 0 } as const;

const budget = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'limit'],
  properties: {
    name: { type: 'string', minLength: 1, description: 'What the budget is called in tags, events and metrics. No two have the same.' },
    by: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      default: [],
      description:
        'What has a budget of its own: each combination of these values. `user`, `team`, `key`, `task`, `conversation`, `model`, `family`, `provider`, `operation` and `service` are read in every dialect; any other name is an attribute of the item or else of its resource. None: one budget for everything.',
    },
    measure: {
      type: 'string',
      enum: ['cost', 'tokens', 'requests'],
      default: 'cost',
      description: 'What is counted: what calls of models cost, the tokens they use, or the calls.',
    },
    currency: {
      type: 'string',
      pattern: '^[A-Z]{3}$',
      default: 'USD',
      description: 'The currency (ISO 4217) of a budget of costs. Calls that cost another one are not counted.',
    },
    limit: { ...limit, description: 'What may be spent in a window: an amount of the currency, tokens, or requests.' },
    overrides: {
      type: 'array',
      default: [],
      description: 'Limits of their own. The first that fits counts.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['values', 'limit'],
        properties: {
          values: {
            type: 'object',
            minProperties: 1,
            additionalProperties: { type: 'string' },
            description: 'Whose limit it is: values of names in `by`, as the telemetry has them.',
          },
          limit: { ...limit, description: 'The limit, in the unit of `limit` of the budget.' },
        },
      },
    },
    window: {
      type: 'string',
      default: 'month',
      description:
        'When spending starts anew: each hour, day, week or month of the calendar. Or a duration such as 24h: what was spent in the time before, at every moment, to within a sixtieth of it.',
    },
    time_zone: { type: 'string', default: 'UTC', description: 'The time zone of the calendar, such as Europe/Berlin.' },
    week_start: {
      type: 'string',
      enum: weekDays,
      'x-enum-insensitive': true,
      default: 'monday',
      description: 'The day that weeks start on.',
    },
    thresholds: {
      type: 'array',
      items: { type: 'number', exclusiveMinimum: 0 },
      default: [50, 80, 100],
      description: 'The percentages of the limit that are reported when they are reached.',
    },
  },
} as const;

/** JSON Schema of `BudgetConfig`. */
export const configSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['budgets'],
  properties: {
    budgets: { type: 'array', items: budget, description: 'The budgets.' },
    tag: {
      type: 'string',
      enum: ['calls', 'operations', 'all', 'none'],
      default: 'operations',
      description:
        'What is tagged while a threshold of its budget is reached: calls of models; all operations of generative AI; all items that have every value of `by`; nothing.',
    },
    hash: {
      type: 'array',
      items: { type: 'string' },
      default: ['user', 'user.id', 'user.name', 'user.email', 'enduser.id', 'langfuse.user.id'],
      description: 'Names in `by` whose values appear in events, metrics and the storage only as keyed hashes.',
    },
    hash_key: {
      type: 'string',
      minLength: 16,
      'x-secret': true,
      description:
        'The key of the hashes: at least 16 characters. The same key makes the hashes that connector genaimetrics makes. Default: a random one, kept in the storage.',
    },
    max_keys: {
      type: 'integer',
      minimum: 1,
      default: 1000,
      description:
        'The most combinations of values that each budget tells apart at a time. What others spend is summed up together, without a limit.',
    },
    allowed_lateness: {
      type: 'string',
      format: 'duration',
      default: '1h',
      description:
        'How long after its end, in event time, spending is still booked into a window of the calendar. What comes later is not counted.',
    },
    max_clock_skew: {
      type: 'string',
      format: 'duration',
      default: '1m',
      description: 'How far ahead of the clock the time of an item may be. One that is further ahead is taken to be of now, and counted.',
    },
    metrics_interval: {
      type: 'string',
      format: 'duration',
      default: '10s',
      description: 'How often, in event time, the connector emits the metrics of what changed.',
    },
    idle_timeout: {
      type: 'string',
      format: 'duration',
      default: '10s',
      description:
        'When live data pauses for so long, event time goes on with the clock for the metrics of the connector. Data that was older than this on arrival (a replay) waits for more. 0s: never.',
    },
    storage: {
      type: 'string',
      description: 'The storage extension that keeps what is spent over restarts. Without it a restart begins at 0.',
    },
    checkpoint_interval: {
      type: 'string',
      format: 'duration',
      default: '5s',
      description: 'How often what was spent since is written to the storage: the most that is forgotten when the process is killed.',
    },
    wait: {
      type: 'string',
      format: 'duration',
      default: '30s',
      description:
        'How long, in event time, what an agent says that it used waits for calls of its trace that it repeats. Only without them it counts.',
    },
    prices: { ...pricesSchema, description: 'What calls cost that processor `genai` has not priced.' },
  },
} as const;
