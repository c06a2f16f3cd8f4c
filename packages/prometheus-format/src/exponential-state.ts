import type { BucketsView, DataPointView } from '@millrace/wire';
import { readExemplars } from './exemplars.ts';
import type { Exemplar, HistogramValue, NativeBuckets } from './metric-family.ts';

/** The buckets of one sign: bucket i of the scale, from `offset` on. */
export interface Buckets {
  readonly offset: number;
  readonly counts: Float64Array;
}

/** The finest and coarsest resolution of native histograms. */
const maxSchema = 8;
const minSchema = -4;

/** Beyond the buckets of all numbers that there are, at the finest resolution. */
const farthestIndex = 2 ** 19;

/** What is accumulated gets coarser rather than have more buckets to a side. */
const maxBuckets = 4096;

/** The zero threshold of a point that has none, as the Collector's exporters set it. */
const defaultZeroThreshold = 1e-128;

/** A histogram with exponential buckets. */
export class ExponentialState {
  readonly count: number;
  readonly sum: number;
  readonly scale: number;
  readonly zeroCount: number;
  readonly zeroThreshold: number;
  readonly positive: Buckets;
  readonly negative: Buckets;
  readonly exemplars: readonly Exemplar[];

  constructor(fields: Omit<ExponentialState, 'plus' | 'value' | 'problem' | 'sizeBytes'>) {
    this.count = fields.count;
    this.sum = fields.sum;
    this.scale = fields.scale;
    this.zeroCount = fields.zeroCount;
    this.zeroThreshold = fields.zeroThreshold;
    this.positive = fields.positive;
    this.negative = fields.negative;
    this.exemplars = fields.exemplars;
  }

  /** The state of a point, at a resolution that native histograms have. */
  static read(point: DataPointView, hasExemplars: boolean): ExponentialState {
    const scale = Math.min(point.scale, maxSchema);
    const drop = point.scale - scale;
    return new ExponentialState({
      count: Number(point.count),
      sum: point.sum ?? 0,
      scale,
      zeroCount: Number(point.zeroCount),
      zeroThreshold: point.zeroThreshold,
      positive: coarser(readBuckets(point.positive), drop),
      negative: coarser(readBuckets(point.negative), drop),
      exemplars: hasExemplars ? readExemplars(point) : [],
    });
  }

  /** Bytes of memory, roughly. */
  get sizeBytes(): number {
    return 400 + (this.positive.counts.length + this.negative.counts.length) * 8 + this.exemplars.length * 400;
  }

  /** Why it cannot be exposed: a server refuses a whole scrape because of one bad histogram. */
  problem(): string | undefined {
    const { count, sum, scale, zeroCount, positive, negative } = this;
    if (scale < minSchema) return `cannot convert exponential to native histogram: scale must be >= ${minSchema}`;
    const isFar = ({ offset, counts }: Buckets): boolean => counts.length > 0 && Math.abs(offset) + counts.length > farthestIndex;
    if (isFar(positive) || isFar(negative)) return 'an exponential histogram has buckets beyond all numbers';
    const observed = total(positive) + total(negative) + zeroCount;
    if (Number.isNaN(sum) ? observed <= count : observed === count) return undefined;
    return 'the buckets and the count of an exponential histogram do not agree';
  }

  /** This one and what came after it, at the coarser resolution and the wider zero bucket of the two. */
  plus(next: ExponentialState): ExponentialState {
    let scale = Math.min(this.scale, next.scale);
    while (scale > minSchema && Math.max(this.#span('positive', next, scale), this.#span('negative', next, scale)) > maxBuckets) scale--;
    const zeroThreshold = Math.max(this.zeroThreshold, next.zeroThreshold);
    let zeroCount = this.zeroCount + next.zeroCount;
    const side = (sign: 'positive' | 'negative'): Buckets => {
      const both = [this, next].map((state) => {
        const { buckets, zeros } = aboveZero(coarser(state[sign], state.scale - scale), scale, zeroThreshold, state.zeroThreshold);
        zeroCount += zeros;
        return buckets;
      });
      return merged(both[0]!, both[1]!);
    };
    return new ExponentialState({
      count: this.count + next.count,
      sum: this.sum + next.sum,
      scale,
      positive: side('positive'),
      negative: side('negative'),
      zeroCount,
      zeroThreshold,
      exemplars: next.exemplars,
    });
  }

  /** How many buckets a side of this one and the next has together. */
  #span(sign: 'positive' | 'negative', next: ExponentialState, scale: number): number {
    const a = coarser(this[sign], this.scale - scale);
    const b = coarser(next[sign], next.scale - scale);
    if (a.counts.length === 0 || b.counts.length === 0) return a.counts.length + b.counts.length;
    return Math.max(a.offset + a.counts.length, b.offset + b.counts.length) - Math.min(a.offset, b.offset);
  }

  /** What is exposed: a native histogram. */
  value(): HistogramValue {
    const { count, sum, scale: schema, zeroCount, zeroThreshold, exemplars } = this;
    return {
      count,
      sum,
      bounds: [],
      counts: [],
      native: {
        schema,
        zeroThreshold: zeroThreshold === 0 ? defaultZeroThreshold : zeroThreshold,
        zeroCount,
        positive: nativeBuckets(this.positive),
        negative: nativeBuckets(this.negative),
        exemplars,
      },
    };
  }
}

function readBuckets(buckets: BucketsView): Buckets {
  const counts = new Float64Array(buckets.size);
  for (let i = 0; i < counts.length; i++) counts[i] = Number(buckets.at(i));
  return { offset: buckets.offset, counts };
}

function total({ counts }: Buckets): number {
  let sum = 0;
  for (const count of counts) sum += count;
  return sum;
}

/** Buckets at a scale that is lower by `drop`: 2^drop neighbours become one. */
function coarser(buckets: Buckets, drop: number): Buckets {
  const { offset, counts } = buckets;
  if (drop <= 0 || counts.length === 0) return buckets;
  const factor = 2 ** drop;
  const first = Math.floor(offset / factor);
  const last = Math.floor((offset + counts.length - 1) / factor);
  const merged = new Float64Array(last - first + 1);
  counts.forEach((count, index) => (merged[Math.floor((offset + index) / factor) - first]! += count));
  return { offset: first, counts: merged };
}

/** Takes away the buckets that a wider zero bucket covers; `zeros` is what was in them. */
function aboveZero(buckets: Buckets, scale: number, zeroThreshold: number, ownThreshold: number): { buckets: Buckets; zeros: number } {
  if (zeroThreshold <= ownThreshold) return { buckets, zeros: 0 };
  const { offset, counts } = buckets;
  let covered = 0;
  let zeros = 0;
  while (covered < counts.length && 2 ** ((offset + covered + 1) / 2 ** scale) <= zeroThreshold) zeros += counts[covered++]!;
  return { buckets: { offset: offset + covered, counts: counts.subarray(covered) }, zeros };
}

function merged(a: Buckets, b: Buckets): Buckets {
  if (a.counts.length === 0) return b;
  if (b.counts.length === 0) return a;
  const offset = Math.min(a.offset, b.offset);
  const counts = new Float64Array(Math.max(a.offset + a.counts.length, b.offset + b.counts.length) - offset);
  for (const { offset: from, counts: added } of [a, b]) added.forEach((count, index) => (counts[from - offset + index]! += count));
  return { offset, counts };
}

/** Runs of buckets; native histograms count from the bucket that ends at 1, which is ours before 0. Gaps of more than two end a run. */
function nativeBuckets({ offset, counts }: Buckets): NativeBuckets {
  const spans: number[] = [];
  const kept: number[] = [];
  let end = 0;
  for (let i = 0; i < counts.length; i++) {
    if (counts[i] === 0) continue;
    const index = offset + i + 1;
    const gap = index - end;
    if (spans.length === 0 || gap > 2) spans.push(gap, 1);
    else {
      for (let filler = 0; filler < gap; filler++) kept.push(0);
      spans[spans.length - 1]! += gap + 1;
    }
    kept.push(counts[i]!);
    end = index + 1;
  }
  return { spans, counts: kept };
}
