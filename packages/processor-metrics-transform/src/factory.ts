import type { ProcessorFactory } from '@millrace/api';
import { configSchema } from './config.ts';
import type { MetricsTransformConfig } from './config.ts';
import { MetricsTransform } from './metrics-transform.ts';
import { problemOf } from './problem-of.ts';

/** Processor `metrics_transform`: renames, copies, combines, scales and aggregates metrics, batch by batch. */
export const factory: ProcessorFactory<MetricsTransformConfig> = {
  kind: 'processor',
  type: 'metrics_transform',
  stability: { metrics: 'beta' },
  configSchema,
  validateConfig: ({ transforms }) => {
    const problem = transforms.map((transform) => problemOf(transform)).find((found) => found !== undefined);
    return problem === undefined ? [] : [problem];
  },
  create: (config, next, context) => new MetricsTransform(config, next, context),
};
