import { describe, expect, it } from '@jest/globals';
import { start } from './run.ts';
import type { Metric, OutPoint, Point } from './run.ts';

/** A repeatable source of integers below `limit`. */
function random(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

const byName = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : 1);

/** Adds up cumulative values as a reader who knows resets does. */
class Totals {
  readonly #last = new Map<string, { start: number; value: number }>();
  readonly #total = new Map<string, number>();

  add(group: string, series: string, startNano: number, value: number): void {
    const last = this.#last.get(`${group} ${series}`);
    const increment = last === undefined || startNano > last.start || value < last.value ? value : value - last.value;
    this.#total.set(group, (this.#total.get(group) ?? 0) + increment);
    this.#last.set(`${group} ${series}`, { start: startNano, value });
  }

  /** Keeps what a state is now. */
  set(group: string, series: string, value: number): void {
    const last = this.#last.get(`${group} ${series}`)?.value ?? 0;
    this.#total.set(group, (this.#total.get(group) ?? 0) + value - last);
    this.#last.set(`${group} ${series}`, { start: 0, value });
  }

  get all(): Record<string, number> {
    return Object.fromEntries([...this.#total].filter(([, total]) => total !== 0).toSorted(byName));
  }
}

const groupOf = ({ resource, metric }: OutPoint): string => `${resource} ${metric}`;
const seriesOf = ({ attributes, isOverflow }: OutPoint): string =>
  JSON.stringify([Object.entries(attributes).toSorted(byName), isOverflow]);
const valueOf = (point: OutPoint): number => Number(point['asInt'] ?? point['asDouble'] ?? 0);
const counts = ['count', 'sum', 'b0', 'b1', 'b2'];

/** The parts of a histogram point that add up. */
function partsOf(point: Readonly<Record<string, unknown>>): Record<string, number> {
  const buckets = point['bucketCounts'] as (string | number)[];
  const parts = [point['count'], point['sum'], ...buckets].map(Number);
  return Object.fromEntries(counts.map((name, i) => [name, parts[i] ?? 0]));
}

const settings = [{ limit: 5 }, { limit: 0 }, { limit: 8, key_limits: { user: 3, route: 2 } }];

describe.each(settings)('With %j the sum over all series stays that of the input', (config) => {
  it.each([1, 2, 3])('for deltas, ints and doubles (seed %i)', (seed) => {
    const next = random(seed);
    const run = start(config);
    for (let batch = 0; batch < 60; batch++) {
      const totals: Record<string, number> = {};
      const metrics: Metric[] = Array.from({ length: 1 + next(4) }, () => {
        const resource = `r${next(2)}`;
        const name = `m${next(2)}`;
        const points: Point[] = Array.from({ length: next(20) }, () => {
          const value = next(1000) / (name === 'm1' ? 8 : 1);
          totals[`${resource} ${name}`] = (totals[`${resource} ${name}`] ?? 0) + value;
          const number = name === 'm1' ? { asDouble: value } : { asInt: String(value) };
          const attributes = { user: `u${next(12)}`, route: `/${next(4)}` };
          return { ...number, attributes, startTimeUnixNano: batch * 10, timeUnixNano: batch * 10 + 9 };
        });
        return { name, resource, points };
      });
      const found: Record<string, number> = {};
      const series = new Map<string, Set<string>>();
      for (const point of run.send(...metrics)) {
        found[groupOf(point)] = (found[groupOf(point)] ?? 0) + valueOf(point);
        series.set(groupOf(point), (series.get(groupOf(point)) ?? new Set()).add(seriesOf(point)));
      }
      const sorted = (of: Record<string, number>): object => Object.fromEntries(Object.entries(of).toSorted(byName));
      expect(sorted(found)).toEqual(sorted(totals));
      for (const set of series.values()) expect(set.size).toBeLessThanOrEqual(config.limit * 2 + 1);
    }
    run.stop();
  });

  it.each(['cumulative', 'cumulative double', 'gauge', 'up-down'])('for %s values, through resets, at every instant', (what) => {
    const next = random(7);
    const run = start(config);
    const isTotal = what.startsWith('cumulative');
    const input = new Totals();
    const output = new Totals();
    const values = new Map<string, { start: number; value: number }>();
    for (let batch = 1; batch <= 80; batch++) {
      const points: Point[] = [];
      for (let i = next(12); i > 0; i--) {
        const attributes = { user: `u${next(12)}`, route: `/${next(3)}` };
        const series = JSON.stringify(attributes);
        const state = values.get(series) ?? { start: batch * 100 - 50, value: 0 };
        if (points.some((point) => JSON.stringify(point.attributes) === series)) continue;
        values.set(series, state);
        if (isTotal && next(8) === 0) Object.assign(state, { start: next(2) === 0 ? state.start : batch * 100 - 20, value: 0 });
        else state.value = isTotal ? state.value + next(50) / (what === 'cumulative double' ? 4 : 1) : next(500) - 250;
        if (isTotal) input.add('shop requests', series, state.start, state.value);
        else input.set('shop requests', series, state.value);
        const number = what === 'cumulative double' ? { asDouble: state.value } : { asInt: String(state.value) };
        points.push({ ...number, attributes, startTimeUnixNano: state.start, timeUnixNano: batch * 100 });
      }
      const metric: Metric = what === 'gauge' ? { type: 'gauge', points } : { temporality: 2, monotonic: isTotal, points };
      for (const point of run.send(metric)) {
        if (isTotal) output.add(groupOf(point), seriesOf(point), Number(point['startTimeUnixNano']), valueOf(point));
        else output.set(groupOf(point), seriesOf(point), valueOf(point));
      }
      expect(output.all).toEqual(input.all);
    }
    run.stop();
  });

  it.each([1, 2] as const)('for histograms of temporality %i, bucket by bucket', (temporality) => {
    const next = random(9);
    const run = start(config);
    const input = new Totals();
    const output = new Totals();
    const values = new Map<string, { start: number; counts: number[] }>();
    for (let batch = 1; batch <= 60; batch++) {
      const points = new Map<string, Point>();
      for (let i = next(12); i > 0; i--) {
        const attributes = { user: `u${next(12)}`, route: `/${next(3)}` };
        const series = JSON.stringify(attributes);
        if (points.has(series)) continue;
        let state = values.get(series);
        if (state === undefined || temporality === 1 || next(8) === 0) state = { start: batch * 100 - 50, counts: [0, 0, 0] };
        values.set(series, state);
        for (let bucket = 0; bucket < 3; bucket++) state.counts[bucket]! += next(5);
        const count = state.counts.reduce((a, b) => a + b, 0);
        const point = {
          attributes,
          startTimeUnixNano: state.start,
          timeUnixNano: batch * 100,
          count,
          sum: count * 2,
          bucketCounts: [...state.counts],
          explicitBounds: [1, 5],
        };
        points.set(series, point);
        for (const [part, value] of Object.entries(partsOf(point))) {
          input.add(part, temporality === 1 ? `${series} ${batch}` : series, state.start, value);
        }
      }
      for (const point of run.send({ type: 'histogram', temporality, points: [...points.values()] })) {
        expect(point['explicitBounds']).toEqual([1, 5]);
        for (const [part, value] of Object.entries(partsOf(point))) {
          output.add(part, temporality === 1 ? `${seriesOf(point)} ${batch}` : seriesOf(point), Number(point['startTimeUnixNano']), value);
        }
      }
      expect(output.all).toEqual(input.all);
    }
    run.stop();
  });
});
