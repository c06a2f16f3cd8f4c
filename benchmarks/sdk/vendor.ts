import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A vendor that answers every chat completion after some time, and a destination that takes all telemetry. Run by benchmarks/sdk-overhead.ts. */

const delayMs = Number(process.argv[2]);
const text = 'Thirty-nine words of an answer, more or less, as a model writes them when it is asked for something short. '.repeat(2);
const answer = JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1_790_000_000,
  model: 'gpt-4o-2024-08-06',
  choices: [{ index: 0, message: { role: 'assistant', content: text, refusal: null }, logprobs: null, finish_reason: 'stop' }],
  usage: {
    prompt_tokens: 812,
    completion_tokens: 46,
    total_tokens: 858,
    prompt_tokens_details: { cached_tokens: 512, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
  },
  service_tier: 'default',
});
const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer) };

let receivedBytes = 0;
const server = createServer((request, response) => {
  request.on('data', (part: Buffer) => (receivedBytes += part.length));
  request.on('end', () => {
    if (request.url!.startsWith('/v1/traces') || request.url!.startsWith('/v1/metrics')) {
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
      return;
    }
    setTimeout(() => response.writeHead(200, headers).end(answer), delayMs);
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', 4096, () => process.send!({ port: (server.address() as AddressInfo).port }));
process.on('disconnect', () => process.exit());
process.on('message', () => process.send!({ receivedBytes }));
