import { describe, expect, it } from '@jest/globals';
import { Call, CallReader, estimateUsage, readCall } from '../src/index.ts';
import { buckets, plain, readAttributes, readLog, readSpan } from './read.ts';
import type { Attributes } from './read.ts';

const call = { 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'openai', 'gen_ai.request.model': 'gpt-4o' };
const second = 1_000_000_000n;

describe('Who asked, and for what,', () => {
  it.each<[string, Attributes, Partial<Call>]>([
    [
      'the conventions',
      { 'user.id': 'u', 'gen_ai.conversation.id': 'c', 'session.id': 's', 'gen_ai.workflow.name': 'w' },
      { user: 'u', conversation: 'c', task: 'w' },
    ],
    [
      'millrace',
      { 'enduser.id': 'u', 'millrace.team': 't', 'millrace.api_key.id': 'k', 'millrace.task_type': 'qa', 'traceloop.workflow.name': 'w' },
      { user: 'u', team: 't', apiKeyId: 'k', task: 'qa' },
    ],
    ['OpenInference', { 'user.id': 'u', 'session.id': 's' }, { user: 'u', conversation: 's' }],
    [
      'Traceloop',
      {
        'traceloop.association.properties.user_id': 'u',
        'traceloop.association.properties.session_id': 's',
        'traceloop.association.properties.team': 't',
        'traceloop.workflow.name': 'w',
      },
      { user: 'u', conversation: 's', team: 't', task: 'w' },
    ],
    [
      'Langfuse',
      { 'langfuse.user.id': 'u', 'langfuse.session.id': 's', 'langfuse.trace.name': 'n' },
      { user: 'u', conversation: 's', task: 'n' },
    ],
    [
      'the Vercel AI SDK',
      { 'ai.telemetry.metadata.userId': 'u', 'ai.telemetry.metadata.sessionId': 's', 'ai.telemetry.functionId': 'f' },
      { user: 'u', conversation: 's', task: 'f' },
    ],
    [
      'LiteLLM',
      { 'metadata.user_api_key_user_id': 'u', 'metadata.user_api_key_team_alias': 't', 'metadata.user_api_key_alias': 'k' },
      { user: 'u', team: 't', apiKeyId: 'k' },
    ],
  ])('is read in the words of %s', (_title, attributes, expected) => {
    expect(readAttributes({ ...call, ...attributes })).toMatchObject(expected);
  });
});

describe('What a sender says it cost', () => {
  it.each<[Attributes, string, string]>([
    [{ 'gen_ai.usage.cost.amount': 0.0125, 'gen_ai.usage.cost.currency': 'eur', 'gen_ai.usage.cost': 9 }, '0.0125', 'EUR'],
    [{ 'millrace.cost.actual': '0.000000000001' }, '0.000000000001', 'USD'],
    [{ 'gen_ai.usage.cost': 0.5 }, '0.5', 'USD'],
    [{ 'llm.cost.total': 0.25, 'llm.cost.prompt': 9 }, '0.25', 'USD'],
    [{ 'llm.cost.prompt': 0.25, 'llm.cost.completion': 0.5 }, '0.75', 'USD'],
    [{ 'llm.cost.prompt': 0.25 }, '', ''],
    [{ 'langfuse.observation.cost_details': '{"input":0.25,"output":0.5}' }, '0.75', 'USD'],
    [{ 'langfuse.observation.cost_details': '{"total":0.7}' }, '0.7', 'USD'],
    [{ 'langfuse.observation.cost_details': 'nothing' }, '', ''],
    [{ 'ai.response.providerMetadata': '{"gateway":{"cost":"0.0012"}}' }, '0.0012', 'USD'],
    [{ 'ai.response.providerMetadata': '{"openrouter":{"usage":{"cost":0.002}}}' }, '0.002', 'USD'],
    [{ 'ai.response.providerMetadata': '{"x":{"cost":"free"},"y":1}' }, '', ''],
    [{ 'gen_ai.cost.total_cost': 0.002, hidden_params: '{"cache_key": null}' }, '0.002', 'USD'],
    [{ 'gen_ai.cost.total_cost': 0.002, hidden_params: '{"cache_key": "16a6"}' }, '', ''],
    [{ 'gen_ai.usage.cost': -1 }, '', ''],
    [{}, '', ''],
  ])('in %j is "%s" %s', (attributes, cost, currency) => {
    const read = readAttributes({ ...call, ...attributes });
    expect([read.reportedCost, read.reportedCurrency]).toEqual([cost, currency]);
  });
});

describe('The cache of a gateway or an application', () => {
  it.each<[Attributes, string, string]>([
    [{ 'millrace.cache.result': 'hit', 'millrace.cache.tier': '1' }, 'hit', '1'],
    [{ 'millrace.cache.result': 'miss' }, 'miss', ''],
    [{ 'litellm.cache_hit': true }, 'hit', ''],
    [{ 'metadata.cache_hit': 'False' }, 'miss', ''],
    [{ hidden_params: '{"model_id": null, "cache_key": "16a6"}' }, 'hit', ''],
    [{ hidden_params: '{"model_id": null, "cache_key": null, "api_base": "\\"cache_key\\": \\"a\\""}' }, '', ''],
    [{ 'portkey.cache.status': 'SEMANTIC HIT' }, 'hit', 'semantic'],
    [{ 'portkey.cache.status': 'DISABLED' }, '', ''],
    [{ 'http.response.header.helicone-cache': ['MISS'] }, 'miss', ''],
    [{ 'millrace.cache.tier': '2' }, '', ''],
  ])('of %j answered "%s" from tier "%s"', (attributes, result, tier) => {
    const read = readAttributes({ ...call, ...attributes });
    expect([read.cacheResult, read.cacheTier]).toEqual([result, tier]);
  });
});

describe('How a call was made', () => {
  it.each<[Attributes, Partial<Call>]>([
    [
      { 'gen_ai.request.stream': true, 'gen_ai.response.time_to_first_chunk': 0.25 },
      { streamed: true, timeToFirstChunk: 0.25 },
    ],
    [{ 'llm.is_streaming': 'true' }, { streamed: true, timeToFirstChunk: Number.NaN }],
    [{ 'gen_ai.is_streaming': false }, { streamed: false }],
    [
      { 'ai.operationId': 'ai.streamText.doStream', 'ai.response.msToFirstChunk': 125 },
      { streamed: true, timeToFirstChunk: 0.125 },
    ],
    [
      { 'llm.invocation_parameters': '{"model": "gpt-4o", "stream": true, "service_tier": "flex"}' },
      { streamed: true, serviceTier: 'flex', batch: false },
    ],
    [{ 'openai.request.service_tier': 'auto' }, { serviceTier: '' }],
    [{ 'openai.request.service_tier': 'auto', 'openai.response.service_tier': 'priority' }, { serviceTier: 'priority' }],
    [{ 'gen_ai.openai.response.service_tier': 'default' }, { serviceTier: 'standard' }],
    [{ 'gen_ai.response.service_tier': 'batch' }, { serviceTier: 'batch', batch: true }],
    [{ 'gen_ai.batch.id': 'b' }, { batch: true }],
    [{ 'gen_ai.request.batch': true }, { batch: true }],
    [
      { 'server.address': 'api.openai.com', 'server.port': 443 },
      { serverAddress: 'api.openai.com', serverPort: 443 },
    ],
    [{ 'url.full': 'https://api.openai.com:8443/v1/chat' }, { serverAddress: 'api.openai.com' }],
    [{ 'error.type': 'timeout' }, { errorType: 'timeout', usageMissing: false }],
    [
      { 'gen_ai.evaluation.score.value': 0.8, 'gen_ai.evaluation.name': 'relevance' },
      { qualityScore: 0.8, evaluation: 'relevance' },
    ],
  ])('is read from %j', (attributes, expected) => {
    expect(readAttributes({ ...call, ...attributes })).toMatchObject(expected);
  });

  it.each(['First Token Stream Event', 'llm.content.completion.chunk'])('may be told by the event "%s"', (name) => {
    const events = [
      { name: 'other', timeUnixNano: second },
      { name, timeUnixNano: 2n * second },
      { name, timeUnixNano: 3n * second },
    ];
    expect(readSpan({ attributes: call, startTimeUnixNano: second, events })).toMatchObject({ streamed: true, timeToFirstChunk: 1 });
  });

  it('may be told by an event of the Vercel AI SDK, and by the clock of Langfuse', () => {
    const event = { name: 'ai.stream.firstChunk', attributes: plain({ 'ai.response.msToFirstChunk': 500 }) };
    expect(readSpan({ attributes: call, events: [event] }).timeToFirstChunk).toBe(0.5);
    const attributes = { ...call, 'langfuse.observation.completion_start_time': '"2026-01-01T00:00:01.500Z"' };
    const startTimeUnixNano = BigInt(Date.UTC(2026, 0, 1)) * 1_000_000n;
    expect(readSpan({ attributes, startTimeUnixNano }).timeToFirstChunk).toBe(1.5);
  });

  it('is an error by its status, named by its exception', () => {
    const failed = { attributes: call, status: { code: 2 } };
    expect(readSpan(failed).errorType).toBe('_OTHER');
    const events = [{ name: 'exception', attributes: { 'exception.type': 'RateLimitError' } }];
    expect(readSpan({ ...failed, events })).toMatchObject({ errorType: 'RateLimitError', usageMissing: false });
  });

  it('is judged by the event of an evaluation', () => {
    const events = [
      { name: 'gen_ai.evaluation.result', attributes: { 'gen_ai.evaluation.score.value': 0.25, 'gen_ai.evaluation.name': 'toxicity' } },
    ];
    expect(readSpan({ attributes: call, events })).toMatchObject({ qualityScore: 0.25, evaluation: 'toxicity' });
  });
});

describe('A call that says nothing of its usage', () => {
  it.each<[Attributes, boolean]>([
    [call, true],
    [{ ...call, 'gen_ai.request.stream': true }, true],
    [{ ...call, 'gen_ai.usage.input_tokens': 0 }, false],
    [{ ...call, 'error.type': 'x' }, false],
    [{ ...call, 'litellm.cache_hit': true }, false],
    [{ 'gen_ai.operation.name': 'invoke_agent' }, false],
  ])('%j: missing is %s', (attributes, missing) => {
    expect(readAttributes(attributes).usageMissing).toBe(missing);
  });

  it.each<[string, Attributes]>([
    [
      'messages as JSON',
      {
        'gen_ai.system_instructions': '[{"type":"text","content":"Be brief."}]',
        'gen_ai.input.messages': '[{"role":"user","parts":[{"type":"text","content":"Good morning, all."}]}]',
        'gen_ai.output.messages': '[{"role":"assistant","parts":[{"type":"text","content":"Hi!"}],"finish_reason":"stop"}]',
      },
    ],
    [
      'indexed messages of Traceloop',
      {
        'gen_ai.prompt.0.role': 'system',
        'gen_ai.prompt.0.content': 'Be brief.',
        'gen_ai.prompt.1.content': 'Good morning, all.',
        'gen_ai.completion.0.content': 'Hi!',
      },
    ],
    [
      'indexed messages of OpenInference',
      {
        'llm.input_messages.0.message.content': 'Be brief.',
        'llm.input_messages.1.message.contents.0.message_content.text': 'Good morning, all.',
        'llm.output_messages.0.message.content': 'Hi!',
        'input.value': 'not this, which is the same again',
      },
    ],
    ['texts', { 'gen_ai.prompt': 'Be brief.Good morning, all.', 'gen_ai.completion': 'Hi!' }],
    ['texts that look like JSON', { 'gen_ai.prompt': '[e brief.Good morning, all.', 'gen_ai.completion': 'Hi!' }],
    ['the Vercel AI SDK', { 'ai.prompt.messages': '[{"role":"user","content":"Be brief.Good morning, all."}]', 'ai.response.text': 'Hi!' }],
    ['Langfuse', { 'langfuse.observation.input': '{"content":"Be brief.Good morning, all."}', 'langfuse.observation.output': '"Hi!"' }],
  ])('is estimated from its contents when asked: %s', (title, contents) => {
    const read = readAttributes({ ...call, ...contents });
    expect([read.usageMissing, read.inputCharacters, read.outputCharacters]).toEqual([true, 27, title === 'Langfuse' ? 5 : 3]);
    expect(estimateUsage(read)).toBe(true);
    expect([read.usage.known, read.usage.estimated, buckets(read.usage)]).toEqual([
      false,
      true,
      { input: 7, output: title === 'Langfuse' ? 2 : 1 },
    ]);
  });

  it('is not estimated from nothing, nor when it is known, nor when it is no call of a model', () => {
    expect(estimateUsage(readAttributes(call))).toBe(false);
    expect(estimateUsage(readAttributes({ ...call, 'gen_ai.usage.input_tokens': 1, 'gen_ai.prompt': 'x' }))).toBe(false);
    expect(estimateUsage(readAttributes({ 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.prompt': 'x' }))).toBe(false);
  });
});

describe('A log record', () => {
  it('tells what an evaluation said', () => {
    const attributes = { 'gen_ai.evaluation.name': 'relevance', 'gen_ai.evaluation.score.value': 0.5, 'gen_ai.request.model': 'gpt-4o' };
    expect(readLog({ eventName: 'gen_ai.evaluation.result', attributes })).toMatchObject({
      level: 'evaluation',
      operation: 'evaluate',
      qualityScore: 0.5,
      evaluation: 'relevance',
      billed: false,
    });
  });

  it('of a call counts when no span tells the same', () => {
    const attributes = plain({ ...call, 'gen_ai.usage.input_tokens': 12, 'gen_ai.usage.output_tokens': 3 });
    const log = { eventName: 'gen_ai.client.inference.operation.details', attributes };
    const alone = readLog(log);
    expect([alone.billed, alone.repeated, buckets(alone.usage)]).toEqual([true, false, { input: 12, output: 3 }]);
    const beside = readLog({ ...log, traceId: '0123456789abcdef0123456789abcdef', spanId: '0123456789abcdef' });
    expect([beside.billed, beside.repeated, beside.usageMissing]).toEqual([false, true, false]);
  });

  it.each([
    [
      'claude_code.api_request',
      'com.anthropic.claude_code.events',
      {
        model: 'claude-sonnet-4-5',
        input_tokens: 10,
        output_tokens: 20,
        cache_read_tokens: 300,
        cache_creation_tokens: 40,
        cost_usd: 0.0123,
        'user.id': 'u',
      },
      { provider: 'anthropic', requestModel: 'claude-sonnet-4-5', reportedCost: '0.0123', user: 'u' },
      { input: 10, cache_read: 300, cache_write: 40, output: 20 },
    ],
    [
      'api_request',
      'com.anthropic.claude_code.events',
      { model: 'claude-sonnet-4-5', input_tokens: '10', output_tokens: '20' },
      { provider: 'anthropic' },
      { input: 10, output: 20 },
    ],
    [
      'gemini_cli.api_response',
      'gemini-cli',
      {
        model: 'gemini-2.5-pro',
        input_token_count: 100,
        cached_content_token_count: 40,
        output_token_count: 10,
        thoughts_token_count: 5,
        tool_token_count: 7,
      },
      { provider: 'gcp.gemini', reportedCost: '' },
      { input: 67, cache_read: 40, output: 10, reasoning: 5 },
    ],
    [
      'codex.sse_event',
      'codex',
      { model: 'gpt-5', input_token_count: 100, cached_token_count: 60, output_token_count: 30, reasoning_token_count: 20 },
      { provider: 'openai' },
      { input: 40, cache_read: 60, output: 10, reasoning: 20 },
    ],
  ])('of an assistant on the command line is a call: %s', (name, scope, attributes, expected, usage) => {
    const read = readLog({ attributes: plain({ ...attributes, 'event.name': name }) }, scope);
    expect(read).toMatchObject({ ...expected, level: 'inference', billed: true });
    expect(buckets(read.usage)).toEqual(usage);
  });

  it.each([
    ['codex.sse_event', { model: 'gpt-5', 'event.kind': 'response.created' }],
    ['api_request', { input_tokens: 1n }],
    ['gen_ai.user.message', { 'gen_ai.system': 'openai' }],
    ['toString', { 'gen_ai.system': 'openai' }],
    ['', { 'gen_ai.system': 'openai' }],
  ])('that is something else is none: %s', (eventName, attributes) => {
    expect(readLog({ eventName, attributes }).level).toBe('none');
  });
});

describe('A reader', () => {
  it('keeps nothing of one span in the next', () => {
    const full = readAttributes({
      ...call,
      'gen_ai.usage.input_tokens': 5,
      'user.id': 'u',
      'gen_ai.request.stream': true,
      'error.type': 'e',
    });
    expect(full.user).toBe('u');
    expect(Object.entries(readAttributes({ 'http.route': '/' }))).toEqual(Object.entries(new Call()));
    expect(readAttributes(call)).toMatchObject({ user: '', streamed: false, errorType: '' });
  });

  it('reads maps and lists as well as texts that hold them', () => {
    const attributes = {
      ...plain({ 'gen_ai.usage.input_tokens': 100, 'gen_ai.usage.output_tokens': 1 }),
      'gen_ai.usage.input_token_details': { cache_read: 60n },
    };
    expect(buckets(readSpan({ attributes }).usage)).toEqual({ input: 40, cache_read: 60, output: 1 });
  });

  it('remembers texts within bounds', () => {
    const reader = new CallReader();
    expect(reader).toBeInstanceOf(CallReader);
    const long = 'm'.repeat(200);
    for (let index = 0; index < 10_000; index++) {
      expect(readSpan({ attributes: { 'gen_ai.request.model': `model-${index}` } }).requestModel).toBe(`model-${index}`);
    }
    expect(readSpan({ attributes: { 'gen_ai.request.model': long } }).requestModel).toBe(long);
  });
});

describe('Names that are far too long', () => {
  it('are cut between two characters, in spans as in plain objects', () => {
    const name = 'n'.repeat(1023);
    for (const key of ['gen_ai.request.model', 'gen_ai.response.id', 'user.id', 'gen_ai.conversation.id', 'error.type']) {
      const read = readSpan({ attributes: { 'gen_ai.operation.name': 'chat', [key]: `${name}${'ä'.repeat(1_000_000)}` } });
      const { requestModel, responseId, user, conversation, errorType } = read;
      expect([requestModel, responseId, user, conversation, errorType]).toContain(name);
    }
    expect(readCall({ 'gen_ai.operation.name': 'chat', 'user.id': 'x'.repeat(5000) }, new Call()).user).toBe('x'.repeat(1024));
  });

  it('are no obstacle in what is only looked into', () => {
    const parameters = JSON.stringify({ stop: 'x'.repeat(5000), model: 'gpt-4o', stream: true });
    const read = readAttributes({ 'openinference.span.kind': 'LLM', 'llm.invocation_parameters': parameters });
    expect([read.requestModel, read.streamed]).toEqual(['gpt-4o', true]);
  });
});

describe('Contents that are nested without end', () => {
  it('are no obstacle: the call is read, what is deep is not counted', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const read = readAttributes({
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'm',
      'gen_ai.prompt': deep,
      'gen_ai.completion': 'four',
    });
    expect([read.usageMissing, read.inputCharacters, read.outputCharacters]).toEqual([true, 0, 4]);
  });
});

describe('A reported cost', () => {
  it('is the first that can be one', () => {
    const read = readAttributes({
      'gen_ai.operation.name': 'chat',
      'millrace.cost.actual': 'free',
      'gen_ai.usage.cost': '-1',
      'llm.cost.total': 0.5,
    });
    expect(read.reportedCost).toBe('0.5');
  });
});

describe('The address of a server', () => {
  it.each([
    ['https://sk-secret@api.example:8443/v1?key=sk-secret', 'api.example'],
    ['http://user:password@[::1]:11434/api', '[::1]'],
    ['https://api.openai.com?key=sk-secret/x', 'api.openai.com'],
  ])('is the host of %s, without who logs in', (url, host) => {
    expect(readAttributes({ ...call, 'url.full': url }).serverAddress).toBe(host);
  });
});
