import { describe, expect, it } from '@jest/globals';
import { lines, start } from './run.ts';
import type { Metric, OutPoint, Point } from './run.ts';

/** A repeatable source of integers below `limit`. */
function random(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

const windows = { '10s': 10_000, '30s': 30_000, '1m': 60_000 };
const aggregations = ['count', 'sum', 'min', 'max', 'avg', 'p50', 'p99', 'success_rate', 'failure_rate'];

interface Value {
  readonly at: number;
  readonly series: string;
  readonly value: number;
  readonly failed: boolean;
}

/** What must come out of all values, by plain arithmetic. */
function expected(values: readonly Value[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const [window, ms] of Object.entries(windows)) {
    const groups = new Map<string, Value[]>();
    for (const value of values) {
      const name = `${value.series} ${window}@${Math.floor(value.at / ms) * ms}`;
      groups.set(name, [...(groups.get(name) ?? []), value]);
    }
    for (const [name, group] of groups) {
      const sorted = group.map(({ value }) => value).toSorted((a, b) => a - b);
      const sum = sorted.reduce((a, b) => a + b, 0);
      const failures = group.filter(({ failed }) => failed).length;
      const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))]!;
      const all = [
        sorted.length,
        sum,
        sorted[0]!,
        sorted.at(-1)!,
        sum / sorted.length,
        at(0.5),
        at(0.99),
        1 - failures / sorted.length,
        failures / sorted.length,
      ];
      all.forEach((value, i) => found.set(`${aggregations[i]} ${name}`, value));
    }
  }
  return found;
}

const nameOf = ({ metric, attributes, window, from }: OutPoint): string =>
  `${metric.replace('load.', '')} ${String(attributes['route'])} ${window}@${from}`;

describe('The aggregates of every window', () => {
  it.each(['gauge', 'delta', 'cumulative', 'up-down'])(
    'equal plain arithmetic over %s points, in whatever batches they come',
    async (what) => {
      const next = random(what.length);
      const config = { windows: Object.keys(windows), allowed_lateness: '20s', metrics: [{ dimensions: ['route'], aggregations }] };
      const points: Point[] = [];
      const values: Value[] = [];
      const totals = new Map<string, { start: number; value: number }>();
      for (let i = 0; i < 3000; i++) {
        // Up to 15 s out of order, but not those of one series, when they are totals.
        const at = what === 'cumulative' ? i * 100 : Math.max(0, i * 100 - next(15_000));
        const attributes = { route: `/${next(3)}`, user: `u${next(5)}`, ...(next(4) === 0 && { 'error.type': 'timeout' }) };
        let value = 1 + next(10_000) / 16;
        const common = { at, attributes };
        if (what === 'cumulative') {
          const series = JSON.stringify(attributes);
          let total = totals.get(series);
          if (total === undefined || next(20) === 0) totals.set(series, (total = { start: Math.max(0, at - 1), value: 0 }));
          total.value += value;
          points.push({ ...common, start: total.start, asDouble: total.value });
        } else {
          if (what === 'up-down') value = -value;
          points.push({ ...common, asDouble: value });
        }
        values.push({ at, series: attributes.route, value, failed: 'error.type' in attributes });
      }
      const type: Pick<Metric, 'type' | 'temporality' | 'monotonic'> =
        what === 'gauge' ? { type: 'gauge' } : { type: 'sum', temporality: what === 'delta' ? 1 : 2, monotonic: what !== 'up-down' };
      const results: string[][] = [];
      for (const batchSize of [1, 97, 3000]) {
        const run = await start(config);
        const out: OutPoint[] = [];
        for (let first = 0; first < points.length; first += batchSize) {
          await run.metrics({ ...type, points: points.slice(first, first + batchSize) });
          if (first % 100 === 0) out.push(...(await run.take()));
        }
        out.push(...(await run.stop()));
        expect(run.context.items).toMatchObject({ absorbed: 3000, dropped: {}, held: 0 });
        const model = expected(values);
        expect(out.map(nameOf).toSorted()).toEqual([...model.keys()].toSorted());
        for (const point of out) {
          const exact = model.get(nameOf(point))!;
          const error = /\.p\d/.test(point.metric) ? 0.0055 : 1e-9;
          expect(Math.abs(point.value - exact)).toBeLessThanOrEqual(Math.abs(exact) * error + 1e-9);
        }
        results.push(lines(out));
        expect(run.host.memory.accounted).toBe(0);
      }
      expect(results[1]).toEqual(results[0]);
      expect(results[2]).toEqual(results[0]);
    },
  );
});
