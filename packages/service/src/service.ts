import { isPipelineError } from '@millrace/api';
import type { Clock, ComponentKind, Context, Factory, FactoryEntry, Host, Logger } from '@millrace/api';
import type { CheckedConfig } from '@millrace/config';
import { BufferPool, MemoryLedger } from '@millrace/wire';
import { buildGraph } from './graph.ts';
import type { Graph, GraphNode } from './graph.ts';
import { Ledger } from './item-ledger.ts';
import { createLogger } from './logger.ts';
import { openLog } from './open-log.ts';
import { defaultMemoryBudgetBytes } from './memory-budget.ts';

/** Shutdown drains for at most this long before what is left is dropped and counted. */
const drainTimeoutMs = 9_000;

/** What a service is made of. */
export interface ServiceOptions {
  readonly config: CheckedConfig;
  /** The components that the configuration may name. */
  readonly components: readonly FactoryEntry[];
  readonly program: Context['program'];
  /** Default: the machine's clock. */
  readonly clock?: Clock;
  /** Where log lines go; default `service::telemetry::logs::output_paths`. */
  readonly writeLog?: (line: string) => void;
  /** Bytes of telemetry in flight and in memory queues; default a quarter of the memory that this process may use. */
  readonly memoryBudgetBytes?: number;
}

const machineClock: Clock = {
  now: () => Date.now(),
  setTimeout: (callback, delayMs) => {
    const timer = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};

function reasonOf(error: unknown): string {
  return error instanceof Error || isPipelineError(error) ? error.message : String(error);
}

/**
 * The running pipelines of one configuration. `create` builds and connects everything, `start` starts it from the exporters to the
 * receivers, `shutdown` stops it in the opposite sense and drains what is held.
 */
export class Service {
  readonly logger: Logger;
  readonly ledger: Ledger;
  readonly memory: MemoryLedger;
  /** Resolves with the error of a component that cannot go on. */
  readonly failure: Promise<Error>;
  readonly #graph: Graph;
  readonly #host: Host;
  #started: GraphNode[] = [];
  #stopping: Promise<void> | undefined;

  private constructor(graph: Graph, ledger: Ledger, logger: Logger, memory: MemoryLedger) {
    this.#graph = graph;
    this.ledger = ledger;
    this.logger = logger;
    this.memory = memory;
    const { promise, resolve } = Promise.withResolvers<Error>();
    this.failure = promise;
    this.#host = {
      pool: new BufferPool(memory),
      memory,
      extension: (id, guard) => {
        const found = graph.extensions.find((extension) => extension.id === id)?.component;
        if (found === undefined) throw new Error(`extension "${id}" not found`);
        if (!guard(found)) throw new Error(`extension "${id}" is not of the kind that is needed here`);
        return found;
      },
      fatal: (error) => {
        logger.error('Asynchronous error received, terminating process', { error: error.message });
        resolve(error);
      },
    };
  }

  /** Loads the components that the configuration names and builds the graph. Rejects with `failed to build pipelines: ...`. */
  static async create(options: ServiceOptions): Promise<Service> {
    const { config, components, program, clock = machineClock } = options;
    const { logs } = config.service.telemetry;
    const write = options.writeLog ?? openLog(logs.output_paths);
    const makeLogger = (fields: Readonly<Record<string, unknown>>): Logger =>
      createLogger({
        level: logs.level,
        encoding: logs.encoding,
        sampling: logs.sampling,
        fields: { ...logs.initial_fields, ...fields },
        clock,
        write,
      });
    const loaded = await loadFactories(config, components);
    const ledger = new Ledger();
    let graph: Graph;
    try {
      graph = buildGraph(config, { factory: (kind, type) => loaded.get(`${kind}/${type}`)!, ledger, clock, program, logger: makeLogger });
    } catch (error) {
      throw new Error(`failed to build pipelines: ${reasonOf(error)}`, { cause: error });
    }
    const memory = new MemoryLedger(options.memoryBudgetBytes ?? defaultMemoryBudgetBytes());
    return new Service(graph, ledger, makeLogger({}), memory);
  }

  /** Starts extensions, then everything from exporters to receivers. On failure what was started is shut down again. */
  async start(): Promise<void> {
    const { extensions, nodes } = this.#graph;
    this.logger.info('Starting extensions...');
    await this.#startAll(extensions, 'failed to start extensions');
    await this.#startAll(nodes, 'cannot start pipelines');
    for (const { component } of extensions) await component.ready?.();
    this.logger.info('Everything is ready. Begin running and processing data.');
  }

  /** Stops receivers first and exporters last, drains what is held (9 s at most), collects every error into one AggregateError. */
  shutdown(): Promise<void> {
    this.#stopping ??= this.#shutdown();
    return this.#stopping;
  }

  async #startAll(nodes: readonly GraphNode[], failure: string): Promise<void> {
    for (const node of nodes) {
      try {
        this.#started.push(node);
        await node.component.start?.(this.#host);
      } catch (error) {
        await this.shutdown().catch((inner: unknown) =>
          this.logger.error('Shutting down after a failed start.', { error: reasonOf(inner) }),
        );
        throw new Error(`${failure}: failed to start ${node.label}: ${reasonOf(error)}`, { cause: error });
      }
    }
  }

  async #shutdown(): Promise<void> {
    this.logger.info('Starting shutdown...');
    const signal = AbortSignal.timeout(drainTimeoutMs);
    const errors: unknown[] = [];
    const attempt = async (stop: () => Promise<void> | void): Promise<void> => {
      try {
        await stop();
      } catch (error) {
        errors.push(error);
      }
    };
    for (const { component } of this.#graph.extensions.toReversed()) await attempt(() => component.notReady?.());
    for (const { component } of this.#started.toReversed()) await attempt(() => component.shutdown?.(signal));
    for (const entry of this.ledger.entries) {
      if (entry.in + entry.created + entry.refused === 0) continue;
      const { name, in: taken, out, created, absorbed, held, refused, dropped } = entry;
      this.logger.info('Items.', { component: name, in: taken, created, out, absorbed, held, refused, dropped });
    }
    this.logger.info('Shutdown complete.');
    if (errors.length > 0) throw new AggregateError(errors, errors.map(reasonOf).join('; '));
  }
}

/** Loads the factories of every configured component, in parallel. */
async function loadFactories(config: CheckedConfig, components: readonly FactoryEntry[]): Promise<ReadonlyMap<string, Factory>> {
  const loaded = new Map<string, Factory>();
  const load = async (kind: ComponentKind, type: string): Promise<void> => {
    const entry = components.find((known) => known.kind === kind && known.type === type);
    if (entry !== undefined) loaded.set(`${kind}/${type}`, (await entry.load()).factory);
  };
  const named: [ComponentKind, ReadonlyMap<string, { readonly type: string }>][] = [
    ['receiver', config.receivers],
    ['processor', config.processors],
    ['exporter', config.exporters],
    ['connector', config.connectors],
    ['extension', config.extensions],
  ];
  await Promise.all(named.flatMap(([kind, map]) => [...map.values()].map(({ type }) => load(kind, type))));
  return loaded;
}
