/** What is done to one header, with the value of exactly one source (none for `delete`). */
export interface HeaderConfig {
  readonly action: 'upsert' | 'insert' | 'update' | 'delete';
  readonly key?: string;
  readonly value?: string;
  readonly from_context?: string;
  readonly from_attribute?: string;
  readonly default_value?: string;
}

/** The checked configuration of extension `headers_setter`. */
export interface HeadersSetterConfig {
  readonly headers: readonly HeaderConfig[];
}

export const configSchema: object = {
  type: 'object',
  additionalProperties: false,
  properties: {
    headers: {
      type: 'array',
      default: [],
      description: 'What is done to the headers of each request, in order.',
      items: {
        type: 'object',
        additionalProperties: false,
        properties: {
          action: {
            enum: ['upsert', 'insert', 'update', 'delete'],
            default: 'upsert',
            description: 'upsert sets, insert sets where there is none, update sets where there is one, delete removes.',
          },
          key: { type: 'string', description: 'Name of the header.' },
          value: { type: 'string', 'x-secret': true, description: 'A fixed value.' },
          from_context: {
            type: 'string',
            description: 'The name of a metadata key of the request that the data came with; the receiver needs `include_metadata`.',
          },
          from_attribute: {
            type: 'string',
            description: 'The name of an attribute that the authenticator of the receiver found out, such as `subject`.',
          },
          default_value: { type: 'string', 'x-secret': true, description: 'Value when `from_context` or `from_attribute` finds none.' },
        },
      },
    },
    additional_auth: {
      'x-unsupported': 'authenticators cannot be chained; set the Authorization header with `value`, or use the other extension alone',
      description: 'Another authenticator that runs first.',
    },
  },
};
