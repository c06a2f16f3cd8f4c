import type { ProcessorFactory } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { BatchProcessor } from './batch-processor.ts';
import { configSchema } from './config.ts';
import type { BatchConfig } from './config.ts';

function validateConfig(config: BatchConfig): string[] {
  const problems: string[] = [];
  if (config.send_batch_max_size > 0 && config.send_batch_max_size < config.send_batch_size) {
    problems.push('send_batch_max_size must be greater or equal to send_batch_size');
  }
  const seen = new Set<string>();
  for (const name of config.metadata_keys.map((name) => name.toLowerCase())) {
    if (seen.has(name)) problems.push(`duplicate entry in metadata_keys: ${JSON.stringify(name)} (case-insensitive)`);
    seen.add(name);
  }
  if (durationMs(config.timeout) < 0) problems.push('timeout must be greater or equal to 0');
  return problems;
}

/** Processor `batch`: collects items into larger batches. */
export const factory: ProcessorFactory<BatchConfig> = {
  kind: 'processor',
  type: 'batch',
  stability: { traces: 'beta', metrics: 'beta', logs: 'beta' },
  configSchema,
  validateConfig,
  create: (config, next, context) => new BatchProcessor(config, next, context),
};
