import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { tokenKinds, Usage, readUsageBody } from '../src/index.ts';
import type { TokenKind } from '../src/index.ts';
import { buckets, readAttributes } from './read.ts';
import type { Attributes } from './read.ts';

const count = fc.oneof({ weight: 1, arbitrary: fc.constant(0) }, { weight: 3, arbitrary: fc.integer({ min: 1, max: 300_000 }) });

/** What a vendor billed, by bucket. */
type Bill = Readonly<Partial<Record<TokenKind, number>>>;

const textBill = fc.record({ input: count, cache_read: count, cache_write: count, output: count, reasoning: count });
const anyBill = fc.record({
  input: count,
  input_audio: count,
  input_image: count,
  cache_read: count,
  cache_read_audio: count,
  cache_write: count,
  output: count,
  reasoning: count,
  output_audio: count,
  output_image: count,
});

function sumOf(bill: Bill, ...kinds: readonly TokenKind[]): number {
  return kinds.reduce((sum, kind) => sum + (bill[kind] ?? 0), 0);
}

const inputKinds = tokenKinds.slice(0, tokenKinds.indexOf('output'));
const outputKinds = tokenKinds.slice(tokenKinds.indexOf('output'));

/** How senders of a dialect tell a bill. */
const tellers: Readonly<Record<string, (bill: Bill) => Attributes>> = {
  'the conventions since 1.37': (bill) => ({
    'gen_ai.provider.name': 'anthropic',
    'gen_ai.usage.input_tokens': sumOf(bill, ...inputKinds),
    'gen_ai.usage.output_tokens': sumOf(bill, ...outputKinds),
    'gen_ai.usage.cache_read.input_tokens': sumOf(bill, 'cache_read'),
    'gen_ai.usage.cache_creation.input_tokens': sumOf(bill, 'cache_write'),
    'gen_ai.usage.reasoning.output_tokens': sumOf(bill, 'reasoning'),
  }),
  OpenInference: (bill) => ({
    'openinference.span.kind': 'LLM',
    'llm.token_count.prompt': sumOf(bill, ...inputKinds),
    'llm.token_count.completion': sumOf(bill, ...outputKinds),
    'llm.token_count.total': sumOf(bill, ...tokenKinds),
    'llm.token_count.prompt_details.cache_read': sumOf(bill, 'cache_read'),
    'llm.token_count.prompt_details.cache_write': sumOf(bill, 'cache_write'),
    'llm.token_count.completion_details.reasoning': sumOf(bill, 'reasoning'),
  }),
  OpenLLMetry: (bill) => ({
    'llm.request.type': 'chat',
    'gen_ai.usage.prompt_tokens': sumOf(bill, ...inputKinds),
    'gen_ai.usage.completion_tokens': sumOf(bill, ...outputKinds),
    'llm.usage.total_tokens': sumOf(bill, ...tokenKinds),
    'gen_ai.usage.cache_read_input_tokens': sumOf(bill, 'cache_read'),
    'gen_ai.usage.cache_creation_input_tokens': sumOf(bill, 'cache_write'),
    'gen_ai.usage.reasoning_tokens': sumOf(bill, 'reasoning'),
  }),
  'the Vercel AI SDK 6': (bill) => ({
    'ai.operationId': 'ai.generateText.doGenerate',
    'ai.model.provider': 'anthropic.messages',
    'ai.usage.inputTokens': sumOf(bill, ...inputKinds),
    'ai.usage.outputTokens': sumOf(bill, ...outputKinds),
    'ai.usage.totalTokens': sumOf(bill, ...tokenKinds),
    'ai.usage.inputTokenDetails.noCacheTokens': sumOf(bill, 'input'),
    'ai.usage.inputTokenDetails.cacheReadTokens': sumOf(bill, 'cache_read'),
    'ai.usage.inputTokenDetails.cacheWriteTokens': sumOf(bill, 'cache_write'),
    'ai.usage.outputTokenDetails.reasoningTokens': sumOf(bill, 'reasoning'),
  }),
  LangSmith: (bill) => ({
    'langsmith.span.kind': 'llm',
    'gen_ai.usage.input_tokens': sumOf(bill, ...inputKinds),
    'gen_ai.usage.output_tokens': sumOf(bill, ...outputKinds),
    'gen_ai.usage.total_tokens': sumOf(bill, ...tokenKinds),
    'gen_ai.usage.input_token_details': JSON.stringify({
      cache_read: sumOf(bill, 'cache_read'),
      cache_creation: sumOf(bill, 'cache_write'),
    }),
    'gen_ai.usage.output_token_details': JSON.stringify({ reasoning: sumOf(bill, 'reasoning') }),
  }),
  Langfuse: (bill) => ({
    'langfuse.observation.type': 'generation',
    'langfuse.observation.usage_details': JSON.stringify({
      input: sumOf(bill, 'input'),
      output: sumOf(bill, 'output'),
      total: sumOf(bill, ...tokenKinds),
      cache_read_input_tokens: sumOf(bill, 'cache_read'),
      cache_creation_input_tokens: sumOf(bill, 'cache_write'),
      output_reasoning_tokens: sumOf(bill, 'reasoning'),
    }),
  }),
  'a sender that counts as Anthropic does': (bill) => ({
    'gen_ai.system': 'strands-agents',
    'gen_ai.usage.input_tokens': sumOf(bill, 'input'),
    'gen_ai.usage.output_tokens': sumOf(bill, ...outputKinds),
    'gen_ai.usage.total_tokens': sumOf(bill, ...tokenKinds),
    'gen_ai.usage.cache_read_input_tokens': sumOf(bill, 'cache_read'),
    'gen_ai.usage.cache_write_input_tokens': sumOf(bill, 'cache_write'),
    'gen_ai.usage.reasoning_tokens': sumOf(bill, 'reasoning'),
  }),
};

function withoutZeros(bill: Bill): object {
  return Object.fromEntries(Object.entries(bill).filter(([, tokens]) => tokens !== 0));
}

describe('Any bill', () => {
  it.each(Object.keys(tellers))('told in the words of %s is read as it was', (name) => {
    fc.assert(
      fc.property(textBill, (bill) => {
        const { usage } = readAttributes(tellers[name]!(bill));
        expect(buckets(usage)).toEqual(withoutZeros(bill));
        expect(usage.totalTokens).toBe(sumOf(bill, ...tokenKinds));
      }),
      { numRuns: 200 },
    );
  });

  it('with modalities, told in the words of the newest conventions, is read as it was', () => {
    fc.assert(
      fc.property(anyBill, (bill) => {
        const { usage } = readAttributes({
          'gen_ai.provider.name': 'openai',
          'gen_ai.usage.input_tokens': sumOf(bill, ...inputKinds),
          'gen_ai.usage.output_tokens': sumOf(bill, ...outputKinds),
          'gen_ai.usage.cache_read.input_tokens': sumOf(bill, 'cache_read', 'cache_read_audio'),
          'gen_ai.usage.cache_write.input_tokens': sumOf(bill, 'cache_write'),
          'gen_ai.usage.reasoning.output_tokens': sumOf(bill, 'reasoning'),
          'gen_ai.usage.audio.input_tokens': sumOf(bill, 'input_audio', 'cache_read_audio'),
          'gen_ai.usage.image.input_tokens': sumOf(bill, 'input_image'),
          'gen_ai.usage.audio.cache_read.input_tokens': sumOf(bill, 'cache_read_audio'),
          'gen_ai.usage.audio.output_tokens': sumOf(bill, 'output_audio'),
          'gen_ai.usage.image.output_tokens': sumOf(bill, 'output_image'),
        });
        expect(buckets(usage)).toEqual(withoutZeros(bill));
      }),
      { numRuns: 200 },
    );
  });

  it('in the body of a vendor is read as it was', () => {
    fc.assert(
      fc.property(textBill, (bill) => {
        const all = sumOf(bill, ...tokenKinds);
        const inputs = sumOf(bill, ...inputKinds);
        const { input, cache_read, cache_write, reasoning } = bill;
        const outputs = sumOf(bill, ...outputKinds);
        const bodies: readonly (readonly [string, object])[] = [
          [
            'openai',
            {
              prompt_tokens: inputs,
              completion_tokens: outputs,
              total_tokens: all,
              prompt_tokens_details: { cached_tokens: cache_read, cache_write_tokens: cache_write },
              completion_tokens_details: { reasoning_tokens: reasoning },
            },
          ],
          [
            'anthropic',
            {
              input_tokens: input,
              output_tokens: outputs,
              cache_read_input_tokens: cache_read,
              cache_creation_input_tokens: cache_write,
              output_tokens_details: { thinking_tokens: reasoning },
            },
          ],
          [
            'x_ai',
            {
              prompt_tokens: inputs,
              completion_tokens: bill.output,
              total_tokens: all,
              prompt_tokens_details: { cached_tokens: cache_read, cache_write_tokens: cache_write },
              completion_tokens_details: { reasoning_tokens: reasoning },
            },
          ],
        ];
        for (const [provider, body] of bodies) {
          const usage = new Usage();
          expect(readUsageBody(body, provider, usage)).toBe(true);
          expect(buckets(usage)).toEqual(withoutZeros(bill));
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('Whatever is said', () => {
  const names = [...new Set(Object.values(tellers).flatMap((tell) => Object.keys(tell({}))))].filter((name) => /usage|token/.test(name));
  const nonsense = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: -10, max: 1000 }) },
    { weight: 1, arbitrary: fc.double({ noNaN: false }) },
    { weight: 1, arbitrary: fc.constantFrom('', '12', 'x', '{"input":5,"output":-1}', '{"cache_read":"7"}') },
    { weight: 1, arbitrary: fc.boolean() },
  );

  it('the buckets are whole, and none is below 0', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...names), nonsense),
        fc.constantFrom('openai', 'anthropic', 'gcp.gemini', 'x_ai'),
        (said, provider) => {
          const attributes = { ...said, 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': provider };
          const { tokens, totalTokens, inputTokens, outputTokens } = readAttributes(attributes).usage;
          for (const bucket of tokens) expect(bucket >= 0 && Number.isInteger(bucket)).toBe(true);
          expect(inputTokens + outputTokens).toBe(totalTokens);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('a vendor answers, a reader never throws', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...names), (value, name) => {
        const usage = new Usage();
        readUsageBody(value, 'openai', usage);
        readUsageBody({ usage: { prompt_tokens: value, prompt_tokens_details: value, input_tokens: value } }, 'anthropic', usage);
        readUsageBody({ usageMetadata: { promptTokenCount: value, promptTokensDetails: value } }, 'google', usage);
        readAttributes({ [name]: JSON.stringify(value) });
        for (const bucket of usage.tokens) expect(bucket >= 0).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
