import type { Context, ExporterFactory, Host, ItemLedger, Logger, LogLevel, Stage } from '@millrace/api';
import type { BackendConfig } from './config.ts';
import { hashRing } from './hash-ring.ts';

/** The exporter of an endpoint. */
export interface Backend {
  /** With port. */
  readonly endpoint: string;
  readonly exporter: Stage;
}

const defaultPort = 4317;

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** The started exporters of the current endpoints, and which of them serves which place of the ring. */
export class Backends {
  readonly #config: BackendConfig;
  readonly #context: Context;
  readonly #host: Host;
  readonly #factory: ExporterFactory<BackendConfig>;
  /** By endpoint with port. */
  readonly #running = new Map<string, Backend>();
  readonly #ending = new Set<Promise<unknown>>();
  #setting: Promise<void> = Promise.resolve();
  #stopped = false;
  readonly #signal: AbortSignal;
  #ring: Uint16Array = hashRing([]);
  #endpoints: readonly string[] = [];
  #served: readonly (Backend | undefined)[] = [];

  constructor(config: BackendConfig, context: Context, host: Host, signal: AbortSignal) {
    this.#config = config;
    this.#context = context;
    this.#host = host;
    this.#factory = host.factory('exporter', 'otlp_grpc') as ExporterFactory<BackendConfig>;
    this.#signal = signal;
  }

  /** Endpoints as the resolver names them. */
  get size(): number {
    return this.#endpoints.length;
  }

  /** For every place of the ring the index of its endpoint; empty when there is none. */
  get ring(): Uint16Array {
    return this.#ring;
  }

  /** The exporter of an endpoint; `undefined` when it did not start. */
  at(index: number): Backend | undefined {
    return this.#served[index];
  }

  nameAt(index: number): string {
    return this.#endpoints[index] ?? '';
  }

  /** Makes the endpoints those that are served: starts what is missing first, then stops, draining it, what is not among them. */
  set(endpoints: readonly string[]): Promise<void> {
    this.#setting = this.#setting.then(() => this.#set(endpoints));
    return this.#setting;
  }

  async #set(endpoints: readonly string[]): Promise<void> {
    if (this.#stopped) return;
    const wanted = endpoints.map(withPort);
    for (const endpoint of wanted) if (!this.#running.has(endpoint)) await this.#add(endpoint);
    this.#ring = hashRing(endpoints);
    this.#endpoints = endpoints;
    this.#served = wanted.map((endpoint) => this.#running.get(endpoint));
    for (const [endpoint, { exporter }] of this.#running) {
      if (wanted.includes(endpoint)) continue;
      this.#running.delete(endpoint);
      this.#end(endpoint, exporter);
    }
  }

  /** Stops all of them, draining them; nothing is served any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#setting;
    for (const [endpoint, { exporter }] of this.#running) this.#end(endpoint, exporter);
    this.#running.clear();
    this.#ring = hashRing([]);
    await Promise.all(this.#ending);
  }

  async #add(endpoint: string): Promise<void> {
    const { logger, id, items, report } = this.#context;
    const log = withFields(logger, { endpoint });
    // Its items are those of this exporter, which names no single server.
    const books: ItemLedger = {
      drop: (count, reason) => items.drop(count, reason),
      create: (count) => items.create(count),
      absorb: (count) => items.absorb(count),
      hold: (count) => items.hold(count),
      label: () => {},
    };
    const context = { ...this.#context, id: `otlp_grpc/${id}_${endpoint}`, logger: log, items: books, report };
    let exporter: Stage;
    try {
      exporter = this.#factory.create({ ...this.#config, endpoint }, context);
    } catch (error) {
      return logger.error('failed to create new exporter for endpoint', { endpoint, error: (error as Error).message });
    }
    try {
      await exporter.start?.(this.#host);
      this.#running.set(endpoint, { endpoint, exporter });
    } catch (error) {
      logger.error('failed to start new exporter for endpoint', { endpoint, error: (error as Error).message });
      this.#end(endpoint, exporter);
    }
  }

  #end(endpoint: string, exporter: Stage): void {
    const stopping = (async () => exporter.shutdown?.(this.#signal))()
      .catch((error: unknown) => {
        this.#context.logger.error('failed to shut down the exporter of an endpoint', { endpoint, error: (error as Error).message });
      })
      .finally(() => this.#ending.delete(stopping));
    this.#ending.add(stopping);
  }
}

function withPort(endpoint: string): string {
  return endpoint.includes(':') ? endpoint : `${endpoint}:${defaultPort}`;
}

function withFields(logger: Logger, fields: Readonly<Record<string, unknown>>): Logger {
  return Object.fromEntries(
    levels.map((level) => [
      level,
      (message: string, attributes?: Readonly<Record<string, unknown>>) => logger[level](message, { ...fields, ...attributes }),
    ]),
  ) as unknown as Logger;
}
