/** An attribute of a count's points. */
export interface AttributeConfig {
  readonly key: string;
  /** Absent or null: what lacks the attribute is not counted. */
  readonly default_value?: unknown;
}

/** What a metric counts. */
export interface MetricConfig {
  readonly description: string;
  readonly conditions: readonly string[];
  readonly attributes: readonly AttributeConfig[];
}

/** Metrics by their names. */
export type MetricConfigs = Readonly<Record<string, MetricConfig | null | undefined>>;

/** The things that can be counted, in the order of their metrics. */
export const kinds = ['spans', 'spanevents', 'metrics', 'datapoints', 'logs'] as const;
export type Kind = (typeof kinds)[number];

/** The checked configuration of connector `count`; a kind that is absent or empty has its default. */
export type CountConfig = { readonly [kind in Kind]?: MetricConfigs };

const attributes = {
  type: 'array',
  default: [],
  description: 'Attributes whose values are counted apart, looked up in the item, its scope and its resource. Not for `metrics`.',
  items: {
    type: 'object',
    additionalProperties: false,
    properties: {
      key: { type: 'string', default: '', description: 'The name of the attribute.' },
      default_value: { description: 'The value where there is none. Without it, what lacks the attribute is not counted.' },
    },
  },
};

const metrics = (description: string): object => ({
  type: 'object',
  description,
  additionalProperties: {
    type: 'object',
    additionalProperties: false,
    properties: {
      description: { type: 'string', default: '', description: 'The description of the metric.' },
      conditions: {
        type: 'array',
        items: { type: 'string' },
        default: [],
        description: 'OTTL conditions of which one must hold for an item to be counted. Empty: every item counts.',
      },
      attributes,
    },
  },
});

export const configSchema: object = {
  type: 'object',
  additionalProperties: false,
  properties: {
    spans: metrics('Metrics that count spans, by their names. Default: `trace.span.count`.'),
    spanevents: metrics('Metrics that count events of spans. Default: `trace.span.event.count`.'),
    metrics: metrics('Metrics that count metrics. Default: `metric.count`.'),
    datapoints: metrics('Metrics that count data points. Default: `metric.datapoint.count`.'),
    logs: metrics('Metrics that count log records. Default: `log.record.count`.'),
    profiles: { description: 'Metrics that count profiles.', 'x-unsupported': 'profiles pass through uninterpreted; leave it out' },
  },
};

const standard = (description: string): MetricConfig => ({ description, conditions: [], attributes: [] });

/** What is counted where a kind is not configured. */
export const defaults: { readonly [kind in Kind]: Readonly<Record<string, MetricConfig>> } = {
  spans: { 'trace.span.count': standard('The number of spans observed.') },
  spanevents: { 'trace.span.event.count': standard('The number of span events observed.') },
  metrics: { 'metric.count': standard('The number of metrics observed.') },
  datapoints: { 'metric.datapoint.count': standard('The number of data points observed.') },
  logs: { 'log.record.count': standard('The number of log records observed.') },
};
