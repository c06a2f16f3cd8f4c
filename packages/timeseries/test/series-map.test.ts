import { describe, expect, it } from '@jest/globals';
import { SeriesMap } from '@millrace/timeseries';
import { random } from './random.ts';

const words = (n: number, common = 0): Int32Array => Int32Array.of(common || Math.imul(n, 0x9e37_79b1), n, -n, n ^ 0x55);

describe('A series map', () => {
  it.each([
    ['spread hashes', 0],
    ['hashes whose first words are equal', 7],
  ])('agrees with a plain map through adding, touching, removing and sweeping of %s', (_, common) => {
    const next = random(5);
    const map = new SeriesMap();
    const values = map.float64();
    const exact = map.bigInt64(2);
    const model = new Map<number, { slot: number; seen: number; value: number }>();
    for (let step = 0; step < (common === 0 ? 20_000 : 2_000); step++) {
      const n = next(500);
      const found = map.find(words(n, common));
      expect(found).toBe(model.get(n)?.slot ?? -1);
      if (found < 0) {
        const slot = map.add(words(n, common), step);
        expect([values.values[slot], exact.values[slot * 2 + 1]]).toEqual([0, 0n]);
        values.values[slot] = n;
        exact.values[slot * 2 + 1] = BigInt(n);
        model.set(n, { slot, seen: step, value: n });
      } else if (next(3) === 0) {
        map.remove(found);
        model.delete(n);
        expect(map.has(found)).toBe(false);
      } else {
        map.touch(found, step);
        model.get(n)!.seen = step;
      }
      if (step % 1000 !== 999) continue;
      const expired: number[] = [];
      const removed = map.sweep(step - 400, map.end, (slot) => void expired.push(values.values[slot]!));
      const old = [...model].filter(([, { seen }]) => seen < step - 400).map(([key]) => key);
      expect(expired.toSorted((a, b) => a - b)).toEqual(old.toSorted((a, b) => a - b));
      expect(removed).toBe(old.length);
      for (const key of old) model.delete(key);
      expect(map.size).toBe(model.size);
      for (const [key, { slot, seen }] of model) {
        expect([map.seen(slot), values.values[slot], exact.values[slot * 2 + 1]]).toEqual([seen, key, BigInt(key)]);
        const own = new Int32Array(4);
        map.words(slot, own);
        expect(own).toEqual(words(key, common));
      }
    }
  });

  it('sweeps a few slots at a time and goes round', () => {
    const map = new SeriesMap();
    for (let n = 0; n < 100; n++) map.add(words(n), n % 2);
    expect(map.sweep(1, 10)).toBe(5);
    for (let round = 0; round < 10; round++) map.sweep(1, 10);
    expect(map.size).toBe(50);
  });

  it('takes at most 64 bytes a series, and gives its memory back when it is cleared', () => {
    const map = new SeriesMap();
    const column = map.int32();
    const { sizeBytes } = map;
    for (let n = 0; n < 100_000; n++) map.add(words(n));
    expect(map.sizeBytes / map.size).toBeLessThanOrEqual(64);
    expect(column.values.length).toBe(map.capacity);
    map.clear();
    expect([map.size, map.sizeBytes, map.find(words(1))]).toEqual([0, sizeBytes, -1]);
  });

  it('finds series that come in their order again after some of them were removed and their slots taken by others', () => {
    const map = new SeriesMap();
    for (let n = 0; n < 200; n++) map.add(words(n));
    const inOrder = (): number[] => Array.from({ length: 200 }, (_, n) => map.find(words(n)));
    expect(inOrder()).toEqual(Array.from({ length: 200 }, (_, n) => n));
    for (let n = 0; n < 200; n += 3) map.remove(n);
    expect(inOrder()).toEqual(Array.from({ length: 200 }, (_, n) => (n % 3 === 0 ? -1 : n)));
    const taken = map.add(words(1000));
    expect(inOrder().includes(taken)).toBe(false);
    expect(map.find(words(1000))).toBe(taken);
    map.clear();
    expect(inOrder().every((slot) => slot === -1)).toBe(true);
  });
});
