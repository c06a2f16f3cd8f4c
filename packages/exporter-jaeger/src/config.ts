import { queueSchema, retrySchema, timeoutSchema } from '@millrace/exporter-helper';
import type { QueueConfig, RetryConfig } from '@millrace/exporter-helper';
import { type GrpcClientConfig, grpcClientProperties } from '@millrace/transport';

/** The checked configuration of exporter `jaeger`. */
export interface JaegerExporterConfig extends GrpcClientConfig {
  readonly timeout: string;
  readonly retry_on_failure: RetryConfig;
  readonly sending_queue: QueueConfig;
}

export const configSchema: object = {
  type: 'object',
  additionalProperties: false,
  properties: {
    ...grpcClientProperties({ compression: '' }),
    timeout: timeoutSchema,
    retry_on_failure: retrySchema,
    sending_queue: queueSchema,
  },
};
