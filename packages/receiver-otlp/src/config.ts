import { type GrpcServerConfig, grpcServerProperties, type HttpServerConfig, httpServerProperties } from '@millrace/transport';

/** The `protocols.http` block. */
export interface OtlpHttpConfig extends HttpServerConfig {
  readonly traces_url_path: string;
  readonly metrics_url_path: string;
  readonly logs_url_path: string;
}

/** The checked configuration of receiver `otlp`. */
export interface OtlpReceiverConfig {
  readonly protocols: { readonly grpc?: GrpcServerConfig; readonly http?: OtlpHttpConfig };
}

const grpc = {
  type: 'object',
  'x-null-enables': true,
  additionalProperties: false,
  description: 'Receive OTLP over gRPC. Mentioning it turns it on.',
  properties: grpcServerProperties({ endpoint: 'localhost:4317' }),
};

const http = {
  type: 'object',
  'x-null-enables': true,
  additionalProperties: false,
  description: 'Receive OTLP over HTTP, as protobuf and JSON. Mentioning it turns it on.',
  properties: {
    ...httpServerProperties({ endpoint: 'localhost:4318', timeouts: false }),
    traces_url_path: { type: 'string', default: '/v1/traces', description: 'Path that takes traces.' },
    metrics_url_path: { type: 'string', default: '/v1/metrics', description: 'Path that takes metrics.' },
    logs_url_path: { type: 'string', default: '/v1/logs', description: 'Path that takes logs.' },
  },
};

export const configSchema: object = {
  type: 'object',
  additionalProperties: false,
  properties: {
    protocols: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'The protocols to receive; at least one.',
      properties: { grpc, http },
    },
  },
};
