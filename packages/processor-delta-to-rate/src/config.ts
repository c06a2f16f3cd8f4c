/** The checked configuration. */
export interface DeltaToRateConfig {
  readonly metrics: readonly string[];
}

/** JSON Schema of the settings. */
export const configSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    metrics: { type: 'array', items: { type: 'string' }, default: [], description: 'Names of the delta sums to convert. Required.' },
  },
} as const;
