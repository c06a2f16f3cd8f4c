import { queueSchema, retrySchema, timeoutSchema } from '@millrace/exporter-helper';
import type { ExporterSettings, QueueConfig, RetryConfig } from '@millrace/exporter-helper';
import { type GrpcClientConfig, grpcClientProperties } from '@millrace/transport';

/** What decides which backend an item goes to. */
export type RoutingKey = 'traceID' | 'service' | 'resource' | 'metric' | 'streamID' | 'attributes';

/** The settings of resolver `dns`. */
export interface DnsConfig {
  readonly hostname: string;
  readonly port: string;
  readonly interval: string;
  readonly timeout: string;
}

/** The settings of the exporter of each backend: those of `otlp_grpc`. */
export interface BackendConfig extends GrpcClientConfig {
  readonly timeout: string;
  readonly retry_on_failure: RetryConfig;
  readonly sending_queue: QueueConfig;
}

/** The checked configuration. */
export interface LoadBalancingConfig extends ExporterSettings {
  readonly protocol: { readonly otlp: BackendConfig };
  readonly resolver: {
    readonly static?: { readonly hostnames: readonly string[] } | undefined;
    readonly dns?: DnsConfig | undefined;
  };
  readonly routing_key?: RoutingKey | undefined;
  readonly routing_attributes: readonly string[];
}

const { default: _none, ...optionalTimeout } = timeoutSchema;
const { default: _noRetry, ...optionalRetry } = retrySchema;
const { default: _noQueue, ...optionalQueue } = queueSchema;

const noDiscovery = 'use dns with the name of a headless service, which lists the addresses of its pods';

/** JSON Schema of the settings. */
export const configSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    protocol: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'How the backends are spoken to.',
      properties: {
        otlp: {
          type: 'object',
          additionalProperties: false,
          default: {},
          description: 'The settings of the otlp_grpc exporter that every backend has of its own.',
          properties: {
            ...grpcClientProperties({ compression: 'gzip' }),
            endpoint: { type: 'string', description: 'Of no effect: the resolver says where the backends are.' },
            timeout: timeoutSchema,
            retry_on_failure: retrySchema,
            sending_queue: queueSchema,
          },
        },
      },
    },
    resolver: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'What knows the backends: exactly one of these.',
      properties: {
        static: {
          type: 'object',
          additionalProperties: false,
          'x-null-enables': true,
          description: 'A fixed list of backends.',
          properties: {
            hostnames: {
              type: 'array',
              items: { type: 'string' },
              default: [],
              description: 'The backends as `host` or `host:port`; without a port it is 4317.',
            },
          },
        },
        dns: {
          type: 'object',
          additionalProperties: false,
          'x-null-enables': true,
          description: 'Each address of a host name is a backend.',
          properties: {
            hostname: { type: 'string', default: '', description: 'The name to look up.' },
            port: { type: 'string', default: '', description: 'The port of the backends; 4317 when absent.' },
            interval: {
              type: 'string',
              format: 'duration',
              default: '5s',
              description: 'The time between two look-ups; `0s` means the default.',
            },
            timeout: {
              type: 'string',
              format: 'duration',
              default: '1s',
              description: 'How long a look-up may take; `0s` means the default.',
            },
          },
        },
        k8s: { type: 'object', description: 'The pods of a Kubernetes service.', 'x-unsupported': noDiscovery },
        aws_cloud_map: {
          type: 'object',
          description: 'The instances of an AWS Cloud Map service.',
          'x-unsupported': 'use dns with the name of the service in its DNS namespace',
        },
      },
    },
    routing_key: {
      enum: ['traceID', 'service', 'resource', 'metric', 'streamID', 'attributes'],
      description:
        'What decides: items with the same value go to the same backend. Spans: `traceID` (the default), `service`, `attributes`. Logs: `service` (the default), `traceID`, `resource`, `attributes`. Metrics: `service` (the default), `resource`, `metric` (its name), `streamID`, `attributes`.',
    },
    routing_attributes: {
      type: 'array',
      items: { type: 'string' },
      default: [],
      description:
        'With `routing_key: attributes`: the attributes that decide, of the resource, else of the scope, else of the span, log record or data point; also `span.name`, `span.kind`, `log.severity` and `log.body`.',
    },
    timeout: { ...optionalTimeout, description: 'How long handing a batch to all of its backends may take. No limit when absent or `0s`.' },
    retry_on_failure: {
      ...optionalRetry,
      'x-null-enables': true,
      description: 'Routes again, after growing pauses, what a backend did not take. Off unless mentioned.',
    },
    sending_queue: {
      ...optionalQueue,
      'x-null-enables': true,
      description: 'Holds batches before they are routed. Off unless mentioned.',
      properties: {
        ...queueSchema.properties,
        wait_for_result: {
          type: 'boolean',
          description: 'Let the sender wait.',
          'x-unsupported': 'leave out the queue: then the sender waits until the backends have taken the batch',
        },
      },
    },
  },
} as const;
