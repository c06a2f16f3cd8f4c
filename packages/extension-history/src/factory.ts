import type { ExtensionFactory } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { configSchema } from './config.ts';
import type { HistoryConfig } from './config.ts';
import { History } from './history.ts';

function validateConfig({ directory, max_size_mib: maxMib, retention, traces, logs }: HistoryConfig): string[] {
  const problems: string[] = [];
  if (directory === '') problems.push('directory must not be empty');
  if (maxMib < 0) problems.push('max_size_mib must be non-negative');
  for (const [name, text] of Object.entries(retention)) {
    if (durationMs(text) <= 0) problems.push(`retention::${name}: must be positive`);
  }
  for (const [name, items] of Object.entries({ traces, logs })) {
    if (durationMs(items.retention) <= 0) problems.push(`${name}::retention: must be positive`);
    if (items.max_size_mib < 0) problems.push(`${name}::max_size_mib: must be non-negative`);
  }
  return problems;
}

/** Extension `history`: an embedded store of metrics, and of recent traces and logs. */
export const factory: ExtensionFactory<HistoryConfig> = {
  kind: 'extension',
  type: 'history',
  stability: 'alpha',
  scope: 'process',
  configSchema,
  validateConfig,
  create: (config, context) => new History(config, context),
};
