import type { ProcessorFactory } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { CardinalityLimit } from './cardinality-limit.ts';
import { type CardinalityLimitConfig, configSchema } from './config.ts';

const maxKeys = 31;

function keyProblems(path: string, limits: object = {}): string[] {
  return Object.keys(limits).length > maxKeys ? [`${path}: must have at most ${maxKeys} keys`] : [];
}

/** Processor `cardinality_limit`: bounds the series of each metric and folds the rest into one, so that totals stay. */
export const factory: ProcessorFactory<CardinalityLimitConfig> = {
  kind: 'processor',
  type: 'cardinality_limit',
  stability: { metrics: 'beta' },
  configSchema,
  // The limits hold for the process.
  scope: 'process',
  validateConfig: ({ expiry, key_limits, overrides }) => [
    ...keyProblems('key_limits', key_limits),
    ...(durationMs(expiry) < 1000 ? ['expiry: must be at least 1s'] : []),
    ...overrides.flatMap(({ metrics, limit, key_limits: keys }, i) => [
      ...(metrics.length === 0 ? [`overrides::${i}::metrics: must name a metric`] : []),
      ...keyProblems(`overrides::${i}::key_limits`, keys),
      ...(limit === undefined && keys === undefined ? [`overrides::${i}: must have a limit or key_limits`] : []),
    ]),
  ],
  create: (config, next, context) => new CardinalityLimit(config, next, context),
};
