import { spanMatchConfigProperties } from '@millrace/item-match';
import type { MatchConfig } from '@millrace/item-match';

/** The checked configuration of processor `span`. */
export interface SpanConfig extends MatchConfig {
  readonly name: {
    readonly from_attributes: readonly string[];
    readonly separator: string;
    readonly to_attributes?: {
      readonly rules: readonly string[];
      readonly break_after_match: boolean;
      readonly keep_original_name: boolean;
    };
  };
  readonly status?: { readonly code: string; readonly description: string };
}

export const configSchema: object = {
  type: 'object',
  additionalProperties: false,
  properties: {
    name: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'Names of spans from attributes, and attributes from names.',
      properties: {
        from_attributes: {
          type: 'array',
          items: { type: 'string' },
          default: [],
          description: 'Keys of the attributes whose values, in this order, become the name. A span that lacks one keeps its name.',
        },
        separator: { type: 'string', default: '', description: 'Text between two values of `from_attributes`.' },
        to_attributes: {
          type: 'object',
          additionalProperties: false,
          description: 'Attributes that are taken out of the name, after `from_attributes`.',
          properties: {
            rules: {
              type: 'array',
              items: { type: 'string' },
              default: [],
              description:
                'Regular expressions (RE2): what a named group matches becomes the attribute of that name, and `{name}` takes its place in the name.',
            },
            break_after_match: { type: 'boolean', default: false, description: 'Whether the first rule that matches is the last.' },
            keep_original_name: { type: 'boolean', default: false, description: 'Whether the name stays as it is.' },
          },
        },
      },
    },
    status: {
      type: 'object',
      additionalProperties: false,
      description: 'Status that spans get.',
      properties: {
        code: { type: 'string', default: '', description: '`Ok`, `Error` or `Unset`.' },
        description: { type: 'string', default: '', description: 'Message of the status, for `Error` only.' },
      },
    },
    ...spanMatchConfigProperties,
  },
};
