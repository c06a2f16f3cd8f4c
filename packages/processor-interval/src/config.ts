/** The checked configuration. */
export interface IntervalConfig {
  readonly interval: string;
  readonly pass_through: { readonly gauge: boolean; readonly summary: boolean };
}

/** JSON Schema of the settings. */
export const configSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    interval: { type: 'string', format: 'duration', default: '60s', description: 'How often the last points are sent on.' },
    pass_through: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'Types of metrics that are sent on at once.',
      properties: {
        gauge: { type: 'boolean', default: false, description: 'Whether gauges pass.' },
        summary: { type: 'boolean', default: false, description: 'Whether summaries pass.' },
      },
    },
  },
} as const;
