import type { SampleBuckets } from '@millrace/api';
import { coarserIndex } from './bounds.ts';

/** The buckets of one sign: ascending indexes and the count of each. Never changed once made. */
export interface Buckets {
  readonly indexes: readonly number[];
  readonly counts: readonly number[];
}

export const noBuckets: Buckets = { indexes: [], counts: [] };

export function bucketsOf({ spans, counts }: SampleBuckets): Buckets {
  if (counts.length === 0) return noBuckets;
  const indexes: number[] = [];
  let index = 0;
  for (let span = 0; span < spans.length; span += 2) {
    index += spans[span]!;
    for (let i = 0; i < spans[span + 1]!; i++) indexes.push(index++);
  }
  return { indexes, counts: Array.from(counts) };
}

export function mapCounts({ indexes, counts }: Buckets, change: (count: number) => number): Buckets {
  return { indexes, counts: counts.map(change) };
}

/** Without those that are empty. */
export function compactBuckets(buckets: Buckets): Buckets {
  if (!buckets.counts.includes(0)) return buckets;
  return {
    indexes: buckets.indexes.filter((_, i) => buckets.counts[i] !== 0),
    counts: buckets.counts.filter((count) => count !== 0),
  };
}

/** Buckets under new indexes, which must not descend; those that fall together are summed. */
export function moveBuckets({ indexes, counts }: Buckets, to: (index: number) => number): Buckets {
  const moved: { indexes: number[]; counts: number[] } = { indexes: [], counts: [] };
  for (let i = 0; i < indexes.length; i++) {
    const index = to(indexes[i]!);
    if (moved.indexes.at(-1) === index) moved.counts[moved.counts.length - 1]! += counts[i]!;
    else {
      moved.indexes.push(index);
      moved.counts.push(counts[i]!);
    }
  }
  return moved;
}

export function coarsen(buckets: Buckets, from: number, to: number): Buckets {
  return from === to ? buckets : moveBuckets(buckets, (index) => coarserIndex(index, from, to));
}

/** `a` plus `factor` times `b`. */
export function addBuckets(a: Buckets, b: Buckets, factor: number): Buckets {
  if (b.indexes.length === 0) return a;
  const indexes: number[] = [];
  const counts: number[] = [];
  for (let i = 0, j = 0; i < a.indexes.length || j < b.indexes.length;) {
    const [x, y] = [a.indexes[i] ?? Infinity, b.indexes[j] ?? Infinity];
    indexes.push(Math.min(x, y));
    counts.push((x <= y ? a.counts[i++]! : 0) + (y <= x ? factor * b.counts[j++]! : 0));
  }
  return { indexes, counts };
}

export function equalBuckets(a: Buckets, b: Buckets): boolean {
  return (
    a.indexes.length === b.indexes.length && a.indexes.every((index, i) => index === b.indexes[i] && Object.is(a.counts[i], b.counts[i]))
  );
}
