import type { ProcessorFactory } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { configSchema } from './config.ts';
import type { GroupByTraceConfig } from './config.ts';
import { GroupByTrace } from './group-by-trace.ts';

function validateConfig(config: GroupByTraceConfig): string[] {
  const problems: string[] = [];
  if (durationMs(config.wait_duration) < 0) problems.push('wait_duration must not be negative');
  if (config.num_workers > config.num_traces) problems.push('num_workers must not exceed num_traces');
  if (config.store_on_disk) problems.push("option 'disk storage' not supported in this release");
  if (config.discard_orphans) problems.push("option 'discard orphans' not supported in this release");
  return problems;
}

/** Processor `groupbytrace`: collects the spans of a trace into one batch. One instance sees the spans of all threads. */
export const factory: ProcessorFactory<GroupByTraceConfig> = {
  kind: 'processor',
  type: 'groupbytrace',
  scope: 'process',
  stability: { traces: 'beta' },
  configSchema,
  validateConfig,
  create: (config, next, context) => new GroupByTrace(config, next, context),
};
