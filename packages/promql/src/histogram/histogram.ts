import type { HistogramSample } from '@millrace/api';
import { boundOf, customSchema } from './bounds.ts';
import { addBuckets, bucketsOf, coarsen, compactBuckets, equalBuckets, mapCounts, moveBuckets, noBuckets } from './buckets.ts';
import type { Buckets } from './buckets.ts';
import { outsideZero, zeroAtLeast } from './zero-bucket.ts';

/** What a histogram consists of. */
export interface HistogramParts {
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly count: number;
  readonly sum: number;
  readonly positive: Buckets;
  readonly negative: Buckets;
  readonly customBounds: readonly number[];
  /** It may fall, and its falling is no reset. */
  readonly gauge: boolean;
}

/** One bucket with its bounds. */
export interface Bucket {
  lower: number;
  upper: number;
  readonly count: number;
}

/** A native histogram that queries calculate with, as Prometheus's FloatHistogram. Never changed once made. */
export class Histogram {
  readonly parts: HistogramParts;

  constructor(parts: HistogramParts) {
    this.parts = parts;
  }

  static of(sample: HistogramSample): Histogram {
    const { schema, zeroThreshold, zeroCount, count, sum, positive, negative, customBounds, gauge = false } = sample;
    const bounds = customBounds === undefined ? [] : Array.from(customBounds);
    const parts = { schema, zeroThreshold, zeroCount, count, sum, customBounds: bounds, gauge };
    return new Histogram({ ...parts, positive: bucketsOf(positive), negative: bucketsOf(negative) });
  }

  get isCustom(): boolean {
    return this.parts.schema === customSchema;
  }

  /** How many float samples it takes the room of. */
  get size(): number {
    const { positive, negative, customBounds } = this.parts;
    return Math.floor((168 + 8 * (positive.counts.length + negative.counts.length + customBounds.length + 4)) / 16);
  }

  asGauge(): Histogram {
    return this.parts.gauge ? this : new Histogram({ ...this.parts, gauge: true });
  }

  scale(factor: number): Histogram {
    return this.#each((value) => value * factor, factor < 0);
  }

  divide(divisor: number): Histogram {
    const divided = this.#each((value) => value / divisor, divisor < 0);
    return divisor === 0 ? new Histogram({ ...divided.parts, positive: noBuckets, negative: noBuckets }) : divided;
  }

  #each(change: (value: number) => number, gauge: boolean): Histogram {
    const { zeroCount, count, sum, positive, negative } = this.parts;
    return new Histogram({
      ...this.parts,
      zeroCount: change(zeroCount),
      count: change(count),
      sum: change(sum),
      positive: mapCounts(positive, change),
      negative: mapCounts(negative, change),
      gauge: this.parts.gauge || gauge,
    });
  }

  /** Without empty buckets. */
  compact(): Histogram {
    const { positive, negative } = this.parts;
    return new Histogram({ ...this.parts, positive: compactBuckets(positive), negative: compactBuckets(negative) });
  }

  /** Of a schema that is at most as fine. */
  toSchema(schema: number): Histogram {
    const { parts } = this;
    if (schema === parts.schema) return this;
    return new Histogram({
      ...parts,
      schema,
      positive: coarsen(parts.positive, parts.schema, schema),
      negative: coarsen(parts.negative, parts.schema, schema),
    });
  }

  /**
   * This plus `factor` (1 or -1) times another, of the coarser schema and with the wider zero bucket of both. Undefined when only one of them has
   * custom bounds. Different custom bounds are replaced by those that both have.
   */
  plus(other: Histogram, factor: 1 | -1 = 1): Histogram | undefined {
    if (this.isCustom !== other.isCustom) return undefined;
    const [a, b] = this.isCustom ? withCommonBounds(this.parts, other.parts) : withCommonLayout(this, other);
    return new Histogram({
      ...a,
      zeroCount: a.zeroCount + factor * b.zeroCount,
      count: a.count + factor * b.count,
      sum: a.sum + factor * b.sum,
      positive: addBuckets(a.positive, b.positive, factor),
      negative: addBuckets(a.negative, b.negative, factor),
      gauge: a.gauge || b.gauge,
    });
  }

  sameBounds(other: Histogram): boolean {
    const [a, b] = [this.parts.customBounds, other.parts.customBounds];
    return a.length === b.length && a.every((bound, i) => bound === b[i]);
  }

  equals(other: Histogram): boolean {
    const [a, b] = [this.parts, other.parts];
    return (
      a.schema === b.schema &&
      Object.is(a.count, b.count) &&
      Object.is(a.sum, b.sum) &&
      a.zeroThreshold === b.zeroThreshold &&
      Object.is(a.zeroCount, b.zeroCount) &&
      this.sameBounds(other) &&
      equalBuckets(a.positive, b.positive) &&
      equalBuckets(a.negative, b.negative)
    );
  }

  /** The buckets from the lowest to the highest, the zero bucket among them when it is not empty. */
  buckets(): Bucket[] {
    const { schema, zeroThreshold: zero, zeroCount, positive, negative, customBounds } = this.parts;
    const buckets: Bucket[] = [];
    const clip = (bound: number): number => (bound > 0 && bound < zero ? zero : bound < 0 && bound > -zero ? -zero : bound);
    for (let i = negative.indexes.length - 1; i >= 0; i--) {
      const index = negative.indexes[i]!;
      buckets.push({ lower: -boundOf(index, schema, []), upper: clip(-boundOf(index - 1, schema, [])), count: negative.counts[i]! });
    }
    if (zeroCount > 0) buckets.push({ lower: -zero, upper: zero, count: zeroCount });
    for (let i = 0; i < positive.indexes.length; i++) {
      const index = positive.indexes[i]!;
      const lower = boundOf(index - 1, schema, customBounds);
      buckets.push({ lower: clip(lower), upper: boundOf(index, schema, customBounds), count: positive.counts[i]! });
    }
    return buckets;
  }
}

function withCommonBounds(a: HistogramParts, b: HistogramParts): readonly [HistogramParts, HistogramParts] {
  const inB = new Set(b.customBounds);
  const common = a.customBounds.filter((bound) => inB.has(bound));
  if (common.length === a.customBounds.length && common.length === b.customBounds.length) return [a, b];
  const onto = (parts: HistogramParts): HistogramParts => ({
    ...parts,
    customBounds: common,
    positive: compactBuckets(
      moveBuckets(parts.positive, (index) => {
        const bound = boundOf(index, customSchema, parts.customBounds);
        const found = common.findIndex((candidate) => candidate >= bound);
        return found < 0 ? common.length : found;
      }),
    ),
  });
  return [onto(a), onto(b)];
}

function withCommonLayout(a: Histogram, b: Histogram): readonly [HistogramParts, HistogramParts] {
  let [left, right] = [a, b];
  while (left.parts.zeroThreshold !== right.parts.zeroThreshold) {
    const threshold = Math.max(left.parts.zeroThreshold, right.parts.zeroThreshold);
    left = zeroAtLeast(left, threshold);
    right = zeroAtLeast(right, threshold);
  }
  const schema = Math.min(left.parts.schema, right.parts.schema);
  const added = right.toSchema(schema).parts;
  const { zeroThreshold: threshold } = added;
  const [positive, negative] = [outsideZero(added.positive, schema, threshold), outsideZero(added.negative, schema, threshold)];
  return [left.toSchema(schema).parts, { ...added, positive, negative }];
}
