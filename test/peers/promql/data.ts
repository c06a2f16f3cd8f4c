import type { HistogramSample, SeriesSamples } from '@millrace/api';
import { labelsOf, markStale } from '../../../packages/promql/test/memory-source.ts';

/** Numbers from 0 to 1 that are the same for the same seed. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const startMs = 1_700_000_000_000;
export const endMs: number = startMs + 2 * 3_600_000;
const intervalMs = 20_000;
const random = randomNumbers(7);

interface Shape {
  /** Seconds after the start, until which and from which there are samples. */
  readonly from?: number;
  readonly to?: number;
  /** Parts of all samples that are missing. */
  readonly missing?: number;
  /** Samples that are staleness markers. */
  readonly stale?: readonly number[];
}

type Sample = number | HistogramSample;

const all: SeriesSamples[] = [];

function series(
  labels: Readonly<Record<string, string>>,
  next: (index: number) => Sample,
  { from = 0, to = 7200, missing = 0, stale = [] }: Shape = {},
): void {
  const times: number[] = [];
  const samples: Sample[] = [];
  const jitter = Math.floor(random() * 5000);
  let index = 0;
  const markers: number[] = [];
  for (let time = startMs + from * 1000 + jitter; time <= startMs + to * 1000; time += intervalMs) {
    const sample = next(index++);
    if (random() < missing) continue;
    if (stale.includes(index)) markers.push(times.length);
    times.push(time + (random() < 0.3 ? Math.floor(random() * 200) : 0));
    samples.push(sample);
  }
  const values = Float64Array.from(samples, (sample) => (typeof sample === 'number' ? sample : 0));
  for (const marker of markers) markStale(values, marker);
  const histograms = samples.map((sample, i) => (typeof sample === 'number' || markers.includes(i) ? undefined : sample));
  const part = { labels: labelsOf(labels), timestampsMs: Float64Array.from(times), values };
  all.push(histograms.some((sample) => sample !== undefined) ? { ...part, histograms } : part);
}

function counter(step: number, resetRate: number): () => number {
  let value = Math.floor(random() * 1000);
  return () => {
    value = random() < resetRate ? Math.floor(random() * 3) : value + Math.floor(random() * step);
    return value;
  };
}

function walk(value: number, step: number, oddRate = 0): () => number {
  let at = value;
  return () => {
    at += (random() - 0.5) * step;
    if (random() >= oddRate) return at;
    return [Number.NaN, Infinity, -Infinity][Math.floor(random() * 3)]!;
  };
}

interface Growth {
  readonly schema: number;
  readonly resetRate?: number;
  readonly gauge?: boolean;
  readonly bounds?: readonly number[];
  readonly negative?: boolean;
  readonly zeroThreshold?: number;
}

function native({ schema, resetRate = 0, gauge = false, bounds, negative = false, zeroThreshold = 0.001 }: Growth): () => HistogramSample {
  const width = bounds === undefined ? 12 : bounds.length + 1;
  let positive = Array.from({ length: width }, () => Math.floor(random() * 5));
  let below = Array.from({ length: 4 }, () => Math.floor(random() * 5));
  let [zero, sum] = [2, 10];
  const grow = (count: number): number => count + Math.floor(random() * 4);
  return () => {
    if (gauge || random() < resetRate) {
      positive = positive.map(() => Math.floor(random() * 6));
      below = below.map(() => Math.floor(random() * 6));
      [zero, sum] = [Math.floor(random() * 3), random() * 40];
    } else {
      positive = positive.map(grow);
      below = below.map(grow);
      [zero, sum] = [grow(zero), sum + random() * 30];
    }
    const isCustom = bounds !== undefined;
    const negatives = negative && !isCustom ? below : [];
    const zeroCount = isCustom ? 0 : zero;
    const count = zeroCount + [...positive, ...negatives].reduce((a, b) => a + b, 0);
    return {
      schema,
      zeroThreshold: isCustom ? 0 : zeroThreshold,
      zeroCount,
      count,
      sum,
      // Two runs with a gap between them.
      positive: { spans: isCustom ? [0, width] : [-2, 5, 3, width - 5], counts: positive },
      negative: { spans: negatives.length > 0 ? [0, 4] : [], counts: negatives },
      ...(isCustom ? { customBounds: bounds } : {}),
      ...(gauge ? { gauge } : {}),
    };
  };
}

for (const instance of ['a', 'b', 'c']) {
  for (const code of ['200', '404', '500']) {
    for (const job of ['api', 'web']) {
      const shape = { missing: instance === 'b' ? 0.2 : 0, ...(instance === 'c' ? { from: 1500, to: 5000, stale: [60, 61, 62] } : {}) };
      series({ __name__: 'http_requests_total', job, instance, code }, counter(code === '200' ? 60 : 5, 0.01), shape);
    }
  }
  series({ __name__: 'cpu_load', instance, job: 'api' }, walk(instance === 'a' ? 0 : 5, 1.5));
  series({ __name__: 'cpu_load', instance, job: 'web' }, walk(2, 0.7, 0.03), { missing: 0.3 });
  series({ __name__: 'up', instance, job: 'api' }, () => (random() < 0.8 ? 1 : 0));
  series({ __name__: 'target_info', instance, job: 'api', version: `v${instance}`, zone: 'eu' }, () => 1);
  series({ __name__: 'memory_bytes', instance, job: 'api' }, () => Math.floor(random() * 5) * 1e9, { stale: [100, 101, 200] });
  series({ __name__: 'memory_limit_bytes', instance, job: 'api' }, () => 6e9);
  let counts = [0, 0, 0, 0, 0];
  const rows: number[][] = [];
  const row = (index: number): number[] => {
    while (rows.length <= index) {
      const added = counts.map(() => Math.floor(random() * 6));
      counts = random() < 0.01 ? counts.map(() => 0) : counts.map((count, i) => count + added.slice(0, i + 1).reduce((a, b) => a + b, 0));
      rows.push(counts);
    }
    return rows[index]!;
  };
  for (const [i, le] of ['0.1', '0.5', '1', '5', '+Inf'].entries()) {
    series({ __name__: 'latency_seconds_bucket', instance, le }, (index) => row(index)[i]!);
  }
  series({ __name__: 'latency_seconds_count', instance }, (index) => row(index)[4]!);
  series({ __name__: 'latency_seconds_sum', instance }, (index) => row(index)[4]! * 0.7);
}
for (const [le, count] of [
  ['0.1', 3],
  ['1', 9],
  ['2', 4],
  ['+Inf', 10],
] as const) {
  series({ __name__: 'uneven_bucket', le }, (index) => count + index);
}
series({ __name__: 'uneven_bucket', le: 'wide' }, () => 1);
series({ __name__: 'sparse', kind: 'late' }, counter(9, 0.05), { from: 4000, missing: 0.9 });
series({ __name__: 'sparse', kind: 'early' }, walk(-3, 1), { to: 2000, missing: 0.6 });
series({ __name__: 'sparse', kind: 'marked' }, walk(9, 1), { stale: [20, 40, 60, 80, 100, 120] });
series({ __name__: 'constant', of: 'nan' }, () => Number.NaN);
series({ __name__: 'constant', of: 'one' }, () => 1);
series({ __name__: 'constant', of: 'negative' }, () => -2.5);
series({ __name__: 'constant', of: 'time' }, (index) => 1_600_000_000 + index * 86_400 * 7);
for (const pod of ['x', 'y']) {
  series(
    { __name__: 'rpc_seconds', pod },
    native({ schema: pod === 'x' ? 1 : 2, resetRate: 0.02 }),
    pod === 'y' ? { missing: 0.2, stale: [50, 51] } : {},
  );
  series(
    { __name__: 'rpc_custom_seconds', pod },
    native({ schema: -53, bounds: pod === 'x' ? [0.1, 0.5, 1, 5] : [0.1, 1, 5, 10], resetRate: 0.02 }),
  );
  series({ __name__: 'rpc_signed', pod }, native({ schema: 0, negative: true, zeroThreshold: pod === 'x' ? 0.001 : 0.3, resetRate: 0.01 }));
}
series({ __name__: 'negative_custom' }, native({ schema: -53, bounds: [-2, -1, 0, 3] }));
series({ __name__: 'rpc_gauge', pod: 'x' }, native({ schema: 0, gauge: true, negative: true }));
series(
  { __name__: 'rpc_mixed', pod: 'x' },
  (() => {
    const histogram = native({ schema: 1 });
    return (index: number): Sample => (index % 40 < 20 ? histogram() : index);
  })(),
);

/** Gaps, resets, staleness markers, NaN and native histograms of all kinds, 20 s apart. */
export const data: readonly SeriesSamples[] = all;
