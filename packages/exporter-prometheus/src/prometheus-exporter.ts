import { setImmediate } from 'node:timers/promises';
import { PipelineError } from '@millrace/api';
import type { Batch, Consumed, Context, Host, Stage, Timer } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { createHttpServer, httpServerSettings } from '@millrace/transport';
import type { HttpRoute, Server } from '@millrace/transport';
import { Registry } from '@millrace/prometheus-format';
import { answerScrape } from './answer-scrape.ts';
import type { PrometheusConfig } from './config.ts';
import { Turns } from './turns.ts';

const notRunning = new PipelineError('prometheus is not running', { kind: 'retryable' });

/** Keeps the last value of every series and serves them on `/metrics`. */
export class PrometheusExporter implements Stage {
  readonly #config: PrometheusConfig;
  readonly #context: Context;
  readonly #registry: Registry;
  readonly #expirationMs: number;
  readonly #turns = new Turns();
  #server: Server | undefined;
  #timer: Timer | undefined;
  #isRunning = false;

  constructor(config: PrometheusConfig, context: Context) {
    this.#config = config;
    this.#context = context;
    this.#registry = new Registry(config, context);
    this.#expirationMs = durationMs(config.metric_expiration);
  }

  async start(host: Host): Promise<void> {
    const { logger } = this.#context;
    const { send_timestamps: sendTimestamps, enable_open_metrics: openMetrics } = this.#config;
    const options = { sendTimestamps, openMetrics, logger, sinks: [], turns: this.#turns };
    const routes = new Map([
      [
        '/metrics',
        {
          begin: (exchange) => answerScrape(exchange, this.#registry, options),
          receive: (_exchange, body) => body.release(),
          fail: () => undefined,
        } satisfies HttpRoute,
      ],
    ]);
    this.#server = createHttpServer(httpServerSettings(this.#config, this.#context, host), routes, host.pool);
    const endpoint = await this.#server.start();
    logger.info('Serving metrics', { endpoint });
    this.#registry.start(host.memory);
    this.#isRunning = true;
    this.#expireLater();
  }

  consume(batch: Batch): Consumed {
    if (!this.#isRunning) throw notRunning;
    this.#registry.consume(batch);
    return this.#turns.pause();
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    this.#isRunning = false;
    this.#timer?.cancel();
    await this.#server?.stop(signal);
    this.#registry.stop();
  }

  #expireLater(): void {
    if (this.#expirationMs > 0) this.#timer = this.#context.clock.setTimeout(() => void this.#expire(), this.#expirationMs);
  }

  async #expire(): Promise<void> {
    for (const _step of this.#registry.expire()) await setImmediate();
    if (this.#isRunning) this.#expireLater();
  }
}
