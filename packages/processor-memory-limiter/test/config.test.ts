import { configOf } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';

const problemsOf = (settings: object): readonly string[] => factory.validateConfig?.(configOf(factory, settings)) ?? [];

describe('the configuration of memory_limiter', () => {
  it('needs an interval and a limit', () => {
    expect(problemsOf({})).toEqual([
      "'check_interval' must be greater than zero",
      "'limit_mib' or 'limit_percentage' must be greater than zero",
    ]);
    expect(problemsOf({ check_interval: '1s', limit_mib: 1 })).toEqual([]);
    expect(problemsOf({ check_interval: '1s', limit_percentage: 1 })).toEqual([]);
    expect(problemsOf({ check_interval: '-1s', limit_mib: 1 })).toEqual(["'check_interval' must be greater than zero"]);
  });

  it('wants spikes to be smaller than limits', () => {
    expect(problemsOf({ check_interval: '1s', limit_mib: 100, spike_limit_mib: 100 })).toEqual([
      "'spike_limit_mib' must be smaller than 'limit_mib'",
    ]);
    expect(problemsOf({ check_interval: '1s', limit_percentage: 50, spike_limit_percentage: 50 })).toEqual([
      "'spike_limit_percentage' must be smaller than 'limit_percentage'",
    ]);
  });

  it('wants percentages to be percentages', () => {
    const problem = "'limit_percentage' and 'spike_limit_percentage' must be greater than zero and less than or equal to hundred";
    expect(problemsOf({ check_interval: '1s', limit_percentage: 101 })).toEqual([problem]);
    expect(problemsOf({ check_interval: '1s', limit_mib: 1, spike_limit_percentage: 101 })).toEqual([problem]);
  });

  it('wants collections to be rarer between the limits than above the hard one', () => {
    expect(
      problemsOf({ check_interval: '1s', limit_mib: 1, min_gc_interval_when_soft_limited: '1s', min_gc_interval_when_hard_limited: '2s' }),
    ).toEqual(["'min_gc_interval_when_soft_limited' should be larger than 'min_gc_interval_when_hard_limited'"]);
    expect(problemsOf({ check_interval: '1s', limit_mib: 1, max_gc_interval_when_hard_limited: '1m' })).toEqual([
      "'max_gc_interval_when_soft_limited' should be larger than 'max_gc_interval_when_hard_limited'",
    ]);
  });
});
