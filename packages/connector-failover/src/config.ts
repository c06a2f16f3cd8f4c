/** The checked configuration. */
export interface FailoverConfig {
  readonly priority_levels: readonly (readonly string[])[];
  readonly retry_interval: string;
  readonly retry_gap?: string;
  readonly max_retries?: number;
}

/** JSON Schema of the settings. */
export const configSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    priority_levels: {
      type: 'array',
      default: [],
      items: { type: 'array', items: { type: 'string' } },
      description:
        'Lists of pipelines, the preferred list first. All pipelines of a list get the data; the list fails when one of them does.',
    },
    retry_interval: {
      type: 'string',
      format: 'duration',
      default: '10m',
      description: 'How often, while a lower level is in use, one batch is offered to the higher levels first.',
    },
    retry_gap: {
      type: 'string',
      format: 'duration',
      'x-deprecated': 'the levels above are tried one after the other with the same batch',
      description: 'Not used.',
    },
    max_retries: { type: 'integer', 'x-deprecated': 'retries go on until a level works again', description: 'Not used.' },
    sending_queue: {
      'x-unsupported': 'set sending_queue of the exporters behind the last level, and disable that of the others',
      description: 'A queue before the levels.',
    },
  },
} as const;
