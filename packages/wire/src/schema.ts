import type { Signal } from './signal.ts';

/** How a field is encoded. `id` is a `bytes` field of a trace or span id, which OTLP/JSON writes as hex. */
export type FieldType =
  | 'double'
  | 'fixed64'
  | 'sfixed64'
  | 'fixed32'
  | 'int64'
  | 'uint64'
  | 'uint32'
  | 'sint32'
  | 'enum'
  | 'bool'
  | 'string'
  | 'bytes'
  | 'id'
  | 'message';

/** One field of a message. */
export interface Field {
  /** The name in the .proto file (snake_case). */
  readonly name: string;
  /** The name in OTLP/JSON (lowerCamelCase). */
  readonly jsonName: string;
  readonly number: number;
  readonly type: FieldType;
  /** Name of the message, for `type: 'message'`. */
  readonly message?: string;
  /** Names of the enum's values by number (index = number), for `type: 'enum'`. */
  readonly values?: readonly string[];
  readonly repeated: boolean;
  /** Name of the oneof that the field belongs to. */
  readonly oneof?: string;
  /** Declared `optional`: presence matters, so a default value is kept. */
  readonly optional: boolean;
}

/** One message: its fields in the order of their numbers. */
export interface Message {
  readonly name: string;
  readonly fields: readonly Field[];
}

const spanKinds = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'].map((name) => `SPAN_KIND_${name}`);
const statusCodes = ['UNSET', 'OK', 'ERROR'].map((name) => `STATUS_CODE_${name}`);
const temporalities = ['UNSPECIFIED', 'DELTA', 'CUMULATIVE'].map((name) => `AGGREGATION_TEMPORALITY_${name}`);
const severities = [
  'UNSPECIFIED',
  ...['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'].flatMap((s) => [s, `${s}2`, `${s}3`, `${s}4`]),
].map((name) => `SEVERITY_NUMBER_${name}`);
const enums: Record<string, readonly string[]> = {
  SpanKind: spanKinds,
  StatusCode: statusCodes,
  Temporality: temporalities,
  Severity: severities,
};

/**
 * opentelemetry-proto 1.x, one line a field: `name number type`, where the type is a scalar, an enum or a message; `*` repeats,
 * `?` is `optional`, `|x` puts the field into oneof x. Everything that reads or writes OTLP is driven by this table.
 */
const source: Record<string, string> = {
  ExportTraceServiceRequest: 'resource_spans 1 ResourceSpans*',
  ExportMetricsServiceRequest: 'resource_metrics 1 ResourceMetrics*',
  ExportLogsServiceRequest: 'resource_logs 1 ResourceLogs*',
  ResourceSpans: 'resource 1 Resource, scope_spans 2 ScopeSpans*, schema_url 3 string',
  ScopeSpans: 'scope 1 InstrumentationScope, spans 2 Span*, schema_url 3 string',
  Span: `trace_id 1 id, span_id 2 id, trace_state 3 string, parent_span_id 4 id, name 5 string, kind 6 SpanKind,
    start_time_unix_nano 7 fixed64, end_time_unix_nano 8 fixed64, attributes 9 KeyValue*, dropped_attributes_count 10 uint32,
    events 11 Event*, dropped_events_count 12 uint32, links 13 Link*, dropped_links_count 14 uint32, status 15 Status, flags 16 fixed32`,
  Event: 'time_unix_nano 1 fixed64, name 2 string, attributes 3 KeyValue*, dropped_attributes_count 4 uint32',
  Link: 'trace_id 1 id, span_id 2 id, trace_state 3 string, attributes 4 KeyValue*, dropped_attributes_count 5 uint32, flags 6 fixed32',
  Status: 'message 2 string, code 3 StatusCode',
  ResourceMetrics: 'resource 1 Resource, scope_metrics 2 ScopeMetrics*, schema_url 3 string',
  ScopeMetrics: 'scope 1 InstrumentationScope, metrics 2 Metric*, schema_url 3 string',
  Metric: `name 1 string, description 2 string, unit 3 string, gauge 5 Gauge|data, sum 7 Sum|data, histogram 9 Histogram|data,
    exponential_histogram 10 ExponentialHistogram|data, summary 11 Summary|data, metadata 12 KeyValue*`,
  Gauge: 'data_points 1 NumberDataPoint*',
  Sum: 'data_points 1 NumberDataPoint*, aggregation_temporality 2 Temporality, is_monotonic 3 bool',
  Histogram: 'data_points 1 HistogramDataPoint*, aggregation_temporality 2 Temporality',
  ExponentialHistogram: 'data_points 1 ExponentialHistogramDataPoint*, aggregation_temporality 2 Temporality',
  Summary: 'data_points 1 SummaryDataPoint*',
  NumberDataPoint: `start_time_unix_nano 2 fixed64, time_unix_nano 3 fixed64, as_double 4 double|value, exemplars 5 Exemplar*,
    as_int 6 sfixed64|value, attributes 7 KeyValue*, flags 8 uint32`,
  HistogramDataPoint: `start_time_unix_nano 2 fixed64, time_unix_nano 3 fixed64, count 4 fixed64, sum 5 double?, bucket_counts 6 fixed64*,
    explicit_bounds 7 double*, exemplars 8 Exemplar*, attributes 9 KeyValue*, flags 10 uint32, min 11 double?, max 12 double?`,
  ExponentialHistogramDataPoint: `attributes 1 KeyValue*, start_time_unix_nano 2 fixed64, time_unix_nano 3 fixed64, count 4 fixed64,
    sum 5 double?, scale 6 sint32, zero_count 7 fixed64, positive 8 Buckets, negative 9 Buckets, flags 10 uint32, exemplars 11 Exemplar*,
    min 12 double?, max 13 double?, zero_threshold 14 double`,
  Buckets: 'offset 1 sint32, bucket_counts 2 uint64*',
  SummaryDataPoint: `start_time_unix_nano 2 fixed64, time_unix_nano 3 fixed64, count 4 fixed64, sum 5 double,
    quantile_values 6 ValueAtQuantile*, attributes 7 KeyValue*, flags 8 uint32`,
  ValueAtQuantile: 'quantile 1 double, value 2 double',
  Exemplar: `time_unix_nano 2 fixed64, as_double 3 double|value, span_id 4 id, trace_id 5 id, as_int 6 sfixed64|value,
    filtered_attributes 7 KeyValue*`,
  ResourceLogs: 'resource 1 Resource, scope_logs 2 ScopeLogs*, schema_url 3 string',
  ScopeLogs: 'scope 1 InstrumentationScope, log_records 2 LogRecord*, schema_url 3 string',
  LogRecord: `time_unix_nano 1 fixed64, severity_number 2 Severity, severity_text 3 string, body 5 AnyValue, attributes 6 KeyValue*,
    dropped_attributes_count 7 uint32, flags 8 fixed32, trace_id 9 id, span_id 10 id, observed_time_unix_nano 11 fixed64, event_name 12 string`,
  Resource: 'attributes 1 KeyValue*, dropped_attributes_count 2 uint32, entity_refs 3 EntityRef*',
  EntityRef: 'schema_url 1 string, type 2 string, id_keys 3 string*, description_keys 4 string*',
  InstrumentationScope: 'name 1 string, version 2 string, attributes 3 KeyValue*, dropped_attributes_count 4 uint32',
  KeyValue: 'key 1 string, value 2 AnyValue',
  AnyValue: `string_value 1 string|value, bool_value 2 bool|value, int_value 3 int64|value, double_value 4 double|value,
    array_value 5 ArrayValue|value, kvlist_value 6 KeyValueList|value, bytes_value 7 bytes|value`,
  ArrayValue: 'values 1 AnyValue*',
  KeyValueList: 'values 1 KeyValue*',
  ExportTraceServiceResponse: 'partial_success 1 ExportTracePartialSuccess',
  ExportTracePartialSuccess: 'rejected_spans 1 int64, error_message 2 string',
  ExportMetricsServiceResponse: 'partial_success 1 ExportMetricsPartialSuccess',
  ExportMetricsPartialSuccess: 'rejected_data_points 1 int64, error_message 2 string',
  ExportLogsServiceResponse: 'partial_success 1 ExportLogsPartialSuccess',
  ExportLogsPartialSuccess: 'rejected_log_records 1 int64, error_message 2 string',
};

function parseField(text: string): Field {
  const [name = '', number = '', type = ''] = text.trim().split(/\s+/);
  const [, base = '', mark, oneof] = /^(\w+)([*?]?)(?:\|(\w+))?$/.exec(type) ?? [];
  const values = enums[base];
  const isMessage = base in source;
  return {
    name,
    jsonName: name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
    number: Number(number),
    type: values !== undefined ? 'enum' : isMessage ? 'message' : (base as FieldType),
    ...(isMessage && { message: base }),
    ...(values !== undefined && { values }),
    repeated: mark === '*',
    ...(oneof !== undefined && { oneof }),
    optional: mark === '?',
  };
}

/** Every OTLP message by name (source: opentelemetry-proto 1.x; field numbers and types are checked against an independent copy in tests). */
export const messages: ReadonlyMap<string, Message> = new Map(
  Object.entries(source).map(([name, fields]) => [name, { name, fields: fields.split(',').map(parseField) }]),
);

/** The request message of each interpreted signal. */
export const requestMessage: Readonly<Record<Exclude<Signal, 'profiles'>, string>> = {
  traces: 'ExportTraceServiceRequest',
  metrics: 'ExportMetricsServiceRequest',
  logs: 'ExportLogsServiceRequest',
};

/** The messages that count as items: spans, data points, log records. */
export const itemMessages: ReadonlySet<string> = new Set([
  'Span',
  'NumberDataPoint',
  'HistogramDataPoint',
  'ExponentialHistogramDataPoint',
  'SummaryDataPoint',
  'LogRecord',
]);
