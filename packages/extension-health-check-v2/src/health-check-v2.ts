import type { Context, Extension, Host } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { createGrpcServer, createHttpServer, getRoute, grpcServerSettings, httpReply, httpServerSettings } from '@millrace/transport';
import type { GrpcServerConfig, HttpExchange, HttpReply, HttpRoute, Server } from '@millrace/transport';
import type { HealthCheckV2Config, HealthHttpConfig } from './config.ts';
import { GrpcHealth } from './grpc-health.ts';
import { healthReport } from './health-report.ts';
import type { HealthRules } from './health-report.ts';

/** Answers how the service fares, from its start to its shutdown. */
export class HealthCheckV2 implements Extension {
  readonly #config: HealthCheckV2Config;
  readonly #context: Context;
  readonly #rules: HealthRules;
  readonly #servers: Server[] = [];
  #grpcHealth: GrpcHealth | undefined;

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
    const { http, grpc } = this.#config;
    try {
      const endpoint = http && (await this.#serveHttp(http, host));
      const grpcEndpoint = grpc && (await this.#serveGrpc(grpc, host));
      this.#context.logger.info('Starting health check extension V2', {
        ...(endpoint !== undefined && { endpoint }),
        ...(grpcEndpoint !== undefined && { grpc_endpoint: grpcEndpoint }),
      });
    } catch (error) {
      await this.shutdown(AbortSignal.abort());
      throw error;
    }
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    this.#grpcHealth?.close();
    await Promise.all(this.#servers.map((server) => server.stop(signal)));
  }

  #serveHttp(http: HealthHttpConfig, host: Host): Promise<string> {
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
    return this.#serve(createHttpServer(httpServerSettings(http, this.#context, host), routes, host.pool));
  }

  #serveGrpc(grpc: GrpcServerConfig, host: Host): Promise<string> {
    const settings = grpcServerSettings(grpc, this.#context, host);
    this.#grpcHealth = new GrpcHealth(host.service, this.#rules, this.#context.clock);
    return this.#serve(createGrpcServer(settings, this.#grpcHealth.methods, host.pool));
  }

  #serve(server: Server): Promise<string> {
    this.#servers.push(server);
    return server.start();
  }

  #status(exchange: HttpExchange, { service }: Host): HttpReply {
    const query = new URLSearchParams(exchange.url.split('?')[1]);
    const verbose = query.has('verbose') && query.get('verbose') !== 'false';
    const health = healthReport(service, this.#rules, this.#context.clock.now(), query.get('pipeline') ?? '', verbose);
    if (health === undefined) return httpReply(404, 'text/plain; charset=utf-8', 'there is no such pipeline\n');
    return httpReply(health.code, 'application/json', JSON.stringify(health.report));
  }
}
