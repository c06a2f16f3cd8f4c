import { queueSchema, retrySchema, timeoutSchema } from '@millrace/exporter-helper';
import type { QueueConfig, RetryConfig } from '@millrace/exporter-helper';
import { type ClientTlsConfig, type HttpClientConfig, httpClientProperties } from '@millrace/transport';

/** The checked configuration of exporter `datadog` (pkg/datadog/config of the Collector). */
export interface DatadogConfig extends Pick<
  HttpClientConfig,
  'proxy_url' | 'max_conns_per_host' | 'max_idle_conns' | 'max_idle_conns_per_host'
> {
  readonly api: { readonly key?: string; readonly site: string; readonly fail_on_invalid_key: boolean };
  readonly hostname?: string;
  readonly only_metadata: boolean;
  readonly metrics: MetricsConfig;
  readonly traces: TracesConfig;
  readonly logs: LogsConfig;
  readonly host_metadata: HostMetadataConfig;
  readonly timeout: string;
  readonly idle_conn_timeout: string;
  readonly disable_keep_alives: boolean;
  readonly tls: ClientTlsConfig;
  readonly retry_on_failure: RetryConfig;
  readonly sending_queue: QueueConfig;
}

/** The checked `metrics`. */
export interface MetricsConfig {
  readonly endpoint?: string;
  /** Seconds. */
  readonly delta_ttl: number;
  readonly resource_attributes_as_tags: boolean;
  readonly instrumentation_scope_metadata_as_tags: boolean;
  readonly histograms: {
    readonly mode: 'distributions' | 'nobuckets' | 'counters';
    readonly send_aggregation_metrics: boolean;
    readonly send_count_sum_metrics: boolean;
  };
  readonly sums: {
    readonly cumulative_monotonic_mode: 'to_delta' | 'raw_value';
    readonly initial_cumulative_monotonic_value?: 'auto' | 'drop' | 'keep';
  };
  readonly summaries: { readonly mode: 'gauges' | 'noquantiles' };
}

/** The checked `traces`. */
export interface TracesConfig {
  readonly endpoint?: string;
  readonly ignore_resources: readonly string[];
  readonly span_name_remappings: Readonly<Record<string, string>>;
  readonly span_name_as_resource_name: boolean;
  readonly compute_stats_by_span_kind: boolean;
  readonly compute_top_level_by_span_kind: boolean;
  readonly peer_tags_aggregation: boolean;
  readonly peer_tags: readonly string[];
}

/** The checked `logs`. */
export interface LogsConfig {
  readonly endpoint?: string;
  readonly use_compression: boolean;
  readonly compression_level: number;
}

/** The checked `host_metadata`. */
export interface HostMetadataConfig {
  readonly enabled: boolean;
  readonly hostname_source: 'config_or_system' | 'first_resource';
  readonly tags: readonly string[];
  readonly reporter_period: string;
}

const section = (description: string, properties: object): object => ({
  type: 'object',
  additionalProperties: false,
  default: {},
  description,
  properties,
});

const flag = (fallback: boolean, description: string): object => ({ type: 'boolean', default: fallback, description });
const removed = (description: string, instead: string): object => ({ description, 'x-unsupported': `removed; use ${instead}` });
const unused = (description: string): object => ({
  description,
  'x-unsupported': 'has no meaning here, as in the Collector; the settings of the intake are under `api`, `metrics`, `traces` and `logs`',
});

const { tls, proxy_url, max_conns_per_host, max_idle_conns, max_idle_conns_per_host, idle_conn_timeout, ...client } = httpClientProperties({
  compression: '',
});

const metrics = section('How metrics are sent.', {
  endpoint: { type: 'string', description: 'Base URL of the metrics intake. Absent: `https://api.` and the site.' },
  delta_ttl: {
    type: 'integer',
    minimum: 1,
    default: 3600,
    description: 'How long the last point of a cumulative series is kept to compute a difference, in seconds.',
  },
  resource_attributes_as_tags: flag(false, 'Whether all attributes of the resource become tags, not only those that Datadog knows.'),
  instrumentation_scope_metadata_as_tags: flag(true, 'Whether name, version and attributes of the scope become tags.'),
  histograms: section('How histograms are sent.', {
    mode: {
      enum: ['distributions', 'nobuckets', 'counters'],
      default: 'distributions',
      description: '`distributions`: as sketches; `counters`: one count for each bucket; `nobuckets`: no buckets at all.',
    },
    send_aggregation_metrics: flag(false, 'Whether `.count`, `.sum`, `.min` and `.max` are sent as metrics of their own.'),
    send_count_sum_metrics: {
      ...flag(false, 'The old name of `send_aggregation_metrics`.'),
      'x-deprecated': 'use send_aggregation_metrics',
    },
  }),
  sums: section('How sums are sent.', {
    cumulative_monotonic_mode: {
      enum: ['to_delta', 'raw_value'],
      default: 'to_delta',
      description: '`to_delta`: cumulative monotonic sums become counts of what they grew by; `raw_value`: gauges.',
    },
    initial_cumulative_monotonic_value: {
      enum: ['auto', 'drop', 'keep'],
      description:
        'What becomes of the first value of a series: `keep` sends it, `drop` does not, `auto` (the default) sends it when the series began after the program.',
    },
  }),
  summaries: section('How summaries are sent.', {
    mode: {
      enum: ['gauges', 'noquantiles'],
      default: 'gauges',
      description: '`gauges`: quantiles become gauges with a tag `quantile`; `noquantiles`: only count and sum are sent.',
    },
  }),
  report_quantiles: removed('Whether quantiles are sent.', '`metrics::summaries::mode`'),
  send_monotonic_counter: removed('Whether sums become counts.', '`metrics::sums::cumulative_monotonic_mode`'),
  instrumentation_library_metadata_as_tags: removed('Whether scopes become tags.', '`metrics::instrumentation_scope_metadata_as_tags`'),
});

const traces = section('How traces are sent.', {
  endpoint: { type: 'string', description: 'Base URL of the trace intake. Absent: `https://trace.agent.` and the site.' },
  ignore_resources: {
    type: 'array',
    items: { type: 'string' },
    default: [],
    description: 'Regular expressions (RE2): traces whose root has such a resource are not sent.',
  },
  span_name_remappings: {
    type: 'object',
    additionalProperties: { type: 'string' },
    default: {},
    description: 'New names of operations by old ones.',
  },
  span_name_as_resource_name: flag(false, 'Whether the name of the span is the name of the operation, by the older rules.'),
  compute_stats_by_span_kind: flag(
    true,
    'Whether statistics count spans of kind server, client, producer and consumer, besides top-level ones.',
  ),
  compute_top_level_by_span_kind: flag(
    false,
    'Whether roots, servers and consumers are top-level, instead of spans whose parent belongs to another service.',
  ),
  peer_tags_aggregation: flag(true, 'Whether statistics are kept apart by whom a span talked to.'),
  peer_tags: {
    type: 'array',
    items: { type: 'string' },
    default: [],
    description: 'More attributes that say whom a span talked to.',
  },
  peer_service_aggregation: {
    description: 'The old name of `peer_tags_aggregation`.',
    'x-unsupported': 'deprecated in the Collector; use peer_tags_aggregation',
  },
  trace_buffer: {
    description: 'How many payloads are buffered.',
    'x-unsupported': 'the queue buffers; use `sending_queue::queue_size`',
  },
});

const logs = section('How log records are sent.', {
  endpoint: { type: 'string', description: 'Base URL of the logs intake. Absent: `https://http-intake.logs.` and the site.' },
  use_compression: flag(true, 'Whether requests are compressed with gzip.'),
  compression_level: {
    type: 'integer',
    minimum: 0,
    maximum: 9,
    default: 6,
    description: 'How hard gzip tries: 1 is fastest, 9 makes the smallest bodies, 0 does not compress.',
  },
  batch_wait: {
    description: 'How long a batch is filled, in seconds.',
    'x-unsupported': 'every batch is sent as it comes; use `sending_queue::batch` or processor batch',
  },
});

const hostMetadata = section('What is told of the host that the program runs on.', {
  enabled: flag(true, 'Whether anything is told.'),
  hostname_source: {
    enum: ['config_or_system', 'first_resource'],
    default: 'config_or_system',
    description:
      '`config_or_system`: the host is `hostname`, or what the system calls itself; `first_resource`: what the first batch names.',
  },
  tags: { type: 'array', items: { type: 'string' }, default: [], description: 'Tags of the host, as `key:value`.' },
  reporter_period: {
    type: 'string',
    format: 'duration',
    default: '30m',
    description: 'How often it is told again, at least `5m`.',
  },
});

export const configSchema: object = {
  type: 'object',
  additionalProperties: false,
  properties: {
    api: section('The organization at Datadog.', {
      key: { type: 'string', 'x-secret': true, description: 'The API key. Required.' },
      site: { type: 'string', default: 'datadoghq.com', description: 'The site of the intake, such as `datadoghq.eu`.' },
      fail_on_invalid_key: flag(false, 'Whether the program ends when Datadog refuses the key at the start.'),
    }),
    hostname: { type: 'string', description: 'The host of telemetry that names none. Absent: what the system calls itself.' },
    hostname_detection_timeout: {
      description: 'How long the host is looked for.',
      'x-unsupported': 'the system is asked, which answers at once; leave it out or set `hostname`',
    },
    only_metadata: flag(false, 'Whether only the host is told of, and no telemetry sent.'),
    metrics,
    traces,
    logs,
    host_metadata: hostMetadata,
    orchestrator_explorer: {
      description: 'What is told of Kubernetes objects.',
      'x-unsupported': 'not available; let the Datadog Agent watch Kubernetes',
    },
    timeout: { ...timeoutSchema, default: '15s' },
    retry_on_failure: retrySchema,
    sending_queue: queueSchema,
    tls,
    proxy_url,
    max_conns_per_host,
    max_idle_conns,
    max_idle_conns_per_host: { ...max_idle_conns_per_host, default: 5 },
    idle_conn_timeout: { ...idle_conn_timeout, default: '45s' },
    disable_keep_alives: client['disable_keep_alives'],
    endpoint: unused('The destination.'),
    headers: unused('Headers of requests.'),
    compression: unused('How bodies are compressed.'),
    auth: unused('The extension that authenticates requests.'),
    read_buffer_size: client['read_buffer_size'],
    write_buffer_size: client['write_buffer_size'],
    tags: removed('Tags of the host.', '`host_metadata::tags`'),
    send_metadata: removed('Whether anything is told of the host.', '`host_metadata::enabled`'),
    use_resource_metadata: removed('Where the host is taken from.', '`host_metadata::hostname_source`'),
  },
};
