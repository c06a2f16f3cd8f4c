import { ExponentialHistogram } from '@millrace/timeseries';
import { describe, expect, it } from '@jest/globals';

const countsOf = ({ counts, size }: ExponentialHistogram): number[] => [...counts.subarray(0, size)];

describe('An exponential histogram', () => {
  it.each([2, 3, 10, 160])('with %i buckets has each value in the bucket that contains it', (maxSize) => {
    let seed = 7;
    const random = (): number => (seed = (seed * 48_271) % 0x7fff_ffff) / 0x7fff_ffff;
    for (let round = 0; round < 50; round++) {
      const histogram = new ExponentialHistogram(maxSize);
      const values = Array.from({ length: 40 }, () =>
        random() < 0.1 ? 0 : 2 ** Math.floor(random() * 40 - 20) * (random() < 0.3 ? 1 : 1 + random()),
      );
      for (const value of values) histogram.add(value);
      const base = 2 ** (2 ** -histogram.scale);
      const positive = values.filter((value) => value > 0);
      for (let i = 0; i < histogram.size; i++) {
        const [low, high] = [base ** (histogram.offset + i), base ** (histogram.offset + i + 1)];
        // Powers of the base are not exact beyond scale 0.
        const nearly = histogram.scale > 0 ? 1e-9 : 0;
        expect(positive.filter((value) => value > low * (1 + nearly) && value <= high * (1 - nearly)).length).toBeLessThanOrEqual(
          histogram.counts[i]!,
        );
        expect(positive.filter((value) => value > low * (1 - nearly) && value <= high * (1 + nearly)).length).toBeGreaterThanOrEqual(
          histogram.counts[i]!,
        );
      }
      expect(histogram.size).toBeLessThanOrEqual(maxSize);
      expect(countsOf(histogram).reduce((sum, count) => sum + count, 0) + histogram.zeroCount).toBe(histogram.count);
      expect([histogram.count, histogram.min, histogram.max]).toEqual([40, Math.min(...values), Math.max(...values)]);
      expect(histogram.sum).toBeCloseTo(
        values.reduce((sum, value) => sum + value, 0),
        6,
      );
    }
  });

  it('begins with buckets as fine as an index allows', () => {
    const histogram = new ExponentialHistogram();
    histogram.add(1);
    histogram.add(3, 5);
    expect([histogram.scale, histogram.count, histogram.sum]).toEqual([6, 6, 16]);
    expect(histogram.size).toBeGreaterThan(80);
    expect(histogram.sizeBytes).toBeGreaterThan(600);
  });

  it('has no scale while there are only zeros', () => {
    const histogram = new ExponentialHistogram();
    expect(histogram.scale).toBe(0);
    histogram.add(0, 3);
    expect([histogram.scale, histogram.zeroCount, histogram.size, histogram.offset]).toEqual([0, 3, 0, 0]);
  });

  it('takes the smallest and the largest numbers', () => {
    const histogram = new ExponentialHistogram(2);
    for (const value of [Number.MIN_VALUE, 2 ** -1022, 2 ** -1021, 1, Number.MAX_VALUE]) histogram.add(value);
    expect(countsOf(histogram).reduce((sum, count) => sum + count, 0)).toBe(5);
    expect([histogram.scale, histogram.offset, histogram.size]).toEqual([-10, -1, 2]);
    const alone = new ExponentialHistogram();
    alone.add(Number.MIN_VALUE);
    expect([alone.scale, alone.offset]).toEqual([20, -1022 * 2 ** 20 - 1]);
    const largest = new ExponentialHistogram();
    largest.add(Number.MAX_VALUE);
    expect(largest.offset).toBe(2 ** 30 - 1);
  });

  it.each([
    [0, 160],
    [-5, 160],
    [1, 2],
    [1e6, 16_384],
  ])('asked for %i buckets has up to %i', (asked, allowed) => {
    const histogram = new ExponentialHistogram(asked);
    const reference = new ExponentialHistogram(allowed);
    for (const value of [1, 1.001, 1.5, 2, 700]) {
      histogram.add(value);
      reference.add(value);
    }
    expect([histogram.scale, histogram.offset, countsOf(histogram)]).toEqual([reference.scale, reference.offset, countsOf(reference)]);
  });
});
