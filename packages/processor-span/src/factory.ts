import type { ProcessorFactory } from '@millrace/api';
import { configSchema } from './config.ts';
import type { SpanConfig } from './config.ts';
import { spanVisitor } from './span-visitor.ts';
import { validateConfig } from './validate-config.ts';

/** Processor `span`: names spans from attributes, takes attributes out of names, sets the status. */
export const factory: ProcessorFactory<SpanConfig> = {
  kind: 'processor',
  type: 'span',
  stability: { traces: 'alpha' },
  configSchema,
  validateConfig,
  visit: spanVisitor,
};
