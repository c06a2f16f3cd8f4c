import { absent, float } from '../vector.ts';
import type { VectorSeries } from '../vector.ts';
import type { Folding, Group } from './aggregate.ts';

/** Says that histograms were left out of an aggregation. */
export function infoIgnored({ expr, evaluator }: Folding, index: number): void {
  evaluator.run.annotations.info(`ignored histogram in ${expr.operator} aggregation`, index);
}

/** `count` and `group`. */
export function addCounts({ expr, count }: Folding, { series }: Group, out: VectorSeries): void {
  const isGroup = expr.operator === 'group';
  for (const { kinds } of series) {
    for (let step = 0; step < count; step++) {
      if (kinds[step] !== absent) out.setFloat(step, isGroup ? 1 : out.values[step]! + 1);
    }
  }
}

/** `min` and `max`. NaN counts only when there is nothing else. */
export function addExtremes(folding: Folding, { series }: Group, out: VectorSeries): void {
  const isMax = folding.expr.operator === 'max';
  const { values: found, kinds: foundKinds } = out;
  for (const { kinds, values } of series) {
    for (let step = 0; step < folding.count; step++) {
      if (kinds[step] === float) {
        const value = values[step]!;
        const best = found[step]!;
        if (foundKinds[step] === absent || (isMax ? best < value : best > value) || Number.isNaN(best)) out.setFloat(step, value);
      } else if (kinds[step] !== absent) infoIgnored(folding, folding.expr.expr.start);
    }
  }
}

/** `stddev` and `stdvar`, of the whole population. */
export function addVariances(folding: Folding, { series }: Group, out: VectorSeries): void {
  const { count } = folding;
  const [means, counts] = [new Float64Array(count), new Uint32Array(count)];
  for (const { kinds, values } of series) {
    for (let step = 0; step < count; step++) {
      if (kinds[step] === float) {
        const value = values[step]!;
        if (counts[step]!++ === 0) {
          means[step] = value;
          out.setFloat(step, Number.isFinite(value) ? 0 : Number.NaN);
        } else {
          const distance = value - means[step]!;
          means[step]! += distance / counts[step]!;
          out.values[step]! += distance * (value - means[step]!);
        }
      } else if (kinds[step] !== absent) infoIgnored(folding, folding.expr.expr.start);
    }
  }
  const isDeviation = folding.expr.operator === 'stddev';
  for (let step = 0; step < count; step++) {
    const variance = out.values[step]! / counts[step]!;
    if (out.kinds[step] !== absent) out.values[step] = isDeviation ? Math.sqrt(variance) : variance;
  }
}
