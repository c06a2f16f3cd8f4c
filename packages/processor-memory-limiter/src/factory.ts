import type { ProcessorFactory } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { configSchema } from './config.ts';
import type { MemoryLimiterConfig } from './config.ts';
import { MemoryLimiter } from './memory-limiter.ts';
import { MemoryLimiterProcessor } from './memory-limiter-processor.ts';

/** The processors of one id are made with one configuration object, whatever their pipeline: they share a limiter. */
const limiters = new WeakMap<MemoryLimiterConfig, MemoryLimiter>();

function validateConfig(config: MemoryLimiterConfig): string[] {
  const problems: string[] = [];
  if (durationMs(config.check_interval) <= 0) problems.push("'check_interval' must be greater than zero");
  for (const bound of ['min', 'max'] as const) {
    if (durationMs(config[`${bound}_gc_interval_when_soft_limited`]) < durationMs(config[`${bound}_gc_interval_when_hard_limited`])) {
      problems.push(`'${bound}_gc_interval_when_soft_limited' should be larger than '${bound}_gc_interval_when_hard_limited'`);
    }
  }
  const { limit_mib, spike_limit_mib, limit_percentage, spike_limit_percentage } = config;
  if (limit_mib === 0 && limit_percentage === 0) problems.push("'limit_mib' or 'limit_percentage' must be greater than zero");
  if (limit_percentage > 100 || spike_limit_percentage > 100) {
    problems.push("'limit_percentage' and 'spike_limit_percentage' must be greater than zero and less than or equal to hundred");
  }
  if (limit_mib > 0 && spike_limit_mib >= limit_mib) problems.push("'spike_limit_mib' must be smaller than 'limit_mib'");
  if (limit_percentage > 0 && spike_limit_percentage >= limit_percentage) {
    problems.push("'spike_limit_percentage' must be smaller than 'limit_percentage'");
  }
  return problems;
}

/** Processor `memory_limiter`: refuses data while the process uses too much memory. */
export const factory: ProcessorFactory<MemoryLimiterConfig> = {
  kind: 'processor',
  type: 'memory_limiter',
  stability: { traces: 'beta', metrics: 'beta', logs: 'beta', profiles: 'alpha' },
  configSchema,
  validateConfig,
  create: (config, next, context) => {
    let limiter = limiters.get(config);
    if (limiter === undefined) limiters.set(config, (limiter = new MemoryLimiter(config, context)));
    return new MemoryLimiterProcessor(limiter, next, context);
  },
};
