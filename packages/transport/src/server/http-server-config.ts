import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { Context, Host } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { type HttpServerAuthConfig, httpServerAuthSchema, serverAuthenticator } from '../authenticators.ts';
import { createServerTls } from '../tls/server-tls.ts';
import { type ServerTlsConfig, serverTlsProblems, serverTlsSchema } from '../tls/tls-config.ts';
import { parseEndpoint, type Transport, transportSchema } from './endpoint.ts';
import type { HttpServerSettings } from './http-server.ts';
import { createRefusals } from './refusals.ts';

/** The checked settings of an HTTP server (confighttp.ServerConfig). Times are Go durations. */
export interface HttpServerConfig {
  readonly endpoint: string;
  readonly transport: Transport;
  readonly tls?: ServerTlsConfig;
  readonly auth?: HttpServerAuthConfig;
  readonly cors?: {
    readonly allowed_origins: readonly string[];
    readonly allowed_headers: readonly string[];
    readonly exposed_headers: readonly string[];
    readonly max_age: number;
  };
  readonly max_request_body_size: number;
  readonly include_metadata: boolean;
  readonly response_headers: Readonly<Record<string, string>>;
  readonly compression_algorithms: readonly string[];
  readonly read_timeout: string;
  readonly read_header_timeout: string;
  readonly write_timeout: string;
  readonly idle_timeout: string;
  readonly keep_alives_enabled: boolean;
}

/** What a component presets. */
export interface HttpServerDefaults {
  readonly endpoint: string;
  /** Whether slow and idle connections are closed unless the configuration says otherwise, as the Collector's servers do. Default true. */
  readonly timeouts?: boolean;
}

const defaultMaxBodyBytes = 20 * 1024 * 1024;
const codings = ['', 'gzip', 'zstd', 'zlib', 'snappy', 'deflate', 'lz4', 'x-snappy-framed'];

function duration(defaultText: string, description: string): object {
  return { type: 'string', format: 'duration', default: defaultText, description };
}

function strings(description: string): object {
  return { type: 'array', items: { type: 'string' }, default: [], description };
}

const cors = {
  type: 'object',
  additionalProperties: false,
  description: 'Which web pages may send. Credentials are always allowed.',
  properties: {
    allowed_origins: strings('Origins such as https://*.example.com, with at most one * each. Empty: CORS is off.'),
    allowed_headers: strings(
      'Request headers to allow besides Accept, Accept-Language, Content-Language, Content-Type and X-Requested-With; * allows all.',
    ),
    exposed_headers: strings('Response headers that pages may read.'),
    max_age: {
      type: 'integer',
      minimum: 0,
      default: 0,
      description: 'Seconds for which browsers may remember the permission. 0 leaves it to them.',
    },
  },
};

/** JSON Schemas of the settings that every HTTP server has; spread them into the component's `properties`. */
export function httpServerProperties({ endpoint, timeouts = true }: HttpServerDefaults): Record<string, object> {
  return {
    endpoint: {
      type: 'string',
      default: endpoint,
      description: 'Address to listen on, as host:port; without a host, all interfaces. With transport unix, the path of the socket.',
    },
    transport: transportSchema,
    tls: serverTlsSchema,
    auth: httpServerAuthSchema,
    cors,
    max_request_body_size: {
      type: 'integer',
      default: 20_971_520,
      description: 'Largest request body, compressed and decompressed, in bytes. 0 or less means 20971520 (20 MiB).',
    },
    include_metadata: includeMetadataSchema,
    response_headers: {
      type: 'object',
      'x-map-list': true,
      additionalProperties: { type: 'string', 'x-secret': true },
      default: {},
      description: 'Headers to add to every response.',
    },
    compression_algorithms: {
      type: 'array',
      items: { type: 'string', enum: codings },
      default: codings,
      description: 'Content-Encodings to accept; others are answered with 400. The empty string stands for none.',
    },
    read_timeout: duration('0s', 'Longest duration for the arrival of a request. 0s means no limit.'),
    read_header_timeout: duration(
      timeouts ? '1m' : '0s',
      'Longest duration for the arrival of the head of a request. 0s means as read_timeout.',
    ),
    write_timeout: duration(
      timeouts ? '30s' : '0s',
      'Longest duration from the head of a request to its response; then the connection is closed. 0s means no limit.',
    ),
    idle_timeout: duration(timeouts ? '1m' : '0s', 'Duration after which an unused connection is closed. 0s means as read_timeout.'),
    keep_alives_enabled: { type: 'boolean', default: true, description: 'Keep connections open between requests.' },
    middlewares: { 'x-unsupported': 'middlewares are not supported; put a proxy in front' },
  };
}

/** JSON Schema of `include_metadata` of every server. */
export const includeMetadataSchema: object = {
  type: 'boolean',
  default: false,
  description: 'Keep the headers of each request as client metadata, for components that work by it. Names become lower-case.',
};

/** What is wrong with the settings of a server, each as `path: message` below `path`; for `validateConfig`. */
export function serverProblems(
  config: Pick<HttpServerConfig, 'endpoint' | 'transport' | 'tls'> & Partial<Pick<HttpServerConfig, 'response_headers'>>,
  path = '',
): string[] {
  const below = (name: string): string => (path === '' ? name : `${path}::${name}`);
  const problems = serverTlsProblems(config.tls, below('tls'));
  try {
    parseEndpoint(config.endpoint, config.transport);
  } catch (error) {
    problems.unshift(`${below('endpoint')}: ${(error as Error).message}`);
  }
  for (const [name, value] of Object.entries(config.response_headers ?? {})) {
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch (error) {
      problems.push(`${below('response_headers')}: ${(error as Error).message}`);
    }
  }
  return problems;
}

/**
 * What `createHttpServer` needs for a checked configuration: loads certificates and finds the authenticator. Throws in the Collector's words.
 * To be called when the component starts.
 */
export function httpServerSettings(config: HttpServerConfig, context: Context, host: Host): HttpServerSettings {
  const authenticator = serverAuthenticator(config.auth, host);
  return {
    endpoint: config.endpoint,
    transport: config.transport,
    maxRequestBodyBytes: config.max_request_body_size > 0 ? config.max_request_body_size : defaultMaxBodyBytes,
    compressionAlgorithms: config.compression_algorithms,
    includeMetadata: config.include_metadata,
    responseHeaders: config.response_headers,
    keepAlivesEnabled: config.keep_alives_enabled,
    readTimeoutMs: durationMs(config.read_timeout),
    readHeaderTimeoutMs: durationMs(config.read_header_timeout),
    writeTimeoutMs: durationMs(config.write_timeout),
    idleTimeoutMs: durationMs(config.idle_timeout),
    cors:
      config.cors === undefined
        ? undefined
        : {
            allowedOrigins: config.cors.allowed_origins,
            allowedHeaders: config.cors.allowed_headers,
            exposedHeaders: config.cors.exposed_headers,
            maxAgeSeconds: config.cors.max_age,
          },
    refusals: createRefusals(context, 'http'),
    auth: authenticator === undefined ? undefined : { authenticator, requestParams: config.auth?.request_params ?? [] },
    tls: config.tls === undefined ? undefined : createServerTls(config.tls, context),
  };
}
