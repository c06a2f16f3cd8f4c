import { context, logs, metrics, SpanKind, SpanStatusCode, TraceFlags, trace, ValueType } from '@opentelemetry/api';
import type { AnyValue } from '@opentelemetry/api';
import { OTLPLogExporter as GrpcLogs } from '@opentelemetry/exporter-logs-otlp-grpc';
import { OTLPLogExporter as JsonLogs } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as ProtoLogs } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter as GrpcMetrics } from '@opentelemetry/exporter-metrics-otlp-grpc';
import { OTLPMetricExporter as JsonMetrics } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtoMetrics } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter as GrpcTraces } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as JsonTraces } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtoTraces } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { AggregationType, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import type { PushMetricExporter } from '@opentelemetry/sdk-metrics';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace';

/**
 * Sends a known set of telemetry with the JavaScript SDK: `send.ts PROTOCOL SEED ENDPOINT...`. Every endpoint (`http://host:port`) gets every
 * export. Prints how many spans, log records and data points it made.
 */
const [protocol, seedText, ...endpoints] = process.argv.slice(2) as [string, string, ...string[]];
const seed = Number(seedText);

interface Exporter {
  export(items: never, done: (result: { code: number; error?: Error }) => void): void;
  shutdown(): Promise<void>;
}

/** One exporter that hands everything to several and fails when one of them does. */
function all<T extends Exporter>(exporters: readonly T[]): T {
  const first = exporters[0]!;
  return Object.assign(Object.create(first) as T, {
    export(items: never, done: (result: { code: number; error?: Error }) => void) {
      let left = exporters.length;
      let worst = { code: 0 } as { code: number; error?: Error };
      for (const exporter of exporters)
        exporter.export(items, (result) => {
          if (result.code !== 0) {
            console.error(result.error);
            process.exitCode = 1;
            worst = result;
          }
          if (--left === 0) done(worst);
        });
    },
    // Every export is awaited where it is made.
    forceFlush: () => Promise.resolve(),
    shutdown: async () => void (await Promise.all(exporters.map((exporter) => exporter.shutdown()))),
  });
}

const [Traces, Metrics, Logs] = {
  'http/json': [JsonTraces, JsonMetrics, JsonLogs] as const,
  'http/protobuf': [ProtoTraces, ProtoMetrics, ProtoLogs] as const,
  grpc: [GrpcTraces, GrpcMetrics, GrpcLogs] as const,
}[protocol]!;
const url = (endpoint: string, signal: string): { url: string } => ({ url: protocol === 'grpc' ? endpoint : `${endpoint}/v1/${signal}` });

const sdk = new NodeSDK({
  resource: resourceFromAttributes({
    'service.name': 'javascript',
    'service.instance.id': `seed-${seed}`,
    'process.command_args': ['a', 'b'],
  }),
  autoDetectResources: false,
  spanProcessors: [new BatchSpanProcessor({ exporter: all(endpoints.map((endpoint) => new Traces(url(endpoint, 'traces')))) })],
  logRecordProcessors: [new BatchLogRecordProcessor({ exporter: all(endpoints.map((endpoint) => new Logs(url(endpoint, 'logs')))) })],
  metricReaders: [
    new PeriodicExportingMetricReader({
      exporter: all(endpoints.map((endpoint) => new Metrics(url(endpoint, 'metrics')) as PushMetricExporter)),
      exportIntervalMillis: 3_600_000,
    }),
  ],
  views: [{ instrumentName: 'exponential', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }],
});
sdk.start();

const values: Record<string, AnyValue> = {
  text: 'grüße, 世界 🌍',
  empty: '',
  yes: true,
  no: false,
  whole: 42 + seed,
  negative: -7,
  zero: 0,
  largest: Number.MAX_SAFE_INTEGER,
  smallest: Number.MIN_SAFE_INTEGER,
  fraction: 0.1,
  tiny: 5e-324,
  bytes: new Uint8Array([0, 1, 127, 128, 255]),
  texts: ['a', '', 'ü'],
  numbers: [1, 2.5, -3],
  flags: [true, false],
  nothing: [],
  map: { inner: { deep: [1, { deeper: 'x' }] }, other: false },
};

const tracer = trace.getTracerProvider().getTracer('spans', '1.2.3', { schemaUrl: 'https://opentelemetry.io/schemas/1.37.0' });
const start = 1_790_000_000_123 + seed;
const parent = tracer.startSpan('parent', {
  kind: SpanKind.SERVER,
  startTime: [Math.floor(start / 1000), 123_456_789],
  attributes: values,
});
const inParent = trace.setSpan(context.active(), parent);
let spans = 1;
for (const kind of [SpanKind.INTERNAL, SpanKind.SERVER, SpanKind.CLIENT, SpanKind.PRODUCER, SpanKind.CONSUMER]) {
  const child = tracer.startSpan(
    `child ${kind}`,
    {
      kind,
      startTime: start,
      links: [
        { context: parent.spanContext(), attributes: values },
        { context: { traceId: 'f'.repeat(32), spanId: 'e'.repeat(16), traceFlags: TraceFlags.NONE, isRemote: true } },
      ],
    },
    inParent,
  );
  child.addEvent('event', values, [Math.floor(start / 1000), 999_999_999]);
  child.addEvent('bare');
  child.setStatus({ code: kind % 2 === 0 ? SpanStatusCode.OK : SpanStatusCode.ERROR, message: kind % 2 === 0 ? '' : `failed ${kind}` });
  child.recordException(new RangeError('out of range'));
  child.end(start + 1);
  spans++;
}
parent.end();

const meter = metrics.getMeter('points', '0.0.1');
let points = 0;
const counter = meter.createCounter('counter', { unit: '{thing}', description: 'Counts things.', valueType: ValueType.INT });
counter.add(1, { a: 'x' });
counter.add(Number.MAX_SAFE_INTEGER, { a: 'y', n: 1 });
const doubles = meter.createCounter('doubles', { unit: 's' });
doubles.add(0.25 + seed);
const upDown = meter.createUpDownCounter('up_down', { valueType: ValueType.INT });
upDown.add(-5);
const gauge = meter.createGauge('gauge');
gauge.record(-0.5, { values: ['a', 'b'] });
const histogram = meter.createHistogram('histogram', { unit: 'ms', advice: { explicitBucketBoundaries: [1, 10, 100] } });
for (const value of [0.5, 5, 50, 500]) histogram.record(value, { route: '/ü' });
const exponential = meter.createHistogram('exponential');
for (const value of [0, 0.001, 1, 1000]) exponential.record(value);
meter.createObservableGauge('observed', { valueType: ValueType.INT }).addCallback((result) => result.observe(7, { o: true }));
points += 2 + 1 + 1 + 1 + 1 + 1 + 1;

const logger = logs.getLogger('records', '9.9.9');
let records = 0;
for (const body of [...Object.values(values), values]) {
  logger.emit({
    body,
    severityNumber: (records % 24) + 1,
    severityText: 'LEVEL',
    timestamp: start,
    observedTimestamp: start + 1,
    attributes: values,
    eventName: 'happened',
    context: records % 2 === 0 ? inParent : context.active(),
  });
  records++;
}
logger.emit({});
records++;

await sdk.shutdown();
console.log(JSON.stringify({ traces: spans, metrics: points, logs: records }));
