import type { ExporterFactory } from '@millrace/api';
import { exporterScope, validateSettings } from '@millrace/exporter-helper';
import { grpcClientProblems } from '@millrace/transport';
import { configSchema, type JaegerExporterConfig } from './config.ts';
import { createJaegerExporter } from './jaeger-exporter.ts';

/** Jaeger's ports at which something else is spoken. */
const otherPorts: ReadonlyMap<string, string> = new Map([
  ['4317', 'is Jaeger’s port for OTLP: use exporter otlp_grpc for it'],
  ['4318', 'is Jaeger’s port for OTLP: use exporter otlp_http for it'],
  ['6831', 'is the agent’s UDP port, which is not sent to'],
  ['6832', 'is the agent’s UDP port, which is not sent to'],
  ['14267', 'is the collector’s TChannel port, which is not sent to'],
  ['14268', 'takes Thrift over HTTP, which is not sent'],
]);
const alternatives = "use the collector's gRPC port (host:14250), or exporter otlp_grpc with port 4317, which Jaeger has had since 1.35";

function endpointProblems(config: JaegerExporterConfig): string[] {
  const { endpoint = '' } = config;
  const thrift = /^https?:\/\/[^/]+\/./.test(endpoint);
  if (thrift) return [`endpoint: ${endpoint} is a URL for Thrift over HTTP, which is not sent: ${alternatives}`];
  const port = /:(\d+)\/?$/.exec(endpoint)?.[1] ?? '';
  const other = otherPorts.get(port);
  if (other !== undefined) return [`endpoint: port ${port} ${other}${port.startsWith('43') ? '' : `: ${alternatives}`}`];
  return grpcClientProblems(config).map((problem) =>
    problem.includes('missing port in address') ? `endpoint: ${problem}; Jaeger listens for gRPC on port 14250` : problem,
  );
}

/** Exporter `jaeger`: calls `PostSpans` of Jaeger's api_v2. */
export const factory: ExporterFactory<JaegerExporterConfig> = {
  kind: 'exporter',
  type: 'jaeger',
  stability: { traces: 'beta' },
  configSchema,
  scope: exporterScope,
  validateConfig: (config) => [...endpointProblems(config), ...validateSettings(config)],
  create: createJaegerExporter,
};
