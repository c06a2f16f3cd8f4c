import { isNull, nodeAt, positionOf } from './config-node.ts';
import type { MapNode } from './config-node.ts';
import { nearest } from './nearest.ts';
import type { Problem, Warning } from './problem.ts';
import type { Formats, Schema } from './schema.ts';

/** How much of the own telemetry is produced. */
export type TelemetryLevel = 'none' | 'basic' | 'normal' | 'detailed';

/** `service.telemetry`: the Collector's own logs, metrics and traces, with defaults filled in. */
export interface TelemetryConfig {
  readonly logs: TelemetryLogsConfig;
  readonly metrics: {
    readonly level: TelemetryLevel;
    /** As written, or the Collector's default (one pull reader, Prometheus on localhost:8888). */
    readonly readers: readonly unknown[];
    readonly views?: readonly unknown[];
    /** The older way to say where the pull reader listens. */
    readonly address?: string;
  };
  readonly traces: { readonly level: TelemetryLevel; readonly propagators: readonly string[]; readonly processors: readonly unknown[] };
  /** Attributes to add to the default ones; null takes a default one away. Both ways of writing them end here. */
  readonly resource: ReadonlyMap<string, unknown>;
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
  readonly processors: readonly unknown[];
}

/** Settings that are accepted, so that existing configurations run, and do nothing yet. Below `service::telemetry`. */
const withoutEffect: readonly (readonly string[])[] = [
  ['logs', 'processors'],
  ['metrics', 'readers'],
  ['metrics', 'address'],
  ['metrics', 'views'],
  ['traces', 'processors'],
  ['traces', 'propagators'],
  ['resource', 'detectors'],
];

const logLevels = ['debug', 'info', 'warn', 'error', 'dpanic', 'panic', 'fatal'];
const metricLevels = ['none', 'basic', 'normal', 'detailed'];
/** Declarative configuration of the OpenTelemetry SDK, passed on as written; only what is secret in it is known here. */
const exporter: Schema = { type: 'object', properties: { otlp: { type: 'object', properties: { headers: { 'x-secret': true } } } } };
const processors: Schema = {
  type: 'array',
  default: [],
  items: {
    type: 'object',
    properties: { batch: { type: 'object', properties: { exporter } }, simple: { type: 'object', properties: { exporter } } },
  },
};
const on: Schema = { type: 'boolean', default: true };
const prometheus: Schema = { type: 'object', properties: { without_scope_info: on, without_units: on, without_type_suffix: on } };
const readers: Schema = {
  type: 'array',
  items: {
    type: 'object',
    properties: {
      periodic: { type: 'object', properties: { exporter } },
      pull: { type: 'object', properties: { exporter: { type: 'object', properties: { prometheus } } } },
    },
  },
  default: [{ pull: { exporter: { prometheus: { host: 'localhost', port: 8888 } } } }],
};

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
        processors,
      },
    },
    metrics: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        level: { type: 'string', format: 'metrics-level', default: 'normal' },
        readers,
        views: { type: 'array' },
        address: { type: 'string', 'x-deprecated': 'use readers' },
      },
    },
    traces: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        level: { type: 'string', format: 'metrics-level', default: 'none' },
        propagators: { type: 'array', items: { type: 'string' }, default: [] },
        processors,
        sampler: { type: 'object' },
        limits: { type: 'object' },
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
        detectors: {},
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
  readonly metrics: Omit<TelemetryConfig['metrics'], 'level'> & { readonly level: string };
  readonly traces: Omit<TelemetryConfig['traces'], 'level'> & { readonly level: string };
  readonly resource: Readonly<Record<string, unknown>> & {
    readonly attributes?: readonly { readonly name: string; readonly value?: unknown }[];
  };
}

/** Turns a decoded `service.telemetry` into its checked form, with the rules across its settings. `service` is the node of `service`. */
export function checkTelemetry(
  decoded: unknown,
  service: MapNode,
  problems: Problem[],
  warnings: Warning[],
  validate: boolean,
): TelemetryConfig {
  const { logs, metrics, traces, resource } = decoded as DecodedTelemetry;
  for (const keys of withoutEffect) {
    const { node, place } = nodeAt(service, ['telemetry', ...keys]);
    if (node === undefined || isNull(node)) continue;
    const path = ['service', 'telemetry', ...keys].join('::');
    warnings.push({ ...positionOf(place), path, message: `${path} has no effect in this version`, level: 'warn' });
  }
  const level = lower(metrics.level) as TelemetryLevel;
  const { attributes = [], detectors: _, schema_url: __, attributes_list: ___, ...inline } = resource;
  const fail = (keys: readonly string[], path: string, message: string): void => {
    if (validate) problems.push({ ...positionOf(nodeAt(service, keys).place), path, message: `${path}: ${message}`, verdict: 'invalid' });
  };
  if (level !== 'none' && metrics.readers.length === 0) {
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
  return {
    logs: { ...logs, level: logLevel(logs.level) },
    metrics: { ...metrics, level },
    traces: { ...traces, level: lower(traces.level) as TelemetryLevel },
    resource: new Map([...Object.entries(inline), ...attributes.map(({ name, value = null }) => [name, value] as const)]),
  };
}

function lower(text: string): string {
  return text.toLowerCase();
}

function logLevel(text: string): TelemetryLogsConfig['level'] {
  const level = lower(text);
  if (level === '') return 'info';
  return (level === 'warning' ? 'warn' : level) as TelemetryLogsConfig['level'];
}
