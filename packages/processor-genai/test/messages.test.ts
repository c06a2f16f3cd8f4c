import { describe, expect, it } from '@jest/globals';
import { after, attributesOf, pass, processor, spanOf, spanRequest } from './run.ts';
import type { Json } from './run.ts';

const call = { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'm' };

/** The messages that a prompt or answer becomes. */
async function messagesOf(value: unknown, from = 'gen_ai.prompt', to = 'gen_ai.input.messages'): Promise<Json> {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return JSON.parse((await after({}, { ...call, [from]: text }))[to]);
}

const answerOf = (value: unknown): Promise<Json> => messagesOf(value, 'gen_ai.completion', 'gen_ai.output.messages');

/** The parts that the content of one message becomes. */
async function partsOf(content: unknown, role = 'user'): Promise<Json> {
  return (await messagesOf([{ role, content }]))[0].parts;
}

describe('The blocks of', () => {
  it.each<[string, unknown, unknown]>([
    ['OpenAI: text', { type: 'text', text: 'a' }, { type: 'text', content: 'a' }],
    ['OpenAI: input_text', { type: 'input_text', text: 'a' }, { type: 'text', content: 'a' }],
    ['OpenAI: refusal', { type: 'refusal', refusal: 'no' }, { type: 'text', content: 'no' }],
    [
      'OpenAI: image_url',
      { type: 'image_url', image_url: { url: 'https://x/y.png' } },
      { type: 'uri', modality: 'image', uri: 'https://x/y.png' },
    ],
    [
      'OpenAI: inline image',
      { type: 'input_image', image_url: 'data:image/png;base64,AAAA' },
      { type: 'blob', modality: 'image', mime_type: 'image/png', content: 'AAAA' },
    ],
    [
      'OpenAI: input_audio',
      { type: 'input_audio', input_audio: { data: 'AAAA', format: 'mp3' } },
      { type: 'blob', modality: 'audio', mime_type: 'audio/mp3', content: 'AAAA' },
    ],
    [
      'OpenAI: function_call',
      { type: 'function_call', call_id: 'c', name: 'f', arguments: '{"a":1}' },
      { type: 'tool_call', id: 'c', name: 'f', arguments: { a: 1 } },
    ],
    [
      'OpenAI: function_call_output',
      { type: 'function_call_output', call_id: 'c', output: 'r' },
      { type: 'tool_call_response', id: 'c', response: 'r' },
    ],
    ['Anthropic: thinking', { type: 'thinking', thinking: 'hm' }, { type: 'reasoning', content: 'hm' }],
    [
      'Anthropic: tool_use',
      { type: 'tool_use', id: 'c', name: 'f', input: { a: 1 } },
      { type: 'tool_call', id: 'c', name: 'f', arguments: { a: 1 } },
    ],
    [
      'Anthropic: tool_result',
      { type: 'tool_result', tool_use_id: 'c', content: 'r' },
      { type: 'tool_call_response', id: 'c', response: 'r' },
    ],
    [
      'Anthropic: image',
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
      { type: 'blob', modality: 'image', mime_type: 'image/png', content: 'AAAA' },
    ],
    [
      'Anthropic: document',
      { type: 'document', source: { type: 'url', url: 'https://x' } },
      { type: 'uri', modality: 'document', uri: 'https://x' },
    ],
    [
      'Vercel: tool-call',
      { type: 'tool-call', toolCallId: 'c', toolName: 'f', input: { a: 1 } },
      { type: 'tool_call', id: 'c', name: 'f', arguments: { a: 1 } },
    ],
    ['Vercel: tool-result', { type: 'tool-result', toolCallId: 'c', output: 'r' }, { type: 'tool_call_response', id: 'c', response: 'r' }],
    [
      'Vercel: typed tool-result',
      { type: 'tool-result', toolCallId: 'c', output: { type: 'json', value: { a: 1 } } },
      { type: 'tool_call_response', id: 'c', response: { a: 1 } },
    ],
    [
      'Vercel: image',
      { type: 'image', image: 'AAAA', mediaType: 'image/png' },
      { type: 'blob', modality: 'image', mime_type: 'image/png', content: 'AAAA' },
    ],
    [
      'Vercel: file',
      { type: 'file', data: 'https://x/a.mp3', mediaType: 'audio/mp3' },
      { type: 'uri', modality: 'audio', mime_type: 'audio/mp3', uri: 'https://x/a.mp3' },
    ],
    ['Vercel: file of no data', { type: 'file', mediaType: 'a/b' }, { type: 'file', mediaType: 'a/b' }],
    ['Gemini: text', { text: 'a' }, { type: 'text', content: 'a' }],
    ['Gemini: thought', { text: 'a', thought: true }, { type: 'reasoning', content: 'a' }],
    ['Gemini: functionCall', { functionCall: { name: 'f', args: { a: 1 } } }, { type: 'tool_call', name: 'f', arguments: { a: 1 } }],
    [
      'Gemini: functionResponse',
      { functionResponse: { name: 'f', response: 'r' } },
      { type: 'tool_call_response', id: 'f', response: 'r' },
    ],
    [
      'Gemini: inlineData',
      { inlineData: { mimeType: 'application/pdf', data: 'AAAA' } },
      { type: 'blob', modality: 'document', mime_type: 'application/pdf', content: 'AAAA' },
    ],
    ['Bedrock: toolUse', { toolUse: { toolUseId: 'c', name: 'f', input: {} } }, { type: 'tool_call', id: 'c', name: 'f', arguments: {} }],
    ['Bedrock: toolResult', { toolResult: { toolUseId: 'c', content: 'r' } }, { type: 'tool_call_response', id: 'c', response: 'r' }],
    ['the conventions', { type: 'reasoning', content: 'hm', x: 1 }, { type: 'reasoning', content: 'hm', x: 1 }],
    ['nobody we know', { type: 'hologram', data: 1 }, { type: 'hologram', data: 1 }],
    ['no shape at all', { a: 1 }, { type: 'text', content: '{"a":1}' }],
  ])('%s become parts', async (_, block, part) => {
    expect(await partsOf([block])).toEqual([part]);
  });

  it('a text that is JSON, but no list of blocks, stay a text', async () => {
    expect(await partsOf('[1,2]')).toEqual([{ type: 'text', content: '[1,2]' }]);
    expect(await partsOf('[{"type":"text","text":"a"},{"type":"text","text":"b"}]')).toEqual([
      { type: 'text', content: 'a' },
      { type: 'text', content: 'b' },
    ]);
    expect(await partsOf(['a', 5])).toEqual([
      { type: 'text', content: 'a' },
      { type: 'text', content: '5' },
    ]);
    expect(await partsOf(null)).toEqual([]);
  });
});

describe('Prompts', () => {
  it.each<[string, unknown]>([
    ['a text', 'Hello'],
    ['OpenAI', { messages: [{ role: 'user', content: 'Hello' }], model: 'm' }],
    ['the Responses API', { input: 'Hello' }],
    ['Gemini', { contents: [{ role: 'user', parts: [{ text: 'Hello' }] }] }],
    ['LangChain', { messages: [[{ lc: 1, kwargs: { type: 'human', content: 'Hello' } }]] }],
    ['one message', { role: 'human', content: 'Hello' }],
    ['a list of texts', ['Hello']],
  ])('in the shape of %s become one message', async (_, prompt) => {
    expect(await messagesOf(prompt)).toEqual([{ role: 'user', parts: [{ type: 'text', content: 'Hello' }] }]);
  });

  it('that are none are one text', async () => {
    expect(await messagesOf({ query: 5 })).toEqual([{ role: 'user', parts: [{ type: 'text', content: '{"query":5}' }] }]);
    expect(await messagesOf([1, 2])).toEqual([{ role: 'user', parts: [{ type: 'text', content: '[1,2]' }] }]);
  });

  it('of the Responses API keep calls of tools and their output', async () => {
    const input = [
      { role: 'user', content: 'Hello' },
      { type: 'reasoning', summary: [] },
      { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c', output: 'r' },
      { type: 'message', content: [{ type: 'output_text', text: 'Hi' }] },
    ];
    expect((await messagesOf({ input })).map(({ role }: Json) => role)).toEqual(['user', 'assistant', 'assistant', 'tool', 'user']);
  });

  it('keep calls of tools, reasoning and names', async () => {
    const messages = [
      {
        role: 'assistant',
        content: null,
        name: 'bot',
        reasoning_content: 'hm',
        tool_calls: [{ id: 'c', function: { name: 'f', arguments: '{"a":1}' } }, 5],
      },
      { role: 'tool', tool_call_id: 'c', content: 'r' },
    ];
    expect(await messagesOf(messages)).toEqual([
      {
        role: 'assistant',
        parts: [
          { type: 'reasoning', content: 'hm' },
          { type: 'tool_call', id: 'c', name: 'f', arguments: { a: 1 } },
        ],
        name: 'bot',
      },
      { role: 'tool', parts: [{ type: 'tool_call_response', id: 'c', response: 'r' }] },
    ]);
  });

  it('say a call of a tool once', async () => {
    const message = {
      role: 'assistant',
      content: [
        { type: 'text', text: 'Let me see.' },
        { type: 'tool_use', id: 'c' },
      ],
      tool_calls: [{ id: 'c', function: { name: 'f', arguments: '{}' } }],
    };
    expect((await messagesOf([message]))[0].parts).toEqual([
      { type: 'text', content: 'Let me see.' },
      { type: 'tool_call', id: 'c', name: 'f', arguments: {} },
    ]);
  });

  it('of the Vercel AI SDK have their instructions apart', async () => {
    const output = await after(
      {},
      { 'ai.operationId': 'ai.generateText', 'ai.model.id': 'm', 'ai.prompt': '{"system":"Be brief.","prompt":"Hello"}' },
    );
    expect(output).toMatchObject({
      'gen_ai.system_instructions': '[{"type":"text","content":"Be brief."}]',
      'gen_ai.input.messages': '[{"role":"user","parts":[{"type":"text","content":"Hello"}]}]',
    });
  });
});

describe('Answers', () => {
  it.each<[string, unknown, object]>([
    ['a text', 'Hi', {}],
    ['OpenAI', { choices: [{ finish_reason: 'stop', message: { role: 'assistant', content: 'Hi' } }] }, { finish_reason: 'stop' }],
    ['Anthropic', { role: 'assistant', content: [{ type: 'text', text: 'Hi' }] }, {}],
    ['Gemini', { candidates: [{ content: { role: 'model', parts: [{ text: 'Hi' }] } }] }, {}],
  ])('in the shape of %s become one message', async (_, answer, more) => {
    expect(await answerOf(answer)).toEqual([{ role: 'assistant', parts: [{ type: 'text', content: 'Hi' }], ...more }]);
  });

  it('of the Vercel AI SDK are put together', async () => {
    const output = await after(
      {},
      { 'ai.operationId': 'ai.generateObject', 'ai.model.id': 'm', 'ai.response.reasoning': 'hm', 'ai.response.object': '{"a":1}' },
    );
    expect(JSON.parse(output['gen_ai.output.messages'])).toEqual([
      {
        role: 'assistant',
        parts: [
          { type: 'reasoning', content: 'hm' },
          { type: 'text', content: '{"a":1}' },
        ],
      },
    ]);
  });
});

describe('Other attributes', () => {
  it.each<[string, unknown, string, unknown]>([
    ['llm.chat.stop_sequences', '["a","b"]', 'gen_ai.request.stop_sequences', ['a', 'b']],
    ['llm.chat.stop_sequences', 'END', 'gen_ai.request.stop_sequences', ['END']],
    ['ai.settings.stopSequences', ['a'], 'gen_ai.request.stop_sequences', ['a']],
    ['llm.top_k', '40', 'gen_ai.request.top_k', 40],
    ['llm.request.temperature', '0.5', 'gen_ai.request.temperature', 0.5],
    ['gen_ai.openai.request.response_format', 'json_schema', 'gen_ai.output.type', 'json'],
    ['gen_ai.openai.request.response_format', 'text', 'gen_ai.output.type', 'text'],
    ['llm.is_streaming', 'true', 'gen_ai.request.stream', true],
    ['gen_ai.openai.request.seed', 7, 'gen_ai.request.seed', 7],
  ])('%s %j becomes %s', async (from, value, to, wanted) => {
    const output = await after({}, { ...call, [from]: value });
    expect(output[to]).toEqual(wanted);
    expect(output).not.toHaveProperty([from]);
  });

  it.each<[string, unknown]>([
    ['llm.top_k', 'many'],
    ['llm.chat.stop_sequences', 5],
    ['ai.prompt.tools', 'none'],
    ['llm.invocation_parameters', '{"stop":[1],"stream":"yes","reasoning_effort":3,"seed":"x"}'],
  ])('%s stays when its value makes no sense: %j', async (from, value) => {
    expect(await after({}, { ...call, [from]: value })).toMatchObject({ [from]: value });
  });

  it('of parameters in one map have their names', async () => {
    const parameters = {
      max_completion_tokens: 5,
      n: 2,
      stream: true,
      reasoning_effort: 'low',
      encoding_format: 'float',
      dimensions: 3,
      top_p: null,
    };
    const output = await after({}, { ...call, 'llm.invocation_parameters': JSON.stringify(parameters) });
    expect(output).toMatchObject({
      'gen_ai.request.max_tokens': 5,
      'gen_ai.request.choice.count': 2,
      'gen_ai.request.stream': true,
      'gen_ai.request.reasoning.level': 'low',
      'gen_ai.request.encoding_formats': ['float'],
      'gen_ai.embeddings.dimension.count': 3,
    });
    expect(output).not.toHaveProperty(['llm.invocation_parameters']);
  });

  it('that come again and again are one, as the first says it', async () => {
    const repeated = { key: 'ai.settings.topP', value: { doubleValue: 0.5 } };
    const attributes = [
      ...attributesOf(call),
      repeated,
      ...Array.from({ length: 20_000 }, () => ({ ...repeated, value: { doubleValue: 0.1 } })),
    ];
    const { attributes: written } = spanOf(pass(await processor(), 'traces', spanRequest(attributes)));
    expect(written.filter(({ key }: { key: string }) => key.startsWith('ai.settings') || key.endsWith('top_p'))).toEqual([
      { key: 'gen_ai.request.top_p', value: { doubleValue: 0.5 } },
    ]);
  });

  it('of a call of a function in an older shape are a part', async () => {
    const output = await after(
      {},
      {
        'openinference.span.kind': 'LLM',
        'llm.model_name': 'm',
        'llm.output_messages.0.message.role': 'assistant',
        'llm.output_messages.0.message.function_call_name': 'f',
        'llm.output_messages.0.message.function_call_arguments_json': '{"a":1}',
      },
    );
    expect(JSON.parse(output['gen_ai.output.messages'])[0].parts).toEqual([{ type: 'tool_call', name: 'f', arguments: { a: 1 } }]);
  });
});
