import { describe, expect, it } from '@jest/globals';
import { Call, readResponseBody, readUsageBody, Usage } from '../src/index.ts';
import { buckets } from './read.ts';

function read(body: unknown, provider = ''): object {
  const usage = new Usage();
  const known = readUsageBody(body, provider, usage);
  return known ? { ...buckets(usage), ...(usage.webSearches > 0 ? { webSearches: usage.webSearches } : {}) } : {};
}

describe('A usage body', () => {
  it.each<[string, string, unknown, object]>([
    [
      'OpenAI chat completions',
      'openai',
      {
        model: 'gpt-4o-audio-preview',
        usage: {
          prompt_tokens: 1000,
          completion_tokens: 300,
          total_tokens: 1300,
          prompt_tokens_details: { cached_tokens: 600, audio_tokens: 100, cache_write_tokens: 50 },
          completion_tokens_details: {
            reasoning_tokens: 120,
            audio_tokens: 30,
            accepted_prediction_tokens: 5,
            rejected_prediction_tokens: 5,
          },
        },
      },
      { input: 250, input_audio: 100, cache_read: 600, cache_write: 50, output: 150, reasoning: 120, output_audio: 30 },
    ],
    [
      'OpenAI responses, in the event that ends a stream',
      'openai',
      {
        type: 'response.completed',
        response: {
          usage: {
            input_tokens: 100,
            input_tokens_details: { cached_tokens: 64 },
            output_tokens: 50,
            output_tokens_details: { reasoning_tokens: 32 },
            total_tokens: 150,
          },
        },
      },
      { input: 36, cache_read: 64, output: 18, reasoning: 32 },
    ],
    [
      'OpenAI realtime',
      'openai',
      {
        response: {
          usage: {
            total_tokens: 200,
            input_tokens: 150,
            output_tokens: 50,
            input_token_details: {
              text_tokens: 50,
              audio_tokens: 100,
              cached_tokens: 80,
              cached_tokens_details: { text_tokens: 20, audio_tokens: 60 },
            },
            output_token_details: { text_tokens: 10, audio_tokens: 40 },
          },
        },
      },
      { input: 30, input_audio: 40, cache_read: 20, cache_read_audio: 60, output: 10, output_audio: 40 },
    ],
    ['OpenAI embeddings', 'openai', { usage: { prompt_tokens: 8, total_tokens: 8 } }, { input: 8 }],
    [
      'Anthropic with both times to live and searches',
      'anthropic',
      {
        type: 'message',
        usage: {
          input_tokens: 21,
          cache_creation_input_tokens: 300,
          cache_read_input_tokens: 1000,
          cache_creation: { ephemeral_5m_input_tokens: 200, ephemeral_1h_input_tokens: 100 },
          output_tokens: 393,
          service_tier: 'standard',
          server_tool_use: { web_search_requests: 2 },
        },
      },
      { input: 21, cache_read: 1000, cache_write_5m: 200, cache_write_1h: 100, output: 393, webSearches: 2 },
    ],
    [
      'Anthropic, the beginning of a stream, as text',
      'anthropic',
      '{"type":"message_start","message":{"usage":{"input_tokens":21,"cache_creation_input_tokens":300,"cache_read_input_tokens":0,"output_tokens":1}}}',
      { input: 21, cache_write: 300, output: 1 },
    ],
    [
      'Anthropic that compacted first',
      'anthropic',
      {
        usage: {
          input_tokens: 45,
          output_tokens: 12,
          iterations: [
            { type: 'compaction', input_tokens: 180, output_tokens: 35 },
            { type: 'message', input_tokens: 45, output_tokens: 12 },
          ],
        },
      },
      { input: 225, output: 47 },
    ],
    [
      'Gemini',
      'gcp.gemini',
      {
        usageMetadata: {
          promptTokenCount: 1000,
          cachedContentTokenCount: 400,
          candidatesTokenCount: 100,
          thoughtsTokenCount: 70,
          toolUsePromptTokenCount: 30,
          totalTokenCount: 1200,
          promptTokensDetails: [
            { modality: 'TEXT', tokenCount: 700 },
            { modality: 'AUDIO', tokenCount: 200 },
            { modality: 'IMAGE', tokenCount: 100 },
          ],
          cacheTokensDetails: [
            { modality: 'TEXT', tokenCount: 350 },
            { modality: 'AUDIO', tokenCount: 50 },
          ],
          candidatesTokensDetails: [
            { modality: 'TEXT', tokenCount: 60 },
            { modality: 'IMAGE', tokenCount: 40 },
          ],
        },
      },
      {
        input: 380,
        input_audio: 150,
        input_image: 100,
        cache_read: 350,
        cache_read_audio: 50,
        output: 60,
        output_image: 40,
        reasoning: 70,
      },
    ],
    [
      'Gemini that answered nothing, in the words of its Python client',
      'google',
      {
        usage_metadata: { prompt_token_count: 5, total_token_count: 5, prompt_tokens_details: [{ modality: 'VIDEO', token_count: 4 }, 7] },
      },
      { input: 1, input_video: 4 },
    ],
    [
      "Gemini behind OpenAI's interface, which counts thoughts in the total alone",
      'google',
      { usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 40 } },
      { input: 10, output: 5, reasoning: 25 },
    ],
    [
      'Bedrock Converse',
      'bedrock',
      {
        usage: {
          inputTokens: 10,
          outputTokens: 20,
          totalTokens: 130,
          cacheReadInputTokens: 60,
          cacheWriteInputTokens: 40,
          cacheDetails: [{ ttl: '5m', inputTokens: 30 }, { ttl: '1h', inputTokens: 10 }, 'x'],
        },
      },
      { input: 10, cache_read: 60, cache_write_5m: 30, cache_write_1h: 10, output: 20 },
    ],
    [
      'Bedrock Converse, the end of a stream',
      'bedrock',
      { metadata: { usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3 } } },
      { input: 1, output: 2 },
    ],
    [
      'Bedrock, the end of an invocation that streams',
      'bedrock',
      {
        'amazon-bedrock-invocationMetrics': {
          inputTokenCount: 12,
          outputTokenCount: 3,
          cacheReadInputTokenCount: 100,
          cacheWriteInputTokenCount: 5,
        },
      },
      { input: 12, cache_read: 100, cache_write: 5, output: 3 },
    ],
    [
      'Bedrock, an invocation of Claude',
      'aws.bedrock',
      { usage: { input_tokens: 3, cache_creation_input_tokens: 0, cache_read_input_tokens: 50, output_tokens: 9 } },
      { input: 3, cache_read: 50, output: 9 },
    ],
    [
      'Mistral',
      'mistral',
      { usage: { prompt_tokens: 15, completion_tokens: 10, total_tokens: 25, num_cached_tokens: 6 } },
      { input: 9, cache_read: 6, output: 10 },
    ],
    [
      'Cohere 1',
      'cohere',
      {
        text: 'Hi',
        meta: {
          api_version: { version: '1' },
          billed_units: { input_tokens: 12, output_tokens: 3 },
          tokens: { input_tokens: 80, output_tokens: 5 },
        },
      },
      { input: 12, output: 3 },
    ],
    [
      'Cohere 2',
      'cohere',
      { usage: { billed_units: { input_tokens: 12, output_tokens: 3 }, tokens: { input_tokens: 80, output_tokens: 5 } } },
      { input: 12, output: 3 },
    ],
    ['Cohere rerank', 'cohere', { meta: { billed_units: { search_units: 1 } } }, {}],
    [
      'DeepSeek',
      'deepseek',
      {
        usage: {
          prompt_tokens: 100,
          completion_tokens: 40,
          total_tokens: 140,
          prompt_cache_hit_tokens: 64,
          prompt_cache_miss_tokens: 36,
          completion_tokens_details: { reasoning_tokens: 30 },
        },
      },
      { input: 36, cache_read: 64, output: 10, reasoning: 30 },
    ],
    [
      'Groq, in the last chunk of a stream',
      'groq',
      { x_groq: { usage: { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 } } },
      { input: 7, output: 2 },
    ],
    [
      'xAI, whose completion leaves reasoning out',
      'xai',
      { usage: { prompt_tokens: 10, completion_tokens: 20, total_tokens: 80, completion_tokens_details: { reasoning_tokens: 50 } } },
      { input: 10, output: 20, reasoning: 50 },
    ],
    [
      'Perplexity, whose total leaves reasoning out too',
      'perplexity',
      {
        usage: {
          prompt_tokens: 10,
          completion_tokens: 20,
          total_tokens: 30,
          reasoning_tokens: 50,
          citation_tokens: 5,
          num_search_queries: 3,
        },
      },
      { input: 10, output: 25, reasoning: 50, webSearches: 3 },
    ],
    [
      'LiteLLM for Anthropic',
      'litellm',
      {
        usage: {
          prompt_tokens: 1321,
          completion_tokens: 9,
          total_tokens: 1330,
          cache_creation_input_tokens: 300,
          cache_read_input_tokens: 1000,
          prompt_tokens_details: {
            cached_tokens: 1000,
            cache_creation_tokens: 300,
            cache_creation_token_details: { ephemeral_1h_input_tokens: 300 },
          },
        },
      },
      { input: 21, cache_read: 1000, cache_write_1h: 300, output: 9 },
    ],
    [
      'LangChain',
      'anthropic',
      {
        input_tokens: 350,
        output_tokens: 240,
        total_tokens: 590,
        input_token_details: { audio: 10, cache_creation: 200, cache_read: 100 },
        output_token_details: { audio: 10, reasoning: 200 },
      },
      { input: 40, input_audio: 10, cache_read: 100, cache_write: 200, output: 30, output_audio: 10, reasoning: 200 },
    ],
    [
      'the Vercel AI SDK 6',
      'anthropic',
      {
        inputTokens: 100,
        outputTokens: 10,
        totalTokens: 110,
        cachedInputTokens: 60,
        inputTokenDetails: { noCacheTokens: 30, cacheReadTokens: 60, cacheWriteTokens: 10 },
        outputTokenDetails: { textTokens: 6, reasoningTokens: 4 },
      },
      { input: 30, cache_read: 60, cache_write: 10, output: 6, reasoning: 4 },
    ],
    [
      'the Vercel AI SDK 5 for Anthropic',
      'anthropic',
      { inputTokens: 100, outputTokens: 10, totalTokens: 110, cachedInputTokens: 60, reasoningTokens: 4 },
      { input: 100, cache_read: 60, output: 6, reasoning: 4 },
    ],
    [
      'a model of the Vercel AI SDK 6',
      'openai',
      {
        inputTokens: { total: 100, noCache: 40, cacheRead: 60, cacheWrite: undefined },
        outputTokens: { total: 10, text: 6, reasoning: 4 },
      },
      { input: 40, cache_read: 60, output: 6, reasoning: 4 },
    ],
  ])('of %s', (_title, provider, body, expected) => {
    expect(read(body, provider)).toEqual(expected);
  });

  it.each([[undefined], ['no JSON'], [[]], [42], [{ usage: null }], [{ id: 'x', choices: [] }], [{ usage: { prompt_tokens: 'many' } }]])(
    'that says nothing (%j) changes nothing',
    (body) => {
      const usage = new Usage();
      usage.set('input', 7);
      expect(readUsageBody(body, 'openai', usage)).toBe(false);
      expect(usage.get('input')).toBe(7);
    },
  );

  it('of a search alone is known, without tokens', () => {
    const usage = new Usage();
    expect(readUsageBody({ meta: { billed_units: { search_units: 1 } } }, 'cohere', usage)).toBe(true);
    expect([usage.known, usage.totalTokens]).toEqual([true, 0]);
  });
});

describe('A response', () => {
  it('tells the model, the tier and the cost beside the usage', () => {
    const call = new Call();
    call.provider = 'openrouter';
    call.usageMissing = true;
    const body = {
      model: 'openai/gpt-4o-2024-08-06',
      service_tier: 'default',
      usage: { prompt_tokens: 1, completion_tokens: 2, cost: 0.00014 },
    };
    expect(readResponseBody(body, call)).toBe(true);
    expect(call).toMatchObject({
      responseModel: 'openai/gpt-4o-2024-08-06',
      serviceTier: 'standard',
      reportedCost: '0.00014',
      reportedCurrency: 'USD',
      usageMissing: false,
      batch: false,
    });
  });

  it('of a batch says so, and one without usage says what it has', () => {
    const call = new Call();
    expect(
      readResponseBody('{"type":"message_start","message":{"model":"claude-x","usage":{"input_tokens":1,"service_tier":"batch"}}}', call),
    ).toBe(true);
    expect(call).toMatchObject({ responseModel: 'claude-x', serviceTier: 'batch', batch: true });
    expect(readResponseBody({ modelVersion: 'gemini-2.5-pro' }, call)).toBe(false);
    expect(call.responseModel).toBe('gemini-2.5-pro');
    expect(readResponseBody('nothing', call)).toBe(false);
  });
});
