import type { ExporterFactory } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { configSchema } from './config.ts';
import type { FileConfig } from './config.ts';
import { FileExporter } from './file-exporter.ts';

function validateConfig(config: FileConfig): string[] {
  const problems: string[] = [];
  if (config.path === '') problems.push('path must be non-empty');
  if (durationMs(config.flush_interval) < 0) problems.push('flush_interval must be larger than zero');
  const { create_directory, directory_permissions: permissions } = config;
  if (permissions !== undefined && !create_directory) problems.push('directory_permissions requires create_directory to be true');
  if (permissions !== undefined && !/^[0-7]+$/.test(permissions)) {
    problems.push('directory_permissions value must be a valid octal representation');
  }
  return problems;
}

/** Exporter `file`: writes telemetry to a file. */
export const factory: ExporterFactory<FileConfig> = {
  kind: 'exporter',
  type: 'file',
  stability: { traces: 'alpha', metrics: 'alpha', logs: 'alpha' },
  configSchema,
  validateConfig,
  create: (config, context) => new FileExporter(config, context),
};
