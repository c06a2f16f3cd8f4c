import { queueSchema, retrySchema, timeoutSchema } from '@millrace/exporter-helper';
import type { QueueConfig, RetryConfig } from '@millrace/exporter-helper';
import { clientTlsSchema } from '@millrace/transport';
import type { ClientTlsConfig } from '@millrace/transport';

/** The checked configuration of exporter `otlp_grpc`. */
export interface OtlpGrpcConfig {
  readonly endpoint?: string;
  readonly compression: '' | 'none' | 'gzip' | 'snappy' | 'zstd';
  readonly timeout: string;
  readonly retry_on_failure: RetryConfig;
  readonly sending_queue: QueueConfig;
  readonly headers?: Readonly<Record<string, string>>;
  readonly tls: ClientTlsConfig;
  readonly keepalive?: { readonly time: string; readonly timeout: string; readonly permit_without_stream: boolean };
  readonly authority?: string;
  readonly user_agent?: string;
}

export const configSchema: object = {
  type: 'object',
  additionalProperties: false,
  properties: {
    endpoint: {
      type: 'string',
      description:
        'Where to send: `host:port`. `http://` in front asks for plaintext, `https://` for TLS; `dns:///`, `passthrough:///` and `unix://` are understood.',
    },
    compression: {
      enum: ['gzip', 'snappy', 'zstd', 'none', ''],
      default: 'gzip',
      description: 'How messages are compressed; the empty text means `none`.',
    },
    timeout: timeoutSchema,
    retry_on_failure: retrySchema,
    sending_queue: queueSchema,
    headers: {
      type: 'object',
      'x-map-list': true,
      'x-secret': true,
      additionalProperties: { type: 'string' },
      description: 'Metadata sent with every request; does not replace what gRPC sets itself.',
    },
    tls: clientTlsSchema,
    keepalive: {
      type: 'object',
      additionalProperties: false,
      'x-null-enables': true,
      description: 'Asks idle connections whether they still live. Off unless mentioned.',
      properties: {
        time: { type: 'string', format: 'duration', default: '10s', description: 'A ping is sent after each such time; at least 10s.' },
        timeout: { type: 'string', format: 'duration', default: '10s', description: 'How long the answer may take.' },
        permit_without_stream: { type: 'boolean', default: false, description: 'Whether to ask while no request runs.' },
      },
    },
    authority: { type: 'string', description: 'The `:authority` header, instead of the endpoint’s host and port.' },
    user_agent: { type: 'string', description: 'The `user-agent` header, instead of the program’s name and version.' },
    balancer_name: {
      type: 'string',
      default: 'round_robin',
      description: 'How requests are spread over several addresses of the endpoint.',
      'x-unsupported': 'there is one connection, to the first address that answers',
    },
    wait_for_ready: {
      type: 'boolean',
      default: false,
      description: 'Whether requests wait for the connection.',
      'x-unsupported': 'requests fail at once while the destination is unreachable; retry_on_failure sends them again',
    },
    read_buffer_size: {
      type: 'integer',
      description: 'Bytes of the read buffer of a connection.',
      'x-unsupported': 'the platform sizes its buffers itself; leave it out',
    },
    write_buffer_size: {
      type: 'integer',
      default: 524_288,
      description: 'Bytes of the write buffer of a connection.',
      'x-unsupported': 'the platform sizes its buffers itself; leave it out',
    },
    auth: {
      type: 'object',
      description: 'The extension that authenticates requests.',
      'x-unsupported': 'not available yet; a fixed token goes into `headers`',
    },
    middlewares: { type: 'array', description: 'Extensions that see every request.', 'x-unsupported': 'not available' },
  },
};
