/** What is sent, and how fast. */
export interface Load {
  readonly signal: 'traces' | 'metrics' | 'logs';
  readonly protocol: 'grpc' | 'http' | 'jaeger' | 'zipkin';
  readonly compression?: 'gzip' | 'zstd';
  /** Spans, log records or metrics (of 7 points each) a second; 0 for nothing. */
  readonly itemsPerSecond: number;
  readonly itemsPerBatch: number;
  /** More attributes of each span, and the bytes of each of their values. */
  readonly attributes?: { readonly count: number; readonly bytes: number };
}

/** How the destination behaves. */
export type Backend =
  | 'accepts'
  /** Nobody listens; nothing can arrive. */
  | 'absent'
  /** Answers with a retryable error until the log says `until`, or for three seconds. */
  | { readonly refusesUntil: string | undefined }
  /** Does not answer until the log says so. */
  | { readonly hangsUntil: string };

/** Upstream's limits: percent of one core, and MiB of resident memory; undefined where it sets none. */
export interface Limits {
  readonly cpu: number | undefined;
  readonly rssMiB: number | undefined;
  /** What is resident in the end must be more than this. */
  readonly rssFloorMiB?: number;
}

/** One scenario of the Collector's testbed. */
export interface Scenario {
  readonly name: string;
  /** Why a row cannot run: which components are missing, and where. */
  readonly absent?: string;
  /** In what the row differs from upstream's. */
  readonly remark?: string;
  readonly load: Load;
  readonly backend: Backend;
  /** YAML of `processors`, and their ids in order. */
  readonly processors?: string;
  readonly processorIds?: readonly string[];
  /** YAML added to the exporter. */
  readonly exporter?: string;
  readonly seconds: number;
  readonly limits: Limits;
  /** A line that the log must have. */
  readonly says?: string;
  /** Whether a line must not be there. */
  readonly doesNotSay?: string;
  /** A text that everything has to arrive with. */
  readonly adds?: string;
}

const rate = { itemsPerSecond: 10_000, itemsPerBatch: 100 };
const seconds = 15;

type Shape = Omit<Load, 'itemsPerSecond' | 'itemsPerBatch'> & Partial<Load>;

const steady = (name: string, load: Shape, cpu: number, rssMiB: number, more: Partial<Scenario> = {}): Scenario => ({
  name,
  load: { ...rate, ...load },
  backend: 'accepts',
  seconds,
  limits: { cpu, rssMiB },
  ...more,
});
const absent = (name: string, components: string, cpu?: number, rssMiB?: number): Scenario => ({
  name,
  load: { signal: 'logs', protocol: 'grpc', ...rate },
  backend: 'accepts',
  seconds,
  limits: { cpu, rssMiB },
  absent: `${components} on neither side`,
});
const withAttributes = (count: number, bytes: number, cpu: number): Scenario =>
  steady(
    `Trace1kSPSWithAttrs/${count}*${bytes}bytes`,
    { signal: 'traces', protocol: 'grpc', itemsPerSecond: 1000, itemsPerBatch: 10, attributes: { count, bytes } },
    cpu,
    150,
  );
const retrying = 'retry_on_failure: { enabled: true, initial_interval: 1s, max_interval: 1s, randomization_factor: 0 }';
const traces = { signal: 'traces', protocol: 'grpc' } as const;
const metrics = { signal: 'metrics', protocol: 'grpc' } as const;
const logs = { signal: 'logs', protocol: 'grpc' } as const;
const toOtlp = (exporter: string): Partial<Scenario> => ({ remark: `to otlp: the otelcol here has no exporter ${exporter}` });
const fewLogs = { ...logs, itemsPerSecond: 100, itemsPerBatch: 10 };

/** The scenarios and limits of opentelemetry-collector-contrib/testbed/tests. */
export const scenarios: readonly Scenario[] = [
  steady('IdleMode', { ...traces, itemsPerSecond: 0, itemsPerBatch: 1 }, 20, 83),
  steady('Trace10kSPS/OTLP-gRPC', traces, 20, 100),
  steady('Trace10kSPS/OTLP-gRPC-gzip', { ...traces, compression: 'gzip' }, 30, 100),
  steady('Trace10kSPS/OTLP-HTTP', { ...traces, protocol: 'http' }, 20, 100),
  steady('Trace10kSPS/OTLP-HTTP-gzip', { ...traces, protocol: 'http', compression: 'gzip' }, 25, 100),
  steady('Trace10kSPS/OTLP-HTTP-zstd', { ...traces, protocol: 'http', compression: 'zstd' }, 22, 220),
  steady('Trace10kSPS/JaegerGRPC', { ...traces, protocol: 'jaeger' }, 40, 100, toOtlp('jaeger')),
  steady('Trace10kSPS/Zipkin', { ...traces, protocol: 'zipkin' }, 80, 120, toOtlp('zipkin')),
  absent('Trace10kSPS/OpenCensus', 'opencensus', 39, 100),
  absent('Trace10kSPS/SAPM', 'sapm', 32, 100),
  absent('Trace10kSPS/SAPM-gzip', 'sapm', 35, 110),
  absent('Trace10kSPS/SAPM-zstd', 'sapm', 32, 300),
  steady('Metric10kDPS/OTLP', metrics, 60, 105),
  steady('Metric10kDPS/OTLP-HTTP', { ...metrics, protocol: 'http' }, 60, 100),
  absent('Metric10kDPS/STEF', 'stef', 60, 100),
  absent('Metric10kDPS/OpenCensus', 'opencensus', 85, 100),
  absent('Metric10kDPS/Carbon', 'carbon', 237, 105),
  absent('Metric10kDPS/SignalFx', 'signalfx', 120, 98),
  steady('MetricsFromFile', { ...metrics, itemsPerSecond: 1000, itemsPerBatch: 10 }, 120, 110, {
    remark: 'generated metrics in place of k8s-metrics.yaml',
  }),
  steady('Log10kDPS/OTLP', logs, 30, 120),
  steady('Log10kDPS/OTLP-HTTP', { ...logs, protocol: 'http' }, 30, 120),
  steady('Log10kDPS/OTLP-batcher', logs, 30, 120, { exporter: 'sending_queue: { queue_size: 10000, batch: { flush_timeout: 200ms } }' }),
  absent('Log10kDPS/filelog', 'file_log', 50, 120),
  absent('Log10kDPS/filelog checkpoints', 'file_log', 50, 120),
  absent('Log10kDPS/kubernetes containers', 'file_log', 110, 150),
  absent('Log10kDPS/kubernetes containers parser', 'file_log', 110, 150),
  absent('Log10kDPS/k8s CRI-Containerd', 'file_log', 100, 150),
  absent('Log10kDPS/k8s CRI-Containerd no attr ops', 'file_log', 100, 150),
  absent('Log10kDPS/CRI-Containerd', 'file_log', 100, 150),
  absent('Log10kDPS/syslog-tcp', 'syslog', 80, 150),
  absent('Log10kDPS/tcp', 'tcplog', 80, 150),
  absent('Log10kDPS/FluentForward-SplunkHEC', 'fluentforward and splunk_hec', 60, 150),
  absent('LogLargeFiles/200kLPS', 'file_log', 80, 150),
  absent('LogLargeFiles/330kLPS', 'file_log', 100, 150),
  absent('LargeFileOnce', 'file_log'),
  withAttributes(0, 0, 30),
  withAttributes(100, 50, 120),
  withAttributes(10, 1000, 100),
  withAttributes(20, 5000, 250),
  {
    ...steady('TraceNoBackend10kSPS/NoMemoryLimit', traces, 90, 100),
    backend: 'absent',
    limits: { cpu: 90, rssMiB: 100, rssFloorMiB: 80 },
  },
  {
    ...steady('TraceNoBackend10kSPS/MemoryLimit', traces, 90, 95),
    backend: 'absent',
    processors: 'memory_limiter: { check_interval: 100ms, limit_mib: 20 }',
    processorIds: ['memory_limiter'],
    limits: { cpu: 90, rssMiB: 95, rssFloorMiB: 50 },
  },
  {
    ...steady('LogSendingQueue/full', fewLogs, 80, 120),
    backend: { refusesUntil: 'sending queue is full' },
    exporter: `sending_queue: { enabled: true, queue_size: 10, num_consumers: 1 }\n    ${retrying}`,
    seconds: 10,
    says: 'sending queue is full',
  },
  {
    ...steady('LogSendingQueue/not_full', fewLogs, 80, 120),
    backend: { refusesUntil: undefined },
    exporter: `sending_queue: { enabled: true, queue_size: 1000 }\n    ${retrying}`,
    seconds: 10,
    doesNotSay: 'sending queue is full',
  },
  {
    ...steady('MemoryLimiterHit', { ...traces, itemsPerSecond: 100_000, attributes: { count: 10, bytes: 100 } }, 0, 0),
    backend: { hangsUntil: 'Memory usage is above soft limit. Refusing data.' },
    processors: 'memory_limiter: { check_interval: 1s, limit_mib: 300, spike_limit_mib: 150 }',
    processorIds: ['memory_limiter'],
    exporter: 'timeout: 0s\n    sending_queue: { enabled: true, queue_size: 100000, num_consumers: 20 }',
    seconds: 20,
    limits: { cpu: undefined, rssMiB: undefined },
    says: 'Memory usage is above soft limit. Refusing data.',
  },
  {
    ...steady('TraceAttributesProcessor', { ...traces, itemsPerSecond: 1000, itemsPerBatch: 10 }, 0, 0),
    processors: 'attributes: { actions: [{ key: new_attr, value: string value, action: insert }] }',
    processorIds: ['attributes'],
    limits: { cpu: undefined, rssMiB: undefined },
    adds: 'string value',
  },
  {
    ...steady('MetricResourceProcessor', { ...metrics, itemsPerSecond: 1000, itemsPerBatch: 10 }, 0, 0),
    processors: 'resource: { attributes: [{ key: label-key, value: new-label-value, action: upsert }] }',
    processorIds: ['resource'],
    limits: { cpu: undefined, rssMiB: undefined },
    adds: 'new-label-value',
  },
];
