import { OttlError } from '@millrace/ottl';
import type { PlainBuckets, PlainPoint } from '@millrace/timeseries';

/** A percentile of a histogram's point, interpolated inside its bucket; undefined when the point does not say. */
export function percentileOf(point: PlainPoint, type: 'histogram' | 'exponentialHistogram', percentile: number): number | undefined {
  const count = Number(point.count ?? 0n);
  if (count === 0) return undefined;
  const target = Math.ceil(count * (percentile / 100));
  return type === 'histogram' ? ofHistogram(point, target) : ofExponential(point, target);
}

function ofHistogram({ bucketCounts = [], explicitBounds: bounds = [], min, max }: PlainPoint, target: number): number | undefined {
  const counts = bucketCounts.map(Number);
  if (counts.length === 0) return undefined;
  if (counts.length !== bounds.length + 1) {
    throw new OttlError(
      `calculating histogram percentile: malformed data: bucketCounts length (${counts.length}) != explicitBounds length (${bounds.length}) + 1`,
    );
  }
  if (counts.length === 1) return min === undefined || max === undefined ? undefined : linear(min, max, target / counts[0]!);
  let before = 0;
  for (const [i, count] of counts.entries()) {
    if (before + count < target) {
      before += count;
      continue;
    }
    const ratio = (target - before) / count;
    if (i === 0) {
      const upper = bounds[0]!;
      if (min !== undefined && min < upper) return linear(min, upper, ratio);
      return upper < 0 ? upper : linear(0, upper, ratio);
    }
    const lower = bounds[i - 1]!;
    if (i < bounds.length) return linear(lower, bounds[i]!, ratio);
    return max === undefined || max <= lower ? lower : linear(lower, max, ratio);
  }
  throw malformed('histogram', target, before);
}

function ofExponential(point: PlainPoint, target: number): number | undefined {
  const { scale = 0, zeroThreshold = 0, negative, positive } = point;
  const zeroCount = Number(point.zeroCount ?? 0n);
  const below = (negative?.bucketCounts ?? []).map(Number);
  const above = (positive?.bucketCounts ?? []).map(Number);
  if (below.length === 0 && above.length === 0 && zeroCount === 0) return undefined;
  let before = 0;
  for (let i = below.length - 1; i >= 0; i--) {
    if (before + below[i]! >= target) return -inBucket(negative!, i, scale, 1 - (target - before) / below[i]!);
    before += below[i]!;
  }
  if (before + zeroCount >= target) {
    const lower = below.length === 0 && above.length > 0 ? 0 : -zeroThreshold;
    const upper = above.length === 0 && below.length > 0 ? 0 : zeroThreshold;
    return linear(lower, upper, (target - before) / zeroCount);
  }
  before += zeroCount;
  for (const [i, count] of above.entries()) {
    if (before + count >= target) return inBucket(positive!, i, scale, (target - before) / count);
    before += count;
  }
  throw malformed('exponential histogram', target, before);
}

function malformed(what: string, target: number, total: number): OttlError {
  return new OttlError(
    `calculating ${what} percentile: malformed data: cumulative count doesn't reach target count corresponding to percentile. targetCount=${target}, total count=${total}`,
  );
}

function inBucket({ offset = 0 }: PlainBuckets, i: number, scale: number, ratio: number): number {
  const lower = Math.log2(boundOf(offset + i, scale));
  const upper = Math.log2(boundOf(offset + i + 1, scale));
  return 2 ** (lower + (upper - lower) * ratio);
}

function boundOf(index: number, scale: number): number {
  return scale <= 0 ? 2 ** (index * 2 ** -scale) : Math.exp(index * Math.LN2 * 2 ** -scale);
}

function linear(lower: number, upper: number, ratio: number): number {
  if (ratio < 0 || ratio > 1) throw new OttlError(`linear interpolation: invalid ratio ${ratio.toFixed(6)}, must be between 0 and 1`);
  return lower + ratio * (upper - lower);
}
