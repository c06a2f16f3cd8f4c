import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { batchDiscounts } from './batch-discounts.ts';
import { Catalog } from './catalog.ts';
import { catalogName } from './genai-prices.ts';
import type { CatalogProvider } from './genai-prices.ts';
import { hasRegex } from './model-match.ts';
import type { CompileRegex } from './model-match.ts';
import type { PriceEntry } from './price-entry.ts';
import { pricesSchema } from './prices-schema.ts';
import type { PriceOverride, PricesConfig } from './prices-schema.ts';
import { providerId } from './provider-id.ts';
import { readCatalog } from './read-catalog.ts';
import { readOverrides } from './read-overrides.ts';
import type { OverrideEntry } from './read-overrides.ts';

/** A file of prices that is no catalogue of genai-prices. */
const fileSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    currency: { type: 'string', pattern: '^[A-Z]{3}$', description: 'The currency of prices that name none.' },
    overrides: pricesSchema.properties.overrides,
  },
};

/** Longer names are no names of models. */
const maxModelLength = 256;

/** Everything that says what models cost, in the order in which it counts: overrides, the file, the catalogue. */
export class PriceSource {
  readonly name: string;
  readonly #overrides: readonly OverrideEntry[];
  readonly #catalogs: readonly Catalog[];
  readonly #discounts: readonly OverrideEntry[];

  constructor(name: string, overrides: readonly OverrideEntry[], catalogs: readonly Catalog[]) {
    this.name = name;
    this.#overrides = overrides;
    this.#catalogs = catalogs;
    this.#discounts = readOverrides(batchDiscounts, 'USD', trusted);
  }

  /** What there is to say of a model, what wins first; empty when nothing is. */
  entries(provider: string, model: string): readonly PriceEntry[] {
    if (model === '' || model.length > maxModelLength) return [];
    const written = model.trim();
    const lower = written.toLowerCase();
    const found: PriceEntry[] = [];
    const named = providerId(provider);
    const known = this.#catalogs.map((catalog) => catalog.provider(provider, lower));
    for (const entry of this.#overrides) {
      const same = entry.provider === undefined || entry.provider === named || known.includes(entry.provider);
      if (same && entry.matches(lower, written)) found.push(entry);
    }
    for (const entry of this.#discounts) if (known.includes(entry.provider)) found.push(entry);
    for (const [index, catalog] of this.#catalogs.entries()) {
      const id = known[index];
      if (id !== undefined) found.push(...(catalog.entries(id, lower) ?? []));
    }
    return found.some(({ complete }) => complete) ? found : [];
  }
}

/** The parts of a source that stay when its file changes. */
export interface FixedPrices {
  readonly config: PricesConfig;
  readonly overrides: readonly OverrideEntry[];
  readonly catalog: readonly Catalog[];
}

/** The catalogue that comes along never changes: all price lists of a thread share one. */
let shared: Promise<Catalog> | undefined;

async function readShared(): Promise<Catalog> {
  return new Catalog(await readCatalog(), trusted);
}

/** Reads what a configuration says, and the catalogue if it wants it. Throws an Error that names the setting. */
export async function readFixed(config: PricesConfig): Promise<FixedPrices> {
  const overrides = readOverrides(config.overrides, config.currency, await compilerFor(config.overrides));
  return { config, overrides, catalog: config.catalog === 'none' ? [] : [await (shared ??= readShared())] };
}

/** Puts the file, read now, between the overrides and the catalogue. Throws an Error that names the file and what is wrong with it. */
export async function readSource({ config, overrides, catalog }: FixedPrices): Promise<PriceSource> {
  const all = [...overrides];
  const catalogs = [...catalog];
  const names = config.catalog === 'none' ? [] : [catalogName];
  if (config.file !== undefined) {
    try {
      const [text, { mtime }] = await Promise.all([readFile(config.file, 'utf8'), stat(config.file)]);
      // Whoever writes a file anew empties it first: that is no list without prices.
      if (text.trim() === '') throw new Error('is empty');
      const providers = providersIn(text);
      if (providers === undefined) all.push(...(await readPriceFile(text, config)));
      else catalogs.unshift(await checkedCatalog(providers));
      names.unshift(`${basename(config.file)} ${mtime.toISOString().slice(0, 10)}`);
    } catch (error) {
      throw new Error(`file: ${config.file}: ${(error as Error).message}`, { cause: error });
    }
  }
  if (config.overrides.length > 0) names.unshift('overrides');
  return new PriceSource(names.join(' + ') || 'none', all, catalogs);
}

async function readPriceFile(text: string, config: PricesConfig): Promise<readonly OverrideEntry[]> {
  // Only who has a file of prices needs a parser of YAML.
  const { readYaml } = await import('@millrace/config');
  const { value } = readYaml(text, config.file!, fileSchema);
  const { overrides, currency } = value as { readonly overrides: readonly PriceOverride[]; readonly currency?: string };
  return readOverrides(overrides, currency ?? config.currency, await compilerFor(overrides));
}

async function checkedCatalog(providers: readonly CatalogProvider[]): Promise<Catalog> {
  const catalog = new Catalog(providers, await compilerFor(providers));
  catalog.check();
  return catalog;
}

/** The providers of a file in the shape of genai-prices: a JSON list of objects with models. */
function providersIn(text: string): readonly CatalogProvider[] | undefined {
  if (!text.trimStart().startsWith('[')) return undefined;
  const list = JSON.parse(text) as readonly Partial<CatalogProvider>[];
  if (list.every((provider) => typeof provider?.id === 'string' && Array.isArray(provider.models))) {
    return list as readonly CatalogProvider[];
  }
  throw new Error('is neither a map with `overrides` nor a list of providers with models');
}

/** Expressions of the catalogue that comes along are known to be linear. */
const trusted: CompileRegex = (pattern) => new RegExp(pattern);

/** Loads what runs expressions of users only when there are any. */
async function compilerFor(rules: unknown): Promise<CompileRegex> {
  if (!hasRegex(rules)) return trusted;
  const { Regex } = await import('@millrace/regex');
  return (pattern) => new Regex(pattern);
}
