import { boundOf } from './bounds.ts';
import type { Buckets } from './buckets.ts';
import { Histogram } from './histogram.ts';

/**
 * A histogram whose zero bucket reaches at least to a threshold and contains whole buckets only; it is widened further where the threshold would
 * cut a bucket that has counts.
 */
export function zeroAtLeast(histogram: Histogram, wanted: number): Histogram {
  const { parts } = histogram;
  if (wanted <= parts.zeroThreshold) return histogram;
  let threshold = wanted;
  for (let before = -1; before !== threshold;) {
    before = threshold;
    for (const { indexes, counts } of [parts.positive, parts.negative]) {
      for (let i = 0; i < indexes.length; i++) {
        if (boundOf(indexes[i]! - 1, parts.schema, []) >= threshold) break;
        const upper = boundOf(indexes[i]!, parts.schema, []);
        if (upper > threshold && counts[i] !== 0) threshold = upper;
      }
    }
  }
  let zeroCount = parts.zeroCount;
  const outside = ({ indexes, counts }: Buckets): Buckets => {
    let first = 0;
    while (first < indexes.length && boundOf(indexes[first]! - 1, parts.schema, []) < threshold) zeroCount += counts[first++]!;
    return { indexes: indexes.slice(first), counts: counts.slice(first) };
  };
  const [positive, negative] = [outside(parts.positive), outside(parts.negative)];
  return new Histogram({ ...parts, zeroThreshold: threshold, zeroCount, positive, negative });
}

/** Without the buckets that the zero bucket covers, as if it had counted them too. */
export function outsideZero(buckets: Buckets, schema: number, threshold: number): Buckets {
  const { indexes, counts } = buckets;
  let first = 0;
  while (first < indexes.length && boundOf(indexes[first]!, schema, []) <= threshold) first++;
  return first === 0 ? buckets : { indexes: indexes.slice(first), counts: counts.slice(first) };
}
