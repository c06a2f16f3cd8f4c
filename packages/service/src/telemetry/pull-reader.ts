import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { acceptsGzip, negotiate, writeFamilies } from '@millrace/prometheus-format';
import type { PrometheusReaderConfig } from '@millrace/config';
import { listen } from '@millrace/transport';
import type { Exposition } from './exposition.ts';
import type { TelemetrySnapshot } from './snapshot.ts';

/**
 * Serves own metrics at `/metrics`, in the format that the client asks for: Prometheus text, OpenMetrics, Prometheus protobuf or
 * (`Accept: application/json`) JSON.
 */
export class PullReader {
  readonly #config: PrometheusReaderConfig;
  readonly #exposition: Exposition;
  readonly #snapshot: () => Promise<TelemetrySnapshot>;
  readonly #server: Server;

  constructor(config: PrometheusReaderConfig, exposition: Exposition, snapshot: () => Promise<TelemetrySnapshot>) {
    this.#config = config;
    this.#exposition = exposition;
    this.#snapshot = snapshot;
    this.#server = createServer(
      { requestTimeout: 10_000, keepAliveTimeout: 90_000 },
      (request, response) => void this.#answer(request, response),
    );
  }

  /** Listens, and resolves with the address. Rejects, in the words of the Collector, when the port is taken. */
  async start(): Promise<string> {
    const { host, port } = this.#config;
    const endpoint = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    try {
      return await listen(this.#server, endpoint, 'tcp');
    } catch (error) {
      throw new Error(
        `failed to create meter provider: binding address ${endpoint} for Prometheus exporter: ${(error as Error).message}; ` +
          'set another port under service::telemetry::metrics::readers, or service::telemetry::metrics::level to none',
        { cause: error },
      );
    }
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeIdleConnections();
    const timer = setTimeout(() => this.#server.closeAllConnections(), 1_000);
    await closed;
    clearTimeout(timer);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume();
    if (request.url?.split('?', 1)[0] !== '/metrics') return plainAnswer(response, 404, '404 page not found');
    if (request.method !== 'GET' && request.method !== 'HEAD') return plainAnswer(response, 405, 'method not allowed, supported: GET');
    try {
      const { headers } = request;
      const format = negotiate(headers.accept, { openMetrics: true });
      let body = writeFamilies(this.#exposition.families(await this.#snapshot()), format);
      const gzip = acceptsGzip(headers['accept-encoding'] as string | undefined);
      if (gzip) body = gzipSync(body, { level: 1 });
      response.writeHead(200, {
        'content-type': format.contentType,
        'content-length': body.length,
        ...(gzip && { 'content-encoding': 'gzip' }),
      });
      response.end(request.method === 'HEAD' ? undefined : body);
    } catch (error) {
      plainAnswer(response, 500, `an error occurred while serving metrics: ${(error as Error).message}`);
    }
  }
}

function plainAnswer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
}
