import type { Histogram } from '../histogram/histogram.ts';
import { labelOf, nameLabel } from '../labels.ts';
import { absent, float, histogram } from '../vector.ts';
import type { VectorSeries } from '../vector.ts';
import type { Folding, Group } from './aggregate.ts';

/** `sum` and `avg`, of numbers with the rounding errors carried along. */
export function addAverages(folding: Folding, group: Group, out: VectorSeries): void {
  const { count, expr, evaluator } = folding;
  const isMean = expr.operator === 'avg';
  const { values: sums, kinds: mode } = out;
  const [errors, counts] = [new Float64Array(count), new Uint32Array(count)];
  let withHistograms = false;
  for (const { kinds, values, histograms } of group.series) {
    if (histograms !== undefined) withHistograms = true;
    for (let step = 0; step < count; step++) {
      if (kinds[step] !== float) continue;
      const value = values[step]!;
      if (counts[step]!++ === 0) {
        sums[step] = value;
        mode[step] = float;
        continue;
      }
      const before = sums[step]!;
      const sum = before + value;
      if (!Number.isFinite(sum)) errors[step] = 0;
      else errors[step]! += Math.abs(before) >= Math.abs(value) ? before - sum + value : value - sum + before;
      sums[step] = sum;
    }
  }
  for (let step = 0; step < count; step++) {
    if (mode[step] === absent) continue;
    const sum = sums[step]! + errors[step]!;
    if (!isMean) sums[step] = sum;
    else sums[step] = Number.isFinite(sum) ? sums[step]! / counts[step]! + errors[step]! / counts[step]! : stepMean(group, step);
  }
  if (!withHistograms) return;
  const mixed = 'encountered a mix of histograms and floats for aggregation';
  for (let step = 0; step < count; step++) {
    if (!group.series.some(({ kinds }) => kinds[step] === histogram)) continue;
    if (mode[step] === float) {
      mode[step] = absent;
      evaluator.run.annotations.warn(mixed, expr.expr.start);
    } else sumHistograms(folding, group, step, out);
  }
}

/** The mean where the sum is too large for a number. */
function stepMean({ series }: Group, step: number): number {
  let [mean, count] = [0, 0];
  for (const { kinds, values } of series) {
    if (kinds[step] !== float) continue;
    count++;
    mean = ((count - 1) / count) * mean + values[step]! / count;
  }
  return mean;
}

function sumHistograms({ expr, evaluator }: Folding, { series }: Group, step: number, out: VectorSeries): void {
  const { annotations } = evaluator.run;
  let sum: Histogram | undefined;
  let count = 0;
  for (const { labels, kinds, histograms } of series) {
    if (kinds[step] !== histogram) continue;
    const next = histograms![step]!;
    count++;
    const added: Histogram | undefined = sum === undefined ? next : sum.plus(next);
    if (added === undefined) {
      const message = 'vector contains a mix of histograms with exponential and custom buckets schemas for metric name';
      annotations.warn(`${message} ${JSON.stringify(labelOf(labels, nameLabel))}`, expr.expr.start);
      return;
    }
    if (sum?.isCustom === true && !sum.sameBounds(next))
      annotations.info('mismatched custom buckets were reconciled during aggregation', expr.expr.start);
    sum = added;
  }
  if (sum !== undefined) out.setHistogram(step, (expr.operator === 'avg' ? sum.divide(count) : sum).compact());
}
