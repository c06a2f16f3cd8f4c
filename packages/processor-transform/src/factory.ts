import type { ProcessorFactory } from '@millrace/api';
import { configSchema } from './config.ts';
import type { TransformConfig } from './config.ts';
import { needsStage, transformStage, transformVisitor, validateConfig } from './transform.ts';

/** Processor `transform`: changes telemetry as OTTL statements say. */
export const factory: ProcessorFactory<TransformConfig> = {
  kind: 'processor',
  type: 'transform',
  stability: { traces: 'beta', metrics: 'beta', logs: 'beta' },
  configSchema,
  validateConfig,
  needsStage,
  visit: transformVisitor,
  create: transformStage,
};
