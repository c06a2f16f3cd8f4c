import { setTimeout as delay } from 'node:timers/promises';
import { setEnvironmentData } from 'node:worker_threads';
import { isPipelineError, sharedPorts } from '@millrace/api';
import type { Clock, ComponentKind, Context, Factory, FactoryEntry, Host, Logger, ServiceInfo } from '@millrace/api';
import { printConfig } from '@millrace/config';
import type { CheckedConfig } from '@millrace/config';
import { BufferPool, MemoryLedger } from '@millrace/wire';
import { buildGraph } from './graph.ts';
import type { Graph, GraphNode } from './graph.ts';
import { Ledger } from './item-ledger.ts';
import { openLog, ownStreams } from './open-log.ts';
import type { StandardStreams } from './open-log.ts';
import { defaultMemoryBudgetBytes } from './memory-budget.ts';
import type { Observer } from './observer.ts';
import type { PluginLoading } from './plugins/load-plugin.ts';
import { featureGates, isOnByDefault } from './feature-gates.ts';
import { StatusBoard } from './status-board.ts';
import { OwnTelemetry } from './telemetry/own-telemetry.ts';
import type { TelemetrySnapshot } from './telemetry/snapshot.ts';
import type { SentStatus } from './workers/messages.ts';
import type { RemoteStages } from './workers/remote-stages.ts';
import { Tallies } from './workers/tallies.ts';
import { WorkerPool } from './workers/worker-pool.ts';

/** Shutdown drains for at most this long before what is left is dropped and counted. */
const drainTimeoutMs = 9_000;
/** What hears that the time is up has so long to come to its end; then it is left behind. */
const graceMs = 200;

/** What a service is made of. */
export interface ServiceOptions {
  readonly config: CheckedConfig;
  /** The components that the configuration may name. */
  readonly components: readonly FactoryEntry[];
  readonly program: Context['program'];
  /** The enabled feature gates, by id; default those that are on by themselves. */
  readonly featureGates?: ReadonlySet<string>;
  /** Default: the machine's clock. */
  readonly clock?: Clock;
  /** Takes the log lines, instead of `service::telemetry::logs::output_paths`. */
  readonly writeLog?: (line: string) => void;
  /** What `stdout` and `stderr` among the output paths are. Default: this process's. */
  readonly streams?: StandardStreams;
  /** Bytes of telemetry in flight and in memory queues; default a quarter of the memory that this process may use. */
  readonly memoryBudgetBytes?: number;
  /** Further threads that share the work, and the script that each of them runs (it calls `runWorker`). Default: none. */
  readonly workers?: { readonly threads: number; readonly script: URL };
  /** Sees what goes into and out of every component of this thread. */
  readonly observer?: Observer;
  /** How the configuration's plugins are imported. */
  readonly plugins?: PluginLoading;
  /** What makes this service the share of a worker thread. */
  readonly thread?: ServiceThread;
}

/** The place of a worker's service in the process. */
export interface ServiceThread {
  /** From 1 on. */
  readonly index: number;
  readonly memoryShares: Float64Array;
  readonly tallies: ReadonlyMap<string, Float64Array>;
  /** The stages that live on the main thread. */
  readonly remote: RemoteStages;
  readonly onStatus: (report: SentStatus) => void;
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

interface ServiceParts {
  readonly graph: Graph;
  readonly ledger: Ledger;
  readonly logger: Logger;
  readonly memory: MemoryLedger;
  readonly memoryShares: Float64Array;
  readonly info: ServiceInfo;
  readonly statuses: StatusBoard;
  readonly options: ServiceOptions;
  readonly telemetry: OwnTelemetry;
  readonly factory: Host['factory'];
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
  readonly #workers: WorkerPool | undefined;
  /** Whether this is the main thread's service, which speaks for the process. */
  readonly #isMain: boolean;
  readonly #telemetry: OwnTelemetry;
  /** Besides the main one. */
  readonly #threads: number;
  #started: GraphNode[] = [];
  #stopping: Promise<void> | undefined;

  private constructor(parts: ServiceParts) {
    const { graph, ledger, logger, memory, info, statuses, options, memoryShares } = parts;
    this.#graph = graph;
    this.ledger = ledger;
    this.logger = logger;
    this.memory = memory;
    this.#isMain = options.thread === undefined;
    this.#telemetry = parts.telemetry;
    this.#threads = options.workers?.threads ?? 0;
    const tallies = new Tallies(memoryShares.length, options.thread?.index ?? 0, options.thread?.tallies);
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
      factory: parts.factory,
      tally: (name) => tallies.open(name),
      service: info,
      fatal: (error) => {
        logger.error('Asynchronous error received, terminating process', { error: error.message });
        resolve(error);
      },
    };
    const { config, program, workers } = options;
    if (workers === undefined || workers.threads === 0) return;
    this.#workers = new WorkerPool({
      ...workers,
      workerData: () => ({
        config,
        program,
        featureGates: options.featureGates,
        memoryBudgetBytes: memory.budget,
        memoryShares,
        tallies: tallies.shares,
      }),
      stages: graph.shared,
      pool: this.#host.pool,
      onStatus: (worker, { component, status, error }) =>
        statuses.entries
          .find((entry) => entry.name === component)
          ?.setOther(worker, status, error === undefined ? undefined : new Error(error)),
      onFailure: (error) => this.#host.fatal(error),
    });
  }

  /** Loads the components that the configuration names and builds the graph. Rejects with `failed to build pipelines: ...`. */
  static async create(options: ServiceOptions): Promise<Service> {
    const { config, program, clock = machineClock } = options;
    const components = [...options.components, ...(await pluginComponents(config, options.plugins))];
    const { thread } = options;
    const { output_paths: paths, error_output_paths: errorPaths } = config.service.telemetry.logs;
    const streams = options.streams ?? ownStreams;
    const writeLog = options.writeLog ?? openLog(paths, errorPaths, streams);
    const telemetry = await OwnTelemetry.create({ config, program, clock, thread: thread?.index ?? 0, writeLog, stdout: streams.stdout });
    const loaded = await loadFactories(config, components);
    const ledger = new Ledger();
    const statuses = new StatusBoard(clock, (entry) => {
      const { status, error } = entry.report;
      thread?.onStatus({ component: entry.name, status, ...(error !== undefined && { error: error.message }) });
    });
    const { meter, tracer, logs: makeLogger } = telemetry;
    const factory = (kind: ComponentKind, type: string): Factory => {
      const found = loaded.get(`${kind}/${type}`);
      if (found === undefined) throw new Error(`there is no factory of ${kind} "${type}"`);
      return options.observer?.standIn(found) ?? found;
    };
    let graph: Graph;
    try {
      const shared = { factory, ledger, statuses, meter, tracer, clock, program, logger: makeLogger };
      graph = buildGraph(config, {
        ...shared,
        ...(options.observer && { observer: options.observer }),
        ...(thread && { remote: thread.remote }),
      });
    } catch (error) {
      throw new Error(`failed to build pipelines: ${reasonOf(error)}`, { cause: error });
    }
    const threads = options.workers?.threads ?? 0;
    const memoryShares = thread?.memoryShares ?? new Float64Array(new SharedArrayBuffer((1 + threads) * Float64Array.BYTES_PER_ELEMENT));
    const memory = new MemoryLedger(options.memoryBudgetBytes ?? defaultMemoryBudgetBytes(), memoryShares, thread?.index ?? 0);
    const info: ServiceInfo = {
      program,
      startedAtMs: clock.now(),
      pipelines: [...config.service.pipelines.values()],
      components: () => statuses.entries,
      watchStatus: (changed) => statuses.watch(changed),
      featureGates: featureGates.map((gate) => ({ ...gate, enabled: options.featureGates?.has(gate.id) ?? isOnByDefault(gate) })),
      printedConfig: (format) => printConfig(config, 'redacted', format),
      recentSpans: () => telemetry.recentSpans,
    };
    return new Service({ graph, ledger, logger: makeLogger(), memory, memoryShares, info, statuses, options, telemetry, factory });
  }

  /** Starts extensions, then everything from exporters to receivers, then the workers. On failure what was started is shut down again. */
  async start(): Promise<void> {
    const { extensions, nodes } = this.#graph;
    if (this.#isMain) setEnvironmentData(sharedPorts, this.#workers !== undefined);
    await this.#startTelemetry();
    if (this.#isMain) this.logger.info('Starting extensions...');
    await this.#startAll(extensions, 'failed to start extensions');
    await this.#startAll(nodes, 'cannot start pipelines');
    try {
      await this.#workers?.start();
    } catch (error) {
      await this.#shutdownAfterFailure();
      throw error;
    }
    for (const { component, label } of extensions) {
      try {
        await component.ready?.();
      } catch (error) {
        await this.#shutdownAfterFailure();
        throw new Error(`failed to start extensions: ${label} is not ready: ${reasonOf(error)}`, { cause: error });
      }
    }
    if (this.#isMain) this.logger.info('Everything is ready. Begin running and processing data.');
  }

  async #startTelemetry(): Promise<void> {
    const { ledger, memory, logger } = this;
    const { pool } = this.#host;
    const otherSnapshots = async (): Promise<TelemetrySnapshot[]> => ((await this.#workers?.call('metrics')) ?? []) as TelemetrySnapshot[];
    try {
      await this.#telemetry.start({ ledger, memory, pool, logger, threads: 1 + this.#threads, otherSnapshots });
    } catch (error) {
      await this.#shutdownAfterFailure();
      throw error;
    }
  }

  /** The own metrics of this thread. */
  ownMetrics(): Promise<TelemetrySnapshot> {
    return this.#telemetry.snapshot();
  }

  /**
   * Stops the receivers of all threads, then the rest of the workers, then this thread's rest with the exporters last, and drains what is held,
   * all within `withinMs`. What does not stop soon after that is left behind. Collects every error into one AggregateError.
   */
  shutdown(withinMs: number = drainTimeoutMs): Promise<void> {
    this.#stopping ??= this.#shutdown(withinMs);
    return this.#stopping;
  }

  async #startAll(nodes: readonly GraphNode[], failure: string): Promise<void> {
    for (const node of nodes) {
      try {
        this.#started.push(node);
        for (const status of node.statuses) status.set('Starting');
        await node.component.start?.(this.#host);
        for (const status of node.statuses) status.started();
      } catch (error) {
        for (const status of node.statuses) status.set('PermanentError', error instanceof Error ? error : new Error(String(error)));
        await this.#shutdownAfterFailure();
        throw new Error(`${failure}: failed to start ${node.label}: ${reasonOf(error)}`, { cause: error });
      }
    }
  }

  async #shutdownAfterFailure(): Promise<void> {
    await this.shutdown().catch((inner: unknown) => this.logger.error('Shutting down after a failed start.', { error: reasonOf(inner) }));
  }

  async #shutdown(withinMs: number): Promise<void> {
    if (this.#isMain) this.logger.info('Starting shutdown...');
    // A signal of `AbortSignal.timeout` would keep everything that listens to it until the time is up, long after a reload.
    const controller = new AbortController();
    const { signal } = controller;
    const deadline = setTimeout(() => controller.abort(new DOMException('the time to shut down is up', 'TimeoutError')), withinMs);
    const timeIsUp = Promise.withResolvers<void>();
    const timer = setTimeout(timeIsUp.resolve, withinMs + graceMs);
    const errors: unknown[] = [];
    const late = new Map<Promise<void>, string>();
    const stop = async (label: string, work: () => Promise<void> | void): Promise<void> => {
      const stopping = (async () => work())()
        .catch((error: unknown) => void errors.push(error))
        .finally(() => late.delete(stopping));
      late.set(stopping, label);
      await Promise.race([stopping, timeIsUp.promise]);
    };
    for (const { component, label } of this.#graph.extensions.toReversed()) await stop(label, () => component.notReady?.());
    // Side by side with the receivers here: nobody takes in what nobody would have the time to deliver.
    let workers = this.#workers?.stop(withinMs);
    for (const { statuses } of this.#started) for (const status of statuses) status.set('Stopping');
    for (const { component, label, statuses } of this.#started.toReversed()) {
      if (statuses[0]?.kind !== 'receiver') {
        // What is one for the process serves the workers until they have drained.
        for (const { items, errors: reasons } of (await workers) ?? []) {
          this.ledger.add(items);
          errors.push(...reasons);
        }
        workers = undefined;
      }
      await stop(label, () => component.shutdown?.(signal));
      for (const status of statuses) status.set('Stopped');
    }
    await stop('own telemetry', () => this.#telemetry.stop());
    clearTimeout(timer);
    clearTimeout(deadline);
    // Those that waited for something that was stopped after them can end now.
    if (late.size > 0) await Promise.race([Promise.all(late.keys()), delay(graceMs)]);
    for (const label of late.values()) errors.push(new Error(`${label} did not stop in time`));
    if (this.#isMain) this.#logItems();
    if (errors.length > 0) throw new AggregateError(errors, errors.map(reasonOf).join('; '));
  }

  #logItems(): void {
    for (const { totals } of this.ledger.entries) {
      const { name, transports: _, ...numbers } = totals;
      if (numbers.in + numbers.created + numbers.refused > 0) this.logger.info('Items.', { component: name, ...numbers });
    }
    this.logger.info('Shutdown complete.');
  }
}

async function pluginComponents(config: CheckedConfig, loading: PluginLoading = { cwd: process.cwd() }): Promise<readonly FactoryEntry[]> {
  if (config.plugins.length === 0) return [];
  const plugins = await import('./plugins/load-plugin.ts');
  return plugins.pluginComponents(
    config.plugins.map(({ url }) => url),
    loading,
  );
}

/** Loads the factories of every configured component, and of those that they wrap, in parallel. */
async function loadFactories(config: CheckedConfig, components: readonly FactoryEntry[]): Promise<ReadonlyMap<string, Factory>> {
  const loaded = new Map<string, Factory>();
  const load = async (kind: ComponentKind, type: string): Promise<void> => {
    const entry = components.find((known) => known.kind === kind && known.type === type);
    if (entry === undefined || loaded.has(`${kind}/${type}`)) return;
    const { factory } = await entry.load();
    loaded.set(`${kind}/${type}`, factory);
    await Promise.all((factory.wraps ?? []).map((wrapped) => load(wrapped.kind, wrapped.type)));
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
