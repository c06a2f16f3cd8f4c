import { queueSchema, retrySchema, timeoutSchema } from '@millrace/exporter-helper';
import type { QueueConfig, RetryConfig } from '@millrace/exporter-helper';
import { type HttpClientConfig, httpClientProperties } from '@millrace/transport';

/** The labels that are made unless they are turned off. */
export interface DefaultLabels {
  readonly exporter: boolean;
  readonly job: boolean;
  readonly instance: boolean;
  readonly level: boolean;
}

/** The checked configuration of exporter `loki`. */
export interface LokiConfig extends HttpClientConfig {
  readonly endpoint?: string;
  readonly default_labels_enabled: DefaultLabels;
  readonly timeout: string;
  readonly retry_on_failure: RetryConfig;
  readonly sending_queue: QueueConfig;
}

const label = (description: string): object => ({ type: 'boolean', default: true, description });
const hints = 'use the attribute hints loki.attribute.labels, loki.resource.labels, loki.format and loki.tenant';

export const configSchema: object = {
  type: 'object',
  additionalProperties: false,
  properties: {
    endpoint: {
      type: 'string',
      description: 'The URL of Loki, such as http://loki:3100/loki/api/v1/push; what it ends with becomes /otlp/v1/logs.',
    },
    default_labels_enabled: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'Which attributes are added that were labels of the push API; Loki makes labels of those that its otlp_config lists.',
      properties: {
        exporter: label('Resource attribute `exporter`: OTLP.'),
        job: label('Resource attribute `job`: service.namespace/service.name, or service.name.'),
        instance: label('Resource attribute `instance`: service.instance.id.'),
        level: label('Attribute `level` of log records that have a severity and no level: TRACE, DEBUG, INFO, WARN, ERROR, FATAL.'),
      },
    },
    ...httpClientProperties({ compression: 'gzip' }),
    timeout: { ...timeoutSchema, default: '30s' },
    retry_on_failure: retrySchema,
    sending_queue: queueSchema,
    tenant_id: { type: 'string', description: 'The tenant.', 'x-unsupported': 'set the header X-Scope-OrgID in headers' },
    labels: { type: 'object', description: 'Attributes that become labels.', 'x-unsupported': hints },
    format: { type: 'string', description: 'How lines are written.', 'x-unsupported': hints },
    tenant: { type: 'object', description: 'Where the tenant comes from.', 'x-unsupported': hints },
  },
};
