import type { Component, Consumer, Context, Host, Signal } from '@millrace/api';
import { createGrpcServer, createHttpServer, grpcServerSettings, httpServerSettings, type Server } from '@millrace/transport';
import type { OtlpReceiverConfig } from './config.ts';
import { grpcMethods } from './grpc-methods.ts';
import { httpRoutes } from './http-routes.ts';

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
    try {
      if (grpc !== undefined) {
        const settings = grpcServerSettings(grpc, this.#context, host);
        await this.#serve('Starting GRPC server', createGrpcServer(settings, grpcMethods(this.#next), host.pool));
      }
      if (http !== undefined) {
        const settings = httpServerSettings(http, this.#context, host);
        await this.#serve('Starting HTTP server', createHttpServer(settings, httpRoutes(http, this.#next), host.pool));
      }
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
