import { testContext } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { dialects } from './dialects.ts';
import { after, attributesOf, logAfter, pass, plainOf, processor, spanAfter, spanOf, spanRequest } from './run.ts';
import type { Json } from './run.ts';

const chat = { 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'openai', 'gen_ai.request.model': 'gpt-4o' };

/** The attribute of a chat span that had it, cut to 10 bytes. */
async function cut(name: string, value: unknown): Promise<Record<string, Json>> {
  return after({ content: { max_part_bytes: 10 } }, { ...chat, [name]: value });
}

describe('max_part_bytes', () => {
  it('cuts each part of messages in JSON, and says how long it was', async () => {
    const messages = [
      {
        role: 'user',
        parts: [
          { type: 'text', content: 'a'.repeat(100) },
          { type: 'text', content: 'short' },
        ],
      },
      { role: 'assistant', parts: [{ type: 'tool_call', id: 'call_1', name: 'find', arguments: { query: 'b'.repeat(50), limit: 5 } }] },
    ];
    const output = await cut('gen_ai.input.messages', JSON.stringify(messages));
    expect(JSON.parse(output['gen_ai.input.messages'])).toEqual([
      {
        role: 'user',
        parts: [
          { type: 'text', content: 'aaaaaaaaaa', original_size: 100 },
          { type: 'text', content: 'short' },
        ],
      },
      {
        role: 'assistant',
        parts: [{ type: 'tool_call', id: 'call_1', name: 'find', arguments: { query: 'bbbbbbbbbb', limit: 5, original_size: 50 } }],
      },
    ]);
  });

  it('leaves everything else in JSON as it is written', async () => {
    const given = '[ {"id":12345678901234567890, "score": 1.0e2,"k":1,"k":2, "content": "0123456789abc", "e":"\\u00e9"} ]';
    const output = await cut('gen_ai.tool.call.result', given);
    expect(output['gen_ai.tool.call.result']).toBe(
      '[ {"id":12345678901234567890, "score": 1.0e2,"k":1,"k":2, "content": "0123456789", "e":"\\u00e9" ,"original_size":13} ]'.replace(
        ' ,',
        ',',
      ),
    );
  });

  it('cuts parts of structured messages', async () => {
    const output = await cut('gen_ai.input.messages', [{ role: 'user', parts: [{ type: 'text', content: 'a'.repeat(100), n: 1 }] }]);
    expect(output['gen_ai.input.messages']).toEqual([
      { role: 'user', parts: [{ type: 'text', content: 'a'.repeat(10), n: 1, original_size: 100 }] },
    ]);
  });

  it('leaves roles, types and names whole, but not without a limit', async () => {
    const message = { role: 'system_of_the_house', parts: [{ type: 'a_type_of_its_own', content: 'x' }], name: 'n'.repeat(300) };
    const kept = { ...message, name: 'n'.repeat(256), original_size: 300 };
    expect(JSON.parse((await cut('gen_ai.input.messages', JSON.stringify([message])))['gen_ai.input.messages'])).toEqual([kept]);
    expect((await cut('gen_ai.input.messages', [message]))['gen_ai.input.messages']).toEqual([kept]);
  });

  it('cuts between characters', async () => {
    const output = await cut('gen_ai.system_instructions', `[{"type":"text","content":"${'€'.repeat(5)}"}]`);
    expect(output['gen_ai.system_instructions']).toBe('[{"type":"text","content":"€€€","original_size":15}]');
  });

  it('looks into JSON inside of JSON', async () => {
    const output = await cut('gen_ai.tool.call.arguments', JSON.stringify({ body: JSON.stringify({ text: 'x'.repeat(20) }) }));
    expect(JSON.parse(JSON.parse(output['gen_ai.tool.call.arguments']).body)).toEqual({ text: 'x'.repeat(10), original_size: 20 });
  });

  it('says beside it how long a text of its own was', async () => {
    const output = await cut('gen_ai.tool.call.result', '[not JSON, but long');
    expect(output).toMatchObject({ 'gen_ai.tool.call.result': '[not JSON,', 'gen_ai.tool.call.result.original_size': 19 });
    expect(await cut('gen_ai.tool.call.result', ['y'.repeat(11)])).toMatchObject({
      'gen_ai.tool.call.result': ['y'.repeat(10)],
      'gen_ai.tool.call.result.original_size': 11,
    });
  });

  it('cuts only content', async () => {
    expect(await cut('gen_ai.agent.description', 'An agent for everything')).toMatchObject({
      'gen_ai.agent.description': 'An agent for everything',
    });
  });

  it('cuts events, and bodies of log records that carry content', async () => {
    const events = [{ name: 'gen_ai.content.prompt', attributes: attributesOf({ 'gen_ai.prompt': 'p'.repeat(30) }) }];
    const span = await spanAfter({ content: { max_part_bytes: 10 } }, chat, { events });
    expect(plainOf(span.events[0].attributes)).toEqual({ 'gen_ai.prompt': 'p'.repeat(10), 'gen_ai.prompt.original_size': 30 });
    const log = await logAfter(
      { content: { max_part_bytes: 10 } },
      { eventName: 'gen_ai.user.message', body: { content: 'c'.repeat(30) } },
    );
    expect(log.body).toEqual({ content: 'c'.repeat(10), original_size: 30 });
    const text = await logAfter({ content: { max_part_bytes: 10 } }, { eventName: 'gen_ai.user.message', body: 'c'.repeat(30) });
    expect(text).toMatchObject({ body: 'c'.repeat(10), attributes: { 'millrace.body.original_size': 30 } });
  });

  it('of 0 cuts nothing', async () => {
    const value = 'z'.repeat(100_000);
    expect(await after({}, { ...chat, 'gen_ai.tool.call.result': value })).toMatchObject({ 'gen_ai.tool.call.result': value });
  });
});

describe.each(Object.entries(dialects))('The content of %s', (_, attributes) => {
  const contents = ['Hello', 'What is the weather?', 'Paris', 'Sunny.', 'Let me look', 'Be brief', 'sky.png', 'rainy'];

  it.each(['latest', '1.36', 'keep'])('is gone with policy drop, and usage is not, emitted as %s', async (emit) => {
    const output = await after({ emit, content: { policy: 'drop' } }, attributes);
    const text = JSON.stringify(output);
    for (const content of contents) expect(text).not.toContain(content);
    expect(output).toMatchObject({ 'millrace.usage.total': 1200 });
  });

  it.each(['latest', 'keep'])('is masked with policy redact, once and for all, emitted as %s', async (emit) => {
    const visitor = await processor({ emit, content: { policy: 'redact' } });
    const once = pass(visitor, 'traces', spanRequest(attributesOf(attributes)));
    const text = JSON.stringify(once);
    for (const content of contents) expect(text).not.toContain(content);
    expect(pass(visitor, 'traces', once)).toEqual(once);
  });
});

describe('policy', () => {
  it('redact writes **** like processor redaction', async () => {
    const output = await after(
      { content: { policy: 'redact' } },
      { ...chat, 'gen_ai.input.messages': 'secret', 'gen_ai.tool.call.arguments': { a: 1 } },
    );
    expect(output).toMatchObject({ 'gen_ai.input.messages': '****', 'gen_ai.tool.call.arguments': '****' });
  });

  it('holds for bodies of events, and for events of spans', async () => {
    const event = {
      eventName: 'gen_ai.user.message',
      body: { content: 'secret' },
      attributes: { 'gen_ai.system': 'openai', content: 'secret' },
    };
    const dropped = await logAfter({ content: { policy: 'drop' } }, event);
    expect(JSON.stringify(dropped)).not.toContain('secret');
    expect(await logAfter({ content: { policy: 'redact' } }, event)).toMatchObject({ body: '****' });
    const events = [{ name: 'gen_ai.content.prompt', attributes: attributesOf({ 'gen_ai.prompt': 'secret' }) }];
    expect(JSON.stringify(await spanAfter({ content: { policy: 'drop' } }, chat, { events }))).not.toContain('secret');
  });

  it('does not touch log records that carry no content', async () => {
    const log = { body: 'plain', attributes: { prompt: 'x' } };
    expect(await logAfter({ content: { policy: 'drop' } }, log)).toMatchObject(log);
  });
});

describe('Log records of operations', () => {
  it('get structured messages', async () => {
    const out = await logAfter(
      {},
      {
        eventName: 'gen_ai.client.inference.operation.details',
        attributes: {
          'gen_ai.operation.name': 'chat',
          'gen_ai.system': 'openai',
          'gen_ai.request.model': 'gpt-4o',
          'gen_ai.prompt': '[{"role":"user","content":"Hello","n":1}]',
          'gen_ai.usage.input_tokens': 3,
          'gen_ai.usage.output_tokens': 4,
        },
      },
    );
    expect(out.attributes).toMatchObject({
      'gen_ai.provider.name': 'openai',
      'gen_ai.input.messages': [{ role: 'user', parts: [{ type: 'text', content: 'Hello' }] }],
      'millrace.usage.total': 7,
    });
  });
});

describe('Own metrics', () => {
  it('count operations, cut parts, missing usage and models without a price', async () => {
    const context = testContext({ id: 'genai', signal: 'traces' });
    const { readings, meter } = readableMeter();
    const visitor = await processor({ content: { max_part_bytes: 10 }, usage: { estimate: true } }, { ...context, meter } as never);
    const run = (attributes: object): Json => spanOf(pass(visitor, 'traces', spanRequest(attributesOf(attributes))));
    run(dialects['OpenInference']!);
    run(dialects['Vercel AI SDK']!);
    run({ 'http.route': '/' });
    run({
      ...chat,
      'gen_ai.tool.call.result': 'x'.repeat(20),
      'gen_ai.input.messages': '[{"role":"user","parts":[{"type":"text","content":"hi"}]}]',
    });
    run(chat);
    const read = readings();
    expect(read['processor_genai_operations']).toEqual([
      [1, { processor: 'genai', 'otel.signal': 'traces', dialect: 'openinference' }],
      [1, { processor: 'genai', 'otel.signal': 'traces', dialect: 'vercel' }],
      [2, expect.objectContaining({ dialect: expect.stringContaining('semconv') })],
    ]);
    expect(read['processor_genai_usage_missing']).toEqual([
      [1, expect.objectContaining({ estimated: false })],
      [1, expect.objectContaining({ estimated: true })],
    ]);
    expect(read['processor_genai_unpriced_calls']!.length).toBeGreaterThan(0);
    expect(read['processor_genai_truncated_parts']![0]![0]).toBeGreaterThan(0);
  });
});

/** A meter whose observable instruments can be read. */
function readableMeter(): { meter: unknown; readings: () => Record<string, [number, object][]> } {
  const callbacks: [string, (result: { observe(value: number, attributes: object): void }) => void][] = [];
  const meter = { createObservableCounter: (name: string) => ({ addCallback: (callback: never) => callbacks.push([name, callback]) }) };
  const readings = (): Record<string, [number, object][]> => {
    const all: Record<string, [number, object][]> = {};
    for (const [name, callback] of callbacks) callback({ observe: (value, attributes) => (all[name] ??= []).push([value, attributes]) });
    return all;
  };
  return { meter, readings };
}
