import { queueSchema, retrySchema, timeoutSchema } from '@millrace/exporter-helper';
import type { QueueConfig, RetryConfig } from '@millrace/exporter-helper';
import { type HttpClientConfig, httpClientProperties } from '@millrace/transport';

/** The checked configuration of exporter `zipkin`. */
export interface ZipkinExporterConfig extends HttpClientConfig {
  readonly endpoint?: string;
  readonly format: 'json' | 'proto';
  readonly default_service_name: string;
  readonly timeout: string;
  readonly retry_on_failure: RetryConfig;
  readonly sending_queue: QueueConfig;
}

export const configSchema: object = {
  type: 'object',
  additionalProperties: false,
  properties: {
    endpoint: { type: 'string', description: 'The URL to post spans to, such as http://localhost:9411/api/v2/spans.' },
    format: { enum: ['json', 'proto'], default: 'json', description: 'How spans are written: Zipkin’s v2 JSON or protobuf.' },
    default_service_name: {
      type: 'string',
      default: '<missing service name>',
      description: 'The service name of spans whose resource names no service.',
    },
    ...httpClientProperties({ compression: '' }),
    timeout: timeoutSchema,
    retry_on_failure: retrySchema,
    sending_queue: queueSchema,
  },
};
