/** An attribute of a sum's points. */
export interface AttributeConfig {
  readonly key: string;
  /** A text, an int or a double; anything else is none. */
  readonly default_value?: unknown;
}

/** What a metric sums. */
export interface MetricConfig {
  readonly description: string;
  readonly source_attribute: string;
  readonly conditions: readonly string[];
  readonly attributes: readonly AttributeConfig[];
}

/** The things whose attributes can be summed, in the order of their metrics. */
export const kinds = ['spans', 'spanevents', 'datapoints', 'logs'] as const;
export type Kind = (typeof kinds)[number];

/** The checked configuration of connector `sum`. */
export type SumConfig = { readonly [kind in Kind]: Readonly<Record<string, MetricConfig>> };

const metrics = (description: string): object => ({
  type: 'object',
  default: {},
  description,
  additionalProperties: {
    type: 'object',
    additionalProperties: false,
    properties: {
      description: { type: 'string', default: '', description: 'The description of the metric.' },
      source_attribute: {
        type: 'string',
        default: '',
        description: 'The attribute whose values are summed: a number, or a text that is one. Required.',
      },
      conditions: {
        type: 'array',
        items: { type: 'string' },
        default: [],
        description: 'OTTL conditions of which one must hold for an item to be summed. Empty: every item is.',
      },
      attributes: {
        type: 'array',
        default: [],
        description: 'Attributes of the item whose values are summed apart.',
        items: {
          type: 'object',
          additionalProperties: false,
          properties: {
            key: { type: 'string', default: '', description: 'The name of the attribute.' },
            default_value: { description: 'The value where there is none. Without it, what lacks the attribute is not summed.' },
          },
        },
      },
    },
  },
});

export const configSchema: object = {
  type: 'object',
  additionalProperties: false,
  properties: {
    spans: metrics('Metrics that sum an attribute of spans, by their names.'),
    spanevents: metrics('Metrics that sum an attribute of events of spans.'),
    datapoints: metrics('Metrics that sum an attribute of data points.'),
    logs: metrics('Metrics that sum an attribute of log records.'),
    metrics: { description: 'Metrics that sum an attribute of metrics.', 'x-unsupported': 'metrics have no attributes; use datapoints' },
  },
};
