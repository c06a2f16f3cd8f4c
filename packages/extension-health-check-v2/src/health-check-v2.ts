import type { Context, Extension, Host } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { createHttpServer, getRoute, httpReply, httpServerSettings } from '@millrace/transport';
import type { HttpExchange, HttpReply, HttpRoute, Server } from '@millrace/transport';
import type { HealthCheckV2Config } from './config.ts';
import { healthReport } from './health-report.ts';
import type { HealthRules } from './health-report.ts';

/** Answers how the service fares, from its start to its shutdown. */
export class HealthCheckV2 implements Extension {
  readonly #config: HealthCheckV2Config;
  readonly #context: Context;
  readonly #rules: HealthRules;
  #server: Server | undefined;

  constructor(config: HealthCheckV2Config, context: Context) {
    const { component_health: included } = config;
    this.#config = config;
    this.#context = context;
    this.#rules = {
      permanentErrors: included?.include_permanent_errors === true,
      ...(included?.include_recoverable_errors === true && { recoveryMs: durationMs(included.recovery_duration) }),
    };
  }

  async start(host: Host): Promise<void> {
    const { http } = this.#config;
    const routes = new Map<string, HttpRoute>();
    if (http.status.enabled)
      routes.set(
        http.status.path,
        getRoute((exchange) => this.#status(exchange, host)),
      );
    if (http.config.enabled) {
      routes.set(
        http.config.path,
        getRoute(() => httpReply(200, 'application/json', host.service.printedConfig('json'))),
      );
    }
    this.#server = createHttpServer(httpServerSettings(http, this.#context, host), routes, host.pool);
    const endpoint = await this.#server.start();
    this.#context.logger.info('Starting health check extension V2', { endpoint });
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    await this.#server?.stop(signal);
  }

  #status(exchange: HttpExchange, { service }: Host): HttpReply {
    const query = new URLSearchParams(exchange.url.split('?')[1]);
    const verbose = query.has('verbose') && query.get('verbose') !== 'false';
    const health = healthReport(service, this.#rules, this.#context.clock.now(), query.get('pipeline') ?? undefined, verbose);
    if (health === undefined) return httpReply(404, 'text/plain; charset=utf-8', 'there is no such pipeline\n');
    return httpReply(health.code, 'application/json', JSON.stringify(health.report));
  }
}
