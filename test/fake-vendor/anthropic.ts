import { allOutput, always, count, fieldModel, fieldStream, halves, sentence, thought, told, toolInput, toolName, words } from './api.ts';
import type { Api, Ask } from './api.ts';
import type { Buckets } from '../fake-vendor.ts';

/** Anthropic's tokens: nothing cached is in `input_tokens`; thinking is in `output_tokens`. */
const messageUsage = ({ usage, serviceTier }: Ask): object => ({
  ...messageDeltaUsage(usage),
  cache_creation: { ephemeral_5m_input_tokens: count(usage, 'cache_write_5m'), ephemeral_1h_input_tokens: count(usage, 'cache_write_1h') },
  service_tier: serviceTier,
});

const messageDeltaUsage = (usage: Buckets): object => ({
  input_tokens: count(usage, 'input', 'input_audio'),
  cache_creation_input_tokens: count(usage, 'cache_write_5m', 'cache_write_1h'),
  cache_read_input_tokens: count(usage, 'cache_read'),
  output_tokens: allOutput(usage),
  ...(usage.reasoning === undefined ? {} : { output_tokens_details: { thinking_tokens: usage.reasoning } }),
  server_tool_use: null,
});

export const messageFinish = (ask: Ask): string => (ask.callsTool ? 'tool_use' : 'end_turn');

const messageContent = (ask: Ask): object[] => [
  ...(ask.scenario === 'reasoning' ? [{ type: 'thinking', thinking: thought, signature: 'c2ln' }] : []),
  ask.callsTool ? { type: 'tool_use', id: `toolu_${ask.number}`, name: toolName(ask), input: toolInput } : { type: 'text', text: sentence },
];

const messageHead = (ask: Ask): object => ({ id: `msg_${ask.number}`, type: 'message', role: 'assistant', model: ask.responseModel });

export const messages: Api = {
  path: /\/messages$/,
  provider: 'anthropic',
  operation: 'chat',
  serviceTier: 'standard',
  model: fieldModel,
  streamed: fieldStream,
  tellsStreamed: always,
  finish: messageFinish,
  error: (status) => ({
    type: 'error',
    error:
      status === 429
        ? { type: 'rate_limit_error', message: 'This request would exceed your rate limit' }
        : { type: 'api_error', message: 'Internal server error' },
    request_id: 'req_0',
  }),
  body: (ask) => ({
    ...messageHead(ask),
    content: messageContent(ask),
    stop_reason: messageFinish(ask),
    stop_sequence: null,
    ...told(ask, 'usage', messageUsage(ask)),
  }),
  events: (ask) => {
    const started = { ...messageUsage(ask), output_tokens: 1, output_tokens_details: null };
    return [
      {
        type: 'message_start',
        message: { ...messageHead(ask), content: [], stop_reason: null, stop_sequence: null, ...told(ask, 'usage', started) },
      },
      ...messageContent(ask).flatMap((block, index) => blockEvents(block as Record<string, unknown>, index)),
      {
        type: 'message_delta',
        delta: { stop_reason: messageFinish(ask), stop_sequence: null },
        ...told(ask, 'usage', messageDeltaUsage(ask.usage)),
      },
      { type: 'message_stop' },
    ].map((data) => ({ event: data.type, data }));
  },
};

function blockEvents(block: Record<string, unknown>, index: number): { type: string }[] {
  const delta = (content: object): { type: string } => ({ type: 'content_block_delta', index, delta: content }) as { type: string };
  const [empty, deltas] =
    block['type'] === 'text'
      ? [{ text: '' }, words.map((text) => delta({ type: 'text_delta', text }))]
      : block['type'] === 'thinking'
        ? [
            { thinking: '', signature: '' },
            [delta({ type: 'thinking_delta', thinking: thought }), delta({ type: 'signature_delta', signature: 'c2ln' })],
          ]
        : [{ input: {} }, halves(JSON.stringify(toolInput)).map((partial_json) => delta({ type: 'input_json_delta', partial_json }))];
  return [
    { type: 'content_block_start', index, content_block: { ...block, ...empty } } as { type: string },
    ...deltas,
    { type: 'content_block_stop', index } as { type: string },
  ];
}
