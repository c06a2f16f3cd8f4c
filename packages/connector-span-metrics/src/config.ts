/** One entry of a list of dimensions: `name` or `glob`. */
export interface DimensionConfig {
  readonly name?: string;
  readonly default?: string;
  readonly glob?: string;
}

/** The checked configuration of connector `span_metrics`. */
export interface SpanMetricsConfig {
  readonly dimensions: readonly DimensionConfig[];
  readonly calls_dimensions: readonly DimensionConfig[];
  readonly exclude_dimensions: readonly string[];
  readonly dimensions_cache_size?: number;
  readonly resource_metrics_cache_size: number;
  readonly resource_metrics_key_attributes: readonly string[];
  readonly aggregation_temporality: string;
  readonly histogram: {
    readonly disable: boolean;
    /** Absent: `ms`, or `s` behind a feature gate. */
    readonly unit?: 'ms' | 's';
    readonly exponential?: { readonly max_size: number };
    readonly explicit?: { readonly buckets?: readonly string[] };
    readonly dimensions: readonly DimensionConfig[];
  };
  readonly metrics_flush_interval: string;
  readonly metrics_expiration: string;
  readonly series_expiration: string;
  readonly metric_timestamp_cache_size: number;
  readonly namespace: string;
  readonly exemplars: { readonly enabled: boolean; readonly max_per_data_point: number };
  readonly events: { readonly enabled: boolean; readonly dimensions: readonly DimensionConfig[] };
  readonly include_instrumentation_scope: readonly string[];
  readonly aggregation_cardinality_limit: number;
  readonly add_resource_attributes: boolean;
  readonly enable_metrics_sampling_method: boolean;
}

const flag = (description: string): object => ({ type: 'boolean', default: false, description });
const texts = (description: string): object => ({ type: 'array', items: { type: 'string' }, default: [], description });
const duration = (fallback: string, description: string): object => ({
  type: 'string',
  format: 'duration',
  default: fallback,
  description,
});
const dimensions = (description: string): object => ({
  type: 'array',
  default: [],
  description,
  items: {
    type: 'object',
    additionalProperties: false,
    properties: {
      name: { type: 'string', description: 'An attribute: of the span, or else of the resource.' },
      default: { type: 'string', description: 'The value where the attribute is absent. Without one the dimension is left out there.' },
      glob: {
        type: 'string',
        description:
          'Instead of `name`: a pattern of names, in which `*` ends at a dot and `**` does not. Each attribute that matches is a dimension.',
      },
    },
  },
});
const section = (description: string, properties: object, more: object = {}): object => ({
  type: 'object',
  additionalProperties: false,
  description,
  properties,
  ...more,
});

export const configSchema: object = {
  type: 'object',
  additionalProperties: false,
  properties: {
    dimensions: dimensions('Attributes that tell series of all metrics apart, besides service, span name, kind and status.'),
    calls_dimensions: dimensions('More dimensions of the metric `calls`.'),
    exclude_dimensions: texts('Dimensions to leave out: `service.name`, `span.name`, `span.kind`, `status.code`, `collector.instance.id`.'),
    dimensions_cache_size: {
      type: 'integer',
      'x-deprecated': 'use aggregation_cardinality_limit',
      description: 'Has no effect, as in the Collector.',
    },
    resource_metrics_cache_size: {
      type: 'integer',
      default: 1000,
      description:
        'The number of resources that are remembered; beyond it those that were silent for longest are reported once more and forgotten.',
    },
    resource_metrics_key_attributes: texts(
      'The attributes by which resources are told apart, such as those that survive a restart. Empty: by all of them.',
    ),
    aggregation_temporality: {
      type: 'string',
      default: 'AGGREGATION_TEMPORALITY_CUMULATIVE',
      description: '`AGGREGATION_TEMPORALITY_DELTA` reports what is new since the last time; anything else all since the start.',
    },
    histogram: section(
      'The metric `duration`.',
      {
        disable: flag('Whether to make no histograms.'),
        unit: {
          type: 'string',
          enum: ['ms', 's'],
          'x-enum-insensitive': true,
          description: 'The unit of durations, `ms` or `s`. Default `ms`.',
        },
        exponential: section('Makes exponential histograms. Mention it with a setting or as `{}`.', {
          max_size: { type: 'integer', default: 160, description: 'The number of buckets; the resolution adapts to it.' },
        }),
        explicit: section('Makes histograms with explicit buckets, which is the default.', {
          buckets: {
            type: 'array',
            items: { type: 'string', format: 'duration' },
            description:
              'Upper bounds of the buckets, ascending. Without `explicit`: 2ms, 4ms, 6ms, 8ms, 10ms, 50ms, 100ms, 200ms, 400ms, 800ms, 1s, 1.4s, 2s, 5s, 10s, 15s. An `explicit: {}` without them makes one bucket.',
          },
        }),
        dimensions: dimensions('More dimensions of the metric `duration`.'),
      },
      { default: {} },
    ),
    metrics_flush_interval: duration('60s', 'The pause between reports.'),
    metrics_expiration: duration('0s', 'How long after its last span a resource is forgotten; `0s`: never.'),
    series_expiration: duration('0s', 'How long after its last span a series is forgotten; `0s`: never.'),
    metric_timestamp_cache_size: {
      type: 'integer',
      default: 1000,
      description:
        'With delta temporality: the number of series whose last report is remembered, so that the next one begins where it ended.',
    },
    namespace: { type: 'string', default: 'traces.span.metrics', description: 'What names of metrics begin with, before a dot.' },
    exemplars: section(
      'Spans as examples at the points.',
      {
        enabled: flag('Whether points have exemplars: the first spans since the last report.'),
        max_per_data_point: { type: 'integer', default: 5, description: 'The number of exemplars of a point.' },
      },
      { default: {} },
    ),
    events: section(
      'The metric `events`.',
      {
        enabled: flag('Whether events of spans are counted.'),
        dimensions: dimensions(
          'More dimensions of the metric `events`: attributes of the span, of the event or of the resource. At least one.',
        ),
      },
      { default: {} },
    ),
    include_instrumentation_scope: texts('Instrumentation scopes whose name and version become dimensions.'),
    aggregation_cardinality_limit: {
      type: 'integer',
      default: 0,
      description:
        'The number of series of a metric and resource; what is beyond is counted in one series with `otel.metric.overflow`. 0: no limit.',
    },
    add_resource_attributes: flag(
      'Whether metrics have the attributes of the resource although the gate connector.spanmetrics.excludeResourceMetrics takes them away.',
    ),
    enable_metrics_sampling_method: flag(
      'Whether `sampling.method` tells spans that stand for several (`extrapolated`) from the others (`counted`).',
    ),
  },
};
