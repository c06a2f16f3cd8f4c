import { isMetricSource, isPipelineError } from '@millrace/api';
import type { Context, Extension, Host, MetricSource } from '@millrace/api';
import { isHistory } from '@millrace/history';
import type { HistoryStore } from '@millrace/history';
import { createHttpServer, httpReply, httpServerSettings } from '@millrace/transport';
import type { HttpExchange, HttpRoute, Server } from '@millrace/transport';
import { formatted } from './answer.ts';
import type { AnalyticsConfig } from './config.ts';
import { AskError } from './endpoint.ts';
import type { Ask, Endpoint, RequestCounts } from './endpoint.ts';
import { endpoints } from './endpoints.ts';
import { MetricReader } from './metric-reader.ts';
import { openApi } from './openapi.ts';
import { commonParameters, Parameters } from './parameters.ts';

const json = 'application/json';
const byPath = new Map(endpoints.map((endpoint) => [endpoint.path, endpoint]));

/** Serves analytics from its start to its shutdown. */
export class Analytics implements Extension {
  readonly #config: AnalyticsConfig;
  readonly #context: Context;
  readonly #requests: RequestCounts;
  #host: Host | undefined;
  #server: Server | undefined;
  #found: { readonly source: MetricSource; readonly store: HistoryStore | undefined } | undefined;
  #active = 0;

  constructor(config: AnalyticsConfig, context: Context) {
    this.#config = config;
    this.#context = context;
    this.#requests = { total: 0, failed: 0, startedMs: context.clock.now() };
  }

  async start(host: Host): Promise<void> {
    this.#host = host;
    const routes = { get: (path: string): HttpRoute | undefined => this.#route(path) };
    this.#server = createHttpServer(httpServerSettings(this.#config, this.#context, host), routes, host.pool);
    this.#context.logger.info('Answering analytics', { endpoint: await this.#server.start() });
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    await this.#server?.stop(signal);
  }

  #route(path: string): HttpRoute | undefined {
    const endpoint = byPath.get(path);
    if (endpoint === undefined && path !== '/openapi.json') return undefined;
    return {
      begin: (exchange) => {
        if (exchange.method !== 'GET' && exchange.method !== 'HEAD') this.#fail(exchange, 405, 'only GET and HEAD are answered');
      },
      receive: (exchange, lease) => {
        lease.release();
        if (endpoint === undefined)
          exchange.reply(httpReply(200, json, JSON.stringify(openApi(endpoints, this.#host!.service.program.version))));
        else void this.#answer(exchange, endpoint);
      },
      fail: (exchange, _, detail) => this.#fail(exchange, 400, detail),
      unauthenticated: (exchange, message) => this.#fail(exchange, 401, message),
    };
  }

  async #answer(exchange: HttpExchange, endpoint: Endpoint): Promise<void> {
    this.#requests.total++;
    if (this.#active >= this.#config.max_concurrency) return this.#fail(exchange, 503, 'too many requests are being answered');
    this.#active++;
    try {
      const query = exchange.url.indexOf('?');
      const parameters = new Parameters(new URLSearchParams(query < 0 ? '' : exchange.url.slice(query + 1)), {
        ...endpoint.parameters,
        ...commonParameters,
      });
      const accept = exchange.header('accept');
      const ask = this.#ask(parameters, accept);
      const asText = endpoint.text !== undefined && parameters.text('format') === '' && !/application\/json|text\/csv/.test(accept);
      if (asText) {
        const { type, body } = await endpoint.text!(ask);
        exchange.reply(httpReply(200, type, body));
        return;
      }
      const found = await endpoint.find(ask);
      const { type, body } = formatted(endpoint, found, parameters, accept);
      exchange.reply(httpReply(found.status ?? 200, type, body));
    } catch (error) {
      this.#failWith(exchange, error);
    } finally {
      this.#active--;
    }
  }

  #ask(parameters: Parameters, accept: string): Ask {
    this.#found ??= this.#find();
    const { source, store } = this.#found;
    return {
      parameters,
      accept,
      source,
      store,
      reader: new MetricReader(source),
      host: this.#host!,
      nowMs: this.#context.clock.now(),
      baselineModel: this.#config.baseline_model,
      requests: this.#requests,
    };
  }

  #failWith(exchange: HttpExchange, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof AskError) return this.#fail(exchange, error.status, message);
    this.#context.logger.error('Failed to answer a request', { error: message });
    return this.#fail(exchange, isPipelineError(error) ? 503 : 500, message);
  }

  #fail(exchange: HttpExchange, status: number, message: string): void {
    this.#requests.failed++;
    exchange.reply(httpReply(status, json, JSON.stringify({ error: message })));
  }

  /** At the first request, when all extensions have started. */
  #find(): { readonly source: MetricSource; readonly store: HistoryStore | undefined } {
    const host = this.#host!;
    const ids = host.service.components().flatMap(({ kind, id }) => (kind === 'extension' && id !== this.#context.id ? [id] : []));
    const all = this.#config.source === undefined ? ids : [this.#config.source];
    const sources = all.filter((id) => extensionAs(host, id, isMetricSource) !== undefined);
    if (sources.length !== 1) {
      const { source } = this.#config;
      if (source !== undefined) throw new AskError(503, `extension ${source} has no metrics`);
      const how =
        sources.length === 0 ? 'no extension has metrics: add extension history' : 'several extensions have metrics: name one as source';
      throw new AskError(503, how);
    }
    const id = sources[0]!;
    return { source: host.extension(id, isMetricSource).metrics, store: extensionAs(host, id, isHistory)?.store };
  }
}

/** Undefined when it is not there, or of another kind. */
function extensionAs<T>(host: Host, id: string, guard: (extension: unknown) => extension is T): T | undefined {
  try {
    return host.extension(id, guard);
  } catch {
    return undefined;
  }
}
