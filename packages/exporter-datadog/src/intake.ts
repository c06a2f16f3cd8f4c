import { hostname } from 'node:os';
import type { Context, Host } from '@millrace/api';
import { createHttpClient, type HttpClient, httpClientOptions } from '@millrace/transport';
import type { DatadogConfig } from './config.ts';

/** What is sent, each to a URL and in a form of its own. */
export type Target = 'traces' | 'stats' | 'series' | 'sketches' | 'logs' | 'metadata' | 'validate';

interface Route {
  readonly base: 'metrics' | 'traces' | 'logs';
  readonly path: string;
  readonly contentType: string;
  readonly compression: 'gzip' | 'deflate' | 'none';
  /** 1 is fastest. */
  readonly level?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

const protobuf = 'application/x-protobuf';
const json = 'application/json';

const routes: Readonly<Record<Target, Route>> = {
  traces: { base: 'traces', path: '/api/v0.2/traces', contentType: protobuf, compression: 'gzip', level: 1 },
  stats: { base: 'traces', path: '/api/v0.2/stats', contentType: 'application/msgpack', compression: 'gzip', level: 1 },
  series: { base: 'metrics', path: '/api/v2/series', contentType: protobuf, compression: 'deflate' },
  sketches: { base: 'metrics', path: '/api/beta/sketches', contentType: protobuf, compression: 'deflate' },
  logs: { base: 'logs', path: '/api/v2/logs', contentType: json, compression: 'gzip', headers: { 'dd-protocol': 'agent-json' } },
  metadata: { base: 'metrics', path: '/intake', contentType: json, compression: 'gzip' },
  validate: { base: 'metrics', path: '/api/v1/validate', contentType: json, compression: 'none' },
};

const hosts = { metrics: 'api', traces: 'trace.agent', logs: 'http-intake.logs' } as const;

/** The URL of a target: the configured base, or the one of the site. */
export function intakeUrl(config: DatadogConfig, target: Target): URL {
  const { base, path } = routes[target];
  const origin = config[base].endpoint ?? `https://${hosts[base]}.${config.api.site}`;
  return new URL(origin.replace(/\/$/, '') + path);
}

/** Makes the client of a target. Connects with the first request. Throws when a TLS file cannot be read. */
export function intakeClient(config: DatadogConfig, target: Target, context: Context, host: Host): HttpClient {
  const route = routes[target];
  const isPlainLog = target === 'logs' && (!config.logs.use_compression || config.logs.compression_level === 0);
  const headers = { 'dd-api-key': config.api.key!.trim(), 'content-type': route.contentType, ...route.headers };
  const settings = {
    ...config,
    compression: isPlainLog ? ('none' as const) : route.compression,
    compression_params: { level: isPlainLog ? 0 : target === 'logs' ? config.logs.compression_level : (route.level ?? 0) },
  };
  const options = httpClientOptions(settings, intakeUrl(config, target), headers, context, host);
  return createHttpClient(target === 'validate' ? { ...options, method: 'GET' } : options);
}

/** The host that telemetry without one belongs to. */
export function fallbackHostname(config: DatadogConfig): string {
  return config.hostname === undefined || config.hostname === '' ? hostname() : config.hostname;
}

/** The version of the agent that this exporter is. */
export function agentVersion({ program }: Context): string {
  return `datadogexporter-${program.name}-${program.version}`;
}
