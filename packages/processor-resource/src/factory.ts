import type { ProcessorFactory } from '@millrace/api';
import { AttributeActions, validateActions } from '@millrace/item-match';
import { configSchema } from './config.ts';
import type { ResourceConfig } from './config.ts';

/** Processor `resource`: changes the attributes of resources. */
export const factory: ProcessorFactory<ResourceConfig> = {
  kind: 'processor',
  type: 'resource',
  stability: { traces: 'beta', metrics: 'beta', logs: 'beta' },
  configSchema,
  validateConfig: ({ attributes }) =>
    attributes.length === 0 ? ['missing required field "attributes"'] : validateActions(attributes, 'attributes'),
  visit: (config, { logger }) => {
    const actions = new AttributeActions(config.attributes, logger);
    return { onResource: (resource) => actions.apply(resource.attributes, resource) };
  },
};
