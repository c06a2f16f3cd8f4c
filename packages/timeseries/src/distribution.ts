import type { DataPointView } from '@millrace/wire';
import { Sketch } from './sketch.ts';

const noNumbers = new Float64Array(0);

/**
 * The content of a histogram, exponential histogram or summary point, as numbers: what can be added up over points and series. Counts are exact
 * below 2^53. Quantiles of a summary are left out: they cannot be merged.
 */
export class Distribution {
  count = 0;
  /** Undefined when some point had none. */
  sum: number | undefined = 0;
  min: number | undefined = Infinity;
  max: number | undefined = -Infinity;
  /** Explicit bounds, and counts of the buckets between them: one more, or none at all. */
  bounds: Float64Array = noNumbers;
  counts: Float64Array = noNumbers;
  /** The buckets of an exponential histogram. */
  sketch: Sketch | undefined;
  /** Nothing was added yet. */
  isEmpty = true;

  /** About the bytes of memory. */
  get sizeBytes(): number {
    return 200 + this.bounds.byteLength + this.counts.byteLength + (this.sketch?.sizeBytes ?? 0);
  }

  clear(): void {
    this.count = 0;
    this.sum = 0;
    this.min = Infinity;
    this.max = -Infinity;
    this.counts.fill(0);
    this.sketch?.clear();
    this.isEmpty = true;
  }

  /** Becomes what a point says. */
  read(point: DataPointView): void {
    this.isEmpty = false;
    this.count = Number(point.count);
    this.sum = point.sum;
    this.min = point.min;
    this.max = point.max;
    if (point.metric.type === 'exponentialHistogram') this.#readBuckets(point);
    else this.#readBounds(point);
  }

  #readBounds(point: DataPointView): void {
    const { bounds, bucketCounts } = point;
    this.sketch = undefined;
    if (this.counts.length !== bucketCounts) this.counts = new Float64Array(bucketCounts);
    for (let i = 0; i < bucketCounts; i++) this.counts[i] = Number(point.bucketCount(i));
    if (this.bounds.length === bounds) {
      let i = 0;
      while (i < bounds && this.bounds[i] === point.bound(i)) i++;
      if (i === bounds) return;
    }
    // A new array, since the old one may be shared.
    this.bounds = new Float64Array(bounds);
    for (let i = 0; i < bounds; i++) this.bounds[i] = point.bound(i);
  }

  #readBuckets(point: DataPointView): void {
    const sketch = (this.sketch ??= new Sketch());
    const { scale } = point;
    this.bounds = this.counts = noNumbers;
    sketch.clear();
    if (scale < sketch.scale) sketch.coarsen(scale);
    for (const isNegative of [false, true]) {
      const buckets = isNegative ? point.negative : point.positive;
      const { offset, size } = buckets;
      for (let i = 0; i < size; i++) sketch.addBucket(offset + i, scale, Number(buckets.at(i)), isNegative);
    }
    sketch.addZeros(Number(point.zeroCount), point.zeroThreshold);
  }

  /**
   * Adds another one, or what it is more than `since`, an earlier state of the same cumulative series. Explicit bounds that differ become those that
   * both have, so that no count moves to where it does not belong.
   */
  add(other: Distribution, since?: Distribution): void {
    this.count += other.count - (since?.count ?? 0);
    // A point that counts nothing may leave these out.
    if (other.count > 0) {
      this.sum = this.sum === undefined || other.sum === undefined ? undefined : this.sum + other.sum - (since?.sum ?? 0);
      this.min = this.min === undefined || other.min === undefined ? undefined : Math.min(this.min, other.min);
      this.max = this.max === undefined || other.max === undefined ? undefined : Math.max(this.max, other.max);
    }
    if (other.sketch !== undefined) this.#addSketch(other.sketch, since?.sketch);
    else this.#addCounts(other, since);
    this.isEmpty = false;
  }

  #addCounts(other: Distribution, since: Distribution | undefined): void {
    if (this.isEmpty && (this.bounds !== other.bounds || this.counts.length !== other.counts.length)) {
      this.bounds = other.bounds;
      this.counts = new Float64Array(other.counts.length);
    }
    const common = commonBounds(this, commonBounds(other, since?.bounds ?? other.bounds));
    if (common.length < this.bounds.length || other.counts.length === 0) {
      this.counts = regroup(this, common);
      this.bounds = common;
      if (other.counts.length === 0) this.counts = noNumbers;
    }
    if (this.counts.length === 0) return;
    const more = regroup(other, common);
    for (let i = 0; i < more.length; i++) this.counts[i] += more[i];
    if (since === undefined) return;
    const less = regroup(since, common);
    for (let i = 0; i < less.length; i++) this.counts[i] -= less[i];
  }

  #addSketch(other: Sketch, since: Sketch | undefined): void {
    const sketch = (this.sketch ??= new Sketch(other.scale));
    if (since !== undefined) {
      if (since.zeroThreshold < other.zeroThreshold) since.addZeros(0, other.zeroThreshold);
      since.coarsen(other.scale);
    }
    for (const isNegative of [false, true]) {
      const from = isNegative ? other.negative : other.positive;
      const before = isNegative ? since?.negative : since?.positive;
      for (let i = 0; i < from.size; i++) {
        const more = from.at(i) - (before?.get(from.offset + i) ?? 0);
        if (more > 0) sketch.addBucket(from.offset + i, other.scale, more, isNegative);
      }
    }
    sketch.addZeros(Math.max(0, other.zeroCount - (since?.zeroCount ?? 0)), other.zeroThreshold);
  }

  /** Whether `later` can be a later state of the same cumulative series: nothing counts less than here. */
  isBefore(later: Distribution): boolean {
    if (later.count < this.count) return false;
    if (later.sketch !== undefined || this.bounds !== later.bounds) return true;
    for (let i = 0; i < this.counts.length; i++) if (later.counts[i] < this.counts[i]) return false;
    return true;
  }
}

interface Bounded {
  readonly bounds: Float64Array;
  readonly counts: Float64Array;
}

/** The bounds that both have; those of the first, the same array, when these are they. */
function commonBounds({ bounds }: Bounded, others: Float64Array): Float64Array {
  if (bounds === others) return bounds;
  const common = bounds.filter((bound) => others.includes(bound));
  return common.length === bounds.length ? bounds : common;
}

/** The counts between the bounds in `common`, which are some of the present ones. */
function regroup({ bounds, counts }: Bounded, common: Float64Array): Float64Array {
  if (common.length === bounds.length || counts.length === 0) return counts;
  const joined = new Float64Array(common.length + 1);
  let to = 0;
  for (let i = 0; i < counts.length; i++) {
    joined[to] += counts[i];
    if (i < bounds.length && bounds[i] === common[to]) to++;
  }
  return joined;
}
