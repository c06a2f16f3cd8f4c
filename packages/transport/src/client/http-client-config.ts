import type { Context, Host } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { type AuthConfig, clientAuthenticator, clientAuthSchema } from '../authenticators.ts';
import { createClientTls } from '../tls/client-tls.ts';
import { type ClientTlsConfig, clientTlsProblems, clientTlsSchema } from '../tls/tls-config.ts';
import type { Compression } from './compressor.ts';
import type { HttpClientOptions } from './http-client.ts';
import { proxyFor } from './proxy.ts';
import { userAgent } from './user-agent.ts';

/** The checked settings of an HTTP client (confighttp.ClientConfig), besides endpoints and `timeout`. */
export interface HttpClientConfig {
  readonly compression: '' | Compression;
  readonly compression_params: { readonly level: number };
  readonly headers?: Readonly<Record<string, string>>;
  readonly tls: ClientTlsConfig;
  readonly auth?: AuthConfig;
  readonly proxy_url?: string;
  readonly max_conns_per_host: number;
  readonly max_idle_conns: number;
  readonly max_idle_conns_per_host: number;
  readonly idle_conn_timeout: string;
  readonly disable_keep_alives: boolean;
}

const http2Only = (type: string, description: string): object => ({
  type,
  description,
  'x-unsupported': 'requests are sent over HTTP/1.1; leave it out',
});

/** JSON Schemas of the settings that every HTTP client has; spread them into the component's `properties`, beside its endpoints and `timeout`. */
export function httpClientProperties({ compression }: { readonly compression: '' | Compression }): Record<string, object> {
  return {
    compression: {
      enum: ['gzip', 'zstd', 'snappy', 'zlib', 'deflate', 'lz4', 'x-snappy-framed', 'none', ''],
      default: compression,
      description: 'How bodies are compressed; the empty text means `none`.',
    },
    compression_params: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'How hard the compression tries.',
      properties: {
        level: {
          type: 'integer',
          default: 0,
          description:
            'gzip, zlib and deflate: 1 (fastest) to 9 (smallest), -1 and 0 for the default (6), -2 for Huffman coding only. zstd: 1, 3, 6 or 11, other numbers are rounded down. The others have no levels.',
        },
      },
    },
    headers: {
      type: 'object',
      'x-map-list': true,
      'x-secret': true,
      additionalProperties: { type: 'string' },
      description: 'Headers sent with every request, in place of the exporter’s own. `Host` replaces the host of the URL.',
    },
    tls: clientTlsSchema,
    auth: clientAuthSchema,
    proxy_url: {
      type: 'string',
      'x-secret': true,
      description:
        'URL of the HTTP proxy to send through. Absent: the one that HTTP_PROXY or HTTPS_PROXY name, unless NO_PROXY excepts the destination.',
    },
    max_conns_per_host: { type: 'integer', minimum: 0, default: 0, description: 'Most connections at a time; 0 for no limit.' },
    max_idle_conns: {
      type: 'integer',
      minimum: 0,
      default: 100,
      description: 'Most connections that stay open while nothing is sent; 0 for no limit.',
    },
    max_idle_conns_per_host: {
      type: 'integer',
      minimum: 0,
      default: 0,
      description: 'The same for one host, of which there is one here; 0 leaves it to `max_idle_conns`.',
    },
    idle_conn_timeout: {
      type: 'string',
      format: 'duration',
      default: '90s',
      description: 'How long a connection stays open while nothing is sent; `0s` for ever. A destination that announces less is obeyed.',
    },
    disable_keep_alives: { type: 'boolean', default: false, description: 'Whether every request gets a connection of its own.' },
    force_attempt_http2: { ...http2Only('boolean', 'Whether to prefer HTTP/2 where TLS offers it.'), default: true },
    http2_read_idle_timeout: http2Only('string', 'When to ask an idle HTTP/2 connection whether it lives, as a duration.'),
    http2_ping_timeout: http2Only('string', 'How long the answer may take, as a duration.'),
    read_buffer_size: {
      type: 'integer',
      default: 0,
      description: 'Bytes of the read buffer of a connection.',
      'x-unsupported': 'the platform sizes its buffers itself; leave it out',
    },
    write_buffer_size: {
      type: 'integer',
      default: 524_288,
      description: 'Bytes of the write buffer of a connection.',
      'x-unsupported': 'the platform sizes its buffers itself; leave it out',
    },
    cookies: {
      type: 'object',
      description: 'Whether to send cookies back.',
      'x-unsupported': 'not available; a fixed cookie goes into `headers`',
    },
    middlewares: {
      type: 'array',
      description: 'Extensions that see every request.',
      'x-unsupported': 'not available; extension headers_setter changes headers, a proxy everything else',
    },
  };
}

const leveled: ReadonlySet<'' | Compression> = new Set(['gzip', 'zlib', 'deflate']);

/** What is wrong with the settings of an HTTP client, each as `path: message`; for `validateConfig`. */
export function httpClientProblems(config: HttpClientConfig): string[] {
  const { compression, compression_params: params } = config;
  const legal =
    compression === 'zstd' ||
    compression === 'none' ||
    compression === '' ||
    (leveled.has(compression) ? params.level >= -2 && params.level <= 9 : params.level === 0);
  const problems = legal ? [] : [`unsupported parameters {Level:${params.level}} for compression type ${JSON.stringify(compression)}`];
  try {
    proxyFor(new URL('http://destination.invalid'), config.proxy_url, {});
  } catch (error) {
    problems.push(`proxy_url: ${(error as Error).message}`);
  }
  return [...problems, ...clientTlsProblems(config.tls)];
}

/**
 * What `createHttpClient` needs for a checked configuration and one URL: loads certificates, finds the authenticator and the proxy. `headers`
 * are the component's own, which the configured ones replace. Throws in the Collector's words. To be called when the component starts.
 */
export function httpClientOptions(
  config: HttpClientConfig,
  url: URL,
  headers: Readonly<Record<string, string>>,
  context: Context,
  host: Host,
): HttpClientOptions {
  return {
    url,
    headers: { 'user-agent': userAgent(context.program), ...lowerCaseNames(headers), ...lowerCaseNames(config.headers ?? {}) },
    compression: config.compression === '' ? 'none' : config.compression,
    compressionLevel: config.compression_params.level,
    maxConnsPerHost: config.max_conns_per_host,
    maxIdleConns: config.max_idle_conns_per_host || config.max_idle_conns,
    idleConnTimeoutMs: durationMs(config.idle_conn_timeout),
    disableKeepAlives: config.disable_keep_alives,
    authenticator: clientAuthenticator(config.auth, host, 'HTTP'),
    proxy: proxyFor(url, config.proxy_url),
    tls: url.protocol === 'https:' ? createClientTls(config.tls, context) : undefined,
  };
}

function lowerCaseNames(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
