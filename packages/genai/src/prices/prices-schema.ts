import { tokenKinds } from '../usage.ts';
import type { TokenKind } from '../usage.ts';

/** A price: a decimal number, as a text where every digit counts. */
export type PriceText = string | number;

/** Which models a price is for: a name, or a rule about names; letters count alike in both cases, but in `regex`. */
export type ModelMatch =
  | string
  | {
      readonly equals?: string;
      readonly starts_with?: string;
      readonly ends_with?: string;
      readonly contains?: string;
      readonly regex?: string;
      readonly or?: readonly ModelMatch[];
      readonly and?: readonly ModelMatch[];
    };

/** Prices per million tokens by kind of token, and per thousand of what is not tokens. */
export type TokenPrices = { readonly [kind in TokenKind]?: PriceText } & {
  readonly web_searches_per_1000?: PriceText;
  readonly requests_per_1000?: PriceText;
};

/** Prices from a length of the input on, whatever of it was cached. One of `above` and `at_least`. */
export interface TierPrices extends TokenPrices {
  readonly above?: number;
  readonly at_least?: number;
  readonly scope?: 'request' | 'marginal';
}

/** Prices of a batch or a service tier: what differs from the standard ones, or all of them at a percentage. */
export interface VariantPrices extends TokenPrices {
  readonly percent?: PriceText;
  readonly tiers?: readonly TierPrices[];
}

/** Prices of models in a time. */
export interface PriceOverride extends TokenPrices {
  readonly provider?: string;
  readonly model?: ModelMatch;
  readonly from?: string;
  readonly until?: string;
  readonly hours?: string;
  readonly currency?: string;
  readonly tiers?: readonly TierPrices[];
  readonly service_tiers?: Readonly<Record<string, VariantPrices>>;
  readonly batch?: VariantPrices;
}

/** The checked settings block `prices`. */
export interface PricesConfig {
  readonly catalog: 'genai-prices' | 'none';
  readonly currency: string;
  readonly baseline_model?: string;
  readonly file?: string;
  readonly file_interval: string;
  readonly overrides: readonly PriceOverride[];
}

const price = { type: ['string', 'number'] } as const;

const tokenPrices = {
  ...Object.fromEntries(
    tokenKinds.map((kind) => [kind, { ...price, description: `Price of a million tokens of kind ${kind}, in the currency.` }]),
  ),
  web_searches_per_1000: { ...price, description: 'Price of a thousand searches of the web, in the currency.' },
  requests_per_1000: { ...price, description: 'Price of a thousand requests, in the currency, beside that of their tokens.' },
} as const;

const tiers = {
  type: 'array',
  description: 'Prices that hold from a length of the input on.',
  items: {
    type: 'object',
    additionalProperties: false,
    properties: {
      above: { type: 'integer', minimum: 0, description: 'Tokens of input, cached ones included, beyond which the prices hold.' },
      at_least: { type: 'integer', minimum: 0, description: 'Tokens of input, cached ones included, from which on the prices hold.' },
      scope: {
        enum: ['request', 'marginal'],
        default: 'request',
        description:
          'What costs the prices: the whole request, or only the tokens beyond the length (cached input comes first, output has a length of its own).',
      },
      ...tokenPrices,
    },
  },
} as const;

const variant = {
  type: 'object',
  additionalProperties: false,
  properties: {
    percent: { ...price, description: 'Percentage of the standard prices of tokens, where no price is named.' },
    ...tokenPrices,
    tiers,
  },
} as const;

/** The schema of the settings block `prices`, which processors, connectors and the SDK share. */
export const pricesSchema = {
  type: 'object',
  additionalProperties: false,
  default: {},
  description: 'What models cost.',
  'x-described-in': 'genai/README.md#prices',
  properties: {
    catalog: {
      enum: ['genai-prices', 'none'],
      default: 'genai-prices',
      description: 'The catalogue of public prices: genai-prices, or none.',
    },
    currency: {
      type: 'string',
      pattern: '^[A-Z]{3}$',
      default: 'USD',
      description: 'The currency (ISO 4217) of overrides and prices of `file` that name none.',
    },
    baseline_model: {
      type: 'string',
      description:
        'The model, as `provider/model`, that every call would go to without routing: what the savings of routing are compared with.',
    },
    file: {
      type: 'string',
      description:
        'A YAML or JSON file of prices, read again when it changes: with `overrides`, or a catalogue in the shape of genai-prices.',
    },
    file_interval: {
      type: 'string',
      format: 'duration',
      default: '10s',
      description: 'How often the file is looked at for a change.',
    },
    overrides: {
      type: 'array',
      default: [],
      description: 'Prices that come before those of `file` and of the catalogue. The first that fits a call counts.',
      items: {
        type: 'object',
        additionalProperties: false,
        properties: {
          provider: {
            type: 'string',
            description: 'The provider, as `gen_ai.provider.name` or as the catalogue names it; every provider when absent.',
          },
          model: {
            type: ['string', 'object'],
            description:
              'The model: its name, or one of equals, starts_with, ends_with, contains, regex (RE2), or, and; every model when absent.',
          },
          from: { type: 'string', description: 'First day (UTC) or time of the prices, such as 2026-01-31.' },
          until: { type: 'string', description: 'Day (UTC) or time at which they end.' },
          hours: { type: 'string', description: 'Hours of the day in which they hold, in UTC, such as 16:30-00:30.' },
          currency: { type: 'string', pattern: '^[A-Z]{3}$', description: 'The currency (ISO 4217) of these prices.' },
          ...tokenPrices,
          tiers,
          service_tiers: {
            type: 'object',
            additionalProperties: variant,
            description: 'Prices of service tiers, such as flex and priority, by name.',
          },
          batch: { ...variant, description: 'Prices of batch jobs.' },
        },
      },
    },
  },
} as const;
