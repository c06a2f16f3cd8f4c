import type { CollectedMetrics, Inlet } from '@millrace/receiver-sdk';
import { answer } from './span-hooks.ts';
import type { ExportResult } from './span-hooks.ts';

/** Whatever gives metrics when it is asked: `MetricProducer` of @opentelemetry/sdk-metrics. */
export interface MetricProducer {
  collect(options?: { readonly timeoutMillis?: number }): Promise<Collection>;
}

/** `CollectionResult` of @opentelemetry/sdk-metrics. */
export interface Collection {
  readonly resourceMetrics: CollectedMetrics;
  readonly errors: readonly unknown[];
}

/** `PushMetricExporter` of @opentelemetry/sdk-metrics, for a periodic reader of the application's own. */
export interface MetricExporterHook {
  export(metrics: CollectedMetrics, done: (result: ExportResult) => void): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

/** Says whether the pipelines took the metrics. */
export function metricExporter(inlet: Inlet): MetricExporterHook {
  return {
    export: (metrics, done) => answer(inlet.metrics(metrics), done),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
}

/** What a `MetricReaderHook` is made with. */
export interface MetricReaderOptions {
  /** Milliseconds between two collections. */
  readonly intervalMs: number;
  /** Whether points count since the last collection. Default cumulative. */
  readonly temporality?: 'cumulative' | 'delta';
}

/**
 * `IMetricReader` of @opentelemetry/sdk-metrics: collects a `MeterProvider` at an interval into the pipelines. A collection that they refuse is
 * counted by the next one all the same when it is cumulative.
 */
export class MetricReaderHook {
  readonly #inlet: Inlet;
  readonly #temporality: 0 | 1;
  readonly #timer: NodeJS.Timeout;
  readonly #failed: (error: unknown) => void;
  #producer: MetricProducer | undefined;

  constructor(inlet: Inlet, { intervalMs, temporality = 'cumulative' }: MetricReaderOptions, failed: (error: unknown) => void) {
    this.#inlet = inlet;
    this.#temporality = temporality === 'delta' ? 0 : 1;
    this.#failed = failed;
    this.#timer = setInterval(() => void this.forceFlush().catch(failed), intervalMs);
    this.#timer.unref();
  }

  setMetricProducer(producer: MetricProducer): void {
    this.#producer = producer;
  }

  /** `AggregationType.DEFAULT`. */
  selectAggregation(): never {
    return { type: 0 } as never;
  }

  selectAggregationTemporality(instrument: string): 0 | 1 {
    return instrument.includes('UP_DOWN') ? 1 : this.#temporality;
  }

  selectCardinalityLimit(): number {
    return 2000;
  }

  async collect(): Promise<never> {
    if (this.#producer === undefined) throw new Error('the metric reader belongs to no MeterProvider');
    return (await this.#producer.collect()) as never;
  }

  async forceFlush(): Promise<void> {
    if (this.#producer === undefined || !this.#inlet.wants('metrics')) return;
    const { resourceMetrics, errors } = await this.#producer.collect();
    for (const error of errors) this.#failed(error);
    await this.#inlet.metrics(resourceMetrics);
  }

  /** Collects once more. */
  async shutdown(): Promise<void> {
    clearInterval(this.#timer);
    await this.forceFlush();
    this.#producer = undefined;
  }
}
