import { describe, expect, it } from '@jest/globals';
import { ByteStore } from '@millrace/timeseries';
import { random } from './random.ts';

describe('A byte store', () => {
  it('gives back what was kept last at each slot, in memory that follows what is alive', () => {
    const next = random(3);
    const store = new ByteStore();
    const model = new Map<number, string>();
    const read = (slot: number): string => store.buffer.toString('latin1', store.start(slot), store.start(slot) + store.length(slot));
    for (let step = 0; step < 5000; step++) {
      const slot = next(300);
      if (next(4) === 0) {
        store.delete(slot);
        model.delete(slot);
      } else {
        const text = `${slot}:`.repeat(next(60));
        store.set(slot, Buffer.from(`__${text}__`), 2, text.length + 2);
        model.set(slot, text);
      }
      expect(read(slot)).toBe(model.get(slot) ?? '');
    }
    let live = 0;
    for (let slot = 0; slot < 300; slot++) {
      expect(read(slot)).toBe(model.get(slot) ?? '');
      live += model.get(slot)?.length ?? 0;
    }
    expect(store.sizeBytes).toBeLessThan(live * 4 + 10_000);
    expect(store.length(100_000)).toBe(0);
  });
});
