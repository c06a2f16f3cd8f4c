import { type Context, type Host, PipelineError, type Stage } from '@millrace/api';
import { createExporter, type PushResult } from '@millrace/exporter-helper';
import { createHttpClient, type HttpClient, httpClientOptions, type HttpResponse, readRetryAfter } from '@millrace/transport';
import { type Batch, ByteWriter, walk } from '@millrace/wire';
import type { ZipkinExporterConfig } from './config.ts';
import { writeJson } from './write-json.ts';
import { writeProto } from './write-proto.ts';
import { type ResourceTags, resourceTags, scopeTags, zipkinSpan } from './zipkin-span.ts';

const contentTypes = { json: 'application/json', proto: 'application/x-protobuf' } as const;
const prefix = 'failed to push trace data via Zipkin exporter: ';

/** Posts batches to a Zipkin server; connections are made as requests need them. */
export function createZipkinExporter(config: ZipkinExporterConfig, context: Context): Stage {
  let client: HttpClient | undefined;
  let pool: Host['pool'] | undefined;
  return createExporter({
    context,
    config,
    start: (host) => {
      const headers = { 'content-type': contentTypes[config.format] };
      client = createHttpClient(httpClientOptions(config, new URL(config.endpoint ?? ''), headers, context, host));
      pool = host.pool;
    },
    push: async (batch, signal): Promise<PushResult> => {
      if (client === undefined || pool === undefined) throw new PipelineError('zipkin exporter not started', { kind: 'retryable' });
      const writer = new ByteWriter(pool.lease(batch.sizeBytes * 2));
      try {
        const rejected = writeSpans(batch, writer, config);
        if (rejected === batch.items) throw new PipelineError(`${prefix}TraceID or SpanID is invalid`, { kind: 'permanent' });
        const response = await client.send(writer.buffer.subarray(0, writer.position), signal, batch.client).catch(unreachable);
        const result = readResult(response, context);
        if (result !== undefined || rejected === 0) return result;
        return { rejectedItems: rejected, message: 'TraceID or SpanID is invalid' };
      } finally {
        writer.lease!.release();
      }
    },
    shutdown: () => client?.close(),
  });
}

/** Writes the spans of a batch; the number of those that Zipkin would not take, which are left out. */
function writeSpans(batch: Batch, writer: ByteWriter, { format, default_service_name: defaultName }: ZipkinExporterConfig): number {
  let shared: ResourceTags | undefined;
  let tags: ResourceTags | undefined;
  let written = 0;
  const problems: unknown[] = [];
  const visitor = {
    onResource: (resource: Parameters<typeof resourceTags>[0]): void => {
      shared = resourceTags(resource, defaultName);
    },
    onScope: (scope: Parameters<typeof scopeTags>[1]): void => {
      tags = scopeTags(shared!, scope);
    },
    onSpan: (view: Parameters<typeof zipkinSpan>[0]): void => {
      const span = zipkinSpan(view, tags!);
      if (span === undefined) return;
      if (format === 'proto') writeProto(writer, span);
      else {
        writer.byte(written === 0 ? 0x5b : 0x2c);
        writeJson(writer, span);
      }
      written++;
    },
  };
  walk([visitor], (_visitor, problem) => problems.push(problem)).run(batch);
  if (problems.length > 0) throw problems[0];
  if (format === 'json') writer.byte(0x5d);
  return batch.items - written;
}

function unreachable(error: unknown): never {
  throw new PipelineError(prefix + (error as Error).message, { kind: 'retryable', cause: error });
}

/** What a response means for the batch. Throws a `PipelineError` when the destination did not take it. */
function readResult(response: HttpResponse, { clock }: Context): PushResult {
  const { status } = response;
  if (status >= 200 && status <= 299) return undefined;
  const mayPass = status === 408 || status === 429 || status >= 500;
  const retryAfterMs = mayPass ? readRetryAfter(response.headers['retry-after'], clock) : undefined;
  const error = new PipelineError(`failed the request with status code ${status}`, {
    kind: mayPass ? 'retryable' : 'permanent',
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
  if (status === 413) return { tooLarge: error };
  throw error;
}
