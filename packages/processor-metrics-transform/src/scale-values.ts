import { truncatedProduct } from '@millrace/timeseries';
import type { PlainPoint } from '@millrace/timeseries';

const leastInt32 = -(2 ** 31);

/** Makes an int of a number point's float, truncated, and a float of an int. */
export function toggleType(point: PlainPoint): void {
  const { asInt, asDouble } = point;
  if (asInt !== undefined) {
    delete point.asInt;
    point.asDouble = Number(asInt);
  } else if (asDouble !== undefined) {
    delete point.asDouble;
    point.asInt = truncatedDouble(asDouble);
  }
}

/** As amd64 makes an int of a float: the smallest one when it does not fit. */
const truncatedDouble = (value: number): bigint => truncatedProduct(1n, value);

function scaleNumber(number: { asInt?: bigint; asDouble?: number }, factor: number): void {
  if (number.asInt !== undefined) number.asInt = truncatedProduct(number.asInt, factor);
  if (number.asDouble !== undefined) number.asDouble *= factor;
}

/**
 * Multiplies the value of a number; the sum, extremes, bounds and exemplars of a histogram; of an exponential one, the buckets move. Summaries
 * stay as they are.
 */
export function scaleValues(point: PlainPoint, factor: number): void {
  if (point.quantileValues !== undefined) return;
  scaleNumber(point, factor);
  const isHistogram = point.asInt === undefined && point.asDouble === undefined;
  if (!isHistogram) return;
  for (const name of ['sum', 'min', 'max', 'zeroThreshold'] as const) {
    const value = point[name];
    if (value !== undefined) point[name] = value * factor;
  }
  if (point.explicitBounds !== undefined) point.explicitBounds = point.explicitBounds.map((bound) => bound * factor);
  for (const buckets of [point.positive, point.negative])
    if (buckets !== undefined && buckets.bucketCounts.length > 0)
      buckets.offset = scaledOffset(point.scale ?? 0, buckets.offset ?? 0, factor);
  for (const exemplar of point.exemplars ?? []) scaleNumber(exemplar, factor);
}

/** Where the middle of a bucket goes (specification of exponential histograms: all scales use the logarithm function). */
function scaledOffset(scale: number, offset: number, factor: number): number {
  const base = 2 ** (2 ** -scale);
  const middle = (base ** offset + base ** (offset + 1)) / 2;
  const index = Math.ceil(Math.log(middle * factor) * (Math.LOG2E * 2 ** scale)) - 1;
  return Math.abs(index) < 2 ** 31 ? index : leastInt32;
}
