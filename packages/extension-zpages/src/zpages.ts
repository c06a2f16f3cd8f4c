import type { Context, Extension, Host } from '@millrace/api';
import { createHttpServer, getRoute, httpReply, httpServerSettings } from '@millrace/transport';
import type { HttpExchange, HttpRoute, Server } from '@millrace/transport';
import type { ZPagesConfig } from './config.ts';
import { pages, renderPage } from './page.ts';
import type { Table } from './page.ts';
import { extensionTables, featureTables, pipelineTables, serviceTables, spanTables } from './tables.ts';

/** Serves the pages below `/debug/` from its start to its shutdown. */
export class ZPages implements Extension {
  readonly #config: ZPagesConfig;
  readonly #context: Context;
  #server: Server | undefined;

  constructor(config: ZPagesConfig, context: Context) {
    this.#config = config;
    this.#context = context;
  }

  async start(host: Host): Promise<void> {
    const { service } = host;
    const { clock } = this.#context;
    const tables: Record<(typeof pages)[number], (exchange: HttpExchange) => Table[]> = {
      servicez: () => [...serviceTables(service, clock.now()), ...pipelineTables(service).slice(0, 1), ...extensionTables(service)],
      pipelinez: () => pipelineTables(service),
      extensionz: () => extensionTables(service),
      featurez: () => featureTables(service),
      tracez: (exchange) => spanTables(service, new URLSearchParams(exchange.url.split('?')[1]).get('zspanname') ?? undefined),
    };
    const routes = new Map<string, HttpRoute>();
    for (const page of pages) {
      const route = getRoute((exchange) => httpReply(200, 'text/html; charset=utf-8', renderPage(page, tables[page](exchange))));
      routes.set(`/debug/${page}`, route);
    }
    if (this.#config.expvar.enabled) {
      const values = (): string => JSON.stringify({ cmdline: process.argv, memstats: process.memoryUsage(), cpu: process.cpuUsage() });
      routes.set(
        '/debug/expvarz',
        getRoute(() => httpReply(200, 'application/json', values())),
      );
    }
    this.#server = createHttpServer(httpServerSettings(this.#config, this.#context, host), routes, host.pool);
    this.#context.logger.info('Starting zPages extension', { endpoint: await this.#server.start() });
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    await this.#server?.stop(signal);
  }
}
