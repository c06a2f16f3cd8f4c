import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { schemaProblem } from '@millrace/config';
import { Call, formatMoney, overrideProblems, parseMoney, PriceList, pricesSchema } from '../src/index.ts';
import type { Cost, PriceListOptions, PriceOverride, TokenKind } from '../src/index.ts';

const now = Date.parse('2026-10-15T12:00:00Z');
const million = 1_000_000;

type Details = Partial<Pick<Call, 'serviceTier' | 'batch' | 'cacheResult' | 'reportedCost' | 'reportedCurrency' | 'errorType' | 'level'>>;

function callOf(provider: string, model: string, tokens: Partial<Record<TokenKind, number>>, details: Details = {}): Call {
  const call = new Call();
  Object.assign(call, { provider, responseModel: model, level: 'inference', ...details });
  call.usage.known = true;
  for (const [kind, count] of Object.entries(tokens)) call.usage.set(kind as TokenKind, count);
  return call;
}

const lists: PriceList[] = [];
async function load(options: PriceListOptions = {}): Promise<PriceList> {
  const list = await PriceList.load(options);
  lists.push(list);
  return list;
}

/** A list with nothing but these prices, of model `one` of `acme` where they do not say. */
const only = async (...overrides: PriceOverride[]): Promise<PriceList> =>
  load({ catalog: 'none', overrides: overrides.map((override) => ({ provider: 'acme', model: 'one', ...override })) });

const amount = (cost: Cost): string => formatMoney(cost.amount);
const inputs = (cost: Cost): string => `${cost.status} ${amount(cost)}`;

afterEach(() => {
  for (const list of lists.splice(0)) list.close();
});

describe('The settings of prices', () => {
  it('are a schema that components can share', async () => {
    expect(await schemaProblem({ type: 'object', properties: { prices: pricesSchema } })).toBeUndefined();
  });

  it.each<[string, PriceOverride, string]>([
    ['a negative price', { input: -1 }, 'overrides::0::input: -1 is negative'],
    [
      'a text that is no price',
      { input: 'cheap' },
      'overrides::0::input: "cheap" is no decimal number with at most 9 digits after the point',
    ],
    [
      'a price finer than money',
      { input: '0.0000000001' },
      'overrides::0::input: "0.0000000001" is no decimal number with at most 9 digits',
    ],
    ['a price that is NaN', { input: Number.NaN }, 'overrides::0::input: null is no decimal number'],
    ['no price at all', {}, 'overrides::0: has no price'],
    ['a price of output alone', { output: 1 }, 'overrides::0: prices of output or in a currency need the price of input as well'],
    ['a day that is none', { input: 1, from: '2026-02-30' }, 'overrides::0::from: "2026-02-30" is no date such as 2026-01-31'],
    [
      'an end before the beginning',
      { input: 1, from: '2026-02-02', until: '2026-02-01' },
      'overrides::0::until: 2026-02-01 is not after 2026-02-02',
    ],
    ['hours that are none', { input: 1, hours: '25:00-26:00' }, 'overrides::0::hours: "25:00-26:00" is no time of the day in UTC'],
    ['a tier without a length', { input: 1, tiers: [{ input: 2 }] }, 'overrides::0::tiers::0: needs one of above and at_least'],
    [
      'a tier with two lengths',
      { input: 1, tiers: [{ above: 1, at_least: 2 }] },
      'overrides::0::tiers::0: needs one of above and at_least',
    ],
    ['half a token', { input: 1, tiers: [{ above: 0.5, input: 2 }] }, 'overrides::0::tiers::0: a length is a whole number of tokens'],
    [
      'two tiers at one length',
      {
        input: 1,
        tiers: [
          { above: 9, input: 2 },
          { at_least: 10, input: 3 },
        ],
      },
      'overrides::0::tiers: two begin at the same length',
    ],
    [
      'tiers of both scopes',
      {
        input: 1,
        tiers: [
          { above: 9, input: 2 },
          { above: 99, scope: 'marginal', input: 3 },
        ],
      },
      'overrides::0::tiers: have one scope, request or marginal',
    ],
    ['a negative price of a tier', { input: 1, tiers: [{ above: 9, output: '-0.5' }] }, 'overrides::0::tiers::0::output: -0.5 is negative'],
    ['an empty batch', { input: 1, batch: {} }, 'overrides::0::batch: has no price'],
    ['a percentage that is none', { input: 1, batch: { percent: 'half' } }, 'overrides::0::batch::percent: "half" is no decimal number'],
    ['two rules for a model', { input: 1, model: { equals: 'a', contains: 'b' } }, 'overrides::0::model: names a model by one of'],
    ['an unknown rule', { input: 1, model: { like: 'a' } as never }, 'overrides::0::model: "like" is none of equals, starts_with'],
    ['a rule of rules that is no list', { input: 1, model: { or: 'a' } as never }, 'overrides::0::model: "or" is a list of rules'],
    ['a rule that is no text', { input: 1, model: { equals: 5 } as never }, 'overrides::0::model: "equals" is a text'],
    ['a broken expression', { input: 1, model: { regex: '(' } }, 'overrides::0::model: error parsing regexp: missing closing )'],
  ])('refuse %s', async (_, override, message) => {
    await expect(load({ catalog: 'none', overrides: [override] })).rejects.toThrow(message);
  });

  it('are checked without loading anything', () => {
    expect(
      overrideProblems([{ input: 1 }, { input: -1 }, { output: 2 }, { input: 1, model: { regex: '(' } }], 'prices::overrides'),
    ).toEqual([
      'prices::overrides::1::input: -1 is negative',
      'prices::overrides::2: prices of output or in a currency need the price of input as well',
    ]);
  });

  it('have each of their problems named', () => {
    expect(
      overrideProblems([
        {
          model: { equals: 'a', contains: 'b' },
          from: 'soon',
          hours: 'night',
          input: -1,
          output: 'much',
          batch: {},
          service_tiers: { flex: { percent: 'half' } },
          tiers: [{ above: 0.5, input: 1 }, { input: 'low' }],
        },
        { output: 1, from: '2026-02-02', until: '2026-02-01' },
        {},
      ]),
    ).toEqual([
      expect.stringContaining('overrides::0::model: names a model by one of'),
      expect.stringContaining('overrides::0::from: "soon" is no date'),
      'overrides::0::input: -1 is negative',
      expect.stringContaining('overrides::0::output: "much" is no decimal number'),
      'overrides::0::tiers::0: a length is a whole number of tokens',
      'overrides::0::tiers::1: needs one of above and at_least',
      expect.stringContaining('overrides::0::tiers::1::input: "low" is no decimal number'),
      expect.stringContaining('overrides::0::service_tiers::flex::percent: "half" is no decimal number'),
      'overrides::0::batch: has no price',
      expect.stringContaining('overrides::0::hours: "night" is no time of the day'),
      'overrides::1::until: 2026-02-01 is not after 2026-02-02',
      'overrides::1: prices of output or in a currency need the price of input as well',
      'overrides::2: has no price',
    ]);
  });

  it('refuse a baseline that nobody knows', async () => {
    await expect(load({ baseline_model: 'openai/gpt-nonsense' })).rejects.toThrow(
      'baseline_model: no price of "openai/gpt-nonsense" is known',
    );
  });
});

describe('A price list', () => {
  it('says what counts, and as of when', async () => {
    expect((await load()).name).toBe('genai-prices 0.1.8 2026-09-23');
    expect((await only({ input: 1 })).name).toBe('overrides');
    expect((await load({ overrides: [{ provider: 'acme', input: 1 }] })).name).toBe('overrides + genai-prices 0.1.8 2026-09-23');
    expect((await load({ catalog: 'none' })).name).toBe('none');
  });

  it('names the version of the catalogue that is installed', async () => {
    const { createRequire } = await import('node:module');
    const { readFileSync } = await import('node:fs');
    const entry = createRequire(import.meta.url).resolve('@pydantic/genai-prices');
    const { version } = JSON.parse(readFileSync(join(entry, '../../package.json'), 'utf8')) as { readonly version: string };
    expect((await load()).name).toContain(`genai-prices ${version} `);
  });

  it.each([
    ['aws.bedrock', 'us.anthropic.claude-sonnet-4-5-20250929-v1:0', '3.3'],
    ['aws.bedrock', 'arn:aws:bedrock:us-east-1:1234:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0', '3.3'],
    ['azure.ai.openai', 'gpt-4o-2024-08-06', '2.5'],
    ['azure.ai.inference', 'gpt-4o', '2.5'],
    ['gcp.gemini', 'gemini-2.5-flash', '0.3'],
    ['gcp.vertex_ai', 'publishers/google/models/gemini-2.5-flash', '0.3'],
    ['gcp.vertex_ai', 'claude-sonnet-4@20250514', '3'],
    ['gcp.gen_ai', 'models/gemini-2.5-flash', '0.3'],
    ['x_ai', 'grok-4', '3'],
    ['mistral_ai', 'mistral-medium-latest', '1.5'],
    ['moonshot_ai', 'kimi-k2-0905-preview', '0.6'],
    ['OpenAI', ' GPT-4o ', '2.5'],
    ['openai.responses', 'gpt-4o', '2.5'],
    ['amazon-bedrock', 'us.anthropic.claude-sonnet-4-5-20250929-v1:0', '3.3'],
    ['together_ai', 'meta-llama/Llama-3.3-70B-Instruct-Turbo', '0.88'],
    ['voyage_ai', 'voyage-3.5', '0.06'],
    ['z_ai', 'glm-5.2', '1.4'],
    ['zhipuai', 'glm-5.2', '1.103'],
    ['openai', 'gpt-5-mini-20250807', '0.25'],
    ['', 'gpt-4o', '2.5'],
    ['', 'claude-sonnet-4-20250514', '3'],
    ['', 'openai/gpt-4o', '2.5'],
    ['litellm', 'anthropic/claude-sonnet-4-20250514', '3'],
  ])('finds what provider "%s" calls %s', async (provider, model, price) => {
    const list = await load();
    // 100,000 tokens are below every tier.
    const cost = list.price(callOf(provider, model, { input: 100_000 }), now);
    expect(inputs(cost)).toBe(`priced ${formatMoney(parseMoney(price)! / 10n)}`);
  });

  it('never takes a model of an unknown provider for a known one', async () => {
    const list = await load();
    expect(list.price(callOf('ollama', 'gpt-4o', { input: 1 }), now).reason).toBe('unknown_model');
  });

  it('bills what has no price of its own like something else', async () => {
    const all = Object.fromEntries((await import('../src/index.ts')).tokenKinds.map((kind) => [kind, million])) as Record<
      TokenKind,
      number
    >;
    const plain = await only({ input: 2, output: 10 });
    expect(inputs(plain.price(callOf('acme', 'one', all), now))).toBe('priced 72');
    const cached = await only({ input: 2, output: 10, cache_read: 1, cache_write_5m: 3 });
    expect(inputs(cached.price(callOf('acme', 'one', { cache_read_audio: million }), now))).toBe('priced 1');
    expect(inputs(cached.price(callOf('acme', 'one', { cache_write: million }), now))).toBe('priced 3');
    expect(inputs(cached.price(callOf('acme', 'one', { cache_write_1h: million }), now))).toBe('priced 3');
    const audio = await only({ input: 2, input_audio: 5, output: 10 });
    expect(inputs(audio.price(callOf('acme', 'one', { cache_read_audio: million }), now))).toBe('priced 5');
    const embeddings = await only({ input: 2 });
    expect(inputs(embeddings.price(callOf('acme', 'one', { input: million, output: 5 }), now))).toBe('priced 2');
  });

  it.each([
    'input',
    'input_audio',
    'input_image',
    'input_video',
    'cache_read',
    'cache_read_audio',
    'cache_read_image',
    'cache_read_video',
    'cache_write',
    'cache_write_5m',
    'cache_write_1h',
    'output',
    'reasoning',
    'output_audio',
    'output_image',
    'output_video',
  ] as const)('bills %s at its own price, in a tier, a service tier and a batch too', async (kind) => {
    const list = await only({
      input: 1,
      output: 1,
      [kind]: 2,
      tiers: [{ above: million, [kind]: 3 }],
      service_tiers: { flex: { [kind]: 5 } },
      batch: { percent: 50, [kind]: 7, tiers: [{ above: million, [kind]: 8 }] },
    });
    const long = 2 * million;
    const cost = (tokens: Partial<Record<TokenKind, number>>, details: Details = {}): string =>
      inputs(list.price(callOf('acme', 'one', tokens, details), now));
    expect(cost({ [kind]: million })).toBe('priced 2');
    expect(cost({ [kind]: million }, { serviceTier: 'flex' })).toBe('priced 5');
    expect(cost({ [kind]: million }, { batch: true })).toBe('priced 7');
    if (kind.startsWith('input') || kind.startsWith('cache')) {
      expect(cost({ [kind]: long })).toBe('priced 6');
      expect(cost({ [kind]: long }, { batch: true })).toBe('priced 16');
    }
  });

  it('takes the first override that fits, by any rule about names', async () => {
    const rules: readonly [PriceOverride['model'], string][] = [
      ['exact', 'Exact'],
      [{ equals: 'equal' }, 'EQUAL'],
      [{ starts_with: 'start-' }, 'start-9'],
      [{ ends_with: '-end' }, '9-END'],
      [{ contains: 'mid' }, 'a-mid-b'],
      [{ regex: '^v[0-9]+$' }, 'v12'],
      [{ regex: '^(?!.*-(?:tts|[)]))w' }, 'w-1'],
      [{ or: [{ equals: 'this' }, 'that'] }, 'that'],
      [{ and: [{ starts_with: 'x' }, { ends_with: 'y' }] }, 'x-y'],
    ];
    const list = await load({
      catalog: 'none',
      overrides: rules.map(([model], index) => ({ ...(model === undefined ? {} : { model }), input: index + 1 })),
    });
    for (const [index, [, name]] of rules.entries()) {
      expect(inputs(list.price(callOf('any', name, { input: million }), now))).toBe(`priced ${index + 1}`);
    }
    for (const name of ['exactly', 'V12', 'w-tts', 'w-)', 'x-z']) {
      expect(list.price(callOf('any', name, { input: million }), now).reason).toBe('unknown_model');
    }
  });

  it('knows a provider of an override by every name', async () => {
    const list = await load({ catalog: 'none', overrides: [{ provider: 'aws', input: 7 }] });
    for (const name of ['aws.bedrock', 'AWS', 'bedrock', 'amazon-bedrock']) {
      expect(inputs(list.price(callOf(name, 'x', { input: million }), now))).toBe('priced 7');
    }
    const known = await load({ overrides: [{ provider: 'openai', model: 'gpt-4o', input: 7 }] });
    expect(inputs(known.price(callOf('', 'gpt-4o', { input: million }), now))).toBe('priced 7');
    expect(inputs(known.price(callOf('azure', 'gpt-4o', { input: million }), now))).toBe('priced 2.5');
  });

  it('lets overrides add to the catalogue, or stand for themselves', async () => {
    const list = await load({
      overrides: [
        { provider: 'openai', model: 'gpt-4o', cache_read: '0.5' },
        { provider: 'openai', model: 'o3', input: 1, output: 2 },
        { provider: 'openai', service_tiers: { Priority: { percent: 175 } } },
      ],
    });
    const tokens = { input: million, cache_read: million, output: million };
    expect(inputs(list.price(callOf('openai', 'gpt-4o', tokens), now))).toBe('priced 13');
    expect(inputs(list.price(callOf('openai', 'o3', tokens), now))).toBe('priced 4');
    expect(inputs(list.price(callOf('openai', 'gpt-4o-mini', { input: million }, { serviceTier: 'priority' }), now))).toBe('priced 0.2625');
  });

  it('prices by the time of the request', async () => {
    const list = await only(
      { input: 3, hours: '22:00-06:00' },
      { input: 1, from: '2026-01-01', until: '2026-02-01T12:00:00+01:00' },
      { input: 2, from: '2026-02-01T11:00:00Z' },
    );
    const at = (time: string): string => inputs(list.price(callOf('acme', 'one', { input: million }), Date.parse(time)));
    expect(at('2025-12-31T12:00:00Z')).toBe('unpriced 0');
    expect(at('2025-12-31T23:59:59.999Z')).toBe('priced 3');
    expect(at('2026-01-01T05:59:59.999Z')).toBe('priced 3');
    expect(at('2026-01-01T06:00:00Z')).toBe('priced 1');
    expect(at('2026-01-01T21:59:59.999Z')).toBe('priced 1');
    expect(at('2026-01-01T22:00:00Z')).toBe('priced 3');
    expect(at('2026-02-01T10:59:59.999Z')).toBe('priced 1');
    expect(at('2026-02-01T11:00:00Z')).toBe('priced 2');
    expect(at('2025-12-31T12:00:00Z')).toBe('unpriced 0');
  });

  it('gives the same prices in any order of time', async () => {
    const list = await load();
    const at = (time: number): string => inputs(list.price(callOf('deepseek', 'deepseek-v4-flash', { input: million }), time));
    const times = Array.from({ length: 400 }, (_, index) => Date.parse('2026-08-10T00:00:00Z') + index * 3_600_000);
    const forward = times.map(at);
    expect(new Set(forward).size).toBe(3);
    expect(times.toReversed().map(at).toReversed()).toEqual(forward);
  });

  it('takes now for a time that is none', async () => {
    const list = await only({ input: 1, until: '2026-01-01' }, { input: 2, from: '2026-01-01', until: '2100-01-01' });
    expect(inputs(list.price(callOf('acme', 'one', { input: million }), Number.NaN))).toMatch(/^priced/);
  });

  it('lets the whole input decide the tier, cached tokens included', async () => {
    const list = await only({
      input: 1,
      cache_read: '0.1',
      cache_write_1h: 4,
      output: 5,
      tiers: [
        { above: 200_000, input: 2, cache_read: '0.2', output: 10 },
        { at_least: 1_000_000, input: 3 },
      ],
    });
    const cost = (input: number, read: number): string =>
      inputs(list.price(callOf('acme', 'one', { input, cache_read: read, output: 100 }), now));
    expect(cost(100_000, 100_000)).toBe('priced 0.1105');
    expect(cost(100_000, 100_001)).toBe('priced 0.2210002');
    expect(cost(899_999, 100_000)).toBe('priced 1.820998');
    expect(cost(900_000, 100_000)).toBe('priced 2.721');
    expect(inputs(list.price(callOf('acme', 'one', { cache_write_1h: 300_000 }), now))).toBe('priced 1.2');
  });

  it('charges marginal tiers for what is beyond their length', async () => {
    const list = await only({
      input: 1,
      output: 5,
      tiers: [
        { at_least: 1001, scope: 'marginal', input: 2 },
        { above: 2000, scope: 'marginal', input: 4, output: 10 },
      ],
    });
    const cost = (input: number, output: number): string => inputs(list.price(callOf('acme', 'one', { input, output }), now));
    expect(cost(1000, 0)).toBe('priced 0.001');
    expect(cost(3000, 0)).toBe('priced 0.007');
    expect(cost(3000, 2000)).toBe('priced 0.017');
    expect(cost(0, 3000)).toBe('priced 0.02');
  });

  it('has prices of service tiers and batches, with tiers of their own', async () => {
    const list = await only({
      input: 2,
      output: 8,
      tiers: [{ above: 1000, input: 4 }],
      service_tiers: { flex: { input: 1, tiers: [{ above: 1000, input: '1.5' }] }, priority: { input: 3 } },
      batch: { percent: '12.5', output: 3 },
    });
    const cost = (input: number, details: Details): string => {
      const { status, tier, amount: paid } = list.price(callOf('acme', 'one', { input, output: 1000 }, details), now);
      return `${status} ${tier} ${formatMoney(paid)}`;
    };
    expect(cost(2000, { serviceTier: 'default' })).toBe('priced standard 0.016');
    expect(cost(2000, { serviceTier: 'FLEX' })).toBe('priced flex 0.011');
    expect(cost(2000, { serviceTier: 'priority' })).toBe('priced priority 0.014');
    expect(cost(1000, { batch: true })).toBe('priced batch 0.00325');
    expect(cost(2000, { batch: true, serviceTier: 'flex' })).toBe('priced batch 0.004');
    expect(cost(2000, { serviceTier: 'batch' })).toBe('priced batch 0.004');
    const assumed = (details: Details): boolean => list.price(callOf('acme', 'one', { input: 1 }, details), now).tierAssumed;
    expect([{}, { serviceTier: 'on_demand' }, { serviceTier: 'flex' }, { serviceTier: 'scale' }].map(assumed)).toEqual([
      false,
      false,
      false,
      true,
    ]);
  });

  it('adds searches and requests, and says when a search has no price', async () => {
    const list = await only({ input: 1, web_searches_per_1000: 10, requests_per_1000: '0.5' });
    const call = callOf('acme', 'one', { input: 1000 });
    call.usage.webSearches = 2;
    expect(inputs(list.price(call, now))).toBe('priced 0.0215');
    call.errorType = 'timeout';
    expect(inputs(list.price(call, now))).toBe('priced 0.021');
    const without = await only({ input: 1 });
    call.errorType = '';
    const cost = without.price(call, now);
    expect([inputs(cost), cost.reason]).toEqual(['priced 0.001', 'missing_price']);
    expect([...without.unpriced]).toEqual([['acme/one web_search', 1]]);
  });
});

describe('A cost', () => {
  it('tells an unknown model from one that costs nothing', async () => {
    const list = await load();
    const cost = list.price(callOf('openai', 'gpt-99', { input: 10 }), now);
    expect([cost.status, cost.reason, cost.amount, cost.estimated]).toEqual(['unpriced', 'unknown_model', 0n, 0n]);
    expect(list.price(callOf('openai', 'whisper-1', { input: 10 }), now).reason).toBe('missing_price');
    expect(inputs(list.price(callOf('openrouter', 'google/gemma-3-4b-it:free', { input: 10 }), now))).toBe('priced 0');
    list.price(callOf('openai', 'gpt-99', { input: 10 }), now);
    list.price(callOf('', '', { input: 10 }), now);
    expect([...list.unpriced]).toEqual([
      ['openai/gpt-99', 2],
      ['openai/whisper-1', 1],
      ['unknown/unknown', 1],
    ]);
  });

  it('keeps a bounded list of names, of bounded length', async () => {
    const list = await load({ catalog: 'none' });
    for (let index = 0; index < 6000; index++) list.price(callOf('p', `m${index}`, { input: 1 }), now);
    list.price(callOf('p', 'm0', { input: 1 }), now);
    list.price(callOf('p'.repeat(500), 'm'.repeat(100_000), { input: 1 }), now);
    expect(list.unpriced.size).toBe(256);
    expect(list.unpriced.get('p/m0')).toBe(2);
    expect(list.unpricedOthers).toBe(6000 - 256 + 1);
    expect(Math.max(...[...list.unpriced.keys()].map((name) => name.length))).toBeLessThan(300);
  });

  it.each([Number.NaN, -1, 0.5, Infinity, 2 ** 53 + 2, 1e300])('is not made of %d tokens', async (count) => {
    const list = await load();
    const cost = list.price(callOf('openai', 'gpt-4o', { input: 10, output: count }), now);
    expect([cost.status, cost.reason, cost.amount]).toEqual(['unpriced', 'invalid_usage', 0n]);
    const call = callOf('openai', 'gpt-4o', { input: 10 });
    call.usage.webSearches = count;
    expect(list.price(call, now).reason).toBe('invalid_usage');
    expect(list.unpriced.size).toBe(0);
  });

  it('is exact for 2^53 tokens of every kind', async () => {
    const list = await only({ input: '0.000000001', output: '999999999.999999999' });
    const cost = list.price(callOf('acme', 'one', { input: 2 ** 53, output: 2 ** 53 }), now);
    expect(cost.estimated).toBe(2n ** 53n * 10n ** 18n);
  });

  it('is of no usage when nobody said what was used', async () => {
    const list = await load();
    const call = callOf('openai', 'gpt-4o', {});
    call.usage.known = false;
    expect(inputs(list.price(call, now))).toBe('no_usage 0');
    call.reportedCost = '0.25';
    const cost = list.price(call, now);
    expect([inputs(cost), cost.currency]).toEqual(['no_usage 0.25', 'USD']);
    expect(list.unpriced.size).toBe(0);
  });

  it('takes what is reported for the amount and leaves the estimate beside it', async () => {
    const list = await load();
    const cost = list.price(callOf('openai', 'gpt-4o', { input: 4000 }, { reportedCost: '0.0125', reportedCurrency: 'usd' }), now);
    expect([formatMoney(cost.estimated), formatMoney(cost.actual!), amount(cost), cost.driftPercent]).toEqual([
      '0.01',
      '0.0125',
      '0.0125',
      25,
    ]);
    const lower = list.price(callOf('openai', 'gpt-4o', { input: 4000 }, { reportedCost: '0' }), now);
    expect([amount(lower), lower.driftPercent]).toEqual(['0', -100]);
    const noisy = list.price(callOf('openai', 'gpt-4o', { input: 4000 }, { reportedCost: String(0.1 + 0.2) }), now);
    expect(amount(noisy)).toBe('0.3');
    const unknown = list.price(callOf('openai', 'gpt-99', { input: 4000 }, { reportedCost: '5e-7' }), now);
    expect([inputs(unknown), unknown.driftPercent]).toEqual(['unpriced 0.0000005', Number.NaN]);
  });

  it.each(['', 'free', '-1', 'NaN', '1e99'])('takes %j for no report', async (reportedCost) => {
    const list = await load();
    const cost = list.price(callOf('openai', 'gpt-4o', { input: 4000 }, { reportedCost }), now);
    expect([cost.actual, amount(cost), cost.driftPercent]).toEqual([undefined, '0.01', Number.NaN]);
  });

  it('does not mix currencies', async () => {
    const list = await load({ overrides: [{ provider: 'acme', currency: 'EUR', input: 1 }], baseline_model: 'openai/gpt-4o' });
    const euros = list.price(callOf('acme', 'one', { input: million }), now);
    expect([euros.currency, amount(euros), euros.savings.routing]).toEqual(['EUR', '1', 0n]);
    const francs = list.price(callOf('acme', 'one', { input: million }, { reportedCost: '2', reportedCurrency: 'CHF' }), now);
    expect([francs.currency, amount(francs), francs.estimated, francs.driftPercent]).toEqual(['CHF', '2', 0n, Number.NaN]);
    expect(francs.byKind.every((part) => part === 0n)).toBe(true);
    const own = await load({ catalog: 'none', currency: 'GBP', overrides: [{ provider: 'acme', input: 1 }] });
    expect(own.price(callOf('acme', 'one', { input: million }), now).currency).toBe('GBP');
  });

  it('of a hit in the cache of the application is nothing, or what is reported, and saves the rest', async () => {
    const list = await load({ baseline_model: 'openai/o3' });
    const hit = list.price(callOf('openai', 'gpt-4o', { input: 4000 }, { cacheResult: 'hit' }), now);
    expect([inputs(hit), formatMoney(hit.savings.cache), hit.savings.routing, hit.savings.batch]).toEqual(['cached 0', '0.01', 0n, 0n]);
    const paid = list.price(callOf('openai', 'gpt-4o', { input: 4000 }, { cacheResult: 'hit', reportedCost: '0.001' }), now);
    expect([inputs(paid), formatMoney(paid.savings.cache)]).toEqual(['cached 0.001', '0.009']);
    const batch = list.price(callOf('openai', 'gpt-4o', { input: 4000 }, { cacheResult: 'hit', batch: true }), now);
    expect([inputs(batch), formatMoney(batch.savings.cache), batch.savings.batch]).toEqual(['cached 0', '0.005', 0n]);
    const unknown = list.price(callOf('openai', 'gpt-99', { input: 4000 }, { cacheResult: 'hit' }), now);
    expect([inputs(unknown), unknown.savings.cache]).toEqual(['cached 0', 0n]);
    const silent = callOf('openai', 'gpt-4o', {}, { cacheResult: 'hit' });
    silent.usage.known = false;
    expect(inputs(list.price(silent, now))).toBe('cached 0');
    expect(inputs(list.price(callOf('openai', 'gpt-4o', { input: 4000 }, { cacheResult: 'miss' }), now))).toBe('priced 0.01');
  });

  it('saves by routing what the baseline would have cost, with the same batch and service tier, and only calls of language models', async () => {
    const list = await load({ baseline_model: 'gpt-4o' });
    const routed = (model: string, details: Details = {}): string =>
      formatMoney(list.price(callOf('openai', model, { input: 4000 }, details), now).savings.routing);
    expect(routed('gpt-4o-mini')).toBe('0.0094');
    expect(routed('gpt-4o-mini', { reportedCost: '0.002' })).toBe('0.008');
    expect(routed('gpt-4o-mini', { serviceTier: 'flex' })).toBe('0.0047');
    expect(routed('gpt-4o-mini', { batch: true })).toBe('0.0094');
    expect(routed('gpt-4o-2024-08-06')).toBe('0');
    expect(routed('gpt-4o', { reportedCost: '0.5' })).toBe('0');
    expect(routed('o1')).toBe('-0.05');
    expect(routed('text-embedding-3-small', { level: 'embeddings' })).toBe('0');
    expect(routed('gpt-99')).toBe('0');
    expect(routed('gpt-99', { reportedCost: '0.004' })).toBe('0.006');
  });

  it('never counts a saving twice: routing and batch add up to the baseline less what was paid', async () => {
    const list = await load({ baseline_model: 'openai/gpt-4o' });
    for (const reportedCost of ['', '0.0001', '0.02']) {
      const cost = list.price(callOf('openai', 'gpt-4o-mini', { input: 4000 }, { batch: true, reportedCost }), now);
      expect(formatMoney(cost.savings.batch)).toBe('0.0003');
      expect(cost.savings.routing + cost.savings.batch + cost.amount).toBe(10n ** 13n);
    }
  });

  it('says what the cache of the vendor saved, beside the three savings', async () => {
    const list = await only({ input: 10, input_audio: 20, cache_read: 1, cache_read_audio: 4, cache_write_1h: 15, output: 1 });
    const saved = (tokens: Partial<Record<TokenKind, number>>): string => {
      const { promptCacheSavings, savings } = list.price(callOf('acme', 'one', tokens), now);
      expect(savings).toEqual({ cache: 0n, routing: 0n, batch: 0n });
      return formatMoney(promptCacheSavings);
    };
    expect(saved({ input: 5, cache_read: million })).toBe('9');
    expect(saved({ cache_read_audio: million })).toBe('16');
    expect(saved({ cache_write_1h: million })).toBe('-5');
    expect(saved({ input: million })).toBe('0');
  });
});

describe('A file of prices', () => {
  let folder = '';
  let file = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-prices-'));
    file = join(folder, 'prices.yaml');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const price = (list: PriceList, model = 'one'): string => inputs(list.price(callOf('acme', model, { input: million }), now));

  it('comes after the overrides and before the catalogue', async () => {
    writeFileSync(
      file,
      'currency: EUR\noverrides:\n  - { provider: acme, input: "1.50" }\n  - { provider: openai, model: gpt-4o, input: 7 }\n',
    );
    const list = await load({ file, overrides: [{ provider: 'acme', model: 'two', input: 2 }] });
    expect([price(list), price(list, 'two')]).toEqual(['priced 1.5', 'priced 2']);
    const cost = list.price(callOf('openai', 'gpt-4o', { input: million }), now);
    expect([inputs(cost), cost.currency]).toEqual(['priced 7', 'EUR']);
    expect(inputs(list.price(callOf('openai', 'gpt-4o-mini', { input: million }), now))).toBe('priced 0.15');
    expect(list.name).toMatch(/^overrides \+ prices\.yaml \d{4}-\d\d-\d\d \+ genai-prices /);
  });

  it('may be a catalogue in the shape of genai-prices', async () => {
    const models = [
      { id: 'new', match: { regex: '^new-\\d+$' }, prices: { input_mtok: 4, output_mtok: 8 } },
      {
        id: 'old',
        match: { starts_with: 'old' },
        prices: [{ constraint: { start_date: '2026-01-01' }, prices: { input_mtok: 0.18000000000000002 } }],
      },
    ];
    writeFileSync(file, JSON.stringify([{ id: 'acme', name: 'Acme', api_pattern: 'acme', models }]));
    const list = await load({ file });
    expect([price(list, 'new-1'), price(list, 'old-7'), price(list, 'none')]).toEqual(['priced 4', 'priced 0.18', 'unpriced 0']);
    expect(inputs(list.price(callOf('openai', 'gpt-4o', { input: million }), now))).toBe('priced 2.5');
  });

  it('is read again when it changes, without a restart', async () => {
    writeFileSync(file, 'overrides: [{ provider: acme, input: 1 }]');
    const heard: ((problem: Error | undefined) => void)[] = [];
    const list = await load({ file, file_interval: '5ms', catalog: 'none', onReload: (problem) => heard.shift()?.(problem) });
    const reloaded = async (): Promise<Error | undefined> =>
      new Promise((resolve) => {
        heard.push(resolve);
      });
    expect(price(list)).toBe('priced 1');
    let change = reloaded();
    writeFileSync(join(folder, 'next.yaml'), 'overrides: [{ provider: acme, input: 20 }]');
    renameSync(join(folder, 'next.yaml'), file);
    expect(await change).toBeUndefined();
    expect(price(list)).toBe('priced 20');
    change = reloaded();
    writeFileSync(file, 'overrides: [{ provider: acme, input: -3000 }]');
    expect((await change)?.message).toBe(`file: ${file}: overrides::0::input: -3000 is negative`);
    expect(price(list)).toBe('priced 20');
  });

  it('is read again when asked', async () => {
    writeFileSync(file, 'overrides: [{ provider: acme, input: 1 }]');
    const list = await load({ file, file_interval: '1h', catalog: 'none', baseline_model: 'acme/one' });
    writeFileSync(file, 'overrides: [{ provider: acme, input: 2 }]');
    expect(await list.reload()).toBeUndefined();
    expect(price(list)).toBe('priced 2');
    rmSync(file);
    expect((await list.reload())?.message).toContain(`file: ${file}: ENOENT`);
    expect(price(list)).toBe('priced 2');
    list.close();
    list.close();
  });

  it.each([
    ['overrides: [{ provider: acme, inptu: 1 }]', 'inptu'],
    ['overrides: 5', 'overrides'],
    ['[]x', 'JSON'],
    [' \n', 'is empty'],
    ['[{ "id": 5 }]', 'is neither a map with `overrides` nor a list of providers with models'],
    [
      '[{ "id": "a", "models": [{ "id": "m", "match": { "equals": "m" }, "prices": { "input_mtok": -1 } }] }]',
      'a/m: input_mtok: -1 is no price',
    ],
    [
      '[{ "id": "a", "models": [{ "id": "m", "match": { "equals": "m" }, "prices": { "input_mtok": "1" } }] }]',
      'a/m: input_mtok: "1" is no price',
    ],
    [
      '[{ "id": "a", "models": [{ "id": "m", "match": { "equals": "m" }, "prices": { "input_mtok": { "base": 1, "tiers": [{ "start": -5, "price": 2 }] } } }] }]',
      'a/m: a tier starts at -5',
    ],
    [
      '[{ "id": "a", "models": [{ "id": "m", "match": { "equals": "m" }, "prices": [{ "constraint": { "start_date": "soon" }, "prices": {} }] }] }]',
      'a/m: "soon" is no date or time',
    ],
    ['[{ "id": "a", "models": [{ "id": "m", "match": { "regex": "(?=x)" }, "prices": {} }] }]', 'a/m: error parsing regexp'],
  ])('is refused when it is %s', async (text, message) => {
    writeFileSync(file, text);
    await expect(load({ file })).rejects.toThrow(message);
  });
});
