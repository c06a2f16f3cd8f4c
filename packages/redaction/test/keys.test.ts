import { isContentEvent, isContentKey, isEventContentKey, isSecretKey } from '@millrace/redaction';
import { describe, expect, it } from '@jest/globals';

/** Asks by text and, twice (the second answer is a remembered one), by bytes in the middle of others; all answers must agree. */
function ask(test: (key: string | { buffer: Buffer; start: number; end: number }) => boolean, key: string): boolean | string {
  const bytes = Buffer.from(`x${key}x`);
  const range = { buffer: bytes, start: 1, end: bytes.length - 1 };
  const answers = [test(key), test(key), test(range), test(range)];
  return answers.every((answer) => answer === answers[0]) ? answers[0] : `disagree: ${answers.join()}`;
}

describe('Secret keys (SHM-11, IMS-1)', () => {
  it.each([
    'api_key',
    'password',
    'secret',
    'token',
    'credit_card',
    'ssn',
    'email',
    'x-auth-token',
    'X-API-Key',
    'apiKey',
    'APIKey',
    'apikey',
    'OPENAI_API_KEY',
    'http.request.header.x-api-key',
    'dd.api_key',
    'user.email',
    'userEmail',
    'e-mail',
    'email.address',
    'enduser.emails.0',
    'customer_email_address',
    'db.password',
    'DB_PASSWORD',
    'db.password.value',
    'password_hash',
    'client_secret',
    'aws_secret_access_key',
    'auth.refreshToken',
    'http.request.header.authorization',
    'Proxy-Authorization',
    'set-cookie',
    'http.request.header.cookie.0',
    'tls.private_key',
    'creditCard',
    'credit_card_number',
    'payment/credit-card',
    'ssn number',
    'id_token',
    'session.token',
  ])('%s is one', (key) => {
    expect(ask(isSecretKey, key)).toBe(true);
  });

  it.each([
    'gen_ai.usage.input_tokens',
    'gen_ai.usage.output_tokens',
    'llm.token_count.prompt',
    'gen_ai.request.max_tokens',
    'max_tokens',
    'gen_ai.token.type',
    'token_type',
    'gen_ai.token.modality',
    'gen_ai.server.time_per_output_token',
    'time_to_first_token',
    'input_cost_per_token',
    'tokens',
    'tokenizer',
    'token_count',
    'api_key_id',
    'secret_name',
    'k8s.secret.name',
    'aws.secretsmanager.secret.arn',
    'password_policy',
    'email_verified',
    'emailed',
    'secretary',
    'ssnake',
    'credit',
    'card',
    'service.name',
    'http.route',
    '',
    '...',
    '0',
    'key',
  ])('%s is none', (key) => {
    expect(ask(isSecretKey, key)).toBe(false);
  });

  it('are judged by their end, whatever their length', () => {
    expect(ask(isSecretKey, `${'a.'.repeat(100_000)}password`)).toBe(true);
    expect(ask(isSecretKey, `password${'.a'.repeat(100_000)}`)).toBe(false);
    expect(ask(isSecretKey, 'A'.repeat(100_000))).toBe(false);
  });

  it('are told apart however many there are', () => {
    for (let i = 0; i < 10_000; i++) {
      expect(ask(isSecretKey, `key${i}.count`)).toBe(false);
      expect(ask(isSecretKey, `key${i}.password`)).toBe(true);
    }
  });
});

describe('Keys of GenAI content (SHM-11)', () => {
  it.each([
    'gen_ai.prompt',
    'gen_ai.completion',
    'gen_ai.input.messages',
    'gen_ai.output.messages',
    'gen_ai.system_instructions',
    'gen_ai.tool.call.arguments',
    'gen_ai.tool.call.arguments.name',
    'gen_ai.tool.call.result',
    'gen_ai.tool.definitions',
    'gen_ai.retrieval.documents',
    'gen_ai.retrieval.query.text',
    'gen_ai.memory.records',
    'gen_ai.memory.query.text',
    'gen_ai.evaluation.explanation',
    'gen_ai.prompt.variable.name',
    'gen_ai.event.content',
    'gen_ai.request.messages',
    'gen_ai.response.text',
    'gen_ai.input.messages.0.parts.0.content',
  ])('of OpenTelemetry: %s', (key) => {
    expect(ask(isContentKey, key)).toBe(true);
  });

  it.each([
    'llm.input_messages.0.message.content',
    'llm.input_messages.12.message.contents.1.message_content.text',
    'input.value',
    'output.value',
    'llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments',
    'llm.prompts.0.prompt.text',
    'llm.prompt_template.template',
    'llm.prompt_template.variables',
    'retrieval.documents.3.document.content',
    'reranker.query',
    'reranker.input_documents.0.document.content',
    'embedding.embeddings.0.embedding.vector',
    'embedding.text',
    'llm.input_messages.0.message.contents.0.message_content.image.image.url',
  ])('of OpenInference: %s', (key) => {
    expect(ask(isContentKey, key)).toBe(true);
  });

  it.each([
    'gen_ai.prompt.0.content',
    'gen_ai.completion.0.content',
    'gen_ai.completion.10.tool_calls.0.arguments',
    'traceloop.entity.input',
    'traceloop.entity.output',
    'traceloop.prompt.template_variables.name',
    'llm.request.functions.0.parameters',
  ])('of Traceloop: %s', (key) => {
    expect(ask(isContentKey, key)).toBe(true);
  });

  it.each([
    'ai.prompt',
    'ai.prompt.messages',
    'ai.prompt.tools',
    'ai.response.text',
    'ai.response.object',
    'ai.response.toolCalls',
    'ai.response.reasoning',
    'ai.toolCall.args',
    'ai.toolCall.result',
    'ai.value',
    'ai.values',
    'ai.embedding',
    'ai.embeddings',
    'ai.result.text',
  ])('of the AI SDK: %s', (key) => {
    expect(ask(isContentKey, key)).toBe(true);
  });

  it.each([
    'langfuse.observation.input',
    'mlflow.spanInputs',
    'gcp.vertex.agent.llm_request',
    'genkit:input',
    'prompt',
    'user_prompt',
    'tool_input',
  ])('of others: %s', (key) => {
    expect(ask(isContentKey, key)).toBe(true);
  });

  it.each([
    'gen_ai.usage.input_tokens',
    'gen_ai.usage.prompt_tokens',
    'gen_ai.request.model',
    'gen_ai.response.id',
    'gen_ai.response.finish_reasons',
    'gen_ai.prompt.name',
    'gen_ai.prompt.version',
    'gen_ai.prompt.0.role',
    'gen_ai.completion.0.finish_reason',
    'gen_ai.output.type',
    'gen_ai.tool.name',
    'gen_ai.tool.call.id',
    'gen_ai.retrieval.top_k',
    'gen_ai.evaluation.score.value',
    'gen_ai.system',
    'gen_ai.promptly',
    'llm.input_messages.0.message.role',
    'llm.output_messages.0.message.tool_calls.0.tool_call.id',
    'llm.token_count.prompt',
    'llm.model_name',
    'input.mime_type',
    'output.mime_type',
    'retrieval.documents.0.document.id',
    'embedding.model_name',
    'openinference.span.kind',
    'ai.usage.promptTokens',
    'ai.response.finishReason',
    'ai.response.model',
    'ai.model.id',
    'ai.prompt.toolChoice',
    'ai.response.msToFirstChunk',
    'service.name',
    'input.size',
    '',
    '.',
    'http.route',
    'a.gen_ai.prompt',
  ])('not %s', (key) => {
    expect(ask(isContentKey, key)).toBe(false);
  });

  it('are found however long they are', () => {
    expect(ask(isContentKey, `gen_ai.prompt.0.${'x'.repeat(300)}`)).toBe(true);
    expect(ask(isContentKey, `${'x.'.repeat(100_000)}gen_ai.prompt`)).toBe(false);
  });
});

describe('Events with content', () => {
  it.each([
    'gen_ai.user.message',
    'gen_ai.system.message',
    'gen_ai.assistant.message',
    'gen_ai.tool.message',
    'gen_ai.choice',
    'gen_ai.content.prompt',
    'gen_ai.content.completion',
    'gen_ai.client.inference.operation.details',
    'claude_code.user_prompt',
  ])('are %s', (name) => {
    expect(isContentEvent(name)).toBe(true);
  });

  it.each([
    'exception',
    'gen_ai.evaluation.result',
    'gen_ai.execute_tool.exception',
    'claude_code.api_request',
    '',
    'message',
    `gen_ai.${'a.'.repeat(1e5)}`,
  ])('are not %.40s', (name) => {
    expect(isContentEvent(name)).toBe(false);
  });

  it.each(['content', 'message', 'tool_calls', 'gen_ai.prompt', 'body', 'gen_ai.event.content'])('have it in %s', (key) => {
    expect(ask(isEventContentKey, key)).toBe(true);
  });

  it.each([
    'role',
    'id',
    'index',
    'finish_reason',
    'event.name',
    'gen_ai.system',
    'gen_ai.usage.input_tokens',
    'session.id',
    'server.address',
  ])('do not have it in %s', (key) => {
    expect(ask(isEventContentKey, key)).toBe(false);
  });
});
