import type { ProcessorFactory } from '@millrace/api';
import { configSchema } from './config.ts';
import type { FilterConfig } from './config.ts';
import { filterVisitor } from './filter.ts';
import { validateConfig } from './validate-config.ts';

/** Processor `filter`: drops what conditions hold for. */
export const factory: ProcessorFactory<FilterConfig> = {
  kind: 'processor',
  type: 'filter',
  stability: { traces: 'alpha', metrics: 'alpha', logs: 'alpha' },
  configSchema,
  validateConfig,
  visit: filterVisitor,
};
