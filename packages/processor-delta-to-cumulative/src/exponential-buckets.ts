/** The buckets of one sign, changed in place. */
export interface EditableBuckets {
  offset: number;
  counts: bigint[];
}

const upper = ({ offset, counts }: EditableBuckets): number => offset + counts.length;
const at = ({ offset, counts }: EditableBuckets, index: number): bigint => counts[index - offset] ?? 0n;

/** Joins each bucket of an even index with the one after it: one scale coarser. */
export function collapse(buckets: EditableBuckets): void {
  const { offset, counts } = buckets;
  const first = offset >> 1;
  const joined: bigint[] = [];
  for (let i = 0; i < counts.length; i++) {
    const index = ((offset + i) >> 1) - first;
    joined[index] = (joined[index] ?? 0n) + counts[i]!;
  }
  buckets.offset = first;
  // The length stays, as upstream leaves it, until something is merged.
  while (joined.length < counts.length) joined.push(0n);
  buckets.counts = joined;
}

/** The indexes from the first to behind the last that are not zero in both. */
function range(a: EditableBuckets, b: EditableBuckets): { low: number; high: number } {
  let low = Math.min(a.offset, b.offset);
  let high = Math.max(upper(a), upper(b));
  while (low < high && at(a, low) === 0n && at(b, low) === 0n) low++;
  while (low < high - 1 && at(a, high - 1) === 0n && at(b, high - 1) === 0n) high--;
  return { low, high };
}

/** The finest scale, not finer than `scale`, at which the sum of both has so many buckets at most. */
export function scaleWithin(maxBuckets: number, scale: number, a: EditableBuckets, b: EditableBuckets): number {
  let { low, high } = range(a, b);
  let result = scale;
  while (high - low > maxBuckets) {
    low = Math.trunc(low / 2);
    high = Math.trunc(high / 2);
    result--;
  }
  return result;
}

/** Adds the second to the first, without zeros at the ends. */
export function merge(a: EditableBuckets, b: EditableBuckets): void {
  if (b.counts.length === 0) return;
  if (a.counts.length === 0) {
    a.offset = b.offset;
    a.counts = [...b.counts];
    return;
  }
  const { low, high } = range(a, b);
  a.counts = Array.from({ length: high - low }, (_, i) => at(a, low + i) + at(b, low + i));
  a.offset = low;
}

/** Removes the buckets up to an index and returns what was in them. */
export function trimTo(buckets: EditableBuckets, last: number): bigint {
  let removed = 0n;
  for (let index = buckets.offset; index <= last; index++) removed += at(buckets, index);
  const from = Math.max(buckets.offset, Math.min(last + 1, upper(buckets)));
  buckets.counts = buckets.counts.slice(from - buckets.offset);
  buckets.offset = from;
  return removed;
}
