import { type GrpcServerConfig, grpcServerProperties, type HttpServerConfig, httpServerProperties } from '@millrace/transport';

/** One of the `protocols` that listen for UDP. */
export interface UdpConfig {
  readonly endpoint: string;
  readonly queue_size: number;
  readonly max_packet_size: number;
  readonly workers: number;
  readonly socket_buffer_size: number;
}

/** The checked configuration of receiver `jaeger`. */
export interface JaegerReceiverConfig {
  readonly protocols: {
    readonly grpc?: GrpcServerConfig;
    readonly thrift_http?: HttpServerConfig;
    readonly thrift_compact?: UdpConfig;
    readonly thrift_binary?: UdpConfig;
  };
}

const udp = (endpoint: string, protocol: string): object => ({
  type: 'object',
  'x-null-enables': true,
  additionalProperties: false,
  description: `Receive what Jaeger clients send to an agent in Thrift’s ${protocol} protocol. Mentioning it turns it on.`,
  properties: {
    endpoint: { type: 'string', default: endpoint, description: 'Address to listen on, as host:port; without a host, all IPv4 addresses.' },
    queue_size: {
      type: 'integer',
      minimum: 0,
      default: 1000,
      description: 'Number of packets that wait while the pipeline is busy; further ones are dropped.',
    },
    max_packet_size: { type: 'integer', minimum: 1, default: 65_000, description: 'Largest packet in bytes; larger ones are dropped.' },
    workers: { type: 'integer', minimum: 1, default: 10, description: 'Number of packets that the pipeline works on at a time.' },
    socket_buffer_size: {
      type: 'integer',
      minimum: 0,
      default: 0,
      description: 'Receive buffer of the socket in bytes; 0 for the default of the system.',
    },
  },
});

export const configSchema: object = {
  type: 'object',
  additionalProperties: false,
  properties: {
    protocols: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'The protocols to receive; at least one.',
      properties: {
        grpc: {
          type: 'object',
          'x-null-enables': true,
          additionalProperties: false,
          description: 'Receive `PostSpans` of Jaeger’s api_v2 over gRPC. Mentioning it turns it on.',
          properties: grpcServerProperties({ endpoint: 'localhost:14250' }),
        },
        thrift_http: {
          type: 'object',
          'x-null-enables': true,
          additionalProperties: false,
          description: 'Receive batches in Thrift’s binary protocol over HTTP, at /api/traces. Mentioning it turns it on.',
          properties: httpServerProperties({ endpoint: 'localhost:14268' }),
        },
        thrift_compact: udp('localhost:6831', 'compact'),
        thrift_binary: udp('localhost:6832', 'binary'),
      },
    },
    remote_sampling: {
      type: 'object',
      description: 'Where Jaeger clients ask how to sample.',
      'x-unsupported': 'sampling strategies are not served; configure the sampler in the SDK',
    },
  },
};
