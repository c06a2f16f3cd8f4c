import { pricesSchema } from '@millrace/genai';
import type { PricesConfig } from '@millrace/genai';

/** Generations of OpenTelemetry's names, and `keep`: attributes stay as the sender named them. */
export const emits = ['latest', '1.37', '1.36', 'keep'] as const;
export type Emit = (typeof emits)[number];

/** The checked configuration of processor `genai`. */
export interface GenaiConfig {
  readonly emit: Emit;
  readonly remove_originals: boolean;
  readonly rename_spans: boolean;
  readonly prices: PricesConfig;
  readonly usage: { readonly estimate: boolean };
  readonly cost: { readonly mirror: 'none' | 'draft' };
  readonly content: { readonly policy: 'keep' | 'redact' | 'drop'; readonly max_part_bytes: number };
}

export const configSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    emit: {
      type: 'string',
      enum: emits,
      default: 'latest',
      description:
        'The generation of names that operations get: latest (the repository semantic-conventions-genai), 1.37 (to 1.41), 1.36 (and before), or keep, which leaves them as they are.',
    },
    remove_originals: {
      type: 'boolean',
      default: true,
      description: 'Whether an attribute is removed when what it says stands under a name of the chosen generation.',
    },
    rename_spans: {
      type: 'boolean',
      default: false,
      description: 'Whether spans are named as the conventions say: the operation, then the model, tool or agent.',
    },
    prices: pricesSchema,
    usage: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'Tokens of calls that do not tell them.',
      properties: {
        estimate: {
          type: 'boolean',
          default: false,
          description: 'Whether they are estimated from the size of the contents, marked with millrace.usage.estimated.',
        },
      },
    },
    cost: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'Where costs are written.',
      properties: {
        mirror: {
          type: 'string',
          enum: ['none', 'draft'],
          default: 'none',
          description:
            'Other names that costs get beside millrace.cost.*: draft writes gen_ai.usage.cost.amount, .currency and .source, where the sender has not.',
        },
      },
    },
    content: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'What happens to prompts, responses and other content.',
      properties: {
        policy: {
          type: 'string',
          enum: ['keep', 'redact', 'drop'],
          default: 'keep',
          description: 'What is done with content: keep, redact (****) or drop.',
        },
        max_part_bytes: {
          type: 'integer',
          minimum: 0,
          default: 0,
          description:
            'Longest text, in bytes of UTF-8, that stays whole in a part of a message or another content; longer ones are cut, with their size in original_size. 0: any.',
        },
      },
    },
  },
} as const;
