import { goNumber } from '@millrace/prometheus-format';
import { formatDefault, formatValue } from '../format-number.ts';
import type { Histogram } from './histogram.ts';

/** A histogram as Prometheus prints it: `{count:12, sum:18.4, [-0.001,0.001]:2, (0.5,1]:10}`. */
export function histogramText(histogram: Histogram): string {
  const { count, sum } = histogram.parts;
  const buckets = histogram.buckets().filter((bucket) => bucket.count !== 0);
  const texts = buckets.map((bucket) => {
    const [open, close] = [includesLower(bucket, histogram) ? '[' : '(', includesUpper(bucket, histogram) ? ']' : ')'];
    return `, ${open}${goNumber(bucket.lower)},${goNumber(bucket.upper)}${close}:${formatDefault(bucket.count)}`;
  });
  return `{count:${goNumber(count)}, sum:${goNumber(sum)}${texts.join('')}}`;
}

interface Bounds {
  readonly lower: number;
  readonly upper: number;
}

/** A bucket includes the bound that is farther from zero; one around zero includes both. */
function includesLower({ lower }: Bounds, histogram: Histogram): boolean {
  return histogram.isCustom ? lower === -Infinity : lower < 0;
}

function includesUpper({ upper }: Bounds, histogram: Histogram): boolean {
  return histogram.isCustom || upper > 0;
}

/** A histogram as the query API has it. The first of a bucket says which bounds it includes: 0 the upper, 1 the lower, 2 none, 3 both. */
export function histogramJson(histogram: Histogram): object {
  const { count, sum } = histogram.parts;
  const buckets = histogram
    .buckets()
    .filter((bucket) => bucket.count !== 0)
    .map((bucket) => {
      const kind = includesLower(bucket, histogram) ? (includesUpper(bucket, histogram) ? 3 : 1) : includesUpper(bucket, histogram) ? 0 : 2;
      return [kind, formatValue(bucket.lower), formatValue(bucket.upper), formatValue(bucket.count)];
    });
  return { count: formatValue(count), sum: formatValue(sum), ...(buckets.length > 0 ? { buckets } : {}) };
}
