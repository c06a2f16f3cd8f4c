import type { ExporterFactory } from '@millrace/api';
import { configSchema } from './config.ts';
import type { DebugConfig } from './config.ts';
import { DebugExporter } from './debug-exporter.ts';

function validateConfig({ use_internal_logger, output_paths }: DebugConfig): string[] {
  if (use_internal_logger && output_paths !== undefined) return ['output_paths is not supported when use_internal_logger is true'];
  if (!use_internal_logger && output_paths?.length === 0) return ['output_paths must not be empty when use_internal_logger is false'];
  return [];
}

/** Exporter `debug`: writes telemetry for people to read. */
export const factory: ExporterFactory<DebugConfig> = {
  kind: 'exporter',
  type: 'debug',
  scope: 'process',
  stability: { traces: 'alpha', metrics: 'alpha', logs: 'alpha', profiles: 'development' },
  configSchema,
  validateConfig,
  create: (config, context) => new DebugExporter(config, context),
};
