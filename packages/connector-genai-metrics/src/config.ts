import { pricesSchema } from '@millrace/genai';
import type { PricesConfig } from '@millrace/genai';

/** The checked configuration of connector `genaimetrics`. */
export interface GenaiMetricsConfig {
  readonly emit: 'latest' | '1.37' | 'both' | 'none';
  readonly flush_interval: string;
  readonly aggregation_temporality: string;
  readonly histogram: 'explicit' | 'exponential';
  readonly dimensions: readonly string[];
  readonly resource_attributes: readonly string[];
  readonly user_label: boolean;
  readonly hash_key?: string;
  readonly prices?: PricesConfig;
  readonly wait: string;
  readonly rate_window: string;
  readonly aggregation_cardinality_limit: number;
  readonly resource_limit: number;
  readonly series_expiration: string;
}

const { default: _, ...prices } = pricesSchema;

export const configSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    emit: {
      type: 'string',
      enum: ['latest', '1.37', 'both', 'none'],
      default: 'latest',
      description:
        'The generation of the standard metrics: `latest` (the repository of the conventions), `1.37` (to 1.41), both, or none. Those named `millrace.*` are made in any case.',
    },
    flush_interval: { type: 'string', format: 'duration', default: '250ms', description: 'The pause between reports of what has changed.' },
    aggregation_temporality: {
      type: 'string',
      default: 'AGGREGATION_TEMPORALITY_CUMULATIVE',
      description: '`AGGREGATION_TEMPORALITY_DELTA` reports what is new since the last time; anything else all since the start.',
    },
    histogram: {
      type: 'string',
      enum: ['explicit', 'exponential'],
      default: 'explicit',
      description: 'The kind of histograms: with the explicit buckets that the conventions advise, or exponential.',
    },
    dimensions: {
      type: 'array',
      items: { type: 'string' },
      default: [],
      description:
        'Attributes, of the span or log record or else of the resource, that become labels of every metric. One that names a user is hashed with `hash_key`.',
    },
    resource_attributes: {
      type: 'array',
      items: { type: 'string' },
      default: ['service.name', 'service.namespace', 'deployment.environment.name'],
      description: 'The attributes by which resources are told apart, and which the resources of the metrics have.',
    },
    user_label: {
      type: 'boolean',
      default: false,
      description: 'Whether the user is a label, `millrace.user.hash`: a hash keyed with `hash_key`, never the name itself.',
    },
    hash_key: {
      type: 'string',
      minLength: 16,
      'x-secret': true,
      description: 'The key of hashes of users: at least 16 characters. The same key makes the same hashes after a restart.',
    },
    prices: {
      ...prices,
      'x-null-enables': true,
      description: 'What models cost, for calls on which processor genai has written no cost. Without it these have none.',
    },
    wait: {
      type: 'string',
      format: 'duration',
      default: '30s',
      description: 'How long, in the time of events, the usage of an agent waits for calls of its trace that it repeats.',
    },
    rate_window: {
      type: 'string',
      format: 'duration',
      default: '5m',
      description: 'The window, in the time of events, of the gauges of success rate, cache hit rate and quality.',
    },
    aggregation_cardinality_limit: {
      type: 'integer',
      minimum: 2,
      default: 2000,
      description: 'The number of series of a metric and resource; what is beyond is counted in one series with `otel.metric.overflow`.',
    },
    resource_limit: {
      type: 'integer',
      minimum: 1,
      default: 1000,
      description: 'The number of resources; those beyond are counted under one with the attribute `otel.metric.overflow`.',
    },
    series_expiration: {
      type: 'string',
      format: 'duration',
      default: '0s',
      description:
        'How long after its last use a series ends, and what it counted goes to the one with `otel.metric.overflow`; `0s`: never.',
    },
  },
} as const;
