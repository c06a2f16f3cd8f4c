import fc from 'fast-check';
import { describe, expect, it } from '@jest/globals';
import { Registry } from '@millrace/instruments';
import { Clock, pool, read, samples } from './read.ts';

type Step =
  | { do: 'add' | 'keep'; label: number; value: number }
  | { do: 'wait'; ms: number }
  | { do: 'read'; reader: 0 | 1 }
  | { do: 'scrape' };

const label = fc.nat(8);
const value = fc.nat(1000);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('add' as const), label, value }),
  fc.record({ do: fc.constant('keep' as const), label, value }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.nat(2000) }),
  fc.record({ do: fc.constant('read' as const), reader: fc.constantFrom(0 as const, 1 as const) }),
  fc.record({ do: fc.constant('scrape' as const) }),
);

describe('The sum over all series', () => {
  it('is that of what was recorded, through overflow, expiry and revival, for every reader', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const clock = new Clock();
        const registry = new Registry({ now: clock.now, limit: 5, expireAfterMs: 1500 });
        const counter = registry.counter('c', { labels: ['a'] });
        const histogram = registry.histogram('h', { labels: ['a'], boundaries: [500] });
        const kept = new Map<number, ReturnType<typeof counter.series>>();
        const readers = [registry.reader({ temporality: 'delta' }), registry.reader({ temporality: 'delta' })] as const;
        const told = [0, 0];
        const counted = [0, 0];
        let sum = 0;
        let count = 0;
        const readOne = (reader: 0 | 1): void => {
          for (const { name, dataPoints } of read(readers[reader].batch(pool)).metrics) {
            for (const point of dataPoints) {
              if (name === 'c') told[reader]! += point.asDouble!;
              else counted[reader]! += Number(point.count);
            }
          }
        };
        for (const one of steps) {
          if (one.do === 'wait') clock.ms += one.ms;
          else if (one.do === 'read') readOne(one.reader);
          else if (one.do === 'scrape') registry.text();
          else {
            if (one.do === 'add') counter.add(one.value, { a: one.label });
            else {
              if (!kept.has(one.label)) kept.set(one.label, counter.seriesOf(one.label));
              kept.get(one.label)!.add(one.value);
            }
            histogram.record(one.value, { a: one.label });
            sum += one.value;
            count++;
          }
        }
        const shown = Object.entries(samples(registry.text()));
        const total = (prefix: string): number =>
          shown.filter(([name]) => name.startsWith(prefix)).reduce((all, [, number]) => all + number, 0);
        expect(total('c_total')).toBe(sum);
        expect(total('h_count')).toBe(count);
        readOne(0);
        readOne(1);
        expect(told).toEqual([sum, sum]);
        expect(counted).toEqual([count, count]);
      }),
      { numRuns: 300 },
    );
  });
});
