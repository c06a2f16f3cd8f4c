import { boundOf } from './bounds.ts';
import type { Buckets } from './buckets.ts';
import { Histogram } from './histogram.ts';
import type { Bucket } from './histogram.ts';
import { fractionBelow } from './native-quantile.ts';

/** How many observations of a bucket are kept, and the value that stands for each of them in the new sum. */
type Kept = readonly [count: number, value: number];

const nothing: Kept = [0, 0];

/**
 * `</` and `>/`: a histogram without the observations above or below a value, by interpolation inside the bucket of the value. The sum is estimated
 * anew when anything goes.
 */
export function trim(histogram: Histogram, value: number, side: 'above' | 'below'): Histogram {
  const { schema, customBounds, zeroCount, zeroThreshold, positive, negative } = histogram.parts;
  let [count, sum, changed] = [0, 0, false];
  const add = (before: number, [kept, stands]: Kept): number => {
    count += kept;
    sum += stands * kept;
    changed ||= before !== kept;
    return kept;
  };
  const all = (buckets: Buckets, sign: 1 | -1): Buckets => ({
    indexes: buckets.indexes,
    counts: buckets.counts.map((bucketCount, i) => {
      if (bucketCount === 0) return 0;
      const bounds = [
        boundOf(buckets.indexes[i]! - 1, schema, customBounds) * sign,
        boundOf(buckets.indexes[i]!, schema, customBounds) * sign,
      ];
      const [lower, upper] = sign === 1 ? bounds : bounds.toReversed();
      return add(bucketCount, keptOf({ lower: lower!, upper: upper!, count: bucketCount }, value, side, sign, histogram.isCustom));
    }),
  });
  const [above, below] = [all(positive, 1), all(negative, -1)];
  let zeros = zeroCount;
  if (zeroCount > 0) {
    const has = ({ counts }: Buckets): boolean => counts.some((one) => one !== 0);
    const [hasPositive, hasNegative] = [has(positive), has(negative)];
    const bucket: Bucket = { lower: -zeroThreshold, upper: zeroThreshold, count: zeroCount };
    if (hasPositive && !hasNegative) bucket.lower = 0;
    if (hasNegative && !hasPositive) bucket.upper = 0;
    zeros = add(zeroCount, keptOfZero(bucket, value, side));
  }
  if (!changed) return histogram;
  return new Histogram({ ...histogram.parts, count, sum, zeroCount: zeros, positive: above, negative: below }).compact();
}

function keptOf(bucket: Bucket, value: number, side: 'above' | 'below', sign: 1 | -1, linear: boolean): Kept {
  const { lower, upper, count } = bucket;
  if (side === 'above' ? upper <= value : lower >= value) return [count, middle(lower, upper, sign, linear)];
  if (!(side === 'above' ? lower < value : upper > value)) return nothing;
  if (lower === -Infinity || upper === Infinity) return keptOfEndless(bucket, value, side);
  const under = count * fractionBelow(bucket, value, linear);
  return side === 'above' ? [under, middle(lower, value, sign, linear)] : [count - under, middle(value, upper, sign, linear)];
}

/** The outermost of the custom buckets: the first is taken to begin at zero when it ends above. */
function keptOfEndless({ lower, upper, count }: Bucket, value: number, side: 'above' | 'below'): Kept {
  if (lower !== -Infinity) return side === 'above' || value < lower ? nothing : [count, value];
  const isBounded = upper > 0 && upper !== Infinity;
  if (side === 'below') return value >= 0 && isBounded ? [count * (1 - value / upper), (value + upper) / 2] : nothing;
  if (value > 0 && isBounded) return [(count * value) / upper, value / 2];
  return upper <= 0 ? [count, value] : nothing;
}

function keptOfZero({ lower, upper, count }: Bucket, value: number, side: 'above' | 'below'): Kept {
  const whole: Kept = [count, (lower + upper) / 2];
  if (side === 'above') {
    if (value <= lower) return nothing;
    return value >= upper ? whole : [(count * (value - lower)) / (upper - lower), (lower + value) / 2];
  }
  if (value <= lower) return whole;
  return value >= upper ? nothing : [(count * (upper - value)) / (upper - lower), (value + upper) / 2];
}

function middle(lower: number, upper: number, sign: 1 | -1, linear: boolean): number {
  if (Math.abs(lower) === Infinity) {
    if (Math.abs(upper) === Infinity) return 0;
    return upper > 0 ? upper / 2 : upper;
  }
  if (Math.abs(upper) === Infinity) return lower;
  return linear ? (lower + upper) / 2 : sign * Math.sqrt(Math.abs(lower * upper));
}
