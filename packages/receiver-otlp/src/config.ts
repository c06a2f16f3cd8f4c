/** The `protocols.grpc` block. Times are Go durations. */
export interface OtlpGrpcConfig {
  readonly endpoint: string;
  readonly transport: 'tcp' | 'tcp4' | 'tcp6';
  readonly max_recv_msg_size_mib: number;
  readonly max_concurrent_streams: number;
  readonly include_metadata: boolean;
  readonly keepalive: {
    readonly server_parameters: {
      readonly max_connection_idle: string;
      readonly max_connection_age: string;
      readonly max_connection_age_grace: string;
      readonly time: string;
      readonly timeout: string;
    };
    readonly enforcement_policy?: { readonly min_time: string; readonly permit_without_stream: boolean };
  };
}

/** The `protocols.http` block. Times are Go durations. */
export interface OtlpHttpConfig {
  readonly endpoint: string;
  readonly transport: 'tcp' | 'tcp4' | 'tcp6';
  readonly traces_url_path: string;
  readonly metrics_url_path: string;
  readonly logs_url_path: string;
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

/** The checked configuration of receiver `otlp`. */
export interface OtlpReceiverConfig {
  readonly protocols: { readonly grpc?: OtlpGrpcConfig; readonly http?: OtlpHttpConfig };
}

const noTls = 'TLS is not served by this version; terminate it in front, for instance with a proxy on the same machine';
const noAuth = 'authentication is not served by this version; let a proxy in front check the requests, or listen on localhost only';
const noMiddlewares = 'middlewares are not supported; put a proxy in front';
const noBufferSize = 'socket buffers are sized by the runtime; leave it out, nothing else changes';

const transport = {
  type: 'string',
  enum: ['tcp', 'tcp4', 'tcp6'],
  default: 'tcp',
  description: 'IP versions to listen on: tcp for both, tcp4 or tcp6 for one.',
} as const;
const includeMetadata = {
  type: 'boolean',
  default: false,
  description: 'Keep the headers of each request as client metadata, for components that work by it. Names become lower-case.',
} as const;

function duration(defaultText: string, description: string): { type: 'string'; format: 'duration'; default: string; description: string } {
  return { type: 'string', format: 'duration', default: defaultText, description };
}

function strings(description: string): { type: 'array'; items: { type: 'string' }; default: string[]; description: string } {
  return { type: 'array', items: { type: 'string' }, default: [], description };
}

const grpc = {
  type: 'object',
  'x-null-enables': true,
  additionalProperties: false,
  description: 'Receive OTLP over gRPC. Mentioning it turns it on.',
  properties: {
    endpoint: {
      type: 'string',
      default: 'localhost:4317',
      description: 'Address to listen on, as host:port; without a host, all interfaces.',
    },
    transport,
    max_recv_msg_size_mib: {
      type: 'integer',
      minimum: 0,
      default: 4,
      description: 'Largest message, compressed and decompressed, in MiB. 0 means 4.',
    },
    max_concurrent_streams: {
      type: 'integer',
      minimum: 0,
      maximum: 4_294_967_295,
      default: 1000,
      description: 'Number of calls that one connection may have open at a time. 0 means 1000.',
    },
    include_metadata: includeMetadata,
    keepalive: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'How long connections live.',
      properties: {
        server_parameters: {
          type: 'object',
          additionalProperties: false,
          default: {},
          description: 'When connections are closed or probed.',
          properties: {
            max_connection_idle: duration('0s', 'Duration after which a connection without calls is closed. 0s means never.'),
            max_connection_age: duration(
              '0s',
              'Duration, give or take 10 %, after which a connection takes no further calls, so that clients reconnect and spread over servers. 0s means never.',
            ),
            max_connection_age_grace: duration(
              '0s',
              'Duration beyond max_connection_age after which calls that still run are cut off. 0s means never.',
            ),
            time: duration('2h', 'Duration of silence after which a client is pinged. 0s means 2h.'),
            timeout: duration('20s', 'Duration without an answer to a ping after which the connection is closed. 0s means 20s.'),
          },
        },
        enforcement_policy: {
          type: 'object',
          additionalProperties: false,
          description: 'Disconnect clients that ping too often. Absent: pings are never held against a client.',
          properties: {
            min_time: duration('5m', 'Least duration between two pings of a client. 0s means 5m.'),
            permit_without_stream: { type: 'boolean', default: false, description: 'Allow pings while no call is open.' },
          },
        },
      },
    },
    tls: { 'x-unsupported': noTls },
    auth: { 'x-unsupported': noAuth },
    middlewares: { 'x-unsupported': noMiddlewares },
    read_buffer_size: { 'x-unsupported': noBufferSize },
    write_buffer_size: { 'x-unsupported': noBufferSize },
  },
} as const;

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
} as const;

const codings = ['', 'gzip', 'zstd', 'zlib', 'snappy', 'deflate', 'x-snappy-framed'];

const http = {
  type: 'object',
  'x-null-enables': true,
  additionalProperties: false,
  description: 'Receive OTLP over HTTP, as protobuf and JSON. Mentioning it turns it on.',
  properties: {
    endpoint: {
      type: 'string',
      default: 'localhost:4318',
      description: 'Address to listen on, as host:port; without a host, all interfaces.',
    },
    transport,
    traces_url_path: { type: 'string', default: '/v1/traces', description: 'Path that takes traces.' },
    metrics_url_path: { type: 'string', default: '/v1/metrics', description: 'Path that takes metrics.' },
    logs_url_path: { type: 'string', default: '/v1/logs', description: 'Path that takes logs.' },
    cors,
    max_request_body_size: {
      type: 'integer',
      default: 20_971_520,
      description: 'Largest request body, compressed and decompressed, in bytes. 0 or less means 20971520 (20 MiB).',
    },
    include_metadata: includeMetadata,
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
    read_header_timeout: duration('0s', 'Longest duration for the arrival of the head of a request. 0s means as read_timeout.'),
    write_timeout: duration(
      '0s',
      'Longest duration from the head of a request to its response; then the connection is closed. 0s means no limit.',
    ),
    idle_timeout: duration('0s', 'Duration after which an unused connection is closed. 0s means as read_timeout.'),
    keep_alives_enabled: { type: 'boolean', default: true, description: 'Keep connections open between requests.' },
    tls: { 'x-unsupported': noTls },
    auth: { 'x-unsupported': noAuth },
    middlewares: { 'x-unsupported': noMiddlewares },
  },
} as const;

export const configSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    protocols: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'The protocols to receive; at least one.',
      properties: { grpc, http },
    },
  },
} as const;
