import {
  allInput,
  allOutput,
  always,
  count,
  fieldModel,
  fieldStream,
  halves,
  never,
  sentence,
  told,
  toolInput,
  toolName,
  words,
} from './api.ts';
import type { Api, Ask, ServerEvent } from './api.ts';

const createdSeconds = 1_790_000_000;

const openAiError = (status: number): object => ({
  error:
    status === 429
      ? { message: 'Rate limit reached for requests', type: 'requests', param: null, code: 'rate_limit_exceeded' }
      : { message: 'The server had an error while processing your request', type: 'server_error', param: null, code: null },
});

/** OpenAI's tokens: everything cached is in `prompt_tokens`, everything reasoned in `completion_tokens`. */
const chatUsage = ({ usage }: Ask): object => ({
  prompt_tokens: allInput(usage),
  completion_tokens: allOutput(usage),
  total_tokens: allInput(usage) + allOutput(usage),
  prompt_tokens_details: {
    cached_tokens: count(usage, 'cache_read'),
    audio_tokens: count(usage, 'input_audio'),
    ...(usage.cache_write === undefined ? {} : { cache_write_tokens: usage.cache_write }),
  },
  completion_tokens_details: {
    reasoning_tokens: count(usage, 'reasoning'),
    audio_tokens: count(usage, 'output_audio'),
    accepted_prediction_tokens: 0,
    rejected_prediction_tokens: 0,
  },
});

const chatFinish = (ask: Ask): string => (ask.callsTool ? 'tool_calls' : 'stop');

export const chat: Api = {
  path: /\/chat\/completions$/,
  provider: 'openai',
  operation: 'chat',
  serviceTier: 'default',
  model: fieldModel,
  streamed: fieldStream,
  tellsStreamed: (body) => (body['stream_options'] as { include_usage?: boolean } | undefined)?.include_usage === true,
  finish: chatFinish,
  error: openAiError,
  body: (ask) => {
    const call = { id: `call_${ask.number}`, type: 'function', function: { name: toolName(ask), arguments: JSON.stringify(toolInput) } };
    const message = ask.callsTool
      ? { role: 'assistant', content: null, tool_calls: [call] }
      : { role: 'assistant', content: sentence, refusal: null };
    return {
      ...chatHead(ask, 'chat.completion'),
      choices: [{ index: 0, message, logprobs: null, finish_reason: chatFinish(ask) }],
      ...told(ask, 'usage', chatUsage(ask)),
    };
  },
  events: (ask) => {
    const head = chatHead(ask, 'chat.completion.chunk');
    const chunk = (delta: object, finish: string | null = null): ServerEvent => ({
      data: { ...head, choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }], ...(ask.told ? { usage: null } : {}) },
    });
    const call = (part: object): ServerEvent => chunk({ tool_calls: [{ index: 0, ...part }] });
    const content = ask.callsTool
      ? [
          call({ id: `call_${ask.number}`, type: 'function', function: { name: toolName(ask), arguments: '' } }),
          ...halves(JSON.stringify(toolInput)).map((half) => call({ function: { arguments: half } })),
        ]
      : words.map((word) => chunk({ content: word }));
    return [
      chunk({ role: 'assistant', content: ask.callsTool ? null : '', refusal: null }),
      ...content,
      chunk({}, chatFinish(ask)),
      ...(ask.told ? [{ data: { ...head, choices: [], usage: chatUsage(ask) } }] : []),
      { data: '[DONE]' },
    ];
  },
};

const chatHead = (ask: Ask, object: string): object => ({
  id: `chatcmpl-${ask.number}`,
  object,
  created: createdSeconds,
  model: ask.responseModel,
  service_tier: ask.serviceTier,
  system_fingerprint: 'fp_1',
});

export const completions: Api = {
  ...chat,
  path: /\/completions$/,
  operation: 'text_completion',
  finish: () => 'stop',
  body: (ask) => ({
    ...chatHead(ask, 'text_completion'),
    choices: [{ index: 0, text: sentence, logprobs: null, finish_reason: 'stop' }],
    ...told(ask, 'usage', chatUsage(ask)),
  }),
  events: (ask) => [
    ...words.map((text, index) => ({
      data: {
        ...chatHead(ask, 'text_completion'),
        choices: [{ index: 0, text, logprobs: null, finish_reason: index === words.length - 1 ? 'stop' : null }],
      },
    })),
    ...(ask.told ? [{ data: { ...chatHead(ask, 'text_completion'), choices: [], usage: chatUsage(ask) } }] : []),
    { data: '[DONE]' },
  ],
};

export const responses: Api = {
  ...chat,
  path: /\/responses$/,
  tellsStreamed: always,
  finish: () => 'completed',
  body: (ask) => response(ask, 'completed'),
  events: (ask) => {
    const [item] = output(ask) as [Record<string, unknown>];
    const at = { item_id: item['id'], output_index: 0 };
    const content = ask.callsTool
      ? [
          ...halves(String(item['arguments'])).map((delta) => ({ type: 'response.function_call_arguments.delta', ...at, delta })),
          { type: 'response.function_call_arguments.done', ...at, arguments: item['arguments'] },
        ]
      : [
          { type: 'response.content_part.added', ...at, content_index: 0, part: { type: 'output_text', text: '', annotations: [] } },
          ...words.map((delta) => ({ type: 'response.output_text.delta', ...at, content_index: 0, delta, logprobs: [] })),
          { type: 'response.output_text.done', ...at, content_index: 0, text: sentence, logprobs: [] },
          { type: 'response.content_part.done', ...at, content_index: 0, part: { type: 'output_text', text: sentence, annotations: [] } },
        ];
    return [
      { type: 'response.created', response: response(ask, 'in_progress') },
      { type: 'response.in_progress', response: response(ask, 'in_progress') },
      {
        type: 'response.output_item.added',
        output_index: 0,
        item: { ...item, status: 'in_progress', ...(ask.callsTool ? { arguments: '' } : { content: [] }) },
      },
      ...content,
      { type: 'response.output_item.done', output_index: 0, item },
      { type: 'response.completed', response: response(ask, 'completed') },
    ].map((data, sequence_number) => ({ event: data.type, data: { ...data, sequence_number } }));
  },
};

const output = (ask: Ask): object[] =>
  ask.callsTool
    ? [
        {
          type: 'function_call',
          id: `fc_${ask.number}`,
          call_id: `call_${ask.number}`,
          name: toolName(ask),
          arguments: JSON.stringify(toolInput),
          status: 'completed',
        },
      ]
    : [
        {
          type: 'message',
          id: `msg_${ask.number}`,
          role: 'assistant',
          status: 'completed',
          content: [{ type: 'output_text', text: sentence, annotations: [], logprobs: [] }],
        },
      ];

const response = (ask: Ask, status: 'completed' | 'in_progress'): object => ({
  id: `resp_${ask.number}`,
  object: 'response',
  created_at: createdSeconds,
  model: ask.responseModel,
  status,
  service_tier: ask.serviceTier,
  error: null,
  incomplete_details: null,
  instructions: null,
  metadata: {},
  parallel_tool_calls: true,
  temperature: 1,
  top_p: 1,
  tool_choice: 'auto',
  tools: ask.body['tools'] ?? [],
  output: status === 'completed' ? output(ask) : [],
  usage: status === 'completed' && ask.told ? responsesUsage(ask) : null,
});

const responsesUsage = ({ usage }: Ask): object => ({
  input_tokens: allInput(usage),
  input_tokens_details: { cached_tokens: count(usage, 'cache_read'), cache_write_tokens: count(usage, 'cache_write') },
  output_tokens: allOutput(usage),
  output_tokens_details: { reasoning_tokens: count(usage, 'reasoning') },
  total_tokens: allInput(usage) + allOutput(usage),
});

export const embeddings: Api = {
  ...chat,
  path: /\/embeddings$/,
  operation: 'embeddings',
  streamed: never,
  finish: () => '',
  body: (ask) => {
    const vector = new Float32Array([0.25, -0.5, 0.125, 1]);
    const embedding = ask.body['encoding_format'] === 'base64' ? Buffer.from(vector.buffer).toString('base64') : [...vector];
    const inputs = Array.isArray(ask.body['input']) ? ask.body['input'] : [ask.body['input']];
    return {
      object: 'list',
      data: inputs.map((_, index) => ({ object: 'embedding', index, embedding })),
      model: ask.responseModel,
      ...told(ask, 'usage', { prompt_tokens: allInput(ask.usage), total_tokens: allInput(ask.usage) }),
    };
  },
};
