import { describe, expect, it } from '@jest/globals';
import { modelFamily, providerName, providerOfHost, providerOfModel } from '../src/index.ts';
import { readAttributes } from './read.ts';

describe('A provider', () => {
  it.each([
    ['Azure OpenAI', 'azure.ai.openai'],
    ['az.ai.openai', 'azure.ai.openai'],
    ['azure-openai.responses', 'azure.ai.openai'],
    ['azure_ai', 'azure.ai.inference'],
    ['OpenAI', 'openai'],
    ['openai.chat', 'openai'],
    ['anthropic.messages', 'anthropic'],
    ['amazon-bedrock', 'aws.bedrock'],
    ['AWS', 'aws.bedrock'],
    ['google.vertex.chat', 'gcp.vertex_ai'],
    ['google.generative-ai', 'gcp.gemini'],
    ['Google', 'gcp.gen_ai'],
    ['xai.chat', 'x_ai'],
    ['MistralAI', 'mistral_ai'],
    ['gcp.vertex_ai', 'gcp.vertex_ai'],
    ['ibm.watsonx.ai', 'ibm.watsonx.ai'],
    ['My Own', 'my own'],
    ['', ''],
  ])('called %s is %s', (name, known) => {
    expect(providerName(name)).toBe(known);
  });

  it.each([
    ['api.openai.com', 'openai'],
    ['acme.openai.azure.com', 'azure.ai.openai'],
    ['bedrock-runtime.us-east-1.amazonaws.com', 'aws.bedrock'],
    ['us-central1-aiplatform.googleapis.com', 'gcp.vertex_ai'],
    ['API.X.AI', 'x_ai'],
    ['notopenai.com', ''],
    ['127.0.0.1', ''],
  ])('at %s is %s', (host, known) => {
    expect(providerOfHost(host)).toBe(known);
  });

  it.each([
    ['gpt-4o-mini', 'openai'],
    ['ft:gpt-4o-mini-2024-07-18:acme::abc', 'openai'],
    ['o3', 'openai'],
    ['claude-sonnet-4-5', 'anthropic'],
    ['claude-sonnet-4-5@20250929', 'gcp.vertex_ai'],
    ['us.anthropic.claude-3-5-sonnet-20240620-v1:0', 'aws.bedrock'],
    ['gemini-2.5-pro', 'gcp.gemini'],
    ['models/gemini-2.5-pro', 'gcp.gemini'],
    ['groq/llama-3.3-70b', 'groq'],
    ['accounts/fireworks/models/llama-v3p1-70b-instruct', 'fireworks_ai'],
    ['meta-llama/Llama-3-8b', ''],
    ['my-model', ''],
  ])('with the model %s is %s', (model, known) => {
    expect(providerOfModel(model)).toBe(known);
  });

  it.each([
    [{ 'gen_ai.provider.name': 'openai', 'gen_ai.system': 'azure', 'gen_ai.request.model': 'x' }, 'openai'],
    [{ 'gen_ai.system': 'openai', 'server.address': 'acme.openai.azure.com', 'gen_ai.request.model': 'x' }, 'azure.ai.openai'],
    [{ 'gen_ai.system': 'openai', 'gen_ai.openai.api_base': 'https://api.groq.com/openai/v1/', 'gen_ai.request.model': 'x' }, 'groq'],
    [{ 'gen_ai.system': 'openai', 'server.address': '127.0.0.1', 'gen_ai.request.model': 'x' }, 'openai'],
    [{ 'gen_ai.system': 'Langchain', 'gen_ai.request.model': 'claude-sonnet-4-5' }, 'anthropic'],
    [
      { 'gen_ai.system': 'Google', 'server.address': 'us-central1-aiplatform.googleapis.com', 'gen_ai.request.model': 'x' },
      'gcp.vertex_ai',
    ],
    [{ 'gen_ai.system': 'Google', 'gen_ai.request.model': 'gemini-2.5-pro' }, 'gcp.gen_ai'],
    [{ 'gen_ai.request.model': 'x', 'server.address': 'api.cohere.com' }, 'cohere'],
    [{ 'llm.provider': 'azure', 'llm.system': 'openai', 'llm.model_name': 'gpt-4o' }, 'azure.ai.openai'],
    [{ 'gen_ai.request.model': 'nobodys' }, ''],
  ])('of %j is %s', (attributes, provider) => {
    expect(readAttributes(attributes).provider).toBe(provider);
  });
});

describe('A model', () => {
  it.each([
    [{ 'llm.model_name': 'a' }, 'a', ''],
    [{ 'llm.request.model_name': 'a', 'llm.model_name': 'b' }, 'a', 'b'],
    [{ 'llm.request.model_name': 'a', 'llm.response.model_name': 'b', 'llm.model_name': 'b' }, 'a', 'b'],
    [{ 'ai.operationId': 'ai.generateText.doGenerate', 'ai.model.id': 'a', 'ai.response.model': 'b' }, 'a', 'b'],
    [{ 'gen_ai.request.model': 'a', 'gen_ai.response.model': 'b' }, 'a', 'b'],
  ])('of %j was asked for as %s and answered as "%s"', (attributes, request, response) => {
    const call = readAttributes(attributes);
    expect([call.requestModel, call.responseModel, call.model]).toEqual([request, response, response || request]);
  });

  it.each([
    ['openai/gpt-4o-2024-08-06', 'gpt-4o'],
    ['us.anthropic.claude-3-5-sonnet-20240620-v1:0', 'claude-3-5-sonnet'],
    ['claude-3-5-sonnet@20240620', 'claude-3-5-sonnet'],
    ['claude-3-7-sonnet-latest', 'claude-3-7-sonnet'],
    ['gemini-2.5-flash-preview-05-20', 'gemini-2.5-flash'],
    ['models/gemini-2.0-flash-001', 'gemini-2.0-flash'],
    ['gpt-3.5-turbo-0125', 'gpt-3.5-turbo'],
    ['gpt-4-1106-preview', 'gpt-4'],
    ['ft:gpt-4o-mini-2024-07-18:acme::abc', 'gpt-4o-mini'],
    ['mistral-large-2411', 'mistral-large'],
    ['command-r-08-2024', 'command-r'],
    ['meta.llama3-1-70b-instruct-v1:0', 'llama3-1-70b-instruct'],
    ['deepseek/deepseek-r1:free', 'deepseek-r1'],
    ['GPT-4.1', 'gpt-4.1'],
    ['-latest', '-latest'],
    ['', ''],
  ])('%s is of the family %s', (model, family) => {
    expect(modelFamily(model)).toBe(family);
  });
});
