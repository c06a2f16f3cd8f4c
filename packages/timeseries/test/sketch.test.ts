import { describe, expect, it } from '@jest/globals';
import { Sketch } from '@millrace/timeseries';
import { random } from './random.ts';

const shares = [0, 0.01, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1];

function check(sketch: Sketch, values: readonly number[], error: number): void {
  const sorted = values.toSorted((a, b) => a - b);
  for (const q of shares) {
    const exact = sorted[Math.floor(q * (sorted.length - 1))]!;
    expect(Math.abs(sketch.quantile(q) - exact)).toBeLessThanOrEqual(Math.abs(exact) * error * 1.000_001);
  }
  expect(sketch.count).toBe(values.length);
}

describe('A sketch', () => {
  const next = random(11);
  const uniform = (): number => next(2 ** 30) / 2 ** 30;
  const normal = (): number => Math.sqrt(-2 * Math.log(uniform() || 1e-9)) * Math.cos(2 * Math.PI * uniform());
  it.each<[string, () => number]>([
    ['milliseconds', () => 20 * Math.exp(normal())],
    ['twelve decades', () => 10 ** (uniform() * 11.9 - 6)],
    ['both signs and zeros', () => (next(10) === 0 ? 0 : normal() * 1000)],
    ['whole numbers', () => next(100)],
    ['powers of two', () => 2 ** (next(21) - 10)],
    ['one value', () => 3.25],
  ])('knows the quantiles of %s within 0.55 %%', (_, value) => {
    const values = Array.from({ length: 5000 }, value);
    const sketch = new Sketch();
    for (const one of values) sketch.add(one);
    expect(sketch.scale).toBe(6);
    expect(sketch.relativeError).toBeLessThan(0.0055);
    check(sketch, values, sketch.relativeError);
  });

  it('puts a bound into the bucket that ends with it, as an exponential histogram does', () => {
    for (let scale = 6; scale >= 0; scale--) {
      for (const index of [-200, -65, -64, -1, 0, 1, 63, 64, 500]) {
        const sketch = new Sketch(scale);
        const bound = 2 ** ((index + 1) / 2 ** scale);
        sketch.add(bound);
        // Irrational bounds are rounded: then the next bucket is as right.
        expect(Number.isInteger(Math.log2(bound)) ? [index] : [index, index + 1]).toContain(sketch.positive.offset);
        const inside = new Sketch(scale);
        inside.add(2 ** ((index + 0.5) / 2 ** scale));
        expect(inside.positive.offset).toBe(index);
      }
    }
  });

  it('grows coarser, never larger than 2560 buckets a sign, with a spread that no scale was made for', () => {
    const sketch = new Sketch();
    const values = Array.from({ length: 3000 }, () => 10 ** (uniform() * 600 - 300));
    for (const one of values) sketch.add(one);
    expect(sketch.scale).toBe(0);
    expect(sketch.positive.size).toBeLessThanOrEqual(2560);
    check(sketch, values, sketch.relativeError);
    for (const extreme of [Number.MIN_VALUE, Number.MAX_VALUE, -Number.MAX_VALUE]) sketch.add(extreme);
    expect(sketch.count).toBe(3003);
    expect(sketch.quantile(0)).toBeLessThan(-1e307);
    expect(sketch.sizeBytes).toBeLessThan(50_000);
  });

  it('is the same merged as made at once, whatever the scales and the order', () => {
    for (let round = 0; round < 50; round++) {
      const all = new Sketch(round % 7);
      const parts = [new Sketch(round % 7), new Sketch(6), new Sketch(4)];
      const values = Array.from({ length: 300 }, () => (uniform() - 0.3) * 10 ** next(6));
      values.forEach((value) => all.add(value));
      values.forEach((value) => parts[next(3)]!.add(value));
      const merged = new Sketch();
      for (const part of parts) merged.merge(part);
      all.coarsen(merged.scale);
      merged.coarsen(all.scale);
      expect(shares.map((q) => merged.quantile(q))).toEqual(shares.map((q) => all.quantile(q)));
      expect([merged.count, merged.positive.offset, merged.positive.size]).toEqual([300, all.positive.offset, all.positive.size]);
    }
  });

  it('coarsens to the same as if it had been coarse from the beginning', () => {
    const fine = new Sketch();
    const coarse = new Sketch(3);
    for (let i = 0; i < 2000; i++) {
      const value = normal() * 50;
      fine.add(value);
      coarse.add(value);
    }
    fine.coarsen(3);
    expect([fine.scale, fine.positive.offset, fine.negative.offset]).toEqual([3, coarse.positive.offset, coarse.negative.offset]);
    for (let i = 0; i < fine.positive.size; i++) expect(fine.positive.at(i)).toBe(coarse.positive.at(i));
    fine.coarsen(5);
    expect(fine.scale).toBe(3);
  });

  it('counts exactly beyond 32 bits, and takes buckets of coarser histograms and zeros', () => {
    const sketch = new Sketch();
    sketch.add(10, 3e9);
    sketch.add(10, 3e9);
    sketch.add(20, 1);
    expect(sketch.count).toBe(6_000_000_001);
    sketch.addBucket(1, 0, 5, false);
    sketch.addBucket(1, 0, 0, false);
    expect(sketch.scale).toBe(0);
    sketch.addZeros(4, 0.5);
    sketch.add(0.25);
    expect([sketch.count, sketch.zeroCount, sketch.zeroThreshold]).toEqual([6_000_000_011, 5, 0.5]);
    expect(new Sketch().quantile(0.5)).toBeNaN();
  });
});
