import type { NativeBuckets, ParsedHistogram } from '@millrace/prometheus-format';
import type { BucketsInput, ExponentialHistogramPointInput, HistogramPointInput, SummaryPointInput } from '@millrace/wire';
import type { Group } from './metrics-builder.ts';

/** A whole number as 64 bits unsigned; what is none counts as 0. */
function count(value: number): bigint {
  return Number.isFinite(value) && value > 0 ? BigInt(Math.round(value)) : 0n;
}

/** The values of a classic histogram; undefined when neither a count nor buckets were scraped. */
export function histogramPoint({ buckets, count: total, sum, isStale }: Group): HistogramPointInput | undefined {
  if (isStale)
    return {
      count: 0n,
      explicitBounds: buckets
        .map(({ bound }) => bound)
        .filter(Number.isFinite)
        .toSorted((a, b) => a - b),
      bucketCounts: [],
    };
  if (total === undefined && buckets.length === 0) return undefined;
  const sorted = buckets.toSorted((a, b) => a.bound - b.bound);
  const bounds = sorted.map(({ bound }) => bound).filter((bound) => bound !== Infinity);
  const all = total ?? sorted.at(-1)!.count;
  const bucketCounts: bigint[] = [];
  let below = 0;
  for (const { bound, count: upTo } of sorted) {
    if (bound === Infinity) continue;
    bucketCounts.push(count(upTo - below));
    below = upTo;
  }
  if (sorted.length > 0) bucketCounts.push(count(all - below));
  return { count: count(all), ...(sum !== undefined && { sum }), explicitBounds: bounds, bucketCounts };
}

/** The values of a summary; undefined when no count was scraped, as the Collector has it. */
export function summaryPoint({ quantiles, count: total, sum, isStale }: Group): SummaryPointInput | undefined {
  const quantileValues = quantiles.toSorted((a, b) => a.quantile - b.quantile);
  if (isStale) return { count: 0n, sum: 0, quantileValues: quantileValues.map(({ quantile }) => ({ quantile, value: 0 })) };
  if (total === undefined) return undefined;
  return { count: count(total), sum: sum ?? 0, quantileValues };
}

/** The values of a native histogram. */
export function nativePoint(histogram: ParsedHistogram): ExponentialHistogramPointInput {
  const { count: total, sum, schema, zeroCount, zeroThreshold, positive, negative } = histogram;
  return {
    count: count(total),
    ...(!Number.isNaN(sum) && { sum }),
    scale: schema,
    zeroCount: count(zeroCount),
    zeroThreshold,
    positive: buckets(positive),
    negative: buckets(negative),
  };
}

/** Native histograms count from the bucket that ends at 1; OpenTelemetry from the one that begins there. */
function buckets({ spans, counts }: NativeBuckets): BucketsInput {
  if (spans.length === 0) return {};
  const bucketCounts: bigint[] = [];
  let at = 0;
  for (let run = 0; run < spans.length; run += 2) {
    if (run > 0) for (let gap = 0; gap < spans[run]!; gap++) bucketCounts.push(0n);
    for (let i = 0; i < spans[run + 1]!; i++) bucketCounts.push(count(counts[at++]!));
  }
  return { offset: spans[0]! - 1, bucketCounts };
}
