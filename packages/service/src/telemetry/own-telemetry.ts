import type { BufferPool, Clock, Context, Logger, MemoryLedger, OwnSpan, Signal } from '@millrace/api';
import type { CheckedConfig } from '@millrace/config';
import { createNoopMeter } from '@opentelemetry/api';
import type { Meter, Tracer } from '@opentelemetry/api';
import type { Ledger } from '../item-ledger.ts';
import { createLogs } from '../logger.ts';
import type { LogSource } from '../logger.ts';
import { createReader } from './metric-readers.ts';
import type { Reader } from './metric-readers.ts';
import type { OwnLogs } from './own-logs.ts';
import type { OwnMetrics } from './own-metrics.ts';
import type { OwnTraces } from './own-traces.ts';
import { attributeText, resourceOf } from './own-resource.ts';
import type { OwnResource } from './own-resource.ts';
import { mergeSnapshots } from './snapshot.ts';
import type { TelemetrySnapshot } from './snapshot.ts';

/** How long a worker may take to tell its metrics. */
const answerTimeoutMs = 5_000;

/** What own telemetry is made from before anything else is there. */
export interface OwnTelemetryOptions {
  readonly config: CheckedConfig;
  readonly program: Context['program'];
  readonly clock: Clock;
  /** 0 for the main thread, which alone has readers and speaks for the process. */
  readonly thread: number;
  /** Takes the lines of the log. */
  readonly writeLog: (line: string) => void;
  /** Where exporters `console` write. */
  readonly stdout: (text: string) => void;
}

/** The parts of the service that its own metrics tell about. */
export interface Observed {
  readonly ledger: Ledger;
  readonly memory: MemoryLedger;
  readonly pool: BufferPool;
  readonly logger: Logger;
  /** Threads that work, the main one included. */
  readonly threads: number;
  /** The metrics of the other threads. */
  readonly otherSnapshots: () => Promise<readonly TelemetrySnapshot[]>;
}

/** What the configuration asks for, loaded. */
interface LoadedParts {
  readonly metrics: OwnMetrics | undefined;
  readonly Logs: typeof OwnLogs | undefined;
  readonly Traces: typeof OwnTraces | undefined;
}

/** What a service tells about itself, and where it goes (`service::telemetry`). With level none there are no metrics. */
export class OwnTelemetry {
  /** Makes the instruments of components. */
  readonly meter: Meter;
  /** Makes the loggers of components. */
  readonly logs: LogSource;
  /** Makes own spans, when somebody asked for them. */
  readonly tracer: Tracer | undefined;
  readonly resource: OwnResource;
  readonly #options: OwnTelemetryOptions;
  readonly #metrics: OwnMetrics | undefined;
  readonly #logProcessors: readonly OwnLogs[];
  readonly #traces: OwnTraces | undefined;
  #pool: BufferPool | undefined;
  #otherSnapshots: Observed['otherSnapshots'] = () => Promise.resolve([]);
  #readers: Reader[] = [];
  #stopWatching = (): void => {};

  private constructor(options: OwnTelemetryOptions, { metrics, Logs, Traces }: LoadedParts) {
    const { config, program, clock, writeLog } = options;
    const { resource, resourceSchemaUrl = '' } = config.service.telemetry;
    this.#options = options;
    this.#metrics = metrics;
    this.meter = metrics?.meter ?? createNoopMeter();
    this.resource = { attributes: resourceOf(program, resource), schemaUrl: resourceSchemaUrl, version: program.version };
    const { level, encoding, sampling, initial_fields: fields, processors, ...switches } = config.service.telemetry.logs;
    this.#logProcessors = Logs === undefined ? [] : processors.map((processor) => new Logs(processor, this.resource));
    const resourceFields = Object.fromEntries(
      Object.entries(this.resource.attributes).map(([name, value]) => [name, attributeText(value)]),
    );
    this.logs = createLogs({
      level,
      encoding,
      sampling,
      fields: { ...(!switches.disable_zap_resource && { resource: resourceFields }), ...fields },
      ...(!switches.disable_stacktrace && { stackFrom: switches.development ? 'warn' : 'error' }),
      clock,
      write: writeLog,
      ...(this.#logProcessors.length > 0 && { onRecord: (record) => this.#logProcessors.forEach((processor) => processor.emit(record)) }),
    });
    this.#traces = Traces === undefined ? undefined : this.#tracesBy(Traces);
    this.tracer = this.#traces?.tracer;
  }

  #tracesBy(Traces: typeof OwnTraces): OwnTraces {
    const { config, program, clock } = this.#options;
    const pool = (): BufferPool => {
      if (this.#pool === undefined) throw new Error('not started');
      return this.#pool;
    };
    return new Traces(config.service.telemetry.traces, this.resource, { program, clock, logger: this.logs(), pool });
  }

  /** Loads what the configuration needs. */
  static async create(options: OwnTelemetryOptions): Promise<OwnTelemetry> {
    const { metrics, logs, traces } = options.config.service.telemetry;
    const traced = traces.level !== 'none' && traces.processors.length > 0;
    return new OwnTelemetry(options, {
      metrics:
        metrics.level === 'none' ? undefined : await (await import('./own-metrics.ts')).OwnMetrics.create(metrics, options.program.version),
      Logs: logs.processors.length === 0 ? undefined : (await import('./own-logs.ts')).OwnLogs,
      Traces: traced ? (await import('./own-traces.ts')).OwnTraces : undefined,
    });
  }

  /** The latest own spans of this thread, oldest first; empty unless somebody asked for own spans. */
  get recentSpans(): readonly OwnSpan[] {
    return this.#traces?.recent.spans ?? [];
  }

  /** This thread's metrics now. */
  async snapshot(): Promise<TelemetrySnapshot> {
    return (await this.#metrics?.snapshot()) ?? { metrics: [] };
  }

  /** Begins to observe and, on the main thread, to serve and send. Rejects when a reader that somebody configured cannot work. */
  async start(observed: Observed): Promise<void> {
    const { config, thread, clock, program, stdout } = this.#options;
    this.#pool = observed.pool;
    for (const processor of this.#logProcessors) await processor.start(observed.pool, { clock, program, logger: observed.logger, stdout });
    if (this.#metrics === undefined) return;
    const { createItemMetrics } = await import('./item-metrics.ts');
    const { createProcessMetrics } = await import('./process-metrics.ts');
    const { ledger, logger } = observed;
    const signals = new Set<Signal>([...config.service.pipelines.values()].map(({ signal }) => signal));
    const isQueued = (id: string): boolean =>
      (config.exporters.get(id)?.config as { sending_queue?: { enabled?: boolean } } | undefined)?.sending_queue?.enabled === true;
    const { metrics, defaultReader } = config.service.telemetry;
    createItemMetrics(this.meter, { ledger, signals, isQueued, detailed: metrics.level === 'detailed' });
    this.#stopWatching = createProcessMetrics(this.meter, { ...observed, thread: thread === 0 ? 'main' : String(thread) });
    if (this.#logProcessors.length > 0) {
      const description = 'Number of own log records given up.';
      this.meter
        .createObservableCounter('telemetry_dropped_log_records', { unit: '{records}', description })
        .addCallback((result) => result.observe(this.#logProcessors.reduce((sum, { dropped }) => sum + dropped, 0)));
    }
    this.#otherSnapshots = observed.otherSnapshots;
    if (thread !== 0) return;
    const source = {
      read: (): Promise<TelemetrySnapshot> => this.#all(),
      resource: this.resource,
      program,
      clock,
      logger,
      stdout,
      pool: observed.pool,
    };
    for (const readerConfig of metrics.readers) {
      const reader = await createReader(readerConfig, source);
      try {
        await reader.start();
        this.#readers.push(reader);
      } catch (error) {
        // Nobody asked for this reader, so its absence stops nobody.
        if (!defaultReader) throw error;
        logger.warn('Own metrics are not served.', { error: (error as Error).message });
      }
    }
  }

  /** Sends what is left and stops serving; the log is not sent any more, only written. Safe without `start`, and twice. */
  async stop(): Promise<void> {
    await Promise.all(this.#readers.splice(0).map((reader) => reader.stop()));
    this.#stopWatching();
    await this.#metrics?.shutdown().catch(() => {});
    await this.#traces?.stop();
    await Promise.all(this.#logProcessors.map((processor) => processor.stop()));
  }

  /** The metrics of the whole process. */
  async #all(): Promise<TelemetrySnapshot> {
    const { promise: expired, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Error('a worker does not answer')), answerTimeoutMs);
    try {
      const others = await Promise.race([this.#otherSnapshots(), expired]);
      return mergeSnapshots([await this.snapshot(), ...others]);
    } finally {
      clearTimeout(timer);
    }
  }
}
