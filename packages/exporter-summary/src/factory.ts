import type { ExporterFactory } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { overrideProblems } from '@millrace/genai';
import { serverProblems } from '@millrace/transport';
import { configSchema } from './config.ts';
import type { SummaryConfig } from './config.ts';
import { SummaryExporter } from './summary-exporter.ts';

function validateConfig(config: SummaryConfig): string[] {
  return [
    ...serverProblems(config),
    ...(durationMs(config.retention) < 3_600_000 ? ['retention: must be 1h or more'] : []),
    ...overrideProblems(config.prices.overrides, 'prices::overrides'),
  ];
}

/** Exporter `summary`: keeps sums of the calls of models, and tells them over HTTP. */
export const factory: ExporterFactory<SummaryConfig> = {
  kind: 'exporter',
  type: 'summary',
  stability: { traces: 'development', logs: 'development' },
  scope: 'process',
  configSchema,
  validateConfig,
  create: (config, context) => new SummaryExporter(config, context),
};
