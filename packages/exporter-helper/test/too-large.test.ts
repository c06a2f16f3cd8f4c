import { itemNames, settle } from '@millrace/api/testing';
import type { Push } from '@millrace/exporter-helper';
import { describe, expect, it } from '@jest/globals';
import { FakeStorage, permanent, queue, range, retry, rig, temporary } from './rig.ts';

/** A destination that takes so many items at a time, and never the ones with these numbers. */
function destination(most: number, poison: readonly number[] = []): { push: Push; taken: number[]; sizes: number[] } {
  const taken: number[] = [];
  const sizes: number[] = [];
  return {
    taken,
    sizes,
    push: (batch) => {
      const numbers = itemNames([batch.bytes]).map((name) => Number(name.slice(5)));
      sizes.push(numbers.length);
      if (numbers.length > most || poison.some((number) => numbers.includes(number))) {
        return Promise.resolve({ tooLarge: permanent(`request of ${numbers.length} items is too large`) });
      }
      taken.push(...numbers);
      return Promise.resolve(undefined);
    },
  };
}

describe('a destination that finds a request too large', () => {
  it('gets the halves, in order', async () => {
    const { push, taken, sizes } = destination(3);
    const r = await rig({ sending_queue: queue, retry_on_failure: retry }, { answer: push });
    await r.offer(0, 10);
    await settle();
    expect(sizes).toEqual([10, 5, 3, 2, 5, 3, 2]);
    expect(taken).toEqual(range(0, 10));
    expect(r.context.items).toMatchObject({ absorbed: 10, dropped: {}, held: 0 });
    expect(r.context.lines[0]).toMatchObject({ level: 'info', attributes: { items: 10, error: expect.stringContaining('too large') } });
    await r.stage.shutdown!(new AbortController().signal);
    expect(r.host.memory.accounted).toBe(0);
  });

  it('never gets the single items that are too large: they are dropped and counted, the others arrive', async () => {
    const { push, taken } = destination(100, [4, 11]);
    const storage = new FakeStorage();
    const r = await rig({ sending_queue: { ...queue, dead_letter: 'disk' }, retry_on_failure: retry }, { answer: push, storage });
    await r.offer(0, 16);
    await settle();
    expect(taken).toEqual(range(0, 16).filter((number) => number !== 4 && number !== 11));
    expect(r.context.items).toMatchObject({ absorbed: 14, dropped: { dead_letter: 2 }, held: 0 });
    expect([...storage.logs.get('traces_dead_letter')!.values()].map(({ text }) => text)).toEqual(['item-00000004', 'item-00000011']);
    await r.stage.shutdown!(new AbortController().signal);
    expect(r.host.memory.accounted).toBe(0);
  });

  it('is told again only of what it did not take, when a part fails for the moment', async () => {
    const { push, taken } = destination(5);
    let calls = 0;
    const r = await rig(
      { sending_queue: queue, retry_on_failure: retry },
      { answer: (batch, signal) => (++calls === 3 ? Promise.reject(temporary()) : push(batch, signal)) },
    );
    await r.offer(0, 10);
    await settle();
    expect(taken).toEqual(range(0, 5));
    await (r.context.clock as unknown as { advance(ms: number): Promise<void> }).advance(1_000);
    expect(taken).toEqual(range(0, 10));
    await r.stage.shutdown!(new AbortController().signal);
    expect(r.host.memory.accounted).toBe(0);
  });

  it('gives up all parts that are left when the time is over', async () => {
    const { push } = destination(5);
    let calls = 0;
    const r = await rig(
      { sending_queue: queue },
      { answer: (batch, signal) => (++calls >= 2 ? Promise.reject(temporary()) : push(batch, signal)) },
    );
    await r.offer(0, 10);
    await settle();
    expect(r.context.items).toMatchObject({ absorbed: 0, dropped: { retry_disabled: 10 }, held: 0 });
    await r.stage.shutdown!(new AbortController().signal);
    expect(r.host.memory.accounted).toBe(0);
  });

  it('makes the sender that waits drop what is too large, once the rest is delivered', async () => {
    const { push, taken } = destination(100, [4]);
    const r = await rig({ retry_on_failure: retry }, { answer: push });
    expect(await r.offer(0, 8)).toBe('taken');
    expect(taken).toHaveLength(7);
    expect(r.context.items).toMatchObject({ absorbed: 7, dropped: { permanent: 1 } });
    expect(await r.offer(4, 1)).toBe('not retryable error: request of 1 items is too large');
    expect(r.context.items).toMatchObject({ absorbed: 7, dropped: { permanent: 1 } });
    await r.stage.shutdown!(new AbortController().signal);
    expect(r.host.memory.accounted).toBe(0);
  });
});
