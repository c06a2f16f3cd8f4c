import { httpServerProperties } from '@millrace/transport';
import type { HttpServerConfig } from '@millrace/transport';
import { namingProperties, resourceLabelsProperties } from '@millrace/prometheus-format';
import type { RegistryConfig } from '@millrace/prometheus-format';

/** The checked configuration of exporter `prometheus`. Times are Go durations. */
export interface PrometheusConfig extends HttpServerConfig, RegistryConfig {
  readonly send_timestamps: boolean;
  readonly enable_open_metrics: boolean;
}

export const configSchema: { readonly [keyword: string]: unknown; readonly properties: Record<string, object> } = {
  type: 'object',
  additionalProperties: false,
  properties: {
    ...httpServerProperties({ endpoint: '' }),
    endpoint: { type: 'string', default: '', description: 'Address to serve /metrics on, as host:port. Required.' },
    ...namingProperties,
    const_labels: {
      type: 'object',
      additionalProperties: { type: 'string' },
      default: {},
      description: 'Labels that every series gets, as name: value.',
    },
    send_timestamps: {
      type: 'boolean',
      default: false,
      description: "Write each value's own time. Without it the server takes the time of the scrape.",
    },
    metric_expiration: {
      type: 'string',
      format: 'duration',
      default: '5m',
      description: 'Duration for which a series is served after its last update.',
    },
    enable_open_metrics: {
      type: 'boolean',
      default: false,
      description: 'Serve OpenMetrics text, with exemplars, to scrapers that ask for it.',
    },
    without_scope_info: {
      type: 'boolean',
      default: false,
      description:
        'Leave out the labels otel_scope_name, otel_scope_version, otel_scope_schema_url and those of the attributes of the scope.',
    },
    ...resourceLabelsProperties,
    sending_queue: { 'x-unsupported': 'values go straight into memory and nothing can be slow there; leave it out' },
  },
};
