/** What becomes of a configuration. */
export type Verdict =
  /** It runs. */
  | 'accepted'
  /** It is wrong, here and for the Collector. */
  | { readonly refused: string }
  /** It is right for the Collector; this version has not what it needs. */
  | { readonly unsupported: string };

/** A configuration as people write them, with what `validate` says: for a refusal the path that the problem names. */
export interface Example {
  readonly name: string;
  readonly yaml: string;
  readonly verdict: Verdict;
  /**
   * What a Collector 0.155 with the components of test/peers/otelcol/builder.yaml says, when it is not the same: `accepts`, `refuses`, or
   * `lacks` a component, so that its written semantics count.
   */
  readonly collector?: 'accepts' | 'refuses' | 'lacks';
}

const examples: Example[] = [];
const accepted = (name: string, yaml: string, collector?: Example['collector']): void =>
  void examples.push({ name, yaml, verdict: 'accepted', ...(collector !== undefined && { collector }) });
const refused = (name: string, path: string, yaml: string, collector?: Example['collector']): void =>
  void examples.push({ name, yaml, verdict: { refused: path }, ...(collector !== undefined && { collector }) });
const unsupported = (name: string, path: string, yaml: string, collector: Example['collector'] = 'lacks'): void =>
  void examples.push({ name, yaml, verdict: { unsupported: path }, collector });

const otlp = `receivers:
  otlp:
    protocols:
      grpc:
      http:
`;
const debug = `exporters:
  debug:
`;
const pipeline = (signal: string, receivers: string, processors: string, exporters: string): string => `service:
  pipelines:
    ${signal}:
      receivers: [${receivers}]
      processors: [${processors}]
      exporters: [${exporters}]
`;
const traces = pipeline('traces', 'otlp', '', 'debug');
const withBatch = pipeline('traces', 'otlp', 'batch', 'debug');

// How the file itself is written.
accepted('the smallest', otlp + debug + traces);
accepted('null, empty and unused components', `${otlp}  nop: {}\n${debug}  nop:\nprocessors:\n  batch:\n${traces}`);
accepted(
  'a null list of processors',
  `${otlp}${debug}service:\n  pipelines:\n    traces:\n      receivers: [otlp]\n      processors:\n      exporters: [debug]\n`,
);
accepted(
  'two instances of a type',
  `${otlp}exporters:\n  debug:\n  debug/2:\n    verbosity: detailed\n${pipeline('logs', 'otlp', '', 'debug, debug/2')}`,
);
accepted(
  'flow maps',
  'receivers: {otlp: {protocols: {grpc: {endpoint: "0.0.0.0:4317"}}}}\nexporters: {debug: {}}\nservice: {pipelines: {traces: {receivers: [otlp], exporters: [debug]}}}\n',
);
accepted(
  'anchors',
  `${otlp}exporters:\n  otlp/a: &base\n    endpoint: collector:4317\n    tls:\n      insecure: true\n  otlp/b: *base\n${pipeline('traces', 'otlp', '', 'otlp/a, otlp/b')}`,
);
accepted(
  'a trailing comma in a list',
  `${otlp}${debug}extensions:\n  health_check:\nservice:\n  extensions: [health_check, ]\n  pipelines:\n    traces:\n      receivers: [otlp]\n      exporters: [debug]\n`,
);
accepted(
  'environment with a default',
  `${otlp}exporters:\n  otlp:\n    endpoint: "\${env:OTLP_ENDPOINT:-localhost:4317}"\n    tls:\n      insecure: \${env:OTLP_INSECURE:-true}\n${pipeline('traces', 'otlp', '', 'otlp')}`,
);
accepted(
  'environment inside a longer text',
  `receivers:\n  otlp:\n    protocols:\n      grpc:\n        endpoint: \${env:MY_POD_IP:-127.0.0.1}:4317\n${debug}${traces}`,
);
accepted(
  'environment in a number and a duration',
  `${otlp}${debug}processors:\n  batch:\n    timeout: \${env:BATCH_TIMEOUT:-5s}\n    send_batch_size: \${env:BATCH_SIZE:-512}\n${withBatch}`,
);
accepted(
  'an escaped dollar',
  `${otlp}exporters:\n  otlphttp:\n    endpoint: https://example.com\n    headers:\n      x-price: "$$5"\n${pipeline('traces', 'otlp', '', 'otlphttp')}`,
);
accepted(
  'a bare dollar',
  `${otlp}exporters:\n  otlphttp:\n    endpoint: https://example.com\n    headers:\n      x-token: $TOKEN\n${pipeline('traces', 'otlp', '', 'otlphttp')}`,
);
accepted(
  'a reference with a default and no scheme',
  `${otlp}${debug}processors:\n  batch:\n    timeout: \${BATCH_TIMEOUT:-5s}\n${withBatch}`,
  'refuses',
);
accepted(
  'several pipelines and signals',
  `${otlp}${debug}processors:\n  batch:\nservice:\n  pipelines:\n    traces:\n      receivers: [otlp]\n      processors: [batch]\n      exporters: [debug]\n    metrics:\n      receivers: [otlp]\n      exporters: [debug]\n    logs/app:\n      receivers: [otlp]\n      exporters: [debug]\n`,
);
accepted(
  'comments and blank lines everywhere',
  `# a\nreceivers:\n\n  # b\n  otlp:\n    protocols:\n      grpc: # c\n\n${debug}\n# d\n${traces}`,
);

// Receiver otlp.
accepted(
  'both protocols with endpoints',
  `receivers:\n  otlp:\n    protocols:\n      grpc:\n        endpoint: 0.0.0.0:4317\n        max_recv_msg_size_mib: 64\n        keepalive:\n          server_parameters:\n            max_connection_age: 60s\n      http:\n        endpoint: 0.0.0.0:4318\n        max_request_body_size: 10485760\n        include_metadata: true\n${debug}${traces}`,
);
accepted(
  'cors',
  `receivers:\n  otlp:\n    protocols:\n      http:\n        cors:\n          allowed_origins: [http://*, https://*.example.com]\n          allowed_headers: ["*"]\n          max_age: 7200\n${debug}${traces}`,
);
accepted(
  'paths for each signal',
  `receivers:\n  otlp:\n    protocols:\n      http:\n        traces_url_path: /otlp/traces\n        metrics_url_path: /otlp/metrics\n        logs_url_path: /otlp/logs\n${debug}${traces}`,
);
refused('no protocol', 'receivers::otlp', `receivers:\n  otlp:\n    protocols:\n${debug}${traces}`);
refused('a misspelt protocol', 'receivers::otlp', `receivers:\n  otlp:\n    protocols:\n      htttp:\n${debug}${traces}`);
refused(
  'a number as text',
  'receivers::otlp::protocols::grpc::max_recv_msg_size_mib',
  `receivers:\n  otlp:\n    protocols:\n      grpc:\n        max_recv_msg_size_mib: "many"\n${debug}${traces}`,
);
refused(
  'an unknown key of a protocol',
  'receivers::otlp::protocols::grpc',
  `receivers:\n  otlp:\n    protocols:\n      grpc:\n        endpiont: 0.0.0.0:4317\n${debug}${traces}`,
);

// Processors.
accepted(
  'batch with its settings',
  `${otlp}${debug}processors:\n  batch:\n    timeout: 10s\n    send_batch_size: 1000\n    send_batch_max_size: 2000\n    metadata_keys: [tenant]\n    metadata_cardinality_limit: 30\n${withBatch}`,
);
refused(
  'a largest batch below the size',
  'processors::batch',
  `${otlp}${debug}processors:\n  batch:\n    send_batch_size: 1000\n    send_batch_max_size: 100\n${withBatch}`,
);
refused('a duration without a unit', 'processors::batch::timeout', `${otlp}${debug}processors:\n  batch:\n    timeout: "5"\n${withBatch}`);
refused(
  'a duplicate metadata key',
  'processors::batch',
  `${otlp}${debug}processors:\n  batch:\n    metadata_keys: [tenant, Tenant]\n${withBatch}`,
);
accepted(
  'memory_limiter in MiB',
  `${otlp}${debug}processors:\n  memory_limiter:\n    check_interval: 1s\n    limit_mib: 4000\n    spike_limit_mib: 800\n${pipeline('traces', 'otlp', 'memory_limiter', 'debug')}`,
);
accepted(
  'memory_limiter in percent',
  `${otlp}${debug}processors:\n  memory_limiter:\n    check_interval: 5s\n    limit_percentage: 80\n    spike_limit_percentage: 25\n${pipeline('traces', 'otlp', 'memory_limiter', 'debug')}`,
);
refused(
  'memory_limiter without an interval',
  'processors::memory_limiter',
  `${otlp}${debug}processors:\n  memory_limiter:\n    limit_mib: 400\n${pipeline('traces', 'otlp', 'memory_limiter', 'debug')}`,
);
refused(
  'memory_limiter without a limit',
  'processors::memory_limiter',
  `${otlp}${debug}processors:\n  memory_limiter:\n    check_interval: 1s\n${pipeline('traces', 'otlp', 'memory_limiter', 'debug')}`,
);
refused(
  'a spike above the limit',
  'processors::memory_limiter',
  `${otlp}${debug}processors:\n  memory_limiter:\n    check_interval: 1s\n    limit_mib: 100\n    spike_limit_mib: 200\n${pipeline('traces', 'otlp', 'memory_limiter', 'debug')}`,
);
accepted(
  'resourcedetection as it is usual',
  `${otlp}${debug}processors:\n  resourcedetection:\n    detectors: [env, system]\n    timeout: 2s\n    override: false\n${pipeline('traces', 'otlp', 'resourcedetection', 'debug')}`,
);
accepted(
  "resource_detection with a detector's attributes",
  `${otlp}${debug}processors:\n  resource_detection:\n    detectors: [system]\n    system:\n      hostname_sources: [os]\n      resource_attributes:\n        host.name:\n          enabled: true\n        os.type:\n          enabled: false\n${pipeline('traces', 'otlp', 'resource_detection', 'debug')}`,
);
refused(
  'a detector that nobody has',
  'processors::resourcedetection',
  `${otlp}${debug}processors:\n  resourcedetection:\n    detectors: [moon]\n${pipeline('traces', 'otlp', 'resourcedetection', 'debug')}`,
);

// Exporters.
accepted(
  'otlp with a bare endpoint',
  `${otlp}exporters:\n  otlp:\n    endpoint: tempo:4317\n    tls:\n      insecure: true\n${pipeline('traces', 'otlp', '', 'otlp')}`,
);
accepted(
  'otlp_grpc by its present name',
  `${otlp}exporters:\n  otlp_grpc:\n    endpoint: http://tempo:4317\n    compression: zstd\n    headers:\n      x-scope-orgid: demo\n${pipeline('traces', 'otlp', '', 'otlp_grpc')}`,
);
accepted(
  'otlp with retries and a queue',
  `${otlp}exporters:\n  otlp:\n    endpoint: https://api.example.com:443\n    timeout: 10s\n    retry_on_failure:\n      enabled: true\n      initial_interval: 5s\n      max_interval: 30s\n      max_elapsed_time: 300s\n    sending_queue:\n      enabled: true\n      num_consumers: 4\n      queue_size: 5000\n${pipeline('traces', 'otlp', '', 'otlp')}`,
);
accepted(
  'otlp with a batching queue',
  `${otlp}exporters:\n  otlp:\n    endpoint: tempo:4317\n    sending_queue:\n      sizer: items\n      queue_size: 100000\n      block_on_overflow: true\n      batch:\n        flush_timeout: 1s\n        min_size: 1000\n        max_size: 5000\n${pipeline('traces', 'otlp', '', 'otlp')}`,
);
accepted(
  'otlp with certificates',
  `${otlp}exporters:\n  otlp:\n    endpoint: tempo:4317\n    tls:\n      insecure_skip_verify: true\n      min_version: "1.3"\n      server_name_override: tempo.example.com\n      reload_interval: 1h\n${pipeline('traces', 'otlp', '', 'otlp')}`,
);
refused(
  'otlp without an endpoint',
  'exporters::otlp',
  `${otlp}exporters:\n  otlp:\n    tls:\n      insecure: true\n${pipeline('traces', 'otlp', '', 'otlp')}`,
);
refused(
  'insecure where it was long ago',
  'exporters::otlp',
  `${otlp}exporters:\n  otlp:\n    endpoint: tempo:4317\n    insecure: true\n${pipeline('traces', 'otlp', '', 'otlp')}`,
);
refused(
  'a port that is none',
  'exporters::otlp',
  `${otlp}exporters:\n  otlp:\n    endpoint: tempo:http\n${pipeline('traces', 'otlp', '', 'otlp')}`,
);
refused(
  'a queue of nothing',
  'exporters::otlp::sending_queue',
  `${otlp}exporters:\n  otlp:\n    endpoint: tempo:4317\n    sending_queue:\n      queue_size: 0\n${pipeline('traces', 'otlp', '', 'otlp')}`,
);
refused(
  'an interval above the longest',
  'exporters::otlp::retry_on_failure',
  `${otlp}exporters:\n  otlp:\n    endpoint: tempo:4317\n    retry_on_failure:\n      initial_interval: 10m\n      max_elapsed_time: 1m\n${pipeline('traces', 'otlp', '', 'otlp')}`,
);
refused(
  'an unknown compression',
  'exporters::otlp',
  `${otlp}exporters:\n  otlp:\n    endpoint: tempo:4317\n    compression: brotli\n${pipeline('traces', 'otlp', '', 'otlp')}`,
);
refused(
  'waiting for results of a stored queue',
  'exporters::otlp::sending_queue',
  `${otlp}exporters:\n  otlp:\n    endpoint: tempo:4317\n    sending_queue:\n      wait_for_result: true\n      storage: file_storage\nextensions:\n  file_storage:\n    directory: /tmp\nservice:\n  extensions: [file_storage]\n  pipelines:\n    traces:\n      receivers: [otlp]\n      exporters: [otlp]\n`,
);
accepted(
  'otlphttp',
  `${otlp}exporters:\n  otlphttp:\n    endpoint: https://otlp.example.com/otlp\n    headers:\n      Authorization: Basic Zm9v\n    compression: gzip\n    encoding: json\n${pipeline('traces', 'otlp', '', 'otlphttp')}`,
);
accepted(
  'otlp_http with an endpoint for each signal',
  `${otlp}exporters:\n  otlp_http:\n    traces_endpoint: https://t.example.com/v1/traces\n    metrics_endpoint: https://m.example.com/v1/metrics\n    logs_endpoint: https://l.example.com/v1/logs\n    tls:\n      insecure: true\n${pipeline('logs', 'otlp', '', 'otlp_http')}`,
);
refused(
  'otlphttp without an endpoint',
  'exporters::otlphttp',
  `${otlp}exporters:\n  otlphttp:\n    compression: gzip\n${pipeline('traces', 'otlp', '', 'otlphttp')}`,
);
refused(
  'an encoding that is none',
  'exporters::otlphttp',
  `${otlp}exporters:\n  otlphttp:\n    endpoint: https://example.com\n    encoding: xml\n${pipeline('traces', 'otlp', '', 'otlphttp')}`,
);
accepted(
  'debug with sampling',
  `${otlp}exporters:\n  debug:\n    verbosity: detailed\n    sampling_initial: 5\n    sampling_thereafter: 200\n${traces}`,
);
accepted('debug in another case', `${otlp}exporters:\n  debug:\n    verbosity: Detailed\n${traces}`);
refused('debug with the level of logging', 'exporters::debug', `${otlp}exporters:\n  debug:\n    loglevel: debug\n${traces}`);
refused('a verbosity that is none', 'exporters::debug', `${otlp}exporters:\n  debug:\n    verbosity: loud\n${traces}`);
refused(
  'the logging exporter',
  'exporters::logging',
  `${otlp}exporters:\n  logging:\n    loglevel: debug\n${pipeline('traces', 'otlp', '', 'logging')}`,
);
accepted('file', `${otlp}exporters:\n  file:\n    path: /tmp/telemetry.json\n${pipeline('traces', 'otlp', '', 'file')}`);
accepted(
  'file with rotation',
  `${otlp}exporters:\n  file:\n    path: /tmp/telemetry.json\n    rotation:\n      max_megabytes: 10\n      max_days: 3\n      max_backups: 3\n      localtime: true\n    format: proto\n    compression: zstd\n${pipeline('traces', 'otlp', '', 'file')}`,
);
refused('file without a path', 'exporters::file', `${otlp}exporters:\n  file:\n${pipeline('traces', 'otlp', '', 'file')}`);
refused(
  'file in a format that is none',
  'exporters::file',
  `${otlp}exporters:\n  file:\n    path: /tmp/x\n    format: xml\n${pipeline('traces', 'otlp', '', 'file')}`,
);
accepted(
  'prometheus as it is usual',
  `${otlp}exporters:\n  prometheus:\n    endpoint: 0.0.0.0:8889\n    namespace: app\n    send_timestamps: true\n    metric_expiration: 180m\n    enable_open_metrics: true\n    resource_to_telemetry_conversion:\n      enabled: true\n    const_labels:\n      env: dev\n${pipeline('metrics', 'otlp', '', 'prometheus')}`,
);
refused(
  'prometheus without an endpoint',
  'exporters::prometheus',
  `${otlp}exporters:\n  prometheus:\n    namespace: app\n${pipeline('metrics', 'otlp', '', 'prometheus')}`,
);
refused(
  'prometheus for traces',
  'prometheus',
  `${otlp}exporters:\n  prometheus:\n    endpoint: 0.0.0.0:8889\n${pipeline('traces', 'otlp', '', 'prometheus')}`,
);
accepted(
  'prometheusremotewrite',
  `${otlp}exporters:\n  prometheusremotewrite:\n    endpoint: http://mimir:9009/api/v1/push\n    tls:\n      insecure: true\n    headers:\n      X-Scope-OrgID: demo\n    resource_to_telemetry_conversion:\n      enabled: true\n${pipeline('metrics', 'otlp', '', 'prometheusremotewrite')}`,
);
refused(
  'prometheusremotewrite without an endpoint',
  'exporters::prometheusremotewrite',
  `${otlp}exporters:\n  prometheusremotewrite:\n${pipeline('metrics', 'otlp', '', 'prometheusremotewrite')}`,
  'accepts',
);
accepted(
  'zipkin',
  `${otlp}exporters:\n  zipkin:\n    endpoint: http://zipkin:9411/api/v2/spans\n    format: proto\n${pipeline('traces', 'otlp', '', 'zipkin')}`,
  'lacks',
);
accepted(
  'jaeger that is gone upstream',
  `${otlp}exporters:\n  jaeger:\n    endpoint: jaeger:14250\n    tls:\n      insecure: true\n${pipeline('traces', 'otlp', '', 'jaeger')}`,
  'lacks',
);
refused(
  'jaeger at an address that it cannot speak to',
  'exporters::jaeger',
  `${otlp}exporters:\n  jaeger:\n    endpoint: http://jaeger:14268/api/traces\n${pipeline('traces', 'otlp', '', 'jaeger')}`,
  'lacks',
);
accepted(
  'loki that is gone upstream',
  `${otlp}exporters:\n  loki:\n    endpoint: http://loki:3100/loki/api/v1/push\n${pipeline('logs', 'otlp', '', 'loki')}`,
  'lacks',
);
accepted(
  'datadog',
  `${otlp}exporters:\n  datadog:\n    api:\n      site: datadoghq.eu\n      key: \${env:DD_API_KEY:-abc}\n${pipeline('traces', 'otlp', '', 'datadog')}`,
  'lacks',
);
unsupported(
  'clickhouse',
  'exporters::clickhouse',
  `${otlp}exporters:\n  clickhouse:\n    endpoint: tcp://clickhouse:9000\n${pipeline('logs', 'otlp', '', 'clickhouse')}`,
);
unsupported(
  'kafka',
  'exporters::kafka',
  `${otlp}exporters:\n  kafka:\n    brokers: [kafka:9092]\n${pipeline('traces', 'otlp', '', 'kafka')}`,
);

// Other receivers.
accepted(
  'jaeger of old clients',
  `receivers:\n  jaeger:\n    protocols:\n      grpc:\n      thrift_http:\n      thrift_compact:\n      thrift_binary:\n${debug}${pipeline('traces', 'jaeger', '', 'debug')}`,
);
refused('jaeger without a protocol', 'receivers::jaeger', `receivers:\n  jaeger:\n${debug}${pipeline('traces', 'jaeger', '', 'debug')}`);
accepted('zipkin receiver', `receivers:\n  zipkin:\n    endpoint: 0.0.0.0:9411\n${debug}${pipeline('traces', 'zipkin', '', 'debug')}`);
accepted(
  'prometheus that scrapes itself',
  `receivers:\n  prometheus:\n    config:\n      scrape_configs:\n        - job_name: otel-collector\n          scrape_interval: 10s\n          static_configs:\n            - targets: [0.0.0.0:8888]\n${debug}${pipeline('metrics', 'prometheus', '', 'debug')}`,
);
accepted(
  'prometheus with relabelling',
  `receivers:\n  prometheus:\n    config:\n      global:\n        scrape_interval: 15s\n      scrape_configs:\n        - job_name: app\n          metrics_path: /actuator/prometheus\n          scrape_timeout: 5s\n          static_configs:\n            - targets: ["app:8080"]\n              labels:\n                team: a\n          relabel_configs:\n            - source_labels: [__address__]\n              regex: "(.*):8080"\n              target_label: host\n              replacement: $$1\n          metric_relabel_configs:\n            - source_labels: [__name__]\n              regex: go_.*\n              action: drop\n${debug}${pipeline('metrics', 'prometheus', '', 'debug')}`,
);
refused(
  'prometheus with rules',
  'receivers::prometheus',
  `receivers:\n  prometheus:\n    config:\n      rule_files: [rules.yml]\n      scrape_configs:\n        - job_name: a\n          static_configs: [{targets: ["a:1"]}]\n${debug}${pipeline('metrics', 'prometheus', '', 'debug')}`,
);
refused(
  'a relabel action that is none',
  'receivers::prometheus',
  `receivers:\n  prometheus:\n    config:\n      scrape_configs:\n        - job_name: a\n          static_configs: [{targets: ["a:1"]}]\n          relabel_configs: [{action: explode}]\n${debug}${pipeline('metrics', 'prometheus', '', 'debug')}`,
);
refused(
  'two jobs of one name',
  'receivers::prometheus',
  `receivers:\n  prometheus:\n    config:\n      scrape_configs:\n        - job_name: a\n          static_configs: [{targets: ["a:1"]}]\n        - job_name: a\n          static_configs: [{targets: ["b:1"]}]\n${debug}${pipeline('metrics', 'prometheus', '', 'debug')}`,
);
unsupported(
  'prometheus in Kubernetes',
  'receivers::prometheus',
  `receivers:\n  prometheus:\n    config:\n      scrape_configs:\n        - job_name: pods\n          kubernetes_sd_configs:\n            - role: pod\n${debug}${pipeline('metrics', 'prometheus', '', 'debug')}`,
  'accepts',
);
accepted(
  'hostmetrics',
  `receivers:\n  hostmetrics:\n    collection_interval: 10s\n    root_path: /\n    scrapers:\n      cpu:\n      memory:\n      disk:\n      filesystem:\n        exclude_mount_points:\n          mount_points: [/dev/*, /proc/*]\n          match_type: regexp\n      network:\n      load:\n      paging:\n      processes:\n      process:\n        mute_process_name_error: true\n${debug}${pipeline('metrics', 'hostmetrics', '', 'debug')}`,
  'lacks',
);
refused(
  'hostmetrics without a scraper',
  'receivers::hostmetrics',
  `receivers:\n  hostmetrics:\n    collection_interval: 10s\n${debug}${pipeline('metrics', 'hostmetrics', '', 'debug')}`,
  'lacks',
);
unsupported(
  'filelog',
  'receivers::filelog',
  `receivers:\n  filelog:\n    include: [/var/log/*.log]\n    start_at: beginning\n${debug}${pipeline('logs', 'filelog', '', 'debug')}`,
);
unsupported(
  'kafka receiver',
  'receivers::kafka',
  `receivers:\n  kafka:\n    brokers: [kafka:9092]\n${debug}${pipeline('traces', 'kafka', '', 'debug')}`,
);

// Processors and connectors that change and choose telemetry.
for (const [id, body] of [
  ['attributes', 'actions: [{key: env, value: prod, action: upsert}]'],
  ['resource', 'attributes: [{key: env, value: prod, action: insert}]'],
  ['filter', 'error_mode: ignore'],
  ['filter/spans', 'traces:\n      span:\n        - attributes["http.route"] == "/healthz"\n        - IsMatch(name, "^GET")'],
  ['filter/conditions', 'trace_conditions: [span.kind == SPAN_KIND_INTERNAL, \'resource.attributes["env"] == nil\']'],
  ['attributes/include', 'include: {match_type: regexp, services: [shop.*]}\n    actions: [{pattern: ^x\\., action: delete}]'],
  ['groupbyattrs', 'keys: [host.name]'],
  ['span', 'name: {to_attributes: {rules: ["^/api/(?P<id>.*)$"]}}'],
  ['transform', 'error_mode: ignore'],
  ['probabilistic_sampler', 'sampling_percentage: 15'],
  ['tail_sampling', 'policies: [{name: all, type: always_sample}]'],
  ['redaction', 'allow_all_keys: true'],
] as const) {
  accepted(`processor ${id}`, `${otlp}${debug}processors:\n  ${id}:\n    ${body}\n${pipeline('traces', 'otlp', id, 'debug')}`);
}
unsupported(
  'k8sattributes',
  'processors::k8sattributes',
  `${otlp}${debug}processors:\n  k8sattributes:\n${pipeline('traces', 'otlp', 'k8sattributes', 'debug')}`,
);
accepted(
  'forward',
  `${otlp}${debug}connectors:\n  forward:\nservice:\n  pipelines:\n    traces/in:\n      receivers: [otlp]\n      exporters: [forward]\n    traces/out:\n      receivers: [forward]\n      exporters: [debug]\n`,
);
accepted(
  'spanmetrics',
  `${otlp}${debug}connectors:\n  spanmetrics:\nservice:\n  pipelines:\n    traces:\n      receivers: [otlp]\n      exporters: [spanmetrics]\n    metrics:\n      receivers: [spanmetrics]\n      exporters: [debug]\n`,
);
refused(
  'a connector that leads nowhere',
  'forward',
  `${otlp}${debug}connectors:\n  forward:\nservice:\n  pipelines:\n    traces:\n      receivers: [otlp]\n      exporters: [forward, debug]\n`,
);
refused(
  'a cycle',
  'forward',
  `${otlp}${debug}connectors:\n  forward:\nservice:\n  pipelines:\n    traces:\n      receivers: [otlp, forward]\n      exporters: [forward, debug]\n`,
);

// Extensions.
accepted(
  'health_check',
  `${otlp}${debug}extensions:\n  health_check:\n    endpoint: 0.0.0.0:13133\n    path: /health\nservice:\n  extensions: [health_check]\n  pipelines:\n    traces:\n      receivers: [otlp]\n      exporters: [debug]\n`,
);
accepted(
  'the usual three extensions',
  `${otlp}${debug}extensions:\n  health_check:\n  pprof:\n    endpoint: :1888\n  zpages:\n    endpoint: :55679\nservice:\n  extensions: [pprof, zpages, health_check]\n  pipelines:\n    traces:\n      receivers: [otlp]\n      exporters: [debug]\n`,
);
accepted(
  'healthcheckv2',
  `${otlp}${debug}extensions:\n  healthcheckv2:\n    use_v2: true\n    http:\n      endpoint: 0.0.0.0:13133\n      status:\n        enabled: true\n        path: /health/status\n    component_health:\n      include_permanent_errors: true\nservice:\n  extensions: [healthcheckv2]\n  pipelines:\n    traces:\n      receivers: [otlp]\n      exporters: [debug]\n`,
  'lacks',
);
accepted(
  'healthcheckv2 over gRPC alone',
  `${otlp}${debug}extensions:\n  healthcheckv2:\n    use_v2: true\n    grpc:\n      endpoint: 0.0.0.0:13132\n    component_health:\n      include_recoverable_errors: true\n      recovery_duration: 5m\nservice:\n  extensions: [healthcheckv2]\n  pipelines:\n    traces:\n      receivers: [otlp]\n      exporters: [debug]\n`,
  'lacks',
);
accepted(
  'a persistent queue',
  `${otlp}exporters:\n  otlp:\n    endpoint: tempo:4317\n    sending_queue:\n      storage: file_storage/otc\nextensions:\n  file_storage/otc:\n    directory: /tmp\n    timeout: 10s\n    compaction:\n      on_start: true\n      directory: /tmp\nservice:\n  extensions: [file_storage/otc]\n  pipelines:\n    traces:\n      receivers: [otlp]\n      exporters: [otlp]\n`,
);
refused(
  'a storage directory that does not exist',
  'extensions::file_storage',
  `${otlp}${debug}extensions:\n  file_storage:\n    directory: /no/such/directory\nservice:\n  extensions: [file_storage]\n  pipelines:\n    traces:\n      receivers: [otlp]\n      exporters: [debug]\n`,
);
accepted(
  'basic authentication of clients',
  `receivers:\n  otlp:\n    protocols:\n      grpc:\n        auth:\n          authenticator: basicauth/server\n${debug}extensions:\n  basicauth/server:\n    htpasswd:\n      inline: |\n        user:$$2y$$05$$abcdefghijklmnopqrstuuQ8vJ8r0bCqk5f0ZL8l7m8qS8XQ6nW2e\nservice:\n  extensions: [basicauth/server]\n  pipelines:\n    traces:\n      receivers: [otlp]\n      exporters: [debug]\n`,
);
accepted(
  'a bearer token',
  `${otlp}exporters:\n  otlphttp:\n    endpoint: https://example.com\n    auth:\n      authenticator: bearertokenauth\nextensions:\n  bearertokenauth:\n    token: abc\nservice:\n  extensions: [bearertokenauth]\n  pipelines:\n    traces:\n      receivers: [otlp]\n      exporters: [otlphttp]\n`,
);
accepted(
  'headers from metadata',
  `receivers:\n  otlp:\n    protocols:\n      http:\n        include_metadata: true\nexporters:\n  otlphttp:\n    endpoint: https://example.com\n    auth:\n      authenticator: headers_setter\nextensions:\n  headers_setter:\n    headers:\n      - action: upsert\n        key: X-Scope-OrgID\n        from_context: tenant\nservice:\n  extensions: [headers_setter]\n  pipelines:\n    traces:\n      receivers: [otlp]\n      exporters: [otlphttp]\n`,
  'lacks',
);
accepted('an extension that is not started', `${otlp}${debug}extensions:\n  zpages:\n${traces}`);

// service.
accepted(
  'telemetry with levels',
  `${otlp}${debug}service:\n  telemetry:\n    logs:\n      level: DEBUG\n      encoding: json\n      initial_fields:\n        cluster: a\n    metrics:\n      level: detailed\n  pipelines:\n    traces:\n      receivers: [otlp]\n      exporters: [debug]\n`,
);
accepted(
  'a pull reader',
  `${otlp}${debug}service:\n  telemetry:\n    metrics:\n      readers:\n        - pull:\n            exporter:\n              prometheus:\n                host: 0.0.0.0\n                port: 8888\n  pipelines:\n    traces:\n      receivers: [otlp]\n      exporters: [debug]\n`,
);
accepted(
  'a periodic reader',
  `${otlp}${debug}service:\n  telemetry:\n    metrics:\n      readers:\n        - periodic:\n            interval: 10000\n            exporter:\n              otlp:\n                protocol: http/protobuf\n                endpoint: http://localhost:4318\n    resource:\n      service.name: gateway\n      service.instance.id:\n  pipelines:\n    traces:\n      receivers: [otlp]\n      exporters: [debug]\n`,
);
accepted(
  'a resource as a list',
  `${otlp}${debug}service:\n  telemetry:\n    resource:\n      attributes:\n        - name: service.name\n          value: gateway\n  pipelines:\n    traces:\n      receivers: [otlp]\n      exporters: [debug]\n`,
);
refused(
  'a level that is none',
  'service::telemetry::metrics::level',
  `${otlp}${debug}service:\n  telemetry:\n    metrics:\n      level: everything\n  pipelines:\n    traces:\n      receivers: [otlp]\n      exporters: [debug]\n`,
);
refused(
  'an unknown key of telemetry',
  'service::telemetry',
  `${otlp}${debug}service:\n  telemetry:\n    tracing:\n      level: none\n  pipelines:\n    traces:\n      receivers: [otlp]\n      exporters: [debug]\n`,
);
refused('nothing', '', '\n');
refused('no pipelines', 'service::pipelines', `${otlp}${debug}service:\n  pipelines:\n`);
refused('no receivers', '', `${debug}${traces}`);
refused('no exporters', '', `${otlp}${traces}`);
refused(
  'a pipeline without a receiver',
  'service::pipelines::traces',
  `${otlp}${debug}service:\n  pipelines:\n    traces:\n      exporters: [debug]\n`,
);
refused(
  'a pipeline without an exporter',
  'service::pipelines::traces',
  `${otlp}${debug}service:\n  pipelines:\n    traces:\n      receivers: [otlp]\n      exporters: []\n`,
);
refused('a receiver that is not configured', 'service::pipelines::traces', `${otlp}${debug}${pipeline('traces', 'jaeger', '', 'debug')}`);
refused('a processor that is not configured', 'service::pipelines::traces', `${otlp}${debug}${withBatch}`);
refused(
  'a processor twice',
  'service::pipelines::traces',
  `${otlp}${debug}processors:\n  batch:\n${pipeline('traces', 'otlp', 'batch, batch', 'debug')}`,
);
refused(
  'an extension that is not configured',
  'service::extensions',
  `${otlp}${debug}service:\n  extensions: [zpages]\n  pipelines:\n    traces:\n      receivers: [otlp]\n      exporters: [debug]\n`,
);
refused('a signal that is none', 'service::pipelines', `${otlp}${debug}${pipeline('spans', 'otlp', '', 'debug')}`);
refused('profiles without their gate', 'service::pipelines', `${otlp}${debug}${pipeline('profiles', 'otlp', '', 'debug')}`);
refused('a component that nobody has', 'receivers', `receivers:\n  otlpp:\n${debug}${pipeline('traces', 'otlpp', '', 'debug')}`);
refused('an unknown section', '', `${otlp}${debug}exporter:\n  debug:\n${traces}`);
refused('a name with a stray slash', 'receivers', `receivers:\n  otlp/:\n${debug}${pipeline('traces', 'otlp/', '', 'debug')}`);
refused(
  'one id for an exporter and a connector',
  'connectors',
  `${otlp}exporters:\n  forward/a:\n  debug:\nconnectors:\n  forward/a:\n${traces}`,
);
refused('text that is not YAML', '', 'receivers:\n  otlp: [\n');
refused('a list where a map belongs', 'receivers', `receivers:\n  - otlp\n${debug}${traces}`);

/** Every example. */
export const configurations: readonly Example[] = examples;
