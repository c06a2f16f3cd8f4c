import { describe, expect, it } from '@jest/globals';
import { findSeason } from '../../src/detect/find-season.ts';
import { gauss } from './series.ts';

const noise = gauss(4);
const values = (value: (i: number) => number): Float64Array => Float64Array.from({ length: 400 }, (_, i) => value(i));

describe('The season of some hundred values', () => {
  it.each([7, 12.4, 24, 48, 61.7, 140])('is found, or a small multiple where that repeats better: %d', (season) => {
    for (const wave of [
      (i: number) => Math.sin((2 * Math.PI * i) / season),
      (i: number) => ((i / season) % 1 < 0.3 ? 2 : 0),
      (i: number) => (i / season) % 1,
    ]) {
      const found = findSeason(values((i) => wave(i) + 0.2 * noise()))!;
      const times = Math.round(found / season);
      expect([1, 2, 3, 4, 5]).toContain(times);
      expect(Math.abs(found / season / times - 1)).toBeLessThan(0.03);
    }
  });

  it('is found in spite of outliers and of huge numbers', () => {
    expect(findSeason(values((i) => Math.sin((2 * Math.PI * i) / 30) + (i % 97 === 5 ? 50 : 0)))).toBeCloseTo(30, 0);
    expect(findSeason(values((i) => 1e36 * Math.sin((2 * Math.PI * i) / 30)))).toBeCloseTo(30, 0);
  });

  it('is not there in noise, trends, steps and constants', () => {
    let walk = 0;
    for (const none of [
      () => noise(),
      (i: number) => i,
      (i: number) => (i < 200 ? 0 : 5),
      () => 3,
      () => (walk += 0.01 + Math.abs(noise())),
    ]) {
      expect(findSeason(values(none))).toBeUndefined();
    }
    expect(findSeason([])).toBeUndefined();
  });
});
