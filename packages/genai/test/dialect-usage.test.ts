import { describe, expect, it } from '@jest/globals';
import { buckets, readAttributes } from './read.ts';
import type { Attributes } from './read.ts';

/** One call, told in every dialect: 10,000 tokens in, of which 8,000 from the cache and 1,500 written to it; 200 out, of which 60 reasoning. */
const bill = { input: 500, cache_read: 8000, cache_write: 1500, output: 140, reasoning: 60 };

describe('The usage of a call', () => {
  it.each<[string, string, Attributes]>([
    [
      'semconv_1.37',
      'the conventions 1.37 to 1.41',
      {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'anthropic',
        'gen_ai.request.model': 'claude-sonnet-4-5',
        'gen_ai.usage.input_tokens': 10_000,
        'gen_ai.usage.output_tokens': 200,
        'gen_ai.usage.cache_read.input_tokens': 8000,
        'gen_ai.usage.cache_creation.input_tokens': 1500,
        'gen_ai.usage.reasoning.output_tokens': 60,
      },
    ],
    [
      'semconv_latest',
      'the repository of the conventions for generative AI',
      {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'anthropic',
        'gen_ai.request.model': 'claude-sonnet-4-5',
        'gen_ai.usage.input_tokens': 10_000,
        'gen_ai.usage.output_tokens': 200,
        'gen_ai.usage.cache_read.input_tokens': 8000,
        'gen_ai.usage.cache_write.input_tokens': 1500,
        'gen_ai.usage.reasoning.output_tokens': 60,
      },
    ],
    [
      'semconv_1.36',
      'the conventions up to 1.36, whose prompt tokens of Anthropic are as Anthropic counts',
      {
        'gen_ai.system': 'anthropic',
        'gen_ai.request.model': 'claude-sonnet-4-5',
        'gen_ai.usage.prompt_tokens': 500,
        'gen_ai.usage.completion_tokens': 200,
        'gen_ai.usage.cache_read.input_tokens': 8000,
        'gen_ai.usage.cache_creation.input_tokens': 1500,
        'gen_ai.usage.reasoning_tokens': 60,
      },
    ],
    [
      'openinference',
      'OpenInference',
      {
        'openinference.span.kind': 'LLM',
        'llm.model_name': 'claude-sonnet-4-5',
        'llm.token_count.prompt': 10_000,
        'llm.token_count.completion': 200,
        'llm.token_count.total': 10_200,
        'llm.token_count.prompt_details.cache_read': 8000,
        'llm.token_count.prompt_details.cache_write': 1500,
        'llm.token_count.completion_details.reasoning': 60,
      },
    ],
    [
      'openinference',
      'OpenInference without the cache in the prompt, as its total proves',
      {
        'openinference.span.kind': 'LLM',
        'llm.model_name': 'claude-sonnet-4-5',
        'llm.token_count.prompt': 500,
        'llm.token_count.completion': 200,
        'llm.token_count.total': 10_200,
        'llm.token_count.prompt_details.cache_read': 8000,
        'llm.token_count.prompt_details.cache_write': 1500,
        'llm.token_count.completion_details.reasoning': 60,
      },
    ],
    [
      'traceloop',
      'OpenLLMetry',
      {
        'gen_ai.system': 'Anthropic',
        'llm.request.type': 'chat',
        'gen_ai.request.model': 'claude-sonnet-4-5',
        'gen_ai.usage.input_tokens': 10_000,
        'gen_ai.usage.output_tokens': 200,
        'llm.usage.total_tokens': 10_200,
        'gen_ai.usage.cache_read_input_tokens': 8000,
        'gen_ai.usage.cache_creation_input_tokens': 1500,
        'gen_ai.usage.reasoning_tokens': 60,
      },
    ],
    [
      'vercel',
      'the Vercel AI SDK 6',
      {
        'ai.operationId': 'ai.generateText.doGenerate',
        'ai.model.id': 'claude-sonnet-4-5',
        'ai.model.provider': 'anthropic.messages',
        'ai.usage.inputTokens': 10_000,
        'ai.usage.outputTokens': 200,
        'ai.usage.totalTokens': 10_200,
        'ai.usage.cachedInputTokens': 8000,
        'ai.usage.inputTokenDetails.noCacheTokens': 500,
        'ai.usage.inputTokenDetails.cacheReadTokens': 8000,
        'ai.usage.inputTokenDetails.cacheWriteTokens': 1500,
        'ai.usage.outputTokenDetails.reasoningTokens': 60,
        'gen_ai.usage.input_tokens': 10_000,
        'gen_ai.usage.output_tokens': 200,
      },
    ],
    [
      'vercel',
      'the Vercel AI SDK 5, which passes on what Anthropic counts and keeps the writes apart',
      {
        'ai.operationId': 'ai.streamText.doStream',
        'ai.model.id': 'claude-sonnet-4-5',
        'ai.model.provider': 'anthropic.messages',
        'ai.usage.inputTokens': 500,
        'ai.usage.outputTokens': 200,
        'ai.usage.totalTokens': 700,
        'ai.usage.cachedInputTokens': 8000,
        'ai.usage.reasoningTokens': 60,
        'gen_ai.usage.input_tokens': 500,
        'gen_ai.usage.output_tokens': 200,
        'ai.response.providerMetadata': '{"anthropic":{"cacheCreationInputTokens":1500}}',
      },
    ],
    [
      'langsmith',
      'LangSmith',
      {
        'langsmith.span.kind': 'llm',
        'langsmith.metadata.ls_provider': 'anthropic',
        'gen_ai.request.model': 'claude-sonnet-4-5',
        'gen_ai.usage.input_tokens': 10_000,
        'gen_ai.usage.output_tokens': 200,
        'gen_ai.usage.total_tokens': 10_200,
        'gen_ai.usage.input_token_details': '{"cache_read":8000,"cache_creation":1500}',
        'gen_ai.usage.output_token_details': '{"reasoning":60}',
      },
    ],
    [
      'langsmith',
      'LangSmith, which writes maps as Python does',
      {
        'langsmith.span.kind': 'llm',
        'langsmith.metadata.ls_provider': 'anthropic',
        'gen_ai.request.model': 'claude-sonnet-4-5',
        'gen_ai.usage.input_tokens': 10_000,
        'gen_ai.usage.output_tokens': 200,
        'gen_ai.usage.total_tokens': 10_200,
        'gen_ai.usage.input_token_details': "{'audio': None, 'cache_read': 8000, 'cache_creation': 1500}",
        'gen_ai.usage.output_token_details': "{'reasoning': 60}",
      },
    ],
    [
      'langsmith',
      'LangSmith, with the usage as LangChain has it',
      {
        'langsmith.span.kind': 'llm',
        'langsmith.metadata.ls_provider': 'anthropic',
        'gen_ai.request.model': 'claude-sonnet-4-5',
        'gen_ai.usage.input_tokens': 10_000,
        'gen_ai.usage.output_tokens': 200,
        'gen_ai.usage.total_tokens': 10_200,
        'langsmith.metadata.usage_metadata':
          '{"input_tokens":10000,"output_tokens":200,"input_token_details":{"cache_read":8000,"cache_creation":1500},"output_token_details":{"reasoning":60}}',
      },
    ],
    [
      'traceloop',
      'LiteLLM, whose usage is in its metadata',
      {
        'llm.request.type': 'completion',
        'gen_ai.system': 'anthropic',
        'gen_ai.operation.name': 'chat',
        'gen_ai.request.model': 'claude-sonnet-4-5',
        'gen_ai.usage.input_tokens': 10_000,
        'gen_ai.usage.output_tokens': 200,
        'metadata.usage_object':
          "{'prompt_tokens': 10000, 'completion_tokens': 200, 'total_tokens': 10200, 'completion_tokens_details': {'reasoning_tokens': 60, 'text_tokens': None}, 'prompt_tokens_details': {'cached_tokens': 8000, 'cache_creation_tokens': 1500}, 'cache_read_input_tokens': 8000, 'cache_creation_input_tokens': 1500}",
      },
    ],
    [
      'langfuse',
      'Langfuse, whose details are beside each other',
      {
        'langfuse.observation.type': 'generation',
        'langfuse.observation.model.name': 'claude-sonnet-4-5',
        'langfuse.observation.usage_details':
          '{"input":500,"output":140,"total":10200,"cache_read_input_tokens":8000,"cache_creation_input_tokens":1500,"output_reasoning_tokens":60}',
      },
    ],
    [
      'langfuse',
      'Langfuse, whose details a total says to be parts',
      {
        'langfuse.observation.type': 'generation',
        'langfuse.observation.model.name': 'claude-sonnet-4-5',
        'langfuse.observation.usage_details':
          '{"input":10000,"output":200,"total":10200,"input_cache_read":8000,"input_cache_creation":1500,"reasoning":60}',
      },
    ],
    [
      'traceloop',
      'Strands, which counts as Bedrock does',
      {
        'gen_ai.system': 'strands-agents',
        'gen_ai.operation.name': 'chat',
        'gen_ai.request.model': 'us.anthropic.claude-sonnet-4-20250514-v1:0',
        'gen_ai.usage.input_tokens': 500,
        'gen_ai.usage.output_tokens': 200,
        'gen_ai.usage.cache_read_input_tokens': 8000,
        'gen_ai.usage.cache_write_input_tokens': 1500,
        'gen_ai.usage.reasoning_tokens': 60,
        'gen_ai.usage.total_tokens': 10_200,
      },
    ],
    [
      'semconv_1.37',
      'Pydantic AI',
      {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'anthropic',
        'gen_ai.usage.input_tokens': 10_000,
        'gen_ai.usage.output_tokens': 200,
        'gen_ai.usage.details.cache_read_tokens': 8000,
        'gen_ai.usage.details.cache_write_tokens': 1500,
        'gen_ai.usage.details.reasoning_tokens': 60,
      },
    ],
  ])('is the same from %s: %s', (dialect, _title, attributes) => {
    const call = readAttributes(attributes);
    expect([call.dialect, call.billed, buckets(call.usage), call.usage.totalTokens]).toEqual([dialect, true, bill, 10_200]);
  });

  it.each([
    ['@traceloop/instrumentation-anthropic', '0.27.0', 'anthropic'],
    ['openlit.instrumentation.anthropic', '1.45.0', 'anthropic'],
    ['openlit.instrumentation.bedrock', '1.45.0', 'aws.bedrock'],
    ['opentelemetry.instrumentation.bedrock', '0.62.4', 'AWS'],
    ['opentelemetry.instrumentation.botocore.bedrock-runtime', '0.66b2', 'aws.bedrock'],
  ])('of %s %s, which leaves the cache out of the input, is put right', (scope, version, provider) => {
    const attributes = {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': provider,
      'gen_ai.usage.input_tokens': 9600,
      'gen_ai.usage.output_tokens': 200,
      'gen_ai.usage.total_tokens': 9800,
      'gen_ai.usage.cache_read.input_tokens': 8000,
      'gen_ai.usage.cache_creation.input_tokens': 1500,
    };
    expect(buckets(readAttributes(attributes, [scope, version]).usage)).toEqual({
      input: 9600,
      cache_read: 8000,
      cache_write: 1500,
      output: 200,
    });
    expect(buckets(readAttributes(attributes).usage)).toEqual({ input: 100, cache_read: 8000, cache_write: 1500, output: 200 });
  });

  it('never counts more from the cache than an input that includes it: then it does not include it', () => {
    const call = readAttributes({ 'gen_ai.usage.input_tokens': 100, 'gen_ai.usage.cache_read.input_tokens': 900 });
    expect(buckets(call.usage)).toEqual({ input: 100, cache_read: 900 });
  });

  it('has the modalities that the newest conventions tell apart', () => {
    const call = readAttributes({
      'gen_ai.provider.name': 'openai',
      'gen_ai.usage.input_tokens': 1000,
      'gen_ai.usage.text.input_tokens': 600,
      'gen_ai.usage.audio.input_tokens': 300,
      'gen_ai.usage.image.input_tokens': 100,
      'gen_ai.usage.cache_read.input_tokens': 250,
      'gen_ai.usage.audio.cache_read.input_tokens': 50,
      'gen_ai.usage.output_tokens': 80,
      'gen_ai.usage.audio.output_tokens': 30,
    });
    expect(call.dialect).toBe('semconv_latest');
    expect(buckets(call.usage)).toEqual({
      input: 400,
      input_audio: 250,
      input_image: 100,
      cache_read: 200,
      cache_read_audio: 50,
      output: 50,
      output_audio: 30,
    });
  });

  it('has the thoughts that libraries for Gemini leave to the total', () => {
    const call = readAttributes({
      'gen_ai.system': 'Google',
      'gen_ai.request.model': 'gemini-2.5-pro',
      'gen_ai.usage.input_tokens': 100,
      'gen_ai.usage.output_tokens': 20,
      'llm.usage.total_tokens': 170,
    });
    expect(buckets(call.usage)).toEqual({ input: 100, output: 20, reasoning: 50 });
  });

  it('is all input when a sender states a total alone', () => {
    expect(buckets(readAttributes({ 'llm.request.type': 'embedding', 'llm.usage.total_tokens': 12 }).usage)).toEqual({ input: 12 });
  });

  it('takes numbers that are written as texts, and none that are nonsense', () => {
    const call = readAttributes({
      'gen_ai.usage.input_tokens': '12',
      'gen_ai.usage.output_tokens': -3,
      'gen_ai.usage.cache_read.input_tokens': 'many',
      'gen_ai.usage.reasoning.output_tokens': 1.5e300,
    });
    expect(buckets(call.usage)).toEqual({ input: 12 });
  });

  it('that millrace settled before is taken as it is, times to live and estimates included', () => {
    const call = readAttributes({
      'gen_ai.provider.name': 'anthropic',
      'gen_ai.usage.input_tokens': 10_000,
      'gen_ai.usage.output_tokens': 200,
      'millrace.usage.total': 10_200,
      'millrace.usage.input': 500,
      'millrace.usage.cache_read': 8000,
      'millrace.usage.cache_write_1h': 1500,
      'millrace.usage.output': 200,
      'millrace.usage.estimated': true,
    });
    expect(buckets(call.usage)).toEqual({ input: 500, cache_read: 8000, cache_write_1h: 1500, output: 200 });
    expect(call.usage.estimated).toBe(true);
  });

  it('tells the times to live of the writes that the Vercel AI SDK keeps beside its own numbers', () => {
    const usage = {
      input_tokens: 500,
      output_tokens: 200,
      cache_read_input_tokens: 8000,
      cache_creation_input_tokens: 1500,
      cache_creation: { ephemeral_5m_input_tokens: 1000, ephemeral_1h_input_tokens: 500 },
    };
    const call = readAttributes({
      'ai.operationId': 'ai.generateText.doGenerate',
      'ai.model.id': 'claude-sonnet-4-5',
      'ai.model.provider': 'anthropic.messages',
      'ai.usage.inputTokens': 10_000,
      'ai.usage.outputTokens': 200,
      'ai.response.providerMetadata': JSON.stringify({ anthropic: { usage, cacheCreationInputTokens: 1500 } }),
    });
    expect(buckets(call.usage)).toEqual({ input: 500, cache_read: 8000, cache_write_5m: 1000, cache_write_1h: 500, output: 200 });
  });

  it('in the words of Langfuse may be audio, images and what a vendor answered', () => {
    const langfuse = (details: object): object =>
      buckets(
        readAttributes({
          'langfuse.observation.type': 'generation',
          'langfuse.observation.model.name': 'gpt-4o',
          'langfuse.observation.usage_details': JSON.stringify(details),
        }).usage,
      );
    expect(langfuse({ input: 100, input_audio_tokens: 30, input_image: 20, output: 10, output_audio_tokens: 5 })).toEqual({
      input: 100,
      input_audio: 30,
      input_image: 20,
      output: 10,
      output_audio: 5,
    });
    expect(langfuse({ input: 1, output: 1, cache_creation_5m: 7, cache_write_1h: 8 })).toEqual({
      input: 1,
      output: 1,
      cache_write_5m: 7,
      cache_write_1h: 8,
    });
    expect(langfuse({ prompt_tokens: 100, completion_tokens: 10, prompt_tokens_details: { cached_tokens: 80 } })).toEqual({
      input: 20,
      cache_read: 80,
      output: 10,
    });
    expect(langfuse([])).toEqual({});
  });
});
