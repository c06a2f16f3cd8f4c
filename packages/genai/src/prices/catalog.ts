import { tokenKinds } from '../usage.ts';
import type { TokenKind } from '../usage.ts';
import { costKinds } from './cost.ts';
import type { CatalogModel, CatalogPrice, CatalogPrices, CatalogProvider } from './genai-prices.ts';
import { modelMatcher } from './model-match.ts';
import type { CompileRegex, MatchModel } from './model-match.ts';
import { moneyDecimals, parseDecimal } from './money.ts';
import type { Money } from './money.ts';
import { dateMs, timeOfDayMs } from './price-entry.ts';
import type { PriceEntry } from './price-entry.ts';
import { providerId } from './provider-id.ts';
import type { StatedPrices, StatedRow } from './rates.ts';

/** What genai-prices calls our kinds of tokens. What it prices beyond them (hours, pages, citations) is in no usage record. */
const priceKeys: Readonly<Record<TokenKind, string>> = {
  input: 'input_mtok',
  input_audio: 'input_audio_mtok',
  input_image: 'input_image_mtok',
  input_video: 'input_video_mtok',
  cache_read: 'cache_read_mtok',
  cache_read_audio: 'cache_audio_read_mtok',
  cache_read_image: 'cache_image_read_mtok',
  cache_read_video: 'cache_video_read_mtok',
  cache_write: 'cache_write_mtok',
  cache_write_5m: 'cache_write_5m_mtok',
  cache_write_1h: 'cache_write_1h_mtok',
  output: 'output_mtok',
  reasoning: 'output_reasoning_mtok',
  output_audio: 'output_audio_mtok',
  output_image: 'output_image_mtok',
  output_video: 'output_video_mtok',
};

const keys: readonly string[] = [...tokenKinds.map((kind) => priceKeys[kind]), 'web_searches_kcount', 'requests_kcount'];
const freeModel = /[:-]free$/;
const rulesDecimals = 24;

interface Model {
  readonly matches: MatchModel;
  readonly source: CatalogModel;
  /** What `source` says; read when it is first asked for. */
  entries: readonly PriceEntry[] | undefined;
}

/** A catalogue in the shape of genai-prices. Models are read when they are first asked for. */
export class Catalog {
  readonly #providers: ReadonlyMap<string, CatalogProvider>;
  readonly #compile: CompileRegex;
  readonly #providerRules: readonly [id: string, matches: MatchModel][];
  readonly #modelRules: readonly [id: string, matches: MatchModel][];
  readonly #models = new Map<string, readonly Model[]>();

  /** Throws an Error when a rule of a provider cannot be read. */
  constructor(providers: readonly CatalogProvider[], compile: CompileRegex) {
    this.#compile = compile;
    this.#providers = new Map(providers.map((provider) => [provider.id, provider]));
    const rules = (key: 'provider_match' | 'model_match'): readonly [string, MatchModel][] =>
      providers.flatMap((provider) => {
        const match = provider[key];
        return match === undefined ? [] : [[provider.id, modelMatcher(match, compile, 'lower')] as const];
      }) as readonly [string, MatchModel][];
    this.#providerRules = rules('provider_match');
    this.#modelRules = rules('model_match');
  }

  /** Reads every model, so that a file that is wrong is refused as a whole. */
  check(): void {
    for (const id of this.#providers.keys()) for (const model of this.#modelsOf(id)) readEntries(model, id);
  }

  /** The provider that a name means; '' and names of gateways leave it to the model. */
  provider(name: string, model: string): string | undefined {
    const id = providerId(name);
    if (id !== '') {
      if (this.#providers.has(id)) return id;
      const found = this.#providerRules.find(([, matches]) => matches(id, id));
      if (found !== undefined || id !== 'litellm') return found?.[0];
    }
    const slash = model.indexOf('/');
    if (slash > 0) {
      const prefixed = this.provider(model.slice(0, slash), '');
      if (prefixed !== undefined) return prefixed;
    }
    return this.#modelRules.find(([, matches]) => matches(model, model))?.[0];
  }

  /** The prices of a model, those that win first; undefined when it does not know the model. `model` is in lower case. */
  entries(provider: string, model: string): readonly PriceEntry[] | undefined {
    for (const name of spellings(model)) {
      const found = this.#find(provider, name, true);
      if (found !== undefined) return readEntries(found, provider);
    }
    return undefined;
  }

  #find(provider: string, model: string, fallBack: boolean): Model | undefined {
    const found = this.#modelsOf(provider).find(({ matches }) => matches(model, model));
    if (found !== undefined || !fallBack) return found;
    for (const other of this.#providers.get(provider)?.fallback_model_providers ?? []) {
      const there = this.#find(other, model, false);
      if (there !== undefined) return there;
    }
    return undefined;
  }

  #modelsOf(id: string): readonly Model[] {
    let models = this.#models.get(id);
    if (models === undefined) {
      models = (this.#providers.get(id)?.models ?? []).map((source) => ({
        matches: named(`${id}/${source.id}`, () => modelMatcher(source.match, this.#compile, 'lower')),
        source,
        entries: undefined,
      }));
      this.#models.set(id, models);
    }
    return models;
  }
}

/** A name, with its date written with hyphens, and what is after its last slash: of resources such as `publishers/x/models/y`. */
function spellings(model: string): readonly string[] {
  const dated = model.replace(/-(20\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)/g, (text, year, month, day) =>
    dateMs(`${year}-${month}-${day}`) === undefined ? text : `-${year}-${month}-${day}`,
  );
  const slash = model.lastIndexOf('/');
  return [model, ...(dated === model ? [] : [dated]), ...(slash < 0 ? [] : spellings(model.slice(slash + 1)))];
}

function readEntries(model: Model, provider: string): readonly PriceEntry[] {
  return (model.entries ??= named(`${provider}/${model.source.id}`, () => entriesOf(model.source)));
}

/** Says whose fault a mistake is. */
function named<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Error(`${name}: ${(error as Error).message}`, { cause: error });
  }
}

function entriesOf(model: CatalogModel): readonly PriceEntry[] {
  const free = freeModel.test(model.id);
  const conditional = Array.isArray(model.prices) ? model.prices : [{ prices: model.prices }];
  const entries = conditional.toReversed().map(({ constraint, prices }): PriceEntry => {
    const { start_date: startDate, start_time: startTime, end_time: endTime } = constraint ?? {};
    const all = startTime === undefined || endTime === undefined;
    return {
      fromMs: startDate === undefined ? -Infinity : known(dateMs(startDate), startDate),
      untilMs: Infinity,
      hours: all ? undefined : [known(timeOfDayMs(startTime), startTime), known(timeOfDayMs(endTime), endTime)],
      complete: true,
      prices: readPrices(prices, free),
    };
  });
  // What is first in the list holds when nothing else does.
  const first = conditional[0];
  if (first?.constraint !== undefined) {
    entries.push({ fromMs: -Infinity, untilMs: Infinity, hours: undefined, complete: true, prices: readPrices(first.prices, free) });
  }
  return entries;
}

function known(ms: number | undefined, text: string): number {
  if (ms === undefined) throw new Error(`${JSON.stringify(text)} is no date or time`);
  return ms;
}

/** `{}` are the prices of what is free, and of what nobody looked up: only a name with `free` in it tells them apart. */
function readPrices(prices: CatalogPrices, free: boolean): StatedPrices {
  if (free && Object.keys(prices).length === 0) {
    return { currency: 'USD', row: keys.map(() => 0n), tiers: [], variants: new Map() };
  }
  const starts = new Set<number>();
  for (const key of keys) {
    const price = prices[key];
    if (typeof price === 'object') for (const { start } of price.tiers) starts.add(start);
  }
  const row = (pick: (price: CatalogPrice) => number): StatedRow =>
    costKinds.map((_, place) => {
      const price = prices[keys[place]!];
      return price === undefined ? undefined : readNumber(pick(price), place, keys[place]!);
    });
  return {
    currency: 'USD',
    row: row((price) => (typeof price === 'object' ? price.base : price)),
    tiers: [...starts].map((above) => {
      if (!Number.isSafeInteger(above) || above < 0) throw new Error(`a tier starts at ${JSON.stringify(above)}`);
      return { above, marginal: false, row: row((price) => priceAt(price, above)) };
    }),
    variants: new Map(),
  };
}

function priceAt(price: CatalogPrice, length: number): number {
  if (typeof price !== 'object') return price;
  let current = price.base;
  for (const tier of price.tiers.toSorted((a, b) => a.start - b.start)) if (length >= tier.start) current = tier.price;
  return current;
}

/** Numbers of the catalogue are doubles with noise (0.18000000000000002): they are rounded to the unit of money. */
function readNumber(price: unknown, place: number, key: string): Money {
  const units = typeof price === 'number' ? parseDecimal(String(price), rulesDecimals) : undefined;
  if (units === undefined || units < 0n) throw new Error(`${key}: ${JSON.stringify(price)} is no price`);
  const unit = 10n ** BigInt(rulesDecimals - (moneyDecimals - (place < tokenKinds.length ? 6 : 3)));
  return (units + unit / 2n) / unit;
}
