import { type Context, type Host, isPermanent, PipelineError, type Stage } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { createExporter, type PushResult } from '@millrace/exporter-helper';
import { createGrpcClient, type GrpcClient, grpcClientOptions, grpcCode, GrpcError } from '@millrace/transport';
import { type Batch, ByteWriter } from '@millrace/wire';
import type { JaegerExporterConfig } from './config.ts';
import { JaegerRequests } from './jaeger-requests.ts';

const method = '/jaeger.api_v2.CollectorService/PostSpans';

/** Sends batches with `PostSpans`, a request for each process; the connection is made with the first one. */
export function createJaegerExporter(config: JaegerExporterConfig, context: Context): Stage {
  const timeoutMs = durationMs(config.timeout);
  let client: GrpcClient | undefined;
  let pool: Host['pool'] | undefined;
  return createExporter({
    context,
    config,
    start: (host) => {
      client = createGrpcClient(grpcClientOptions(config, context, host));
      pool = host.pool;
    },
    push: async (batch, signal) => {
      if (client === undefined || pool === undefined) throw new PipelineError('jaeger exporter not started', { kind: 'retryable' });
      return pushSpans({ client, pool, timeoutMs }, batch, signal);
    },
    shutdown: () => client?.close(),
  });
}

interface Destination {
  readonly client: GrpcClient;
  readonly pool: Host['pool'];
  readonly timeoutMs: number;
}

/** Sends all requests of a batch, up to a failure that may pass. What was not taken is the remainder. */
async function pushSpans(destination: Destination, batch: Batch, signal: AbortSignal): Promise<PushResult> {
  const { pool } = destination;
  using requests = new JaegerRequests(batch, pool);
  const unsent = new Set<number>();
  let failure: PipelineError | undefined;
  let tooLarge: PipelineError | undefined;
  for (let i = 0; i < requests.count; i++) {
    try {
      if (failure !== undefined && !isPermanent(failure)) throw failure;
      // One after the other: a failure says what the rest would meet.
      await send(destination, requests, i, batch, signal);
    } catch (error) {
      unsent.add(i);
      failure = pipelineError(error);
      if (error instanceof GrpcError && isTooLarge(error)) tooLarge = failure;
    }
  }
  if (failure === undefined) return undefined;
  if (unsent.size === requests.count) {
    if (tooLarge !== undefined && isPermanent(failure)) return { tooLarge };
    throw failure;
  }
  const error =
    tooLarge === undefined
      ? failure
      : new PipelineError(tooLarge.message, { kind: 'retryable', grpcCode: tooLarge.grpcCode!, cause: tooLarge });
  return { remainder: requests.select(batch, pool, (index) => unsent.has(index)), error };
}

async function send(
  { client, pool, timeoutMs }: Destination,
  requests: JaegerRequests,
  index: number,
  batch: Batch,
  signal: AbortSignal,
): Promise<void> {
  const writer = new ByteWriter(pool.lease(requests.sizeOf(index)));
  try {
    requests.write(index, writer);
    await client.unary(method, writer.buffer.subarray(0, writer.position), timeoutMs, signal, batch.client);
  } finally {
    writer.lease!.release();
  }
}

/** What will not pass. Jaeger says ResourceExhausted, Internal and Unknown when it is busy or its storage has trouble. */
const permanentCodes: ReadonlySet<number> = new Set([
  grpcCode.invalidArgument,
  grpcCode.notFound,
  grpcCode.alreadyExists,
  grpcCode.permissionDenied,
  grpcCode.failedPrecondition,
  grpcCode.unimplemented,
  grpcCode.unauthenticated,
]);

/** What gRPC servers in Go and Java say of a message above their limit. */
function isTooLarge({ code, message }: GrpcError): boolean {
  return code === grpcCode.resourceExhausted && /larger than max|exceeds maximum/i.test(message);
}

function pipelineError(error: unknown): PipelineError {
  if (error instanceof PipelineError) return error;
  const prefix = 'failed to push trace data via Jaeger exporter: ';
  if (!(error instanceof GrpcError)) {
    return new PipelineError(`${prefix}rpc error: code = DeadlineExceeded desc = ${(error as Error).message}`, {
      kind: 'retryable',
      grpcCode: grpcCode.deadlineExceeded,
      cause: error,
    });
  }
  return new PipelineError(prefix + error.message, {
    kind: permanentCodes.has(error.code) || isTooLarge(error) ? 'permanent' : 'retryable',
    grpcCode: error.code,
    cause: error,
    ...(error.retryDelayMs === undefined || error.retryDelayMs === 0 ? {} : { retryAfterMs: error.retryDelayMs }),
  });
}
