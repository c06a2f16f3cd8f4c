import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Context, Extension } from '@millrace/api';
import type { HealthCheckConfig } from './config.ts';
import { durationText } from './duration-text.ts';

/** Answers 200 while the pipelines run and 503 otherwise, from its start to its shutdown, with the bodies of the Collector. */
export class HealthCheck implements Extension {
  readonly #config: HealthCheckConfig;
  readonly #context: Context;
  #server: Server | undefined;
  #upSinceMs: number | undefined;

  constructor(config: HealthCheckConfig, context: Context) {
    this.#config = config;
    this.#context = context;
  }

  async start(): Promise<void> {
    const { endpoint } = this.#config;
    const colon = endpoint.lastIndexOf(':');
    const host = endpoint.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
    const server = createServer((request, response) => this.#answer(request, response));
    this.#server = server;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once('error', reject);
    server.listen({ port: Number(endpoint.slice(colon + 1)), ...(host !== '' && { host }) }, resolve);
    try {
      await promise;
    } catch (error) {
      this.#server = undefined;
      throw new Error(`listening on ${endpoint}: ${(error as Error).message}`, { cause: error });
    }
    server.off('error', reject);
    server.on('error', (error) => this.#context.logger.error('Health check server failed', { error: error.message }));
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
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    request.resume();
    response.setHeader('Connection', 'close');
    const { path, response_body: bodies } = this.#config;
    const [asked = ''] = (request.url ?? '').split('?');
    if (path.endsWith('/') ? !asked.startsWith(path) : asked !== path) {
      response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' }).end('404 page not found\n');
      return;
    }
    response.statusCode = this.#upSinceMs === undefined ? 503 : 200;
    if (bodies === undefined) response.setHeader('Content-Type', 'application/json').end(this.#status());
    else
      response
        .setHeader('Content-Type', 'text/plain; charset=utf-8')
        .end(this.#upSinceMs === undefined ? bodies.unhealthy : bodies.healthy);
  }

  #status(): string {
    const upSinceMs = this.#upSinceMs;
    if (upSinceMs === undefined) return JSON.stringify({ status: 'Server not available', upSince: '0001-01-01T00:00:00Z', uptime: '' });
    const uptime = durationText(this.#context.clock.now() - upSinceMs);
    return JSON.stringify({ status: 'Server available', upSince: new Date(upSinceMs).toISOString(), uptime });
  }
}
