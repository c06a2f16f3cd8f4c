/** A histogram's value. `counts` has one element more than `bounds`: each bucket by itself. */
export interface HistogramSnapshot {
  readonly count: number;
  readonly sum: number;
  readonly min?: number;
  readonly max?: number;
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
}

/** A value of a histogram with exponential buckets. */
export interface ExponentialSnapshot {
  readonly count: number;
  readonly sum: number;
  readonly min?: number;
  readonly max?: number;
  readonly scale: number;
  readonly zeroCount: number;
  readonly positive: { readonly offset: number; readonly counts: readonly number[] };
  readonly negative: { readonly offset: number; readonly counts: readonly number[] };
}

/** One series of an own metric. Times are milliseconds since the epoch. */
export interface PointSnapshot {
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly startMs: number;
  readonly timeMs: number;
  readonly value: number | HistogramSnapshot | ExponentialSnapshot;
}

/** An own metric with all its series; sums and histograms are cumulative. */
export interface MetricSnapshot {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  readonly type: 'counter' | 'updown' | 'gauge' | 'histogram' | 'exponential';
  /** Whether the values are whole numbers. */
  readonly isInt: boolean;
  readonly points: readonly PointSnapshot[];
}

/** The own metrics of one thread, or of all of them, at one moment. Plain: it can be sent to another thread. */
export interface TelemetrySnapshot {
  readonly metrics: readonly MetricSnapshot[];
}

/**
 * The own metrics of a process from those of its threads. Series of one name and equal attributes become one: sums and histograms add up, and so
 * do gauges that count something (unit `By` or in braces). Of other gauges, and of capacities, which hold for the process, the largest value counts.
 */
export function mergeSnapshots(snapshots: readonly TelemetrySnapshot[]): TelemetrySnapshot {
  const [only] = snapshots;
  if (snapshots.length === 1 && only !== undefined) return only;
  const merged = new Map<string, { metric: MetricSnapshot; points: Map<string, PointSnapshot> }>();
  for (const { metrics } of snapshots) {
    for (const metric of metrics) {
      let target = merged.get(metric.name);
      if (target === undefined) merged.set(metric.name, (target = { metric, points: new Map() }));
      for (const point of metric.points) {
        const identity = JSON.stringify(Object.entries(point.attributes).toSorted(([a], [b]) => (a < b ? -1 : 1)));
        const known = target.points.get(identity);
        target.points.set(identity, known === undefined ? point : addPoints(metric, known, point));
      }
    }
  }
  return { metrics: [...merged.values()].map(({ metric, points }) => ({ ...metric, points: [...points.values()] })) };
}

function addPoints(metric: MetricSnapshot, a: PointSnapshot, b: PointSnapshot): PointSnapshot {
  const times = { startMs: Math.min(a.startMs, b.startMs), timeMs: Math.max(a.timeMs, b.timeMs) };
  return { attributes: a.attributes, ...times, value: addValues(a.value, b.value, addsUp(metric)) };
}

function addsUp({ name, type, unit }: MetricSnapshot): boolean {
  if (type !== 'gauge') return true;
  return (unit === 'By' || unit.startsWith('{')) && !name.endsWith('_capacity');
}

function addValues(a: PointSnapshot['value'], b: PointSnapshot['value'], adds: boolean): PointSnapshot['value'] {
  if (typeof a === 'number' || typeof b === 'number') return adds ? Number(a) + Number(b) : Math.max(Number(a), Number(b));
  const sums = { count: a.count + b.count, sum: a.sum + b.sum, ...limits(a, b) };
  if ('bounds' in a && 'bounds' in b) return { ...sums, bounds: a.bounds, counts: a.counts.map((count, i) => count + (b.counts[i] ?? 0)) };
  if ('scale' in a && 'scale' in b) {
    const scale = Math.min(a.scale, b.scale);
    const [one, other] = [rescale(a, scale), rescale(b, scale)];
    return {
      ...sums,
      scale,
      zeroCount: a.zeroCount + b.zeroCount,
      positive: addBuckets(one.positive, other.positive),
      negative: addBuckets(one.negative, other.negative),
    };
  }
  return a;
}

function limits(a: { min?: number; max?: number }, b: { min?: number; max?: number }): { min?: number; max?: number } {
  if (a.min === undefined || a.max === undefined || b.min === undefined || b.max === undefined) return {};
  return { min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) };
}

type Buckets = ExponentialSnapshot['positive'];

function rescale(value: ExponentialSnapshot, scale: number): ExponentialSnapshot {
  const shift = value.scale - scale;
  const coarser = ({ offset, counts }: Buckets): Buckets => {
    const first = offset >> shift;
    const result: number[] = [];
    counts.forEach((count, i) => {
      const index = ((offset + i) >> shift) - first;
      result[index] = (result[index] ?? 0) + count;
    });
    return { offset: first, counts: result };
  };
  return shift === 0 ? value : { ...value, scale, positive: coarser(value.positive), negative: coarser(value.negative) };
}

function addBuckets(a: Buckets, b: Buckets): Buckets {
  if (a.counts.length === 0) return b;
  if (b.counts.length === 0) return a;
  const offset = Math.min(a.offset, b.offset);
  const end = Math.max(a.offset + a.counts.length, b.offset + b.counts.length);
  const at = ({ offset: from, counts }: Buckets, index: number): number => counts[index - from] ?? 0;
  return { offset, counts: Array.from({ length: end - offset }, (_, i) => at(a, offset + i) + at(b, offset + i)) };
}
