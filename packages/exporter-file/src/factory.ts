import type { ExporterFactory } from '@millrace/api';
import { outputProblems } from '@millrace/output-file';
import { configSchema } from './config.ts';
import type { FileConfig } from './config.ts';
import { FileExporter } from './file-exporter.ts';

function validateConfig(config: FileConfig): string[] {
  const { path, group_by } = config;
  if (path === '') return ['path must be non-empty'];
  const problems = outputProblems(config);
  if (group_by.enabled) {
    if (path.split('*').length !== 2) problems.push('path must contain exactly one * when group_by is enabled');
    else if (path.startsWith('*')) problems.push('path must not start with * when group_by is enabled');
    if (group_by.resource_attribute === '') problems.push('resource_attribute must not be empty when group_by is enabled');
  }
  return problems;
}

/** Exporter `file`: writes telemetry to a file. */
export const factory: ExporterFactory<FileConfig> = {
  kind: 'exporter',
  type: 'file',
  scope: 'process',
  stability: { traces: 'alpha', metrics: 'alpha', logs: 'alpha' },
  configSchema,
  validateConfig,
  create: (config, context) => new FileExporter(config, context),
};
