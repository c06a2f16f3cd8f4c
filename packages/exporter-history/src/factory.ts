import type { ExporterFactory } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { namingProblems, resourceLabelsProblems } from '@millrace/prometheus-format';
import { configSchema } from './config.ts';
import type { HistoryExporterConfig } from './config.ts';
import { HistoryExporter } from './history-exporter.ts';

/** Exporter `history`: writes metrics, traces and logs into the store of extension `history`. */
export const factory: ExporterFactory<HistoryExporterConfig> = {
  kind: 'exporter',
  type: 'history',
  stability: { metrics: 'alpha', traces: 'alpha', logs: 'alpha' },
  scope: 'process',
  configSchema,
  validateConfig: (config) => [
    ...namingProblems(config),
    ...resourceLabelsProblems(config),
    ...(durationMs(config.metric_expiration) <= 0 ? ['metric_expiration: must be positive'] : []),
  ],
  create: (config, context) => new HistoryExporter(config, context),
};
