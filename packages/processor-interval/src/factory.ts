import type { ProcessorFactory } from '@millrace/api';
import { durationMs } from '@millrace/config';
import { configSchema } from './config.ts';
import type { IntervalConfig } from './config.ts';
import { Interval } from './interval.ts';

/** Processor `interval`: sends on the last point of each series, once in every interval. */
export const factory: ProcessorFactory<IntervalConfig> = {
  kind: 'processor',
  type: 'interval',
  stability: { metrics: 'alpha' },
  configSchema,
  // The points of a series may come to any worker.
  scope: 'process',
  validateConfig: ({ interval }) => (durationMs(interval) <= 0 ? ['invalid interval value'] : []),
  create: (config, next, context) => new Interval(config, next, context),
};
