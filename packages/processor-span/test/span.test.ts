import { describe, expect, it } from '@jest/globals';
import { configOf, testContext, testHost } from '@millrace/api/testing';
import { BatchBuilder, walk } from '@millrace/wire';
import type { SpanInput } from '@millrace/wire';
import { factory } from '../src/index.ts';

function pass(settings: object, span: SpanInput): { readonly isSame: boolean; readonly name: string; readonly attributes: unknown } {
  const visitor = factory.visit!(configOf(factory, settings), testContext());
  const fail = (_: number, error: unknown): never => {
    throw error;
  };
  const builder = new BatchBuilder('traces', testHost().pool);
  builder.resource().scope().span(span);
  using batch = builder.finish()!;
  using result = walk([visitor], fail).run(batch)!;
  const seen: [string, unknown][] = [];
  walk([{ onSpan: ({ name, attributes }) => void seen.push([name, attributes.toPlain()]) }], fail).run(result);
  const [[name, attributes]] = seen as [[string, unknown]];
  return { isSame: result === batch, name, attributes };
}

describe('Processor span', () => {
  it.each([
    [
      {},
      'error creating "span" processor: either "from_attributes" or "to_attributes" must be specified in "name:" or "setStatus" must be specified',
    ],
    [
      { name: { separator: ':', to_attributes: { rules: [] } } },
      'error creating "span" processor: either "from_attributes" or "to_attributes" must be specified in "name:" or "setStatus" must be specified',
    ],
    [
      { status: { code: 'ok', description: '' } },
      'status: error creating "span" processor: "status" must have specified "code" as "Ok" or "Error" or "Unset"',
    ],
    [
      { status: { code: 'Ok', description: 'fine' } },
      'status: error creating "span" processor: "description" can be specified only for "code" "Error"',
    ],
    [{ name: { to_attributes: { rules: ['a', '('] } } }, 'name::to_attributes::rules::1: invalid regexp pattern ('],
  ])('refuses %j', (settings, problem) => {
    expect(factory.validateConfig!(configOf(factory, settings))).toEqual([problem]);
  });

  it('accepts what says what to do', () => {
    expect(factory.validateConfig!(configOf(factory, { status: { code: 'Error', description: 'too late' } }))).toEqual([]);
  });

  it('leaves a span alone that has the status and the name already', () => {
    const settings = { status: { code: 'Error', description: 'bad' }, name: { to_attributes: { rules: ['^/(?P<x>\\d)$'] } } };
    expect(pass(settings, { name: 'a', status: { code: 2, message: 'bad' } }).isSame).toBe(true);
    expect(pass(settings, { name: 'a', status: { code: 2, message: 'worse' } }).isSame).toBe(false);
  });

  it('gives a group that took no part an empty attribute and no place in the name', () => {
    const settings = { name: { to_attributes: { rules: ['(?P<a>x)|(?P<b>y)'] } } };
    expect(pass(settings, { name: '-y-' })).toMatchObject({ name: '-{b}-', attributes: { a: '', b: 'y' } });
  });

  it('gives a group inside another one an attribute and no place in the name', () => {
    const settings = { name: { to_attributes: { rules: ['(?P<outer>a(?P<inner>b))c'] } } };
    expect(pass(settings, { name: 'abcd' })).toMatchObject({ name: '{outer}cd', attributes: { outer: 'ab', inner: 'b' } });
  });
});
