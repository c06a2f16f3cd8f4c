import { configOf } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { AdjustedCount } from '../src/adjusted-count.ts';
import type { SpanMetricsConfig } from '../src/config.ts';
import { compileGlob } from '../src/glob.ts';
import { factory } from '../src/index.ts';

describe('The settings', () => {
  it.each([
    [{}, []],
    [{ metrics_flush_interval: '-1s' }, ['invalid metrics_flush_interval: -1s, the duration should be positive']],
    [{ metrics_flush_interval: '0s' }, ['invalid metrics_flush_interval: 0s, the duration should be positive']],
    [{ metrics_expiration: '-20s' }, ['invalid metrics_expiration: -20s, the duration should be positive']],
    [{ series_expiration: '-20s' }, ['invalid series_expiration: -20s, the duration should be positive']],
    [
      { aggregation_temporality: 'AGGREGATION_TEMPORALITY_DELTA', metric_timestamp_cache_size: 0 },
      ['invalid delta timestamp cache size: 0, the maximum number of the items in the cache should be positive'],
    ],
    [{ metric_timestamp_cache_size: 0 }, []],
    [{ aggregation_cardinality_limit: -1 }, ['invalid aggregation_cardinality_limit: -1, the limit should be positive']],
    [{ exemplars: { enabled: true, max_per_data_point: -1 } }, ['invalid max_per_data_point: -1, the value should be positive']],
    [{ resource_metrics_cache_size: 0 }, ['resource_metrics_cache_size: must provide a positive size']],
    [{ histogram: { explicit: {}, exponential: {} } }, ['use either `explicit` or `exponential` buckets histogram']],
    [{ dimensions: [{ name: 'service.name' }] }, ['failed validating dimensions: duplicate dimension name "service.name"']],
    [{ dimensions: [{ name: 'a' }, { name: 'a' }] }, ['failed validating dimensions: duplicate dimension name "a"']],
    [{ calls_dimensions: [{}] }, ['failed validating calls dimensions: dimension entry must set one of `name` or `glob`']],
    [
      { histogram: { dimensions: [{ name: 'a', glob: 'b' }] } },
      ['failed validating histogram dimensions: dimension entry must set only one of `name` or `glob`, got both: name="a" glob="b"'],
    ],
    [{ dimensions: [{ glob: 'a*', default: 'x' }] }, ['failed validating dimensions: `default` is not supported on `glob` dimension "a*"']],
    [
      { dimensions: [{ name: 'db.name' }, { glob: 'db.*' }] },
      ['failed validating dimensions: duplicate dimension name "db.name" conflicting with glob "db.*"'],
    ],
    [{ dimensions: [{ glob: 'a[' }] }, ['failed validating dimensions: invalid dimension glob "a[": unexpected end of input']],
    [{ events: { enabled: true } }, ['failed validating event dimensions: no dimensions configured for events']],
    [{ events: { dimensions: [{ name: 'service.name' }] } }, []],
  ])('%j have the problems %j', (settings, problems) => {
    expect(factory.validateConfig!(configOf<SpanMetricsConfig>(factory, settings))).toEqual(problems);
  });
});

describe('A pattern', () => {
  it.each([
    ['db.*', ['db.name', 'db.'], ['db', 'db.a.b', 'xdb.name']],
    ['db.**', ['db.name', 'db.a.b'], ['db']],
    ['a?c', ['abc'], ['a.c', 'ac', 'abbc']],
    ['[ab]x', ['ax', 'bx'], ['cx']],
    ['[!ab]x', ['cx'], ['ax']],
    ['[a-c]x', ['bx'], ['dx']],
    ['[a^\\]x', ['^x', '\\x'], ['bx']],
    ['{ab,c*}.d', ['ab.d', 'cc.d'], ['a.d', 'c.c.d']],
    ['a,b', ['a,b'], ['a']],
    ['\\*(+)', ['*(+)'], ['a(+)']],
  ])('%s', (pattern, matching, others) => {
    const glob = compileGlob(pattern);
    expect([...matching, ...others].filter((name) => glob.test(name))).toEqual(matching);
  });

  it.each(['{a', 'a}', '[', '[]', 'a\\'])('%s is refused', (pattern) => {
    expect(() => compileGlob(pattern)).toThrow('unexpected');
  });
});

describe('A count that was adjusted', () => {
  it('is rounded at random so that its mean is right', () => {
    let random = 0;
    const count = new AdjustedCount(() => random);
    // 1 / (1 - 0x4/0x10) = 4/3
    expect(count.of('ot=th:4')).toBe(2);
    random = 0.34;
    expect(count.of('ot=th:4')).toBe(1);
    expect(count.isAdjusted).toBe(true);
    expect(count.of('ot=th:ffffffffffffff')).toBe(2 ** 56);
  });

  it.each([
    `a=${'b'.repeat(257)},ot=th:8`,
    `${'a'.repeat(242)}@b=1,ot=th:8`,
    `a@${'b'.repeat(15)}=1,ot=th:8`,
    `${'a'.repeat(257)}=1,ot=th:8`,
    `${'a=1,'.repeat(31)}ot=th:8`,
    `ot=x:${'y'.repeat(254)};th:8`,
    `ot=th:8,${'a=1,'.repeat(300)}`,
  ])('is 1 for a state that breaks a rule', (state) => {
    const count = new AdjustedCount(() => 0);
    expect([count.of(state), count.isAdjusted]).toEqual([1, false]);
  });
});
