import fc from 'fast-check';
import { type FakeClock, itemNames, settle } from '@millrace/api/testing';
import type { ExporterSettings } from '@millrace/exporter-helper';
import { describe, expect, it } from '@jest/globals';
import { FakeStorage, permanent, queue, retry, rig, temporary } from './rig.ts';

type Answer = 'takes' | 'refuses' | 'is busy' | 'finds too large' | 'takes a part';

const cases = fc.record({
  sizes: fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 12 }),
  consumers: fc.integer({ min: 1, max: 4 }),
  minSize: fc.integer({ min: 0, max: 50 }),
  maxSize: fc.integer({ min: 0, max: 60 }),
  batching: fc.boolean(),
  mode: fc.constantFrom('memory', 'stored', 'waited'),
  answers: fc.array(fc.constantFrom<Answer>('takes', 'refuses', 'is busy', 'finds too large', 'takes a part'), {
    minLength: 1,
    maxLength: 12,
  }),
  stopAfter: fc.integer({ min: 0, max: 12 }),
  cut: fc.boolean(),
});

describe('the books of an exporter', () => {
  it('balance, and no item is lost or sent on twice, whatever happens', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ sizes, consumers, minSize, maxSize, batching, mode, answers, stopAfter, cut }) => {
        const storage = new FakeStorage();
        const batch = {
          enabled: batching,
          flush_timeout: '100ms',
          min_size: minSize,
          max_size: maxSize > 0 ? Math.max(maxSize, minSize, 1) : 0,
          partition: { metadata_keys: [] },
        };
        const config: ExporterSettings = {
          retry_on_failure: { ...retry!, initial_interval: '100ms', max_elapsed_time: '1s' },
          sending_queue: {
            ...queue,
            num_consumers: consumers,
            batch,
            wait_for_result: mode === 'waited',
            ...(mode === 'stored' && { storage: 'disk' }),
          },
        };
        const delivered: string[] = [];
        let call = 0;
        const r = await rig(config, {
          storage,
          answer: (sent) => {
            const names = itemNames([sent.bytes]);
            switch (answers[call++ % answers.length]!) {
              case 'refuses':
                return Promise.reject(permanent());
              case 'is busy':
                return Promise.reject(temporary());
              case 'finds too large':
                return Promise.resolve({ tooLarge: permanent('too large') });
              case 'takes a part':
                delivered.push(...names.slice(1));
                return Promise.resolve({ rejectedItems: names.length === 0 ? 0 : 1, message: 'one is bad' });
              default:
                delivered.push(...names);
                return Promise.resolve(undefined);
            }
          },
        });
        const outcomes: Promise<string>[] = [];
        let first = 0;
        for (const [i, size] of sizes.entries()) {
          outcomes.push(r.offer(first, size));
          first += size;
          if (i === stopAfter) break;
          if (i % 3 === 2) await settle();
        }
        const offered = sizes.slice(0, outcomes.length);
        const clock = r.context.clock as FakeClock;
        if (stopAfter % 2 === 0) await clock.advance(250);
        const stopped = Promise.resolve(r.stage.shutdown!(cut ? AbortSignal.abort() : new AbortController().signal));
        const state = { ended: false };
        void stopped.then(() => (state.ended = true));
        for (let i = 0; i < 50 && !state.ended; i++) await clock.advance(100);
        expect(state.ended).toBe(true);
        const ends = await Promise.all(outcomes);
        const taken = offered.filter((_size, i) => ends[i]!.startsWith('taken')).reduce((sum, size) => sum + size, 0);
        const { absorbed, created, held } = r.context.items;
        const dropped = Object.values(r.context.items.dropped).reduce((sum, items) => sum + items, 0);
        expect({ balance: taken + created - absorbed - dropped - held, leased: r.host.memory.accounted, timers: clock.pending }).toEqual({
          balance: 0,
          leased: 0,
          timers: 0,
        });
        if (mode === 'stored') expect(storage.itemsOf('traces')).toBeGreaterThanOrEqual(held);
        else expect(held).toBe(0);
        expect(new Set(delivered).size).toBe(delivered.length);
        // An attempt that was aborted may have arrived all the same.
        if (mode !== 'waited' && !cut) expect(absorbed).toBe(delivered.length);
      }),
      { numRuns: 300 },
    );
  });
});
