import { keepAll } from './tracing/sampler.ts';
import type { Sampler } from './tracing/sampler.ts';

/** The variables of a process. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** What the `OTEL_*` variables say, as far as they are honoured (docs/sdk.md lists them). */
export interface Environment {
  /** `OTEL_SDK_DISABLED`. */
  readonly disabled: boolean;
  /** `OTEL_RESOURCE_ATTRIBUTES` and, before them, `OTEL_SERVICE_NAME`. */
  readonly resource: Readonly<Record<string, string>>;
  /** `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`. */
  readonly sampler: Sampler;
  /** `OTEL_METRIC_EXPORT_INTERVAL`. */
  readonly metricIntervalMs: number;
  /** Whether `OTEL_PROPAGATORS` leaves `traceparent` on. */
  readonly propagates: boolean;
  /** `OTEL_LOG_LEVEL`, of the SDK's own log. */
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | undefined;
  /** The pipeline that `OTEL_EXPORTER_OTLP_*` and `OTEL_*_EXPORTER` describe; undefined without an endpoint. */
  readonly pipeline: object | undefined;
  /** What is said and not understood. */
  readonly warnings: readonly string[];
}

const defaultIntervalMs = 60_000;

/** Reads the variables. Throws nothing: what is wrong is warned of and counts as not said, as OpenTelemetry's specification asks for. */
export function readEnvironment(env: Variables): Environment {
  const warnings: string[] = [];
  const name = env['OTEL_SERVICE_NAME'] ?? '';
  const level = env['OTEL_LOG_LEVEL']?.toLowerCase() ?? '';
  const levels = { all: 'debug', verbose: 'debug', debug: 'debug', info: 'info', warn: 'warn', error: 'error', none: 'error' } as const;
  const propagators = (env['OTEL_PROPAGATORS'] || 'tracecontext,baggage').split(',').map((one) => one.trim());
  const foreign = propagators.filter((one) => !['tracecontext', 'baggage', 'none'].includes(one));
  if (foreign.length > 0) warnings.push(`OTEL_PROPAGATORS: ${foreign.join(', ')} is not known here; W3C trace context is`);
  return {
    disabled: env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true',
    resource: {
      ...pairs(env, 'OTEL_RESOURCE_ATTRIBUTES', warnings),
      ...(name !== '' && { 'service.name': name }),
    },
    sampler: samplerOf(env, warnings),
    metricIntervalMs: positive(env, 'OTEL_METRIC_EXPORT_INTERVAL', warnings) ?? defaultIntervalMs,
    propagates: propagators.includes('tracecontext') || foreign.length === propagators.length,
    logLevel: Object.hasOwn(levels, level) ? levels[level as keyof typeof levels] : undefined,
    pipeline: pipelineOf(env, warnings),
    warnings,
  };
}

function samplerOf(env: Variables, warnings: string[]): Sampler {
  const name = env['OTEL_TRACES_SAMPLER'] || 'parentbased_always_on';
  const match = /^(parentbased_)?(always_on|always_off|traceidratio)$/.exec(name);
  if (match === null) {
    warnings.push(`OTEL_TRACES_SAMPLER: ${JSON.stringify(name)} is not known here; every trace is kept`);
    return keepAll;
  }
  const parentBased = match[1] !== undefined;
  if (match[2] !== 'traceidratio') return { ratio: match[2] === 'always_on' ? 1 : 0, parentBased };
  const text = env['OTEL_TRACES_SAMPLER_ARG'] || '1';
  const ratio = Number(text);
  if (ratio >= 0 && ratio <= 1) return { ratio, parentBased };
  warnings.push(`OTEL_TRACES_SAMPLER_ARG: ${JSON.stringify(text)} is not between 0 and 1; every trace is kept`);
  return { ratio: 1, parentBased };
}

const signals = ['traces', 'metrics', 'logs'] as const;

/** Receiver `sdk` to an OTLP exporter. */
function pipelineOf(env: Variables, warnings: string[]): object | undefined {
  const prefix = 'OTEL_EXPORTER_OTLP_';
  const endpoint = env[`${prefix}ENDPOINT`] || undefined;
  const own = signals.flatMap((signal) => {
    const url = env[`${prefix}${signal.toUpperCase()}_ENDPOINT`] || undefined;
    return url === undefined ? [] : [[`${signal}_endpoint`, url] as const];
  });
  if (endpoint === undefined && own.length === 0) return undefined;
  const protocol = env[`${prefix}PROTOCOL`] || 'http/protobuf';
  const isGrpc = protocol === 'grpc';
  if (!['grpc', 'http/protobuf', 'http/json'].includes(protocol)) {
    warnings.push(`${prefix}PROTOCOL: ${JSON.stringify(protocol)} is not known here; http/protobuf is used`);
  }
  const timeoutMs = positive(env, `${prefix}TIMEOUT`, warnings) ?? 10_000;
  const headers = pairs(env, `${prefix}HEADERS`, warnings);
  const tls = {
    ...(env[`${prefix}CERTIFICATE`] && { ca_file: env[`${prefix}CERTIFICATE`] }),
    ...(env[`${prefix}CLIENT_CERTIFICATE`] && { cert_file: env[`${prefix}CLIENT_CERTIFICATE`] }),
    ...(env[`${prefix}CLIENT_KEY`] && { key_file: env[`${prefix}CLIENT_KEY`] }),
  };
  const insecure = isGrpc && (endpoint?.startsWith('http://') === true || env[`${prefix}INSECURE`]?.toLowerCase() === 'true');
  const settings = {
    ...(endpoint !== undefined && { endpoint: isGrpc ? endpoint.replace(/^https?:\/\//, '') : endpoint }),
    ...(!isGrpc && Object.fromEntries(own)),
    ...(protocol === 'http/json' && { encoding: 'json' }),
    ...(Object.keys(headers).length > 0 && { headers }),
    ...((insecure || Object.keys(tls).length > 0) && { tls: { ...tls, ...(insecure && { insecure }) } }),
    compression: env[`${prefix}COMPRESSION`] || 'none',
    timeout: `${timeoutMs}ms`,
  };
  const exporter = isGrpc ? 'otlp_grpc' : 'otlp_http';
  const wanted = signals.filter((signal) => {
    if ((env[`OTEL_${signal.toUpperCase()}_EXPORTER`] || 'otlp') === 'none') return false;
    return endpoint !== undefined || own.some(([name]) => name === `${signal}_endpoint`);
  });
  if (wanted.length === 0) return undefined;
  // A dollar sign in a value is no reference to a variable.
  const escaped = JSON.parse(JSON.stringify(settings).replaceAll('$', '$$$$')) as object;
  const pipeline = { receivers: ['sdk'], exporters: [exporter] };
  return {
    receivers: { sdk: {} },
    exporters: { [exporter]: escaped },
    service: { pipelines: Object.fromEntries(wanted.map((signal) => [signal, pipeline])) },
  };
}

/** `key=value` pairs with percent-encoding, separated by commas. */
function pairs(env: Variables, name: string, warnings: string[]): Record<string, string> {
  const result: Record<string, string> = {};
  for (const pair of (env[name] ?? '').split(',')) {
    if (pair.trim() === '') continue;
    const equals = pair.indexOf('=');
    try {
      if (equals <= 0) throw new TypeError('no key=value');
      result[decodeURIComponent(pair.slice(0, equals).trim())] = decodeURIComponent(pair.slice(equals + 1).trim());
    } catch {
      // The value may be a secret.
      warnings.push(`${name}: one of the pairs is not key=value with percent-encoding; it is left out`);
    }
  }
  return result;
}

function positive(env: Variables, name: string, warnings: string[]): number | undefined {
  const text = env[name] ?? '';
  if (text === '') return undefined;
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  warnings.push(`${name}: ${JSON.stringify(text)} is not a number of milliseconds; it is left out`);
  return undefined;
}
