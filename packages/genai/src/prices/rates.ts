import { tokenIndex, tokenKinds } from '../usage.ts';
import type { TokenKind } from '../usage.ts';
import { costKinds } from './cost.ts';
import type { Money } from './money.ts';

/** Prices of one token, search or request by the places of `costKinds`, as somebody stated them: undefined where they said nothing. */
export type StatedRow = readonly (Money | undefined)[];

/** Stated prices that hold when the input, cached tokens included, is longer than `above`. */
export interface StatedTier {
  readonly above: number;
  /** Whether only the tokens beyond `above` cost them, not the whole request. */
  readonly marginal: boolean;
  readonly row: StatedRow;
}

/** What a batch or a service tier costs: what differs from the standard. */
export interface StatedVariant {
  /** Thousandths of the standard prices of tokens, for what `row` does not say; undefined when they do not follow from the standard ones. */
  readonly permille: bigint | undefined;
  readonly row: StatedRow;
  readonly tiers: readonly StatedTier[];
}

/** Prices of a model as somebody stated them. */
export interface StatedPrices {
  readonly currency: string;
  readonly row: StatedRow;
  readonly tiers: readonly StatedTier[];
  /** By lower-case name of the service tier; `batch` is one. */
  readonly variants: ReadonlyMap<string, StatedVariant>;
}

/** Prices by the places of `costKinds`, with what is billed like something else filled in. */
export interface Row {
  /** `missing` where there is no price. */
  readonly prices: readonly Money[];
  /** The same as doubles: NaN where there is no price, or one that a double cannot hold. */
  readonly doubles: Float64Array;
}

/** Stands for no price. */
export const missing: Money = -1n;

/** Prices by length of the input, ascending: the first has no length. */
export interface RateSet {
  readonly rows: readonly Row[];
  /** Beyond how many tokens of input each row holds; -1 for the first. */
  readonly above: readonly number[];
  readonly marginal: boolean;
}

/** Everything a model costs at one time. */
export interface Rates {
  readonly currency: string;
  readonly standard: RateSet;
  readonly variants: ReadonlyMap<string, RateSet>;
}

const kindPlaces: readonly number[] = tokenKinds.map((_, index) => index);
const places = costKinds.length;
const maxDouble = BigInt(Number.MAX_SAFE_INTEGER);
/** Where the price of a search of the web, and that of a request, stands in a row. */
export const webSearchPlace: number = costKinds.indexOf('web_search');
export const requestPlace: number = costKinds.indexOf('request');

/** What a kind is billed like when nothing is said of it: the first that has a price. The table in docs/prices.md is this one. */
const billedLike: { readonly [kind in TokenKind]?: readonly TokenKind[] } = {
  input_audio: ['input'],
  input_image: ['input'],
  input_video: ['input'],
  cache_read: ['input'],
  cache_read_audio: ['cache_read', 'input_audio', 'input'],
  cache_read_image: ['cache_read', 'input_image', 'input'],
  cache_read_video: ['cache_read', 'input_video', 'input'],
  cache_write: ['cache_write_5m', 'input'],
  cache_write_5m: ['cache_write', 'input'],
  cache_write_1h: ['cache_write', 'cache_write_5m', 'input'],
  reasoning: ['output'],
  output_audio: ['output'],
  output_image: ['output'],
  output_video: ['output'],
};

const alike: readonly (readonly number[])[] = tokenKinds.map((kind) => (billedLike[kind] ?? []).map((other) => tokenIndex[other]));

/** A row that says nothing. */
export const nothingStated: StatedRow = Array.from({ length: places }, () => undefined);

/** What `over` says, else what `under` says. */
export function layered(over: StatedRow, under: StatedRow): StatedRow {
  return over.map((price, place) => price ?? under[place]);
}

/** `extra` on top of `base`: what it says replaces prices, tiers and variants of the same name. */
export function extended(base: StatedPrices, extra: StatedPrices): StatedPrices {
  return {
    currency: base.currency,
    row: layered(extra.row, base.row),
    tiers: extra.tiers.length > 0 ? extra.tiers : base.tiers,
    variants: new Map([...base.variants, ...extra.variants]),
  };
}

/** Fills in what is billed like something else, at every length of input. */
export function ratesOf(stated: StatedPrices): Rates {
  const standard = rateSet(stated.row, stated.tiers);
  const variants = new Map<string, RateSet>();
  for (const [name, { permille, row, tiers }] of stated.variants) {
    if (permille === undefined) {
      variants.set(name, rateSet(layered(row, stated.row), tiers));
      continue;
    }
    const scaled = stated.tiers.map((tier) => ({ ...tier, row: atPermille(tier.row, permille) }));
    variants.set(name, rateSet(layered(row, atPermille(stated.row, permille)), tiers.length > 0 ? tiers : scaled));
  }
  return { currency: stated.currency, standard, variants };
}

/** Each tier keeps what it does not name from the shorter ones. */
function rateSet(row: StatedRow, tiers: readonly StatedTier[]): RateSet {
  const sorted = tiers.toSorted((a, b) => a.above - b.above);
  let current = row;
  const rows = [resolved(row)];
  for (const tier of sorted) {
    current = layered(tier.row, current);
    rows.push(resolved(current));
  }
  return { rows, above: [-1, ...sorted.map(({ above }) => above)], marginal: sorted[0]?.marginal ?? false };
}

function resolved(row: StatedRow): Row {
  const filled = row.map((price, place) => price ?? alike[place]?.map((other) => row[other]).find((other) => other !== undefined));
  const hasInput = kindPlaces.some((place) => place < tokenIndex.output && filled[place] !== undefined);
  const hasOutput = row.slice(tokenIndex.output, tokenKinds.length).some((price) => price !== undefined);
  const prices = filled.map((price, place) => {
    if (price !== undefined) return price;
    // Embeddings and rerankers bill no output; a fee that nobody names is none.
    if (place >= tokenKinds.length) return place === requestPlace ? 0n : missing;
    return place >= tokenIndex.output && hasInput && !hasOutput ? 0n : missing;
  });
  const doubles = Float64Array.from(prices, (price) => (price === missing || price > maxDouble ? Number.NaN : Number(price)));
  return { prices, doubles };
}

/** Tokens only: fees are not discounted. Rounded to the nearest unit of money, which is a billionth of a price per million tokens. */
function atPermille(row: StatedRow, permille: bigint): StatedRow {
  return row.map((price, place) => (price === undefined || place >= tokenKinds.length ? price : (price * permille + 500n) / 1000n));
}
