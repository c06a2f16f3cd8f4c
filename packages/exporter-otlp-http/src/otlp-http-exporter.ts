import { type Context, PipelineError, type Stage } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { createExporter, type PushResult } from '@millrace/exporter-helper';
import { clientTlsOptions, createHttpClient, userAgent } from '@millrace/transport';
import type { HttpClient, HttpResponse } from '@millrace/transport';
import { type Batch, encodeJson } from '@millrace/wire';
import type { OtlpHttpConfig } from './config.ts';
import { readResult } from './read-result.ts';
import { signalUrl } from './signal-url.ts';

const contentTypes = { proto: 'application/x-protobuf', json: 'application/json' } as const;

/** Sends batches over HTTP; connections are made as requests need them. Throws when the configuration names no URL for the signal. */
export function createOtlpHttpExporter(config: OtlpHttpConfig, context: Context): Stage {
  const url = signalUrl(config, context.signal!);
  if (config.encoding === 'json' && context.signal === 'profiles') throw new Error('encoding json is not available for profiles');
  let client: HttpClient | undefined;
  return createExporter({
    context,
    config,
    start: () => {
      client = createClient(config, context, new URL(url));
    },
    push: async (batch: Batch, signal: AbortSignal): Promise<PushResult> => {
      if (client === undefined) throw new PipelineError('otlp exporter not started', { kind: 'retryable' });
      let response: HttpResponse;
      try {
        response = config.encoding === 'json' ? await sendJson(client, batch, signal) : await client.send(batch.bytes, signal);
      } catch (error) {
        throw new PipelineError(`failed to make an HTTP request: Post ${JSON.stringify(url)}: ${(error as Error).message}`, {
          kind: 'retryable',
          cause: error,
        });
      }
      return readResult(response, url, context.clock);
    },
    shutdown: () => client?.close(),
  });
}

function createClient(config: OtlpHttpConfig, context: Context, url: URL): HttpClient {
  return createHttpClient({
    url,
    headers: {
      'content-type': contentTypes[config.encoding],
      'user-agent': userAgent(context.program),
      ...lowerCaseNames(config.headers ?? {}),
    },
    compression: config.compression === '' ? 'none' : config.compression,
    compressionLevel: config.compression_params.level,
    tls: clientTlsOptions(config.tls),
    maxConnsPerHost: config.max_conns_per_host,
    maxIdleConns: config.max_idle_conns_per_host || config.max_idle_conns,
    idleConnTimeoutMs: durationMs(config.idle_conn_timeout),
    disableKeepAlives: config.disable_keep_alives,
  });
}

function lowerCaseNames(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

async function sendJson(client: HttpClient, batch: Batch, signal: AbortSignal): Promise<HttpResponse> {
  const json = encodeJson(batch);
  try {
    return await client.send(json.lease.buffer.subarray(0, json.length), signal);
  } finally {
    json.lease.release();
  }
}
