import { grpcServerProperties, httpServerProperties } from '@millrace/transport';
import type { GrpcServerConfig, HttpServerConfig } from '@millrace/transport';

/** A page of the server. */
export interface PageConfig {
  readonly enabled: boolean;
  readonly path: string;
}

/** The `http` block. */
export type HealthHttpConfig = HttpServerConfig & { readonly status: PageConfig; readonly config: PageConfig };

/** The checked configuration of extension `healthcheckv2`. */
export interface HealthCheckV2Config {
  readonly use_v2: boolean;
  readonly http?: HealthHttpConfig;
  readonly grpc?: GrpcServerConfig;
  readonly component_health?: {
    readonly include_permanent_errors: boolean;
    readonly include_recoverable_errors: boolean;
    readonly recovery_duration: string;
  };
}

const page = (path: string, enabled: boolean, description: string): object => ({
  type: 'object',
  additionalProperties: false,
  default: {},
  description,
  properties: {
    enabled: { type: 'boolean', default: enabled, description: 'Whether the page is served.' },
    path: { type: 'string', default: path, description: 'Path of the page.' },
  },
});

const useFirst = 'belongs to the first version; use extension health_check for it';

export const configSchema: object = {
  type: 'object',
  additionalProperties: false,
  properties: {
    use_v2: {
      type: 'boolean',
      default: false,
      description: 'Must be true: the answers of the first version are those of extension health_check.',
    },
    http: {
      type: 'object',
      'x-null-enables': true,
      additionalProperties: false,
      description: 'Answer probes over HTTP. Mentioning it turns it on.',
      properties: {
        ...httpServerProperties({ endpoint: 'localhost:13133' }),
        status: page('/status', true, 'Health of the service; with ?pipeline=NAME of one pipeline, with ?verbose of each component.'),
        config: page('/config', false, 'The configuration in use, secrets redacted.'),
      },
    },
    grpc: {
      type: 'object',
      'x-null-enables': true,
      additionalProperties: false,
      description: 'Answer probes over gRPC (grpc.health.v1.Health). Mentioning it turns it on.',
      properties: grpcServerProperties({ endpoint: 'localhost:13132' }),
    },
    component_health: {
      type: 'object',
      additionalProperties: false,
      description: 'Which errors of components make the service unhealthy. Without it only fatal ones do.',
      properties: {
        include_permanent_errors: {
          type: 'boolean',
          default: false,
          description: 'Answer 500 (gRPC: NOT_SERVING) when a component has an error that stays.',
        },
        include_recoverable_errors: {
          type: 'boolean',
          default: false,
          description: 'Answer 500 (gRPC: NOT_SERVING) when a component has had a temporary error for longer than recovery_duration.',
        },
        recovery_duration: {
          type: 'string',
          format: 'duration',
          default: '1m',
          description: 'How long a temporary error may last, as a duration.',
        },
      },
    },
    endpoint: { 'x-unsupported': useFirst },
    path: { 'x-unsupported': useFirst },
    response_body: { 'x-unsupported': useFirst },
    check_collector_pipeline: { 'x-unsupported': useFirst },
  },
};
