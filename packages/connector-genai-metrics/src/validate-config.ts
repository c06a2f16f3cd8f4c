import { durationMs } from '@millrace/config';
import { overrideProblems } from '@millrace/genai';
import { isUserKey } from './labels.ts';
import type { GenaiMetricsConfig } from './config.ts';

/** Rules across settings. */
export function validateConfig(config: GenaiMetricsConfig): readonly string[] {
  const problems: string[] = [];
  for (const name of ['flush_interval', 'rate_window'] as const) {
    if (durationMs(config[name]) <= 0) problems.push(`${name}: must be above 0`);
  }
  for (const name of ['wait', 'series_expiration'] as const) {
    if (durationMs(config[name]) < 0) problems.push(`${name}: must not be negative`);
  }
  const hashed = config.user_label ? 'user_label' : config.dimensions.some(isUserKey) ? 'dimensions' : undefined;
  if (hashed !== undefined && config.hash_key === undefined) problems.push(`hash_key: is needed by ${hashed}, so that no user is named`);
  problems.push(...overrideProblems(config.prices?.overrides ?? [], 'prices::overrides'));
  return problems;
}
