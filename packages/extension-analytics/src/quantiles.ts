import { metrics } from './measures.ts';
import type { Group, MetricReader } from './metric-reader.ts';
import type { Buckets } from './periods.ts';

/** The percentiles that answers have. */
export const percentiles = { p50: 0.5, p75: 0.75, p90: 0.9, p95: 0.95, p99: 0.99 } as const;

/** The percentiles of one group, in milliseconds. */
export interface LatencyOf {
  readonly key: readonly string[];
  readonly count: number;
  readonly values: Readonly<Record<keyof typeof percentiles, number>>;
}

/** Percentiles of the duration of calls by labels, from histograms with explicit buckets. */
export async function latencies(reader: MetricReader, by: readonly string[], buckets: Buckets): Promise<LatencyOf[]> {
  const groups = await reader.increases({ metric: `${metrics.duration}_bucket`, by: [...by, 'le'] }, buckets);
  const histograms = new Map<string, { readonly key: readonly string[]; readonly bounds: [bound: number, count: number][] }>();
  for (const { key, values } of groups) {
    const own = key.slice(0, -1);
    const id = JSON.stringify(own);
    let histogram = histograms.get(id);
    if (histogram === undefined) histograms.set(id, (histogram = { key: own, bounds: [] }));
    const le = key.at(-1)!;
    histogram.bounds.push([le === '+Inf' ? Infinity : Number(le), total(values)]);
  }
  return [...histograms.values()].flatMap(({ key, bounds }) => {
    bounds.sort(([a], [b]) => a - b);
    const count = bounds.at(-1)![1];
    if (!(count > 0)) return [];
    const values = Object.fromEntries(Object.entries(percentiles).map(([name, q]) => [name, 1000 * quantile(bounds, q * count)]));
    return [{ key, count, values: values as LatencyOf['values'] }];
  });
}

function total(values: Group['values']): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}

/** Interpolated within its bucket, as Prometheus's `histogram_quantile` does; the last bound when it is beyond. */
function quantile(bounds: readonly (readonly [bound: number, count: number])[], rank: number): number {
  let [lower, below] = [0, 0];
  for (const [bound, count] of bounds) {
    if (count >= rank && count > below) return bound === Infinity ? lower : lower + ((bound - lower) * (rank - below)) / (count - below);
    if (bound !== Infinity) lower = bound;
    below = Math.max(below, count);
  }
  return lower;
}
