import type { ReceiverFactory } from '@millrace/api';
import { serverProblems } from '@millrace/transport';
import { configSchema, type OtlpReceiverConfig } from './config.ts';
import { OtlpReceiver } from './otlp-receiver.ts';
import { httpPaths } from './http-routes.ts';

function validateConfig({ protocols: { grpc, http } }: OtlpReceiverConfig): string[] {
  if (grpc === undefined && http === undefined) return ['must specify at least one protocol when using the OTLP receiver'];
  const problems = [
    ...(grpc === undefined ? [] : serverProblems(grpc, 'protocols::grpc')),
    ...(http === undefined ? [] : serverProblems(http, 'protocols::http')),
  ];
  if (http !== undefined && new Set(Object.values(httpPaths(http))).size < 4) {
    problems.push('protocols::http: every signal must have a path of its own');
  }
  return problems;
}

/** Receiver `otlp`: takes OTLP over gRPC and HTTP. */
export const factory: ReceiverFactory<OtlpReceiverConfig> = {
  kind: 'receiver',
  type: 'otlp',
  stability: { traces: 'stable', metrics: 'stable', logs: 'stable', profiles: 'development' },
  configSchema,
  validateConfig,
  create: (config, next, context) => new OtlpReceiver(config, next, context),
};
