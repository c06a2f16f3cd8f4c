import type { ProcessorFactory } from '@millrace/api';
import { configSchema } from './config.ts';
import type { DeltaToRateConfig } from './config.ts';
import { DeltaToRate } from './delta-to-rate.ts';

/** Processor `deltatorate`: turns delta sums into gauges of their rate per second. */
export const factory: ProcessorFactory<DeltaToRateConfig> = {
  kind: 'processor',
  type: 'deltatorate',
  stability: { metrics: 'alpha' },
  configSchema,
  validateConfig: ({ metrics }) => (metrics.length === 0 ? ['metric names are missing'] : []),
  create: (config, next, context) => new DeltaToRate(config, next, context),
};
