import { namingProperties, resourceLabelsProperties } from '@millrace/prometheus-format';
import type { RegistryConfig } from '@millrace/prometheus-format';

/** The checked configuration of exporter `history`. Those of its settings that exporter `prometheus` has mean the same. */
export interface HistoryExporterConfig extends RegistryConfig {
  readonly store: string;
  readonly content: 'drop' | 'keep';
}

export const configSchema: { readonly [keyword: string]: unknown; readonly properties: Record<string, object> } = {
  type: 'object',
  additionalProperties: false,
  properties: {
    store: {
      type: 'string',
      default: '',
      description: 'The extension that keeps the data, such as history/main. Empty: the only extension history that runs.',
    },
    content: {
      type: 'string',
      enum: ['drop', 'keep'],
      default: 'drop',
      description: 'Whether prompts and responses in traces and logs are kept, or left out.',
    },
    ...namingProperties,
    const_labels: {
      type: 'object',
      additionalProperties: { type: 'string' },
      default: {},
      description: 'Labels that every series gets, as name: value.',
    },
    metric_expiration: {
      type: 'string',
      format: 'duration',
      default: '1h',
      description: 'Duration after its last update when a series is no longer held in memory; what is stored of it stays.',
    },
    without_scope_info: {
      type: 'boolean',
      default: false,
      description:
        'Leave out the labels otel_scope_name, otel_scope_version, otel_scope_schema_url and those of the attributes of the scope.',
    },
    ...resourceLabelsProperties,
  },
};
