import { PipelineError } from '@millrace/api';
import type { Batch, Clock, Context, Logger, Signal } from '@millrace/api';
import type { TelemetryOtlpConfig } from '@millrace/config';
import { createClientTls, createGrpcClient, createHttpClient, parseGrpcTarget, userAgent } from '@millrace/transport';
import type { ClientTls, HttpClient, HttpResponse } from '@millrace/transport';
import { encodeJson } from '@millrace/wire';
import { createNoopMeter } from '@opentelemetry/api';

/** Sends own telemetry to one destination. */
export interface OtlpClient {
  /**
   * Resolves when the destination took the batch; rejects with the reason why not, at the latest after the exporter's timeout or `withinMs`
   * (0 or absent: no limit). The batch stays the caller's.
   */
  send(batch: Batch, withinMs?: number): Promise<void>;
  close(): Promise<void>;
}

const services: Readonly<Record<'metrics' | 'logs' | 'traces', string>> = {
  metrics: 'metrics.v1.MetricsService',
  logs: 'logs.v1.LogsService',
  traces: 'trace.v1.TraceService',
};

/** Retryable statuses of HTTP (OTLP specification, "Failures"). */
const retryable: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** What a client needs of the program. */
export interface OtlpContext {
  readonly program: Context['program'];
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * A client for the `otlp` exporter of own telemetry. The connection is made with the first batch. Throws when the endpoint or a certificate
 * cannot be read.
 */
export function createOtlpClient(config: TelemetryOtlpConfig, signal: Exclude<Signal, 'profiles'>, context: OtlpContext): OtlpClient {
  return config.protocol.startsWith('http/') ? httpClient(config, signal, context) : grpcClient(config, signal, context);
}

/** 0: never. */
function deadlineMs({ timeout }: TelemetryOtlpConfig, withinMs = 0): number {
  return timeout === 0 || withinMs === 0 ? Math.max(timeout, withinMs) : Math.min(timeout, withinMs);
}

function deadline(config: TelemetryOtlpConfig, withinMs?: number): AbortSignal {
  const limitMs = deadlineMs(config, withinMs);
  return limitMs === 0 ? new AbortController().signal : AbortSignal.timeout(limitMs);
}

function httpClient(config: TelemetryOtlpConfig, signal: Exclude<Signal, 'profiles'>, context: OtlpContext): OtlpClient {
  const url = otlpUrl(config.endpoint, signal);
  const isJson = config.protocol === 'http/json';
  const client = createHttpClient({
    url,
    headers: {
      'content-type': isJson ? 'application/json' : 'application/x-protobuf',
      'user-agent': userAgent(context.program),
      ...headersOf(config),
    },
    compression: config.compression,
    maxIdleConns: 1,
    ...(url.protocol === 'https:' && { tls: tlsOf(config, context) }),
  });
  return {
    send: async (batch, withinMs) => {
      const signal = deadline(config, withinMs);
      const { status } = isJson ? await sendJson(client, batch, signal) : await client.send(batch.bytes, signal);
      if (status >= 200 && status <= 299) return;
      const kind = retryable.has(status) ? 'retryable' : 'permanent';
      throw new PipelineError(`request to ${url.href} responded with HTTP Status Code ${status}`, { kind });
    },
    close: () => client.close(),
  };
}

async function sendJson(client: HttpClient, batch: Batch, signal: AbortSignal): Promise<HttpResponse> {
  const json = encodeJson(batch);
  try {
    return await client.send(json.lease.buffer.subarray(0, json.length), signal);
  } finally {
    json.lease.release();
  }
}

function grpcClient(config: TelemetryOtlpConfig, signal: Exclude<Signal, 'profiles'>, context: OtlpContext): OtlpClient {
  const target = parseGrpcTarget(config.endpoint ?? 'http://localhost:4317');
  const encrypted = target.scheme === 'https' || (target.scheme === undefined && !config.insecure);
  const client = createGrpcClient({
    target,
    clock: context.clock,
    compression: config.compression,
    headers: headersOf(config),
    userAgent: userAgent(context.program),
    ...(encrypted && { tls: tlsOf(config, context) }),
  });
  const method = `/opentelemetry.proto.collector.${services[signal]}/Export`;
  return {
    send: async ({ bytes }, withinMs) => void (await client.unary(method, bytes, deadlineMs(config, withinMs), deadline(config, withinMs))),
    close: async () => client.close(),
  };
}

function tlsOf(config: TelemetryOtlpConfig, { clock, logger }: OtlpContext): ClientTls {
  const { certificate, client_certificate: own, client_key: key } = config;
  const files = {
    ...(certificate !== undefined && { ca_file: certificate }),
    ...(own !== undefined && { cert_file: own }),
    ...(key !== undefined && { key_file: key }),
  };
  const place = { kind: 'extension', id: 'telemetry' } as const;
  return createClientTls({ insecure: false, insecure_skip_verify: false, ...files }, { ...place, clock, logger, meter: createNoopMeter() });
}

/** The URL of the signal; one with a path is taken as it is. */
export function otlpUrl(endpoint: string | undefined, signal: Exclude<Signal, 'profiles'>): URL {
  const text = endpoint ?? 'http://localhost:4318';
  const url = new URL(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`);
  if (url.pathname === '/' || url.pathname === '') url.pathname = `/v1/${signal}`;
  return url;
}

/** All headers of an `otlp` exporter, by lower-case name. */
export function headersOf({ headers, headers_list: list }: TelemetryOtlpConfig): Record<string, string> {
  const pairs = list.split(',').filter((pair) => pair.includes('='));
  const listed = pairs.map((pair): [string, string] => {
    const at = pair.indexOf('=');
    return [pair.slice(0, at).trim(), decodeURIComponent(pair.slice(at + 1).trim())];
  });
  return Object.fromEntries([...listed, ...Object.entries(headers)].map(([name, value]) => [name.toLowerCase(), value]));
}
