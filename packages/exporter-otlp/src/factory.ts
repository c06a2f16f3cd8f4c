import type { ExporterFactory } from '@millrace/api';
import { validateSettings } from '@millrace/exporter-helper';
import { parseGrpcTarget } from '@millrace/transport';
import { configSchema, type OtlpGrpcConfig } from './config.ts';
import { createOtlpGrpcExporter } from './otlp-grpc-exporter.ts';

/** Exporter `otlp_grpc`: sends OTLP over gRPC. */
export const factory: ExporterFactory<OtlpGrpcConfig> = {
  kind: 'exporter',
  type: 'otlp_grpc',
  stability: { traces: 'beta', metrics: 'beta', logs: 'beta', profiles: 'alpha' },
  configSchema,
  validateConfig: (config) => [...endpointProblems(config.endpoint ?? ''), ...validateSettings(config)],
  create: createOtlpGrpcExporter,
};

function endpointProblems(endpoint: string): string[] {
  if (/^(https?:\/\/|dns:\/\/\/?)?$/.test(endpoint)) return ['requires a non-empty "endpoint"'];
  try {
    parseGrpcTarget(endpoint);
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}
