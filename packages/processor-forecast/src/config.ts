/** How hours are made of points: what was counted in an hour, or the mean of what was observed in it. */
export type SeriesKind = 'counter' | 'gauge';

/** Metrics that are forecast alike. */
export interface MetricConfig {
  readonly name: string;
  readonly kind?: SeriesKind;
  readonly group_by?: readonly string[];
}

/** A value that a metric should not reach. */
export interface ThresholdConfig {
  readonly metric: string;
  readonly value: number;
  readonly direction: 'above' | 'below';
}

/** What may be counted in a period. */
export interface BudgetConfig {
  readonly name?: string;
  readonly metric: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly amount: number;
  readonly period: 'day' | 'week' | 'month';
}

/** The checked configuration of processor and connector `forecast`. */
export interface ForecastConfig {
  readonly metrics: readonly MetricConfig[];
  readonly interval: string;
  readonly horizons: readonly string[];
  readonly intervals: readonly (80 | 95)[];
  readonly thresholds: readonly ThresholdConfig[];
  readonly budgets: readonly BudgetConfig[];
  readonly allowed_lateness: string;
  readonly max_clock_skew: string;
  readonly max_series: number;
  readonly exact_series: number;
  readonly series_expiry: string;
  readonly storage?: string;
  readonly checkpoint_interval: string;
}

/** What matters of an AI service: cost, tokens, requests, answers by the cache, latency, capacity. */
const usualMetrics = [
  { name: 'millrace.cost.amount' },
  { name: 'millrace.tokens' },
  { name: 'millrace.requests' },
  { name: 'millrace.cache.hit_rate' },
  { name: 'millrace.request.duration' },
  { name: 'millrace.capacity.utilization' },
];

const duration = (value: string, description: string): object => ({ type: 'string', format: 'duration', default: value, description });
const metricName = { type: 'string', minLength: 1 } as const;

/** JSON Schema of `ForecastConfig`. */
export const configSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    metrics: {
      type: 'array',
      minItems: 1,
      default: usualMetrics,
      description: 'What is forecast. The first entry that a metric matches counts. The default names what matters of an AI service.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name'],
        properties: {
          name: { ...metricName, description: 'Name of a metric; `*` stands for any text.' },
          kind: {
            type: 'string',
            enum: ['counter', 'gauge'],
            description:
              'Whether an hour is what was counted in it or the mean of what was observed. Absent: monotonic sums are counters; everything else is a gauge, histograms by the mean of their observations. A histogram as `counter` is the sum of its observations.',
          },
          group_by: {
            type: 'array',
            items: { type: 'string', minLength: 1 },
            description:
              'Attributes, of the point or else of its resource, that tell series apart; series that are equal in them are one, counters added up. Absent: every series of its own. Empty: one for the metric.',
          },
        },
      },
    },
    interval: duration('1h', 'How often, in event time, forecasts are made.'),
    horizons: {
      type: 'array',
      minItems: 1,
      items: { type: 'string', format: 'duration' },
      default: ['168h', '720h'],
      description: 'How far to look ahead: whole hours, 744h at most.',
    },
    intervals: {
      type: 'array',
      items: { type: 'integer', enum: [80, 95] },
      default: [95],
      description: 'Intervals of forecasts, in percent of what comes that they should hold: `95` gives the quantiles 0.025 and 0.975.',
    },
    thresholds: {
      type: 'array',
      default: [],
      description: 'Values for which the time until a metric reaches them is forecast.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['metric', 'value'],
        properties: {
          metric: { ...metricName, description: 'Name of a metric; `*` stands for any text.' },
          value: { type: 'number', description: 'The mean of an hour of a gauge, or what a counter counts in an hour.' },
          direction: {
            type: 'string',
            enum: ['above', 'below'],
            default: 'above',
            description: 'Whether it is reached from this value on upwards or downwards.',
          },
        },
      },
    },
    budgets: {
      type: 'array',
      default: [],
      description: 'Amounts that a counter should not exceed in a period: when that will happen is forecast.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['metric', 'amount'],
        properties: {
          name: {
            type: 'string',
            minLength: 1,
            description: 'What the budget is called in `forecast.budget`. Default: the metric and the period.',
          },
          metric: { ...metricName, description: 'Name of a counter, all series together; `*` stands for any text.' },
          attributes: {
            type: 'object',
            additionalProperties: { type: 'string' },
            default: {},
            description: 'Only series with these attributes, texts of the point or else of its resource, count.',
          },
          amount: { type: 'number', exclusiveMinimum: 0, description: 'What may be counted in a period, in the unit of the metric.' },
          period: {
            type: 'string',
            enum: ['day', 'week', 'month'],
            default: 'month',
            description: 'Days, weeks from Monday on, or months of the calendar, in UTC.',
          },
        },
      },
    },
    allowed_lateness: duration(
      '5m',
      'How long, in event time, an hour waits for points that arrive out of order, 24h at most. What comes later is only counted.',
    ),
    max_clock_skew: duration('1m', 'How far ahead of the clock the time of a point may be. One that is further ahead is only counted.'),
    max_series: {
      type: 'integer',
      minimum: 1,
      maximum: 100_000,
      default: 1000,
      description: 'Series at once. Points of more are only counted.',
    },
    exact_series: {
      type: 'integer',
      minimum: 0,
      maximum: 10_000,
      default: 100,
      description:
        'Series whose last eight weeks are kept and forecast by the best of several methods, about 20 kB and 20 ms each; those that come later are forecast from a profile of the day and the week, about 1 kB and 0.1 ms each.',
    },
    series_expiry: duration('336h', 'How long, in event time, after its last point a series is remembered.'),
    storage: {
      type: 'string',
      description: 'A storage extension that keeps what was seen, to go on after a restart. Absent: memory only.',
    },
    checkpoint_interval: duration('1m', 'How often what was seen is written to the storage.'),
  },
};
