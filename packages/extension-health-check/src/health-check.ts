import type { Context, Extension, Host } from '@millrace/api';
import {
  createHttpServer,
  type HttpExchange,
  httpReply,
  type HttpReply,
  type HttpRoute,
  type HttpRoutes,
  httpServerSettings,
  type Server,
} from '@millrace/transport';
import type { HealthCheckConfig } from './config.ts';
import { durationText } from './duration-text.ts';

/** Answers 200 while the pipelines run and 503 otherwise, from its start to its shutdown, with the bodies of the Collector. */
export class HealthCheck implements Extension, HttpRoutes, HttpRoute {
  readonly #config: HealthCheckConfig;
  readonly #context: Context;
  #server: Server | undefined;
  #upSinceMs: number | undefined;

  constructor(config: HealthCheckConfig, context: Context) {
    this.#config = config;
    this.#context = context;
  }

  async start(host: Host): Promise<void> {
    this.#server = createHttpServer(httpServerSettings(this.#config, this.#context, host), this, host.pool);
    await this.#server.start();
  }

  ready(): void {
    this.#upSinceMs = this.#context.clock.now();
    this.#context.logger.info('Health Check state change', { status: 'ready' });
  }

  notReady(): void {
    this.#upSinceMs = undefined;
    this.#context.logger.info('Health Check state change', { status: 'unavailable' });
  }

  async shutdown(): Promise<void> {
    await this.#server?.stop(AbortSignal.abort());
  }

  /** The route of a path: this one, or none. */
  get(asked: string): HttpRoute | undefined {
    const { path } = this.#config;
    return (path.endsWith('/') ? asked.startsWith(path) : asked === path) ? this : undefined;
  }

  begin(exchange: HttpExchange): void {
    exchange.reply(this.#reply());
  }

  receive(): void {
    // Every request was answered on its head.
  }

  fail(): void {
    // Every request was answered on its head.
  }

  #reply(): HttpReply {
    const { response_body: bodies } = this.#config;
    const healthy = this.#upSinceMs !== undefined;
    const status = healthy ? 200 : 503;
    const reply =
      bodies === undefined
        ? httpReply(status, 'application/json', this.#status())
        : httpReply(status, 'text/plain; charset=utf-8', healthy ? bodies.healthy : bodies.unhealthy);
    return { ...reply, headers: [...reply.headers, 'Connection', 'close'] };
  }

  #status(): string {
    const upSinceMs = this.#upSinceMs;
    if (upSinceMs === undefined) return JSON.stringify({ status: 'Server not available', upSince: '0001-01-01T00:00:00Z', uptime: '' });
    const uptime = durationText(this.#context.clock.now() - upSinceMs);
    return JSON.stringify({ status: 'Server available', upSince: new Date(upSinceMs).toISOString(), uptime });
  }
}
