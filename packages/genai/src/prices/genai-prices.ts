import type { ModelMatch } from './prices-schema.ts';

/** A price of genai-prices: a number, or numbers by length of the input. */
export type CatalogPrice =
  | number
  | { readonly base: number; readonly tiers: readonly { readonly start: number; readonly price: number }[] };

/** Prices per unit (`input_mtok`, `web_searches_kcount`, ...). */
export type CatalogPrices = Readonly<Record<string, CatalogPrice | undefined>>;

/** Prices that hold at a time; always, without a constraint. */
export interface ConditionalPrices {
  readonly constraint?: { readonly start_date?: string; readonly start_time?: string; readonly end_time?: string };
  readonly prices: CatalogPrices;
}

/** A model of a provider. */
export interface CatalogModel {
  readonly id: string;
  readonly match: ModelMatch;
  readonly prices: CatalogPrices | readonly ConditionalPrices[];
}

/** A provider in the shape of genai-prices' `data.json`, as far as prices need it. */
export interface CatalogProvider {
  readonly id: string;
  readonly provider_match?: ModelMatch;
  readonly model_match?: ModelMatch;
  readonly fallback_model_providers?: readonly string[];
  readonly models: readonly CatalogModel[];
}

/** The version of package @pydantic/genai-prices that is installed, and the day it was published. */
export const catalogName = 'genai-prices 0.1.8 2026-09-23';
