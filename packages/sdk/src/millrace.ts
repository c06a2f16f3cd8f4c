import type {
  Counter,
  Gauge,
  Histogram,
  HistogramOptions,
  InstrumentOptions,
  Summary,
  SummaryOptions,
  UpDownCounter,
} from '@millrace/instruments';
import type { SummaryReport } from '@millrace/genai';
import type { Inlet } from '@millrace/receiver-sdk';
import type { Environment } from './environment.ts';
import { logRecordExporter, logRecordProcessor } from './hooks/log-hooks.ts';
import type { LogRecordExporterHook, LogRecordProcessorHook } from './hooks/log-hooks.ts';
import { metricExporter, MetricReaderHook } from './hooks/metric-hooks.ts';
import type { MetricExporterHook, MetricProducer, MetricReaderOptions } from './hooks/metric-hooks.ts';
import { metricProducer } from './hooks/metric-producer.ts';
import { spanExporter, spanProcessor } from './hooks/span-hooks.ts';
import type { SpanExporterHook, SpanProcessorHook } from './hooks/span-hooks.ts';
import { observe } from './observe/observe.ts';
import type { CallObserver, ObserveOptions } from './observe/observed-call.ts';
import { wrapAI } from './observe/wrap-ai.ts';
import type { BatchEvent, CacheEvent, ErrorEvent, InferenceEvent, PolicyEvent, RetryEvent, RoutingEvent } from './recording/events.ts';
import type { Recorder } from './recording/recorder.ts';
import type { SpanCalls } from './span-calls.ts';
import type { SpanStart, TracedSpan, Tracing } from './tracing/tracing.ts';

/** What a `Millrace` is made of. */
export interface MillraceParts {
  readonly recorder: Recorder;
  readonly inlet: Inlet;
  readonly tracing: Tracing;
  readonly calls: SpanCalls;
  readonly observer: CallObserver;
  readonly environment: Environment;
  /** Tells the application's log. */
  readonly warn: (message: string, error: unknown) => void;
}

/** millrace inside of an application: made by `createMillrace`. */
export class Millrace {
  /** Everything that is recorded; for readers and instruments beyond those here. */
  readonly recorder: Recorder;
  /** Whether a pipeline runs in this process. */
  hasPipeline = false;
  /** Where Prometheus scrapes; undefined without `prometheus`. */
  scrapeUrl: string | undefined;
  readonly #parts: MillraceParts;
  /** What stops, in this order. */
  readonly #stops: (() => Promise<unknown>)[] = [];
  #stopping: Promise<void> | undefined;

  /** For `createMillrace` only. */
  constructor(parts: MillraceParts) {
    this.#parts = parts;
    this.recorder = parts.recorder;
  }

  /** For `createMillrace` only: what to stop before everything that was told before. */
  beforeShutdown(stop: () => Promise<unknown>): void {
    this.#stops.unshift(stop);
  }

  /** Records a call of a model that ended. */
  recordInference(event: InferenceEvent): void {
    this.recorder.recordInference(event);
  }

  /** Records what the application's cache did. */
  recordCacheEvent(event: CacheEvent): void {
    this.recorder.recordCacheEvent(event);
  }

  /** Records a choice of a model or endpoint. */
  recordRouting(event: RoutingEvent): void {
    this.recorder.recordRouting(event);
  }

  /** Records a batch of requests that were sent as one job. */
  recordBatch(event: BatchEvent): void {
    this.recorder.recordBatch(event);
  }

  /** Records an error outside of calls of models. */
  recordError(event: ErrorEvent): void {
    this.recorder.recordError(event);
  }

  /** Records an evaluation of a policy. */
  recordPolicy(event: PolicyEvent): void {
    this.recorder.recordPolicy(event);
  }

  /** Records that a call was tried again. */
  recordRetry(event: RetryEvent): void {
    this.recorder.recordRetry(event);
  }

  /** Records a judgement of an answer that came after its call. */
  recordQuality(...judgement: Parameters<Recorder['recordQuality']>): void {
    this.recorder.recordQuality(...judgement);
  }

  /** A counter of the application's own. Throws for a bad name, with the nearest that can be, or when it is registered otherwise. */
  counter<const Label extends string = never>(name: string, options?: InstrumentOptions<Label>): Counter<Label> {
    return this.recorder.registry.counter(name, options);
  }

  /** Likewise an up-down counter. */
  upDownCounter<const Label extends string = never>(name: string, options?: InstrumentOptions<Label>): UpDownCounter<Label> {
    return this.recorder.registry.upDownCounter(name, options);
  }

  /** Likewise a gauge. */
  gauge<const Label extends string = never>(name: string, options?: InstrumentOptions<Label>): Gauge<Label> {
    return this.recorder.registry.gauge(name, options);
  }

  /** Likewise a histogram. */
  histogram<const Label extends string = never>(name: string, options?: HistogramOptions<Label>): Histogram<Label> {
    return this.recorder.registry.histogram(name, options);
  }

  /** Everything that is recorded, in Prometheus text; '' while the SDK is disabled. */
  metricsText(): string {
    return this.#parts.environment.disabled ? '' : this.recorder.metricsText();
  }

  /** Likewise a summary: an instrument with quantiles over a window. */
  summary<const Label extends string = never>(name: string, options?: SummaryOptions<Label>): Summary<Label>;
  /** Calls, tokens, cost, cache, latency and errors of the last `windowMs`: whole minutes of up to 3 hours, whole hours beyond. Default one hour. */
  summary(windowMs?: number): SummaryReport;
  summary(of?: string | number, options?: SummaryOptions<string>): unknown {
    return typeof of === 'string' ? this.recorder.registry.summary(of, options) : this.recorder.summary(of);
  }

  /**
   * Observes every call of a model by a client of `openai` or `@anthropic-ai/sdk`, or by a model of `ai`: each gets a span and is recorded. Returns
   * the same object, whose methods return what they always did. Throws a TypeError for anything else.
   */
  observe<T extends object>(client: T, options?: ObserveOptions): T {
    return this.#parts.environment.disabled ? client : observe(client, this.#parts.observer, options);
  }

  /** The functions of `ai`, with the models that they are given observed. */
  wrapAI<T extends object>(ai: T, options?: ObserveOptions): T {
    return this.#parts.environment.disabled ? ai : wrapAI(ai, this.#parts.observer, options);
  }

  /**
   * Does some work in a span, which is active meanwhile and ends with it; what `work` throws marks it and is thrown. The span is one of the
   * application's own OpenTelemetry where there is one, else a light one that goes to the pipelines here.
   */
  span<T>(name: string, start: SpanStart, work: (span: TracedSpan) => T): T {
    const { tracing } = this.#parts;
    const span = tracing.start(name, start, { ...start.attributes });
    const failed = (error: unknown): never => {
      span.setAttributes({ 'error.type': (error as { name?: string } | undefined)?.name ?? '_OTHER' });
      span.setStatus({ code: 2, message: (error as Error | undefined)?.message ?? String(error) });
      span.end();
      throw error;
    };
    let result: T;
    try {
      result = tracing.run(span, () => work(span));
    } catch (error) {
      return failed(error);
    }
    if (!(result instanceof Promise)) {
      span.end();
      return result;
    }
    return result.then((value: unknown) => {
      span.end();
      return value;
    }, failed) as T;
  }

  /** The headers (`traceparent`, `tracestate`) that carry the active span to another service; none without one. */
  traceHeaders(): Record<string, string> {
    return this.#parts.environment.propagates ? this.#parts.tracing.headers() : {};
  }

  /** For a `TracerProvider` of the application's own: every sampled span, as it ends. */
  spanProcessor(): SpanProcessorHook {
    return spanProcessor(this.#parts.inlet, this.#parts.calls);
  }

  /** For a batching span processor of the application's own. */
  spanExporter(): SpanExporterHook {
    return spanExporter(this.#parts.inlet, this.#parts.calls);
  }

  /** For a `MeterProvider` of the application's own. Default every `OTEL_METRIC_EXPORT_INTERVAL`. */
  metricReader(options: Partial<MetricReaderOptions> = {}): MetricReaderHook {
    const { inlet, environment, warn } = this.#parts;
    const settings = { intervalMs: environment.metricIntervalMs, ...options };
    return new MetricReaderHook(inlet, settings, (error) => warn('Metrics of the application were not taken.', error));
  }

  /** For a periodic metric reader of the application's own. */
  metricExporter(): MetricExporterHook {
    return metricExporter(this.#parts.inlet);
  }

  /** What is recorded here, for a metric reader of the application's own (`metricProducers`). */
  metricProducer(): MetricProducer {
    return metricProducer(this.recorder.registry);
  }

  /** For a `LoggerProvider` of the application's own: every log record, as it is emitted. */
  logRecordProcessor(): LogRecordProcessorHook {
    return logRecordProcessor(this.#parts.inlet);
  }

  /** For a batching log record processor of the application's own. */
  logRecordExporter(): LogRecordExporterHook {
    return logRecordExporter(this.#parts.inlet);
  }

  /** Hands what waits here to the pipelines. */
  async flush(): Promise<void> {
    await this.#parts.inlet.flush();
  }

  /** Reads what is recorded once more, drains the pipelines and closes everything. Safe twice. Rejects with everything that failed. */
  shutdown(): Promise<void> {
    this.#stopping ??= this.#shutdown();
    return this.#stopping;
  }

  async #shutdown(): Promise<void> {
    const errors: unknown[] = [];
    for (const stop of this.#stops) await stop().catch((error: unknown) => errors.push(error));
    if (errors.length > 0) throw new AggregateError(errors, errors.map((error) => (error as Error).message).join('; '));
  }
}
