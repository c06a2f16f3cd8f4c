import { type ClientAuthenticator, type Context, type Host, isPermanent, PipelineError, type Stage } from '@millrace/api';
import { createExporter, type PushResult } from '@millrace/exporter-helper';
import { createHttpClient, type HttpClient, httpClientOptions, type HttpResponse, readRetryAfter } from '@millrace/transport';
import { type Batch, BatchBuilder, type BufferPool, type Client, walk } from '@millrace/wire';
import type { LokiConfig } from './config.ts';
import { needsNothing, prepareLogs, type TenantLogs } from './prepare-logs.ts';
import { otlpUrl } from './push-url.ts';

/** Who sent the data, and the tenant that its hints name. */
interface TenantClient extends Client {
  readonly tenant?: string;
}

/** Posts batches to Loki, a request for each tenant; connections are made as requests need them. */
export function createLokiExporter(config: LokiConfig, context: Context): Stage {
  const labels = config.default_labels_enabled;
  let client: HttpClient | undefined;
  let pool: Host['pool'] | undefined;
  return createExporter({
    context,
    config,
    start: (host) => {
      const headers = { 'content-type': 'application/x-protobuf' };
      const options = httpClientOptions(config, otlpUrl(config.endpoint ?? ''), headers, context, host);
      client = createHttpClient({ ...options, authenticator: withTenant(options.authenticator) });
      pool = host.pool;
    },
    push: async (batch, signal): Promise<PushResult> => {
      if (client === undefined || pool === undefined) throw new PipelineError('loki exporter not started', { kind: 'retryable' });
      const destination = { client, context, signal };
      if (needsNothing(batch, labels)) return send(destination, { tenant: '', batch });
      const tenantOf = new Uint32Array(batch.items);
      const parts = prepareLogs(batch, labels, pool, tenantOf);
      try {
        return await sendAll(destination, parts, (unsent) => select(batch, pool!, (record) => unsent.has(tenantOf[record]!)));
      } finally {
        for (const part of parts) part.batch.release();
      }
    },
    shutdown: () => client?.close(),
  });
}

/** Puts the tenant into the header, after what the configured authenticator does. */
function withTenant(inner: ClientAuthenticator | undefined): ClientAuthenticator {
  return {
    requiresTls: inner?.requiresTls ?? false,
    authorize: async (headers, client: TenantClient) => {
      await inner?.authorize(headers, client);
      if (client.tenant !== undefined && client.tenant !== '') headers.set('x-scope-orgid', client.tenant);
    },
    rejected: (headers) => inner?.rejected?.(headers) ?? false,
  };
}

interface Destination {
  readonly client: HttpClient;
  readonly context: Context;
  readonly signal: AbortSignal;
}

/** Sends all parts, up to a failure that may pass. What was not taken is the remainder. */
async function sendAll(destination: Destination, parts: readonly TenantLogs[], rest: (unsent: Set<number>) => Batch): Promise<PushResult> {
  const unsent = new Set<number>();
  let failure: PipelineError | undefined;
  let tooLarge: PipelineError | undefined;
  for (const [index, part] of parts.entries()) {
    try {
      if (failure !== undefined && !isPermanent(failure)) throw failure;
      // One after the other: a failure says what the rest would meet.
      const result = await send(destination, part);
      if (result === undefined) continue;
      tooLarge = result.tooLarge;
      failure = result.tooLarge;
    } catch (error) {
      failure = error as PipelineError;
    }
    unsent.add(index);
  }
  if (failure === undefined) return undefined;
  if (unsent.size === parts.length) {
    if (tooLarge !== undefined && isPermanent(failure)) return { tooLarge };
    throw failure;
  }
  const error = tooLarge === undefined ? failure : new PipelineError(tooLarge.message, { kind: 'retryable', cause: tooLarge });
  return { remainder: rest(unsent), error };
}

/** Sends one request. Throws a `PipelineError` when Loki did not take it. */
async function send(
  { client, context, signal }: Destination,
  { tenant, batch }: TenantLogs,
): Promise<{ tooLarge: PipelineError } | undefined> {
  let response: HttpResponse;
  try {
    const sender: TenantClient = { ...batch.client, tenant };
    response = await client.send(batch.bytes, signal, sender);
  } catch (error) {
    throw new PipelineError(`failed to push logs to Loki: ${(error as Error).message}`, { kind: 'retryable', cause: error });
  }
  const { status } = response;
  if (status >= 200 && status <= 299) return undefined;
  const mayPass = status === 408 || status === 429 || status >= 500;
  const retryAfterMs = mayPass ? readRetryAfter(response.headers['retry-after'], context.clock) : undefined;
  const error = new PipelineError(`HTTP ${status}: ${response.body.toString('utf8', 0, 1024).trim()}`, {
    kind: mayPass ? 'retryable' : 'permanent',
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
  if (status === 413) return { tooLarge: error };
  throw error;
}

/** A batch of the chosen records. */
function select(batch: Batch, pool: BufferPool, chosen: (record: number) => boolean): Batch {
  using builder = new BatchBuilder('logs', pool);
  let record = 0;
  const problems: unknown[] = [];
  walk(
    [
      {
        onLog: (log) => {
          if (chosen(record++)) builder.copy(log);
        },
      },
    ],
    (_visitor, problem) => problems.push(problem),
  ).run(batch);
  if (problems.length > 0) throw problems[0];
  return builder.finish(batch.client)!;
}
