import { type Context, PipelineError, type Stage } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { createExporter, type PushResult } from '@millrace/exporter-helper';
import {
  clientTlsOptions,
  createGrpcClient,
  GrpcError,
  grpcCode,
  parseGrpcTarget,
  readExportResponse,
  userAgent,
} from '@millrace/transport';
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

/** gRPC clients do not ask more often, so as not to be taken for an attack. */
const shortestKeepaliveMs = 10_000;

/** Sends batches over gRPC; the connection is made with the first one. */
export function createOtlpGrpcExporter(config: OtlpGrpcConfig, context: Context): Stage {
  const method = methods[context.signal!];
  const timeoutMs = durationMs(config.timeout);
  let client: GrpcClient | undefined;
  return createExporter({
    context,
    config,
    start: () => {
      client = createClient(config, context);
    },
    push: async (batch: Batch, signal: AbortSignal): Promise<PushResult> => {
      if (client === undefined) throw new PipelineError('otlp exporter not started', { kind: 'retryable' });
      let response: Buffer;
      try {
        response = await client.unary(method, batch.bytes, timeoutMs, signal);
      } catch (error) {
        throw pipelineError(error);
      }
      return partialSuccess(response);
    },
    shutdown: () => client?.close(),
  });
}

function createClient(config: OtlpGrpcConfig, context: Context): GrpcClient {
  const target = parseGrpcTarget(config.endpoint!);
  const encrypted = target.scheme === 'https' || (target.scheme === undefined && !config.tls.insecure);
  const keepalive = config.keepalive;
  return createGrpcClient({
    target,
    clock: context.clock,
    compression: config.compression === '' ? 'none' : config.compression,
    headers: config.headers ?? {},
    userAgent: config.user_agent ?? userAgent(context.program),
    ...(encrypted ? { tls: clientTlsOptions(config.tls) } : {}),
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
  });
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

function pipelineError(error: unknown): PipelineError {
  if (!(error instanceof GrpcError)) {
    return new PipelineError(`rpc error: code = DeadlineExceeded desc = ${(error as Error).message}`, {
      kind: 'retryable',
      grpcCode: grpcCode.deadlineExceeded,
      cause: error,
    });
  }
  return new PipelineError(error.message, {
    kind: isRetryable(error) ? 'retryable' : 'permanent',
    grpcCode: error.code,
    cause: error,
    ...(error.retryDelayMs === undefined || error.retryDelayMs === 0 ? {} : { retryAfterMs: error.retryDelayMs }),
  });
}
