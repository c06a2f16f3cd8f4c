import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { calcPrice, extractUsage, waitForUpdate } from '@pydantic/genai-prices';
import type { ModelPrice, Provider, Usage as TheirUsage } from '@pydantic/genai-prices';
import { Call, moneyToNumber, PriceList, readUsageBody } from '../src/index.ts';
import type { CatalogModel, CatalogProvider } from '../src/prices/genai-prices.ts';
import { namesOf, Random, someTime, vendorBody } from './vendor-bodies.ts';

/** One generated body, and what both make of it. */
interface Case {
  readonly provider: string;
  readonly flavour: string;
  readonly model: string;
  readonly when: Date;
  readonly body: Record<string, unknown>;
  /** What genai-prices reads in the body. */
  readonly usage: TheirUsage;
  readonly theirs: number | undefined;
  readonly theirPrices: ModelPrice | undefined;
  readonly error: string;
  readonly ours: number | undefined;
  readonly reason: string;
}

const bodies = 4000;
const same = (a: number | undefined, b: number | undefined): boolean =>
  a !== undefined && b !== undefined && Math.abs(a - b) <= 1e-9 * Math.max(1e-6, Math.abs(b));

/** Their calculation with a usage that differs in what the class says. */
const corrected = ({ usage, provider, model, when }: Case, change: TheirUsage): number | undefined =>
  calcPrice({ ...usage, ...change }, model, { providerId: provider, timestamp: when })?.total_price;

const field = (body: unknown, ...path: readonly string[]): number => {
  let at: unknown = body;
  for (const key of path) at = (at as Record<string, unknown> | undefined)?.[key];
  return Number(at ?? 0);
};

/** The classes of disagreement: each is a row of the table in docs/prices.md, and proves that there is nothing else in the difference. */
const classes: Readonly<Record<string, (test: Case) => boolean>> = {
  'no price of tokens': ({ ours, reason, theirs, theirPrices }) =>
    ours === undefined &&
    reason === 'missing_price' &&
    theirs === 0 &&
    !Object.keys(theirPrices ?? {}).some((key) => key.endsWith('_mtok')),
  'cache writes at baseten': (test) => {
    const writes = field(test.body, 'usage', 'cache_creation_input_tokens');
    const all = (test.usage['input_tokens'] ?? 0) + writes;
    return (
      test.provider === 'baseten' && test.flavour === 'anthropic' && writes > 0 && same(test.ours, corrected(test, { input_tokens: all }))
    );
  },
  'cache reads at cloudflare': (test) => {
    const reads = field(test.body, 'result', 'usage', 'prompt_tokens_details', 'cached_tokens');
    return test.provider === 'cloudflare' && test.flavour === 'default' && same(test.ours, corrected(test, { cache_read_tokens: reads }));
  },
  'citations at perplexity': (test) =>
    test.provider === 'perplexity' &&
    (test.usage['output_citation_tokens'] ?? 0) > 0 &&
    same(test.ours, corrected(test, { output_citation_tokens: 0 })),
  'audio and cache told apart nowhere': (test) =>
    test.error.startsWith('Missing usage value for cache_audio_read_tokens') &&
    same(test.ours, corrected(test, { cache_audio_read_tokens: 0 })),
};

let cases: readonly Case[] = [];
let providers: readonly Provider[] = [];

beforeAll(async () => {
  jest.spyOn(console, 'warn').mockImplementation(() => undefined);
  providers = (await waitForUpdate()) ?? [];
  const openai = providers.find(({ id }) => id === 'openai')!;
  const rich = providers.filter(({ id }) => ['openai', 'anthropic', 'google', 'aws', 'azure', 'x-ai'].includes(id));
  const list = await PriceList.load();
  const random = new Random(20_261_121);
  const made: Case[] = [];
  for (let index = 0; index < bodies; index++) {
    // All in turn, and in between those with the most kinds of prices.
    const provider = index % 2 === 0 ? providers[(index / 2) % providers.length]! : random.pick(rich);
    // A provider whose bodies genai-prices cannot read speaks the most common shape. The others speak all of theirs in turn.
    const flavours = provider.extractors?.map((extractor) => extractor.api_flavor) ?? ['chat'];
    const flavour = flavours[Math.floor(index / 2 / providers.length) % flavours.length]!;
    const catalog = provider as unknown as CatalogProvider;
    const having = (key: string): readonly CatalogModel[] => catalog.models.filter(({ prices }) => JSON.stringify(prices).includes(key));
    const wanted = random.pick([
      having('"tiers"'),
      having('_audio_mtok"'),
      having('"cache_read_mtok"'),
      having('"cache_read_mtok"'),
      catalog.models,
    ]);
    const model = random.pick(namesOf(random.pick(wanted.length > 0 ? wanted : catalog.models)));
    const when = someTime(catalog, random);
    const body = vendorBody(flavour, provider.id, model, random);
    if (body === undefined) continue;
    const usage = extractUsage(provider.extractors === undefined ? openai : provider, body, flavour).usage;
    let theirs: ReturnType<typeof calcPrice> = null;
    let error = '';
    try {
      theirs = calcPrice(usage, model, { providerId: provider.id, timestamp: when });
    } catch (caught) {
      error = (caught as Error).message;
    }
    const call = new Call();
    call.provider = provider.id;
    call.responseModel = model;
    call.level = 'inference';
    expect(readUsageBody(body, provider.id, call.usage)).toBe(true);
    const cost = list.price(call, when.getTime());
    const ours = cost.status === 'priced' ? moneyToNumber(cost.estimated) : undefined;
    const [their, theirPrices] = [theirs?.total_price, theirs?.model_price];
    made.push({ provider: provider.id, flavour, model, when, body, usage, theirs: their, theirPrices, error, ours, reason: cost.reason });
  }
  cases = made;
});

const agree = ({ ours, theirs, error, reason }: Case): boolean =>
  same(ours, theirs) || (theirs === undefined && error === '' && reason === 'unknown_model');

describe('The cost of generated bodies', () => {
  it('is asked for every provider, at every kind of tier, in thousands of bodies', () => {
    expect(cases.length).toBeGreaterThan(3500);
    expect(new Set(cases.map(({ provider }) => provider))).toEqual(new Set(providers.map(({ id }) => id)));
    const tiered = cases.filter(({ theirPrices }) => Object.values(theirPrices ?? {}).some((price) => typeof price === 'object'));
    const lengths = tiered.map(({ theirPrices, usage }) => {
      const [tiers] = Object.values(theirPrices!).flatMap((price) => (typeof price === 'object' ? [price.tiers] : []));
      return (usage['input_tokens'] ?? 0) > tiers![0]!.start;
    });
    expect(lengths.filter(Boolean).length).toBeGreaterThan(50);
    expect(lengths.filter((long) => !long).length).toBeGreaterThan(50);
    for (const kind of [
      'cache_read_tokens',
      'cache_write_tokens',
      'cache_write_1h_tokens',
      'output_reasoning_tokens',
      'input_audio_tokens',
    ]) {
      expect(cases.filter(({ usage }) => (usage[kind] ?? 0) > 0).length).toBeGreaterThan(20);
    }
  });

  it('is what genai-prices says, or the difference is wholly that of one known class', () => {
    const unexplained = cases.filter((test) => !agree(test) && !Object.values(classes).some((explains) => explains(test)));
    expect(unexplained).toEqual([]);
    expect(cases.filter((test) => test.ours !== undefined && agree(test)).length).toBeGreaterThan(3000);
  });

  it('shows every class, and docs/prices.md explains each', () => {
    const table = readFileSync(join(import.meta.dirname, '../docs/prices.md'), 'utf8');
    const found = cases.filter((test) => !agree(test));
    for (const [name, explains] of Object.entries(classes)) {
      expect({ name, cases: found.filter(explains).length > 0 }).toEqual({ name, cases: true });
      expect(table).toContain(`| ${name} `);
    }
  });
});
