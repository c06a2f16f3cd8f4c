import type { ExporterFactory } from '@millrace/api';
import { exporterScope, validateSettings } from '@millrace/exporter-helper';
import { grpcClientProblems } from '@millrace/transport';
import { configSchema, type OtlpGrpcConfig } from './config.ts';
import { createOtlpGrpcExporter } from './otlp-grpc-exporter.ts';

/** Exporter `otlp_grpc`: sends OTLP over gRPC. */
export const factory: ExporterFactory<OtlpGrpcConfig> = {
  kind: 'exporter',
  type: 'otlp_grpc',
  stability: { traces: 'beta', metrics: 'beta', logs: 'beta', profiles: 'alpha' },
  configSchema,
  scope: exporterScope,
  validateConfig: (config) => [...grpcClientProblems(config), ...validateSettings(config)],
  create: createOtlpGrpcExporter,
};
