import type { Component, Consumer, Context, Host, Signal } from '@millrace/api';
import { durationMs } from '@millrace/config';
import {
  createGrpcServer,
  createHttpServer,
  type GrpcKeepalive,
  type GrpcServerSettings,
  type HttpServerSettings,
  type Server,
} from '@millrace/transport';
import type { OtlpGrpcConfig, OtlpHttpConfig, OtlpReceiverConfig } from './config.ts';
import { grpcMethods } from './grpc-methods.ts';
import { httpRoutes } from './http-routes.ts';

const defaultMaxBodyBytes = 20 * 1024 * 1024;
const defaultMaxMessageMib = 4;
const defaultMaxStreams = 1000;

/** Receives OTLP: one server per protocol, shared by all signals that have a pipeline. */
export class OtlpReceiver implements Component {
  readonly #config: OtlpReceiverConfig;
  readonly #next: ReadonlyMap<Signal, Consumer>;
  readonly #context: Context;
  readonly #servers: Server[] = [];

  constructor(config: OtlpReceiverConfig, next: ReadonlyMap<Signal, Consumer>, context: Context) {
    this.#config = config;
    this.#next = next;
    this.#context = context;
  }

  async start(host: Host): Promise<void> {
    const { grpc, http } = this.#config.protocols;
    if (grpc !== undefined)
      await this.#serve('Starting GRPC server', createGrpcServer(grpcSettings(grpc), grpcMethods(this.#next), host.pool));
    if (http === undefined) return;
    try {
      await this.#serve('Starting HTTP server', createHttpServer(httpSettings(http), httpRoutes(http, this.#next), host.pool));
    } catch (error) {
      await this.shutdown(AbortSignal.abort());
      throw error;
    }
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop(signal)));
  }

  async #serve(message: string, server: Server): Promise<void> {
    const endpoint = await server.start();
    this.#servers.push(server);
    this.#context.logger.info(message, { endpoint });
  }
}

function grpcSettings(config: OtlpGrpcConfig): GrpcServerSettings {
  return {
    endpoint: config.endpoint,
    transport: config.transport,
    maxReceiveMessageBytes: (config.max_recv_msg_size_mib || defaultMaxMessageMib) * 1024 * 1024,
    maxConcurrentStreams: config.max_concurrent_streams || defaultMaxStreams,
    includeMetadata: config.include_metadata,
    keepalive: keepalive(config),
  };
}

function keepalive({ keepalive: { server_parameters: server, enforcement_policy: policy } }: OtlpGrpcConfig): GrpcKeepalive {
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

function httpSettings(config: OtlpHttpConfig): HttpServerSettings {
  const { cors } = config;
  return {
    endpoint: config.endpoint,
    transport: config.transport,
    maxRequestBodyBytes: config.max_request_body_size > 0 ? config.max_request_body_size : defaultMaxBodyBytes,
    compressionAlgorithms: config.compression_algorithms,
    includeMetadata: config.include_metadata,
    responseHeaders: config.response_headers,
    keepAlivesEnabled: config.keep_alives_enabled,
    readTimeoutMs: durationMs(config.read_timeout),
    readHeaderTimeoutMs: durationMs(config.read_header_timeout),
    writeTimeoutMs: durationMs(config.write_timeout),
    idleTimeoutMs: durationMs(config.idle_timeout),
    cors:
      cors === undefined
        ? undefined
        : {
            allowedOrigins: cors.allowed_origins,
            allowedHeaders: cors.allowed_headers,
            exposedHeaders: cors.exposed_headers,
            maxAgeSeconds: cors.max_age,
          },
  };
}
