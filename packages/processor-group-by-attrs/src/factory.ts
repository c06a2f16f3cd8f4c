import type { ProcessorFactory } from '@millrace/api';
import { configSchema } from './config.ts';
import type { GroupByAttrsConfig } from './config.ts';
import { GroupByAttrs } from './group-by-attrs.ts';

/** Processor `groupbyattrs`: moves items to resources that are made of their attributes. */
export const factory: ProcessorFactory<GroupByAttrsConfig> = {
  kind: 'processor',
  type: 'groupbyattrs',
  stability: { traces: 'beta', metrics: 'beta', logs: 'beta' },
  configSchema,
  create: (config, next, context) => new GroupByAttrs(config, next, context),
};
