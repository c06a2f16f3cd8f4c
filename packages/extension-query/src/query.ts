import { isMetricSource, isPipelineError } from '@millrace/api';
import type { Context, Extension, Host, MetricSource } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { Engine, QueryError } from '@millrace/promql';
import { createHttpServer, httpReply, httpServerSettings } from '@millrace/transport';
import type { HttpExchange, HttpRoute, Server } from '@millrace/transport';
import { answerError } from './answer.ts';
import type { QueryConfig } from './config.ts';
import type { Handler } from './handler.ts';
import { Parameters } from './parameters.ts';
import { routeOf } from './routes.ts';
import { Turns } from './turns.ts';

const formType = 'application/x-www-form-urlencoded';

/** Serves Prometheus's query API from its start to its shutdown. */
export class Query implements Extension {
  readonly #config: QueryConfig;
  readonly #context: Context;
  readonly #turns: Turns;
  #host: Host | undefined;
  #server: Server | undefined;
  #found: { readonly source: MetricSource; readonly engine: Engine } | undefined;

  constructor(config: QueryConfig, context: Context) {
    this.#config = config;
    this.#context = context;
    this.#turns = new Turns(config.max_concurrency);
  }

  async start(host: Host): Promise<void> {
    this.#host = host;
    const routes = { get: (path: string): HttpRoute | undefined => this.#route(path) };
    this.#server = createHttpServer(httpServerSettings(this.#config, this.#context, host), routes, host.pool);
    this.#context.logger.info('Answering queries', { endpoint: await this.#server.start() });
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    await this.#server?.stop(signal);
  }

  #route(path: string): HttpRoute | undefined {
    const found = routeOf(path);
    if (found === undefined) return undefined;
    const { methods, handler, labelName } = found;
    return {
      begin: (exchange) => {
        if (!methods.includes(exchange.method)) exchange.reply(httpReply(405, 'text/plain; charset=utf-8', 'Method Not Allowed\n'));
      },
      receive: (exchange, lease, length) => {
        const body = Buffer.from(lease.buffer.subarray(0, length));
        lease.release();
        void this.#handle(exchange, body, handler, labelName);
      },
      fail: (exchange, fault, detail) => {
        if (fault === 'no memory') answerError(exchange, 'timeout', 'out of memory');
        else answerError(exchange, 'bad_data', `error parsing form values: ${detail}`);
      },
      unauthenticated: (exchange, message) => exchange.reply(httpReply(401, 'text/plain; charset=utf-8', `${message}\n`)),
    };
  }

  async #handle(exchange: HttpExchange, body: Buffer, handler: Handler, labelName: string): Promise<void> {
    const left = new AbortController();
    exchange.onLeave(() => left.abort());
    if (!(await this.#turns.take())) return answerError(exchange, 'timeout', 'too many requests are waiting');
    try {
      const { source, engine } = this.#source();
      const query = exchange.url.indexOf('?');
      const isForm = exchange.contentType.startsWith(formType);
      // As in Go, what the form says comes first.
      const parameters = new URLSearchParams(isForm ? body.toString() : '');
      for (const [name, value] of new URLSearchParams(query < 0 ? '' : exchange.url.slice(query + 1))) parameters.append(name, value);
      await handler({
        exchange,
        parameters: new Parameters(parameters),
        body,
        labelName,
        source,
        engine,
        nowMs: this.#context.clock.now(),
        lookbackMs: durationMs(this.#config.lookback_delta),
        samplesMax: this.#config.max_samples,
        version: this.#host!.service.program.version,
        signal: left.signal,
      });
    } catch (error) {
      this.#answerError(exchange, error);
    } finally {
      this.#turns.pass();
    }
  }

  #answerError(exchange: HttpExchange, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof QueryError) answerError(exchange, error.type, message);
    else if (isPipelineError(error)) answerError(exchange, 'execution', message);
    else {
      this.#context.logger.error('Failed to answer a query', { error: message });
      answerError(exchange, 'internal', message);
    }
  }

  /** Found at the first request, when all extensions have started. */
  #source(): { readonly source: MetricSource; readonly engine: Engine } {
    if (this.#found === undefined) {
      const source = this.#findSource();
      const engine = new Engine(source, {
        timeoutMs: durationMs(this.#config.timeout),
        lookbackMs: durationMs(this.#config.lookback_delta),
        samplesMax: this.#config.max_samples,
      });
      this.#found = { source, engine };
    }
    return this.#found;
  }

  #findSource(): MetricSource {
    const host = this.#host!;
    const { source } = this.#config;
    if (source !== undefined) return host.extension(source, isMetricSource).metrics;
    const found: MetricSource[] = [];
    for (const { kind, id } of host.service.components()) {
      if (kind !== 'extension' || id === this.#context.id) continue;
      try {
        found.push(host.extension(id, isMetricSource).metrics);
      } catch {
        // It has no metrics.
      }
    }
    if (found.length === 1) return found[0]!;
    const how =
      found.length === 0 ? 'no extension has metrics: add extension history' : 'several extensions have metrics: name one as source';
    throw new QueryError('internal', how);
  }
}
