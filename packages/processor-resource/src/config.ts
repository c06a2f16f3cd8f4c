import { attributeActionsSchema } from '@millrace/item-match';
import type { AttributeAction } from '@millrace/item-match';

/** The checked configuration of processor `resource`. */
export interface ResourceConfig {
  readonly attributes: readonly AttributeAction[];
}

export const configSchema: object = {
  type: 'object',
  additionalProperties: false,
  properties: {
    attributes: { ...attributeActionsSchema, description: 'What is done to the attributes of resources, in this order. Required.' },
  },
};
