import type { Context, Host } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { type AuthConfig, grpcServerAuthSchema, serverAuthenticator } from '../authenticators.ts';
import { createServerTls } from '../tls/server-tls.ts';
import { type ServerTlsConfig, serverTlsSchema } from '../tls/tls-config.ts';
import { type Transport, transportSchema } from './endpoint.ts';
import type { GrpcKeepalive } from './grpc-connection.ts';
import type { GrpcServerSettings } from './grpc-server.ts';
import { includeMetadataSchema } from './http-server-config.ts';
import { createRefusals } from './refusals.ts';

/** The checked settings of a gRPC server (configgrpc.ServerConfig). Times are Go durations. */
export interface GrpcServerConfig {
  readonly endpoint: string;
  readonly transport: Transport;
  readonly tls?: ServerTlsConfig;
  readonly auth?: AuthConfig;
  readonly max_recv_msg_size_mib: number;
  readonly max_concurrent_streams: number;
  readonly include_metadata: boolean;
  readonly keepalive: {
    readonly server_parameters: {
      readonly max_connection_idle: string;
      readonly max_connection_age: string;
      readonly max_connection_age_grace: string;
      readonly time: string;
      readonly timeout: string;
    };
    readonly enforcement_policy?: { readonly min_time: string; readonly permit_without_stream: boolean };
  };
}

const defaultMaxMessageMib = 4;
const defaultMaxStreams = 1000;
const noBufferSize = 'socket buffers are sized by the runtime; leave it out, nothing else changes';

function duration(defaultText: string, description: string): object {
  return { type: 'string', format: 'duration', default: defaultText, description };
}

/** JSON Schemas of the settings that every gRPC server has; spread them into the component's `properties`. */
export function grpcServerProperties({ endpoint }: { readonly endpoint: string }): Record<string, object> {
  return {
    endpoint: {
      type: 'string',
      default: endpoint,
      description: 'Address to listen on, as host:port; without a host, all interfaces. With transport unix, the path of the socket.',
    },
    transport: transportSchema,
    tls: serverTlsSchema,
    auth: grpcServerAuthSchema,
    max_recv_msg_size_mib: {
      type: 'integer',
      minimum: 0,
      default: defaultMaxMessageMib,
      description: 'Largest message, compressed and decompressed, in MiB. 0 means 4.',
    },
    max_concurrent_streams: {
      type: 'integer',
      minimum: 0,
      maximum: 4_294_967_295,
      default: defaultMaxStreams,
      description: 'Number of calls that one connection may have open at a time. 0 means 1000.',
    },
    include_metadata: includeMetadataSchema,
    keepalive: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'How long connections live.',
      properties: {
        server_parameters: {
          type: 'object',
          additionalProperties: false,
          default: {},
          description: 'When connections are closed or probed.',
          properties: {
            max_connection_idle: duration('0s', 'Duration after which a connection without calls is closed. 0s means never.'),
            max_connection_age: duration(
              '0s',
              'Duration, give or take 10 %, after which a connection takes no further calls, so that clients reconnect and spread over servers. 0s means never.',
            ),
            max_connection_age_grace: duration(
              '0s',
              'Duration beyond max_connection_age after which calls that still run are cut off. 0s means never.',
            ),
            time: duration('2h', 'Duration of silence after which a client is pinged. 0s means 2h.'),
            timeout: duration('20s', 'Duration without an answer to a ping after which the connection is closed. 0s means 20s.'),
          },
        },
        enforcement_policy: {
          type: 'object',
          additionalProperties: false,
          description: 'Disconnect clients that ping too often. Absent: pings are never held against a client.',
          properties: {
            min_time: duration('5m', 'Least duration between two pings of a client. 0s means 5m.'),
            permit_without_stream: { type: 'boolean', default: false, description: 'Allow pings while no call is open.' },
          },
        },
      },
    },
    middlewares: { 'x-unsupported': 'middlewares are not supported; put a proxy in front' },
    read_buffer_size: { 'x-unsupported': noBufferSize },
    write_buffer_size: { 'x-unsupported': noBufferSize },
  };
}

/**
 * What `createGrpcServer` needs for a checked configuration: loads certificates and finds the authenticator. Throws in the Collector's words.
 * To be called when the component starts.
 */
export function grpcServerSettings(config: GrpcServerConfig, context: Context, host: Host): GrpcServerSettings {
  return {
    endpoint: config.endpoint,
    transport: config.transport,
    maxReceiveMessageBytes: (config.max_recv_msg_size_mib || defaultMaxMessageMib) * 1024 * 1024,
    maxConcurrentStreams: config.max_concurrent_streams || defaultMaxStreams,
    includeMetadata: config.include_metadata,
    keepalive: keepalive(config),
    authenticator: serverAuthenticator(config.auth, host),
    refusals: createRefusals(context, 'grpc'),
    tls: config.tls === undefined ? undefined : createServerTls(config.tls, context),
  };
}

function keepalive({ keepalive: { server_parameters: server, enforcement_policy: policy } }: GrpcServerConfig): GrpcKeepalive {
  return {
    maxConnectionIdleMs: durationMs(server.max_connection_idle),
    maxConnectionAgeMs: durationMs(server.max_connection_age),
    maxConnectionAgeGraceMs: durationMs(server.max_connection_age_grace),
    timeMs: durationMs(server.time) || 7_200_000,
    timeoutMs: durationMs(server.timeout) || 20_000,
    enforcement:
      policy === undefined
        ? undefined
        : { minTimeMs: durationMs(policy.min_time) || 300_000, permitWithoutStream: policy.permit_without_stream },
  };
}
