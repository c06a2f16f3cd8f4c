import Anthropic, { InternalServerError, RateLimitError } from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startFakeVendor } from '../../../test/fake-vendor.ts';
import type { FakeVendor, Scenario } from '../../../test/fake-vendor.ts';
import { bucketsOf, observeLab } from './observe-lab.ts';

let vendor: FakeVendor;
beforeAll(async () => {
  vendor = await startFakeVendor();
});
afterAll(() => vendor.close());

const clientAt = (scenario: Scenario = 'plain'): Anthropic => new Anthropic({ apiKey: 'key', baseURL: vendor.at(scenario), maxRetries: 0 });
const parameters = { model: 'claude-sonnet-5-5', max_tokens: 100, messages: [{ role: 'user' as const, content: 'hello' }] };

describe('A client of @anthropic-ai/sdk', () => {
  it.each(['plain', 'cached', 'cache_write'] as const)('has the usage of what the vendor bills, scenario %s', async (scenario) => {
    const lab = observeLab();
    const message = await lab.observe(clientAt(scenario)).messages.create(parameters);
    const [{ call }] = lab.calls as [(typeof lab.calls)[0]];
    expect(bucketsOf(call)).toEqual(vendor.bills.at(-1)!.usage);
    expect(call).toMatchObject({
      provider: 'anthropic',
      responseModel: message.model,
      requestModel: parameters.model,
      usageMissing: false,
    });
    expect(lab.failures).toEqual([]);
  });

  it.each(['plain', 'cached', 'cache_write'] as const)('streams the same events, scenario %s', async (scenario) => {
    const lab = observeLab();
    const types = async (client: Anthropic): Promise<string[]> => {
      const seen: string[] = [];
      for await (const { type } of await client.messages.create({ ...parameters, stream: true })) seen.push(type);
      return seen;
    };
    const expected = await types(clientAt(scenario));
    expect(await types(lab.observe(clientAt(scenario)))).toEqual(expected);
    const [{ call }] = lab.calls as [(typeof lab.calls)[0]];
    expect(bucketsOf(call)).toEqual(vendor.bills.at(-1)!.usage);
    expect(call.timeToFirstChunk).toBeGreaterThan(0);
    expect(lab.spans[0]!.attributes['gen_ai.response.finish_reasons']).toEqual(['end_turn']);
  });

  it('observes the helper that streams, the beta and withResponse', async () => {
    const lab = observeLab();
    const client = lab.observe(clientAt());
    const stream = client.messages.stream(parameters);
    let text = '';
    stream.on('text', (part) => (text += part));
    expect((await stream.finalMessage()).content).toMatchObject([{ type: 'text', text }]);
    await client.beta.messages.create(parameters);
    const { data, response } = await client.messages.create(parameters).withResponse();
    expect([data.type, response.status]).toEqual(['message', 200]);
    expect(lab.calls.map(({ call }) => [call.usage.known, call.streamed])).toEqual([
      [true, true],
      [true, false],
      [true, false],
    ]);
  });

  it.each([
    ['rate_limited', RateLimitError, '429'],
    ['failed', InternalServerError, '500'],
  ] as const)('throws the same error, scenario %s', async (scenario, error, type) => {
    const lab = observeLab();
    const client = lab.observe(clientAt(scenario));
    await expect(client.messages.create(parameters)).rejects.toThrow(error);
    await expect(client.messages.stream(parameters).finalMessage()).rejects.toThrow(error);
    expect(lab.calls.map(({ call }) => call.errorType)).toEqual([type, type]);
  });

  it('throws what breaks a stream, with the usage that was told', async () => {
    const lab = observeLab();
    const stream = await lab.observe(clientAt('cut')).messages.create({ ...parameters, stream: true });
    await expect(
      (async () => {
        for await (const _ of stream) void _;
      })(),
    ).rejects.toThrow();
    const [{ call }] = lab.calls as [(typeof lab.calls)[0]];
    expect(call.errorType).not.toBe('');
    expect(call.usage.get('input')).toBe(vendor.bills.at(-1)!.usage.input);
  });

  it('is aborted as before', async () => {
    const lab = observeLab();
    const client = lab.observe(clientAt());
    for await (const _ of await client.messages.create({ ...parameters, stream: true })) break;
    const stream = client.messages.stream(parameters);
    stream.on('connect', () => stream.abort());
    await expect(stream.finalMessage()).rejects.toThrow('aborted');
    expect(lab.calls).toHaveLength(2);
    expect(lab.calls.map(({ call }) => call.usageMissing)).toEqual([false, false]);
  });
});
