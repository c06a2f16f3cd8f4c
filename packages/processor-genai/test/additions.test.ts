import { describe, expect, it } from '@jest/globals';
import { configOf, testContext } from '@millrace/api/testing';
import { factory } from '../src/index.ts';
import { after, logAfter, processor, spanAfter } from './run.ts';

const prices = { catalog: 'none', overrides: [{ model: 'm', input: '2', output: '10', cache_read: '0.2' }] };
const call = {
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': 'openai',
  'gen_ai.request.model': 'm',
  'gen_ai.usage.input_tokens': 1_000_000,
  'gen_ai.usage.output_tokens': 100_000,
  'gen_ai.usage.cache_read.input_tokens': 500_000,
};

describe('Cost', () => {
  it('is that of the price list', async () => {
    expect(await after({ prices }, call)).toMatchObject({
      'millrace.usage.input': 500_000,
      'millrace.usage.cache_read': 500_000,
      'millrace.usage.output': 100_000,
      'millrace.usage.total': 1_100_000,
      'millrace.cost.status': 'priced',
      'millrace.cost.estimated': 2.1,
      'millrace.cost.amount': 2.1,
      'millrace.cost.currency': 'USD',
      'millrace.model.family': 'm',
    });
  });

  it('has overrides whose problems are all named', () => {
    const problems = factory.validateConfig!(configOf(factory, { prices: { overrides: [{ input: -1, output: -2 }, {}] } }));
    expect(problems).toEqual([
      'prices::overrides::0::input: -1 is negative',
      'prices::overrides::0::output: -2 is negative',
      'prices::overrides::1: has no price',
    ]);
  });

  it('that was reported stays, and the estimate beside it', async () => {
    expect(await after({ prices }, { ...call, 'gen_ai.usage.cost': 4.2 })).toMatchObject({
      'millrace.cost.estimated': 2.1,
      'millrace.cost.actual': 4.2,
      'millrace.cost.amount': 4.2,
      'millrace.cost.drift_percent': 100,
      'gen_ai.usage.cost': 4.2,
    });
  });

  it('that nobody knows is said to be unknown, never 0', async () => {
    const output = await after({ prices }, { ...call, 'gen_ai.request.model': 'other' });
    expect(output).toMatchObject({ 'millrace.cost.status': 'unpriced' });
    expect(output).not.toHaveProperty(['millrace.cost.amount']);
    expect(output).not.toHaveProperty(['millrace.cost.estimated']);
  });

  it('is that of the end of a call that does not say when it began, or of now', async () => {
    const overrides = [
      { model: 'm', input: '1', output: '1', until: '2023-01-01' },
      { model: 'm', input: '3', output: '3' },
    ];
    for (const endTimeUnixNano of ['1700000000000000000', '0']) {
      const span = await spanAfter({ prices: { catalog: 'none', overrides } }, call, { startTimeUnixNano: '0', endTimeUnixNano });
      expect(span.attributes).toMatchObject({ 'millrace.cost.amount': 3.3 });
    }
  });

  it('saved by a cache of the application is what the call would have cost', async () => {
    const output = await after({ prices }, { ...call, 'millrace.cache.result': 'hit', 'millrace.cache.tier': 'semantic' });
    expect(output).toMatchObject({
      'millrace.cost.status': 'cached',
      'millrace.cost.amount': 0,
      'millrace.savings.cache': 2.1,
      'millrace.cache.result': 'hit',
      'millrace.cache.tier': 'semantic',
    });
  });

  it('is that of the time of the call', async () => {
    const dated = {
      catalog: 'none',
      overrides: [
        { model: 'm', input: '1', output: '1', until: '2023-01-01' },
        { model: 'm', input: '3', output: '3' },
      ],
    };
    const { attributes } = await logAfter(
      { prices: dated },
      { eventName: 'gen_ai.client.inference.operation.details', attributes: { ...call, 'gen_ai.usage.cache_read.input_tokens': 0 } },
    );
    expect(attributes).toMatchObject({ 'millrace.cost.amount': 3.3 });
  });
});

describe('mirror', () => {
  it('draft writes the cost under the names of the draft too', async () => {
    expect(await after({ prices, cost: { mirror: 'draft' } }, call)).toMatchObject({
      'gen_ai.usage.cost.amount': 2.1,
      'gen_ai.usage.cost.currency': 'USD',
      'gen_ai.usage.cost.source': 'local',
    });
    expect(await after({ prices, cost: { mirror: 'none' } }, call)).not.toHaveProperty(['gen_ai.usage.cost.amount']);
  });

  it('draft never overwrites what the sender wrote', async () => {
    const own = { 'gen_ai.usage.cost.amount': 9.5, 'gen_ai.usage.cost.currency': 'EUR' };
    expect(await after({ prices, cost: { mirror: 'draft' } }, { ...call, ...own })).toMatchObject(own);
  });

  it('draft says when the amount is what the provider reported', async () => {
    expect(await after({ prices, cost: { mirror: 'draft' } }, { ...call, 'gen_ai.usage.cost': 4.2 })).toMatchObject({
      'gen_ai.usage.cost.amount': 4.2,
      'gen_ai.usage.cost.source': 'provider',
    });
  });
});

describe('Usage that a call does not tell', () => {
  const silent = {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'm',
    'gen_ai.input.messages': `[{"role":"user","parts":[{"type":"text","content":"${'word '.repeat(100)}"}]}]`,
  };

  it('is said to be missing', async () => {
    const output = await after({ prices }, silent);
    expect(output).toMatchObject({ 'millrace.usage.missing': true, 'millrace.cost.status': 'no_usage' });
    expect(output).not.toHaveProperty(['millrace.usage.total']);
  });

  it('is estimated when asked, marked as such, and never passed off as reported', async () => {
    const output = await after({ prices, usage: { estimate: true } }, silent);
    expect(output).toMatchObject({ 'millrace.usage.missing': true, 'millrace.usage.estimated': true, 'millrace.cost.status': 'priced' });
    expect(output['millrace.usage.input']).toBeGreaterThan(50);
    expect(output).not.toHaveProperty(['gen_ai.usage.input_tokens']);
    const again = await after({ prices, usage: { estimate: true } }, output);
    expect(again).toEqual(output);
  });
});

describe('The processor', () => {
  it('fails to start with prices that cannot be', async () => {
    await expect(processor({ prices: { overrides: [{ model: 'm', input: 'cheap' }] } })).rejects.toThrow('overrides');
  });

  it('refuses such prices before', () => {
    const config = configOf(factory, {});
    const overrides = [{ model: 'm', input: 'cheap' }];
    expect(factory.validateConfig!(config)).toEqual([]);
    expect(factory.validateConfig!({ ...config, prices: { ...config.prices, overrides } })).toEqual([
      expect.stringMatching(/^prices::overrides::0::input: .*cheap/),
    ]);
  });

  it('stops twice, and without a start', async () => {
    const visitor = factory.visit!(configOf(factory, {}), testContext({ id: 'genai', signal: 'traces' }));
    await visitor.shutdown?.(AbortSignal.timeout(1));
    await visitor.shutdown?.(AbortSignal.timeout(1));
    expect(visitor.onDataPoint).toBeUndefined();
  });
});
