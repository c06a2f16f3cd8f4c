import type { Plain } from '@millrace/wire';

/** One entry of `actions`: what is done to one attribute, or to those whose keys a pattern matches. */
export interface AttributeAction {
  readonly key: string;
  readonly value?: Plain;
  readonly default_value?: Plain;
  readonly pattern: string;
  readonly from_attribute: string;
  readonly from_context: string;
  readonly converted_type: string;
  /** In any case. */
  readonly action: string;
}

/** JSON Schema of a list of `AttributeAction`s. */
export const attributeActionsSchema: object = {
  type: 'array',
  default: [],
  items: {
    type: 'object',
    additionalProperties: false,
    properties: {
      key: { type: 'string', default: '', description: 'Key of the attribute. `delete` and `hash` may have a `pattern` instead, or both.' },
      action: {
        type: 'string',
        default: '',
        description:
          '`insert` (where the key is absent), `update` (where it is there), `upsert`, `delete`, `hash` (SHA-256), `extract` (named groups of `pattern` become attributes), `convert`; in any case.',
      },
      value: {
        'x-telemetry-value': true,
        description: 'Value of `insert`, `update` and `upsert`: a string, number, boolean, list or map.',
      },
      from_attribute: { type: 'string', default: '', description: 'Key of the attribute whose value is taken instead of `value`.' },
      from_context: {
        type: 'string',
        default: '',
        description:
          'What is taken from the sender of the data instead of `value`: `metadata.<header>`, `auth.<attribute>` or `client.address`; several values are joined with `;`.',
      },
      default_value: {
        'x-telemetry-value': true,
        description: 'Value where `from_attribute` or `from_context` finds nothing. Without it the action does nothing there.',
      },
      pattern: {
        type: 'string',
        default: '',
        description: 'Regular expression (RE2): of `extract` for the value, of `delete` and `hash` for the keys.',
      },
      converted_type: { type: 'string', default: '', description: 'Type that `convert` makes: `int`, `double` or `string`.' },
    },
  },
};
