import type { PlainPoint } from '@millrace/timeseries';

/** Spreads the count of a bucket over explicit buckets. */
export type Distribution = (count: bigint, upper: number, lower: number, bounds: readonly number[], into: bigint[]) => void;

/** The bucket counts of an exponential histogram's point in explicit buckets; negative buckets do not count. */
export function bucketCountsOf(point: PlainPoint, bounds: readonly number[], distribute: Distribution): bigint[] {
  const into = bounds.map(() => 0n);
  const last = bounds.length - 1;
  const factor = Math.LN2 * 2 ** -(point.scale ?? 0);
  const { offset = 0, bucketCounts = [] } = point.positive ?? {};
  if (bounds[0] === 0) into[0]! += point.zeroCount ?? 0n;
  for (const [i, count] of bucketCounts.entries()) {
    const upper = Math.exp((offset + i + 1) * factor);
    const lower = Math.exp((offset + i) * factor);
    if (lower > bounds[last]!) {
      into[last]! += count;
      continue;
    }
    const inside = bounds.findIndex((bound, at) => at > 0 && lower > bounds[at - 1]! && upper <= bound);
    if (inside > 0) into[inside - 1]! += count;
    else distribute(count, upper, lower, bounds, into);
  }
  return into;
}

function range(upper: number, lower: number, bounds: readonly number[]): { readonly start: number; readonly end: number } {
  const last = bounds.length - 1;
  let start = bounds.findIndex((bound) => lower <= bound);
  if (start < 0) start = last;
  const end = bounds.findIndex((bound, at) => at >= start && upper <= bound);
  return { start, end: end < 0 ? last : end };
}

/** The ways by their names. */
export const distributions: Readonly<Partial<Record<string, Distribution>>> = {
  upper(count, upper, _, bounds, into) {
    const at = bounds.findIndex((bound) => upper <= bound);
    into[at < 0 ? bounds.length - 1 : at]! += count;
  },
  midpoint(count, upper, lower, bounds, into) {
    const at = bounds.findIndex((bound) => (upper + lower) / 2 <= bound);
    into[at < 0 ? bounds.length - 1 : Math.max(0, at - 1)]! += count;
  },
  uniform(count, upper, lower, bounds, into) {
    const { start, end } = range(upper, lower, bounds);
    const parts = BigInt(end - start + 1);
    for (let at = start; at <= end; at++) into[at]! += count / parts + (BigInt(at - start) < count % parts ? 1n : 0n);
  },
  random(count, upper, lower, bounds, into) {
    const { start, end } = range(upper, lower, bounds);
    if (end === start) {
      into[start]! += count;
      return;
    }
    let left = count;
    for (let at = start; at <= end; at++) {
      const overlap = Math.min(bounds[at]!, upper) - Math.max(at === 0 ? lower : bounds[at - 1]!, lower);
      const share = Math.max(0, Math.floor(Number(count) * (overlap / (upper - lower))));
      const given = BigInt(Math.floor(Math.random() * share));
      into[at]! += given;
      left -= given;
    }
    for (; left > 0n; left--) into[start + Math.floor(Math.random() * (end - start + 1))]! += 1n;
  },
};
