import type { Buckets } from './buckets.ts';
import { boundOf, customSchema } from './bounds.ts';
import type { Histogram } from './histogram.ts';
import { outsideZero, zeroAtLeast } from './zero-bucket.ts';

/** Whether a cumulative histogram began anew between two samples: something in it became less, or it became finer. */
export function isReset(current: Histogram, previous: Histogram): boolean {
  const [now, before] = [current.parts, previous.parts];
  if (now.count < before.count) return true;
  if (current.isCustom) {
    if (!previous.isCustom) return true;
    if (!current.sameBounds(previous)) return fellAtCommonBounds(current, previous);
  } else if (previous.isCustom) return true;
  if (now.schema > before.schema || now.zeroThreshold < before.zeroThreshold) return true;
  const widened = zeroAtLeast(previous, now.zeroThreshold);
  if (widened.parts.zeroThreshold !== now.zeroThreshold || now.zeroCount < widened.parts.zeroCount) return true;
  const coarse = widened.toSchema(now.schema).parts;
  if (current.isCustom) return fell(now.positive, coarse.positive);
  const outside = (buckets: Buckets): Buckets => outsideZero(buckets, now.schema, now.zeroThreshold);
  return fell(outside(now.positive), outside(coarse.positive)) || fell(outside(now.negative), outside(coarse.negative));
}

function fell(now: Buckets, before: Buckets): boolean {
  for (let i = 0, j = 0; i < before.indexes.length; i++) {
    while (j < now.indexes.length && now.indexes[j]! < before.indexes[i]!) j++;
    const isThere = now.indexes[j] === before.indexes[i];
    if (isThere ? now.counts[j]! < before.counts[i]! : before.counts[i] !== 0) return true;
  }
  return false;
}

function fellAtCommonBounds(current: Histogram, previous: Histogram): boolean {
  const known = new Set(previous.parts.customBounds);
  const common = [...current.parts.customBounds.filter((bound) => known.has(bound)), Infinity];
  const sums = ({ parts }: Histogram): number[] => {
    const result = common.map(() => 0);
    parts.positive.indexes.forEach((index, i) => {
      const bound = boundOf(index, customSchema, parts.customBounds);
      result[common.findIndex((candidate) => candidate >= bound)]! += parts.positive.counts[i]!;
    });
    return result;
  };
  const before = sums(previous);
  return sums(current).some((sum, i) => sum < before[i]!);
}
