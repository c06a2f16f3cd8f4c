import * as ai from 'ai';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startFakeVendor } from '../../../test/fake-vendor.ts';
import type { FakeVendor, Scenario } from '../../../test/fake-vendor.ts';
import { wrapAI } from '../src/observe/wrap-ai.ts';
import { bucketsOf, observeLab } from './observe-lab.ts';

let vendor: FakeVendor;
beforeAll(async () => {
  vendor = await startFakeVendor();
});
afterAll(() => vendor.close());

const openai = (scenario: Scenario = 'plain') => createOpenAI({ apiKey: 'key', baseURL: `${vendor.at(scenario)}/v1` });
const anthropic = (scenario: Scenario) => createAnthropic({ apiKey: 'key', baseURL: `${vendor.at(scenario)}/v1` });
const prompt = 'hello';

describe('A model of ai', () => {
  it.each([
    ['plain', () => openai('plain').chat('gpt-4o'), 'openai'],
    ['cached', () => openai('cached').responses('gpt-4o'), 'openai'],
    ['reasoning', () => openai('reasoning').chat('gpt-5'), 'openai'],
    ['cache_write', () => anthropic('cache_write')('claude-sonnet-4-5'), 'anthropic'],
  ] as const)('has the usage of what the vendor bills, scenario %s', async (_, make, provider) => {
    const lab = observeLab();
    const result = await ai.generateText({ model: lab.observe(make()), prompt, maxRetries: 0 });
    const [{ call }] = lab.calls as [(typeof lab.calls)[0]];
    const bill = vendor.bills.at(-1)!;
    expect(bucketsOf(call)).toEqual(bill.usage);
    expect(call).toMatchObject({ provider, requestModel: bill.requestModel, responseModel: bill.responseModel, operation: 'chat' });
    expect(result.text).not.toBe('');
    expect(lab.failures).toEqual([]);
  });

  it('streams the same text', async () => {
    const lab = observeLab();
    const texts: string[] = [];
    for (const model of [openai().chat('gpt-4o'), lab.observe(openai().chat('gpt-4o'))]) {
      let text = '';
      for await (const part of ai.streamText({ model, prompt, maxRetries: 0 }).textStream) text += part;
      texts.push(text);
    }
    expect(texts[1]).toBe(texts[0]);
    const [{ call }] = lab.calls as [(typeof lab.calls)[0]];
    expect(call).toMatchObject({ streamed: true, usageMissing: false });
    expect(call.timeToFirstChunk).toBeGreaterThan(0);
    expect(bucketsOf(call)).toEqual(vendor.bills.at(-1)!.usage);
  });

  it('embeds', async () => {
    const lab = observeLab();
    await ai.embed({ model: lab.observe(openai().embeddingModel('text-embedding-3-small')), value: 'hello' });
    expect(lab.calls.map(({ call }) => [call.level, bucketsOf(call)])).toEqual([['embeddings', vendor.bills.at(-1)!.usage]]);
  });

  it.each(['rate_limited', 'failed'] as const)('fails with the same error, scenario %s', async (scenario) => {
    const lab = observeLab();
    const errors = await Promise.all(
      [openai(scenario).chat('gpt-4o'), lab.observe(openai(scenario).chat('gpt-4o'))].map((model) =>
        ai.generateText({ model, prompt, maxRetries: 0 }).then(
          () => undefined,
          (error: Error) => error,
        ),
      ),
    );
    expect(errors[1]!.constructor).toBe(errors[0]!.constructor);
    expect(errors[1]!.message).toBe(errors[0]!.message);
    expect(lab.calls.map(({ call }) => call.errorType)).toEqual([scenario === 'failed' ? '500' : '429']);
  });

  it('may be left in the middle of a stream', async () => {
    const lab = observeLab();
    const { stream } = await lab
      .observe(openai().chat('gpt-4o'))
      .doStream({ prompt: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }] });
    const reader = stream.getReader();
    await reader.read();
    await reader.cancel();
    expect(lab.calls.map(({ call }) => [call.errorType, call.usageMissing])).toEqual([['', false]]);
  });
});

describe('The functions of ai, wrapped', () => {
  it('observe the models that they are given, each call by itself', async () => {
    const lab = observeLab();
    const { generateText, streamText, embed, stepCountIs, tool, jsonSchema } = wrapAI(ai, lab.observer);
    const lookup = tool({ description: 'looks up', inputSchema: jsonSchema({ type: 'object', properties: {} }), execute: () => 'found' });
    const result = await generateText({
      model: openai('tool').chat('gpt-4o'),
      prompt,
      tools: { lookup },
      stopWhen: stepCountIs(3),
      maxRetries: 0,
    });
    expect(result.steps).toHaveLength(2);
    expect(lab.calls.map(({ call }) => bucketsOf(call))).toEqual(vendor.bills.slice(-2).map(({ usage }) => usage));
    const stream = streamText({ model: openai().chat('gpt-4o'), prompt });
    await stream.consumeStream();
    await embed({ model: openai().embeddingModel('text-embedding-3-small'), value: 'hello' });
    expect(lab.calls.map(({ call }) => call.operation)).toEqual(['chat', 'chat', 'chat', 'embeddings']);
  });

  it('resolve a model that is named as ai does', async () => {
    const lab = observeLab();
    const place = globalThis as { AI_SDK_DEFAULT_PROVIDER?: unknown };
    place.AI_SDK_DEFAULT_PROVIDER = openai();
    try {
      await wrapAI(ai, lab.observer).generateText({ model: 'gpt-4o', prompt });
    } finally {
      delete place.AI_SDK_DEFAULT_PROVIDER;
    }
    expect(lab.calls.map(({ call }) => call.requestModel)).toEqual(['gpt-4o']);
  });
});
