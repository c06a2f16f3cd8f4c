import type { Schema } from './schema.ts';

/** Where own telemetry is sent: OTLP, by an exporter of the Collector's declarative SDK configuration. Times are milliseconds. */
export interface TelemetryOtlpConfig {
  readonly protocol: 'http/protobuf' | 'http/json' | 'grpc' | 'grpc/protobuf';
  /** Of HTTP: a URL; without a path, `/v1/` and the signal follow. Of gRPC: `host:port` or a URL. Default: the protocol's port of localhost. */
  readonly endpoint?: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Further headers, as `name=value,name=value` with the values percent-encoded. */
  readonly headers_list: string;
  readonly compression: 'gzip' | 'none';
  readonly timeout: number;
  /** Of gRPC without a scheme in the endpoint: plaintext. */
  readonly insecure: boolean;
  /** A PEM file of the authorities to trust instead of the system's. */
  readonly certificate?: string;
  /** PEM files of the own certificate and its key. */
  readonly client_certificate?: string;
  readonly client_key?: string;
}

/** One of the two is there. `console` writes to standard output. */
export interface TelemetryExporterConfig {
  readonly otlp?: TelemetryOtlpConfig;
  readonly console?: object;
}

/** The exporter `prometheus` of a pull reader. */
export interface PrometheusReaderConfig {
  readonly host: string;
  readonly port: number;
  readonly without_scope_info: boolean;
  readonly without_units: boolean;
  readonly without_type_suffix: boolean;
  /** Resource attributes that become labels of every series; `*` stands for any text. */
  readonly with_resource_constant_labels?: KeyFilter;
}

/** Names that are taken and, of these, names that are not. */
export interface KeyFilter {
  readonly included?: readonly string[];
  readonly excluded?: readonly string[];
}

/** One element of `service::telemetry::metrics::readers`: one of the two is there. */
export interface ReaderConfig {
  readonly pull?: { readonly exporter: { readonly prometheus: PrometheusReaderConfig } };
  /** Milliseconds. */
  readonly periodic?: { readonly interval: number; readonly timeout: number; readonly exporter: TelemetryExporterConfig };
}

/** One element of `service::telemetry::metrics::views`. */
export interface ViewConfig {
  readonly selector: {
    /** `*` stands for any text. */
    readonly instrument_name?: string;
    readonly instrument_type?:
      | 'counter'
      | 'histogram'
      | 'up_down_counter'
      | 'gauge'
      | 'observable_counter'
      | 'observable_up_down_counter'
      | 'observable_gauge';
    readonly unit?: string;
    readonly meter_name?: string;
    readonly meter_version?: string;
    readonly meter_schema_url?: string;
  };
  readonly stream: {
    readonly name?: string;
    readonly description?: string;
    readonly attribute_keys?: KeyFilter;
    readonly aggregation?: {
      readonly default?: object;
      readonly drop?: object;
      readonly sum?: object;
      readonly last_value?: object;
      readonly explicit_bucket_histogram?: { readonly boundaries?: readonly number[]; readonly record_min_max: boolean };
      readonly base2_exponential_bucket_histogram?: { readonly max_size: number; readonly record_min_max: boolean };
    };
    readonly aggregation_cardinality_limit?: number;
  };
}

/** One element of the `processors` of logs or traces: one of the two is there. Times are milliseconds. */
export interface TelemetryProcessorConfig {
  readonly batch?: {
    readonly schedule_delay?: number;
    readonly export_timeout: number;
    readonly max_queue_size: number;
    readonly max_export_batch_size: number;
    readonly exporter: TelemetryExporterConfig;
  };
  readonly simple?: { readonly exporter: TelemetryExporterConfig };
}

/** `service::telemetry::traces::sampler`; each key stands for one sampler. */
export interface SamplerConfig {
  readonly always_on?: object;
  readonly always_off?: object;
  readonly trace_id_ratio_based?: { readonly ratio: number };
  readonly parent_based?: {
    readonly root?: SamplerConfig;
    readonly remote_parent_sampled?: SamplerConfig;
    readonly remote_parent_not_sampled?: SamplerConfig;
    readonly local_parent_sampled?: SamplerConfig;
    readonly local_parent_not_sampled?: SamplerConfig;
  };
}

/** `service::telemetry::traces::limits`. */
export interface SpanLimitsConfig {
  readonly attribute_value_length_limit?: number;
  readonly attribute_count_limit?: number;
  readonly event_count_limit?: number;
  readonly link_count_limit?: number;
  readonly event_attribute_count_limit?: number;
  readonly link_attribute_count_limit?: number;
}

const text: Schema = { type: 'string' };
const on: Schema = { type: 'boolean', default: true };
const count: Schema = { type: 'integer', minimum: 0 };
const texts: Schema = { type: 'array', items: text };

function closed(properties: Readonly<Record<string, Schema>>, more: Schema = {}): Schema {
  return { type: 'object', additionalProperties: false, properties, ...more };
}

function mention(properties: Readonly<Record<string, Schema>> = {}): Schema {
  return closed(properties, { 'x-null-enables': true });
}

const keyFilter: Schema = closed({ included: texts, excluded: texts });
const always = 'own metrics are always cumulative; let the destination compute differences';

const exporter: Schema = closed({
  otlp: mention({
    protocol: { type: 'string', enum: ['http/protobuf', 'http/json', 'grpc', 'grpc/protobuf'], default: 'http/protobuf' },
    endpoint: text,
    headers: { type: 'object', 'x-map-list': true, 'x-secret': true, additionalProperties: text, default: {} },
    headers_list: { type: 'string', 'x-secret': true, default: '' },
    compression: { type: 'string', enum: ['gzip', 'none'], default: 'none' },
    timeout: { ...count, default: 10_000 },
    insecure: { type: 'boolean', default: false },
    certificate: text,
    client_certificate: text,
    client_key: text,
    temporality_preference: { type: 'string', 'x-unsupported': always, default: 'cumulative' },
    default_histogram_aggregation: {
      type: 'string',
      'x-unsupported': 'choose the aggregation with a view',
      default: 'explicit_bucket_histogram',
    },
  }),
  console: mention(),
});

/** The schema of `metrics::readers`. */
export const readersSchema: Schema = {
  type: 'array',
  items: closed({
    pull: closed({
      exporter: closed(
        {
          prometheus: mention({
            host: { type: 'string', default: 'localhost' },
            port: { type: 'integer', minimum: 0, maximum: 65_535, default: 8888 },
            without_scope_info: on,
            without_units: on,
            without_type_suffix: on,
            with_resource_constant_labels: keyFilter,
          }),
        },
        { default: {} },
      ),
      producers: { 'x-unsupported': 'there are no other sources of own metrics' },
    }),
    periodic: closed({
      interval: { type: 'integer', exclusiveMinimum: 0, default: 60_000 },
      timeout: { ...count, default: 30_000 },
      exporter: { ...exporter, default: {} },
      producers: { 'x-unsupported': 'there are no other sources of own metrics' },
    }),
  }),
};

const histogram: Schema = mention({ boundaries: { type: 'array', items: { type: 'number' } }, record_min_max: on });
const exponential: Schema = mention({
  max_size: { type: 'integer', minimum: 2, default: 160 },
  max_scale: { type: 'integer', 'x-unsupported': 'the scale follows from max_size', default: 20 },
  record_min_max: on,
});

/** The schema of `metrics::views`. */
export const viewsSchema: Schema = {
  type: 'array',
  items: closed({
    selector: closed(
      {
        instrument_name: text,
        instrument_type: {
          type: 'string',
          enum: [
            'counter',
            'histogram',
            'up_down_counter',
            'gauge',
            'observable_counter',
            'observable_up_down_counter',
            'observable_gauge',
          ],
        },
        unit: text,
        meter_name: text,
        meter_version: text,
        meter_schema_url: text,
      },
      { default: {} },
    ),
    stream: closed(
      {
        name: text,
        description: text,
        attribute_keys: keyFilter,
        aggregation: closed({
          default: mention(),
          drop: mention(),
          sum: mention(),
          last_value: mention(),
          explicit_bucket_histogram: histogram,
          base2_exponential_bucket_histogram: exponential,
        }),
        aggregation_cardinality_limit: { type: 'integer', minimum: 1 },
      },
      { default: {} },
    ),
  }),
};

/** The schema of the `processors` of logs and traces. */
export const processorsSchema: Schema = {
  type: 'array',
  default: [],
  items: closed({
    batch: closed({
      schedule_delay: count,
      export_timeout: { ...count, default: 30_000 },
      max_queue_size: { type: 'integer', exclusiveMinimum: 0, default: 2048 },
      max_export_batch_size: { type: 'integer', exclusiveMinimum: 0, default: 512 },
      exporter: { ...exporter, default: {} },
    }),
    simple: closed({ exporter: { ...exporter, default: {} } }),
  }),
};

function samplers(deeper: Readonly<Record<string, Schema>>): Schema {
  return closed({
    always_on: mention(),
    always_off: mention(),
    trace_id_ratio_based: mention({ ratio: { type: 'number', minimum: 0, maximum: 1, default: 1 } }),
    jaeger_remote: { 'x-unsupported': 'use trace_id_ratio_based' },
    ...deeper,
  });
}

const simpleSampler = samplers({});

/** The schema of `traces::sampler`. */
export const samplerSchema: Schema = samplers({
  parent_based: mention({
    root: simpleSampler,
    remote_parent_sampled: simpleSampler,
    remote_parent_not_sampled: simpleSampler,
    local_parent_sampled: simpleSampler,
    local_parent_not_sampled: simpleSampler,
  }),
});

/** The schema of `traces::limits`. */
export const limitsSchema: Schema = closed({
  attribute_value_length_limit: count,
  attribute_count_limit: count,
  event_count_limit: count,
  link_count_limit: count,
  event_attribute_count_limit: count,
  link_attribute_count_limit: count,
});
