import { crc32 } from 'node:zlib';
import { messageFinish } from './anthropic.ts';
import { allInput, allOutput, always, count, halves, pathModel, sentence, told, toolInput, toolName, words } from './api.ts';
import type { Api, Ask, ServerEvent } from './api.ts';

/** Bedrock's tokens: nothing cached is in `inputTokens`. */
const converseUsage = ({ usage }: Ask): object => ({
  inputTokens: count(usage, 'input', 'input_audio'),
  outputTokens: allOutput(usage),
  totalTokens: allInput(usage) + allOutput(usage),
  cacheReadInputTokens: count(usage, 'cache_read'),
  cacheWriteInputTokens: count(usage, 'cache_write'),
});

const toolUse = (ask: Ask): object => ({ toolUseId: `tooluse_${ask.number}`, name: toolName(ask) });

export const bedrock: Api = {
  path: /\/model\/[^/]+\/converse(?:-stream)?$/,
  provider: 'aws.bedrock',
  operation: 'chat',
  serviceTier: '',
  model: pathModel,
  streamed: (_, path) => path.endsWith('-stream'),
  tellsStreamed: always,
  finish: messageFinish,
  error: () => ({ message: 'The request failed' }),
  errorHeaders: { 'x-amzn-errortype': 'ThrottlingException' },
  body: (ask) => ({
    output: {
      message: { role: 'assistant', content: [ask.callsTool ? { toolUse: { ...toolUse(ask), input: toolInput } } : { text: sentence }] },
    },
    stopReason: messageFinish(ask),
    metrics: { latencyMs: 1 },
    ...told(ask, 'usage', converseUsage(ask)),
  }),
  events: (ask) => [
    { event: 'messageStart', data: { role: 'assistant' } },
    ...(ask.callsTool ? [{ event: 'contentBlockStart', data: { contentBlockIndex: 0, start: { toolUse: toolUse(ask) } } }] : []),
    ...(ask.callsTool ? halves(JSON.stringify(toolInput)).map((input) => ({ toolUse: { input } })) : words.map((text) => ({ text }))).map(
      (delta) => ({ event: 'contentBlockDelta', data: { contentBlockIndex: 0, delta } }),
    ),
    { event: 'contentBlockStop', data: { contentBlockIndex: 0 } },
    { event: 'messageStop', data: { stopReason: messageFinish(ask) } },
    { event: 'metadata', data: { metrics: { latencyMs: 1 }, ...told(ask, 'usage', converseUsage(ask)) } },
  ],
  framing: { contentType: 'application/vnd.amazon.eventstream', frame },
};

/** A message of AWS's event stream: lengths, their checksum, headers, payload, checksum of it all. */
function frame({ event, data }: ServerEvent): Buffer {
  const headers = Buffer.concat([
    header(':message-type', 'event'),
    header(':event-type', event ?? ''),
    header(':content-type', 'application/json'),
  ]);
  const payload = Buffer.from(JSON.stringify(data));
  const message = Buffer.alloc(12 + headers.length + payload.length + 4);
  message.writeUInt32BE(message.length, 0);
  message.writeUInt32BE(headers.length, 4);
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8);
  headers.copy(message, 12);
  payload.copy(message, 12 + headers.length);
  message.writeUInt32BE(crc32(message.subarray(0, -4)), message.length - 4);
  return message;
}

/** One header with a text: type 7. */
function header(name: string, value: string): Buffer {
  const length = Buffer.alloc(3);
  length.writeUInt8(7, 0);
  length.writeUInt16BE(value.length, 1);
  return Buffer.concat([Buffer.from([name.length]), Buffer.from(name), length, Buffer.from(value)]);
}
