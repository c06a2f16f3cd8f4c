import type { ExporterFactory } from '@millrace/api';
import { exporterScope, validateSettings } from '@millrace/exporter-helper';
import { httpClientProblems } from '@millrace/transport';
import { signals } from '@millrace/wire';
import { configSchema, type OtlpHttpConfig } from './config.ts';
import { createOtlpHttpExporter } from './otlp-http-exporter.ts';
import { signalUrl } from './signal-url.ts';

/** Exporter `otlp_http`: sends OTLP over HTTP, as protobuf or JSON. */
export const factory: ExporterFactory<OtlpHttpConfig> = {
  kind: 'exporter',
  type: 'otlp_http',
  stability: { traces: 'beta', metrics: 'beta', logs: 'beta', profiles: 'alpha' },
  configSchema,
  scope: exporterScope,
  validateConfig: (config) => [...endpointProblems(config), ...httpClientProblems(config), ...validateSettings(config)],
  create: createOtlpHttpExporter,
};

function endpointProblems(config: OtlpHttpConfig): string[] {
  const given = signals.filter((signal) => (config[`${signal}_endpoint`] ?? '') !== '');
  if (given.length === 0 && (config.endpoint ?? '') === '') return ['at least one endpoint must be specified'];
  const problems = new Set<string>();
  for (const signal of (config.endpoint ?? '') === '' ? given : signals) {
    try {
      signalUrl(config, signal);
    } catch (error) {
      problems.add((error as Error).message);
    }
  }
  return [...problems];
}
