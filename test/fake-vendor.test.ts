import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readUsageBody, tokenKinds, Usage } from '@millrace/genai';
import { startFakeVendor } from './fake-vendor.ts';
import type { Bill, FakeVendor, Scenario } from './fake-vendor.ts';

const interfaces = [
  ['openai', '/v1/chat/completions', { model: 'gpt-4o' }],
  ['openai', '/v1/completions', { model: 'gpt-3.5-turbo-instruct' }],
  ['openai', '/v1/responses', { model: 'gpt-5' }],
  ['openai', '/v1/embeddings', { model: 'text-embedding-3-small', input: 'a' }],
  ['anthropic', '/v1/messages', { model: 'claude-sonnet-4-5' }],
  ['gcp.gemini', '/v1beta/models/gemini-2.5-flash:generateContent', {}],
  ['aws.bedrock', '/model/amazon.nova-lite-v1:0/converse', {}],
] as const;

describe('the fake vendor', () => {
  let vendor: FakeVendor;
  beforeAll(async () => void (vendor = await startFakeVendor()));
  afterAll(async () => vendor.close());

  async function ask(scenario: Scenario, path: string, body: object): Promise<{ text: string; status: number; bill: Bill }> {
    const answer = await fetch(vendor.at(scenario) + path, { method: 'POST', body: JSON.stringify(body) });
    return { text: await answer.text(), status: answer.status, bill: vendor.bills.at(-1)! };
  }

  it.each(interfaces)('of %s tells in a plain answer of %s what it charges', async (provider, path, body) => {
    for (const scenario of ['plain', 'cached', 'cache_write', 'reasoning', 'tool'] as const) {
      const { text, bill } = await ask(scenario, path, body);
      expect(bill).toMatchObject({ provider, scenario, status: 200, told: 'all', streamed: false });
      expect({ scenario, ...usageOf(JSON.parse(text), provider) }).toEqual({ scenario, ...bill.usage });
    }
  });

  it.each([
    ['openai', '/v1/chat/completions', { model: 'gpt-4o', stream: true, stream_options: { include_usage: true } }],
    ['openai', '/v1/responses', { model: 'gpt-5', stream: true }],
    ['anthropic', '/v1/messages', { model: 'claude-sonnet-4-5', stream: true }],
    ['gcp.gemini', '/v1beta/models/gemini-2.5-flash:streamGenerateContent', {}],
  ])('of %s tells at the end of a stream of %s what it charges', async (provider, path, body) => {
    const { text, bill } = await ask('cached', path, body);
    const events = text.split('\n').filter((line) => line.startsWith('data: {'));
    const usages = events
      .map((line) => JSON.parse(line.slice('data: '.length)) as { response?: object })
      .map((event) => usageOf(event.response ?? event, provider));
    expect(bill).toMatchObject({ streamed: true, told: 'all' });
    expect(usages.findLast((usage) => Object.keys(usage).length > 0)).toEqual(bill.usage);
  });

  it('tells no usage of a chat stream unless asked to, and none at all when silent', async () => {
    const body = { model: 'gpt-4o', stream: true };
    const answers = [
      await ask('plain', '/v1/chat/completions', body),
      await ask('silent', '/v1/chat/completions', { ...body, stream_options: { include_usage: true } }),
    ];
    for (const { text, bill } of answers) {
      expect(text).not.toContain('usage');
      expect(bill).toMatchObject({ told: 'none', status: 200, responseModel: 'gpt-4o-2024-08-06' });
    }
  });

  it('charges nothing for a refused request, and what it began for one that broke off', async () => {
    expect(await ask('rate_limited', '/v1/messages', { model: 'm' })).toMatchObject({ status: 429, bill: { usage: {}, told: 'none' } });
    expect(await ask('failed', '/v1/responses', { model: 'm' })).toMatchObject({ status: 500, bill: { usage: {}, told: 'none' } });
    await expect(ask('cut', '/v1/messages', { model: 'm', stream: true })).rejects.toThrow();
    expect(vendor.bills.at(-1)).toMatchObject({ status: 200, finish: '', told: 'some', usage: { output: 21 } });
  });

  it('calls a tool once, and answers in words when it has the result', async () => {
    const tools = [{ type: 'function', function: { name: 'weather' } }];
    const first = await ask('tool', '/v1/chat/completions', { model: 'gpt-4.1', messages: [], tools });
    const second = await ask('tool', '/v1/chat/completions', { model: 'gpt-4.1', messages: [{ role: 'tool', content: 'sunny' }], tools });
    expect([first.bill.finish, second.bill.finish]).toEqual(['tool_calls', 'stop']);
    expect(first.text).toContain('"name":"weather"');
  });

  it('shows its bills, and refuses what it does not speak', async () => {
    expect(await (await fetch(`${vendor.url}/bills`)).json()).toEqual(vendor.bills);
    expect((await fetch(`${vendor.url}/v2/unknown`, { method: 'POST', body: '{}' })).status).toBe(400);
  });
});

function usageOf(body: object, provider: string): Partial<Record<string, number>> {
  const usage = new Usage();
  readUsageBody(body, provider, usage);
  return Object.fromEntries(tokenKinds.filter((kind) => usage.get(kind) > 0).map((kind) => [kind, usage.get(kind)]));
}
