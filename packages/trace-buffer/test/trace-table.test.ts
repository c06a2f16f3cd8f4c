import { describe, expect, it } from '@jest/globals';
import { DueQueue, TraceTable } from '../src/index.ts';

const id = (number: number): Int32Array => new Int32Array([number % 3, 7, number, 1]);

/** Equal seeds give equal numbers. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

describe('A TraceTable', () => {
  it('holds what a map would, in the order of the last touch, through any number of changes', () => {
    const table = new TraceTable();
    const expected = new Map<number, number>();
    const next = random(42);
    for (let step = 0; step < 20_000; step++) {
      const number = next(500);
      const slot = table.find(id(number));
      expect(slot).toBe(expected.get(number) ?? -1);
      const action = next(3);
      if (slot < 0) expected.set(number, table.add(id(number)));
      else if (action === 0) {
        table.touch(slot);
        expected.delete(number);
        expected.set(number, slot);
      } else if (action === 1) {
        table.remove(slot);
        expected.delete(number);
      }
      expect(table.size).toBe(expected.size);
      const [oldest = -1] = expected.values();
      expect(table.oldest).toBe(oldest);
    }
    expect(new Set(expected.values()).size).toBe(expected.size);
    for (const slot of expected.values()) expect(slot).toBeLessThan(table.capacity);
  });

  it('tells the id of a slot', () => {
    const table = new TraceTable(1000);
    const slot = table.add(id(5));
    const found = new Int32Array(4);
    table.read(slot, found);
    expect([...found]).toEqual([...id(5)]);
    expect(table.capacity).toBe(1024);
    expect(table.sizeBytes).toBe(1024 * 32);
  });
});

describe('A DueQueue', () => {
  it('gives what is due, first in first out, however much is added in between', () => {
    const queue = new DueQueue();
    const given: [number, number][] = [];
    for (let time = 0; time < 1000; time++) {
      queue.add(time, time * 2, time);
      if (time % 3 !== 0) continue;
      const slot = queue.take(time);
      given.push([slot, queue.ticket]);
    }
    expect(queue.nextMs).toBe(given.length);
    for (let slot = queue.take(998); slot >= 0; slot = queue.take(998)) given.push([slot, queue.ticket]);
    expect(given).toEqual(Array.from({ length: 999 }, (_, i) => [i, 2 * i]));
    expect([queue.size, queue.nextMs]).toEqual([1, 999]);
    expect(queue.sizeBytes).toBeGreaterThan(0);
    queue.take(Infinity);
    expect(queue.nextMs).toBe(Infinity);
  });
});
