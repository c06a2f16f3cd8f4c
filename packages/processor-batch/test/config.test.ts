import { configOf } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';

const problemsOf = (settings: object): readonly string[] => factory.validateConfig?.(configOf(factory, settings)) ?? [];

describe('the configuration of batch', () => {
  it("has the Collector's defaults", () => {
    expect(configOf(factory)).toEqual({
      send_batch_size: 8192,
      timeout: '200ms',
      send_batch_max_size: 0,
      metadata_keys: [],
      metadata_cardinality_limit: 1000,
    });
    expect(problemsOf({})).toEqual([]);
  });

  it('wants the largest size to be no less than the size', () => {
    expect(problemsOf({ send_batch_max_size: 8191 })).toEqual(['send_batch_max_size must be greater or equal to send_batch_size']);
    expect(problemsOf({ send_batch_max_size: 8192 })).toEqual([]);
  });

  it('wants each metadata key once, whatever its case', () => {
    expect(problemsOf({ metadata_keys: ['a', 'A', 'b'] })).toEqual(['duplicate entry in metadata_keys: "a" (case-insensitive)']);
  });

  it('wants a timeout that is not negative', () => {
    expect(problemsOf({ timeout: '-1s' })).toEqual(['timeout must be greater or equal to 0']);
  });
});
