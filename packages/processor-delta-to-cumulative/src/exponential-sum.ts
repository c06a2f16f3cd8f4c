import { readExponential, writeExponential } from '@millrace/timeseries';
import type { ExponentialPoint } from '@millrace/timeseries';
import type { DataPointView } from '@millrace/wire';
import { collapse, merge, scaleWithin, trimTo } from './exponential-buckets.ts';
import type { EditableBuckets } from './exponential-buckets.ts';
import { addOptional, Extremes } from './extremes.ts';

/** About the bytes of the objects, besides their numbers. */
const objectBytes = 500;
const bytesOfBucket = 24;

/** More buckets of one sign make the histogram coarser. */
const maxBuckets = 160;

/** Fields of `ExponentialHistogramDataPoint` that `writeExponential` does not write. */
const scaleField = 6;
const minField = 12;
const maxField = 13;
const zeroThresholdField = 14;

interface Editable {
  scale: number;
  count: bigint;
  zeroCount: bigint;
  zeroThreshold: number;
  readonly positive: EditableBuckets;
  readonly negative: EditableBuckets;
}

/** The sum of the points of an exponential histogram's series, at the scale that both parts and the limit of buckets allow. */
export class ExponentialSum {
  readonly #sum: Editable;
  #total: number | undefined;
  readonly #extremes: Extremes;

  constructor(first: ExponentialPoint, point: DataPointView) {
    this.#sum = editable(first);
    this.#total = point.sum;
    this.#extremes = new Extremes(point);
  }

  get sizeBytes(): number {
    return objectBytes + bytesOfBucket * (this.#sum.positive.counts.length + this.#sum.negative.counts.length);
  }

  /** Adds a point and puts the sum in its place. */
  add(point: DataPointView): void {
    const sum = this.#sum;
    const { min, max } = point;
    const value = editable(readExponential(point));
    coarsenTo(sum, Math.min(sum.scale, value.scale));
    coarsenTo(value, sum.scale);
    const scale = Math.min(
      scaleWithin(maxBuckets, sum.scale, sum.positive, value.positive),
      scaleWithin(maxBuckets, sum.scale, sum.negative, value.negative),
    );
    coarsenTo(sum, scale);
    coarsenTo(value, scale);
    if (sum.zeroThreshold < value.zeroThreshold) widenZero(sum, value.zeroThreshold);
    else if (value.zeroThreshold < sum.zeroThreshold) widenZero(value, sum.zeroThreshold);
    merge(sum.positive, value.positive);
    merge(sum.negative, value.negative);
    sum.count += value.count;
    sum.zeroCount += value.zeroCount;
    this.#total = addOptional(this.#total, point.sum);
    writeExponential(point, { ...sum, sum: this.#total ?? 0 });
    const { fields } = point;
    if (this.#total === undefined) fields.remove(5, 1);
    // sint32: zigzag.
    fields.setVarint(scaleField, sum.scale < 0 ? -2 * sum.scale - 1 : 2 * sum.scale);
    fields.setDouble(zeroThresholdField, sum.zeroThreshold);
    this.#extremes.add({ min, max }, point, minField, maxField);
  }
}

function editable({ scale, count, zeroCount, zeroThreshold, positive, negative }: ExponentialPoint): Editable {
  const copy = ({ offset, counts }: ExponentialPoint['positive']): EditableBuckets => ({ offset, counts: [...counts] });
  return { scale, count, zeroCount, zeroThreshold, positive: copy(positive), negative: copy(negative) };
}

function coarsenTo(histogram: Editable, scale: number): void {
  for (; histogram.scale > scale; histogram.scale--) {
    collapse(histogram.positive);
    collapse(histogram.negative);
  }
}

/** Lets the zero bucket take the buckets that begin below a width; it is as wide as the last of them then. */
function widenZero(histogram: Editable, width: number): void {
  const last = indexOf(width, histogram.scale);
  histogram.zeroCount += trimTo(histogram.positive, last) + trimTo(histogram.negative, last);
  histogram.zeroThreshold = Math.exp((last + 1) * (Math.LN2 * 2 ** -histogram.scale));
}

/** The bucket that a value falls into (specification of exponential histograms: all scales use the logarithm function). */
function indexOf(value: number, scale: number): number {
  const exponent = Math.log2(value);
  if (Number.isInteger(exponent) && 2 ** exponent === value) return scale >= 0 ? exponent * 2 ** scale - 1 : (exponent >> -scale) - 1;
  return Math.floor(Math.log(value) * (Math.LOG2E * 2 ** scale));
}
