import { attributeActionsSchema, matchConfigProperties } from '@millrace/item-match';
import type { AttributeAction, MatchConfig } from '@millrace/item-match';

/** The checked configuration of processor `attributes`. */
export interface AttributesConfig extends MatchConfig {
  readonly actions: readonly AttributeAction[];
}

export const configSchema: object = {
  type: 'object',
  additionalProperties: false,
  properties: {
    actions: { ...attributeActionsSchema, description: 'What is done to the attributes, in this order. Required.' },
    ...matchConfigProperties,
  },
};
