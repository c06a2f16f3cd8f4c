import type { Component, Consumer, Context, Host } from '@millrace/api';
import { createHttpServer, httpServerSettings, type Server } from '@millrace/transport';
import type { ZipkinReceiverConfig } from './config.ts';
import { spanRoutes } from './span-routes.ts';

/** Receives Zipkin spans over HTTP. */
export class ZipkinReceiver implements Component {
  readonly #config: ZipkinReceiverConfig;
  readonly #next: Consumer;
  readonly #context: Context;
  #server: Server | undefined;

  constructor(config: ZipkinReceiverConfig, next: Consumer, context: Context) {
    this.#config = config;
    this.#next = next;
    this.#context = context;
  }

  async start(host: Host): Promise<void> {
    const routes = spanRoutes(this.#config.parse_string_tags, this.#next, this.#context.clock);
    const server = createHttpServer(httpServerSettings(this.#config, this.#context, host), routes, host.pool);
    const endpoint = await server.start();
    this.#server = server;
    this.#context.logger.info('Starting HTTP server for Zipkin', { endpoint });
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    await this.#server?.stop(signal);
  }
}
