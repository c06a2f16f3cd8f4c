import { type Context, PipelineError, type Stage } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { createExporter, type PushResult } from '@millrace/exporter-helper';
import { createGrpcClient, GrpcError, grpcClientOptions, grpcCode, readExportResponse } from '@millrace/transport';
import type { GrpcClient } from '@millrace/transport';
import type { Batch, Signal } from '@millrace/wire';
import type { OtlpGrpcConfig } from './config.ts';

/** opentelemetry.proto.collector.*.Export (opentelemetry-proto, collector/). */
const methods: Readonly<Record<Signal, string>> = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
  profiles: '/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export',
};

/** Sends batches over gRPC; the connection is made with the first one. */
export function createOtlpGrpcExporter(config: OtlpGrpcConfig, context: Context): Stage {
  const method = methods[context.signal!];
  const timeoutMs = durationMs(config.timeout);
  context.items.label(serverAttributes(config.endpoint!));
  let client: GrpcClient | undefined;
  return createExporter({
    context,
    config,
    start: (host) => {
      client = createGrpcClient(grpcClientOptions(config, context, host));
    },
    push: async (batch: Batch, signal: AbortSignal): Promise<PushResult> => {
      if (client === undefined) throw new PipelineError('otlp exporter not started', { kind: 'retryable' });
      let response: Buffer;
      try {
        response = await client.unary(method, batch.bytes, timeoutMs, signal, batch.client);
      } catch (error) {
        if (error instanceof GrpcError && isTooLarge(error)) return { tooLarge: pipelineError(error, 'permanent') };
        throw pipelineError(error);
      }
      return partialSuccess(response);
    },
    shutdown: () => client?.close(),
  });
}

/** As the Collector has them: an endpoint that is not `host:port` is told as it is. */
function serverAttributes(endpoint: string): Record<string, string> {
  const [, host, port] = /^\[?([^\]/]*?)\]?:(\d+)$/.exec(endpoint) ?? [];
  return host === undefined || port === undefined ? { 'server.address': endpoint } : { 'server.address': host, 'server.port': port };
}

function partialSuccess(response: Buffer): PushResult {
  if (response.length === 0) return undefined;
  try {
    return readExportResponse(response);
  } catch (error) {
    throw new PipelineError(
      `rpc error: code = Internal desc = grpc: failed to unmarshal the received message: ${(error as Error).message}`,
      {
        kind: 'permanent',
        grpcCode: grpcCode.internal,
      },
    );
  }
}

/** ResourceExhausted may pass when the destination says when; other codes are what they are (OTLP specification, "OTLP/gRPC Response"). */
function isRetryable(error: GrpcError): boolean {
  switch (error.code) {
    case grpcCode.cancelled:
    case grpcCode.deadlineExceeded:
    case grpcCode.aborted:
    case grpcCode.outOfRange:
    case grpcCode.unavailable:
    case grpcCode.dataLoss:
      return true;
    case grpcCode.resourceExhausted:
      return error.retryDelayMs !== undefined;
    default:
      return false;
  }
}

/** What gRPC servers say of a message above their limit: ResourceExhausted in Go, C++ and Java; OutOfRange in some others. */
function isTooLarge({ code, message }: GrpcError): boolean {
  const byCode = code === grpcCode.resourceExhausted || code === grpcCode.outOfRange;
  return byCode && /larger than max|message (is )?too (large|big)|message size|exceeds (the )?max/i.test(message);
}

function pipelineError(error: unknown, kind?: 'permanent'): PipelineError {
  if (!(error instanceof GrpcError)) {
    return new PipelineError(`rpc error: code = DeadlineExceeded desc = ${(error as Error).message}`, {
      kind: 'retryable',
      grpcCode: grpcCode.deadlineExceeded,
      cause: error,
    });
  }
  return new PipelineError(error.message, {
    kind: kind ?? (isRetryable(error) ? 'retryable' : 'permanent'),
    grpcCode: error.code,
    cause: error,
    ...(error.retryDelayMs === undefined || error.retryDelayMs === 0 ? {} : { retryAfterMs: error.retryDelayMs }),
  });
}
