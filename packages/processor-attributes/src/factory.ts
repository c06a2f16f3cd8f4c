import type { ProcessorFactory } from '@millrace/api';
import { validateActions } from '@millrace/item-match';
import { attributesVisitor } from './attributes-visitor.ts';
import { configSchema } from './config.ts';
import type { AttributesConfig } from './config.ts';

/** Processor `attributes`: changes the attributes of spans, log records and data points. */
export const factory: ProcessorFactory<AttributesConfig> = {
  kind: 'processor',
  type: 'attributes',
  stability: { traces: 'beta', metrics: 'beta', logs: 'beta' },
  configSchema,
  validateConfig: ({ actions }) => (actions.length === 0 ? ['missing required field "actions"'] : validateActions(actions, 'actions')),
  visit: attributesVisitor,
};
