import { statSync } from 'node:fs';
import type { ReceiverFactory } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { configSchema } from './config.ts';
import type { HostMetricsConfig } from './config.ts';
import { HostMetrics } from './host-metrics.ts';
import { scrapers } from './scrapers.ts';
import type { ScraperName } from './scrapers.ts';

function validateConfig(config: HostMetricsConfig): string[] {
  const problems: string[] = [];
  if (durationMs(config.collection_interval) <= 0) problems.push('"collection_interval": requires positive value');
  if (durationMs(config.timeout) < 0) problems.push('"timeout": requires positive value');
  const configured = Object.entries(config.scrapers).filter(([, settings]) => settings !== undefined);
  if (configured.length === 0) problems.push('must specify at least one scraper when using host_metrics receiver');
  for (const [name, settings] of configured) {
    for (const problem of scrapers[name as ScraperName].validate?.(settings as never) ?? []) problems.push(`scrapers::${name}: ${problem}`);
  }
  if (config.root_path !== '' && statSync(config.root_path, { throwIfNoEntry: false }) === undefined) {
    problems.push(`invalid root_path: stat ${config.root_path}: no such file or directory`);
  }
  return problems;
}

/** Receiver `host_metrics`: measures the machine that it runs on. */
export const factory: ReceiverFactory<HostMetricsConfig> = {
  kind: 'receiver',
  type: 'host_metrics',
  stability: { metrics: 'beta', logs: 'development' },
  // Every worker would measure the same.
  scope: 'process',
  configSchema,
  validateConfig,
  create: (config, next, context) => new HostMetrics(config, next, context),
};
