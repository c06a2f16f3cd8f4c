import { type Context, PipelineError, type Stage } from '@millrace/api';
import { createExporter, type PushResult } from '@millrace/exporter-helper';
import { createHttpClient, httpClientOptions } from '@millrace/transport';
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
  const { hostname, port, pathname, protocol } = new URL(url);
  const defaultPort = protocol === 'https:' ? '443' : '80';
  context.items.label({ 'server.address': hostname, 'server.port': port === '' ? defaultPort : port, 'url.path': pathname });
  const shown = withoutPassword(url);
  let client: HttpClient | undefined;
  return createExporter({
    context,
    config,
    start: (host) => {
      const headers = { 'content-type': contentTypes[config.encoding] };
      client = createHttpClient(httpClientOptions(config, new URL(url), headers, context, host));
    },
    push: async (batch: Batch, signal: AbortSignal): Promise<PushResult> => {
      if (client === undefined) throw new PipelineError('otlp exporter not started', { kind: 'retryable' });
      let response: HttpResponse;
      try {
        response =
          config.encoding === 'json' ? await sendJson(client, batch, signal) : await client.send(batch.bytes, signal, batch.client);
      } catch (error) {
        throw new PipelineError(`failed to make an HTTP request: Post ${JSON.stringify(shown)}: ${(error as Error).message}`, {
          kind: 'retryable',
          cause: error,
        });
      }
      return readResult(response, shown, context.clock);
    },
    shutdown: () => client?.close(),
  });
}

/** As errors may tell it: they are logged, and without a queue the sender is told, too. */
function withoutPassword(text: string): string {
  const url = new URL(text);
  if (url.password === '') return text;
  url.password = '***';
  return url.href;
}

async function sendJson(client: HttpClient, batch: Batch, signal: AbortSignal): Promise<HttpResponse> {
  const json = encodeJson(batch);
  try {
    return await client.send(json.lease.buffer.subarray(0, json.length), signal, batch.client);
  } finally {
    json.lease.release();
  }
}
