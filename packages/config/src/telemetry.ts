import { nodeAt, positionOf } from './config-node.ts';
import type { MapNode } from './config-node.ts';
import { nearest } from './nearest.ts';
import type { Problem } from './problem.ts';
import type { Formats, Schema } from './schema.ts';
import { limitsSchema, processorsSchema, readersSchema, samplerSchema, viewsSchema } from './telemetry-schema.ts';
import type {
  ReaderConfig,
  SamplerConfig,
  SpanLimitsConfig,
  TelemetryExporterConfig,
  TelemetryProcessorConfig,
  ViewConfig,
} from './telemetry-schema.ts';

/** How much of the own telemetry is produced. */
export type TelemetryLevel = 'none' | 'basic' | 'normal' | 'detailed';

/** `service.telemetry`: the Collector's own logs, metrics and traces, with defaults filled in. */
export interface TelemetryConfig {
  readonly logs: TelemetryLogsConfig;
  readonly metrics: {
    readonly level: TelemetryLevel;
    /** As written, or the Collector's default: one pull reader, Prometheus on localhost:8888 (or where the older `address` says). */
    readonly readers: readonly ReaderConfig[];
    /** Only at level detailed. */
    readonly views?: readonly ViewConfig[];
  };
  readonly traces: {
    readonly level: TelemetryLevel;
    readonly propagators: readonly ('tracecontext' | 'b3')[];
    readonly processors: readonly TelemetryProcessorConfig[];
    readonly sampler?: SamplerConfig;
    readonly limits?: SpanLimitsConfig;
  };
  /** Attributes to add to the default ones; null takes a default one away. Both ways of writing them end here. */
  readonly resource: ReadonlyMap<string, unknown>;
  /** Nobody wrote where own metrics are served: `metrics.readers` is the default one. */
  readonly defaultReader: boolean;
  readonly resourceSchemaUrl?: string;
}

/** `service.telemetry.logs`. */
export interface TelemetryLogsConfig {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'dpanic' | 'panic' | 'fatal';
  readonly encoding: 'console' | 'json';
  readonly development: boolean;
  readonly disable_caller: boolean;
  readonly disable_stacktrace: boolean;
  readonly disable_zap_resource: boolean;
  /** Of identical messages within `tick` (a Go duration) the first `initial` are written, then one in `thereafter`. */
  readonly sampling: { readonly enabled: boolean; readonly tick: string; readonly initial: number; readonly thereafter: number };
  /** Files, `stdout` or `stderr`. */
  readonly output_paths: readonly string[];
  readonly error_output_paths: readonly string[];
  readonly initial_fields: Readonly<Record<string, unknown>>;
  readonly processors: readonly TelemetryProcessorConfig[];
}

const logLevels = ['debug', 'info', 'warn', 'error', 'dpanic', 'panic', 'fatal'];
const metricLevels = ['none', 'basic', 'normal', 'detailed'];
const noDetection = 'write the attributes under resource::attributes, or use the processor resourcedetection in a pipeline';

/** The shape of `service.telemetry`. */
export const telemetrySchema: Schema = {
  type: 'object',
  additionalProperties: false,
  default: {},
  properties: {
    logs: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        level: { type: 'string', format: 'log-level', default: 'info' },
        encoding: { type: 'string', enum: ['console', 'json'], default: 'console' },
        development: { type: 'boolean', default: false },
        disable_caller: { type: 'boolean', default: false },
        disable_stacktrace: { type: 'boolean', default: false },
        disable_zap_resource: { type: 'boolean', default: false },
        sampling: {
          type: 'object',
          additionalProperties: false,
          default: {},
          properties: {
            enabled: { type: 'boolean', default: true },
            tick: { type: 'string', format: 'duration', default: '10s' },
            initial: { type: 'integer', default: 10 },
            thereafter: { type: 'integer', default: 100 },
          },
        },
        output_paths: { type: 'array', items: { type: 'string' }, default: ['stderr'] },
        error_output_paths: { type: 'array', items: { type: 'string' }, default: ['stderr'] },
        initial_fields: { type: 'object', default: {} },
        processors: processorsSchema,
      },
    },
    metrics: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        level: { type: 'string', format: 'metrics-level', default: 'normal' },
        readers: readersSchema,
        views: viewsSchema,
        address: { type: 'string', 'x-deprecated': 'use readers' },
      },
    },
    traces: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        level: { type: 'string', format: 'metrics-level', default: 'none' },
        propagators: { type: 'array', items: { type: 'string', enum: ['tracecontext', 'b3'] }, default: [] },
        processors: processorsSchema,
        sampler: samplerSchema,
        limits: limitsSchema,
      },
    },
    resource: {
      type: 'object',
      default: {},
      properties: {
        attributes: {
          type: 'array',
          items: {
            type: 'object',
            additionalProperties: false,
            required: ['name'],
            properties: { name: { type: 'string' }, value: {}, type: { type: 'string' } },
          },
        },
        detectors: { 'x-unsupported': noDetection },
        'detection/development': { 'x-unsupported': noDetection },
        schema_url: { type: 'string' },
        attributes_list: { type: 'string' },
      },
      additionalProperties: { type: ['string', 'null'] },
    },
  },
};

/** The formats that `telemetrySchema` adds. Levels are read in any case. */
export const telemetryFormats: Formats = {
  'log-level': (text) => levelFault(text, ['', 'warning', ...logLevels], logLevels, 'unrecognized level:'),
  'metrics-level': (text) => levelFault(text, metricLevels, metricLevels, 'unknown metrics level'),
};

function levelFault(text: string, accepted: readonly string[], levels: readonly string[], complaint: string): ReturnType<Formats[string]> {
  if (accepted.includes(text.toLowerCase())) return undefined;
  const suggestion = nearest(text, levels);
  const advice = suggestion === undefined ? {} : { suggestion };
  return { message: `${complaint} ${JSON.stringify(text)}`, expected: `one of: ${levels.join(', ')}`, ...advice };
}

interface DecodedTelemetry {
  readonly logs: Omit<TelemetryLogsConfig, 'level'> & { readonly level: string };
  readonly metrics: Omit<TelemetryConfig['metrics'], 'level' | 'readers'> & {
    readonly level: string;
    readonly readers?: readonly ReaderConfig[];
    /** The older way to say where the pull reader listens. */
    readonly address?: string;
  };
  readonly traces: Omit<TelemetryConfig['traces'], 'level'> & { readonly level: string };
  readonly resource: Readonly<Record<string, unknown>> & {
    readonly attributes?: readonly { readonly name: string; readonly value?: unknown }[];
    readonly schema_url?: string;
    readonly attributes_list?: string;
  };
}

/** Turns a decoded `service.telemetry` into its checked form, with the rules across its settings. `service` is the node of `service`. */
export function checkTelemetry(decoded: unknown, service: MapNode, problems: Problem[], validate: boolean): TelemetryConfig {
  const { logs, metrics, traces, resource } = decoded as DecodedTelemetry;
  const level = lower(metrics.level) as TelemetryLevel;
  const { address, ...shownMetrics } = metrics;
  const { readers } = metrics;
  const { attributes = [], schema_url: schemaUrl, attributes_list: list = '', ...inline } = resource;
  const fail = (keys: readonly (string | number)[], path: string, message: string): void => {
    if (validate) problems.push({ ...positionOf(nodeAt(service, keys).place), path, message: `${path}: ${message}`, verdict: 'invalid' });
  };
  if (level !== 'none' && readers?.length === 0) {
    const message = 'collector telemetry metrics reader should exist when metric level is not none';
    fail(['telemetry', 'metrics', 'readers'], 'service::telemetry', message);
  }
  if (level !== 'detailed' && metrics.views !== undefined) {
    const message = 'service::telemetry::metrics::views can only be set when service::telemetry::metrics::level is detailed';
    fail(['telemetry', 'metrics', 'views'], 'service::telemetry', message);
  }
  if (attributes.length > 0 && Object.keys(inline).length > 0) {
    const message = 'resource::attributes cannot be used together with legacy inline resource attributes';
    fail(['telemetry', 'resource', 'attributes'], 'service::telemetry::resource', message);
  }
  const rule = (keys: readonly (string | number)[], message: string | undefined): void => {
    if (message !== undefined) fail(['telemetry', ...keys], ['service', 'telemetry', ...keys].join('::'), message);
  };
  for (const [index, reader] of (readers ?? []).entries()) rule(['metrics', 'readers', index], readerFault(reader));
  for (const [index, view] of (metrics.views ?? []).entries()) rule(['metrics', 'views', index], viewFault(view));
  for (const [index, one] of logs.processors.entries()) rule(['logs', 'processors', index], processorFault(one));
  for (const [index, one] of traces.processors.entries()) rule(['traces', 'processors', index], processorFault(one));
  const oldForm = readers === undefined ? readAddress(address) : undefined;
  if (address !== undefined && readers === undefined) rule(['metrics', 'address'], oldForm === undefined ? badAddress(address) : undefined);
  return {
    logs: { ...logs, level: logLevel(logs.level) },
    metrics: { ...shownMetrics, level, readers: readers ?? [defaultReader(oldForm)] },
    traces: { ...traces, level: lower(traces.level) as TelemetryLevel },
    resource: new Map([
      ...attributesOf(list),
      ...Object.entries(inline),
      ...attributes.map(({ name, value = null }) => [name, value] as const),
    ]),
    ...(schemaUrl !== undefined && { resourceSchemaUrl: schemaUrl }),
    defaultReader: readers === undefined && oldForm === undefined,
  };
}

function defaultReader({ host = 'localhost', port = 8888 }: { host?: string; port?: number } = {}): ReaderConfig {
  const prometheus = { host, port, without_scope_info: true, without_units: true, without_type_suffix: true };
  return { pull: { exporter: { prometheus } } };
}

/** `host:port`; without a host, all interfaces. */
function readAddress(address: string | undefined): { host: string; port: number } | undefined {
  const [, host, port] = /^\[?([^\]]*?)\]?:(\d{1,5})$/.exec(address ?? '') ?? [];
  return host === undefined || Number(port) > 65_535 ? undefined : { host, port: Number(port) };
}

function badAddress(address: string): string {
  return `${JSON.stringify(address)} is not host:port`;
}

/** `name=value,name=value`, percent-encoded (OTEL_RESOURCE_ATTRIBUTES of the OpenTelemetry specification). */
function attributesOf(list: string): [string, unknown][] {
  const pairs = list.split(',').filter((pair) => pair.includes('='));
  return pairs.map((pair) => {
    const at = pair.indexOf('=');
    return [decoded(pair.slice(0, at).trim()), decoded(pair.slice(at + 1).trim())];
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function exactlyOne(value: object, keys: readonly string[]): string | undefined {
  return keys.filter((key) => Object.hasOwn(value, key)).length === 1 ? undefined : `must have exactly one of ${keys.join(', ')}`;
}

function readerFault(reader: ReaderConfig): string | undefined {
  const fault = exactlyOne(reader, ['pull', 'periodic']);
  if (fault !== undefined) return fault;
  if (reader.pull !== undefined) return reader.pull.exporter.prometheus === undefined ? 'no valid metric exporter' : undefined;
  return exporterFault(reader.periodic?.exporter, 'metric');
}

function processorFault(processor: TelemetryProcessorConfig): string | undefined {
  const fault = exactlyOne(processor, ['batch', 'simple']);
  return fault ?? exporterFault((processor.batch ?? processor.simple)?.exporter, 'processor');
}

function exporterFault(exporter: TelemetryExporterConfig | undefined, what: string): string | undefined {
  if (exporter === undefined || Object.keys(exporter).length === 0) return `no valid ${what} exporter`;
  return exactlyOne(exporter, ['otlp', 'console']);
}

function viewFault({ selector, stream: { aggregation = {} } }: ViewConfig): string | undefined {
  if (Object.keys(selector).length === 0) return 'must have at least one selector';
  if (Object.keys(aggregation).length > 1) return `must have one aggregation, not ${Object.keys(aggregation).join(', ')}`;
  return undefined;
}

function lower(text: string): string {
  return text.toLowerCase();
}

function logLevel(text: string): TelemetryLogsConfig['level'] {
  const level = lower(text);
  if (level === '') return 'info';
  return (level === 'warning' ? 'warn' : level) as TelemetryLogsConfig['level'];
}
