import OpenAI, { APIUserAbortError, RateLimitError } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startFakeVendor } from '../../../test/fake-vendor.ts';
import type { FakeVendor, Scenario } from '../../../test/fake-vendor.ts';
import { bucketsOf, observeLab } from './observe-lab.ts';

let vendor: FakeVendor;
beforeAll(async () => {
  vendor = await startFakeVendor();
});
afterAll(() => vendor.close());

const clientAt = (scenario: Scenario = 'plain'): OpenAI =>
  new OpenAI({ apiKey: 'key', baseURL: `${vendor.at(scenario)}/v1`, maxRetries: 0 });
const messages = [{ role: 'user' as const, content: 'secret words' }];
const model = 'gpt-4o';

describe('A client of openai', () => {
  it.each(['plain', 'cached', 'reasoning', 'audio', 'tool'] as const)(
    'has the usage of what the vendor bills, scenario %s',
    async (scenario) => {
      const lab = observeLab();
      const client = lab.observe(clientAt(scenario));
      const completion = await client.chat.completions.create({ model, messages });
      const bill = vendor.bills.at(-1)!;
      const [{ call, durationMs }] = lab.calls as [(typeof lab.calls)[0]];
      expect(bucketsOf(call)).toEqual(bill.usage);
      expect(call).toMatchObject({
        level: 'inference',
        operation: 'chat',
        provider: 'openai',
        requestModel: model,
        responseModel: completion.model,
        errorType: '',
        streamed: false,
        usageMissing: false,
        serverAddress: '127.0.0.1',
      });
      expect(durationMs).toBeGreaterThan(0);
      expect(lab.failures).toEqual([]);
    },
  );

  it('gives back exactly what it gave without', async () => {
    const lab = observeLab();
    const plain = clientAt();
    const observed = lab.observe(clientAt());
    expect(lab.observe(observed)).toBe(observed);
    const answers = await Promise.all([plain, observed].map((client) => client.chat.completions.create({ model, messages })));
    const comparable = answers.map(({ object, model: answered, choices }) => ({ object, answered, choices }));
    expect(comparable[0]).toEqual(comparable[1]);
    expect(answers[1]!._request_id).toBe(`req_${vendor.bills.length}`);
    const promise = observed.chat.completions.create({ model, messages });
    expect(promise.constructor.name).toBe('APIPromise');
    const { data, response, request_id: id } = await promise.withResponse();
    expect([data.object, response.status, id]).toEqual(['chat.completion', 200, `req_${vendor.bills.length}`]);
    expect(lab.calls).toHaveLength(2);
  });

  it('leaves the body to who asks for the raw response', async () => {
    const lab = observeLab();
    const response = await lab.observe(clientAt()).chat.completions.create({ model, messages }).asResponse();
    expect(await response.json()).toMatchObject({ object: 'chat.completion' });
    expect(lab.calls.map(({ call }) => [call.usage.known, call.errorType, call.usageMissing])).toEqual([[false, '', false]]);
  });

  it.each([true, false])('streams the same parts, with usage asked for: %s', async (include) => {
    const lab = observeLab();
    const parameters = { model, messages, stream: true as const, ...(include && { stream_options: { include_usage: true } }) };
    const read = async (client: OpenAI): Promise<unknown[]> => {
      const parts: unknown[] = [];
      const stream = await client.chat.completions.create(parameters);
      expect(stream.constructor.name).toBe('Stream');
      for await (const { choices } of stream) parts.push(choices);
      return parts;
    };
    expect(await read(lab.observe(clientAt()))).toEqual(await read(clientAt()));
    const [{ call }] = lab.calls as [(typeof lab.calls)[0]];
    expect(call).toMatchObject({ streamed: true, responseModel: 'gpt-4o-2024-08-06', usageMissing: !include, errorType: '' });
    expect(call.timeToFirstChunk).toBeGreaterThan(0);
    expect(bucketsOf(call)).toEqual(include ? vendor.bills.at(-2)!.usage : {});
    expect(lab.spans[0]!.attributes).toMatchObject({ 'gen_ai.response.finish_reasons': ['stop'] });
  });

  it('observes tee, toReadableStream and the helpers that stream, parse and run tools', async () => {
    const lab = observeLab();
    const client = lab.observe(clientAt());
    const parameters = { model, messages, stream: true as const, stream_options: { include_usage: true } };
    const [left, right] = (await client.chat.completions.create(parameters)).tee();
    let parts = 0;
    for await (const _ of left) parts++;
    for await (const _ of right) parts--;
    expect(parts).toBe(0);
    let text = '';
    for await (const chunk of (await client.chat.completions.create(parameters)).toReadableStream())
      text += new TextDecoder().decode(chunk as Uint8Array);
    expect(text).toContain('chat.completion.chunk');
    const runner = client.chat.completions.stream({ model, messages, stream_options: { include_usage: true } });
    expect((await runner.finalChatCompletion()).object).toBe('chat.completion');
    const parsed = await client.chat.completions.parse({ model, messages });
    expect(parsed.choices).toHaveLength(1);
    expect(lab.calls.map(({ call }) => [call.usage.known, call.errorType])).toEqual(
      ['tee', 'readable', 'stream', 'parse'].map(() => [true, '']),
    );
    expect(lab.failures).toEqual([]);
  });

  it('observes responses, embeddings and completions', async () => {
    const lab = observeLab();
    const client = lab.observe(clientAt('cached'));
    await client.responses.create({ model, input: 'hello' });
    const bills = [vendor.bills.at(-1)!];
    for await (const _ of await client.responses.create({ model, input: 'hello', stream: true })) void _;
    bills.push(vendor.bills.at(-1)!);
    await client.embeddings.create({ model: 'text-embedding-3-small', input: 'hello' });
    bills.push(vendor.bills.at(-1)!);
    await client.completions.create({ model: 'gpt-3.5-turbo-instruct', prompt: 'hello' });
    bills.push(vendor.bills.at(-1)!);
    expect(lab.calls.map(({ call }) => [call.operation, call.level, call.streamed, bucketsOf(call)])).toEqual(
      bills.map(({ operation, streamed, usage }) => [operation, operation === 'embeddings' ? 'embeddings' : 'inference', streamed, usage]),
    );
  });

  it.each([
    ['rate_limited', 429],
    ['failed', 500],
  ] as const)('throws the same error, scenario %s', async (scenario, status) => {
    const lab = observeLab();
    const errors = await Promise.all(
      [clientAt(scenario), lab.observe(clientAt(scenario))].map((client) =>
        client.chat.completions.create({ model, messages }).then(
          () => undefined,
          (error: Error) => error,
        ),
      ),
    );
    expect(errors[1]!.constructor).toBe(errors[0]!.constructor);
    expect(errors[1]).toMatchObject({ status, message: errors[0]!.message });
    if (status === 429) expect(errors[1]).toBeInstanceOf(RateLimitError);
    expect(lab.calls.map(({ call }) => call.errorType)).toEqual([String(status)]);
    expect(lab.spans[0]!.status).toEqual({ code: 2 });
  });

  it('throws what breaks a stream, and records it', async () => {
    const lab = observeLab();
    const client = lab.observe(clientAt('cut'));
    const stream = await client.chat.completions.create({ model, messages, stream: true });
    await expect(
      (async () => {
        for await (const _ of stream) void _;
      })(),
    ).rejects.toThrow();
    expect(lab.calls).toHaveLength(1);
    expect(lab.calls[0]!.call.errorType).not.toBe('');
  });

  it('is aborted as before', async () => {
    const lab = observeLab();
    const client = lab.observe(clientAt());
    const aborted = AbortSignal.abort();
    await expect(client.chat.completions.create({ model, messages }, { signal: aborted })).rejects.toThrow(APIUserAbortError);
    expect(lab.calls.map(({ call }) => call.errorType)).toEqual(['APIUserAbortError']);
    const stream = await client.chat.completions.create({ model, messages, stream: true });
    for await (const _ of stream) break;
    const controlled = await client.chat.completions.create({ model, messages, stream: true });
    for await (const _ of controlled) controlled.controller.abort();
    expect(lab.calls.slice(1).map(({ call }) => [call.errorType, call.usageMissing])).toEqual([
      ['', false],
      ['', false],
    ]);
  });

  it('observes the clients that withOptions makes, and knows who answers', async () => {
    const lab = observeLab();
    const client = lab.observe(clientAt()).withOptions({ timeout: 9_000 });
    await client.chat.completions.create({ model, messages });
    const other = lab.observe(clientAt(), { provider: 'groq', team: 'search', task: 'rank', user: 'u1', conversation: 'c1' });
    await other.chat.completions.create({ model, messages });
    expect(lab.calls.map(({ call }) => call.provider)).toEqual(['openai', 'groq']);
    expect(lab.calls[1]!.call).toMatchObject({ team: 'search', task: 'rank', user: 'u1', conversation: 'c1' });
  });

  it('never reads contents unless it is asked to', async () => {
    const lab = observeLab();
    await lab.observe(clientAt()).chat.completions.create({ model, messages });
    expect(JSON.stringify([lab.calls, lab.spans.map(({ attributes }) => attributes)])).not.toContain('secret words');
    const keeping = observeLab();
    const client = keeping.observe(clientAt(), { content: 'keep' });
    const answer = await client.chat.completions.create({ model, messages });
    for await (const _ of await client.chat.completions.create({ model, messages, stream: true })) void _;
    for (const { attributes } of keeping.spans) {
      expect(attributes['gen_ai.input.messages']).toContain('secret words');
      expect(attributes['gen_ai.output.messages']).toContain(JSON.stringify(answer.choices[0]!.message.content).slice(1, -1));
    }
  });

  it('is not affected when observing fails', async () => {
    const lab = observeLab();
    const broken = {
      ...lab.observer,
      tracing: undefined as never,
      record: () => {
        throw new Error('no');
      },
    };
    const { observe } = await import('../src/observe/observe.ts');
    const answer = await observe(clientAt(), broken).chat.completions.create({ model, messages });
    expect(answer.object).toBe('chat.completion');
    expect(lab.failures.length).toBeGreaterThan(0);
  });

  it('is told from what is none', () => {
    expect(() => observeLab().observe({ some: 'object' })).toThrow('observe() takes a client of openai or @anthropic-ai/sdk');
  });
});
