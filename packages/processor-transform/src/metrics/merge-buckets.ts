import { editor, floatLike, OttlError, optional, stringLiteral } from '@millrace/ottl';
import type { FunctionDefinition } from '@millrace/ottl';
import type { DataPointView } from '@millrace/wire';

const removeBound = 'remove_explicit_bound';
const limitBuckets = 'limit_buckets';
const sameBound = 1e-12;

function mostBuckets(target: number): number {
  if (target >= 1 && Number.isInteger(target) && target < 2 ** 63) return target;
  throw new OttlError(`target_value must be a positive integer when method is "${limitBuckets}", got ${target}`);
}

/** `merge_histogram_buckets(target_value, [method])`: takes one bound out of histograms, or leaves them so many buckets at most. */
export const mergeHistogramBuckets: FunctionDefinition = editor(
  'merge_histogram_buckets',
  { target_value: floatLike, method: optional(stringLiteral) },
  ({ target_value: target, method = removeBound }) => {
    if (method !== removeBound && method !== limitBuckets) {
      throw new Error(`unsupported method "${method}", expected "${removeBound}" or "${limitBuckets}"`);
    }
    if (target.literal !== undefined) {
      if (target.literal.value === undefined) throw new Error('target_value must not be nil');
      if (method === limitBuckets) mostBuckets(target.literal.value);
    }
    return (shown) => {
      if (shown.metric.type !== 'histogram') return;
      const wanted = target(shown);
      if (wanted === undefined) throw new OttlError('target_value must not be nil');
      const { point } = shown;
      if (point.bounds + 1 !== point.bucketCounts || point.bounds === 0) return;
      if (method === removeBound) removeOne(point, wanted);
      else limit(point, mostBuckets(wanted));
    };
  },
  ['datapoint'],
);

function removeOne(point: DataPointView, bound: number): void {
  const { bounds, counts } = bucketsOf(point);
  const at = bounds.findIndex((known) => Math.abs(known - bound) < sameBound);
  if (at < 0) return;
  counts[at + 1]! += counts[at]!;
  write(point, bounds.toSpliced(at, 1), counts.toSpliced(at, 1));
}

function limit(point: DataPointView, most: number): void {
  const { bounds, counts } = bucketsOf(point);
  if (counts.length <= most || bounds.some((bound, i) => i > 0 && !(bound > bounds[i - 1]!))) return;
  const width = Math.ceil(counts.length / most);
  const merged: bigint[] = [];
  for (const [i, count] of counts.entries()) {
    if (i % width === 0) merged.push(count);
    else merged[merged.length - 1]! += count;
  }
  write(
    point,
    bounds.filter((_, i) => i % width === width - 1),
    merged,
  );
}

function bucketsOf(point: DataPointView): { readonly bounds: number[]; readonly counts: bigint[] } {
  return {
    bounds: Array.from({ length: point.bounds }, (_, i) => point.bound(i)),
    counts: Array.from({ length: point.bucketCounts }, (_, i) => point.bucketCount(i)),
  };
}

function write({ fields }: DataPointView, bounds: readonly number[], counts: readonly bigint[]): void {
  fields.setBytes(7, new Uint8Array(Float64Array.from(bounds).buffer));
  fields.setBytes(6, new Uint8Array(BigUint64Array.from(counts).buffer));
}
