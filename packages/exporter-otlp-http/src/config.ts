import { queueSchema, retrySchema, timeoutSchema } from '@millrace/exporter-helper';
import type { QueueConfig, RetryConfig } from '@millrace/exporter-helper';
import { clientTlsSchema } from '@millrace/transport';
import type { ClientTlsConfig, Compression } from '@millrace/transport';

/** The checked configuration of exporter `otlp_http`. */
export interface OtlpHttpConfig {
  readonly endpoint?: string;
  readonly traces_endpoint?: string;
  readonly metrics_endpoint?: string;
  readonly logs_endpoint?: string;
  readonly profiles_endpoint?: string;
  readonly encoding: 'proto' | 'json';
  readonly compression: '' | Compression;
  readonly compression_params: { readonly level: number };
  readonly timeout: string;
  readonly retry_on_failure: RetryConfig;
  readonly sending_queue: QueueConfig;
  readonly headers?: Readonly<Record<string, string>>;
  readonly tls: ClientTlsConfig;
  readonly max_conns_per_host: number;
  readonly max_idle_conns: number;
  readonly max_idle_conns_per_host: number;
  readonly idle_conn_timeout: string;
  readonly disable_keep_alives: boolean;
}

const endpointOf = (signal: string): object => ({
  type: 'string',
  description: `The URL for ${signal}, used as it stands instead of \`endpoint\` and a path.`,
});

export const configSchema: object = {
  type: 'object',
  additionalProperties: false,
  properties: {
    endpoint: { type: 'string', description: 'The base URL; `/v1/traces`, `/v1/metrics` and `/v1/logs` are appended.' },
    traces_endpoint: endpointOf('traces'),
    metrics_endpoint: endpointOf('metrics'),
    logs_endpoint: endpointOf('logs'),
    profiles_endpoint: endpointOf('profiles'),
    encoding: { enum: ['proto', 'json'], default: 'proto', description: 'How requests are written: protobuf or OTLP/JSON.' },
    compression: {
      enum: ['gzip', 'zstd', 'snappy', 'zlib', 'deflate', 'x-snappy-framed', 'none', ''],
      default: 'gzip',
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
    timeout: { ...timeoutSchema, default: '30s' },
    retry_on_failure: retrySchema,
    sending_queue: queueSchema,
    headers: {
      type: 'object',
      'x-map-list': true,
      'x-secret': true,
      additionalProperties: { type: 'string' },
      description: 'Headers sent with every request, in place of the exporter’s own. `Host` replaces the host of the URL.',
    },
    tls: clientTlsSchema,
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
    force_attempt_http2: {
      type: 'boolean',
      default: true,
      description: 'Whether to prefer HTTP/2 where TLS offers it.',
      'x-unsupported': 'requests are sent over HTTP/1.1; leave it out',
    },
    http2_read_idle_timeout: {
      type: 'string',
      description: 'When to ask an idle HTTP/2 connection whether it lives, as a duration.',
      'x-unsupported': 'requests are sent over HTTP/1.1; leave it out',
    },
    http2_ping_timeout: {
      type: 'string',
      description: 'How long the answer may take, as a duration.',
      'x-unsupported': 'requests are sent over HTTP/1.1; leave it out',
    },
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
    proxy_url: {
      type: 'string',
      description: 'The proxy to send through.',
      'x-unsupported': 'not available; send to the destination directly',
    },
    cookies: {
      type: 'object',
      description: 'Whether to send cookies back.',
      'x-unsupported': 'not available; a fixed cookie goes into `headers`',
    },
    auth: {
      type: 'object',
      description: 'The extension that authenticates requests.',
      'x-unsupported': 'not available yet; a fixed token goes into `headers`',
    },
    middlewares: { type: 'array', description: 'Extensions that see every request.', 'x-unsupported': 'not available' },
  },
};
