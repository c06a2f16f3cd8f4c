import type { Bucket, Histogram } from './histogram.ts';

/** What there is to say about a result because of observations that were NaN. */
export interface NanNotes {
  /** The quantile lies among them. */
  result: boolean;
  /** They are counted as greater than all others. */
  skew: boolean;
}

function isOneSided({ parts }: Histogram): 'positive' | 'negative' | undefined {
  const [positive, negative] = [parts.positive.counts.length > 0, parts.negative.counts.length > 0];
  if (positive === negative) return undefined;
  return positive ? 'positive' : 'negative';
}

/** The zero bucket of a histogram with one sign reaches from zero on. */
function fitZeroBucket(bucket: Bucket, histogram: Histogram): void {
  const side = isOneSided(histogram);
  if (side === 'positive') bucket.lower = 0;
  if (side === 'negative') bucket.upper = 0;
}

/** `histogram_quantile` of a native histogram: inside a bucket by its logarithm, in the zero bucket and in custom ones linearly. */
export function nativeQuantile(q: number, histogram: Histogram, notes: NanNotes): number {
  if (q < 0) return -Infinity;
  if (q > 1) return Infinity;
  const { count: total, sum } = histogram.parts;
  if (total === 0 || Number.isNaN(q)) return Number.NaN;
  const buckets = histogram.buckets();
  // With NaNs among the observations only counting from below is right.
  const forward = Number.isNaN(sum) || q < 0.5;
  if (!forward) buckets.reverse();
  let rank = (forward ? q : 1 - q) * total;
  let bucket: Bucket = { lower: 0, upper: 0, count: 0 };
  let count = 0;
  let index = 0;
  while (index < buckets.length) {
    bucket = buckets[index++]!;
    if (bucket.count === 0) continue;
    count += bucket.count;
    if (count >= rank) break;
  }
  if (histogram.isCustom) {
    if (bucket.lower === -Infinity) {
      if (bucket.upper <= 0) return bucket.upper;
      bucket.lower = 0;
    } else if (bucket.upper === Infinity) return bucket.lower;
  } else if (bucket.lower < 0 && bucket.upper > 0) fitZeroBucket(bucket, histogram);
  count = Math.min(count, total);
  if (count < rank) {
    if (!Number.isNaN(sum)) return bucket.upper;
    notes.result = true;
    return Number.NaN;
  }
  rank = forward ? rank - (count - bucket.count) : count - rank;
  if (Number.isNaN(sum)) {
    for (; index < buckets.length; index++) {
      bucket = buckets[index]!;
      count += bucket.count;
    }
    if (count < total) notes.skew = true;
  }
  const fraction = rank / bucket.count;
  if (histogram.isCustom || (bucket.lower <= 0 && bucket.upper >= 0)) return bucket.lower + (bucket.upper - bucket.lower) * fraction;
  const [lower, upper] = [Math.log2(Math.abs(bucket.lower)), Math.log2(Math.abs(bucket.upper))];
  return bucket.lower > 0 ? 2 ** (lower + (upper - lower) * fraction) : -(2 ** (upper + (lower - upper) * (1 - fraction)));
}

/** Which part of a bucket lies below a value in it. */
export function fractionBelow({ lower, upper }: Bucket, value: number, linear: boolean): number {
  if (linear) return (value - lower) / (upper - lower);
  const [low, high, at] = [Math.log2(Math.abs(lower)), Math.log2(Math.abs(upper)), Math.log2(Math.abs(value))];
  return value > 0 ? (at - low) / (high - low) : 1 - (at - high) / (low - high);
}

/** `histogram_fraction` of a native histogram: which part of the observations lies between two bounds. */
export function nativeFraction(lower: number, upper: number, histogram: Histogram, notes: NanNotes): number {
  const { count: total, sum } = histogram.parts;
  if (total === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return Number.NaN;
  if (lower >= upper) return 0;
  const buckets = histogram.buckets();
  let [rank, count] = [0, 0];
  let [lowerRank, upperRank]: (number | undefined)[] = [undefined, undefined];
  for (const bucket of buckets) {
    count += bucket.count;
    const isZero = bucket.lower <= 0 && bucket.upper >= 0;
    if (isZero) fitZeroBucket(bucket, histogram);
    const linear = histogram.isCustom || isZero;
    const rankAt = (value: number): number | undefined => {
      if (bucket.lower >= value) return rank;
      if (bucket.upper <= value) return undefined;
      if (linear && bucket.lower === -Infinity) return bucket.count;
      return rank + bucket.count * fractionBelow(bucket, value, linear);
    };
    lowerRank ??= rankAt(lower);
    upperRank ??= rankAt(upper);
    rank += bucket.count;
  }
  if (!Number.isNaN(sum)) count = total;
  else if (count < total) notes.skew = true;
  return (Math.min(upperRank ?? count, count) - Math.min(lowerRank ?? count, count)) / total;
}

/** `histogram_stdvar`: the middle of each bucket stands for all that is in it. */
export function nativeVariance(histogram: Histogram): number {
  const { sum, count } = histogram.parts;
  const mean = sum / count;
  let squares = 0;
  for (const bucket of histogram.buckets()) {
    if (bucket.count === 0) continue;
    let middle = 0;
    if (histogram.isCustom) middle = (bucket.upper + bucket.lower) / 2;
    else if (bucket.lower > 0 || bucket.upper < 0) middle = Math.sign(bucket.upper) * Math.sqrt(bucket.upper * bucket.lower);
    squares += bucket.count * (middle - mean) ** 2;
  }
  return squares / count;
}
