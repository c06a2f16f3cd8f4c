/** One `_bucket` series at one step: how many observations were at most `bound`. */
export interface ClassicBucket {
  readonly bound: number;
  count: number;
}

/** Where counts had to be raised so that they do not fall. */
export interface Raised {
  minBound: number;
  maxBound: number;
  maxDifference: number;
}

const smallDifference = 1e-12;

/** Sorted by their bounds, those of equal bounds summed; undefined when the last is not infinite. */
function arrange(buckets: readonly ClassicBucket[]): ClassicBucket[] | undefined {
  const arranged: ClassicBucket[] = [];
  for (const bucket of [...buckets].sort((a, b) => a.bound - b.bound || 0)) {
    const last = arranged.at(-1);
    if (last?.bound === bucket.bound) last.count += bucket.count;
    else arranged.push({ ...bucket });
  }
  return arranged.at(-1)?.bound === Infinity ? arranged : undefined;
}

function nearlyEqual(a: number, b: number): boolean {
  const smallestNormal = 2 ** -1022;
  const sum = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  if (a === 0 || b === 0 || sum < smallestNormal) return difference < smallDifference * smallestNormal;
  return difference / Math.min(sum, Number.MAX_VALUE) < smallDifference;
}

/** Makes counts never fall; what rounding may have caused is not worth a word. */
function ascend(buckets: readonly ClassicBucket[]): Raised | undefined {
  let raised: Raised | undefined;
  let before = buckets[0]!.count;
  for (const bucket of buckets.slice(1)) {
    const { bound, count } = bucket;
    if (count === before) continue;
    const rounding = nearlyEqual(before, count) || (Number.isNaN(before) && Number.isNaN(count));
    if (!rounding && !(count < before)) {
      before = count;
      continue;
    }
    bucket.count = before;
    if (rounding) continue;
    raised ??= { minBound: bound, maxBound: bound, maxDifference: 0 };
    raised.minBound = Math.min(raised.minBound, bound);
    raised.maxBound = Math.max(raised.maxBound, bound);
    raised.maxDifference = Math.max(raised.maxDifference, before - count);
  }
  return raised;
}

/** `histogram_quantile` of a classic histogram: linear inside a bucket. */
export function classicQuantile(
  q: number,
  input: readonly ClassicBucket[],
): { readonly value: number; readonly raised?: Raised | undefined } {
  if (Number.isNaN(q)) return { value: Number.NaN };
  if (q < 0 || q > 1) return { value: q < 0 ? -Infinity : Infinity };
  const buckets = arrange(input);
  if (buckets === undefined) return { value: Number.NaN };
  const raised = ascend(buckets);
  const observations = buckets.at(-1)!.count;
  if (buckets.length < 2 || observations === 0) return { value: Number.NaN, raised };
  let rank = q * observations;
  // By halves, as a rank that is NaN has no first bucket that reaches it.
  let [index, end] = [0, buckets.length - 1];
  while (index < end) {
    const middle = (index + end) >> 1;
    if (buckets[middle]!.count >= rank) end = middle;
    else index = middle + 1;
  }
  if (index === buckets.length - 1) return { value: buckets.at(-2)!.bound, raised };
  const bound = buckets[index]!.bound;
  if (index === 0 && bound <= 0) return { value: bound, raised };
  const below = buckets[index - 1];
  const start = below?.bound ?? 0;
  rank -= below?.count ?? 0;
  return { value: start + (bound - start) * (rank / (buckets[index]!.count - (below?.count ?? 0))), raised };
}

/** `histogram_fraction` of a classic histogram. */
export function classicFraction(lower: number, upper: number, input: readonly ClassicBucket[]): number {
  const buckets = arrange(input);
  const count = buckets?.at(-1)!.count ?? 0;
  if (buckets === undefined || count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return Number.NaN;
  if (lower >= upper) return 0;
  let rank = 0;
  let start = buckets[0]!.bound <= 0 ? -Infinity : 0;
  let [lowerRank, upperRank]: (number | undefined)[] = [undefined, undefined];
  for (const bucket of buckets) {
    const rankAt = (value: number): number | undefined => {
      if (start >= value) return rank;
      if (bucket.bound <= value) return undefined;
      return start === -Infinity ? bucket.count : rank + ((bucket.count - rank) * (value - start)) / (bucket.bound - start);
    };
    lowerRank ??= rankAt(lower);
    upperRank ??= rankAt(upper);
    rank = bucket.count;
    start = bucket.bound;
  }
  return (Math.min(upperRank ?? count, count) - Math.min(lowerRank ?? count, count)) / count;
}
