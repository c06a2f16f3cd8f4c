import type { ExporterFactory } from '@millrace/api';
import { exporterScope, validateSettings } from '@millrace/exporter-helper';
import { httpClientProblems } from '@millrace/transport';
import { configSchema, type LokiConfig } from './config.ts';
import { createLokiExporter } from './loki-exporter.ts';
import { otlpUrl } from './push-url.ts';

function endpointProblems({ endpoint = '' }: LokiConfig): string[] {
  try {
    otlpUrl(endpoint);
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}

/** Exporter `loki`: sends logs to Loki's OTLP endpoint, with the hints and labels of the push API as far as that takes them. */
export const factory: ExporterFactory<LokiConfig> = {
  kind: 'exporter',
  type: 'loki',
  stability: { logs: 'beta' },
  configSchema,
  scope: exporterScope,
  validateConfig: (config) => [...endpointProblems(config), ...httpClientProblems(config), ...validateSettings(config)],
  create: createLokiExporter,
};
