/** The checked configuration of processor `groupbyattrs`. */
export interface GroupByAttrsConfig {
  readonly keys: readonly string[];
}

export const configSchema: object = {
  type: 'object',
  additionalProperties: false,
  properties: {
    keys: {
      type: 'array',
      items: { type: 'string' },
      default: [],
      description:
        'Keys of the attributes that move from spans, log records and data points to their resource. Empty: only equal resources and scopes become one.',
    },
  },
};
