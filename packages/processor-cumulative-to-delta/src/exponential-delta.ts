import type { Buckets, ExponentialPoint } from '@millrace/timeseries';

/** What was added between two points; undefined when the later one is not a continuation. Buckets of the earlier one are made as coarse as the later one's. */
export function exponentialDelta(value: ExponentialPoint, before: ExponentialPoint): ExponentialPoint | undefined {
  if (value.count < before.count || value.zeroThreshold < before.zeroThreshold || value.scale > before.scale) return undefined;
  let { zeroCount, positive, negative } = before;
  if (value.zeroThreshold > before.zeroThreshold) {
    // The bucket that the wider zero bucket ends in: the largest i with 2^(2^-scale * i) < threshold.
    const last = Math.ceil(Math.log(value.zeroThreshold) * Math.LOG2E * 2 ** before.scale) - 1;
    for (const buckets of [positive, negative]) zeroCount += countUpTo(buckets, last);
    positive = without(positive, last);
    negative = without(negative, last);
  }
  const lost = before.scale - value.scale;
  return {
    ...value,
    count: value.count - before.count,
    sum: value.sum - before.sum,
    zeroCount: BigInt.asUintN(64, value.zeroCount - zeroCount),
    positive: difference(value.positive, coarsen(positive, lost)),
    negative: difference(value.negative, coarsen(negative, lost)),
  };
}

function countUpTo({ offset, counts }: Buckets, last: number): bigint {
  return counts.slice(0, Math.max(0, last - offset + 1)).reduce((sum, count) => sum + count, 0n);
}

function without({ offset, counts }: Buckets, last: number): Buckets {
  const removed = Math.min(Math.max(0, last - offset + 1), counts.length);
  return { offset: offset + removed, counts: counts.slice(removed) };
}

function coarsen({ offset, counts }: Buckets, bits: number): Buckets {
  if (bits === 0) return { offset, counts };
  const first = offset >> bits;
  const coarse: bigint[] = [];
  for (const [i, count] of counts.entries()) {
    const at = ((offset + i) >> bits) - first;
    coarse[at] = (coarse[at] ?? 0n) + count;
  }
  return { offset: first, counts: coarse };
}

/** Bucket by bucket, from the first to the last one that grew. A bucket that shrank counts nothing. */
function difference(value: Buckets, before: Buckets): Buckets {
  const grown = value.counts.map((count, i) => {
    const old = before.counts[value.offset + i - before.offset] ?? 0n;
    return count > old ? count - old : 0n;
  });
  const first = grown.findIndex((count) => count > 0n);
  if (first < 0) return { offset: 0, counts: [] };
  return { offset: value.offset + first, counts: grown.slice(first, grown.findLastIndex((count) => count > 0n) + 1) };
}
