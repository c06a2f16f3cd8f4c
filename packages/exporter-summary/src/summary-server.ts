import type { Context, Host } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { PriceList, summaryReport, UsageSummary } from '@millrace/genai';
import { createHttpServer, getRoute, httpReply, httpServerSettings } from '@millrace/transport';
import type { HttpExchange, HttpReply, Server } from '@millrace/transport';
import type { SummaryConfig } from './config.ts';

/** By service, the servers of its exporters' ids. */
const running = new WeakMap<object, Map<string, SummaryServer>>();

/** The sums of one exporter id and the endpoint that tells them. It runs from the first `start` to the last `stop`. */
export class SummaryServer {
  readonly summary: UsageSummary;
  readonly #config: SummaryConfig;
  readonly #context: Context;
  readonly #host: Host;
  /** Called before every answer. */
  readonly beforeAnswer = new Set<() => void>();
  #users = 0;
  #started: Promise<void> | undefined;
  #server: Server | undefined;
  #prices: PriceList | undefined;

  constructor(host: Host, config: SummaryConfig, context: Context) {
    this.#host = host;
    this.#config = config;
    this.#context = context;
    this.summary = new UsageSummary({
      retentionMs: durationMs(config.retention),
      limit: config.limit,
      currency: config.prices.currency,
      now: () => context.clock.now(),
    });
  }

  /** The server of the context's id in the host's service. */
  static of(host: Host, config: SummaryConfig, context: Context): SummaryServer {
    const servers = running.get(host.service) ?? new Map<string, SummaryServer>();
    running.set(host.service, servers);
    const server = servers.get(context.id) ?? new SummaryServer(host, config, context);
    servers.set(context.id, server);
    return server;
  }

  /** What calls cost. Throws before the start. */
  get prices(): PriceList {
    if (this.#prices === undefined) throw new Error('the summary is not running');
    return this.#prices;
  }

  start(): Promise<void> {
    this.#users++;
    return (this.#started ??= this.#start());
  }

  async stop(signal: AbortSignal): Promise<void> {
    if (--this.#users > 0) return;
    running.get(this.#host.service)?.delete(this.#context.id);
    await this.#server?.stop(signal);
    this.#prices?.close();
  }

  async #start(): Promise<void> {
    const { logger } = this.#context;
    this.#prices = await PriceList.load({
      ...this.#config.prices,
      onReload: (problem) => {
        if (problem === undefined) logger.info('Read the prices again');
        else logger.error('Failed to read the prices again; the former ones stay', { error: problem.message });
      },
    });
    const routes = new Map([['/summary', getRoute((exchange) => this.#answer(exchange))]]);
    this.#server = createHttpServer(httpServerSettings(this.#config, this.#context, this.#host), routes, this.#host.pool);
    logger.info('Serving summaries', { endpoint: await this.#server.start() });
  }

  #answer({ url }: HttpExchange): HttpReply {
    const window = new URLSearchParams(url.split('?')[1]).get('window') ?? '1h';
    let windowMs = 0;
    try {
      windowMs = durationMs(window);
    } catch {
      // Told below.
    }
    if (!(windowMs > 0))
      return httpReply(400, 'text/plain; charset=utf-8', `window: expected a duration such as 15m or 24h, not "${window}"\n`);
    for (const update of this.beforeAnswer) update();
    // An idle hour is empty, not the last one that had calls; event time may also be ahead of this machine's.
    const untilMs = Math.max(this.#context.clock.now(), this.summary.latestMs) + 1;
    return httpReply(200, 'application/json', JSON.stringify(summaryReport(this.summary.window(windowMs, untilMs))));
  }
}
