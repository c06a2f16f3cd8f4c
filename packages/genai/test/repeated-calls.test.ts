import { describe, expect, it } from '@jest/globals';
import { BatchBuilder, BufferPool, MemoryLedger, walk } from '@millrace/wire';
import type { SpanInput } from '@millrace/wire';
import { CallReader } from '../src/index.ts';
import { plain } from './read.ts';

const trace = '0123456789abcdef0123456789abcdef';
const outer = '00000000000000aa';
const inner = '00000000000000bb';
const call = plain({ 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'anthropic' });
const usage = plain({ 'gen_ai.usage.input_tokens': 10, 'gen_ai.usage.output_tokens': 2 });

/** Which of the spans, each with its scope, are billed by one reader. */
function billed(...spans: readonly (readonly [scope: string, span: SpanInput])[]): boolean[] {
  const reader = new CallReader();
  return spans.map(([scope, span]) => {
    const builder = new BatchBuilder('traces', new BufferPool(new MemoryLedger(1 << 24)));
    builder.resource().scope(scope).span(span);
    let is = false;
    walk([{ onSpan: (view) => void (is = reader.readSpan(view).billed) }], (_visitor, error) => {
      throw error;
    }).run(builder.finish()!);
    return is;
  });
}

describe('A call that two instrumentations tell', () => {
  const child = { traceId: trace, spanId: inner, parentSpanId: outer, attributes: { ...call, ...usage } };
  const parent = { traceId: trace, spanId: outer, attributes: { ...call, ...usage } };

  it('counts once when one span is in the other, in whatever order they come', () => {
    expect(billed(['sdk', child], ['framework', parent])).toEqual([true, false]);
    expect(billed(['framework', parent], ['sdk', child])).toEqual([true, false]);
  });

  it('counts the same when a batch is read again', () => {
    expect(billed(['sdk', child], ['framework', parent], ['sdk', child], ['framework', parent])).toEqual([true, false, true, false]);
  });

  it('counts by the span that knows the usage', () => {
    expect(billed(['sdk', { ...child, attributes: call }], ['framework', parent])).toEqual([true, true]);
    expect(billed(['sdk', child], ['framework', { ...parent, attributes: call }])).toEqual([true, false]);
  });

  it('counts once when both name the answer of the vendor', () => {
    const attributes = { ...call, ...usage, 'gen_ai.response.id': 'msg_1' };
    expect(billed(['sdk', { attributes }], ['framework', { attributes }], ['sdk', { attributes }])).toEqual([true, false, true]);
    expect(billed(['sdk', { attributes }], ['framework', { attributes: { ...attributes, 'gen_ai.usage.input_tokens': 11n } }])).toEqual([
      true,
      true,
    ]);
    expect(billed(['sdk', { attributes }], ['framework', { attributes: { ...attributes, 'gen_ai.response.id': 'msg_2' } }])).toEqual([
      true,
      true,
    ]);
  });

  it('is not any call of another trace, of another level, or without ids', () => {
    const other = { ...parent, traceId: '1123456789abcdef0123456789abcdef' };
    expect(billed(['sdk', child], ['framework', other])).toEqual([true, true]);
    expect(billed(['sdk', child], ['framework', { ...parent, attributes: { ...usage, 'gen_ai.operation.name': 'rerank' } }])).toEqual([
      true,
      true,
    ]);
    expect(billed(['sdk', { attributes: call }], ['framework', { attributes: call }])).toEqual([true, true]);
    expect(billed(['a', parent], ['a', { ...parent, spanId: '00000000000000cc' }])).toEqual([true, true]);
  });
});

describe('Calls whose ids are zeros', () => {
  it('are no copies of one another, and in no trace', () => {
    const zero = { traceId: '0'.repeat(32), spanId: '0'.repeat(16), parentSpanId: '0'.repeat(16), attributes: { ...call, ...usage } };
    expect(billed(['sdk', zero], ['sdk', zero], ['framework', zero])).toEqual([true, true, true]);
    const roots = [outer, inner].map((spanId) => ({ ...zero, traceId: trace, spanId }));
    expect(billed(['sdk', roots[0]!], ['sdk', roots[1]!])).toEqual([true, true]);
  });
});
