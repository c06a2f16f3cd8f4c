import type { ExporterFactory } from '@millrace/api';
import { namingProblems, resourceLabelsProblems } from '@millrace/prometheus-format';
import { serverProblems } from '@millrace/transport';
import { configSchema } from './config.ts';
import type { PrometheusConfig } from './config.ts';
import { PrometheusExporter } from './prometheus-exporter.ts';

function validateConfig(config: PrometheusConfig): string[] {
  const isBlank = config.endpoint.trim() === '';
  const problems = isBlank ? ['expecting a non-blank address to run the Prometheus metrics handler'] : serverProblems(config);
  return [...problems, ...namingProblems(config), ...resourceLabelsProblems(config)];
}

/** Exporter `prometheus`: serves the last value of every series to Prometheus and others who scrape. */
export const factory: ExporterFactory<PrometheusConfig> = {
  kind: 'exporter',
  type: 'prometheus',
  stability: { metrics: 'beta' },
  scope: 'process',
  configSchema,
  validateConfig,
  create: (config, context) => new PrometheusExporter(config, context),
};
