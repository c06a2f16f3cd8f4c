import type { Workload } from './load/workload.ts';
import { processingRows } from './processing-rows.ts';

/** One line of the table: the same work for the Collector and for millrace. */
export interface Row {
  readonly name: string;
  readonly title: string;
  readonly workload: Workload;
  /** Compression of what is sent on. Default none. */
  readonly compression?: 'gzip';
  /** gzip level for millrace, chosen so that its output is as large as the Collector's within 5 %. Default: millrace's own default. */
  readonly compressionLevel?: number;
  /** Processors in front of `batch`, by name, with their settings in YAML. */
  readonly processors?: Readonly<Record<string, string>>;
  /** What millrace has in their place, where it does more. Default: the same. */
  readonly millraceProcessors?: Readonly<Record<string, string>>;
  /** Settings of connector `spanmetrics`, which the spans also go to, and whose metrics go nowhere. */
  readonly spanMetrics?: string;
  /** What millrace has in place of connector `spanmetrics`. Default: the same. */
  readonly millraceConnector?: string;
  /** Spans of a batch. Default 1,024. */
  readonly batchSize?: number;
  /** Some items are dropped on purpose; both programs must let the same share of them pass. */
  readonly drops?: boolean;
}

/** Requests of 100 items unless the title says otherwise. */
export const rows: readonly Row[] = [
  { name: 'http', title: 'traces, HTTP', workload: { signal: 'traces', protocol: 'http', itemsPerRequest: 100 } },
  { name: 'grpc', title: 'traces, gRPC', workload: { signal: 'traces', protocol: 'grpc', itemsPerRequest: 100 } },
  {
    name: 'http-gzip',
    title: 'traces, HTTP, gzip in and out',
    workload: { signal: 'traces', protocol: 'http', itemsPerRequest: 100, compression: 'gzip' },
    compression: 'gzip',
    compressionLevel: 5,
  },
  { name: 'http-logs', title: 'logs, HTTP', workload: { signal: 'logs', protocol: 'http', itemsPerRequest: 100 } },
  { name: 'http-metrics', title: 'metrics, HTTP', workload: { signal: 'metrics', protocol: 'http', itemsPerRequest: 100 } },
  { name: 'grpc-logs', title: 'logs, gRPC', workload: { signal: 'logs', protocol: 'grpc', itemsPerRequest: 100 } },
  { name: 'grpc-metrics', title: 'metrics, gRPC', workload: { signal: 'metrics', protocol: 'grpc', itemsPerRequest: 100 } },
  {
    name: 'http-json',
    title: 'traces, HTTP, JSON in, protobuf out',
    workload: { signal: 'traces', protocol: 'http', itemsPerRequest: 100, encoding: 'json' },
  },
  { name: 'http-10', title: 'traces, HTTP, 10 spans a request', workload: { signal: 'traces', protocol: 'http', itemsPerRequest: 10 } },
  {
    name: 'http-1000',
    title: 'traces, HTTP, 1,000 spans a request',
    workload: { signal: 'traces', protocol: 'http', itemsPerRequest: 1000 },
  },
  {
    name: 'http-200-attributes',
    title: 'traces, HTTP, 200 more attributes a span',
    workload: { signal: 'traces', protocol: 'http', itemsPerRequest: 100, extraAttributes: 200 },
  },
  ...processingRows,
];

/** Which program a configuration is for. */
export type TargetName = 'otelcol' | 'millrace';

/** The row's pipeline as YAML: OTLP in, batches of 1,024, OTLP out through a queue of 16 that blocks when it is full. */
export function configuration(row: Row, target: TargetName, port: number, sinkPort: number): string {
  const { signal, protocol } = row.workload;
  const exporter = protocol === 'http' ? 'otlphttp' : 'otlp';
  const level =
    target === 'millrace' && row.compressionLevel !== undefined ? `\n    compression_params: { level: ${row.compressionLevel} }` : '';
  const settings = (target === 'millrace' ? row.millraceProcessors : undefined) ?? row.processors ?? {};
  const processors = Object.entries(settings).map(([name, text]) => `  ${name}: ${text}\n`);
  const names = [...Object.keys(settings), 'batch'].join(', ');
  const maker = (target === 'millrace' ? row.millraceConnector : undefined) ?? 'spanmetrics';
  const connector = row.spanMetrics === undefined ? '' : `connectors:\n  ${maker}: ${maker === 'spanmetrics' ? row.spanMetrics : '{}'}\n`;
  const metrics = connector === '' ? '' : `\n    metrics: { receivers: [${maker}], exporters: [nop] }`;
  return `receivers:
  otlp:
    protocols:
      ${protocol === 'http' ? `http: { endpoint: 127.0.0.1:${port} }` : `grpc: { endpoint: 127.0.0.1:${port}, max_recv_msg_size_mib: 64 }`}
processors:
${processors.join('')}  batch: { send_batch_size: ${row.batchSize ?? 1024}, timeout: 200ms }
${connector}exporters:${connector === '' ? '' : '\n  nop:'}
  ${exporter}:
    endpoint: ${protocol === 'http' ? `http://127.0.0.1:${sinkPort}` : `127.0.0.1:${sinkPort}`}
    compression: ${row.compression ?? 'none'}${level}
    sending_queue: { queue_size: 16, block_on_overflow: true, num_consumers: 4 }${protocol === 'grpc' ? '\n    tls: { insecure: true }' : ''}
service:
  telemetry: { metrics: { level: none }, logs: { level: error } }
  pipelines:
    ${signal}: { receivers: [otlp], processors: [${names}], exporters: [${exporter}${connector === '' ? '' : `, ${maker}`}] }${metrics}
`;
}

/** What start-up and idle memory are measured with: both protocols, three signals, nobody at the destination. */
export function startConfiguration(port: number, grpcPort: number): string {
  const pipeline = '{ receivers: [otlp], processors: [memory_limiter, batch], exporters: [otlphttp] }';
  return `receivers:
  otlp:
    protocols:
      grpc: { endpoint: 127.0.0.1:${grpcPort} }
      http: { endpoint: 127.0.0.1:${port} }
processors:
  memory_limiter: { check_interval: 1s, limit_mib: 400 }
  batch: {}
exporters:
  otlphttp: { endpoint: http://127.0.0.1:9 }
service:
  telemetry: { metrics: { level: none } }
  pipelines:
    traces: ${pipeline}
    metrics: ${pipeline}
    logs: ${pipeline}
`;
}

/** What start-up with everything configured is measured with: most components at once, on free ports, with nobody at the destinations. */
export function everythingConfiguration(port: number, ports: readonly number[], folder: string): string {
  const [grpc, jaeger, zipkin, prometheus, health, zpages, pprof, own] = ports;
  return `receivers:
  otlp: { protocols: { grpc: { endpoint: 127.0.0.1:${grpc} }, http: { endpoint: 127.0.0.1:${port} } } }
  jaeger: { protocols: { thrift_http: { endpoint: 127.0.0.1:${jaeger} } } }
  zipkin: { endpoint: 127.0.0.1:${zipkin} }
  host_metrics: { collection_interval: 1m, initial_delay: 1m, scrapers: { cpu: , memory: , load: , filesystem: , network: } }
  prometheus: { config: { scrape_configs: [{ job_name: self, static_configs: [{ targets: ['127.0.0.1:${own}'] }] }] } }
processors:
  memory_limiter: { check_interval: 1s, limit_mib: 400 }
  resource_detection: { detectors: [env, system] }
  batch: {}
exporters:
  otlp_grpc: { endpoint: 127.0.0.1:9, tls: { insecure: true }, sending_queue: { storage: file_storage } }
  otlp_http: { endpoint: http://127.0.0.1:9, auth: { authenticator: bearertokenauth } }
  prometheus: { endpoint: 127.0.0.1:${prometheus} }
  file: { path: ${folder}/out.jsonl }
  csv: { path: '${folder}/*.csv' }
  zipkin: { endpoint: http://127.0.0.1:9/api/v2/spans }
  loki: { endpoint: http://127.0.0.1:9/loki/api/v1/push }
  datadog: { api: { key: abc }, hostname: bench, host_metadata: { enabled: false }, metrics: { endpoint: http://127.0.0.1:9 }, traces: { endpoint: http://127.0.0.1:9 }, logs: { endpoint: http://127.0.0.1:9 } }
extensions:
  file_storage: { directory: ${folder}/queue, create_directory: true }
  bearertokenauth: { token: abc }
  healthcheckv2: { use_v2: true, http: { endpoint: 127.0.0.1:${health} } }
  zpages: { endpoint: 127.0.0.1:${zpages} }
  pprof: { endpoint: 127.0.0.1:${pprof} }
service:
  extensions: [file_storage, bearertokenauth, healthcheckv2, zpages, pprof]
  telemetry: { metrics: { readers: [{ pull: { exporter: { prometheus: { host: 127.0.0.1, port: ${own} } } } }] } }
  pipelines:
    traces: { receivers: [otlp, jaeger, zipkin], processors: [memory_limiter, resource_detection, batch], exporters: [otlp_grpc, file, csv, zipkin, datadog] }
    metrics: { receivers: [otlp, host_metrics, prometheus], processors: [memory_limiter, resource_detection, batch], exporters: [otlp_http, prometheus, datadog] }
    logs: { receivers: [otlp], processors: [memory_limiter, resource_detection, batch], exporters: [otlp_http, loki, csv, datadog] }
`;
}
