import type { ExporterFactory } from '@millrace/api';
import { exporterScope, validateSettings } from '@millrace/exporter-helper';
import { httpClientProblems } from '@millrace/transport';
import { configSchema, type ZipkinExporterConfig } from './config.ts';
import { createZipkinExporter } from './zipkin-exporter.ts';

function endpointProblems({ endpoint = '' }: ZipkinExporterConfig): string[] {
  if (endpoint === '') return ['endpoint must be specified'];
  return URL.canParse(endpoint) && /^https?:$/.test(new URL(endpoint).protocol) ? [] : ['endpoint must be a valid URL'];
}

/** Exporter `zipkin`: posts spans to a Zipkin server. */
export const factory: ExporterFactory<ZipkinExporterConfig> = {
  kind: 'exporter',
  type: 'zipkin',
  stability: { traces: 'beta' },
  configSchema,
  scope: exporterScope,
  validateConfig: (config) => [...endpointProblems(config), ...httpClientProblems(config), ...validateSettings(config)],
  create: createZipkinExporter,
};
