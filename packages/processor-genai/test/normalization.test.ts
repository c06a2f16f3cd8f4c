import { Call, readCall, tokenKinds } from '@millrace/genai';
import { describe, expect, it } from '@jest/globals';
import { dialects } from './dialects.ts';
import { after, attributesOf, pass, plainOf, processor, spanAfter, spanOf, spanRequest } from './run.ts';
import type { Json } from './run.ts';

const emits = ['latest', '1.37', '1.36', 'keep'] as const;
const everything = Object.entries(dialects).flatMap(([name, attributes]) => emits.map((emit) => [name, emit, attributes] as const));

/** What the canonical record says of attributes. */
function meaning(attributes: Readonly<Record<string, unknown>>): object {
  const call = readCall(attributes, new Call());
  const usage = Object.fromEntries(tokenKinds.map((kind) => [kind, call.usage.get(kind)]));
  const { level, operation, provider, model, conversation, streamed, timeToFirstChunk } = call;
  return { level, operation, provider, model, conversation, streamed, timeToFirstChunk, known: call.usage.known, usage };
}

function withoutOurs(attributes: Record<string, Json>): Record<string, Json> {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !name.startsWith('millrace.')));
}

describe.each(everything)('A span of %s emitted as %s', (_, emit, attributes) => {
  const settings = { emit, prices: {} };

  it('means the same, with and without what millrace adds', async () => {
    const output = await after(settings, attributes);
    expect(meaning(output)).toEqual(meaning(attributes as Record<string, unknown>));
    expect(meaning(withoutOurs(output))).toEqual(meaning(attributes as Record<string, unknown>));
  });

  it('does not change when it comes by again', async () => {
    const visitor = await processor({ ...settings, content: { max_part_bytes: 8 }, cost: { mirror: 'draft' }, rename_spans: true });
    const once = pass(visitor, 'traces', spanRequest(attributesOf(attributes)));
    expect(pass(visitor, 'traces', once)).toEqual(once);
  });

  it('keeps its originals when asked to', async () => {
    const output = await after({ ...settings, remove_originals: false }, attributes);
    for (const name of Object.keys(attributes)) expect(output).toHaveProperty([name]);
  });
});

describe('Names of a generation', () => {
  const openTelemetry = dialects['OpenTelemetry 1.40']!;

  it('latest are those of semantic-conventions-genai', async () => {
    expect(await after({ emit: 'latest' }, openTelemetry)).toMatchObject({
      'gen_ai.provider.name': 'anthropic',
      'gen_ai.usage.cache_write.input_tokens': 100,
    });
    expect(await after({ emit: 'latest' }, openTelemetry)).not.toHaveProperty(['gen_ai.usage.cache_creation.input_tokens']);
  });

  it('1.36 are those before: system, prompt, completion', async () => {
    const output = await after({ emit: '1.36' }, openTelemetry);
    expect(output).toMatchObject({
      'gen_ai.system': 'anthropic',
      'gen_ai.usage.input_tokens': 1000,
      'gen_ai.prompt': '[{"role":"user","parts":[{"type":"text","content":"Hello"}]}]',
      'gen_ai.usage.cache_creation.input_tokens': 100,
    });
    expect(output).not.toHaveProperty(['gen_ai.provider.name']);
    expect(output).not.toHaveProperty(['gen_ai.input.messages']);
  });

  it('1.36 calls a provider as it did', async () => {
    const attributes = { 'gen_ai.provider.name': 'x_ai', 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'grok-4' };
    expect(await after({ emit: '1.36' }, attributes)).toMatchObject({ 'gen_ai.system': 'xai' });
    expect(await after({ emit: 'latest' }, { ...attributes, 'gen_ai.system': 'xai' })).toMatchObject({ 'gen_ai.provider.name': 'x_ai' });
  });

  it('are never written with keep', async () => {
    const attributes = dialects['Vercel AI SDK']!;
    const output = await after({ emit: 'keep' }, attributes);
    expect(output).toMatchObject(attributes);
    expect(Object.keys(output).filter((name) => name.startsWith('gen_ai.'))).toEqual([]);
    expect(output).toMatchObject({ 'millrace.usage.input': 400, 'millrace.usage.cache_read': 600, 'millrace.usage.output': 200 });
  });
});

describe('Every modality of usage', () => {
  it('has its own attribute, and cached parts count in both', async () => {
    const output = await after(
      { emit: 'latest' },
      {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'openai',
        'gen_ai.request.model': 'gpt-4o-audio',
        'millrace.usage.input': 10,
        'millrace.usage.input_audio': 20,
        'millrace.usage.cache_read_audio': 5,
        'millrace.usage.output': 3,
        'millrace.usage.output_audio': 4,
        'millrace.usage.total': 42,
      },
    );
    expect(output).toMatchObject({
      'gen_ai.usage.input_tokens': 35,
      'gen_ai.usage.output_tokens': 7,
      'gen_ai.usage.audio.input_tokens': 25,
      'gen_ai.usage.audio.cache_read.input_tokens': 5,
      'gen_ai.usage.cache_read.input_tokens': 5,
      'gen_ai.usage.audio.output_tokens': 4,
    });
  });
});

describe('Steps around calls', () => {
  it('of OpenInference keep what went in and came out', async () => {
    const tool = {
      'openinference.span.kind': 'TOOL',
      'tool.name': 'search',
      'input.value': '{"q":"x"}',
      'output.value': 'found',
      'input.mime_type': 'application/json',
    };
    expect(withoutOurs(await after({}, tool))).toEqual({
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'search',
      'gen_ai.tool.call.arguments': '{"q":"x"}',
      'gen_ai.tool.call.result': 'found',
    });
    const agent = {
      'openinference.span.kind': 'AGENT',
      'agent.name': 'planner',
      'input.value': 'Book a table',
      'output.value': '{"answer":"done"}',
    };
    expect(withoutOurs(await after({}, agent))).toEqual({
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.name': 'planner',
      'gen_ai.input.messages': '[{"role":"user","parts":[{"type":"text","content":"Book a table"}]}]',
      'gen_ai.output.messages': '[{"role":"assistant","parts":[{"type":"text","content":"{\\"answer\\":\\"done\\"}"}]}]',
    });
  });

  it('of retrieval keep the documents', async () => {
    const output = await after(
      {},
      {
        'openinference.span.kind': 'RETRIEVER',
        'input.value': 'opening hours',
        'retrieval.documents.0.document.id': 'd1',
        'retrieval.documents.0.document.score': 0.5,
        'retrieval.documents.1.document.id': 'd2',
        'retrieval.documents.1.document.content': 'Open at nine',
      },
    );
    expect(output).toMatchObject({
      'gen_ai.operation.name': 'retrieval',
      'gen_ai.retrieval.query.text': 'opening hours',
      'gen_ai.retrieval.documents': '[{"id":"d1","score":0.5},{"id":"d2","content":"Open at nine"}]',
    });
  });

  it('have usage but no cost, since their calls have it', async () => {
    const output = await after(
      { prices: {} },
      {
        'gen_ai.operation.name': 'invoke_agent',
        'gen_ai.provider.name': 'openai',
        'gen_ai.request.model': 'gpt-4o',
        'gen_ai.usage.input_tokens': 5,
        'gen_ai.usage.output_tokens': 5,
      },
    );
    expect(output).toMatchObject({ 'millrace.usage.total': 10 });
    expect(output).not.toHaveProperty(['millrace.cost.status']);
  });
});

describe('Names that others use too', () => {
  it('stay on spans that are not of OpenInference', async () => {
    const attributes = {
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'gpt-4o',
      'tool.name': 'hammer',
      'input.value': 'x',
      'session.id': 's',
    };
    expect(await after({}, attributes)).toMatchObject({ 'tool.name': 'hammer', 'input.value': 'x', 'session.id': 's' });
  });
});

describe('What millrace has no name for', () => {
  it('stays, whatever dialect it is in', async () => {
    const output = await after({}, { ...dialects['OpenInference']!, 'llm.prompt_template.version': 'v2', metadata: '{"a":1}' });
    expect(output).toMatchObject({ 'llm.prompt_template.version': 'v2', metadata: '{"a":1}' });
  });

  it('keeps parameters together when one of them has no name', async () => {
    const given = '{"temperature": 1, "logit_bias": {"50256": -100}}';
    const output = await after({}, { 'openinference.span.kind': 'LLM', 'llm.model_name': 'gpt-4o', 'llm.invocation_parameters': given });
    expect(output).toMatchObject({ 'gen_ai.request.temperature': 1, 'llm.invocation_parameters': given });
  });
});

describe('A span that is no operation of generative AI', () => {
  it('is passed on as it is', async () => {
    const visitor = await processor({ content: { policy: 'drop' } });
    const request = spanRequest(attributesOf({ 'http.route': '/', 'input.value': 'x', 'session.id': 's', prompt: 'y' }));
    expect(spanOf(pass(visitor, 'traces', request))).toEqual(spanOf(request));
  });
});

describe('rename_spans', () => {
  it.each([
    [{ 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'gpt-4o' }, 'chat gpt-4o'],
    [{ 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'search' }, 'execute_tool search'],
    [{ 'gen_ai.operation.name': 'invoke_agent' }, 'invoke_agent'],
  ])('names %j %s, and only when it is on', async (attributes, name) => {
    expect((await spanAfter({ rename_spans: true }, attributes)).name).toBe(name);
    expect((await spanAfter({}, attributes)).name).toBe('span');
  });
});

describe('Bad input', () => {
  const llm = { 'openinference.span.kind': 'LLM', 'llm.model_name': 'gpt-4o' };

  it.each<[string, object]>([
    ['an index without fields', { 'llm.input_messages.0.': 'x', 'llm.input_messages.1.message': 'y' }],
    ['a path through a value', { 'llm.input_messages.0.message.content': 'x', 'llm.input_messages.0.message.content.deeper': 'y' }],
    ['names of prototypes', { 'llm.input_messages.0.__proto__.x': 'x', 'llm.input_messages.0.message.constructor': 'y' }],
    ['a very deep path', { [`llm.input_messages.0.${'a.'.repeat(60)}b`]: 'x' }],
    ['a map where JSON is due', { 'llm.invocation_parameters': { temperature: 1 } }],
    ['broken JSON', { 'llm.invocation_parameters': '{"temperature":', 'input.value': '[{' }],
    ['deep JSON', { 'input.value': '['.repeat(5000) + ']'.repeat(5000), 'output.value': `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}` }],
    ['numbers for texts', { 'llm.input_messages.0.message.role': 5, 'llm.input_messages.0.message.content': 7, 'session.id': 9 }],
    ['texts for numbers', { 'llm.token_count.prompt': 'many', 'llm.token_count.completion': '12' }],
    ['numbers that are none', { 'llm.token_count.prompt': -5, 'llm.top_k': 1.5e-300, 'llm.temperature': 'warm' }],
  ])('of %s throws nothing, loses no span, and settles', async (_, attributes) => {
    for (const emit of emits) {
      const visitor = await processor({ emit, prices: {}, content: { max_part_bytes: 10 } });
      const once = pass(visitor, 'traces', spanRequest(attributesOf({ ...llm, ...attributes })));
      expect(plainOf(spanOf(once).attributes)).toHaveProperty(['millrace.model.family'], 'gpt-4o');
      expect(pass(visitor, 'traces', once)).toEqual(once);
    }
  });
});
