import { queueSchema, retrySchema, timeoutSchema } from '@millrace/exporter-helper';
import type { QueueConfig, RetryConfig } from '@millrace/exporter-helper';
import { type HttpClientConfig, httpClientProperties } from '@millrace/transport';

/** The checked configuration of exporter `otlp_http`. */
export interface OtlpHttpConfig extends HttpClientConfig {
  readonly endpoint?: string;
  readonly traces_endpoint?: string;
  readonly metrics_endpoint?: string;
  readonly logs_endpoint?: string;
  readonly profiles_endpoint?: string;
  readonly encoding: 'proto' | 'json';
  readonly timeout: string;
  readonly retry_on_failure: RetryConfig;
  readonly sending_queue: QueueConfig;
}

const endpointOf = (signal: string): object => ({
  type: 'string',
  description: `The URL for ${signal}, used as it stands instead of \`endpoint\` and a path.`,
});

export const configSchema: object = {
  type: 'object',
  additionalProperties: false,
  properties: {
    endpoint: { type: 'string', description: 'The base URL; `/v1/traces`, `/v1/metrics` and `/v1/logs` are appended.' },
    traces_endpoint: endpointOf('traces'),
    metrics_endpoint: endpointOf('metrics'),
    logs_endpoint: endpointOf('logs'),
    profiles_endpoint: endpointOf('profiles'),
    encoding: { enum: ['proto', 'json'], default: 'proto', description: 'How requests are written: protobuf or OTLP/JSON.' },
    ...httpClientProperties({ compression: 'gzip' }),
    timeout: { ...timeoutSchema, default: '30s' },
    retry_on_failure: retrySchema,
    sending_queue: queueSchema,
  },
};
