import type { BufferPool, Clock, Context, Logger } from '@millrace/api';
import type { SamplerConfig, SpanLimitsConfig, TelemetryConfig, TelemetryExporterConfig, TelemetryProcessorConfig } from '@millrace/config';
import { context, propagation, trace } from '@opentelemetry/api';
import type { TextMapPropagator, Tracer } from '@opentelemetry/api';
import { B3InjectEncoding, B3Propagator } from '@opentelemetry/propagator-b3';
import { CompositePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { NodeSDK } from '@opentelemetry/sdk-node';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ConsoleSpanExporter,
  ParentBasedSampler,
  SimpleSpanProcessor,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';
import type { Sampler, SpanExporter, SpanLimits, SpanProcessor } from '@opentelemetry/sdk-trace';
import { attributeText, scopeName } from './own-resource.ts';
import type { OwnResource } from './own-resource.ts';
import { RecentSpans } from './recent-spans.ts';
import { createSpanExporter } from './span-exporter.ts';

/** What own spans need of the service. `pool` is asked when spans are sent. */
export interface OwnTracesContext {
  readonly program: Context['program'];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly pool: () => BufferPool;
}

/**
 * Spans of millrace itself, by the OpenTelemetry SDK for Node, which this file brings along: import it only when somebody asked for them. The
 * SDK is the process's (or thread's) global one until `stop`.
 */
export class OwnTraces {
  readonly tracer: Tracer;
  /** The latest spans. */
  readonly recent: RecentSpans = new RecentSpans();
  readonly #sdk: NodeSDK;

  constructor(config: TelemetryConfig['traces'], resource: OwnResource, own: OwnTracesContext) {
    const attributes = Object.entries(resource.attributes).map(([name, value]) => [
      name,
      typeof value === 'bigint' ? Number(value) : attributeText(value),
    ]);
    this.#sdk = new NodeSDK({
      autoDetectResources: false,
      resource: resourceFromAttributes(Object.fromEntries(attributes) as Record<string, string>),
      textMapPropagator: propagatorOf(config.propagators),
      spanProcessors: [this.recent, ...config.processors.map((processor) => processorOf(processor, resource, own))],
      sampler: samplerOf(config.sampler) ?? new ParentBasedSampler({ root: new AlwaysOnSampler() }),
      ...(config.limits !== undefined && { spanLimits: limitsOf(config.limits) }),
      instrumentations: [],
      metricReaders: [],
      logRecordProcessors: [],
    });
    this.#sdk.start();
    this.tracer = trace.getTracer(scopeName, resource.version);
  }

  /** Sends what is left, and takes the SDK back out of the process. */
  async stop(): Promise<void> {
    await this.#sdk.shutdown().catch(() => {});
    trace.disable();
    context.disable();
    propagation.disable();
  }
}

/** `tracecontext` reads and writes `traceparent` and `tracestate`, `b3` the headers of B3: reads both forms, writes the many. */
function propagatorOf(names: readonly string[]): TextMapPropagator | null {
  const propagators = names.map((name) =>
    name === 'b3' ? new B3Propagator({ injectEncoding: B3InjectEncoding.MULTI_HEADER }) : new W3CTraceContextPropagator(),
  );
  return propagators.length === 0 ? null : new CompositePropagator({ propagators });
}

function processorOf({ batch, simple }: TelemetryProcessorConfig, resource: OwnResource, own: OwnTracesContext): SpanProcessor {
  if (batch === undefined) return new SimpleSpanProcessor({ exporter: exporterOf(simple!.exporter, resource, own) });
  return new BatchSpanProcessor({
    exporter: exporterOf(batch.exporter, resource, own),
    maxQueueSize: batch.max_queue_size,
    maxExportBatchSize: Math.min(batch.max_export_batch_size, batch.max_queue_size),
    scheduledDelayMillis: batch.schedule_delay ?? 5_000,
    exportTimeoutMillis: batch.export_timeout,
  });
}

function exporterOf({ otlp }: TelemetryExporterConfig, resource: OwnResource, own: OwnTracesContext): SpanExporter {
  return otlp === undefined ? new ConsoleSpanExporter() : createSpanExporter(otlp, resource, own);
}

function samplerOf(config: SamplerConfig | undefined): Sampler | undefined {
  if (config === undefined) return undefined;
  const { always_on: on, always_off: off, trace_id_ratio_based: byRatio, parent_based: parent } = config;
  if (off !== undefined) return new AlwaysOffSampler();
  if (byRatio !== undefined) return new TraceIdRatioBasedSampler(byRatio.ratio);
  if (on !== undefined) return new AlwaysOnSampler();
  if (parent === undefined) return undefined;
  const [remoteOn, remoteOff] = [samplerOf(parent.remote_parent_sampled), samplerOf(parent.remote_parent_not_sampled)];
  const [localOn, localOff] = [samplerOf(parent.local_parent_sampled), samplerOf(parent.local_parent_not_sampled)];
  return new ParentBasedSampler({
    root: samplerOf(parent.root) ?? new AlwaysOnSampler(),
    ...(remoteOn !== undefined && { remoteParentSampled: remoteOn }),
    ...(remoteOff !== undefined && { remoteParentNotSampled: remoteOff }),
    ...(localOn !== undefined && { localParentSampled: localOn }),
    ...(localOff !== undefined && { localParentNotSampled: localOff }),
  });
}

function limitsOf(config: SpanLimitsConfig): SpanLimits {
  const names: readonly (readonly [keyof SpanLimitsConfig, keyof SpanLimits])[] = [
    ['attribute_value_length_limit', 'attributeValueLengthLimit'],
    ['attribute_count_limit', 'attributeCountLimit'],
    ['event_count_limit', 'eventCountLimit'],
    ['link_count_limit', 'linkCountLimit'],
    ['event_attribute_count_limit', 'attributePerEventCountLimit'],
    ['link_attribute_count_limit', 'attributePerLinkCountLimit'],
  ];
  return Object.fromEntries(names.flatMap(([from, to]) => (config[from] === undefined ? [] : [[to, config[from]]]))) as SpanLimits;
}
