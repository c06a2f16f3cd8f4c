import type { Context, Host } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { type AuthConfig, clientAuthenticator, clientAuthSchema } from '../authenticators.ts';
import { createClientTls } from '../tls/client-tls.ts';
import { type ClientTlsConfig, clientTlsProblems, clientTlsSchema, hasAuthorities } from '../tls/tls-config.ts';
import type { GrpcClientOptions } from './grpc-client.ts';
import { type GrpcTarget, parseGrpcTarget } from './grpc-target.ts';
import { proxyFor } from './proxy.ts';
import { userAgent } from './user-agent.ts';

/** The checked settings of a gRPC client (configgrpc.ClientConfig). Times are Go durations. */
export interface GrpcClientConfig {
  readonly endpoint?: string;
  readonly compression: '' | 'none' | 'gzip' | 'snappy' | 'zstd';
  readonly headers?: Readonly<Record<string, string>>;
  readonly tls: ClientTlsConfig;
  readonly auth?: AuthConfig;
  readonly keepalive?: { readonly time: string; readonly timeout: string; readonly permit_without_stream: boolean };
  readonly authority?: string;
  readonly user_agent?: string;
}

/** gRPC clients do not ask more often, so as not to be taken for an attack. */
const shortestKeepaliveMs = 10_000;

const noBufferSize = 'the platform sizes its buffers itself; leave it out';

/** JSON Schemas of the settings that every gRPC client has; spread them into the component's `properties`, beside its `timeout`. */
export function grpcClientProperties({ compression }: { readonly compression: GrpcClientConfig['compression'] }): Record<string, object> {
  return {
    endpoint: {
      type: 'string',
      description:
        'Where to send: `host:port`. `http://` in front asks for plaintext, `https://` for TLS; `dns:///`, `passthrough:///` and `unix://` are understood.',
    },
    compression: {
      enum: ['gzip', 'snappy', 'zstd', 'none', ''],
      default: compression,
      description: 'How messages are compressed; the empty text means `none`.',
    },
    headers: {
      type: 'object',
      'x-map-list': true,
      'x-secret': true,
      additionalProperties: { type: 'string' },
      description: 'Metadata sent with every request; does not replace what gRPC sets itself.',
    },
    tls: clientTlsSchema,
    auth: clientAuthSchema,
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
    read_buffer_size: { type: 'integer', description: 'Bytes of the read buffer of a connection.', 'x-unsupported': noBufferSize },
    write_buffer_size: {
      type: 'integer',
      default: 524_288,
      description: 'Bytes of the write buffer of a connection.',
      'x-unsupported': noBufferSize,
    },
    middlewares: {
      type: 'array',
      description: 'Extensions that see every request.',
      'x-unsupported': 'not available; extension headers_setter changes headers, a proxy everything else',
    },
  };
}

/** What is wrong with the settings of a gRPC client, each as `path: message`; for `validateConfig`. */
export function grpcClientProblems(config: GrpcClientConfig): string[] {
  const { endpoint = '' } = config;
  const tls = clientTlsProblems(config.tls);
  if (/^(https?:\/\/|dns:\/\/\/?)?$/.test(endpoint)) return ['requires a non-empty "endpoint"', ...tls];
  try {
    parseGrpcTarget(endpoint);
    return tls;
  } catch (error) {
    return [(error as Error).message, ...tls];
  }
}

/**
 * What `createGrpcClient` needs for a checked configuration: loads certificates, finds the authenticator and the proxy. Throws in the
 * Collector's words. To be called when the component starts.
 */
export function grpcClientOptions(config: GrpcClientConfig, context: Context, host: Host): GrpcClientOptions {
  const target = parseGrpcTarget(config.endpoint ?? '');
  const { keepalive } = config;
  const encrypted = isEncrypted(target, config.tls);
  const authenticator = clientAuthenticator(config.auth, host, 'gRPC');
  if (authenticator?.requiresTls === true && !encrypted) {
    throw new Error('grpc: the credentials require transport level security (use grpc.WithTransportCredentials() to set)');
  }
  return {
    target,
    clock: context.clock,
    compression: config.compression === '' ? 'none' : config.compression,
    headers: config.headers ?? {},
    userAgent: config.user_agent ?? userAgent(context.program),
    authenticator,
    // As in gRPC, whose connections all count as encrypted ones here.
    proxy: 'host' in target.address ? proxyFor(new URL(`https://${target.authority}`), undefined) : undefined,
    tls: encrypted ? createClientTls(config.tls, context) : undefined,
    ...(config.authority === undefined ? {} : { authority: config.authority }),
    ...(keepalive === undefined
      ? {}
      : {
          keepalive: {
            timeMs: Math.max(shortestKeepaliveMs, durationMs(keepalive.time)),
            timeoutMs: durationMs(keepalive.timeout),
            permitWithoutStream: keepalive.permit_without_stream,
          },
        }),
  };
}

/** `insecure` does not count when authorities are given, as in the Collector. */
function isEncrypted({ scheme }: GrpcTarget, tls: ClientTlsConfig): boolean {
  return scheme === 'https' || (scheme === undefined && (!tls.insecure || hasAuthorities(tls)));
}
