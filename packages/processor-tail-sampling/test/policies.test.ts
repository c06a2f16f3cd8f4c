import { configOf } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';
import { TokenBucket } from '../src/policies/token-bucket.ts';
import { lab, span, texts } from './lab.ts';

const problemsOf = (settings: object): readonly string[] => factory.validateConfig!(configOf(factory, settings));
const one = (policy: object): object => ({ policies: [{ name: 'p', ...policy }] });
const failed = (why: string): string => `failed to create policy evaluator for "p": ${why}`;

describe('The configuration of tail_sampling', () => {
  it.each([
    [{ policies: [{ type: 'always_sample' }] }, 'policy name cannot be empty'],
    [{ policies: ['a', 'a'].map((name) => ({ name, type: 'always_sample' })) }, 'duplicate policy name "a"'],
    [one({ type: 'my_extension' }), failed('unknown sampling policy type my_extension (policies of extensions are not supported)')],
    [one({}), failed('unknown sampling policy type  (policies of extensions are not supported)')],
    [one({ type: 'status_code' }), failed('expected at least one status code to filter on')],
    [
      one({ type: 'status_code', status_code: { status_codes: ['error'] } }),
      failed('unknown status code "error", supported: OK, ERROR, UNSET'),
    ],
    [one({ type: 'ottl_condition' }), failed('expected at least one OTTL condition to filter on')],
    [one({ type: 'numeric_attribute', numeric_attribute: { key: 'a' } }), failed('at least one of min_value and max_value must be set')],
    [
      one({ type: 'string_attribute', string_attribute: { key: 'a', values: ['('], enabled_regex_matching: true } }),
      failed('invalid regex `(`: error parsing regexp: missing closing ): `(`'),
    ],
    [
      one({ type: 'and', and: { and_sub_policy: [{ name: 'i', type: 'and' }] } }),
      failed('unknown sampling policy type and (policies of extensions are not supported)'),
    ],
    [
      { ...one({ type: 'rate_limiting', rate_limiting: { spans_per_second: 5 } }), sampling_strategy: 'span-ingest' },
      'sampling_strategy "span-ingest" requires all policies to be stateless, but policy "p" is stateful',
    ],
  ])('is refused when it is %j', (settings, problem) => {
    expect(problemsOf(settings)).toEqual([problem]);
  });

  it('names the condition that cannot be read', () => {
    const [problem] = problemsOf(one({ type: 'ottl_condition', ottl_condition: { span: ['name == '] } }));
    expect(problem).toMatch(/^failed to create policy evaluator for "p": .*name == /);
  });

  it.each([
    ['latency', { threshold_ms: 5 }, { threshold_ms: 5, upper_threshold_ms: 9 }],
    ['span_count', { min_spans: 5 }, { min_spans: 5, max_spans: 9 }],
  ])('allows %s with span-ingest as long as it has no upper limit', (type, open, closed) => {
    const settings = (own: object): object => ({ ...one({ type, [type]: own }), sampling_strategy: 'span-ingest' });
    expect(problemsOf(settings(open))).toEqual([]);
    expect(problemsOf(settings(closed))).toHaveLength(1);
  });

  it('counts policies within others as stateful when those are', () => {
    const stateful = { name: 'r', type: 'rate_limiting', rate_limiting: { spans_per_second: 5 } };
    for (const policy of [
      { type: 'and', and: { and_sub_policy: [stateful] } },
      { type: 'drop', drop: { drop_sub_policy: [stateful] } },
      { type: 'not', not: { not_sub_policy: stateful } },
      { type: 'composite', composite: { composite_sub_policy: [stateful] } },
    ])
      expect(problemsOf({ ...one(policy), sampling_strategy: 'span-ingest' })).toHaveLength(1);
  });
});

describe('A token bucket', () => {
  it('is full at the start, fills at its rate up to its capacity, and gives all or nothing', () => {
    const bucket = new TokenBucket(10, 20);
    const now = 1_700_000_000_000;
    expect(bucket.take(21, now)).toBe(false);
    expect(bucket.take(20, now)).toBe(true);
    expect(bucket.take(1, now)).toBe(false);
    expect(bucket.take(1, now + 50)).toBe(false);
    expect(bucket.take(1, now + 100)).toBe(true);
    expect(bucket.take(1, now - 5_000)).toBe(false);
    expect(bucket.take(20, now + 60_000)).toBe(true);
    expect(bucket.take(1, now + 60_000)).toBe(false);
  });
});

describe('Policies over time', () => {
  it('rate_limiting keeps what the rate allows', async () => {
    const policies = [{ name: 'r', type: 'rate_limiting', rate_limiting: { spans_per_second: 2 } }];
    const { clock, send, out, stop } = await lab({ decision_wait: '1s', policies });
    for (let trace = 0; trace < 10; trace++) await send(span(trace));
    await clock.advance(1_100);
    expect(out()).toEqual(['t0 t1 t2 t3']);
    await send(span(20), span(21), span(22), span(23));
    await clock.advance(1_100);
    expect(out()).toEqual(['t0 t1 t2 t3', 't20 t21']);
    await stop();
  });

  it('composite starts anew every second', async () => {
    const all = { name: 'all', type: 'always_sample' };
    const rate_allocation = [{ policy: 'all', percent: 100 }];
    const composite = { max_total_spans_per_second: 2, composite_sub_policy: [all], rate_allocation };
    const { clock, send, out, stop } = await lab({ decision_wait: '1s', policies: [{ name: 'c', type: 'composite', composite }] });
    await send(span(1), span(2), span(3));
    await clock.advance(1_100);
    await send(span(4), span(5), span(6));
    await clock.advance(1_100);
    expect(out()).toEqual(['t1 t2', 't4 t5']);
    await stop();
  });

  it('string_attribute forgets results beyond cache_max_size', async () => {
    const string_attribute = { key: 'route', values: ['^/a'], enabled_regex_matching: true, cache_max_size: 1 };
    const { clock, send, out, stop } = await lab({
      decision_wait: '1s',
      policies: [{ name: 's', type: 'string_attribute', string_attribute }],
    });
    await send(...['/a', '/b', '/a/b', '/b', '/a'].map((value, trace) => span(trace, texts({ route: value }))));
    await clock.advance(1_100);
    expect(out()).toEqual(['t0 t2 t4']);
    await stop();
  });

  it('ottl_condition in mode ignore tells what failed, in mode silent it does not', async () => {
    const lines = async (error_mode: string): Promise<unknown[]> => {
      const ottl_condition = { error_mode, span: ['1 / 0 == attributes["a"]', 'name == "t1"'] };
      const { clock, send, out, context, stop } = await lab({
        decision_wait: '1s',
        policies: [{ name: 'o', type: 'ottl_condition', ottl_condition }],
      });
      await send(span(1), span(2));
      await clock.advance(1_100);
      expect(out()).toEqual(['t1']);
      await stop();
      return context.lines.filter(({ level }) => level === 'warn').map(({ attributes }) => attributes?.['condition']);
    };
    expect(await lines('silent')).toEqual([]);
    expect(await lines('ignore')).toEqual(['1 / 0 == attributes["a"]', '1 / 0 == attributes["a"]']);
  });
});
