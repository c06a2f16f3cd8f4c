import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags, ValueType } from '@opentelemetry/api';
import { JsonLogsSerializer, JsonMetricsSerializer, JsonTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { LoggerProvider } from '@opentelemetry/sdk-logs';
import type { LogRecordProcessor, ReadableLogRecord } from '@opentelemetry/sdk-logs';
import {
  AggregationTemporality,
  AggregationType,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { Signal } from '@millrace/api';
import { admitJson, BufferPool, MemoryLedger, noClient } from '@millrace/wire';
import { toPlain } from '@millrace/wire/plain';
import { describe, expect, it } from '@jest/globals';
import { startLab } from './lab.ts';

const pool = new BufferPool(new MemoryLedger(1 << 28));
const resource = resourceFromAttributes({
  'service.name': 'shop',
  'service.instances': 3,
  'service.weight': 0.5,
  'service.tags': ['a', 'b'],
});

/** What OpenTelemetry's own exporters send. */
function expected(signal: Signal, json: Uint8Array | undefined): unknown {
  const lease = pool.lease(json!.length);
  lease.buffer.set(json!);
  using batch = admitJson(signal, lease, 0, json!.length, noClient);
  return toPlain(signal as 'traces', batch);
}

const values = {
  text: 'ünïcödé 💡',
  empty: '',
  int: 42,
  negative: -7,
  large: 9_007_199_254_740_991,
  double: 1.25,
  yes: true,
  no: false,
  texts: ['a', '', 'c'],
  numbers: [1, 2.5, -3],
  none: [],
};

describe('What comes through the hooks is what the exporters of OpenTelemetry send', () => {
  it('for spans', async () => {
    const lab = await startLab();
    const spans: ReadableSpan[] = [];
    const processor = {
      onStart: () => {},
      onEnd: (span: ReadableSpan) => {
        spans.push(span);
        lab.inlet.span(span);
      },
      forceFlush: () => Promise.resolve(),
      shutdown: () => Promise.resolve(),
    };
    const tracer = new TracerProvider({ resource, spanProcessors: [processor] }).getTracer('shop.orders', '2.1', {
      schemaUrl: 'https://opentelemetry.io/schemas/1.40.0',
    });
    const other = {
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      traceFlags: TraceFlags.SAMPLED,
      isRemote: true,
    };
    const span = tracer.startSpan('GET /orders', {
      kind: SpanKind.SERVER,
      attributes: values,
      links: [{ context: other, attributes: { n: 1 } }],
    });
    span.addEvent('began', { step: 1, text: 'x' });
    span.addEvent('bare');
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'no stock' });
    span.end();
    tracer.startSpan('').setStatus({ code: SpanStatusCode.OK }).end();
    await lab.clock.advance(200);
    expect(lab.received('traces')).toEqual([expected('traces', JsonTraceSerializer.serializeRequest(spans as never))]);
    await lab.receiver.shutdown?.(new AbortController().signal);
  });

  it('for log records', async () => {
    const lab = await startLab();
    const logs: ReadableLogRecord[] = [];
    const processor: LogRecordProcessor = {
      onEmit: (log) => {
        logs.push(log);
        lab.inlet.log(log);
      },
      forceFlush: () => Promise.resolve(),
      shutdown: () => Promise.resolve(),
    };
    const logger = new LoggerProvider({ resource, processors: [processor] }).getLogger('shop.log', '1.0');
    logger.emit({ severityNumber: 9, severityText: 'INFO', body: 'sold', attributes: values, timestamp: [1_790_000_000, 5] });
    logger.emit({ body: { deep: { list: [1, 'two', { three: 3 }], bytes: new Uint8Array([1, 2]) }, n: 1.5 }, eventName: 'shop.sold' });
    const ids = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: TraceFlags.SAMPLED };
    logger.emit({ body: 'in a span', context: trace.setSpanContext(ROOT_CONTEXT, ids) });
    await lab.clock.advance(200);
    expect(lab.received('logs')).toEqual([expected('logs', JsonLogsSerializer.serializeRequest(logs as never))]);
    await lab.receiver.shutdown?.(new AbortController().signal);
  });

  it.each([AggregationTemporality.CUMULATIVE, AggregationTemporality.DELTA])('for metrics (temporality %s)', async (temporality) => {
    const lab = await startLab();
    const exporter = new InMemoryMetricExporter(temporality);
    const provider = new MeterProvider({
      resource,
      readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })],
      views: [{ instrumentName: 'exponential', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }],
    });
    const meter = provider.getMeter('shop.metrics', '3');
    meter.createCounter('sold', { unit: '{item}', description: 'Items sold', valueType: ValueType.INT }).add(3, { kind: 'book', page: 7 });
    meter.createUpDownCounter('stock').add(-2.5);
    meter.createObservableGauge('temperature').addCallback((result) => result.observe(21.5, { room: 'a' }));
    meter.createHistogram('latency', { unit: 's', advice: { explicitBucketBoundaries: [0.1, 1] } }).record(0.5);
    for (const value of [0, 1, 2, 1000]) meter.createHistogram('exponential').record(value);
    await provider.forceFlush();
    const [collected] = exporter.getMetrics();
    await lab.inlet.metrics(collected as never);
    expect(lab.received('metrics')).toEqual([expected('metrics', JsonMetricsSerializer.serializeRequest(collected as never))]);
    await provider.shutdown();
    await lab.receiver.shutdown?.(new AbortController().signal);
  });
});
