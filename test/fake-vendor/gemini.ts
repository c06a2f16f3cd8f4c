import { allInput, allOutput, always, count, pathModel, sentence, told, toolInput, toolName, words } from './api.ts';
import type { Api, Ask } from './api.ts';

/** Gemini's tokens: cached ones are in `promptTokenCount`, thoughts are beside `candidatesTokenCount`. */
const geminiUsage = ({ usage }: Ask): object => ({
  promptTokenCount: allInput(usage),
  candidatesTokenCount: count(usage, 'output', 'output_audio'),
  totalTokenCount: allInput(usage) + allOutput(usage),
  ...(usage.cache_read === undefined
    ? {}
    : { cachedContentTokenCount: usage.cache_read, cacheTokensDetails: modalities(usage.cache_read, 0) }),
  ...(usage.reasoning === undefined ? {} : { thoughtsTokenCount: usage.reasoning }),
  promptTokensDetails: modalities(allInput(usage) - count(usage, 'input_audio'), count(usage, 'input_audio')),
  candidatesTokensDetails: modalities(count(usage, 'output'), count(usage, 'output_audio')),
});

const modalities = (text: number, audio: number): object[] => [
  { modality: 'TEXT', tokenCount: text },
  ...(audio > 0 ? [{ modality: 'AUDIO', tokenCount: audio }] : []),
];

const geminiAnswer = (ask: Ask, parts: object[], finished: boolean): object => ({
  candidates: [{ content: { role: 'model', parts }, index: 0, ...(finished ? { finishReason: 'STOP' } : {}) }],
  ...(finished ? told(ask, 'usageMetadata', geminiUsage(ask)) : {}),
  modelVersion: ask.responseModel,
  responseId: `gen-${ask.number}`,
});

const geminiCall = (ask: Ask): object => ({ functionCall: { name: toolName(ask), args: toolInput } });

export const gemini: Api = {
  path: /:(?:generateContent|streamGenerateContent)$/,
  provider: 'gcp.gemini',
  operation: 'generate_content',
  serviceTier: '',
  model: pathModel,
  streamed: (_, path) => path.endsWith(':streamGenerateContent'),
  tellsStreamed: always,
  finish: () => 'STOP',
  error: (code) => ({ error: { code, message: 'The request failed', status: code === 429 ? 'RESOURCE_EXHAUSTED' : 'INTERNAL' } }),
  body: (ask) => geminiAnswer(ask, [ask.callsTool ? geminiCall(ask) : { text: sentence }], true),
  events: (ask) =>
    (ask.callsTool ? [geminiCall(ask)] : words.map((text) => ({ text }))).map((part, index, all) => ({
      data: geminiAnswer(ask, [part], index === all.length - 1),
    })),
};
