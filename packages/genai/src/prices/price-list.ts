import { durationMs } from '@millrace/config';
import type { Call } from '../call.ts';
import { tokenIndex, tokenKinds } from '../usage.ts';
import type { TokenKind, Usage } from '../usage.ts';
import { charge } from './charge.ts';
import { Cost } from './cost.ts';
import { FileChange } from './file-change.ts';
import { ModelPrices } from './model-prices.ts';
import { parseReported } from './money.ts';
import type { Money } from './money.ts';
import { readFixed, readSource } from './price-source.ts';
import type { FixedPrices, PriceSource } from './price-source.ts';
import type { PricesConfig } from './prices-schema.ts';
import { missing, webSearchPlace } from './rates.ts';
import type { Rates, RateSet } from './rates.ts';

/** Settings of a price list, defaults filled in where they are left out, and who hears of its file. */
export interface PriceListOptions extends Partial<PricesConfig> {
  /** Told whenever the file was read again: its problem, or undefined when all is well. */
  readonly onReload?: (problem: Error | undefined) => void;
}

const maxCachedModels = 4096;
const maxNames = 256;
const longestName = 256;
const maxTokens = 2 ** 53;
const unknownModel = new ModelPrices([]);

/** What vendors call the tier that everybody gets. */
const standardTiers: ReadonlySet<string> = new Set(['standard', 'default', 'auto', 'on_demand', 'on-demand', 'standard_only']);

/** Where the tokens of a prompt would have been counted without the cache of the vendor. */
const withoutCache: readonly (readonly [from: number, to: number])[] = (
  [
    ['cache_read', 'input'],
    ['cache_read_audio', 'input_audio'],
    ['cache_read_image', 'input_image'],
    ['cache_read_video', 'input_video'],
    ['cache_write', 'input'],
    ['cache_write_5m', 'input'],
    ['cache_write_1h', 'input'],
  ] satisfies [TokenKind, TokenKind][]
).map(([from, to]) => [tokenIndex[from], tokenIndex[to]]);

/** What models cost, by provider, model and date, from overrides, a file and a catalogue. */
export class PriceList {
  readonly #fixed: FixedPrices;
  readonly #onReload: ((problem: Error | undefined) => void) | undefined;
  #source: PriceSource;
  #models = new Map<string, Map<string, ModelPrices>>();
  #cached = 0;
  #baseline: ModelPrices | undefined;
  #file: FileChange | undefined;
  readonly #cost = new Cost();
  readonly #plain = new Float64Array(tokenKinds.length);
  readonly #unpriced = new Map<string, number>();

  /** How many calls without a price are not in `unpriced`, because it is full. */
  unpricedOthers = 0;

  private constructor(fixed: FixedPrices, source: PriceSource, onReload: PriceListOptions['onReload']) {
    this.#fixed = fixed;
    this.#source = source;
    this.#onReload = onReload;
    this.#baseline = this.#findBaseline();
  }

  /**
   * Reads overrides, file and catalogue (50 ms; 5 in the bundle), and looks at the file from then on. Throws an Error that names the setting
   * whose value cannot be.
   */
  static async load({ onReload, ...options }: PriceListOptions = {}): Promise<PriceList> {
    const config = { ...defaults, ...options };
    const fixed = await readFixed(config);
    const change = config.file === undefined ? undefined : new FileChange(config.file, async () => list.reload());
    await change?.note();
    const list = new PriceList(fixed, await readSource(fixed), onReload);
    if (config.baseline_model !== undefined && list.#baseline === undefined) {
      throw new Error(`baseline_model: no price of ${JSON.stringify(config.baseline_model)} is known`);
    }
    list.#file = change;
    change?.start(Math.max(durationMs(config.file_interval), 1));
    return list;
  }

  /** What counts, and as of when: `overrides + prices.yaml 2026-11-21 + genai-prices 0.1.8 2026-09-23`. */
  get name(): string {
    return this.#source.name;
  }

  /** Calls without a price, by `provider/model`: the first 256 names. */
  get unpriced(): ReadonlyMap<string, number> {
    return this.#unpriced;
  }

  /**
   * What a call costs at a time, which is that of the request; one that nobody stated, NaN or 0, means now. Reused: valid until the next `price`. Whether
   * the call counts at all (`Call.billed`) is for the caller to ask.
   */
  price(call: Call, unixMs: number): Cost {
    const cost = this.#cost;
    cost.clear();
    cost.listName = this.#source.name;
    const { usage } = call;
    const hit = call.cacheResult === 'hit';
    if (call.reportedCost !== '') cost.actual = parseReported(call.reportedCost);
    const time = Number.isFinite(unixMs) && unixMs !== 0 ? unixMs : Date.now();
    const model = this.#modelOf(call.provider, call.model);
    const rates = model.at(time);
    const currency = rates?.currency ?? this.#fixed.config.currency;
    cost.currency = cost.actual === undefined || call.reportedCurrency === '' ? currency : call.reportedCurrency.toUpperCase();
    cost.amount = cost.actual ?? 0n;
    cost.status = hit ? 'cached' : usage.known ? 'unpriced' : 'no_usage';
    if (!usage.known) return cost;
    if (!possible(usage)) {
      cost.reason = 'invalid_usage';
      return cost;
    }
    const requests = call.errorType === '' ? 1 : 0;
    const set = rates === undefined ? undefined : this.#choose(rates, call);
    const estimated = set === undefined ? missing : charge(set, usage.tokens, usage.webSearches, requests, cost.byKind);
    if (estimated === missing) {
      cost.byKind.fill(0n);
      cost.reason = rates === undefined ? 'unknown_model' : 'missing_price';
      this.#count(call, '');
      if (!hit && cost.actual !== undefined) this.#route(call, model, time, requests, cost.actual);
      return cost;
    }
    if (!hit) cost.status = 'priced';
    if (usage.webSearches > 0 && set!.rows[0]!.prices[webSearchPlace] === missing) {
      cost.reason = 'missing_price';
      this.#count(call, ' web_search');
    }
    if (cost.currency !== currency) {
      cost.byKind.fill(0n);
      return cost;
    }
    if (hit) {
      cost.byKind.fill(0n);
      cost.savings.cache = estimated - cost.amount;
      return cost;
    }
    this.#settle(call, model, rates!, set!, time, requests, estimated);
    return cost;
  }

  /** Fills in what follows from an estimate. */
  #settle(call: Call, model: ModelPrices, rates: Rates, set: RateSet, time: number, requests: number, estimated: Money): void {
    const cost = this.#cost;
    const { tokens, webSearches } = call.usage;
    cost.estimated = estimated;
    cost.amount = cost.actual ?? estimated;
    if (cost.actual !== undefined && estimated > 0n) {
      cost.driftPercent = (Number(cost.actual - estimated) / Number(estimated)) * 100;
    }
    if (this.#uncached(tokens)) {
      const plain = charge(set, this.#plain, webSearches, requests);
      if (plain !== missing) cost.promptCacheSavings = plain - estimated;
    }
    if (cost.tier === 'batch') {
      const standard = charge(rates.standard, tokens, webSearches, requests);
      if (standard !== missing) cost.savings.batch = standard - estimated;
    }
    this.#route(call, model, time, requests, cost.amount + cost.savings.batch);
  }

  /** What was saved against the baseline by paying `paid`, batches left aside. */
  #route(call: Call, model: ModelPrices, time: number, requests: number, paid: Money): void {
    const baseline = this.#baseline;
    if (baseline === undefined || call.level !== 'inference' || model.sameAs(baseline)) return;
    const rates = baseline.at(time);
    if (rates === undefined || rates.currency !== this.#cost.currency) return;
    const set = rates.variants.get(call.batch ? '' : call.serviceTier.toLowerCase()) ?? rates.standard;
    const there = charge(set, call.usage.tokens, call.usage.webSearches, requests);
    if (there !== missing) this.#cost.savings.routing = there - paid;
  }

  /** The prices of the batch or the service tier that the call names, else the standard ones. */
  #choose(rates: Rates, call: Call): RateSet {
    const name = call.batch ? 'batch' : call.serviceTier;
    if (name === '') return rates.standard;
    const tier = name.toLowerCase();
    const set = rates.variants.get(tier);
    if (set !== undefined) {
      this.#cost.tier = tier;
      return set;
    }
    this.#cost.tierAssumed = !standardTiers.has(tier);
    return rates.standard;
  }

  /** Puts the tokens where they would be without the vendor's cache; false when it had no part in them. */
  #uncached(tokens: Float64Array): boolean {
    let any = false;
    for (const [from] of withoutCache) any ||= tokens[from]! > 0;
    if (!any) return false;
    const plain = this.#plain;
    plain.set(tokens);
    for (const [from, to] of withoutCache) {
      plain[to]! += plain[from]!;
      plain[from] = 0;
    }
    return true;
  }

  #modelOf(provider: string, model: string): ModelPrices {
    const found = this.#models.get(provider)?.get(model);
    if (found !== undefined) return found;
    if (provider.length > longestName || model.length > longestName) return unknownModel;
    if (this.#cached >= maxCachedModels) this.#forget();
    const prices = new ModelPrices(this.#source.entries(provider, model));
    let models = this.#models.get(provider);
    if (models === undefined) this.#models.set(provider, (models = new Map()));
    models.set(model, prices);
    this.#cached++;
    return prices;
  }

  #forget(): void {
    this.#models = new Map();
    this.#cached = 0;
  }

  #count({ provider, model }: Call, what: string): void {
    const name = `${`${provider || 'unknown'}/${model || 'unknown'}`.slice(0, longestName)}${what}`;
    const count = this.#unpriced.get(name);
    if (count !== undefined || this.#unpriced.size < maxNames) this.#unpriced.set(name, (count ?? 0) + 1);
    else this.unpricedOthers++;
  }

  /** `provider/model`, or a model whose provider follows from its name. */
  #findBaseline(): ModelPrices | undefined {
    const name = this.#fixed.config.baseline_model;
    if (name === undefined) return undefined;
    const slash = name.indexOf('/');
    const split = slash < 0 ? [] : this.#source.entries(name.slice(0, slash), name.slice(slash + 1));
    const entries = split.length > 0 ? split : this.#source.entries('', name);
    return entries.length > 0 ? new ModelPrices(entries) : undefined;
  }

  /** Reads the file again. When it cannot be read, all stays as it was, and the problem is returned (and told to `onReload`). */
  async reload(): Promise<Error | undefined> {
    let problem: Error | undefined;
    try {
      await this.#file?.note();
      this.#source = await readSource(this.#fixed);
      this.#forget();
      this.#baseline = this.#findBaseline();
    } catch (error) {
      problem = error as Error;
    }
    this.#onReload?.(problem);
    return problem;
  }

  /** Stops looking at the file. Safe twice. */
  close(): void {
    this.#file?.stop();
  }
}

const defaults: PricesConfig = { catalog: 'genai-prices', currency: 'USD', file_interval: '10s', overrides: [] };

function possible({ tokens, webSearches }: Usage): boolean {
  for (let place = 0; place < tokens.length; place++) {
    const count = tokens[place]!;
    // NaN compares false with everything.
    if (!(count >= 0 && count <= maxTokens && count === Math.floor(count))) return false;
  }
  return webSearches >= 0 && webSearches <= maxTokens && webSearches === Math.floor(webSearches);
}
