import type { ExporterFactory } from '@millrace/api';
import { outputProblems } from '@millrace/output-file';
import { columnsOf, fixedColumns } from './columns.ts';
import type { TableSignal } from './columns.ts';
import { configSchema } from './config.ts';
import type { CsvConfig } from './config.ts';
import { CsvExporter } from './csv-exporter.ts';

function validateConfig(config: CsvConfig): string[] {
  const { path, attributes, resource_attributes } = config;
  if (path === '') return ['path must be non-empty'];
  const problems = outputProblems(config);
  if (path.split('*').length > 2) problems.unshift('path must contain at most one *');
  for (const signal of Object.keys(fixedColumns) as TableSignal[]) {
    const columns = columnsOf(signal, resource_attributes, attributes);
    const twice = columns.find((column, index) => columns.indexOf(column) < index);
    if (twice === undefined) continue;
    problems.push(`attributes: the table of ${signal} has a column "${twice}" already`);
    break;
  }
  return problems;
}

/** Exporter `csv`: writes tables of spans, data points and log records. */
export const factory: ExporterFactory<CsvConfig> = {
  kind: 'exporter',
  type: 'csv',
  scope: 'process',
  stability: { traces: 'alpha', metrics: 'alpha', logs: 'alpha' },
  configSchema,
  validateConfig,
  create: (config, context) => new CsvExporter(config, context),
};
